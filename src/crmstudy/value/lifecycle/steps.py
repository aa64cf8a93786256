"""Steps from stage to stage: counted by period, and bounded by drawing customers again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.lifecycle.chain import divide_rows, mean_stay, pass_to
from crmstudy.value.lifecycle.stages import STAGES

Floats = NDArray[np.float64]

STAGE = 110  # of the random draws of this room
BLOCK = 4_000_000  # customers times samples drawn at once


def pool_sequences(codes: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Pool customers with the same stages throughout; sorted, whatever their order was."""
    rows, times = np.unique(np.maximum(codes, -1), axis=0, return_counts=True)
    return rows, times.astype(np.int64)


def count_steps(rows: NDArray[np.int8], times: NDArray[np.int64], size: int) -> Floats:
    """Count steps by period, stage before and stage after."""
    steps = np.zeros((max(rows.shape[1] - 1, 0), size, size))
    for place in range(len(steps)):
        before, after = rows[:, place].astype(np.int64), rows[:, place + 1].astype(np.int64)
        both = (before >= 0) & (after >= 0)
        cells = before[both] * size + after[both]
        steps[place] = np.bincount(cells, weights=times[both], minlength=size**2).reshape(
            size, size
        )
    return steps


def close_stages(shares: Floats) -> Floats:
    """Let a stage that nobody was seen to leave, or to stand in before a step, keep its own."""
    closed = shares.copy()
    empty = closed.sum(axis=1) == 0
    closed[empty, empty] = 1.0
    return closed


def wait_for_loss(shares: Floats, lost: int) -> Floats:
    """Expect the periods until a customer of each stage is lost for the first time."""
    if lost < 0:
        return np.full(len(shares), np.inf)
    return pass_to(close_stages(shares), lost)


def draw_limits(
    rows: NDArray[np.int8],
    times: NDArray[np.int64],
    kept: NDArray[np.intp],
    lost: int,
    seed: int,
    n_replicates: int,
    confidence: float,
) -> dict[str, Floats]:
    """Bound shares and times by percentiles over samples of customers."""
    rng = np.random.default_rng(draw_seeds(seed, stage=STAGE, n=1)[0])
    size, n = len(kept), int(times.sum())
    each = _count_steps_of_each(rows, kept)
    block = max(1, BLOCK // len(times))
    tables = []
    for start in range(0, n_replicates, block):
        drawn = rng.multinomial(n, times / n, size=min(block, n_replicates - start))
        tables.append((drawn @ each).reshape(-1, size, size))
    shares = divide_rows(np.concatenate(tables).astype(float))
    found = {
        "shares": shares,
        "stay": mean_stay(shares),
        "until_lost": np.stack([wait_for_loss(one, lost) for one in shares]),
    }
    tail = (1 - confidence) / 2
    # No interpolation: it would make a missing number out of two infinite ones.
    return {
        name: np.quantile(values, [tail, 1 - tail], axis=0, method="closest_observation")
        for name, values in found.items()
    }


def _count_steps_of_each(rows: NDArray[np.int8], kept: NDArray[np.intp]) -> Floats:
    """Count the steps of each sequence, one column a pair of stages."""
    place = np.full(len(STAGES) + 1, -1)
    place[kept] = np.arange(len(kept))
    coded = place[rows]  # -1 finds the last entry, which is -1
    before, after = coded[:, :-1], coded[:, 1:]
    both = (before >= 0) & (after >= 0)
    owner = np.broadcast_to(np.arange(len(rows))[:, None], before.shape)[both]
    cells = owner * len(kept) ** 2 + before[both] * len(kept) + after[both]
    return (
        np.bincount(cells, minlength=len(rows) * len(kept) ** 2)
        .reshape(len(rows), -1)
        .astype(float)
    )


def count_triples(
    rows: NDArray[np.int8], times: NDArray[np.int64], kept: NDArray[np.intp]
) -> Floats:
    """Count two steps in a row by the stage in the middle, the one before and the one after."""
    size = len(STAGES)
    triples = np.zeros((size, size, size))
    for place in range(rows.shape[1] - 2):
        three = rows[:, place : place + 3].astype(np.int64)
        told = (three >= 0).all(axis=1)
        first, middle, last = three[told].T
        np.add.at(triples, (middle, first, last), times[told])
    return triples[np.ix_(kept, kept, kept)]
