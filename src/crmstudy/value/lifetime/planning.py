"""How many customers, watched for how long, make the mean lifetime value as sure as wanted.

No formula gives the precision of a lifetime value: it comes out of two models fitted one
after the other. So firms are simulated from supposed parameters, the models are fitted to
each, and the spread of the estimated mean value over firms is the precision. It falls with
the root of the number of customers, which is checked and then used to find the number.

References
----------
Fader, P. S., Hardie, B. G. S., & Lee, K. L. (2005). "Counting your customers" the easy
way: An alternative to the Pareto/NBD model. Marketing Science, 24(2), 275-284.
Fader, P. S., Hardie, B. G. S., & Lee, K. L. (2005b). RFM and CLV: Using iso-value curves
for customer base analysis. J. Marketing Research, 42(4), 415-430.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from crmstudy.checks import Check
from crmstudy.errors import ModelError
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.purchasing.bg_nbd import purchases_while_alive
from crmstudy.value.purchasing.btyd import fit_bg_nbd

Floats = NDArray[np.float64]

STAGE = 450
#: Weeks that customers are watched, and customers of each simulated firm.
WEEKS = (26.0, 39.0, 52.0)
SIZES = (600, 1_200, 2_400)
#: Weeks from the first purchase that the value counts. Margin cancels in a ratio, and a
#: discount hardly changes it.
HORIZON = 52.0
#: Share of simulated firms that must be estimable.
ENOUGH = 0.9
#: Standard errors that the slope may lie off the law before it is doubted (99%).
FAR = 2.576


@dataclass(frozen=True)
class SupposedFirm:
    """Parameters of the purchase and the spend model, in weeks, and where they come from."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    source: str

    @property
    def mean_spend(self) -> float:
        """Mean spend per purchase over customers."""
        return self.p * self.v / (self.q - 1)


#: CDNOW: BG/NBD of Fader, Hardie & Lee (2005, Table 2); gamma-gamma of (2005b, p. 424).
CDNOW = SupposedFirm(
    *(0.243, 4.414, 0.793, 2.426),
    *(6.25, 3.74, 15.44),
    source="published estimates of CDNOW (Fader, Hardie & Lee, 2005, 2005b)",
)


@dataclass(frozen=True, eq=False)
class PrecisionPlan:
    """Precision of the mean lifetime value, by customers and weeks watched.

    Attributes
    ----------
    rows : DataFrame
        ``weeks observed, customers, firms, estimated, relative half width, lower, upper, bias``:
        half the 95% range of the logarithm of the estimated mean value over firms, with
        its limits for the finite number of firms; ``bias`` of that logarithm.
    needed : DataFrame
        ``weeks observed, constant, customers needed, lower, upper``; the half width is the
        constant over the root of the customers.
    precision : float
        Relative half width wanted.
    firm : SupposedFirm
    n_replicates : int
    checks : tuple of Check
        Whether the half width falls with the root of the customers, and enough firms could
        be estimated.
    """

    rows: pd.DataFrame
    needed: pd.DataFrame
    precision: float
    firm: SupposedFirm
    n_replicates: int
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """One row a number of weeks and customers."""
        return self.rows.copy()

    def to_metrics(self) -> dict[str, float]:
        """Customers needed, by weeks observed."""
        found = self.needed.to_dict("records")
        metrics: dict[str, float] = {"precision": self.precision, "n_replicates": self.n_replicates}
        for row in found:
            metrics[f"customers_{row['weeks observed']:.0f}_weeks"] = int(row["customers needed"])
        return metrics


def plan_value_precision(
    firm: SupposedFirm = CDNOW,
    *,
    precision: float,
    n_replicates: int,
    seed: int,
    weeks: Sequence[float] = WEEKS,
    sizes: Sequence[int] = SIZES,
    level: float = 0.95,
) -> PrecisionPlan:
    """Plan the precision of the mean lifetime value by simulation.

    Parameters
    ----------
    firm : SupposedFirm
        What is supposed to be true before the data are in.
    precision : float
        Relative half width wanted of the mean value, between 0 and 1.
    n_replicates : int
        Simulated firms for each number of weeks; shared over the sizes, 2 each at least.
    seed : int
    weeks : sequence of float
        Weeks that customers are watched after their first purchase.
    sizes : sequence of int
        Customers of a simulated firm, two sizes at least.

    Raises
    ------
    ModelError
        If a number lies outside its range or too few firms can be estimated.
    """
    if not 0 < precision < 1:
        raise ModelError(f"the precision lies between 0 and 1, found {precision:g}")
    if len(set(sizes)) < 2 or n_replicates < 2 * len(sizes):
        raise ModelError(
            f"{len(set(sizes))} sizes and {n_replicates} firms: needed are 2 sizes and 2 firms "
            "for each of them at least"
        )
    n_firms = n_replicates // len(sizes)
    # The same seeds for every time: what differs is the watching, not the luck.
    seeds = dict(zip(sizes, draw_seeds(seed, stage=STAGE, n=len(sizes)), strict=True))
    rows = [
        _assess(firm, weeks=each, n=n, n_firms=n_firms, seed=seeds[n], level=level)
        for each in weeks
        for n in sizes
    ]
    frame = pd.DataFrame(rows)
    if (frame["estimated"] < 3).any():
        raise ModelError(
            "too few simulated firms can be estimated: watch longer, or more customers"
        )
    parts = [
        frame[frame["weeks observed"] == each] for each in dict.fromkeys(frame["weeks observed"])
    ]
    needed = pd.DataFrame([_extrapolate(part, precision) for part in parts])
    checks = (_check_root(frame), _check_estimated(frame))
    return PrecisionPlan(frame, needed, precision, firm, n_replicates, checks)


def simulate_histories(
    firm: SupposedFirm, *, n: int, weeks: float, rng: np.random.Generator
) -> PurchaseSummary:
    """Draw purchase histories of one firm whose customers all began on the same day."""
    rate = rng.gamma(firm.r, 1 / firm.alpha, n)
    leaving = np.maximum(rng.beta(firm.a, firm.b, n), 1e-300)
    # She leaves after this many repeat purchases.
    lives = rng.geometric(np.minimum(leaving, 1.0))
    made = rng.poisson(rate * weeks)
    kept = np.minimum(made, lives)
    # The k-th of m purchases in a stretch of time is Beta(k, m - k + 1) of it.
    last = np.zeros(n)
    some = kept > 0
    last[some] = weeks * rng.beta(kept[some], made[some] - kept[some] + 1)
    last[some] = np.maximum(np.round(last[some] * 7), 1) / 7  # purchases are known by the day
    scale = 1 / rng.gamma(firm.q, 1 / firm.v, n)
    mean = np.full(n, np.nan)
    mean[some] = rng.gamma(firm.p * kept[some]) * scale[some] / kept[some]
    customers = pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "repeat_purchases": kept,
            "last_purchase_weeks": last,
            "age_weeks": float(weeks),
            "mean_spend": mean,
            "priced_purchases": kept,
        }
    )
    return PurchaseSummary(customers)


def _assess(
    firm: SupposedFirm, *, weeks: float, n: int, n_firms: int, seed: int, level: float
) -> dict[str, float]:
    """Simulate firms of one size and time, and measure how their mean values scatter."""
    rng = np.random.default_rng(seed)
    found = [
        _estimate(simulate_histories(firm, n=n, weeks=weeks, rng=rng), horizon=HORIZON)
        for _ in range(n_firms)
    ]
    logs = np.log([each for each in found if each is not None])
    # Of the logarithm: a ratio of estimates is skewed, and few wild firms would decide.
    spread = float(logs.std(ddof=1)) if len(logs) > 1 else math.nan
    half = float(ndtri((1 + level) / 2)) * spread
    off = _off(len(logs))
    return {
        "weeks observed": float(weeks),
        "customers": n,
        "firms": n_firms,
        "estimated": len(logs),
        "relative half width": half,
        "lower": half * math.exp(-off),
        "upper": half * math.exp(off),
        "bias": float(logs.mean()) - math.log(value_of(firm, horizon=HORIZON))
        if len(logs)
        else 0.0,
    }


def value_of(firm: SupposedFirm, *, horizon: float) -> float:
    """Give the mean revenue of a new customer within the horizon after her first purchase."""
    shape = {"r": firm.r, "alpha": firm.alpha, "a": firm.a, "b": firm.b}
    zero = np.zeros(1)
    bought = purchases_while_alive(zero, zero, np.array([horizon]), **shape)
    return float(bought[0]) * firm.mean_spend


def _estimate(summary: PurchaseSummary, *, horizon: float) -> float | None:
    """Fit both models to one firm; none where one cannot be fitted or has no mean."""
    try:
        bought = float(fit_bg_nbd(summary).expected_purchases(horizon))
        spend = float(fit_gamma_gamma(summary).expected_spend(0, 0.0))
    except ModelError:
        return None
    return bought * spend


def _off(n: int) -> float:
    """Reach of the 95% interval of the logarithm of a standard deviation from n values."""
    return 1.96 / math.sqrt(2 * (n - 1)) if n > 1 else math.inf


def _extrapolate(part: pd.DataFrame, precision: float) -> dict[str, float]:
    """Find the customers at which the half width is what is wanted, by the root law."""
    logs = np.log(part["relative half width"] * np.sqrt(part["customers"]))
    constant = float(np.exp(logs.mean()))
    off = math.sqrt(float((part["estimated"].map(_off) ** 2).sum())) / len(part)
    ends = [(constant * math.exp(sign * off) / precision) ** 2 for sign in (0, -1, 1)]
    n, lower, upper = (math.ceil(end) for end in ends)
    return {
        "weeks observed": float(part["weeks observed"].iloc[0]),
        "constant": constant,
        "customers needed": n,
        "lower": lower,
        "upper": upper,
    }


def _check_root(frame: pd.DataFrame) -> Check:
    """Look whether the half width falls with the root of the number of customers."""
    x = np.log(frame["customers"].to_numpy(np.float64))
    y = np.log(frame["relative half width"].to_numpy(np.float64))
    own = frame["weeks observed"].to_numpy(np.float64)
    # Slope within each number of weeks, whose levels differ.
    centred = x - np.array([x[own == each].mean() for each in own])
    slope = float(centred @ y / (centred @ centred))
    variance = 0.5 / (frame["estimated"].to_numpy(np.float64) - 1)
    error = math.sqrt(float(centred**2 @ variance)) / float(centred @ centred)
    return Check(
        name="the half width falls with the root of the customers",
        passed=abs(slope + 0.5) <= FAR * error,
        statistic=slope,
        threshold=f"slope within {FAR * error:.2g} of -0.5 (99% Monte Carlo interval)",
        source="large-sample theory",
        consequence="the number of customers needed is read off the wrong curve",
    )


def _check_estimated(frame: pd.DataFrame) -> Check:
    share = float((frame["estimated"] / frame["firms"]).min())
    return Check(
        name="simulated firms can be estimated",
        passed=share >= ENOUGH,
        statistic=share,
        threshold=f"share of {ENOUGH:g} or more at every size",
        source="convention",
        consequence="small firms or short times give no lifetime value at all",
    )
