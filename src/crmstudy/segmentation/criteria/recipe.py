"""How numbers and shares were made comparable, kept so that others can be treated alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmstudy.errors import DataError
from crmstudy.segmentation.criteria.indicators import Indicators
from crmstudy.segmentation.criteria.transform import (
    SKEWED,
    Log,
    TransformedFeatures,
    transform_features,
)


@dataclass(frozen=True)
class Recipe:
    """How the customers of a space were made comparable, to do the same with others.

    Parameters
    ----------
    numbers, parts : TransformedFeatures or None
        What was done to the numbers, and to the shares of one whole.
    weight : float
        What the parts were multiplied by, all of them alike.
    indicators : Indicators
        How categories became coordinates.
    rooted : tuple of str
        Numbers that are skewed shares: their root is taken first.
    """

    numbers: TransformedFeatures | None
    parts: TransformedFeatures | None
    weight: float
    indicators: Indicators
    rooted: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The numbers that a customer must have."""
        steps = [one.steps.index for one in (self.numbers, self.parts) if one is not None]
        return [str(name) for index in steps for name in index]

    def apply(self, complete: pd.DataFrame) -> pd.DataFrame:
        """Transform complete numbers and shares."""
        done = []
        if self.numbers is not None:
            numbers = root_shares(complete[self.numbers.steps.index], self.rooted)
            done.append(self.numbers.apply(numbers))
        if self.parts is not None:
            done.append(self.weight * self.parts.apply(take_root(complete[self.parts.steps.index])))
        return pd.concat(done, axis=1) if done else pd.DataFrame(index=complete.index)


def take_root(shares: pd.DataFrame) -> pd.DataFrame:
    """Take the root of each share.

    Raises
    ------
    DataError
        If a share is negative.
    """
    if (shares < 0).any(axis=None):
        worst = shares.min().idxmin()
        raise DataError(f"{worst} is negative: a share of a whole cannot be")
    return shares**0.5


def transform_parts(shares: pd.DataFrame) -> TransformedFeatures:
    """Centre the roots; the scale is common and comes after."""
    roots = take_root(shares)
    done = transform_features(roots, log="none", standardise="none")
    return forget_customers(replace(done, steps=done.steps.assign(centre=roots.mean())))


def forget_customers(done: TransformedFeatures) -> TransformedFeatures:
    """Keep the steps, not the values of those by whom they were found."""
    return replace(done, values=done.values.iloc[:0])


def weigh_parts(shares: pd.DataFrame) -> float:
    """Find the factor that gives the roots of shares a variance of 1 on average."""
    if shares.shape[1] == 0:
        return 1.0
    return float(take_root(shares).var().mean() ** -0.5)


def find_skewed_shares(shares: pd.DataFrame, *, log: bool | Log) -> tuple[str, ...]:
    """Name the shares whose skewness is above 1 and comes nearer to 0 by a root."""
    if log in ("none", False):
        return ()
    before, after = shares.skew(), root_shares(shares, tuple(map(str, shares))).skew()
    skewed = (before > SKEWED) & (after.abs() < before.abs())
    return tuple(str(name) for name in shares.columns[skewed])


def root_shares(numbers: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Take the root of some columns; of a negative value that of its size, negative."""
    roots = {name: np.sign(numbers[name]) * numbers[name].abs() ** 0.5 for name in names}
    return numbers.assign(**roots)


def _say_reshaped(done: TransformedFeatures, rooted: tuple[str, ...]) -> list[str]:
    said = dict(zip(done.steps.index, done.table()["logged"], strict=True))
    return [
        (f"root, {step}" if step != "no" else "root") if name in rooted else step
        for name, step in said.items()
    ]


def describe_steps(
    recipe: Recipe, complete: pd.DataFrame, numeric: pd.DataFrame, categories: pd.DataFrame
) -> pd.DataFrame:
    """State what was done to each variable, one row a variable, indexed by its name.

    Parameters
    ----------
    complete, numeric : DataFrame
        The numbers and shares before and after.
    """
    rows = []
    for kind, done in (("number", recipe.numbers), ("part", recipe.parts)):
        if done is not None:
            reshaped = _say_reshaped(done, recipe.rooted) if kind == "number" else "root"
            before = complete[done.steps.index].skew()
            rows.append(done.steps.assign(kind=kind, reshaped=reshaped, skewness_before=before))
    squares = (numeric - numeric.mean()) ** 2
    steps = pd.concat(rows) if rows else pd.DataFrame()
    counts = recipe.indicators.table(categories)
    steps = pd.concat([steps, counts]) if len(counts) else steps
    largest = squares.max() / squares.sum()
    needed = ("n_levels", "n_unknown", "n_winsorised", "skewness_before", "skewness_after")
    blank = {column: np.nan for column in needed if column not in steps}
    return steps.assign(largest_share=largest.reindex(steps.index), **blank).rename_axis("variable")
