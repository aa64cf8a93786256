"""Do expectations hold for the frequent and the rare, the recent and the silent customer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.forecasts import PAST_RATE, forecast_purchases
from crmstudy.value.validation.predictive import predict_counts

Floats = NDArray[np.float64]

FREQUENCY = "repeat purchases"
SILENCE = "full weeks since the last purchase"


@dataclass(frozen=True, eq=False)
class Conditional:
    """Mean hold-out purchases of groups of customers, actual and expected by each model.

    Parameters
    ----------
    groups : DataFrame
        ``by`` (what the groups rest on), ``group`` (its label), ``customers``, ``actual``
        with ``95% lower`` and ``95% upper``, and one column a model and one for the past rate.
    models : tuple of str
        Names of the models.
    """

    groups: pd.DataFrame
    models: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Every group, by frequency first."""
        return self.groups.copy()

    def to_metrics(self) -> dict[str, float]:
        """Share of the groups whose interval holds what a model expected, by model."""
        inside = {
            name: self.groups[name].between(self.groups["95% lower"], self.groups["95% upper"])
            for name in self.models
        }
        return {
            f"{name.lower().replace('/', '_')}_groups_inside": float(flags.mean())
            for name, flags in inside.items()
        }


@passes_absence
def expect_by_group(
    models: Mapping[str, PurchaseResult | NotAvailable],
    summary: PurchaseSummary,
    *,
    top_bin: int = 7,
    n_bins: int = 8,
) -> Conditional:
    """Compare expected with actual hold-out purchases by frequency and by silence.

    Parameters
    ----------
    models : mapping of str to PurchaseResult
        Fitted on ``summary``; absent ones are left out.
    summary : PurchaseSummary
        Histories with a hold-out period.
    top_bin : int
        Customers with so many repeat purchases or more are one group; where they are most
        of the customers, groups of about equal size are formed instead.
    n_bins : int
        Groups of about equal size.

    Raises
    ------
    ModelError
        If no hold-out period was set aside, or no model could be fitted.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). Marketing Science, 24(2), 275-284
    (figure 5).
    """
    forecasts = forecast_purchases(models, summary)
    frame = forecasts.expected[[*forecasts.models, PAST_RATE]].reset_index(drop=True)
    frame.insert(0, "actual", forecasts.actual)
    counts, names = _bin_frequency(summary.x, top_bin, n_bins)
    weeks = np.floor((summary.T - summary.t_x) * summary.unit_days / 7 + 1e-9)
    silence, labels = bin_evenly(weeks, n_bins)
    groups = [
        _describe(frame, counts, names, FREQUENCY),
        _describe(frame, silence, labels, SILENCE),
    ]
    return Conditional(pd.concat(groups, ignore_index=True), tuple(forecasts.models))


def _bin_frequency(
    x: Floats, top_bin: int, n_bins: int
) -> tuple[NDArray[np.int64], dict[int, str]]:
    if (x >= top_bin).mean() > 0.5:
        return bin_evenly(x, n_bins)
    counts = np.minimum(x, top_bin).astype(np.int64)
    names = {int(k): f"{top_bin} or more" if k == top_bin else str(k) for k in np.unique(counts)}
    return counts, names


def bin_evenly(
    values: Floats, n_bins: int, *, style: str = ".4g"
) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Cut numbers into groups of about equal size, equal ones together, and name them.

    Groups are named by their ends, in the ``style`` told unless all numbers are whole.
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1]))
    which = np.searchsorted(edges, values, side="left").astype(np.int64)
    style = ".0f" if (values % 1 == 0).all() else style
    names = {}
    for position in np.unique(which):
        inside = values[which == position]
        low, high = f"{inside.min():{style}}", f"{inside.max():{style}}"
        names[int(position)] = low if low == high else f"{low}–{high}"
    return which, names


def _describe(
    frame: pd.DataFrame, which: NDArray[np.int64], names: Mapping[int, str], by: str
) -> pd.DataFrame:
    grouped = frame.groupby(which)
    means, sizes = grouped.mean(), grouped.size()
    spread = bound_mean(grouped["actual"].std(), sizes)
    table = pd.DataFrame(
        {
            "by": by,
            "group": [names[int(k)] for k in means.index],
            "customers": sizes,
            "actual": means["actual"],
            "95% lower": np.maximum(means["actual"] - spread, 0.0),
            "95% upper": means["actual"] + spread,
        }
    )
    return table.join(means.drop(columns="actual"))


def bound_mean(deviations: pd.Series, sizes: pd.Series) -> Floats:
    """Half the length of the 95% interval of group means; 0 for a group of one."""
    half = 1.959963984540054 * deviations.to_numpy(np.float64) / np.sqrt(sizes.to_numpy())
    return np.nan_to_num(half)


@dataclass(frozen=True, eq=False)
class AliveCalibration:
    """How many of those taken as active bought, and how many the model expected to.

    Parameters
    ----------
    model : str
        Name of the purchase model.
    groups : DataFrame
        ``probability of being active`` (mean of the group), ``customers``,
        ``expected to buy`` (mean probability of one purchase or more), ``bought`` (share)
        with ``95% lower`` and ``95% upper``.
    brier, brier_constant : float
        Mean squared error of the probability of buying; of giving everybody the same share.
    n : int
        Customers.
    """

    model: str
    groups: pd.DataFrame
    brier: float
    brier_constant: float
    n: int

    def table(self) -> pd.DataFrame:
        """One row a group, the least active first."""
        return self.groups.copy()

    def to_metrics(self) -> dict[str, float]:
        """Shares over all customers, and the Brier scores."""
        weights = self.groups["customers"] / self.n
        return {
            "n": self.n,
            "share_expected_to_buy": float((weights * self.groups["expected to buy"]).sum()),
            "share_that_bought": float((weights * self.groups["bought"]).sum()),
            "brier": self.brier,
            "brier_constant": self.brier_constant,
        }


@passes_absence
def calibrate_alive(
    result: PurchaseResult, summary: PurchaseSummary, *, n_bins: int = 8
) -> AliveCalibration:
    """Hold the probability of being active against who bought in the hold-out period.

    Nobody sees who is active. An active customer need not buy within the hold-out, so that
    fewer buy than are active; what can be checked is the probability of one purchase or
    more, which the same model gives. One-time buyers are a group of their own: in the
    BG/NBD model all of them count as active.

    Parameters
    ----------
    result : PurchaseResult
        Fitted on ``summary``.
    summary : PurchaseSummary
        Histories with a hold-out period.
    n_bins : int
        Groups of about equal size of the customers with a repeat purchase.

    Raises
    ------
    ModelError
        If no hold-out period was set aside, or the model gives no distribution of counts.
    """
    if not summary.holdout_days:
        raise ModelError("no hold-out period was set aside")
    history = summary.x, summary.t_x, summary.T
    alive = result.probability_alive(*history)
    buys = 1 - predict_counts(result, *history, summary.holdout, 0)
    bought = summary.customers["holdout_purchases"].to_numpy() > 0
    which = np.zeros(alive.size, dtype=np.int64)
    back = summary.x > 0
    which[back] = 1 + bin_evenly(alive[back], n_bins)[0]
    frame = pd.DataFrame({"alive": alive, "buys": buys, "bought": bought, "which": which})
    means = frame.groupby("which").mean().sort_values("alive", kind="stable")
    sizes = frame.groupby("which").size()[means.index]
    lower, upper = wilson_limits(means["bought"] * sizes, sizes)
    groups = pd.DataFrame(
        {
            "customers who": ["never came back" if k == 0 else "came back" for k in means.index],
            "probability of being active": means["alive"],
            "customers": sizes,
            "expected to buy": means["buys"],
            "bought": means["bought"],
            "95% lower": lower,
            "95% upper": upper,
        }
    ).reset_index(drop=True)
    share = bought.mean()
    return AliveCalibration(
        model=result.model,
        groups=groups,
        brier=float(((buys - bought) ** 2).mean()),
        brier_constant=float(share * (1 - share)),
        n=alive.size,
    )
