"""The same model under other assumptions: other standard errors, gaps handled otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.respondents import collect_answers
from crmstudy.loyalty.estimation.result import Divisor, Errors, SemResult
from crmstudy.loyalty.model.specify import StructuralModel

_NAMED: dict[Errors, str] = {
    "normal": "normal",
    "satorra-bentler": "Satorra-Bentler",
    "huber-white": "Huber-White",
}


@passes_absence
def tabulate_paths(result: SemResult, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
    """Arrange the paths of an admissible model for print: constructs by their labels.

    Parameters
    ----------
    result : SemResult
    level : float
        Confidence of the intervals of the unstandardised paths.

    Returns
    -------
    DataFrame or NotAvailable
        One row a path: ``from``, ``to``, ``label`` (only where some path has one),
        ``estimate, se, z, p value, lower, upper, standardised, standardised se``.
    """
    paths = result.paths(level=level)
    if isinstance(paths, NotAvailable):
        return paths
    calls = call_constructs(result.model)
    unsaid = ["fixed"] if paths["label"].any() else ["fixed", "label"]
    ends = {end: paths[end].map(calls) for end in ("source", "target")}
    said = paths.assign(**ends).drop(columns=unsaid)
    return said.rename(columns={"source": "from", "target": "to"})


@passes_absence
def compare_errors(
    result: SemResult, *, kind: Literal["path", "loading"] = "path", standardised: bool = False
) -> pd.DataFrame | NotAvailable:
    """Put normal and robust standard errors beside each other.

    Parameters
    ----------
    result : SemResult
    kind : {"path", "loading"}
    standardised : bool
        Whether estimates and standard errors are the standardised ones; p-values always
        belong to the estimates as they are.

    Returns
    -------
    DataFrame or NotAvailable
        Columns source, target (construct, item for loadings), estimate or standardised,
        then ``standard error, normal`` and ``p value, normal``, the same with
        Satorra-Bentler (complete answers only) and with Huber-White.
    """
    shown, se = ("standardised", "standardised se") if standardised else ("estimate", "se")
    columns: dict[str, pd.Series] = {}
    for errors, name in _NAMED.items():
        rows = result.paths(errors=errors) if kind == "path" else result.loadings(errors=errors)
        if isinstance(rows, NotAvailable):
            if errors == "normal":
                return rows
            continue
        if errors == "normal":
            first = ["source", "target"] if kind == "path" else ["construct", "item"]
            calls = call_constructs(result.model)
            columns |= {column: rows[column].replace(calls) for column in first}
            columns[shown] = rows[shown]
        columns |= {f"standard error, {name}": rows[se], f"p value, {name}": rows["p value"]}
    return pd.DataFrame(columns)


def call_constructs(model: StructuralModel) -> dict[str, str]:
    """Map the names of constructs to what print calls them."""
    return {each.name: each.label or each.name for each in model.constructs}


@dataclass(frozen=True)
class MissingComparison:
    """One model with gaps left out and with gaps used.

    Attributes
    ----------
    listwise, full : SemResult or NotAvailable
        Respondents with a gap left out; full information.
    n_respondents, n_complete : int
        Who answered at least one item of the model, and who answered all.
    share_missing : float
        Share of the answers of these respondents that is missing.
    randomness : Hypothesis or NotAvailable
        Little's test that answers are missing completely at random.
    """

    listwise: SemResult | NotAvailable
    full: SemResult | NotAvailable
    n_respondents: int
    n_complete: int
    share_missing: float
    randomness: Hypothesis | NotAvailable

    def table(self) -> pd.DataFrame | NotAvailable:
        """One row a path: standardised values and their standard errors under both.

        Columns source, target, listwise, ``standard error, listwise``, full information,
        ``standard error, full information``, change (full information less listwise).
        """
        if isinstance(self.full, NotAvailable):
            return self.full
        one, other = self.listwise.paths(), self.full.paths()
        if isinstance(one, NotAvailable):
            return one
        if isinstance(other, NotAvailable):
            return other
        calls = call_constructs(self.full.model)
        return pd.DataFrame(
            {
                "source": one["source"].map(calls),
                "target": one["target"].map(calls),
                "listwise": one["standardised"],
                "standard error, listwise": one["standardised se"],
                "full information": other["standardised"],
                "standard error, full information": other["standardised se"],
                "change": other["standardised"] - one["standardised"],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Counts, Little's test, and how far the paths move."""
        metrics: dict[str, float] = {
            "n_respondents": self.n_respondents,
            "n_complete": self.n_complete,
            "share_missing": self.share_missing,
        }
        if isinstance(self.randomness, Hypothesis):
            metrics |= {
                "little_chi2": self.randomness.statistic,
                "little_p_value": self.randomness.p_value,
                "little_df": int(self.randomness.distribution.partition("(")[2].rstrip(")")),
            }
        table = self.table()
        if isinstance(table, NotAvailable) or table.empty:
            return metrics
        errors = table["standard error, full information"] / table["standard error, listwise"]
        return metrics | {
            "largest_change": float(table["change"].abs().max()),
            "mean_ratio_of_errors": float(errors.mean()),
        }


@passes_absence
def compare_missing(
    survey: pd.DataFrame, *, model: StructuralModel, divisor: Divisor = "n"
) -> MissingComparison:
    """Estimate a model with gaps left out and by full information.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
    model : StructuralModel
    divisor : {"n", "n-1"}
        Of the listwise estimate.

    Raises
    ------
    ModelError
        If no answer to the model's items is missing.

    References
    ----------
    Little, R. J. A. (1988). A test of missing completely at random for multivariate data
    with missing values. Journal of the American Statistical Association, 83(404), 1198-1202.
    """
    answers = collect_answers(survey, model).dropna(how="all")
    gaps = answers.isna()
    if not gaps.any(axis=None):
        raise ModelError("no answer to the model's items is missing: both ways are one")
    return MissingComparison(
        listwise=attempt(fit_sem, answers, model=model, divisor=divisor),
        full=attempt(fit_sem, answers, model=model, missing="fiml"),
        n_respondents=len(answers),
        n_complete=int((~gaps.any(axis=1)).sum()),
        share_missing=float(np.mean(gaps.to_numpy())),
        randomness=attempt(_test_randomness, answers),
    )


def _test_randomness(answers: pd.DataFrame) -> Hypothesis:
    # The statistics of the collection are needed for data with gaps only.
    from crmstudy.collection.quality.missingness import judge_randomness

    return judge_randomness(answers)
