"""Rival forecasts of the hold-out purchases: models, and what managers do without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.value.histories.period import Split
from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.purchasing.btyd import PurchaseResult

Floats = NDArray[np.float64]

PAST_RATE = "past rate"
SCALED = "calibration count, scaled"
NOTHING = "no further purchase"
HIATUS = "past rate unless silent"


@dataclass(frozen=True, eq=False)
class Hiatus:
    """After how many weeks of silence a customer is taken to have left.

    Parameters
    ----------
    weeks : float
        The limit; infinity where it is best to count nobody as lost.
    tried : DataFrame
        One row a limit: ``weeks of silence``, ``share taken as active``, of those who did
        and who did not come back in the inner hold-out the share rightly foretold
        (``active rightly``, ``inactive rightly``), and the mean of the two.
    calibration_end, holdout_end : str
        The inner split, both within the calibration period.
    """

    weeks: float
    tried: pd.DataFrame
    calibration_end: str
    holdout_end: str

    def table(self) -> pd.DataFrame:
        """Every limit tried, with its error."""
        return self.tried.copy()

    def to_metrics(self) -> dict[str, float]:
        """The limit, where there is one, and how many were tried."""
        limit = {"hiatus_weeks": self.weeks} if np.isfinite(self.weeks) else {}
        return {**limit, "limits_tried": len(self.tried)}


@passes_absence
def choose_hiatus(transactions: pd.DataFrame, split: Split) -> Hiatus:
    """Choose the limit of silence within the calibration period alone.

    The calibration period is split once more, in the same proportion as the whole; that
    whole number of weeks is taken which best tells those who come back in the inner
    hold-out from those who do not: the mean of the two shares rightly foretold is largest.
    Managers set such limits by experience; this choice lets the rule see no day of the
    hold-out period, and judges it by the work it was made for.

    Parameters
    ----------
    transactions : DataFrame
        Canonical transactions.
    split : Split
        From :func:`~crmstudy.value.histories.period.split_period`.

    Raises
    ------
    ModelError
        If the calibration period is too short to be split, or nobody bought in its end.

    References
    ----------
    Wuebben, M. & von Wangenheim, F. (2008). Instant customer base analysis: Managerial
    heuristics often "get it right". Journal of Marketing, 72(3), 82-93.
    """
    inner = _split_again(transactions, split)
    summary = summarise_purchases(
        transactions, calibration_end=inner.calibration_end, holdout_end=inner.holdout_end
    )
    back = summary.customers["holdout_purchases"].to_numpy() > 0
    if not back.any() or back.all():
        who = "everybody" if back.all() else "nobody"
        raise ModelError(f"{who} bought at the end of calibration: no limit of silence is better")
    silence = summary.T - summary.t_x
    limits = np.append(np.inf, np.arange(np.floor(summary.T.max()), 0.0, -1.0))
    active = silence[:, None] <= limits * 7 / summary.unit_days
    tried = pd.DataFrame(
        {
            "weeks of silence": limits,
            "share taken as active": active.mean(axis=0),
            "active rightly": active[back].mean(axis=0),
            "inactive rightly": 1 - active[~back].mean(axis=0),
        }
    )
    tried["mean of both"] = (tried["active rightly"] + tried["inactive rightly"]) / 2
    best = int(tried["mean of both"].argmax())  # the longest of equals
    return Hiatus(float(limits[best]), tried, inner.calibration_end, inner.holdout_end)


def _split_again(transactions: pd.DataFrame, split: Split) -> Split:
    first = transactions["ordered_at"].min().normalize()
    end, last = pd.Timestamp(split.calibration_end), pd.Timestamp(split.holdout_end)
    seen, ahead = (end - first).days + 1, (last - end).days
    inner = round(seen * seen / (seen + ahead))
    if min(inner, seen - inner) < 7:
        raise ModelError(f"a calibration of {seen} days is too short to choose a limit of silence")
    return Split(f"{first + pd.Timedelta(days=inner - 1):%Y-%m-%d}", split.calibration_end)


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What each rival expects of each customer in the hold-out period, and what came.

    Parameters
    ----------
    expected : DataFrame of shape (n_customers, n_forecasts)
        Purchases, a column a rival: models first, in the order given.
    actual : array of shape (n_customers,)
        Purchases made.
    models : dict
        The models among the rivals.
    """

    expected: pd.DataFrame
    actual: Floats
    models: dict[str, PurchaseResult]

    def list_heuristics(self) -> list[str]:
        """Names of the rivals that are no model."""
        return [str(name) for name in self.expected.columns if name not in self.models]


def forecast_purchases(
    models: Mapping[str, PurchaseResult | NotAvailable],
    summary: PurchaseSummary,
    *,
    hiatus: Hiatus | NotAvailable | None = None,
) -> Forecasts:
    """Let every model and every heuristic forecast the hold-out period.

    Parameters
    ----------
    models : mapping
        Purchase models by name, fitted on ``summary``; absent ones are left out.
    summary : PurchaseSummary
        Histories with a hold-out period.
    hiatus : Hiatus, optional
        The limit of silence, for the fourth heuristic.

    Raises
    ------
    ModelError
        If no hold-out period was set aside, or no model could be fitted.
    """
    if not summary.holdout_days:
        raise ModelError("no hold-out period was set aside")
    fitted = {name: one for name, one in models.items() if not isinstance(one, NotAvailable)}
    if not fitted:
        reasons = [one.reason for one in models.values() if isinstance(one, NotAvailable)]
        raise ModelError(reasons[0] if reasons else "no purchase model was given")
    rate = _past_rate(summary)
    expected = {
        name: model.conditional_expected_purchases(
            summary.x, summary.t_x, summary.T, summary.holdout
        )
        for name, model in fitted.items()
    }
    expected[PAST_RATE] = rate
    expected[SCALED] = summary.x * summary.holdout / max(float(summary.T.max()), 1e-9)
    if isinstance(hiatus, Hiatus):
        limit = hiatus.weeks * 7 / summary.unit_days
        expected[HIATUS] = np.where(summary.T - summary.t_x <= limit, rate, 0.0)
    expected[NOTHING] = np.zeros_like(rate)
    return Forecasts(
        expected=pd.DataFrame(expected, index=pd.Index(summary.customers["customer_id"])),
        actual=summary.customers["holdout_purchases"].to_numpy(np.float64),
        models=fitted,
    )


def _past_rate(summary: PurchaseSummary) -> Floats:
    """Purchases in the hold-out period if everybody went on as before."""
    rate = np.divide(summary.x, summary.T, out=np.zeros_like(summary.x), where=summary.T > 0)
    return rate * summary.holdout
