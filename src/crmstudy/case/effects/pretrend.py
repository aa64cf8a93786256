"""Placebo: were treated and control units already drifting apart before treatment?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.effects.evidence import ASSOCIATION
from crmstudy.case.effects.within import PanelDesign, arrange_panel, fit_within
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, passes_absence

ALPHA = 0.05


@dataclass(frozen=True)
class Pretrend:
    """Differences of treated and control units before treatment.

    Parameters
    ----------
    leads : DataFrame
        Indexed by period: ``estimate`` (treated less control, relative to the last period
        before treatment), ``standard_error``, ``lower``, ``upper`` (95 %).
    joint, slope : Hypothesis
        All leads are 0; the difference has no linear trend.
    slope_estimate : float
        Growth of the difference per period.
    n_units, n_periods : int
        Units; periods before treatment.
    """

    leads: pd.DataFrame
    joint: Hypothesis
    slope: Hypothesis
    slope_estimate: float
    n_units: int
    n_periods: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether parallel trends are left standing; with two periods both tests are one."""
        tests = {"jointly": self.joint, "linear trend": self.slope}
        return tuple(
            Check(
                name=f"no difference in trend before treatment ({name}, p-value)",
                passed=test.p_value >= ALPHA,
                statistic=test.p_value,
                threshold=f">= {ALPHA}",
                source="placebo test; a pass is no proof (Roth 2022)",
                consequence=ASSOCIATION,
            )
            for name, test in list(tests.items())[: self.n_periods - 1]
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a period before treatment, the last one being the reference."""
        names = {"standard_error": "standard error", "lower": "lower 95%", "upper": "upper 95%"}
        return self.leads.rename(columns=names).rename_axis("period").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give both tests and the slope."""
        return {
            "pretrend_joint_statistic": self.joint.statistic,
            "pretrend_joint_p_value": self.joint.p_value,
            "pretrend_slope": self.slope_estimate,
            "pretrend_slope_p_value": self.slope.p_value,
        }


@passes_absence
def examine_pretrend(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
) -> Pretrend:
    """Test on the periods before treatment whether the groups moved in parallel.

    Two placebo regressions with unit and period effects and errors clustered by unit: one
    with treated x each period (the last before treatment is the reference), one with
    treated x time. A rejection speaks against reading a later difference as an effect.
    No rejection is no proof: the test may be too weak to see a harmful trend.

    Parameters
    ----------
    panel, outcome, unit, period, treated, post, weights
        As in :func:`~crmstudy.case.effects.did.estimate_did`.

    Raises
    ------
    DataError, ModelError
        As in :func:`~crmstudy.case.effects.did.estimate_did`; also if there is only one period
        before treatment.

    References
    ----------
    Roth, J. (2022). Pretest with caution: event-study estimates after testing for
    parallel trends. American Economic Review: Insights, 4, 305-322.
    """
    design = arrange_panel(
        panel,
        outcome=outcome,
        unit=unit,
        period=period,
        treated=treated,
        post=post,
        weights=weights,
    )
    return examine_design(design)


def examine_design(design: PanelDesign) -> Pretrend:
    """Do the work of :func:`examine_pretrend` on an arranged panel."""
    before = design.before()
    n_units, n_periods = before.outcome.shape
    if n_periods < 2:
        raise ModelError("a trend before treatment needs two periods; there is one")
    if not np.ptp(before.outcome, axis=1).any():
        raise ModelError("the outcome does not change before treatment in any unit")
    rows = np.eye(n_periods)[:-1]
    leads = fit_within(before, [np.outer(before.treated, row) for row in rows])
    joint = leads.f_test(np.eye(len(leads.params))[: n_periods - 1])
    trend = fit_within(before, [np.outer(before.treated, np.arange(n_periods))])
    return Pretrend(
        leads=_arrange_leads(leads, before.periods),
        joint=Hypothesis(
            null="the difference is the same in all periods before treatment",
            statistic=float(joint.fvalue),
            p_value=float(joint.pvalue),
            distribution=f"F({n_periods - 1}, {n_units - 1})",
        ),
        slope=Hypothesis(
            null="the difference has no linear trend before treatment",
            statistic=float(trend.tvalues[0]),
            p_value=float(trend.pvalues[0]),
            distribution=f"t({n_units - 1})",
        ),
        slope_estimate=float(trend.params[0]),
        n_units=n_units,
        n_periods=n_periods,
    )


def _arrange_leads(fit: Any, periods: pd.Index) -> pd.DataFrame:
    n_leads = len(periods) - 1
    interval = fit.conf_int()[:n_leads]
    estimates = {
        "estimate": fit.params[:n_leads],
        "standard_error": fit.bse[:n_leads],
        "lower": interval[:, 0],
        "upper": interval[:, 1],
    }
    reference = pd.DataFrame(0.0, index=periods[-1:], columns=list(estimates))
    return pd.concat([pd.DataFrame(estimates, index=periods[:-1]), reference])
