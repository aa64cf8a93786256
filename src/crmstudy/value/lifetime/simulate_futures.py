"""What single customers may still do: futures drawn from the models, purchase by purchase.

An expectation is one number; a customer either comes back or does not. Given her history,
a future is drawn exactly: whether she is active, then her own rate, her own inclination
to leave and her own spend from their posterior distributions, then her purchases one
after the other until she leaves or the horizon ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Futures:
    """Drawn futures of some histories.

    Parameters
    ----------
    purchases : array of shape (n_draws, n_histories)
        Purchases up to the horizon.
    value : array of shape (n_draws, n_histories)
        Their discounted spend; without a spend model, the discounted purchases.
    """

    purchases: Floats
    value: Floats


@dataclass(frozen=True, eq=False)
class Spenders:
    """What is known of the spend: parameters of the gamma-gamma model and past purchases.

    Parameters
    ----------
    points : array of shape (n_points, 3)
        p, q and v.
    counts, totals : arrays of shape (n_histories,)
        Repeat purchases of known amount, and what they add up to.
    """

    points: Floats
    counts: Floats
    totals: Floats

    def expect(self) -> Floats:
        """Expected spend per purchase, (n_points, n_histories); infinite where it has none."""
        p, q, v = (column[:, None] for column in self.points.T)
        freedom = p * self.counts + q - 1
        above = p * (v + self.totals)
        return np.divide(above, freedom, out=np.full(above.shape, np.inf), where=freedom > 0)


def simulate_futures(
    rng: np.random.Generator,
    model: str,
    points: Floats,
    alive: Floats,
    x: Floats,
    T: Floats,
    *,
    horizon: float,
    discount: float,
    n_draws: int,
    spenders: Spenders | None = None,
) -> Futures:
    """Draw futures of customers with given histories.

    Parameters
    ----------
    rng : Generator
    model : str
        Name of the purchase model: BG/NBD, MBG/NBD or Pareto/NBD.
    points : array of shape (n_points, 4)
        Its parameters. Draw number d uses row d modulo n_points, so that uncertain
        parameters enter the futures.
    alive : array of shape (n_points, n_histories)
        Probability of being active at each of these points.
    x, T : arrays of shape (n_histories,)
        Repeat purchases and age. Of a customer known to be active, the time of the last
        purchase says nothing more.
    horizon, discount : float
        How far to look, and the force of interest, in the unit of time of T.
    n_draws : int
        Futures of each history.
    spenders : Spenders, optional
        Of the same histories; as many points, or one.

    Raises
    ------
    ModelError
        If the model is none of these.
    """
    shape = n_draws, x.size
    point = np.arange(n_draws) % len(points)
    draw, history = np.nonzero(rng.random(shape) < alive[point])
    chosen = points[point[draw]].T
    rate = rng.gamma(chosen[0] + x[history], 1 / (chosen[1] + T[history]))
    leaving, end = _leave(rng, model, chosen, x[history], T[history])
    scale, power = _draw_spend(rng, spenders, draw, history)
    place, clock = draw * x.size + history, np.zeros(draw.size)
    end = np.minimum(end, horizon)
    purchases, value = np.zeros(shape[0] * shape[1]), np.zeros(shape[0] * shape[1])
    while place.size:
        clock = clock + rng.standard_exponential(place.size) / np.maximum(rate, 1e-300)
        seen = clock <= end
        clock, rate, leaving, end = clock[seen], rate[seen], leaving[seen], end[seen]
        place, scale, power = place[seen], scale[seen], power[seen]
        spent = rng.gamma(power) * scale if spenders is not None else 1.0
        purchases[place] += 1
        value[place] += spent * np.exp(-discount * clock)
        stays = rng.random(place.size) >= leaving
        clock, rate, leaving, end = clock[stays], rate[stays], leaving[stays], end[stays]
        place, scale, power = place[stays], scale[stays], power[stays]
    return Futures(purchases.reshape(shape), value.reshape(shape))


def _leave(
    rng: np.random.Generator,
    model: str,
    chosen: Floats,
    x: Floats,
    T: Floats,
) -> tuple[Floats, Floats]:
    """Draw the probability to leave after a purchase, and the time of leaving otherwise."""
    if model == "Pareto/NBD":
        hazard = np.maximum(rng.gamma(chosen[2], 1 / (chosen[3] + T)), 1e-300)
        return np.zeros(x.size), rng.standard_exponential(x.size) / hazard
    # MBG/NBD customers may leave after their first purchase too: one survival more is known.
    survived = {"BG/NBD": x, "MBG/NBD": x + 1}.get(model)
    if survived is None:
        raise ModelError(f"futures are drawn from BG/NBD, MBG/NBD and Pareto/NBD, not {model}")
    return rng.beta(chosen[2], chosen[3] + survived), np.full(x.size, np.inf)


def _draw_spend(
    rng: np.random.Generator, spenders: Spenders | None, draw: Rows, history: Rows
) -> tuple[Floats, Floats]:
    """Draw each customer's own scale of spend, and repeat the shape that all share."""
    if spenders is None:
        return np.ones(draw.size), np.ones(draw.size)
    p, q, v = spenders.points[draw % len(spenders.points)].T
    known = spenders.counts[history]
    own = rng.gamma(q + p * known, 1 / (v + spenders.totals[history]))
    return 1 / np.maximum(own, 1e-300), p
