"""Do 95% intervals hold the truth in 95%? Customers simulated from the models, many times over.

For each purchase model: data sets of customers drawn from known parameters, fitted, and asked
whether the Wald and profile intervals hold the parameters, whether the confidence intervals of
customers hold their expectations at the true parameters, whether the prediction intervals hold
what the customers then buy and spend, and whether the intervals of the total hold the total.
Every share is printed with Wilson's 95% interval, over data sets. The number of data sets is the
first argument (default 40, some two minutes; 200 halve the width of what is printed).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmstudy.errors import ModelError
from crmstudy.shares import wilson_limits
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.intervals import LifetimeIntervals, bound_lifetime_value
from crmstudy.value.lifetime.parameter_intervals import profile_intervals
from crmstudy.value.purchasing.btyd import (
    PurchaseResult,
    fit_bg_nbd,
    fit_mbg_nbd,
    fit_pareto_nbd,
)

N_CUSTOMERS, HORIZON_WEEKS, SETS = 2000, 39.0, 40
FITS: dict[str, Callable[[PurchaseSummary], PurchaseResult]] = {
    "BG/NBD": fit_bg_nbd,
    "MBG/NBD": fit_mbg_nbd,
    "Pareto/NBD": fit_pareto_nbd,
}
TRUE = {
    "BG/NBD": {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "MBG/NBD": {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "Pareto/NBD": {"r": 0.6, "alpha": 8.0, "s": 0.7, "beta": 12.0},
}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
Floats = np.ndarray


def draw_customers(rng: np.random.Generator, model: str) -> tuple[PurchaseSummary, Floats, Floats]:
    """Draw histories, and the purchases and the spend of the weeks after them."""
    n, (r, alpha, one, two) = N_CUSTOMERS, TRUE[model].values()
    rate, age = rng.gamma(r, 1 / alpha, n), rng.integers(26, 53, n).astype(float)
    leave, lifetime = np.zeros(n), np.full(n, np.inf)
    if model == "Pareto/NBD":
        lifetime = rng.exponential(1 / rng.gamma(one, 1 / two, n))
    else:
        leave = rng.beta(one, two, n)
    if model == "MBG/NBD":
        lifetime = np.where(rng.random(n) < leave, 0.0, np.inf)
    x, t_x, later, clock = (np.zeros(n) for _ in range(4))
    buying = np.ones(n, dtype=bool)
    while buying.any():
        clock = clock + rng.exponential(1 / rate)
        buying &= clock <= np.minimum(age + HORIZON_WEEKS, lifetime)
        seen = buying & (clock <= age)
        x[seen] += 1
        t_x[seen] = clock[seen]
        later[buying & ~seen] += 1
        buying &= rng.random(n) >= leave
    p, q, v = SPEND.values()
    scale = 1 / rng.gamma(q, 1 / v, n)
    spent = rng.gamma(p * np.maximum(x, 1)) * scale
    value = np.where(later > 0, rng.gamma(p * np.maximum(later, 1)) * scale, 0.0)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "repeat_purchases": x,
            "last_purchase_weeks": t_x,
            "age_weeks": age,
            "mean_spend": np.divide(spent, x, out=np.full(n, np.nan), where=x > 0),
            "priced_purchases": x,
        }
    )
    return PurchaseSummary(frame), later, value


def inside(lower: ArrayLike, truth: Floats, upper: ArrayLike) -> float:
    """Share of the intervals that hold the truth."""
    return float(((np.asarray(lower) <= truth) & (truth <= np.asarray(upper))).mean())


def try_data_set(model: str, number: int) -> dict[str, float]:
    """Share of every kind of interval that holds the truth, in one data set."""
    rng = np.random.default_rng([20261123, len(model), number])
    summary, later, value = draw_customers(rng, model)
    purchases, spend = FITS[model](summary), fit_gamma_gamma(summary)
    held = {}
    for fitted, truth in ((purchases, TRUE[model]), (spend, SPEND)):
        for row in profile_intervals(fitted, summary).limits.to_dict("records"):
            true = np.array(truth[row["parameter"]])
            held[f"{row['method']} {row['parameter']}"] = inside(row["lower"], true, row["upper"])
    bounded = bound_lifetime_value(
        purchases,
        spend,
        summary,
        horizon_weeks=HORIZON_WEEKS,
        annual_discount_rate=0.0,
        margin=1.0,
        n_draws=200,
        seed=number,
    )
    true = np.array(list(TRUE[model].values()))
    at_truth = replace(purchases, estimates=replace(purchases.estimates, values=true))
    rich = replace(spend.estimates, values=np.array(list(SPEND.values())))
    history = summary.x, summary.t_x, summary.T
    expected = at_truth.conditional_expected_purchases(*history, HORIZON_WEEKS)
    past = summary.customers
    each = replace(spend, estimates=rich).expected_spend(
        past["priced_purchases"], past["mean_spend"]
    )
    alive = at_truth.probability_alive(*history)
    return held | try_customers(bounded, alive, expected, expected * each, later, value)


def try_customers(
    bounded: LifetimeIntervals,
    alive: Floats,
    expected: Floats,
    worth: Floats,
    later: Floats,
    value: Floats,
) -> dict[str, float]:
    """Share of the customers' intervals, and of the totals', that hold the truth."""
    frame, totals = bounded.customers, bounded.totals
    held = {}
    for name, truth in (
        ("probability_alive", alive),
        ("expected_purchases", expected),
        ("lifetime_value", worth),
        ("predicted_purchases", later),
        ("predicted_value", value),
    ):
        kind = "prediction" if name.startswith("predicted") else "confidence"
        held[f"{kind} {name}"] = inside(frame[f"{name}_lower"], truth, frame[f"{name}_upper"])
    held["above prediction of value (2.5% wanted)"] = float(
        (value > frame["predicted_value_upper"]).mean()
    )
    for row, expectation, actual in ((0, expected, later), (1, worth, value)):
        of = totals.iloc[row]
        held[f"confidence total {of['quantity']}"] = inside(
            of["lower"], expectation.sum(), of["upper"]
        )
        held[f"prediction total {of['quantity']}"] = inside(
            of["predicted_lower"], actual.sum(), of["predicted_upper"]
        )
    return held


def main() -> int:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    print(f"{sets} data sets of {N_CUSTOMERS:,} customers; shares of 95% intervals with the truth")
    for model in FITS:
        start, found, refused = perf_counter(), defaultdict(list), 0
        for number in range(sets):
            try:
                for name, share in try_data_set(model, number).items():
                    found[name].append(share)
            except ModelError:
                refused += 1
        print(f"\n{model}: {refused} without estimates, {perf_counter() - start:.0f} s")
        for name, shares in found.items():
            mean, n = float(np.mean(shares)), len(shares)
            low, high = wilson_limits(mean * n, n)
            print(f"  {name:<42} {mean:6.1%}  [{float(low):.1%}, {float(high):.1%}]")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
