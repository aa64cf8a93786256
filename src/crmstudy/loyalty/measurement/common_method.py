"""Did everybody answer everything in one way: checks of common method variance.

One survey asks causes and effects of the same person at the same moment, so that a habit of
answering may pass for a relation. The checks here see a method that touches all items
alike; a method that touches some items, or relations that are wrong for another reason, they
do not see, and what good constructs have in common they may count as method.

References
----------
Podsakoff, P. M., & Organ, D. W. (1986). Self-reports in organizational research: Problems
and prospects. Journal of Management, 12(4), 531-544.
Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method
biases in behavioral research: A critical review of the literature and recommended remedies.
Journal of Applied Psychology, 88(5), 879-903.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import SINGULAR
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.fit import FitMeasures
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.coefficients import correlate_items
from crmstudy.loyalty.measurement.common_factor import CommonFactor, add_common_factor
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import Construct, StructuralModel
from crmstudy.statistics.extraction import extract_factors
from crmstudy.statistics.threads import hold_one_thread

HALF = 0.5  # Podsakoff & Organ (1986): one factor accounts for the majority of covariance


@dataclass(frozen=True)
class CommonMethod:
    """Three checks of common method variance.

    Attributes
    ----------
    first_component, first_factor : float
        Harman's check: share of the items' variance in the first principal component, and
        in one common factor (minimum residuals).
    models : DataFrame
        One row each for the constructs and for one factor in their place: ``model``,
        ``admissible``, ``chi2``, ``df``, ``CFI``, ``TLI``, ``RMSEA``, ``SRMR`` (empty
        where inadmissible).
    one_factor : Hypothesis or NotAvailable
        Whether one factor suffices, against the model's constructs.
    common : CommonFactor or NotAvailable
        A factor of equal loadings beside the constructs.
    n_used : int
        Respondents without a gap.
    """

    first_component: float
    first_factor: float
    models: pd.DataFrame
    one_factor: Hypothesis | NotAvailable
    common: CommonFactor | NotAvailable
    n_used: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Harman's check and the two tests as checks."""
        return tuple(_list_checks(self))

    def table(self) -> pd.DataFrame:
        """Fit of the constructs, and of one factor in their place."""
        return self.models.copy()

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers."""
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "first_component": self.first_component,
            "first_factor": self.first_factor,
        }
        if isinstance(self.one_factor, Hypothesis):
            metrics["one_factor_chi2"] = self.one_factor.statistic
            metrics["one_factor_p_value"] = self.one_factor.p_value
        if isinstance(self.common, CommonFactor):
            metrics |= self.common.to_metrics()
        return metrics


@passes_absence
def check_common_method(result: SemResult, *, level: float = 0.95) -> CommonMethod:
    """Check for variance that all items share because they were asked in one way.

    Parameters
    ----------
    result : SemResult
        The model whose relations are in question. Respondents with a gap are left out
        (with full-information estimates the model is fitted anew without them).
    level : float
        Confidence of the interval of the common factor's share.

    Raises
    ------
    ModelError
        If there are not two constructs, or not three items, or an item is a combination of
        others.
    """
    model = result.model
    if len(model.constructs) < 2 or len(model.items) < 3:
        raise ModelError(
            "common method variance is told from constructs where there are two of them and "
            f"three items; constructs: {len(model.constructs)}, items: {len(model.items)}"
        )
    own = _fit_complete(result)
    correlation = correlate_items(own.sample)
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        raise ModelError(
            "an item is a combination of others, as two items with the same answers are; take it "
            "out of the model"
        )
    name = _find_free_name(model)
    answers = pd.DataFrame(own.answers, columns=list(model.items))
    pooled = StructuralModel((Construct(name, model.items),), (), "one factor")
    single = fit_sem(answers, model=pooled, divisor=own.divisor)
    component, factor = share_of_first(correlation)
    return CommonMethod(
        first_component=component,
        first_factor=factor,
        models=pd.DataFrame([_describe("the constructs", own), _describe("one factor", single)]),
        one_factor=_test_one_factor(own, single),
        common=add_common_factor(own, level=level),
        n_used=own.n_used,
    )


def share_of_first(correlation: Array) -> tuple[float, float]:
    """Share of variance in the first principal component, and in one common factor."""
    with hold_one_thread("blas"):
        component = float(np.linalg.eigvalsh(correlation)[-1]) / len(correlation)
        loadings, _ = extract_factors(correlation, n_factors=1, method="minres")
    return component, float(np.sum(loadings**2)) / len(correlation)


def _fit_complete(result: SemResult) -> SemResult:
    if result.missing == "listwise":
        return result
    answers = pd.DataFrame(result.answers, columns=list(result.model.items))
    return fit_sem(answers, model=result.model, divisor=result.divisor)


def _find_free_name(model: StructuralModel) -> str:
    name = "common"
    while name in model.items:
        name += "_"
    return name


def _describe(name: str, result: SemResult) -> dict[str, object]:
    fit = result.fit
    known = isinstance(fit, FitMeasures)
    numbers = fit.to_metrics() if isinstance(fit, FitMeasures) else {}
    columns = {"chi2": "chi2", "cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
    return {
        "model": name,
        "admissible": "yes" if result.admissible else "no",
        "df": result.structure.df,
        **{said: numbers[key] if known else np.nan for key, said in columns.items()},
    }


def _test_one_factor(own: SemResult, single: SemResult) -> Hypothesis | NotAvailable:
    ours, theirs = own.fit, single.fit
    if isinstance(ours, NotAvailable):
        return ours
    if isinstance(theirs, NotAvailable):
        return theirs
    df = single.structure.df - own.structure.df
    if df < 1:
        return NotAvailable("one factor has no more degrees of freedom than the constructs")
    chi2 = theirs.chi2 - ours.chi2
    return Hypothesis(
        "one factor explains the items as well as the constructs do",
        chi2,
        max(float(chdtrc(df, max(chi2, 0.0))), np.finfo(float).tiny),  # never 0
        f"chi2({df})",
    )


def _list_checks(found: CommonMethod) -> list[Check]:
    checks = [
        Check(
            "the first component holds less than half of the items' variance (Harman)",
            found.first_component < HALF,
            found.first_component,
            "< .50",
            "Podsakoff & Organ (1986)",
            "one way of answering may run through the whole survey",
        )
    ]
    if isinstance(found.one_factor, Hypothesis):
        checks.append(
            Check(
                "one factor fits worse than the constructs (p-value of the chi2 difference)",
                found.one_factor.p_value < 0.05,
                found.one_factor.p_value,
                "< .05",
                "Podsakoff et al. (2003)",
                "the constructs are not told from one common source",
            )
        )
    if isinstance(found.common, CommonFactor):
        checks.append(
            Check(
                "no variance is common to all items beside the constructs (p-value)",
                found.common.without.p_value >= 0.05,
                found.common.without.p_value,
                ">= .05",
                "Podsakoff et al. (2003)",
                "read relations with the common factor beside those without",
            )
        )
    return checks
