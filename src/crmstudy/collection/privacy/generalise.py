"""Coarser values, until nobody can be singled out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.privacy.anonymity import number_classes
from crmstudy.errors import ModelError, passes_absence

ANY = "*"

#: Widths of the bands that a number is put into, one after the other.
WIDTHS = (5, 10, 20, 40)


@dataclass(frozen=True)
class Generalised:
    """A table that was made coarser until each combination holds k persons.

    Parameters
    ----------
    frame : DataFrame
        The rows kept, quasi-identifiers as texts.
    steps : mapping of str to str
        What became of each quasi-identifier, in words.
    left_out : int
        Persons left out because they stood out even so.
    smallest_class : int
        Persons in the rarest combination kept.
    """

    frame: pd.DataFrame
    steps: Mapping[str, str]
    left_out: int
    smallest_class: int

    def table(self) -> pd.DataFrame:
        """Return columns ``quasi-identifier`` and ``published as``."""
        return pd.DataFrame(
            {"quasi-identifier": list(self.steps), "published as": list(self.steps.values())}
        )


def band(values: pd.Series, *, width: int) -> pd.Series:
    """Put numbers into bands: 1987 becomes ``1980-1989`` for a width of ten."""
    low = (np.floor(values.astype(float) / width) * width).astype("Int64")
    text = low.astype("string") + "-" + (low + width - 1).astype("string")
    return text.astype("str")


def keep_prefix(values: pd.Series, *, length: int) -> pd.Series:
    """Keep the first signs of a code and star the others: 13053 becomes ``130**``."""
    text = values.astype("str").str.strip()
    starred = text.str.slice(0, length) + text.str.slice(length).str.replace(".", ANY, regex=True)
    return starred.where(values.notna())


@passes_absence
def generalise(
    frame: pd.DataFrame, *, quasi_identifiers: Sequence[str], k: int, leave_out: float = 0.0
) -> Generalised:
    """Make quasi-identifiers coarser, one step at a time, until the table is k-anonymous.

    The column with most distinct values goes first (Datafly): numbers into bands of 5, 10,
    20 and 40, postcodes to ever shorter prefixes; when that is not enough, columns become
    ``*`` one after the other.

    Parameters
    ----------
    frame : DataFrame
        One row a person.
    quasi_identifiers : sequence of str
        Columns to make coarser.
    k : int
        Persons that each combination must hold.
    leave_out : float
        Share of persons, in rare combinations, that may be left out instead.

    Raises
    ------
    ModelError
        If there are fewer than k persons.

    References
    ----------
    Sweeney, L. (2002). Achieving k-anonymity privacy protection using generalization and
    suppression. Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems, 10(5), 571-588.
    """
    names = list(quasi_identifiers)
    if len(frame) < k:
        raise ModelError(f"{len(frame)} persons cannot be made {k}-anonymous")
    ladders = {name: _ladder(frame[name], name) for name in names}
    rungs = dict.fromkeys(names, 0)
    while True:
        coarse = frame.assign(**{name: ladders[name][rungs[name]][1] for name in names})
        label = number_classes(coarse, names)
        sizes = np.bincount(label)[label]
        rare = int((sizes < k).sum())
        if rare <= leave_out * len(frame):
            break
        movable = [name for name in names if rungs[name] + 1 < len(ladders[name])]
        # A column is given up only when no other can be made coarser; ties: the first named.
        coarser = [name for name in movable if rungs[name] + 2 < len(ladders[name])]
        widest = max(coarser or movable, key=lambda name: coarse[name].nunique(dropna=False))
        rungs[widest] += 1
    kept = sizes >= k
    return Generalised(
        frame=coarse.loc[kept],
        steps={name: ladders[name][rungs[name]][0] for name in names},
        left_out=rare,
        smallest_class=int(sizes[kept].min()),
    )


def _ladder(values: pd.Series, name: str) -> list[tuple[str, pd.Series]]:
    """List the ever coarser versions of a column, with their names."""
    ladder = [("as it is", values)]
    if name == "postcode":
        longest = int(values.dropna().astype("str").str.len().max()) if values.notna().any() else 0
        ladder += [
            (
                f"first {length} signs" if length > 1 else "first sign",
                keep_prefix(values, length=length),
            )
            for length in range(longest - 1, 0, -1)
        ]
    elif pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        ladder += [(f"bands of {width}", band(values, width=width)) for width in WIDTHS]
    return [*ladder, ("not published", pd.Series(ANY, index=values.index))]
