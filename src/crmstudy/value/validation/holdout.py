"""Can the purchase model be trusted? Its forecast against what was held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import PurchaseResult


@dataclass(frozen=True, eq=False)
class HoldoutComparison:
    """Purchases in the hold-out period, actual and expected.

    Parameters
    ----------
    model : str
        Name of the purchase model.
    by_frequency : DataFrame
        One row per number of repeat purchases in calibration: customers, actual and
        expected mean number of purchases in the hold-out period.
    actual, expected : float
        Totals over all customers.
    mae_model, mae_naive : float
        Mean absolute error over customers, of the model and of the heuristic that
        everybody buys on at her past rate x / T.
    n : int
        Customers.
    """

    model: str
    by_frequency: pd.DataFrame
    actual: float
    expected: float
    mae_model: float
    mae_naive: float
    n: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the model is worth its trouble."""
        return (
            Check(
                name="the model predicts better than the past rate",
                passed=self.mae_model < self.mae_naive,
                statistic=self.mae_model / self.mae_naive if self.mae_naive else np.inf,
                threshold="ratio of mean absolute errors < 1",
                source="Wuebben & Wangenheim (2008)",
                consequence="use the simple heuristic",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Actual and expected means by number of past purchases."""
        return self.by_frequency.copy()

    def to_metrics(self) -> dict[str, float]:
        """Totals and errors."""
        return {
            "n": self.n,
            "holdout_actual": self.actual,
            "holdout_expected": self.expected,
            "mae_model": self.mae_model,
            "mae_naive": self.mae_naive,
        }


@passes_absence
def compare_holdout(
    result: PurchaseResult, summary: PurchaseSummary, *, top_bin: int = 7
) -> HoldoutComparison:
    """Compare the purchases expected in the hold-out period with the actual ones.

    Parameters
    ----------
    result : BgNbdResult or ParetoNbdResult
        Fitted on the calibration period of ``summary``.
    summary : PurchaseSummary
        Histories with ``holdout_purchases``.
    top_bin : int
        Customers with so many repeat purchases or more share one row.

    Raises
    ------
    ModelError
        If no hold-out period was set aside.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). Marketing Science, 24(2), 275-284
    (figure 5). Wuebben, M. & von Wangenheim, F. (2008). Instant customer base analysis:
    Managerial heuristics often "get it right". Journal of Marketing, 72(3), 82-93.
    """
    _require_holdout(summary)
    x, T = summary.x, summary.T
    actual = summary.customers["holdout_purchases"].to_numpy(np.float64)
    expected = result.conditional_expected_purchases(x, summary.t_x, T, summary.holdout)
    naive = np.divide(x, T, out=np.zeros_like(x), where=T > 0) * summary.holdout
    frame = pd.DataFrame(
        {"bin": np.minimum(x, top_bin).astype(int), "actual": actual, "expected": expected}
    )
    means = frame.groupby("bin").agg(
        customers=("actual", "size"), actual=("actual", "mean"), expected=("expected", "mean")
    )
    labels = [f"{top_bin} or more" if value == top_bin else str(value) for value in means.index]
    means.insert(0, "repeat purchases", labels)
    return HoldoutComparison(
        model=result.model,
        by_frequency=means.reset_index(drop=True),
        actual=float(actual.sum()),
        expected=float(expected.sum()),
        mae_model=float(np.abs(actual - expected).mean()),
        mae_naive=float(np.abs(actual - naive).mean()),
        n=x.size,
    )


@dataclass(frozen=True, eq=False)
class Tracking:
    """Cumulative repeat purchases of all customers, week by week.

    Parameters
    ----------
    model : str
        Name of the purchase model.
    weekly : DataFrame
        ``week``, ``week ends`` (last day, inclusive), ``period`` (calibration or
        hold-out), ``actual`` and ``expected`` cumulative repeat purchases.
    """

    model: str
    weekly: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a week."""
        return self.weekly.copy()

    def to_metrics(self) -> dict[str, float]:
        """Totals at the end, and how far the forecast strays during the hold-out period."""
        last = self.weekly.iloc[-1]
        ahead = self.weekly[self.weekly["period"] == "hold-out"]
        metrics = {
            "weeks": len(self.weekly),
            "actual": float(last["actual"]),
            "expected": float(last["expected"]),
        }
        if len(ahead):
            error = (ahead["expected"] / ahead["actual"] - 1).abs()
            metrics["holdout_mape"] = float(error.mean())
        return metrics


@passes_absence
def track_purchases(result: PurchaseResult, summary: PurchaseSummary) -> Tracking:
    """Follow the repeat purchases of all customers over calibration and hold-out.

    The expectation is that of new customers, summed over the days on which they came:
    nothing of their later history goes in.

    Parameters
    ----------
    result : BgNbdResult or ParetoNbdResult
        Fitted on ``summary``.
    summary : PurchaseSummary
        From :func:`summarise_purchases`.

    Raises
    ------
    ModelError
        If the summary holds no daily counts.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). Marketing Science, 24(2), 275-284
    (figure 4).
    """
    daily = summary.repeats_by_day
    if daily is None:
        raise ModelError("the summary holds no daily counts of purchases")
    days = daily.size
    last_day = np.minimum(7 * np.arange(1, -(-days // 7) + 1), days) - 1
    calibration_day = days - 1 - summary.holdout_days
    # The calendar starts with the first purchase of anyone, day 0.
    age_days = np.rint(summary.T * summary.unit_days).astype(np.int64)
    birth, newcomers = np.unique(calibration_day - age_days, return_counts=True)
    observed = np.maximum(last_day[:, None] - birth, 0) / summary.unit_days
    weekly = pd.DataFrame(
        {
            "week": np.arange(1, last_day.size + 1),
            "week ends": daily.index[last_day],
            "period": np.where(last_day <= calibration_day, "calibration", "hold-out"),
            "actual": daily.cumsum().to_numpy()[last_day],
            "expected": result.expected_purchases(observed) @ newcomers,
        }
    )
    return Tracking(result.model, weekly)


def _require_holdout(summary: PurchaseSummary) -> None:
    if not summary.holdout_days:
        raise ModelError("no hold-out period was set aside")
