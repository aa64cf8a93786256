"""Repeat purchases of all customers week by week, beside what every model expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.holdout import track_purchases

CALENDAR = ["week", "week ends", "period"]


@dataclass(frozen=True, eq=False)
class TrackedModels:
    """Cumulative repeat purchases, actual and expected by each model.

    Parameters
    ----------
    weekly : DataFrame
        ``week``, ``week ends``, ``period``, ``actual`` and one column a model, cumulative.
    models : tuple of str
        Names of the models.
    totals : DataFrame
        One row a model: ``model``, ``purchases expected`` in the hold-out period by the
        model of new customers, and ``made``; empty without a hold-out period.
    n : int
        Customers followed: those known at the end of calibration.
    whole_weeks : int
        Weeks that are not cut short by the end of the data.
    calibration_weeks : float
        Length of the calibration period.
    """

    weekly: pd.DataFrame
    models: tuple[str, ...]
    totals: pd.DataFrame
    n: int
    whole_weeks: int
    calibration_weeks: float

    def increments(self) -> pd.DataFrame:
        """Purchases of each week; a last week that is cut short is left out."""
        columns = ["actual", *self.models]
        weekly = self.weekly.copy()
        sums = weekly[columns].astype(float)
        weekly[columns] = sums.diff().fillna(sums)
        return weekly.head(self.whole_weeks)

    def table(self) -> pd.DataFrame:
        """Per model how far the forecast strays in the hold-out: at its end, and by week."""
        if self.totals.empty:
            raise ModelError("no hold-out period was set aside")
        steps = self.increments()
        steps = steps[steps["week"] > np.ceil(self.calibration_weeks)]
        table = self.totals.copy()
        made = table["made"].where(table["made"] > 0)
        table["error of the total"] = table["purchases expected"] / made - 1
        table["mean absolute error a week"] = [
            float((steps[name] - steps["actual"]).abs().mean()) for name in table["model"]
        ]
        table["mean of the weeks"] = float(steps["actual"].mean())
        return table

    def to_metrics(self) -> dict[str, float]:
        """Relative error of the hold-out total, by model."""
        table = self.table().set_index("model")["error of the total"].dropna()
        names = {name: name.lower().replace("/", "_") for name in table.index}
        return {
            "weeks": len(self.weekly),
            **{f"{names[name]}_total_error": float(table[name]) for name in table.index},
        }


@passes_absence
def track_models(
    models: Mapping[str, PurchaseResult | NotAvailable], summary: PurchaseSummary
) -> TrackedModels:
    """Follow the repeat purchases of all customers, beside the expectation of each model.

    The expectation is that of new customers, summed over the days on which they came;
    nothing of their later history goes in (see
    :func:`~crmstudy.value.validation.holdout.track_purchases`).

    Parameters
    ----------
    models : mapping of str to PurchaseResult
        Fitted on ``summary``; absent ones are left out.
    summary : PurchaseSummary
        Histories with daily counts.

    Raises
    ------
    ModelError
        If no model could be fitted, or the summary holds no daily counts.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). Marketing Science, 24(2), 275-284
    (figures 3 and 4).
    """
    fitted = {name: one for name, one in models.items() if not isinstance(one, NotAvailable)}
    if not fitted:
        reasons = [one.reason for one in models.values() if isinstance(one, NotAvailable)]
        raise ModelError(reasons[0] if reasons else "no purchase model was given")
    curves = {name: track_purchases(one, summary).weekly for name, one in fitted.items()}
    weekly = next(iter(curves.values()))[[*CALENDAR, "actual"]].copy()
    for name, curve in curves.items():
        weekly[name] = curve["expected"]
    days = 0 if summary.repeats_by_day is None else summary.repeats_by_day.size
    return TrackedModels(
        weekly=weekly,
        models=tuple(fitted),
        totals=_sum_holdout(fitted, summary),
        n=len(summary.customers),
        whole_weeks=days // 7,
        calibration_weeks=(days - summary.holdout_days) / 7,
    )


def _sum_holdout(models: Mapping[str, PurchaseResult], summary: PurchaseSummary) -> pd.DataFrame:
    """Purchases in the hold-out period that each model expects of its customers when new."""
    if not summary.holdout_days:
        return pd.DataFrame(columns=["model", "purchases expected", "made"])
    later = summary.T + summary.holdout
    expected = [
        float((model.expected_purchases(later) - model.expected_purchases(summary.T)).sum())
        for model in models.values()
    ]
    made = int(summary.customers["holdout_purchases"].sum())
    return pd.DataFrame({"model": list(models), "purchases expected": expected, "made": made})
