"""Levels of categories: rare ones gathered, the ends of postcodes cut off."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

OTHER, UNKNOWN = "other", "unknown"
MOST_LEVELS = 12  # a postcode of more is cut
MOST_BANDS = 24
POSTCODE = re.compile(r"(postcode|postal_?code|zip|zip_?code|plz|邮编|邮政编码)", re.IGNORECASE)
#: How a level begins that is a size or a band of sizes.
SIZE = re.compile(
    r"\s*(under|below|less than|up to|over|above|more than|[<>≤≥~])?\s*[$£€¥]?\s*\d", re.IGNORECASE
)


@dataclass(frozen=True)
class Levels:
    """Which level of a category each value found belongs to.

    Parameters
    ----------
    level_of : dict of str to str
        The level of every value that was met.
    prefix : int
        Leading characters that count; 0 for all.
    """

    level_of: dict[str, str]
    prefix: int = 0

    @property
    def gathered(self) -> dict[str, tuple[str, ...]]:
        """The values found in each level that holds several, or one of another name."""
        found: dict[str, list[str]] = {}
        for value, level in self.level_of.items():
            found.setdefault(level, []).append(value)
        return {
            level: tuple(sorted(values)) for level, values in found.items() if values != [level]
        }

    def apply(self, values: pd.Series) -> pd.Series:
        """Give each value its level; one never met is ``other``, a missing one stays so."""
        cut = values.str[: self.prefix] if self.prefix else values
        codes, found = pd.factorize(cut)  # a missing value has the code -1, the last place
        levels = [*(self.level_of.get(str(value), OTHER) for value in found), None]
        return pd.Series(np.array(levels, dtype=object)[codes], values.index, dtype="str")


def learn_levels(values: pd.Series, *, name: str, rare: float) -> Levels:
    """Find the levels of a category, none rarer than a share of the known values.

    A postcode of many values counts with the fewest first characters that tell customers
    apart, its postal zone. Levels in order of size, as ``25-34K`` among incomes, go
    together with the neighbour that is the smaller; those without an order go together in
    ``other``, but a single rare one keeps its name.
    """
    prefix = _cut(values) if POSTCODE.fullmatch(name) else 0
    known = (values.str[:prefix] if prefix else values).dropna()
    counts = known.value_counts().sort_index()
    least = rare * len(known)
    sized = all(SIZE.match(str(level)) for level in counts.index)
    merge = _merge_neighbours if sized and 2 < len(counts) <= MOST_BANDS else _merge_rare
    return Levels(merge(counts, least), prefix)


def _cut(values: pd.Series) -> int:
    """Find how many first characters make a postal zone; 0 if all values are few."""
    known = values.dropna()
    if known.nunique() <= MOST_LEVELS:
        return 0
    longest = int(known.str.len().max())
    return next((n for n in range(1, longest) if len(known.str[:n].unique()) > 1), 0)


def _merge_rare(counts: pd.Series, least: float) -> dict[str, str]:
    rare = counts.index[counts < least]
    gathered = set(rare) if len(rare) > 1 else set()
    return {level: OTHER if level in gathered else level for level in counts.index}


def _merge_neighbours(counts: pd.Series, least: float) -> dict[str, str]:
    from crmstudy.collection.attributes import order_levels

    order = order_levels(pd.Series(counts.index, dtype="str")).cat.categories
    groups = [[level] for level in order]
    while len(groups) > 1:
        sizes = [float(counts[group].sum()) for group in groups]
        small = min(range(len(groups)), key=lambda i: (sizes[i], i))
        if sizes[small] >= least:
            break
        beside = [i for i in (small - 1, small + 1) if 0 <= i < len(groups)]
        into = min(beside, key=lambda i: (sizes[i], i))
        first, second = sorted((small, into))
        groups[first : second + 1] = [groups[first] + groups[second]]
    named = {}
    for group in groups:
        name = group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}"
        named.update(dict.fromkeys(group, name))
    return named
