"""Limits of every distinct history and of all customers together, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.clv import LifetimeValue
from crmstudy.value.lifetime.confidence import (
    FromDerivatives,
    FromDraws,
    Limits,
    order_limits,
    spread_parameters,
)
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.lifetime.points import Pool, ahead_at, alive_at, pool_histories
from crmstudy.value.lifetime.simulate_futures import Futures, Spenders, simulate_futures
from crmstudy.value.purchasing.btyd import DAYS_A_YEAR, PurchaseResult
from crmstudy.value.purchasing.numerics import pool_rows

Floats = NDArray[np.float64]

STAGE = 81
# Distinct (x, T) times draws of the parameters: two seconds. Beyond it derivatives
# take the place of draws; there are then so many customers that the parameters hardly err.
MOST_EVALUATIONS = 200_000
# Futures drawn, or purchases in them: a few seconds; then fewer for each history.
MOST_FUTURES = 20_000_000
FEWEST_FUTURES = 200
AT_ONCE = 2_000_000  # numbers in an array: 16 MB


@dataclass(frozen=True)
class Drawn:
    """How much is drawn, and for which level."""

    n_draws: int
    n_futures: int
    level: float
    seed: int


@dataclass(eq=False)
class HistoryBounds:
    """Limits by history, filled block by block, and of all customers.

    Parameters
    ----------
    pool : Pool
        The distinct histories.
    method : str
        Draws or derivatives.
    n_futures : int
        Futures of each history.
    """

    pool: Pool
    method: str
    n_futures: int
    columns: dict[str, Floats] = field(default_factory=dict)
    totals: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def by_customer(self, name: str) -> Floats:
        """Limits of each customer's history."""
        return self.columns[name][self.pool.kind]

    def note(self, name: str, block: slice, limits: Limits) -> None:
        """Keep the limits of the histories of a block."""
        for end, found in zip(("lower", "upper"), limits, strict=True):
            self.note_column(f"{name}_{end}", block, found)

    def note_column(self, name: str, block: slice, found: Floats) -> None:
        """Keep a number of each history of a block."""
        self.columns.setdefault(name, np.empty(self.pool.x.size))[block] = found


def bound_histories(
    values: LifetimeValue,
    purchases: PurchaseResult,
    spend: GammaGammaResult | None,
    summary: PurchaseSummary,
    drawn: Drawn,
) -> HistoryBounds:
    """Compute confidence and prediction limits of every distinct history.

    What the customers of one history bring differs, although their limits are the same:
    the prediction limits of the total add up independent futures. A draw of the total is
    the sum of expectations at one draw of the parameters, plus each history's deviation
    from it times the root of the number of its customers, which gives the sum of so many
    independent customers its mean and its variance.
    """
    pool = pool_histories(summary, priced=spend is not None)
    rng = np.random.default_rng(draw_seeds(drawn.seed, stage=STAGE, n=1)[0])
    unit = summary.unit_days
    work = _Work(
        purchases,
        spend,
        pool,
        horizon=values.horizon_weeks * 7 / unit,
        discount=float(np.log1p(values.annual_discount_rate)) * unit / DAYS_A_YEAR,
        margin=1.0 if spend is None else values.margin,
        drawn=drawn,
        rng=rng,
    )
    found = HistoryBounds(pool, work.spread.method, work.n_futures)
    sums = {name: _Sums(work) for name in ("purchases", "value")}
    for block in work.blocks():
        part = pool.rows(block)
        alive, expected, value = work.expect(block, part)
        futures = work.imagine(block, part, alive)
        found.note("probability_alive", block, work.spread.limits(alive, share=True))
        found.note("expected_purchases", block, work.spread.limits(expected))
        found.note("lifetime_value", block, work.spread.limits(value))
        found.note("predicted_purchases", block, order_limits(futures.purchases, drawn.level))
        found.note("predicted_value", block, order_limits(futures.value, drawn.level))
        found.note_column("chance_of_nothing", block, (futures.purchases == 0).mean(axis=0))
        sums["purchases"].add(expected, futures.purchases, part.weight)
        sums["value"].add(value, futures.value, part.weight)
    found.totals = {name: both.limits(drawn.level) for name, both in sums.items()}
    return found


class _Sums:
    """A total at all points of the parameters, and in all futures."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._expected, self._future = np.zeros(work.spread.n_points), np.zeros(work.n_futures)

    def add(self, expected: Floats, future: Floats, weight: Floats) -> None:
        """Add the customers of some histories."""
        self._expected += expected @ weight
        at = expected[np.arange(len(future)) % self._work.future_points]
        finite = np.isfinite(at)
        rest = np.subtract(future, at, out=future.copy(), where=finite) * np.sqrt(weight)
        self._future += (np.where(finite, at, 0.0) * weight + rest).sum(axis=1)

    def limits(self, level: float) -> tuple[float, float, float, float]:
        """Confidence limits, then prediction limits."""
        expected = self._expected[:, None]
        future = self._future[:, None] + self._work.deviate(expected)
        both = *self._work.spread.limits(expected), *order_limits(np.maximum(future, 0), level)
        lower, upper, least, most = (float(end[0]) for end in both)
        return lower, upper, least, most


def _suit_draws(n_distinct: int, drawn: Drawn) -> bool:
    """Are there enough draws for the level, and is there time for them?"""
    enough = (1 - drawn.level) / 2 * (drawn.n_draws + 1) >= 1 - 1e-9
    return enough and n_distinct * drawn.n_draws <= MOST_EVALUATIONS


class _Work:
    """Both models at all points, for any block of histories."""

    def __init__(
        self,
        purchases: PurchaseResult,
        spend: GammaGammaResult | None,
        pool: Pool,
        *,
        horizon: float,
        discount: float,
        margin: float,
        drawn: Drawn,
        rng: np.random.Generator,
    ) -> None:
        self._purchases, self._rng, self._margin = purchases, rng, margin
        self._horizon, self._discount, self._n = horizon, discount, pool.x.size
        first, _, self._kind = pool_rows(pool.x, pool.T)
        self.spread: FromDraws | FromDerivatives = spread_parameters(
            purchases.estimates,
            None if spend is None else spend.estimates,
            by_draws=_suit_draws(first.size, drawn),
            n_draws=drawn.n_draws,
            level=drawn.level,
            rng=rng,
        )
        self._plain, self._discounted = (
            ahead_at(
                purchases,
                self.spread.purchases,
                pool.x[first],
                pool.T[first],
                horizon=horizon,
                discount=force,
            )
            for force in (0.0, discount)
        )
        # Derivatives stand for parameters that hardly err: futures take the estimates.
        by_draws = self.spread.method == "draws"
        self.future_points = len(self.spread.purchases) if by_draws else 1
        busy = float(self._plain[0][self._kind].sum())
        room = int(MOST_FUTURES / max(self._n, busy))
        self.n_futures = min(drawn.n_futures, max(FEWEST_FUTURES, room))

    def deviate(self, expected: Floats) -> Floats:
        """Add to futures drawn at the estimates what uncertain parameters add to a total."""
        if isinstance(self.spread, FromDraws):
            return np.zeros((self.n_futures, 1))
        drawn = self._rng.standard_normal((self.n_futures, 1))
        return expected[0] * np.expm1(drawn * self.spread.errors(expected))

    def blocks(self) -> Iterator[slice]:
        """Blocks of histories that bound the memory."""
        rows = max(self.n_futures, len(self.spread.purchases))
        size = max(AT_ONCE // rows, 1)
        for begin in range(0, self._n, size):
            yield slice(begin, min(begin + size, self._n))

    def expect(self, block: slice, part: Pool) -> tuple[Floats, Floats, Floats]:
        """P(alive), expected purchases and value at all points, (n_points, n_histories)."""
        alive = alive_at(self._purchases, self.spread.purchases, part)
        kind = self._kind[block]
        expected, discounted = alive * self._plain[:, kind], alive * self._discounted[:, kind]
        alive, expected, value = map(self.spread.pair, (alive, expected, discounted))
        spenders = self._spenders(part)
        if spenders is not None:
            value = self._margin * value * self.spread.pair_spend(spenders.expect())
        return alive, expected, value

    def imagine(self, block: slice, part: Pool, alive: Floats) -> Futures:
        """Draw futures of the block's histories, their value in the unit of the values."""
        futures = simulate_futures(
            self._rng,
            self._purchases.model,
            self.spread.purchases[: self.future_points],
            alive[: self.future_points],
            part.x,
            part.T,
            horizon=self._horizon,
            discount=self._discount,
            n_draws=self.n_futures,
            spenders=self._spenders(part, self.future_points),
        )
        return Futures(futures.purchases, self._margin * futures.value)

    def _spenders(self, part: Pool, n_points: int | None = None) -> Spenders | None:
        points = self.spread.spend
        return None if points is None else Spenders(points[:n_points], part.counts, part.totals)
