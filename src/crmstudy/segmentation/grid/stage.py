"""Who is compared: all customers in one order, and each block's places among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.grid.trial import N_FOLDS, Rows, Trial
from crmstudy.segmentation.methods.partition import Floats
from crmstudy.statistics.draws import draw_rows, draw_seeds

MOST_CUSTOMERS = 5_000  # more are sampled: the errors are small by then
SILHOUETTE_SAMPLE = 2_000
SMALLEST_OVERLAP = 0.5  # of the largest block, to measure all blocks on the same customers
FEWEST_CUSTOMERS = 50  # ten in each fold


@dataclass(frozen=True)
class Stage:
    """All customers in one order, the blocks made of them, and what is held back.

    Parameters
    ----------
    customers : Index
        Of all blocks together.
    spaces : dict of str to Space
        Each block's customers, in the same order.
    held : dict of str to DataFrame
        Variables by the block they belong to; those of none under ``""``.
    value : Series or NotAvailable
        Value in the later period.
    n_known : int
        Customers before sampling and before those were left out whom a block lacks.
    same_customers : bool
        Whether every block has the same customers.
    """

    customers: pd.Index
    spaces: dict[str, Space]
    held: dict[str, pd.DataFrame]
    value: pd.Series | NotAvailable
    n_known: int
    same_customers: bool

    def open_trial(self, name: str, n_segments: int, n_replicates: int, seed: int) -> Trial:
        """Prepare what all methods on one block share."""
        from scipy.spatial.distance import cdist

        space = self.spaces[name]
        n = len(space.customers)
        draw = np.random.default_rng(draw_seeds(seed, stage=21, n=1)[0])
        sample = np.sort(draw.choice(n, size=min(n, SILHOUETTE_SAMPLE), replace=False))
        own = {*space.numeric.columns, *space.categories.columns}
        return Trial(
            name=name,
            space=space,
            places=self.customers.get_indexer(space.customers),
            n_stage=len(self.customers),
            held=[
                frame.drop(columns=[column for column in frame.columns if column in own])
                for frame in self.held.values()  # of the block itself, nothing is left
            ],
            value=_take_value(self.value, space),
            sample=sample,
            distances=cdist(space.points[sample], space.points[sample]),
            folds=draw.permutation(n) % N_FOLDS,
            n_segments=n_segments,
            seeds=tuple(draw_seeds(seed, stage=22, n=1 + n_replicates)),
        )


def set_stage(
    blocks: Mapping[str, Space | NotAvailable],
    next_value: pd.Series | NotAvailable,
    held_back: pd.DataFrame | NotAvailable | None,
    *,
    seed: int,
) -> Stage:
    """Choose the customers, put them in order, and cut the blocks to them.

    Raises
    ------
    ModelError
        If no block is available, or one has fewer than 50 customers.
    """
    spaces = {name: space for name, space in blocks.items() if isinstance(space, Space)}
    if not spaces:
        raise ModelError("no block of criteria is available")
    known = {name: _known_customers(space, next_value) for name, space in spaces.items()}
    largest = max(known.values(), key=len)
    common, union = largest, largest
    for customers in known.values():
        common, union = common[common.isin(customers)], union.union(customers, sort=False)
    same = len(common) >= max(SMALLEST_OVERLAP * len(largest), 1)
    chosen = common if same else union
    ordered = chosen[_order_customers(chosen, spaces, next_value)]
    drawn = draw_rows(len(ordered), draw_seeds(seed, stage=20, n=1)[0], most=MOST_CUSTOMERS)
    ordered = ordered[drawn]
    kept = {
        name: space.take(space.customers.get_indexer(ordered[ordered.isin(known[name])]))
        for name, space in spaces.items()
    }
    fewest = min(kept, key=lambda name: len(kept[name].customers))
    if len(kept[fewest].customers) < FEWEST_CUSTOMERS:
        raise ModelError(
            f"the comparison needs {FEWEST_CUSTOMERS} customers in every block; "
            f"{fewest} has {len(kept[fewest].customers)}"
        )
    held = {name: _join_variables(space) for name, space in kept.items()}
    if isinstance(held_back, pd.DataFrame):
        held[""] = held_back.dropna()
    n_known = len(union)
    return Stage(ordered, kept, held, next_value, n_known, same)


def _known_customers(space: Space, next_value: pd.Series | NotAvailable) -> pd.Index:
    if isinstance(next_value, NotAvailable):
        return space.customers
    return space.customers[space.customers.isin(next_value.dropna().index)]


def _order_customers(
    customers: pd.Index, spaces: dict[str, Space], next_value: pd.Series | NotAvailable
) -> Rows:
    """Sort by what is known of the customers, never by their names or their order.

    Those who cannot be told apart by anything keep their order, which then cannot matter.
    """
    place = np.zeros(len(customers), dtype=np.int64)
    if not isinstance(next_value, NotAvailable):
        _, place = np.unique(next_value.loc[customers].to_numpy(), return_inverse=True)
    for space in spaces.values():
        if len(np.unique(place)) == len(place):
            break
        rows = space.customers.get_indexer(customers)
        keys = np.where((rows >= 0)[:, None], space.points[rows], -np.inf)
        order = np.lexsort([*keys.T[::-1], place])
        new = (keys[order][1:] != keys[order][:-1]).any(axis=1) | (
            place[order][1:] != place[order][:-1]
        )
        place[order] = np.concatenate([[0], np.cumsum(new)])
    return np.argsort(place, kind="stable")


def _join_variables(space: Space) -> pd.DataFrame:
    return space.numeric.join(space.categories[space.categories.columns.astype(object)])


def _take_value(next_value: pd.Series | NotAvailable, space: Space) -> Floats | NotAvailable:
    if isinstance(next_value, NotAvailable):
        return next_value
    value = next_value.loc[space.customers].to_numpy(dtype=float)
    if (value == value[0]).all():
        return NotAvailable("the value of the later period is equal for all customers")
    return value
