"""From what was known at the start to the columns of a regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.value.lifecycle.lapses import LapseTimes

MOST_MISSING = 0.2
FEWEST = 5  # lapses of a level
MOST_LEVELS = 8
OTHER, UNKNOWN = "other", "unknown"
#: Amounts and counts enter as powers of two, so that a hazard ratio is that of twice as much.
DOUBLED = ("first spend", "products in the first purchase", "units in the first purchase")
#: Other numbers by a step that a reader can picture.
STEPS = {
    "age": (10.0, "10 years more"),
    "discount at the first purchase": (0.1, "10 points more"),
    "weeks from registration": (4.0, "4 weeks more"),
}


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of a regression, and what did not become one.

    Parameters
    ----------
    columns : DataFrame of shape (n_customers, n_columns)
        Numbers, one column a covariate or a level against the reference.
    left_out : DataFrame
        ``variable`` and ``reason``.
    n_incomplete : int
        Customers left out because a number is missing.
    """

    columns: pd.DataFrame
    left_out: pd.DataFrame
    n_incomplete: int


def build_design(times: LapseTimes, starts: pd.DataFrame) -> Design:
    """Turn what was known at the start into columns.

    A variable that more than a fifth of the customers lack is left out; of another, missing
    words are a level of their own, and customers with a missing number are left out. Levels
    with fewer than five lapses are taken together as ``other``, and left to the reference,
    the most frequent level, if these are too few still: the hazard ratio of a level without
    a lapse would run to 0. Quarters become a number.
    """
    frame = starts.reindex(times.customers.index).sort_index()
    lapsed = times.customers["lapsed"].sort_index().to_numpy(bool)
    parts: list[pd.DataFrame] = []
    left: list[tuple[str, str]] = []
    for name in frame.columns:
        values = frame[name]
        missing = float(values.isna().mean())
        if missing > MOST_MISSING:
            left.append((name, f"not known of {missing:.0%} of the customers"))
        elif name == "quarter of the first purchase":
            parts.append(_number_quarters(times))
        elif pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            parts.append(_scale(values))
        else:
            columns, reason = _spread_levels(values, lapsed)
            parts.append(columns)
            left += [(name, reason)] if reason else []
    joined = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=frame.index)
    complete = joined.dropna()
    kept, dropped = _drop_redundant(complete)
    left += [(name, "does not vary, or follows from the others") for name in dropped]
    return Design(
        columns=complete[kept],
        left_out=pd.DataFrame(left, columns=["variable", "reason"]),
        n_incomplete=len(joined) - len(complete),
    )


def _number_quarters(times: LapseTimes) -> pd.DataFrame:
    entered = times.customers["entered"].sort_index()
    quarters = (entered - entered.min()).dt.days / 91.3125
    return pd.DataFrame({"first purchase a quarter later": quarters})


def _scale(values: pd.Series) -> pd.DataFrame:
    numbers = values.astype(float)
    if values.name in DOUBLED:
        least = numbers[numbers > 0].min()
        return pd.DataFrame({f"{values.name}: twice as much": np.log2(numbers.clip(lower=least))})
    if values.name in STEPS:
        step, words = STEPS[str(values.name)]
        return pd.DataFrame({f"{values.name}: {words}": numbers / step})
    spread = numbers.std()
    scaled = (numbers - numbers.mean()) / (spread if spread > 0 else 1.0)
    return pd.DataFrame({f"{values.name}: a standard deviation more": scaled})


def _spread_levels(values: pd.Series, lapsed: NDArray[np.bool_]) -> tuple[pd.DataFrame, str]:
    """Give every level but the reference a column of 0 and 1."""
    words = values.astype("str").where(values.notna(), UNKNOWN).astype("str")
    words = words.where(~words.isin(_thin_levels(words, lapsed)), OTHER)
    counts = words.value_counts()
    order = sorted(counts.index, key=lambda level: (-counts[level], level))
    reference = order[0]
    thin = [level for level in _thin_levels(words, lapsed) if level != reference]
    levels = [level for level in order[1:] if level not in thin]
    if len(levels) >= MOST_LEVELS:
        return pd.DataFrame(index=values.index), f"{len(levels) + 1} levels are too many"
    columns = {
        f"{values.name}: {level} (against {reference})": (words == level).astype(float)
        for level in sorted(levels)
    }
    reason = f"{' and '.join(thin)} counted with {reference}: too few customers" if thin else ""
    return pd.DataFrame(columns, index=values.index), reason


def _thin_levels(words: pd.Series, lapsed: NDArray[np.bool_]) -> list[str]:
    ended = words[lapsed].value_counts()
    return [level for level in sorted(words.unique()) if ended.get(level, 0) < FEWEST]


def _drop_redundant(columns: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Keep the columns that are not a combination of those before them."""
    kept: list[str] = []
    basis = np.ones((len(columns), 1)) / np.sqrt(max(len(columns), 1))
    for name in columns.columns:
        values = columns[name].to_numpy(float)
        rest = values - basis @ (basis.T @ values)
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-6 * max(float(np.linalg.norm(values)), 1e-300) and size > 1e-9:
            kept.append(str(name))
            basis = np.column_stack([basis, rest / size])
    return kept, [str(name) for name in columns.columns if name not in kept]
