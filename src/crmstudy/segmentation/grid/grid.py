"""Criteria x methods: every method on every block of criteria, judged by the same measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.grid.stage import set_stage
from crmstudy.segmentation.grid.standing import Cell, Grid
from crmstudy.segmentation.grid.trial import N_FOLDS
from crmstudy.segmentation.methods.methods import METHODS, Method

N_REPLICATES = 5


def compare_criteria_and_methods(
    blocks: Mapping[str, Space | NotAvailable],
    *,
    next_value: pd.Series | NotAvailable,
    n_segments: int,
    seed: int,
    held_back: pd.DataFrame | NotAvailable | None = None,
    n_replicates: int = N_REPLICATES,
    methods: Sequence[Method] = METHODS,
) -> Grid:
    """Fit every method to every block it can take, and measure all segments alike.

    The measures, larger is better:

    - silhouette: mean width in the block's own space (a sample of at most 2,000);
    - stability: mean adjusted Rand index between the segments and those found in bootstrap
      samples, all customers assigned;
    - separation: how far the segments differ in variables they were not made from, those
      of the other blocks: omega squared of numbers, squared corrected Cramer's V of
      categories, averaged over the variables of a block and then over the blocks;
    - R squared and lift in the later period: customers are split into five folds; segments
      and their mean values come from four, the forecast is judged in the fifth. R squared
      of the logarithm ``sign(x) log(1 + |x|)`` against the mean of all, and the mean value of
      the 20% with the highest forecasts over that of all.

    Parameters
    ----------
    blocks : mapping of str to Space or NotAvailable
        Criteria known before the later period starts.
    next_value : Series indexed by customer
        Value in the later period, 0 for who bought nothing. Used by supervised methods and
        by the forecast only.
    n_segments : int
        Segments that every method is asked for.
    seed : int
        Seed of all random steps.
    held_back : DataFrame indexed by customer, optional
        Further variables that are in no block.
    n_replicates : int
        Bootstrap samples, at least 2.
    methods : sequence of Method
        Methods to compare.

    Returns
    -------
    Grid
        Blocks are measured on the customers that all of them know, if these are half of
        the largest block's or more; else each on its own.

    Raises
    ------
    SettingsError
        If fewer than 2 segments or replicates are asked for.
    ModelError
        If no block is available, or customers are too few.

    References
    ----------
    Wedel, M., & Kamakura, W. A. (2000). Market Segmentation: Conceptual and Methodological
    Foundations (2nd ed.). Kluwer.
    Dolnicar, S., & Leisch, F. (2010). Marketing Letters, 21, 83-101.
    """
    if isinstance(n_segments, NotAvailable):
        raise ModelError(n_segments.reason)
    if n_segments < 2 or n_replicates < 2:
        raise SettingsError(
            f"n_segments = {n_segments}, n_replicates = {n_replicates}: both must be at least 2"
        )
    # Loaded first: a limit holds only for libraries that are there when it is set.
    import sklearn.cluster
    import sklearn.metrics
    import sklearn.mixture  # noqa: F401

    from crmstudy.statistics.threads import hold_one_thread

    with hold_one_thread():  # sums of several threads differ in the last digit
        stage = set_stage(blocks, next_value, held_back, seed=seed)
        cells = []
        for name, space in blocks.items():
            if isinstance(space, NotAvailable):
                cells.append(Cell(name, "all methods", "", 0, 0, {}, space.reason))
                continue
            trial = stage.open_trial(name, n_segments, n_replicates, seed)
            cells += [trial.run(method) for method in methods]
    return Grid(
        cells=tuple(cells),
        n_segments=n_segments,
        n_replicates=n_replicates,
        n_folds=N_FOLDS,
        n_customers=len(stage.customers),
        n_known=stage.n_known,
        same_customers=stage.same_customers,
    )
