"""Does the retention model foretell renewals that it has not seen?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.value.contractual.contracts import Contracts, count_contracts
from crmstudy.value.contractual.plans import PlanRetention, fit_plans
from crmstudy.value.contractual.retention import (
    ConstantRetention,
    Retention,
    fit_constant_retention,
)


@dataclass(frozen=True, eq=False)
class Projection:
    """Contracts that ran on one day, and how many were renewed afterwards.

    Parameters
    ----------
    rows : DataFrame
        ``plan``, ``renewals ahead``, ``contracts`` (due for so many renewals in the
        hold-out period), ``still running``, ``expected`` and ``expected at one rate``
        (contracts), ``share running`` with ``lower`` and ``upper`` (Wilson), ``expected
        share`` and ``expected share at one rate``.
    fitted : PlanRetention
        The models, which saw nothing after ``calibration_end``.
    calibration_end, until : str
        Last day the models saw, and last day of the hold-out period.
    """

    rows: pd.DataFrame
    fitted: PlanRetention
    calibration_end: str
    until: str

    def table(self) -> pd.DataFrame:
        """One row a plan and number of renewals ahead."""
        return self.rows.copy()

    def to_metrics(self) -> dict[str, float]:
        """Mean absolute error of the expected share, of the model and at one rate for all.

        Weighted by the contracts behind each share.
        """
        rows = self.rows
        weights = rows["contracts"] / rows["contracts"].sum()
        errors = {
            "mae_model": rows["expected share"] - rows["share running"],
            "mae_one_rate": rows["expected share at one rate"] - rows["share running"],
        }
        return {
            "contracts": int(rows.groupby("plan")["contracts"].max().sum()),
            **{name: float((error.abs() * weights).sum()) for name, error in errors.items()},
        }


@passes_absence
def check_projection(
    subscriptions: pd.DataFrame, *, calibration_end: str, until: str, level: float = 0.95
) -> Projection:
    """Fit retention up to one day and foretell the renewals after it.

    A contract is counted for ``h`` renewals ahead when its h-th renewal date after
    ``calibration_end`` came by ``until``, whether or not it lived to see it.

    Parameters
    ----------
    subscriptions : DataFrame
        As :func:`count_contracts` takes them.
    calibration_end, until : str
        Last day the models see, and last day observed.

    Raises
    ------
    ModelError
        If no model can be fitted by then, or no contract with a model came up for renewal
        afterwards.
    """
    if pd.Timestamp(calibration_end) >= pd.Timestamp(until):
        raise ModelError(f"no day lies between {calibration_end} and {until} to test renewals on")
    before = count_contracts(subscriptions, until=calibration_end)
    fitted = fit_plans(before)
    after = count_contracts(subscriptions, until=until)
    joined = _join(before, after)
    frames = [
        _project(plan, joined[joined["plan"] == plan], fitted, level)
        for plan in before.plans
        if fitted.of_plan(plan) is not None
    ]
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        raise ModelError(f"no running contract came up for renewal after {calibration_end}")
    return Projection(rows, fitted, before.until, after.until)


def _join(before: Contracts, after: Contracts) -> pd.DataFrame:
    """Contracts that ran at the end of calibration, with what became of them."""
    running = before.rows.loc[~before.rows["ended"], ["subscription_id", "plan", "renewals"]]
    later = after.rows[["subscription_id", "renewals", "chances"]]
    return running.merge(later, on="subscription_id", suffixes=("", "_later"), validate="1:1")


def _project(plan: str, joined: pd.DataFrame, fitted: PlanRetention, level: float) -> pd.DataFrame:
    model = fitted.of_plan(plan)
    assert model is not None
    constant = fit_constant_retention(fitted.contracts.renewals(plan))
    behind, due = joined["renewals"].to_numpy(), (joined["chances"] - joined["renewals"]).to_numpy()
    renewed = (joined["renewals_later"] - joined["renewals"]).to_numpy()
    ahead = np.arange(1, int(due.max(initial=0)) + 1)
    counted = [behind[due >= h] for h in ahead]
    still = np.array([np.count_nonzero(renewed[due >= h] >= h) for h in ahead])
    n = np.array([group.size for group in counted])
    lower, upper = wilson_limits(still, n, confidence=level) if n.size else (still, still)
    expected = _expect(model, counted, ahead)
    at_one_rate = _expect(constant, counted, ahead)
    return pd.DataFrame(
        {
            "plan": plan,
            "renewals ahead": ahead,
            "contracts": n,
            "still running": still,
            "expected": expected,
            "expected at one rate": at_one_rate,
            "share running": still / n,
            "lower": lower,
            "upper": upper,
            "expected share": expected / n,
            "expected share at one rate": at_one_rate / n,
        }
    )


def _expect(
    model: Retention | ConstantRetention,
    counted: list[npt.NDArray[np.int64]],
    ahead: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Expected contracts still running after so many renewals more."""
    return np.array(
        [
            float((model.survival(group + h) / model.survival(group)).sum())
            for group, h in zip(counted, ahead, strict=True)
        ]
    )
