"""The effect of a measure: difference-in-differences, and whether it may be claimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.case.effects.evidence import Evidence, gather_checks
from crmstudy.case.effects.pretrend import Pretrend, examine_design
from crmstudy.case.effects.within import PanelDesign, arrange_panel, fit_within
from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, NotAvailable

MINIMUM_UNITS = 30  # in the smaller group


@dataclass(frozen=True)
class DidResult:
    """Difference-in-differences with unit and period effects.

    Parameters
    ----------
    outcome : str
        What was measured, per unit and period.
    effect, standard_error, lower, upper : float
        Mean effect on the treated per period after the start, its error clustered by
        unit, and the 95 % interval.
    test : Hypothesis
        The effect is 0.
    means : DataFrame
        Rows treated, control; ``n_units``, ``before``, ``after``, ``change`` (means per period),
        and ``standard_error``, ``lower``, ``upper`` of the group's own change (95 %).
    pretrend : Pretrend or NotAvailable
        Placebo test on the periods before.
    balance : Evidence or NotAvailable
        Likeness of the groups beforehand.
    placebos, timeline : Evidence, NotAvailable or None
        Effects where there can be none; other campaigns at the same time. None where
        the estimate was not asked to rest on them.
    checks : tuple of Check
        What a claim rests on.
    correction : float
        Factor on the cluster sandwich, ``G / (G - 1) * (N - 1) / (N - K)``.
    n_units, n_periods, n_left_out : int
        Units, periods; units not observed in every period, or without weight.
    n_effective : float
        Kish's effective number of units: ``n_units`` where all weigh alike.
    """

    outcome: str
    effect: float
    standard_error: float
    lower: float
    upper: float
    test: Hypothesis
    means: pd.DataFrame
    pretrend: Pretrend | NotAvailable
    balance: Evidence | NotAvailable
    placebos: Evidence | NotAvailable | None
    timeline: Evidence | NotAvailable | None
    checks: tuple[Check, ...]
    correction: float
    n_units: int
    n_periods: int
    n_left_out: int
    n_effective: float

    @property
    def claim_allowed(self) -> bool:
        """Whether the difference may be called an effect: every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def claim(self) -> Literal["effect", "association"]:
        """What the difference may be called."""
        return "effect" if self.claim_allowed else "association"

    def table(self) -> pd.DataFrame:
        """Arrange the means of both groups, their changes, and the difference of both."""
        names = {
            "n_units": "units",
            "before": "mean before",
            "after": "mean after",
            "standard_error": "standard error of change",
            "lower": "change, lower 95%",
            "upper": "change, upper 95%",
        }
        treated, control = self.means.loc["treated"], self.means.loc["control"]
        difference = {
            "n_units": self.n_units,
            "before": treated["before"] - control["before"],
            "after": treated["after"] - control["after"],
            "change": self.effect,
            "standard_error": self.standard_error,
            "lower": self.lower,
            "upper": self.upper,
        }
        rows = pd.concat([self.means, pd.DataFrame(difference, index=["treated less control"])])
        return rows.rename(columns=names).rename_axis("group").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give the estimate, the sizes, and the verdict (1 effect, 0 association)."""
        metrics = {
            "effect": self.effect,
            "standard_error": self.standard_error,
            "lower": self.lower,
            "upper": self.upper,
            "p_value": self.test.p_value,
            "n_units": self.n_units,
            "n_treated": int(self.means["n_units"]["treated"]),
            "n_control": int(self.means["n_units"]["control"]),
            "n_periods": self.n_periods,
            "n_left_out": self.n_left_out,
            "n_effective": self.n_effective,
            "claim_allowed": int(self.claim_allowed),
        }
        for part in (self.pretrend, self.balance, self.placebos, self.timeline):
            if not (part is None or isinstance(part, NotAvailable)):
                metrics |= part.to_metrics()
        return metrics


def estimate_did(
    panel: pd.DataFrame,
    *,
    outcome: str = "revenue",
    unit: str = "customer_id",
    period: str = "period",
    treated: str = "treated",
    post: str = "post",
    weights: pd.Series | None = None,
    balance: Evidence | NotAvailable | None = None,
    placebos: Evidence | NotAvailable | None = None,
    timeline: Evidence | NotAvailable | None = None,
) -> DidResult:
    """Estimate the effect of a measure by difference-in-differences, and judge it.

    ``outcome = unit effect + period effect + effect * treated * post + error``. All treated
    units start at the same time, so the estimate equals the change of the treated means
    less the change of the control means. The difference may be called an effect only
    if the groups did not drift apart beforehand (see
    :func:`~crmstudy.case.effects.pretrend.examine_pretrend`), were alike (``balance``), and are
    large enough for clustered errors; otherwise it is an association.

    Parameters
    ----------
    panel : DataFrame
        One row a unit and period, as from
        :func:`~crmstudy.case.campaigns.panel.build_panel`. Units not
        observed in every period are left out and counted.
    outcome, unit, period, treated, post : str
        Columns: the outcome per period; names of unit and period (in time order); who is
        treated; which periods lie after the start.
    weights : Series, optional
        Indexed by unit: how much each counts, as from matching or inverse probability
        weighting; all alike unless given. Units that weigh nothing or are not in it are
        left out and counted. They are taken as known.
    balance : Evidence, optional
        From :func:`~crmstudy.case.comparison.balance.balance_treated`; without it nothing is
        claimed.
    placebos, timeline : Evidence, optional
        From :func:`~crmstudy.case.effects.placebos.run_placebos` and
        :func:`~crmstudy.case.campaigns.timeline.trace_campaigns`; what is given must hold
        too.

    Raises
    ------
    DataError
        If a column is absent, a unit stands twice in a period, ``treated`` varies within a
        unit or ``post`` within a period; if a weight is negative, missing or infinite.
    ModelError
        If a group has fewer than two complete units, one side of the start has no period,
        or the outcome never changes.

    References
    ----------
    Bertrand, M., Duflo, E., & Mullainathan, S. (2004). How much should we trust
    differences-in-differences estimates? Quarterly J. of Economics, 119, 249-275.
    Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust
    inference. J. of Human Resources, 50, 317-372.
    """
    # Not @passes_absence: an absent balance withholds the claim, not the estimate.
    if isinstance(panel, NotAvailable):
        return panel
    design = arrange_panel(
        panel,
        outcome=outcome,
        unit=unit,
        period=period,
        treated=treated,
        post=post,
        weights=weights,
    )
    n_units, n_periods = design.outcome.shape
    fit = fit_within(design, [np.outer(design.treated, design.post)])
    lower, upper = fit.conf_int()[0]
    means = _average(design)
    pretrend = _examine_if_possible(design)
    balance = NotAvailable("balance was not examined") if balance is None else balance
    return DidResult(
        outcome=outcome,
        effect=float(fit.params[0]),
        standard_error=float(fit.bse[0]),
        lower=float(lower),
        upper=float(upper),
        test=Hypothesis(
            null="the measure changed nothing",
            statistic=float(fit.tvalues[0]),
            p_value=float(fit.pvalues[0]),
            distribution=f"t({n_units - 1})",
        ),
        means=means,
        pretrend=pretrend,
        balance=balance,
        placebos=placebos,
        timeline=timeline,
        checks=(
            *gather_checks(
                {
                    "trend before treatment": pretrend,
                    "likeness beforehand": balance,
                    "placebos": placebos,
                    "other campaigns": timeline,
                }
            ),
            _check_size(int(means["n_units"].min())),
        ),
        correction=n_units / (n_units - 1) * (fit.nobs - 1) / (fit.nobs - len(fit.params)),
        n_units=n_units,
        n_periods=n_periods,
        n_left_out=design.n_left_out,
        n_effective=float(design.weights.sum() ** 2 / (design.weights @ design.weights)),
    )


def _average(design: PanelDesign) -> pd.DataFrame:
    groups = {"treated": design.treated, "control": ~design.treated}
    return pd.DataFrame(
        {name: _average_group(design.keep(units)) for name, units in groups.items()}
    ).T.astype({"n_units": "int64"})


def _average_group(design: PanelDesign) -> dict[str, float]:
    """Mean before and after, and the change with its error: that of a weighted mean."""
    from scipy.special import stdtrit

    shares = design.weights / design.weights.sum()
    before = design.outcome[:, ~design.post].mean(axis=1)
    after = design.outcome[:, design.post].mean(axis=1)
    n_units = len(shares)
    change = float(shares @ (after - before))
    scatter = shares * (after - before - change)
    error = float(np.sqrt(n_units / (n_units - 1) * (scatter @ scatter)))
    reach = float(stdtrit(n_units - 1, 0.975)) * error
    return {
        "n_units": n_units,
        "before": float(shares @ before),
        "after": float(shares @ after),
        "change": change,
        "standard_error": error,
        "lower": change - reach,
        "upper": change + reach,
    }


def _examine_if_possible(design: PanelDesign) -> Pretrend | NotAvailable:
    try:
        return examine_design(design)
    except ModelError as reason:
        return NotAvailable(str(reason))


def _check_size(n_smaller: int) -> Check:
    return Check(
        name="both groups are large enough for clustered errors (units)",
        passed=n_smaller >= MINIMUM_UNITS,
        statistic=float(n_smaller),
        threshold=f">= {MINIMUM_UNITS}",
        source="rule of this study, after Cameron & Miller (2015), section VI",
        consequence="the error may be too small: read the interval as a lower bound",
    )
