"""Drivers and items in the order in which improving them pays, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.priorities.drivers import Drivers, Points
from crmstudy.loyalty.resampling.intervals import percentile_limits
from crmstudy.loyalty.resampling.likelihood import Flags, Places

CONCENTRATE, KEEP_UP, LOW, OVERDONE = (
    "concentrate here",
    "keep up",
    "low priority",
    "possible overkill",
)
ALONE = "nothing to compare with"
_ROUNDING = 1e-9
STEP = 0.1  # of the points that a driver lacks to 100, made up by an improvement


def rank_drivers(
    drivers: Drivers, here: Points, drawn: Points, labels: Mapping[str, str], *, level: float
) -> pd.DataFrame:
    """Arrange the drivers; columns as :class:`PriorityMap` says.

    Parameters
    ----------
    drivers : Drivers
    here, drawn : Points
        Of the estimates, a single draw, and of the bootstrap samples.
    labels : mapping
        Name of each construct to what it is called in print.
    level : float
    """
    own = [here.performance[0, drivers.places], drawn.performance[:, drivers.places]]
    gain, drawn_gain = (
        effect * STEP * (100.0 - points)
        for effect, points in zip((here.importance[0], drawn.importance), own, strict=True)
    )
    frame = pd.DataFrame(
        {
            "name": drivers.names,
            "construct": [labels[name] for name in drivers.names],
            **bound("importance", here.importance[0], drawn.importance, level=level),
            **bound("standardised", here.standardised[0], drawn.standardised, level=level),
            **bound("performance", own[0], own[1], level=level),
            **bound("gain", gain, drawn_gain, level=level),
            "quadrant": name_quadrants(here.importance[0].tolist(), own[0].tolist()),
            "ranked first": _share_first(drawn_gain),
        }
    )
    sure = (frame["importance lower"] > 0.0).to_numpy()
    frame["rank"] = _rank(gain, sure)
    best = int(np.argmax(np.where(sure, gain, -np.inf)))
    behind = drawn_gain[:, [best]] - drawn_gain
    frame["behind the first"] = _judge_distance(behind, best, sure, level=level)
    return frame.iloc[_order(gain, sure)].reset_index(drop=True)


def rank_items(
    drivers: Drivers,
    here: Points,
    drawn: Points,
    *,
    table: pd.DataFrame,
    items: Sequence[str],
    instrument: Mapping[str, Mapping[str, Any]],
    level: float,
) -> pd.DataFrame:
    """Arrange the items of the drivers; columns as :class:`PriorityMap` says.

    Parameters
    ----------
    drivers, here, drawn, level
        As in :func:`rank_drivers`.
    table : DataFrame
        What that returned.
    items : sequence of str
        The model's items.
    instrument : mapping
        Item to its ``text``.
    """
    owner = np.concatenate(
        [np.full(len(drivers.items[place]), k) for k, place in enumerate(drivers.places)]
    )
    own = np.concatenate([drivers.items[place] for place in drivers.places])
    importance, drawn_importance = (
        points.importance[:, owner] * points.shares[:, own] for points in (here, drawn)
    )
    performance, drawn_performance = here.item_performance[:, own], drawn.item_performance[:, own]
    gain = importance[0] * STEP * (100.0 - performance[0])
    drawn_gain = drawn_importance * STEP * (100.0 - drawn_performance)
    label = table.set_index("name")["construct"]
    frame = pd.DataFrame(
        {
            "item": [items[place] for place in own],
            "wording": [instrument[items[place]].get("text") or "not given" for place in own],
            "construct": [label[drivers.names[k]] for k in owner],
            "share": here.shares[0, own],
            **bound("importance", importance[0], drawn_importance, level=level),
            **bound("performance", performance[0], drawn_performance, level=level),
            **bound("gain", gain, drawn_gain, level=level),
            "quadrant": name_quadrants(importance[0].tolist(), performance[0].tolist()),
        }
    )
    ranked = set(table.loc[table["rank"].notna(), "construct"])
    sure = (frame["construct"].isin(ranked) & (frame["share"] > 0.0)).to_numpy()
    frame["rank"] = _rank(gain, sure)
    return frame.iloc[_order(gain, sure)].reset_index(drop=True)


def name_quadrants(importance: Sequence[float], performance: Sequence[float]) -> list[str]:
    """Name each point's quadrant; the cuts are the means, and what lies on one is high.

    A convention (Martilla & James 1977): with other points on the map the cuts move.
    """
    x, y = np.asarray(importance, dtype=float), np.asarray(performance, dtype=float)
    if len(x) < 2:
        return [ALONE] * len(x)
    words = {
        (True, False): CONCENTRATE,
        (True, True): KEEP_UP,
        (False, False): LOW,
        (False, True): OVERDONE,
    }
    high = [(each >= each.mean() - _ROUNDING).tolist() for each in (x, y)]
    return [words[pair] for pair in zip(*high, strict=True)]


def bound(name: str, estimate: Array, drawn: Array, *, level: float) -> dict[str, Array]:
    """Columns of a quantity: its estimate and percentile limits.

    Parameters
    ----------
    estimate, drawn : arrays of shape (n_quantities,) and (n_draws, n_quantities)
    """
    limits = np.array([percentile_limits(column, level=level) for column in drawn.T])
    return {name: estimate, f"{name} lower": limits[:, 0], f"{name} upper": limits[:, 1]}


def _share_first(drawn_gain: Array) -> Array:
    first = np.argmax(drawn_gain, axis=1)
    return np.bincount(first, minlength=drawn_gain.shape[1]) / len(drawn_gain)


def _rank(gain: Array, sure: Flags) -> pd.arrays.IntegerArray:
    ranks = pd.array([pd.NA] * len(gain), dtype="Int64")
    for rank, place in enumerate((k for k in _order(gain, sure) if sure[k]), start=1):
        ranks[place] = rank
    return ranks


def _order(gain: Array, sure: Flags) -> Places:
    """Places of what is surely worth improving by falling gain, then the others likewise."""
    return np.lexsort((-gain, np.logical_not(sure)))


def _judge_distance(behind: Array, best: int, sure: Flags, *, level: float) -> list[str]:
    """Say of each driver whether its gain is told from that of the first."""
    words = []
    for k in range(behind.shape[1]):
        if not sure[k]:
            words.append("not ranked")
        elif k == best:
            words.append("first")
        else:
            lower, _ = percentile_limits(behind[:, k], level=level)
            words.append("surely" if lower > 0.0 else "not surely")
    return words
