"""Are two constructs two? Shared variance, and the correlation of the constructs.

References
----------
Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with
unobservable variables and measurement error. Journal of Marketing Research, 18(1), 39-50.
Rönkkö, M., & Cho, E. (2022). An updated guideline for assessing discriminant validity.
Organizational Research Methods, 25(1), 6-14.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.coefficients import average_variance_extracted
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, delta_errors

#: Upper end of the interval of a correlation from which each word of Rönkkö & Cho (2022)
#: for a problem of discriminant validity applies.
PROBLEMS = ((1.0, "severe"), (0.9, "moderate"), (0.8, "marginal"))


@dataclass(frozen=True)
class Discrimination:
    """Constructs of one admissible model, told apart or not.

    Attributes
    ----------
    pairs : DataFrame
        One row a pair: ``first``, ``second`` (names), ``correlation`` of the constructs,
        ``se``, ``lower``, ``upper``, ``problem`` (none, marginal, moderate, severe).
    extracted : dict
        Average variance extracted of each construct with several items.
    correlations : DataFrame
        Of all constructs, by name.
    n_used : int
    level : float
        Confidence of the intervals.
    model : str
        Which model the correlations are of.
    labels : dict
        Name of each construct to what it is called in print.
    """

    pairs: pd.DataFrame
    extracted: dict[str, float]
    correlations: pd.DataFrame
    n_used: int
    level: float
    model: str
    labels: dict[str, str]

    def table(self) -> pd.DataFrame:
        """One row a pair of constructs, by their labels, the most alike first."""
        order = self.pairs["correlation"].abs().sort_values(ascending=False, kind="stable").index
        named = self.pairs.loc[order].reset_index(drop=True)
        ends = {end: named[end].map(self.labels) for end in ("first", "second")}
        return named.assign(**ends)

    def fornell_larcker(self) -> pd.DataFrame:
        """Roots of average variances extracted on the diagonal, correlations below it.

        ``met``: whether the root exceeds every correlation of the construct; not judged
        of a construct with one item, whose variance counts as extracted whole.
        """
        names = [str(name) for name in self.correlations]
        below = np.tril(np.ones((len(names),) * 2, dtype=bool), k=-1)
        shown = self.correlations.where(below)
        for name in names:
            shown.loc[name, name] = np.sqrt(self.extracted.get(name, np.nan))
        verdicts = {True: "yes", False: "no", None: "one item"}
        met = [verdicts[self.is_distinct(name)] for name in names]
        printed = [self.labels[name] for name in names]
        table = pd.DataFrame(shown.to_numpy(), columns=printed)
        table.insert(0, "construct", printed)
        return table.assign(met=met)

    def is_distinct(self, name: str) -> bool | None:
        """Whether the construct meets Fornell and Larcker's criterion; None of one item."""
        if name not in self.extracted:
            return None
        others = self.correlations[name].drop(name).abs()
        return bool(np.sqrt(self.extracted[name]) > others.max())

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``r_quality_value`` and ``root_ave_quality``."""
        judged = [self.is_distinct(name) for name in self.extracted]
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "n_pairs": len(self.pairs),
            "n_severe": int((self.pairs["problem"] == "severe").sum()),
            "n_fornell_larcker_missed": judged.count(False),
        }
        for row in self.pairs.to_dict("records"):
            ends = f"{row['first']}_{row['second']}".lower()
            metrics |= {
                f"r_{ends}": row["correlation"],
                f"r_{ends}_lower": row["lower"],
                f"r_{ends}_upper": row["upper"],
            }
        return metrics | {f"root_ave_{k.lower()}": v**0.5 for k, v in self.extracted.items()}


@passes_absence
def tell_apart(result: SemResult, *, level: float = 0.95) -> Discrimination | NotAvailable:
    """Judge whether the constructs of a model are told apart.

    Parameters
    ----------
    result : SemResult
        A confirmatory factor analysis, or a structural model: then the correlations are
        those its paths imply.
    level : float
        Confidence of the intervals of correlations, by the delta method.

    Raises
    ------
    ModelError
        If there are not two constructs.
    """
    if len(result.model.constructs) < 2:
        raise ModelError("discriminant validity needs two constructs or more")
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    names = result.model.construct_names
    correlate = _correlate_constructs(result.structure)
    values = correlate(found.theta)
    se = delta_errors(correlate, found.theta, found.covariance)
    reach = ndtri(0.5 + level / 2.0) * se
    pairs = pd.DataFrame(list(combinations(names, 2)), columns=["first", "second"]).assign(
        correlation=values, se=se, lower=values - reach, upper=values + reach
    )
    furthest = np.maximum(pairs["upper"], -pairs["lower"])
    return Discrimination(
        pairs=pairs.assign(problem=[name_problem(float(end)) for end in furthest]),
        extracted=_extract_variances(result),
        correlations=_fill(names, values),
        n_used=result.n_used,
        level=level,
        model=result.model.name,
        labels=name_in_print(result.model.constructs),
    )


def name_problem(upper: float) -> str:
    """Name the problem of discriminant validity by the interval's end that is furthest from 0.

    Rönkkö and Cho's (2022) CICFA(sys), on which 1, .9 and .8 part the classes.
    """
    return next((word for bound, word in PROBLEMS if upper >= bound), "none")


def _correlate_constructs(structure: CovarianceStructure) -> Callable[[Array], Array]:
    rows, columns = np.triu_indices(len(structure.model.constructs), k=1)

    def correlations(theta: Array) -> Array:
        latent = structure.latent_covariance(theta)
        variances = np.diag(latent)
        return np.asarray(latent[rows, columns] / np.sqrt(variances[rows] * variances[columns]))

    return correlations


def _extract_variances(result: SemResult) -> dict[str, float]:
    loadings = result.loadings()
    if isinstance(loadings, NotAvailable):
        return {}
    groups = loadings.groupby("construct")["standardised"]
    return {
        each.name: average_variance_extracted(groups.get_group(each.name))
        for each in result.model.constructs
        if len(each.items) > 1
    }


def _fill(names: tuple[str, ...], values: Array) -> pd.DataFrame:
    full = np.eye(len(names))
    upper = np.triu_indices(len(names), k=1)
    full[upper] = values
    full.T[upper] = values
    return pd.DataFrame(full, index=list(names), columns=list(names))
