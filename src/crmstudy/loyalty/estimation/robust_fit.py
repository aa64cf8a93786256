"""Does the model fit when answers are not normal: scaled tests beside the normal one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.fit import CONVENTIONS, FitMeasures, multiplier
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.estimation.robust import (
    Evidence,
    build_evidence,
    correct_for_gaps,
    satorra_bentler_factor,
    yuan_bentler_factor,
)
from crmstudy.loyalty.estimation.saturated import estimate_baseline
from crmstudy.loyalty.estimation.scaling import Discrepancies, ScaledFit, scale_fit
from crmstudy.loyalty.model.moments import Parameter
from crmstudy.statistics.threads import hold_one_thread

SHOWN = (
    "chi2",
    "df",
    "p_value",
    "factor",
    "cfi",
    "tli",
    "rmsea",
    "rmsea_lower",
    "rmsea_upper",
    "close_fit_p",
)
Method = Literal["satorra-bentler", "yuan-bentler"]
_FACTOR = "scaling factor of chi2"


@dataclass(frozen=True)
class RobustFit:
    """Fit of one model by the normal test and by scaled ones.

    Attributes
    ----------
    normal : FitMeasures
    satorra_bentler : ScaledFit or NotAvailable
        Expected information (lavaan's MLM); of complete answers only.
    yuan_bentler : ScaledFit or NotAvailable
        Observed information, in the variant of Mplus (lavaan's MLR).
    """

    normal: FitMeasures
    satorra_bentler: ScaledFit | NotAvailable
    yuan_bentler: ScaledFit | NotAvailable

    @property
    def scaled(self) -> tuple[ScaledFit, ...]:
        """The scaled fits that there are."""
        both = (self.satorra_bentler, self.yuan_bentler)
        return tuple(each for each in both if isinstance(each, ScaledFit))

    def table(self) -> pd.DataFrame:
        """One row a measure, one column a test, with the convention and its source.

        Columns measure, normal, Satorra-Bentler, Yuan-Bentler (as far as there are),
        convention, source. CFI, TLI and RMSEA of the scaled tests are the robust versions.
        """
        rows = []
        for name in SHOWN:
            convention = CONVENTIONS.get(name)
            row: dict[str, object] = {
                "measure": _FACTOR if convention is None else convention.label,
                "normal": float(getattr(self.normal, name, 1.0)),
            }
            row |= {each.method: float(getattr(each, name)) for each in self.scaled}
            row["convention"] = "" if convention is None else convention.rule
            row["source"] = "" if convention is None else convention.source
            rows.append(row)
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Numbers of the scaled tests, by method."""
        return {
            f"{each.method.lower().replace('-', '_')}_{name}": value
            for each in self.scaled
            for name, value in each.to_metrics().items()
        }


@passes_absence
def measure_robust_fit(result: SemResult) -> RobustFit | NotAvailable:
    """Scale the test of fit for answers that are not normal.

    Matches lavaan's ``estimator = "MLM"`` and ``"MLR"`` at their defaults. With divisor
    n - 1 the scaling factors stay those of divisor n, as they should: they are free of
    the items' units (lavaan's are not).

    Parameters
    ----------
    result : SemResult

    Returns
    -------
    RobustFit or NotAvailable
        The latter for a model without degrees of freedom, or withheld.
    """
    normal = result.fit
    if isinstance(normal, NotAvailable):
        return normal
    with hold_one_thread("blas"):
        null = _weigh_baseline(result)
        return RobustFit(
            normal=normal,
            satorra_bentler=_scale_expected(result, normal, null),
            yuan_bentler=_scale_observed(result, normal, null),
        )


@passes_absence
def scale_nested(
    larger: SemResult, smaller: SemResult, *, method: Method = "yuan-bentler"
) -> float | NotAvailable:
    """Scaling factor of a larger model at the estimates of a smaller one within it.

    Given as ``c_1`` to :func:`~crmstudy.loyalty.estimation.scaling.scaled_difference` it
    makes Satorra & Bentler's (2010) test, whose own factor is positive.

    Parameters
    ----------
    larger, smaller : SemResult
        The smaller leaves out parameters of the larger (they are zero there); same
        items in the same order, same respondents, complete answers.
    method : {"satorra-bentler", "yuan-bentler"}

    Returns
    -------
    float or NotAvailable
        The latter where the smaller model is not the larger one with parameters at zero.
    """
    found = smaller.estimates
    if isinstance(found, NotAvailable):
        return found
    if smaller.model.items != larger.model.items or "fiml" in (larger.missing, smaller.missing):
        return NotAvailable("needs two models of the same items on complete answers")
    values = {
        _unordered(p): v for p, v in zip(smaller.structure.parameters, found.theta, strict=True)
    }
    theta = np.array([values.get(_unordered(p), 0.0) for p in larger.structure.parameters])
    if not np.allclose(larger.structure.implied(theta), found.implied, rtol=1e-8):
        return NotAvailable("the smaller model is not the larger one with parameters at zero")
    structure, sd = larger.structure, np.sqrt(np.diag(larger.sample))
    evidence = build_evidence(structure, theta / structure.units(sd), larger.patterns)
    with hold_one_thread("blas"):
        if method == "satorra-bentler":
            return satorra_bentler_factor(evidence, structure.df)
        return yuan_bentler_factor(evidence, larger.saturated, structure.df)


def _unordered(parameter: Parameter) -> Parameter:
    left, op, right = parameter
    return Parameter(min(left, right), op, max(left, right)) if op == "~~" else parameter


def _weigh_baseline(result: SemResult) -> Evidence:
    baseline = result.baseline
    if result.missing == "fiml":
        point = estimate_baseline(baseline, result.patterns)
        return Evidence(baseline, baseline.read(point.implied), point)
    theta = baseline.read(result.saturated.point.implied)
    return build_evidence(baseline, theta, result.patterns)


def _scale_expected(
    result: SemResult, normal: FitMeasures, null: Evidence
) -> ScaledFit | NotAvailable:
    if result.missing == "fiml":
        return NotAvailable("Satorra-Bentler's scaling needs complete answers")
    factors = (
        satorra_bentler_factor(result.evidence, normal.df),
        satorra_bentler_factor(null, normal.df_null),
    )
    return _scale("Satorra-Bentler", normal, factors)


def _scale_observed(
    result: SemResult, normal: FitMeasures, null: Evidence
) -> ScaledFit | NotAvailable:
    saturated = result.saturated
    factors = (
        yuan_bentler_factor(result.evidence, saturated, normal.df),
        yuan_bentler_factor(null, saturated, normal.df_null),
    )
    if result.missing == "listwise":
        return _scale("Yuan-Bentler", normal, factors)
    judged = []
    for each, df in ((result.evidence, normal.df), (null, normal.df_null)):
        distance, factor = correct_for_gaps(each, saturated, df)
        judged.append(Discrepancies(result.n_used * distance, df, factor))
    return _scale("Yuan-Bentler", normal, factors, judged=(judged[0], judged[1]))


def _scale(
    method: str,
    normal: FitMeasures,
    factors: tuple[float, float],
    *,
    judged: tuple[Discrepancies, Discrepancies] | None = None,
) -> ScaledFit | NotAvailable:
    if min(factors) <= 0.0:
        return NotAvailable(f"{method}: the scaling factor is {min(factors):.3g}, not positive")
    return scale_fit(
        method,
        Discrepancies(normal.chi2, normal.df, factors[0]),
        Discrepancies(normal.chi2_null, normal.df_null, factors[1]),
        n=multiplier(normal.n_used, normal.divisor),
        judged=judged,
    )
