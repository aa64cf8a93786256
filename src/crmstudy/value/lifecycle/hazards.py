"""Who lapses sooner? Cox regression on what was known at the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.lifecycle.design import build_design
from crmstudy.value.lifecycle.engine import calling_lifelines
from crmstudy.value.lifecycle.lapses import LapseTimes, require_lapses
from crmstudy.value.lifecycle.proportional import compare_over_time

Floats = NDArray[np.float64]

EVENTS_A_COLUMN = 10
ALPHA = 0.05
NORMAL = 1.959963984540054  # 97.5% quantile
#: Stop where the likelihood no longer rises: the same digits as R, whatever the order of rows.
CLOSELY = {"precision": 1e-18, "r_precision": 1e-16}


@dataclass(frozen=True, eq=False)
class Hazards:
    """Hazard ratios of lapse.

    Parameters
    ----------
    estimates : DataFrame
        One row a covariate: ``covariate``, ``coefficient``, ``standard error``, ``hazard
        ratio`` (above 1: lapses sooner), ``lower``, ``upper`` (95%), ``p-value``,
        ``p-value of proportionality``.
    log_likelihood, log_likelihood_null : float
        Partial log-likelihoods with and without covariates (Efron's treatment of ties).
    concordance : float
        Share of comparable pairs in which the model puts the one who lapses first at the
        higher risk; 0.5 is guessing.
    proportionality : Hypothesis
        Score test that no effect changes with time, all covariates at once.
    left_out : DataFrame
        Variables that are in no column, and why.
    checks : tuple of Check
        Whether the hazard ratios can be trusted.
    n, n_lapsed, n_incomplete : int
        Customers, lapses, customers left out for a missing number.
    after_return : bool
        Whether customers who lapsed after the first purchase are left out.
    """

    estimates: pd.DataFrame
    log_likelihood: float
    log_likelihood_null: float
    concordance: float
    proportionality: Hypothesis
    left_out: pd.DataFrame
    checks: tuple[Check, ...]
    n: int
    n_lapsed: int
    n_incomplete: int
    after_return: bool

    @property
    def likelihood_ratio(self) -> Hypothesis:
        """Test whether any covariate matters."""
        from scipy.stats import chi2

        statistic = 2 * (self.log_likelihood - self.log_likelihood_null)
        freedom = len(self.estimates)
        p = float(chi2.sf(statistic, freedom))
        return Hypothesis("no covariate matters", statistic, p, f"chi2({freedom})")

    def table(self) -> pd.DataFrame:
        """Arrange the hazard ratios."""
        tiny = float(np.finfo(float).tiny)
        shown = self.estimates.drop(columns=["coefficient", "standard error"])
        names = ["p-value", "p-value of proportionality"]
        return shown.assign(**{name: shown[name].clip(lower=tiny) for name in names})

    def to_metrics(self) -> dict[str, float]:
        """Give the size, the concordance, and the tests."""
        return {
            "n": self.n,
            "lapsed": self.n_lapsed,
            "covariates": len(self.estimates),
            "concordance": self.concordance,
            "likelihood_ratio": self.likelihood_ratio.statistic,
            "proportionality_statistic": self.proportionality.statistic,
            "proportionality_p_value": self.proportionality.p_value,
        }


@passes_absence
def fit_hazards(times: LapseTimes, starts: pd.DataFrame, *, after_return: bool = False) -> Hazards:
    """Fit Cox's regression of the time to the first lapse.

    Parameters
    ----------
    times : LapseTimes
        Times of the customers.
    starts : DataFrame indexed by customer_id
        From :func:`~crmstudy.value.lifecycle.starts.describe_starts`: nothing in it may be
        later than the first purchase.
    after_return : bool
        Leave out customers who lapsed after their first purchase. The hazard of lapse on
        the first day is then not estimated; all later ones are what they were.

    Raises
    ------
    ModelError
        If lapses are too few, nothing that was known varies, or a hazard ratio runs to 0
        or infinity because a covariate parts those who lapse from those who do not.

    References
    ----------
    Cox, D. R. (1972). Regression models and life-tables. J. Royal Statistical Society B,
    34(2), 187-220.
    Efron, B. (1977). The efficiency of Cox's likelihood function for censored data. J.
    American Statistical Association, 72(359), 557-565.
    """
    chosen = _beyond_first(times) if after_return else times
    require_lapses(chosen)
    design = build_design(chosen, starts)
    if not design.columns.shape[1]:
        raise ModelError("nothing that was known at the start varies between these customers")
    told = chosen.customers.loc[design.columns.index]
    weeks, lapsed = told["weeks"].to_numpy(float), told["lapsed"].to_numpy(bool)
    fitted = fit_cox(design.columns, weeks, lapsed)
    covariates = design.columns.to_numpy(float)
    beta = fitted["coefficient"].to_numpy()
    each, together = compare_over_time(covariates, beta, weeks, lapsed)
    return Hazards(
        estimates=fitted.assign(**{"p-value of proportionality": [one.p_value for one in each]}),
        log_likelihood=fitted.attrs["log_likelihood"],
        log_likelihood_null=fitted.attrs["log_likelihood_null"],
        concordance=fitted.attrs["concordance"],
        proportionality=together,
        left_out=design.left_out,
        checks=_check(fitted, weeks, lapsed, together),
        n=len(told),
        n_lapsed=int(lapsed.sum()),
        n_incomplete=design.n_incomplete,
        after_return=after_return,
    )


def _beyond_first(times: LapseTimes) -> LapseTimes:
    from dataclasses import replace

    stayed = times.customers[times.customers["weeks"] > 0]
    if stayed.empty:
        raise ModelError("nobody stayed beyond the first purchase")
    return replace(times, customers=stayed)


def fit_cox(columns: pd.DataFrame, weeks: Floats, lapsed: NDArray[np.bool_]) -> pd.DataFrame:
    """Fit the regression by lifelines, Efron's treatment of ties, and refuse a failed fit.

    Returns
    -------
    DataFrame
        One row a covariate; ``attrs`` holds ``log_likelihood``, ``log_likelihood_null`` and
        ``concordance``.

    Raises
    ------
    ModelError
        If the fit does not converge, or an effect cannot be told from infinity.
    """
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    values = columns.to_numpy(float)
    scale = values.std(axis=0)
    # Names that no formula could mean otherwise; standardised, so that no unit looks constant.
    frame = pd.DataFrame((values - values.mean(axis=0)) / scale).add_prefix("x")
    order = frame.assign(T=weeks, E=lapsed).sort_values(["T", "E", *frame.columns], kind="stable")
    with calling_lifelines():
        try:
            fitter = CoxPHFitter().fit(order, "T", "E", fit_options=CLOSELY)
        except (ConvergenceError, ConvergenceWarning) as error:
            said = str(error).splitlines()[0].strip()
            raise ModelError(
                f"the regression of the time to lapse does not converge: {said}; a covariate may "
                "part those who lapse from those who do not"
            ) from error
        concordance = float(fitter.concordance_index_)
        null = float(fitter._ll_null_)
    coefficient = fitter.summary["coef"].to_numpy(float) / scale
    error_of = fitter.summary["se(coef)"].to_numpy(float) / scale
    found = pd.DataFrame(
        {
            "covariate": list(columns.columns),
            "coefficient": coefficient,
            "standard error": error_of,
            "hazard ratio": np.exp(coefficient),
            "lower": np.exp(coefficient - NORMAL * error_of),
            "upper": np.exp(coefficient + NORMAL * error_of),
            "p-value": fitter.summary["p"].to_numpy(float),
        }
    )
    if not np.isfinite(found[["coefficient", "standard error"]].to_numpy()).all():
        raise ModelError("a hazard ratio of lapse cannot be estimated: its error is not finite")
    found.attrs = {
        "log_likelihood": float(fitter.log_likelihood_),
        "log_likelihood_null": null,
        "concordance": concordance,
    }
    return found


def _check(
    fitted: pd.DataFrame, weeks: Floats, lapsed: NDArray[np.bool_], together: Hypothesis
) -> tuple[Check, ...]:
    ratio = float(lapsed.sum()) / len(fitted)
    _, sizes = np.unique(weeks[lapsed], return_counts=True)
    largest = float(sizes.max() / lapsed.sum())
    return (
        Check(
            name="lapses for each covariate",
            passed=ratio >= EVENTS_A_COLUMN,
            statistic=ratio,
            threshold=f">= {EVENTS_A_COLUMN}",
            source="Peduzzi et al. (1995)",
            consequence="hazard ratios are unreliable: fewer covariates",
        ),
        Check(
            name="effects do not change with time (p-value of the score test)",
            passed=together.p_value >= ALPHA,
            statistic=together.p_value,
            threshold=f">= {ALPHA}",
            source="Grambsch & Therneau (1994)",
            consequence="hazard ratios are averages over time; see those after a first return",
        ),
        Check(
            name="few lapses fall on one day of the relationship (largest share of lapses)",
            passed=largest <= 0.1,
            statistic=largest,
            threshold="<= 0.1",
            source="Efron's treatment of ties is an approximation",
            consequence="lapses after the first purchase weigh heavily; see the fit without them",
        ),
    )
