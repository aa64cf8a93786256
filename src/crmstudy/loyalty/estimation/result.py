"""What was estimated: the result of a structural equation model and its tables.

Every table of an inadmissible model is :class:`~crmstudy.errors.NotAvailable` with the
checks that failed: numbers from behind a closed gate cannot reach print by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.checks import Check, failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.admissible import check_testable, explain
from crmstudy.loyalty.estimation.fit import FitMeasures, measure_fit, multiplier
from crmstudy.loyalty.estimation.incomplete import measure_incomplete_fit
from crmstudy.loyalty.estimation.likelihood import Likelihood
from crmstudy.loyalty.estimation.patterns import Patterns, group_answers
from crmstudy.loyalty.estimation.robust import Errors, Evidence, Saturation, build_evidence
from crmstudy.loyalty.estimation.saturated import Baseline, lay_baseline
from crmstudy.loyalty.estimation.tables import (
    explain_variance,
    tabulate_estimates,
    wald_columns,
)
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.statistics.threads import hold_one_thread

__all__ = ["Divisor", "Errors", "Means", "Missing", "SemResult", "Solution", "wald_columns"]

Divisor = Literal["n", "n-1"]
Missing = Literal["listwise", "fiml"]


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
class Means:
    """Means of the items under full information.

    Attributes
    ----------
    model, saturated : array of shape (n_items,)
        By the model, whose means are free, and without a model (EM). They differ a
        little: gaps are filled by what the covariances say.
    """

    model: Array
    saturated: Array


@dataclass(frozen=True)
class SemResult:
    """An estimated model, shown only when it is admissible.

    Attributes
    ----------
    model : StructuralModel
    n_used, n_dropped : int
        Respondents analysed, and left out: listwise, because they skipped an item of the
        model; under full information, because they answered none.
    divisor : {"n", "n-1"}
        Divisor of the sample covariance: normal or Wishart likelihood.
    sample : array of shape (n_items, n_items)
        Observed covariance matrix of the items, in the model's order; under full
        information the saturated model's, by EM.
    checks : tuple of Check
        The admissibility gate.
    notes : tuple of str
        What was assumed and cannot be tested.
    structure : CovarianceStructure
        The free parameters and the covariance matrix they imply.
    answers : array of shape (n_used, n_items)
        The answers analysed, in the model's order of items. Under full information they
        have gaps (NaN): what resamples or multiplies them needs :attr:`complete`.
    solution : Solution or NotAvailable
        The optimiser's end point, for diagnosis only: of an inadmissible model it is
        no finding. Read :attr:`estimates`.
    missing : {"listwise", "fiml"}
        What was done about missing answers.
    means : Means or None
        Under full information; else the answers' own means are the model's.
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
    missing: Missing = "listwise"
    means: Means | None = field(default=None, repr=False, compare=False)

    @property
    def complete(self) -> Array | NotAvailable:
        """The answers, where none is missing."""
        if self.missing == "listwise":
            return self.answers
        return NotAvailable("answers are missing: estimate with missing='listwise' for this")

    @property
    def gate(self) -> tuple[Check, ...]:
        """Every check for print: the admissibility gate, and whether fit can be tested."""
        return (*self.checks, check_testable(self.structure))

    @property
    def withheld(self) -> str:
        """Why verdicts are withheld; empty where they are not."""
        wrong = failed(self.gate)
        return explain(wrong) if wrong else ""

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
            return NotAvailable(
                "0 degrees of freedom: the model has as many parameters as moments, so that it "
                "fits any data and there is no fit to test"
            )
        if self.missing == "fiml":
            return measure_incomplete_fit(
                self.evidence.point,
                self.saturated.point,
                self.baseline,
                sd=self._sd,
                n_free=len(found.theta),
            )
        return measure_fit(
            self.sample,
            found.implied,
            n_used=self.n_used,
            n_free=len(found.theta),
            divisor=self.divisor,
            baseline=self.baseline.restrict(self.sample),
            df_null=self.baseline.df,
        )

    @cached_property
    def baseline(self) -> Baseline:
        """The model of uncorrelated items that this one is compared with."""
        return lay_baseline(self.model)

    @cached_property
    def patterns(self) -> Patterns:
        """The answers about the model's means, in standard deviations, grouped by gaps."""
        centre = self.answers.mean(axis=0) if self.means is None else self.means.model
        stretch = np.sqrt(self.n_used / multiplier(self.n_used, self.divisor))
        return group_answers((self.answers - centre) / self._sd * stretch)

    @cached_property
    def evidence(self) -> Evidence:
        """What robust statistics are made from, of an estimated model."""
        theta = np.asarray(self.solution.theta) / self.structure.units(self._sd)
        return build_evidence(self.structure, theta, self.patterns)

    @cached_property
    def saturated(self) -> Saturation:
        """The model that restricts nothing, in the units of :attr:`patterns`."""
        shift = 0.0 if self.means is None else self.means.saturated - self.means.model
        mean = np.zeros(len(self._sd)) + shift / self._sd
        covariance = self.sample / np.outer(self._sd, self._sd)
        return Saturation(Likelihood(self.patterns, mean, covariance))

    @property
    def _sd(self) -> Array:
        return np.sqrt(np.diag(self.sample))

    def covariance(self, *, errors: Errors = "normal") -> Array | NotAvailable:
        """Return the covariance matrix of the estimates.

        Parameters
        ----------
        errors : {"normal", "satorra-bentler", "huber-white"}
            ``"normal"``: inverse information, right when answers are normal.
            ``"satorra-bentler"``: robust, with the expected information (lavaan's MLM),
            of complete answers. ``"huber-white"``: robust, with the observed information
            (MLR).
        """
        found = self.estimates
        if isinstance(found, NotAvailable):
            return found
        if errors not in get_args(Errors):
            raise ModelError(f"errors are {', '.join(map(repr, get_args(Errors)))}, not {errors!r}")
        if errors == "normal":
            return found.covariance
        if errors == "satorra-bentler" and self.missing == "fiml":
            return NotAvailable("Satorra-Bentler's standard errors need complete answers")
        with hold_one_thread("blas"):
            robust = (
                self.evidence.huber_white()
                if errors == "huber-white"
                else self.evidence.satorra_bentler()
            )
        units = self.structure.units(self._sd)
        n = multiplier(self.n_used, self.divisor)
        return robust / n * np.outer(units, units)

    def table(
        self, *, level: float = 0.95, errors: Errors = "normal"
    ) -> pd.DataFrame | NotAvailable:
        """Every parameter: estimate, standard error, test, interval, standardised value.

        A marker is fixed at 1 and has no standard error, but its standardised loading
        has one. Standard errors of standardised values are delta-method ones.
        ``errors`` as in :meth:`covariance`.
        """
        found, covariance = self.estimates, self.covariance(errors=errors)
        if isinstance(found, NotAvailable):
            return found
        if isinstance(covariance, NotAvailable):
            return covariance
        return tabulate_estimates(self.structure, found.theta, covariance, level=level)

    def loadings(
        self, *, level: float = 0.95, errors: Errors = "normal"
    ) -> pd.DataFrame | NotAvailable:
        """One row an item: its loading on its construct."""
        return self._rows("loading", level, errors, left="construct", right="item")

    def paths(
        self, *, level: float = 0.95, errors: Errors = "normal"
    ) -> pd.DataFrame | NotAvailable:
        """One row a path, in the model's order, with its label."""
        rows = self._rows("path", level, errors, right="source", left="target")
        if isinstance(rows, NotAvailable):
            return rows
        rows.insert(2, "label", [path.label for path in self.model.paths])
        return rows

    def r_squared(self) -> pd.DataFrame | NotAvailable:
        """Share of variance explained: of each endogenous construct, then of each item."""
        found = self.estimates
        if isinstance(found, NotAvailable):
            return found
        explained = explain_variance(self.structure, found.theta)
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
        explained = explain_variance(self.structure, found.theta)
        return metrics | {f"r2_{name.lower()}": explained[name] for name in self.model.endogenous}

    def _rows(
        self, kind: str, level: float, errors: Errors, **names: str
    ) -> pd.DataFrame | NotAvailable:
        table = self.table(level=level, errors=errors)
        if isinstance(table, NotAvailable):
            return table
        chosen = table.loc[table["kind"] == kind].drop(columns="kind").reset_index(drop=True)
        rest = [column for column in chosen.columns if column not in names]
        return chosen[[*names, *rest]].rename(columns=names)
