"""What was estimated: the result of a structural equation model and its tables.

Every table of an inadmissible model is :class:`~crmstudy.errors.NotAvailable` with the
checks that failed: numbers from behind a closed gate cannot reach print by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from crmstudy.checks import Check, failed
from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.fit import FitMeasures, measure_fit
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter, delta_errors
from crmstudy.loyalty.model.specify import StructuralModel

Divisor = Literal["n", "n-1"]


@dataclass(frozen=True)
class Solution:
    """Where the optimiser ended, before anybody asked whether it may be shown.

    Attributes
    ----------
    theta, covariance : arrays of shape (n_parameters,) and its square
        Estimates in the items' units, ordered as the structure's ``parameters``, and
        their covariance matrix from the expected information.
    implied : array of shape (n_items, n_items)
        Covariance matrix of the items by the model.
    """

    theta: Array
    covariance: Array
    implied: Array


@dataclass(frozen=True)
class SemResult:
    """An estimated model, shown only when it is admissible.

    Attributes
    ----------
    model : StructuralModel
    n_used, n_dropped : int
        Respondents analysed, and left out because they skipped an item of the model.
    divisor : {"n", "n-1"}
        Divisor of the sample covariance: normal or Wishart likelihood.
    sample : array of shape (n_items, n_items)
        Observed covariance matrix of the items, in the model's order.
    checks : tuple of Check
        The admissibility gate.
    notes : tuple of str
        What was assumed and cannot be tested.
    structure : CovarianceStructure
        The free parameters and the covariance matrix they imply.
    answers : array of shape (n_used, n_items)
        The answers analysed, in the model's order of items.
    solution : Solution or NotAvailable
        The optimiser's end point, for diagnosis only: of an inadmissible model it is
        no finding. Read :attr:`estimates`.
    """

    model: StructuralModel
    n_used: int
    n_dropped: int
    divisor: Divisor
    sample: Array
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    structure: CovarianceStructure
    answers: Array = field(repr=False, compare=False)
    solution: Solution | NotAvailable

    @property
    def admissible(self) -> bool:
        """Whether every check of the gate passed."""
        return not failed(self.checks)

    @property
    def estimates(self) -> Solution | NotAvailable:
        """The solution when it is admissible, else the reason why it is withheld."""
        return self.solution if self.admissible else NotAvailable(explain(self.checks))

    @cached_property
    def fit(self) -> FitMeasures | NotAvailable:
        """Measures of fit, where there are degrees of freedom to test."""
        found = self.estimates
        if isinstance(found, NotAvailable):
            return found
        if self.structure.df == 0:
            return NotAvailable("the model has as many parameters as moments: no fit to test")
        return measure_fit(
            self.sample,
            found.implied,
            n_used=self.n_used,
            n_free=len(found.theta),
            divisor=self.divisor,
        )

    def table(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """Every parameter: estimate, standard error, test, interval, standardised value.

        A marker is fixed at 1 and has no standard error, but its standardised loading
        has one. Standard errors of standardised values are delta-method ones.
        """
        found = self.estimates
        if isinstance(found, NotAvailable):
            return found
        return _tabulate(self.structure, found, level=level)

    def loadings(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """One row an item: its loading on its construct."""
        return self._rows("loading", level, left="construct", right="item")

    def paths(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """One row a path, in the model's order, with its label."""
        rows = self._rows("path", level, right="source", left="target")
        if isinstance(rows, NotAvailable):
            return rows
        rows.insert(2, "label", [path.label for path in self.model.paths])
        return rows

    def r_squared(self) -> pd.DataFrame | NotAvailable:
        """Share of variance explained: of each endogenous construct, then of each item."""
        found = self.estimates
        if isinstance(found, NotAvailable):
            return found
        explained = _explain_variance(self.structure, found.theta)
        kinds = dict.fromkeys(self.model.endogenous, "construct")
        kinds |= {item: "item" for item in self.model.items if item in explained}
        rows = [(name, kind, explained[name]) for name, kind in kinds.items()]
        return pd.DataFrame(rows, columns=["variable", "kind", "r squared"])

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers; of an inadmissible model only n and how many checks failed."""
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "n_dropped": self.n_dropped,
            "admissible": int(self.admissible),
            "n_checks_failed": len(failed(self.checks)),
        }
        found = self.estimates
        if isinstance(found, NotAvailable):
            return metrics
        if isinstance(self.fit, FitMeasures):
            metrics |= self.fit.to_metrics()
        for row in self.paths().to_dict("records"):
            ends = f"{row['source']}_{row['target']}".lower()
            metrics |= {
                f"b_{ends}": row["estimate"],
                f"se_{ends}": row["se"],
                f"std_{ends}": row["standardised"],
                f"std_se_{ends}": row["standardised se"],
            }
        explained = _explain_variance(self.structure, found.theta)
        return metrics | {f"r2_{name.lower()}": explained[name] for name in self.model.endogenous}

    def _rows(self, kind: str, level: float, **names: str) -> pd.DataFrame | NotAvailable:
        table = self.table(level=level)
        if isinstance(table, NotAvailable):
            return table
        chosen = table.loc[table["kind"] == kind].drop(columns="kind").reset_index(drop=True)
        rest = [column for column in chosen.columns if column not in names]
        return chosen[[*names, *rest]].rename(columns=names)


def wald_columns(estimate: Array, se: Array, *, level: float) -> dict[str, Array]:
    """Return z, two-sided p-value and interval of asymptotically normal estimates."""
    z = estimate / se
    reach = ndtri(0.5 + level / 2.0) * se
    return {
        "z": z,
        "p value": 2.0 * ndtr(-np.abs(z)),
        "lower": estimate - reach,
        "upper": estimate + reach,
    }


def _tabulate(structure: CovarianceStructure, found: Solution, *, level: float) -> pd.DataFrame:
    reported = structure.reported
    errors = dict(zip(structure.parameters, np.sqrt(np.diag(found.covariance)), strict=True))
    estimate = structure.report(found.theta)
    se = np.array([errors.get(each, np.nan) for each in reported])
    return pd.DataFrame(
        {
            "kind": [_name_kind(each) for each in reported],
            "left": [each.left for each in reported],
            "right": [each.right for each in reported],
            "fixed": ["no" if each in errors else "yes" for each in reported],
            "estimate": estimate,
            "se": se,
            **wald_columns(estimate, se, level=level),
            "standardised": structure.standardise(found.theta),
            "standardised se": delta_errors(structure.standardise, found.theta, found.covariance),
        }
    )


def _explain_variance(structure: CovarianceStructure, theta: Array) -> dict[str, float]:
    """One minus the share of each variable's variance that is left unexplained."""
    shares = zip(structure.reported, structure.standardise(theta), strict=True)
    return {p.left: float(1.0 - share) for p, share in shares if _name_kind(p) == "variance"}


def _name_kind(parameter: Parameter) -> str:
    if parameter.op == "~~":
        return "variance" if parameter.left == parameter.right else "covariance"
    return {"=~": "loading", "~": "path"}[parameter.op]
