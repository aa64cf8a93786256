"""Money in the hold-out period: expected spend and revenue against what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.period import Split
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.conditional import bin_evenly, bound_mean
from crmstudy.value.validation.errors_of_forecasts import (
    bootstrap_differences,
    measure_errors,
    read_cell,
    tabulate_errors,
)

Floats = NDArray[np.float64]

STAGE = 91
MODEL = "model"
NAIVE = "past spend x past rate"
ONE_SPEND = "expected purchases x mean spend of all"
DECILES = 10


@dataclass(frozen=True, eq=False)
class RevenueTest:
    """Revenue and spend of the hold-out period, expected and actual.

    Parameters
    ----------
    customers : DataFrame indexed by customer_id
        ``actual`` (revenue in the hold-out), the forecasts ``model``,
        ``past spend x past rate`` and ``expected purchases x mean spend of all``,
        ``expected spend`` and ``actual spend`` (per purchase, missing without one).
    scores : DataFrame indexed by forecast
        As :func:`measure_errors` gives it, with ``share caught by the top tenth``.
    differences : DataFrame indexed by forecast
        As :func:`bootstrap_differences` gives it, against the model.
    spend_groups : DataFrame
        ``past mean spend`` (label), ``customers``, ``expected``, ``actual``, limits.
    top_share : tuple of float
        Share of revenue that the model's top tenth brought, with its interval.
    n_unpriced : int
        Hold-out purchases without a known amount, which no revenue can hold.
    """

    customers: pd.DataFrame
    scores: pd.DataFrame
    differences: pd.DataFrame
    spend_groups: pd.DataFrame
    top_share: tuple[float, float, float]
    n_unpriced: int

    @property
    def n(self) -> int:
        """Customers."""
        return len(self.customers)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the model is worth its trouble where money is counted."""
        model, naive = (self._score("root mean squared error", name) for name in (MODEL, NAIVE))
        return (
            Check(
                name="revenue is foretold better than by past spend and past rate",
                passed=model < naive,
                statistic=model / naive if naive else np.inf,
                threshold="ratio of root mean squared errors < 1",
                source="Wuebben & Wangenheim (2008)",
                consequence="rank customers by what they spent",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Every forecast with its errors and its distance to the model."""
        table = tabulate_errors(self.scores, self.differences, difference="more than the model")
        names = {"expected": "revenue expected"}
        return table.rename(columns=names).reset_index()

    def deciles(self) -> pd.DataFrame:
        """Customers in tenths by expected revenue, the largest first.

        Returns
        -------
        DataFrame
            ``tenth`` (1 = largest expected), ``customers``, ``expected`` and ``actual``
            (mean revenue), ``share of revenue``; of the rival order by the past the
            ``share of revenue, by the past``, and of the best possible order
            ``share of revenue, at best``. Customers with equal forecasts share a tenth's
            places evenly.
        """
        actual = self.customers["actual"].to_numpy()
        total = actual.sum()
        expected = self.customers[MODEL].to_numpy()
        edges = np.linspace(0, 1, DECILES + 1)
        shares = [
            np.diff(gain_curve(order, actual, edges))
            for order in (expected, self.customers[NAIVE].to_numpy(), actual)
        ]
        size = actual.size / DECILES
        return pd.DataFrame(
            {
                "tenth": np.arange(1, DECILES + 1),
                "customers": size,
                "expected": np.diff(gain_curve(expected, expected, edges)) * expected.sum() / size,
                "actual": shares[0] * total / size,
                "share of revenue": shares[0],
                "share of revenue, by the past": shares[1],
                "share of revenue, at best": shares[2],
            }
        )

    def _score(self, column: str, forecast: str = MODEL) -> float:
        return read_cell(self.scores, forecast, column)

    def to_metrics(self) -> dict[str, float]:
        """Totals, errors and the catch of the top tenth."""
        share, lower, upper = self.top_share
        metrics = {
            "n": self.n,
            "revenue_actual": self._score("made"),
            "revenue_expected": self._score("expected"),
            "bias": self._score("bias"),
            "mae": self._score("mean absolute error"),
            "mae_naive": self._score("mean absolute error", NAIVE),
            "rmse": self._score("root mean squared error"),
            "rmse_naive": self._score("root mean squared error", NAIVE),
            "rank_correlation": self._score("rank correlation"),
            "top_tenth_share": share,
            "top_tenth_share_lower": lower,
            "top_tenth_share_upper": upper,
            "top_tenth_share_naive": self._score("share caught by the top tenth", NAIVE),
        }
        return {name: value for name, value in metrics.items() if not np.isnan(value)}


def gain_curve(order: Floats, gains: Floats, shares: Floats) -> Floats:
    """Share of all gains that the customers first in an order bring.

    Equal customers stand in no order: what they bring is spread evenly over their places,
    which is the mean over all orders of them.

    Parameters
    ----------
    order, gains : arrays of shape (n,)
        What customers are ranked by, largest first, and what each brings.
    shares : array
        Shares of the customers, from 0 to 1.
    """
    which = np.unique(-order, return_inverse=True)[1]
    return _gain(which, gains, shares)


def _gain(place: NDArray[np.intp], gains: Floats, shares: Floats) -> Floats:
    """The same from the places of the customers, 0 first; equal ones share a place."""
    brought = np.bincount(place, weights=gains)
    corners = np.append(0.0, np.cumsum(np.bincount(place))) / gains.size
    return np.interp(shares, corners, np.append(0.0, np.cumsum(brought)) / gains.sum())


@passes_absence
def compare_revenue(
    purchases: PurchaseResult,
    spend: GammaGammaResult,
    summary: PurchaseSummary,
    transactions: pd.DataFrame,
    split: Split,
    *,
    seed: int,
    n_replicates: int = 200,
) -> RevenueTest:
    """Hold expected spend and revenue against those of the hold-out period.

    Expected revenue is expected purchases times expected spend, undiscounted, as lifetime
    value takes it; its naive rival is the customer's past mean spend times her past rate.
    Actual revenue is what the purchases brought; returns are no purchases and not
    subtracted, as in the histories.

    Parameters
    ----------
    purchases, spend : PurchaseResult, GammaGammaResult
        Fitted on ``summary``.
    summary : PurchaseSummary
        Histories with a hold-out period.
    transactions : DataFrame
        Canonical transactions, for the money of the hold-out period.
    split : Split
        The split of ``summary``.
    seed : int
        Seed of the bootstrap over customers.
    n_replicates : int
        Bootstrap samples.

    Raises
    ------
    ModelError
        If no hold-out period was set aside, or nothing was sold in it for a known amount.
    """
    if not summary.holdout_days:
        raise ModelError("no hold-out period was set aside")
    frame, expected = _forecast(purchases, spend, summary), [MODEL, NAIVE, ONE_SPEND]
    money = _sum_holdout(transactions, split).reindex(frame.index, fill_value=0.0)
    if not money["revenue"].sum() > 0:
        raise ModelError("no purchase of the hold-out period has a known amount above 0")
    frame.insert(0, "actual", money["revenue"])
    frame["actual spend"] = money["revenue"] / money["priced"].where(money["priced"] > 0)
    actual = frame["actual"].to_numpy()
    scores = measure_errors(frame[expected], actual)
    scores["share caught by the top tenth"] = [
        float(gain_curve(frame[name].to_numpy(), actual, np.array([0.1]))[0]) for name in expected
    ]
    seeds = draw_seeds(seed, stage=STAGE, n=2)
    differences = bootstrap_differences(
        frame[expected], actual, reference=MODEL, seed=seeds[0], n_replicates=n_replicates
    )
    top = _bound_top(frame[MODEL].to_numpy(), actual, seeds[1], n_replicates)
    groups = _compare_spend(frame, summary)
    return RevenueTest(frame, scores, differences, groups, top, int(money["unpriced"].sum()))


def _forecast(
    purchases: PurchaseResult, spend: GammaGammaResult, summary: PurchaseSummary
) -> pd.DataFrame:
    x, T, ahead = summary.x, summary.T, summary.holdout
    past = summary.customers["mean_spend"].to_numpy(np.float64)
    priced = summary.customers["priced_purchases"].to_numpy(np.float64)
    counts = purchases.conditional_expected_purchases(x, summary.t_x, T, ahead)
    each = spend.expected_spend(priced, past)
    rate = np.divide(x, T, out=np.zeros_like(x), where=T > 0) * ahead
    typical = float(np.nanmean(past))
    return pd.DataFrame(
        {
            MODEL: counts * each,
            NAIVE: rate * np.where(priced > 0, past, typical),
            ONE_SPEND: counts * typical,
            "expected spend": each,
        },
        index=pd.Index(summary.customers["customer_id"]),
    )


def _sum_holdout(transactions: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Revenue, and purchases of known and unknown amount, by customer."""
    day = transactions["ordered_at"].dt.normalize()
    inside = (day > pd.Timestamp(split.calibration_end)) & (day <= pd.Timestamp(split.holdout_end))
    rows = transactions[inside].assign(day=day[inside].to_numpy())
    if "revenue" not in rows:
        raise ModelError("the transactions have no amounts")
    bought = rows[~(rows["revenue"] < 0)]
    bought = bought.assign(unpriced=bought["revenue"].isna())
    days = bought.groupby(["customer_id", "day"]).agg(
        revenue=("revenue", "sum"), unpriced=("unpriced", "any")
    )
    # A purchase of which one line has no amount has none, as in the histories.
    days["revenue"] = days["revenue"].where(~days["unpriced"], 0.0)
    days["priced"] = ~days["unpriced"]
    return days.groupby(level="customer_id").sum().astype(float)


def _bound_top(
    order: Floats, actual: Floats, seed: int, n_replicates: int
) -> tuple[float, float, float]:
    """Share of the top tenth with its percentile bootstrap interval over customers."""
    rows = np.lexsort((actual, -order))
    place, actual = np.unique(-order[rows], return_inverse=True)[1], actual[rows]
    generator, tenth = np.random.default_rng(seed), np.array([0.1])
    draws = []
    for _ in range(n_replicates):
        drawn = generator.integers(actual.size, size=actual.size)
        if actual[drawn].any():
            draws.append(float(_gain(place[drawn], actual[drawn], tenth)[0]))
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return float(_gain(place, actual, tenth)[0]), float(lower), float(upper)


def _compare_spend(frame: pd.DataFrame, summary: PurchaseSummary) -> pd.DataFrame:
    """Spend per purchase of those who bought in the hold-out, by their past mean spend."""
    past = summary.customers["mean_spend"].to_numpy(np.float64)
    bought = frame["actual spend"].notna().to_numpy()
    which = np.zeros(past.size, dtype=np.int64)
    back = bought & ~np.isnan(past)
    names = {0: "none: one-time buyers"}
    if back.any():
        which[back], labels = bin_evenly(past[back], 5, style=".2f")  # money
        which[back] += 1
        names |= {key + 1: label for key, label in labels.items()}
    rows = frame.loc[bought, ["expected spend", "actual spend"]].groupby(which[bought])
    means, sizes = rows.mean(), rows.size()
    spread = bound_mean(rows["actual spend"].std(), sizes)
    return pd.DataFrame(
        {
            "past mean spend": [names[int(key)] for key in means.index],
            "customers": sizes,
            "expected": means["expected spend"],
            "actual": means["actual spend"],
            "95% lower": np.maximum(means["actual spend"] - spread, 0.0),
            "95% upper": means["actual spend"] + spread,
        }
    ).reset_index(drop=True)
