"""Rival models of the same answers: which one the respondents speak for.

Nested models are compared by the difference of their chi2 (scaled where answers are
skewed), all models by information criteria, and two of which neither contains the other
also by their likelihood, respondent by respondent (Vuong, 1989). Models of other items
explain other data and are never compared; inadmissible ones are named and withheld.

References
----------
Akaike, H. (1974). A new look at the statistical model identification. IEEE Transactions on
Automatic Control, 19(6), 716-723.
Burnham, K. P., & Anderson, D. R. (2002). Model Selection and Multimodel Inference (2nd
ed.). Springer.
Merkle, E. C., You, D., & Preacher, K. J. (2016). Testing nonnested structural equation
models. Psychological Methods, 21(2), 151-163.
Vuong, Q. H. (1989). Likelihood ratio tests for model selection and non-nested hypotheses.
Econometrica, 57(2), 307-333.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.named import build_named_model
from crmstudy.loyalty.structure.differences import (
    Difference,
    Gap,
    measure_difference,
    measure_gap,
)
from crmstudy.loyalty.structure.nesting import relate_models

COMPARED, REFUSED, OTHER, FAILED = "compared", "inadmissible", "other items", "not estimated"


@dataclass(frozen=True)
class ModelComparison:
    """All models of a study on the same respondents.

    Attributes
    ----------
    fits : mapping of str to SemResult or NotAvailable
        Every model by name, as far as it was estimated.
    standing : mapping of str to str
        ``compared``, ``inadmissible``, ``other items`` or ``not estimated``.
    reference : str
        The model whose items decide what is compared.
    differences : tuple of Difference
        Nested pairs: the restricted model within the larger one.
    gaps : tuple of Gap
        Pairs of which neither contains the other.
    equivalent : tuple of pairs of str
        Models that no data tell apart.
    """

    fits: Mapping[str, SemResult | NotAvailable]
    standing: Mapping[str, str]
    reference: str
    differences: tuple[Difference, ...]
    gaps: tuple[Gap, ...]
    equivalent: tuple[tuple[str, str], ...]

    @property
    def compared(self) -> dict[str, SemResult]:
        """The admissible models of the same items."""
        return {
            name: fit
            for name, fit in self.fits.items()
            if self.standing[name] == COMPARED and isinstance(fit, SemResult)
        }

    def table(self) -> pd.DataFrame:
        """One row a model; fit and criteria only of those compared, the rest withheld.

        ``Akaike weight`` is the evidence for each model among those compared.
        """
        criteria = _weigh_criteria(self.compared)
        rows = []
        for name, standing in self.standing.items():
            fit = self.fits[name]
            row: dict[str, object] = {"model": name, "standing": standing}
            row["n"] = fit.n_used if isinstance(fit, SemResult) else None
            rows.append(row | criteria.get(name, dict.fromkeys(_COLUMNS)))
        numbers = dict.fromkeys(_COLUMNS, "float64") | {"df": "Int64"}
        return pd.DataFrame(rows).astype({"n": "Int64"} | numbers)

    def withheld(self) -> pd.DataFrame | NotAvailable:
        """Why models are not compared, one row a model."""
        rows = [
            {"model": name, "standing": standing, "reason": self._explain(name)}
            for name, standing in self.standing.items()
            if standing != COMPARED
        ]
        return pd.DataFrame(rows) if rows else NotAvailable("no model is withheld")

    def nested(self) -> pd.DataFrame | NotAvailable:
        """One row a nested pair: difference tests and changes of fit."""
        if not self.differences:
            return NotAvailable("no admissible model is nested in another one of the same items")
        return pd.DataFrame([each.row() for each in self.differences])

    def not_nested(self) -> pd.DataFrame | NotAvailable:
        """One row a pair of which neither contains the other."""
        if not self.gaps:
            return NotAvailable("no two admissible models of the same items are without nesting")
        return pd.DataFrame([each.row() for each in self.gaps])

    def to_metrics(self) -> dict[str, float]:
        """Counts, criteria of the models compared and the difference tests."""
        metrics: dict[str, float] = {
            "n_models": len(self.standing),
            "n_compared": len(self.compared),
            "n_inadmissible": list(self.standing.values()).count(REFUSED),
        }
        for name, row in _weigh_criteria(self.compared).items():
            metrics |= {f"delta_aic_{name}".lower(): row["delta AIC"]}
            metrics |= {f"akaike_weight_{name}".lower(): row["Akaike weight"]}
        for each in self.differences:
            metrics |= {
                f"chi2_difference_{each.restricted}_{each.larger}".lower(): each.test.statistic
            }
        return metrics

    def _explain(self, name: str) -> str:
        fit = self.fits[name]
        if isinstance(fit, NotAvailable):
            return fit.reason
        if self.standing[name] == OTHER:
            return f"explains other items than {self.reference}: its fit cannot be compared"
        return str(getattr(fit.estimates, "reason", ""))


@passes_absence
def compare_models(
    answers: pd.DataFrame,
    *,
    models: Mapping[str, Any],
    reference: str = "",
    **estimation: Any,
) -> ModelComparison:
    """Estimate all models of a study and compare those of the same items.

    Parameters
    ----------
    answers : DataFrame
        The survey, reverse-scored items turned.
    models : mapping
        ``constructs`` and ``models`` as study.yml gives them.
    reference : str
        The model whose items decide what is compared; empty takes the first.
    **estimation
        Handed to :func:`~crmstudy.loyalty.estimation.estimate.fit_sem`: ``divisor``,
        ``missing``.

    Raises
    ------
    ModelError
        If study.yml names no model, or not the reference.
    """
    named = models["models"]
    if not named:
        raise ModelError("study.yml names no model")
    reference = reference or next(iter(named))
    if reference not in named:
        raise ModelError(f"study.yml names no model {reference!r}, but {', '.join(named)}")
    fits = {name: _estimate(answers, models, name, estimation) for name in named}
    items = _items_of(models, reference)
    standing = {name: _judge(models, name, fit, items) for name, fit in fits.items()}
    return relate_fits(fits, standing, reference)


def relate_fits(
    fits: Mapping[str, SemResult | NotAvailable], standing: Mapping[str, str], reference: str
) -> ModelComparison:
    """Compare every two of the models that stand as ``compared``."""
    compared = {
        name: fit
        for name, fit in fits.items()
        if standing[name] == COMPARED and isinstance(fit, SemResult)
    }
    ordered = sorted(compared, key=lambda name: -compared[name].structure.df)
    differences, gaps, equivalent = [], [], []
    for one, other in combinations(ordered, 2):  # the more restricted first
        pair = (compared[one], compared[other])
        relation = relate_models(*pair)
        if relation == "nested":
            differences.append(measure_difference(one, other, *pair))
        elif relation == "equivalent":
            equivalent.append((one, other))
        else:
            gaps.append(measure_gap(one, other, *pair))
    return ModelComparison(
        fits, standing, reference, tuple(differences), tuple(gaps), tuple(equivalent)
    )


def akaike_weights(criteria: Mapping[str, float]) -> dict[str, float]:
    """Turn values of AIC into the models' shares of the evidence (Burnham & Anderson 2002)."""
    least = min(criteria.values(), default=0.0)
    evidence = {name: float(np.exp((least - value) / 2.0)) for name, value in criteria.items()}
    whole = sum(evidence.values())
    return {name: value / whole for name, value in evidence.items()}


_COLUMNS = (
    "chi2",
    "df",
    "p value",
    "CFI",
    "RMSEA",
    "SRMR",
    "AIC",
    "BIC",
    "delta AIC",
    "delta BIC",
    "Akaike weight",
)


def _weigh_criteria(compared: Mapping[str, SemResult]) -> dict[str, dict[str, Any]]:
    found = {
        name: fit.fit for name, fit in compared.items() if not isinstance(fit.fit, NotAvailable)
    }
    weights = akaike_weights({name: fit.aic for name, fit in found.items()})
    least_aic = min((fit.aic for fit in found.values()), default=0.0)
    least_bic = min((fit.bic for fit in found.values()), default=0.0)
    return {
        name: {
            "chi2": fit.chi2,
            "df": fit.df,
            "p value": fit.p_value,
            "CFI": fit.cfi,
            "RMSEA": fit.rmsea,
            "SRMR": fit.srmr,
            "AIC": fit.aic,
            "BIC": fit.bic,
            "delta AIC": fit.aic - least_aic,
            "delta BIC": fit.bic - least_bic,
            "Akaike weight": weights[name],
        }
        for name, fit in found.items()
    }


def _estimate(
    answers: pd.DataFrame, models: Mapping[str, Any], name: str, estimation: Mapping[str, Any]
) -> SemResult | NotAvailable:
    try:
        model = build_named_model(models, name, position=0)
        return fit_sem(answers, model=model, **estimation)
    except ModelError as error:
        return NotAvailable(str(error))


def _items_of(models: Mapping[str, Any], name: str) -> frozenset[str]:
    try:
        return frozenset(build_named_model(models, name, position=0).items)
    except ModelError:
        return frozenset()


def _judge(
    models: Mapping[str, Any], name: str, fit: SemResult | NotAvailable, items: frozenset[str]
) -> str:
    if isinstance(fit, NotAvailable):
        return FAILED
    if _items_of(models, name) != items:
        return OTHER if fit.admissible else REFUSED
    return COMPARED if fit.admissible else REFUSED
