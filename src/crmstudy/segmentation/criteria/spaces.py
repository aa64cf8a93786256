"""All blocks of criteria made comparable at once."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable, attempt, passes_absence
from crmstudy.segmentation.criteria.criteria import BLOCKS, Criteria
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.transform import Log, Standardise


@passes_absence
def build_spaces(
    criteria: Criteria,
    *,
    log: bool | Log = "skewed",
    standardise: Standardise = "zscore",
    winsorise: float = 0.0,
) -> dict[str, Space | NotAvailable]:
    """Make every block of criteria comparable by the same rules.

    Parameters
    ----------
    criteria : Criteria
        What customers may be segmented by.
    log, standardise, winsorise
        See :func:`~crmstudy.segmentation.criteria.space.build_space`.

    Returns
    -------
    dict of str to Space or NotAvailable
        The five blocks in their order; of one that cannot be built, why.
    """
    settings = {"log": log, "standardise": standardise, "winsorise": winsorise}
    return {name: attempt(criteria.space, name, **settings) for name in BLOCKS}


@passes_absence
def tabulate_spaces(spaces: Mapping[str, Space | NotAvailable]) -> pd.DataFrame | NotAvailable:
    """State what was done to each variable of each block, one row a variable."""
    built = {name: space for name, space in spaces.items() if isinstance(space, Space)}
    if not built:
        return NotAvailable("no block of criteria is available")
    tables = [space.table().assign(block=name) for name, space in built.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[["block", *(name for name in table if name != "block")]]


@passes_absence
def check_spaces(spaces: Mapping[str, Space | NotAvailable]) -> tuple[Check, ...]:
    """Look in each block for a customer who makes up much of the spread of a variable."""
    built = [space for space in spaces.values() if isinstance(space, Space)]
    return tuple(space.check() for space in built if space.numeric.shape[1])
