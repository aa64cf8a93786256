"""From features of all kinds to columns that every model can use; learnt on training rows alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

#: Features that are shares or log ratios already: neither skewed nor to be logged.
UNLOGGED = ("_share", "_trend", "mean_rating")
#: A name is a level of its own when this share of the training rows has it, 10 rows at least.
SMALLEST_LEVEL, FEWEST_IN_LEVEL = 0.02, 10


@dataclass(frozen=True, eq=False)
class Encoder:
    """What was learnt of the training rows: medians, means, spreads and levels.

    Parameters
    ----------
    numeric : tuple of str
        Features that are numbers and vary in training.
    median, mean, spread : arrays of shape (n_numeric,)
        Of the transformed values; the median stands in for a missing one.
    flagged : tuple of str
        Features that get a column of their own for "is missing".
    levels : dict of str to tuple of str
        Names that get a column, for each feature of names; all others are the rest.
    """

    numeric: tuple[str, ...]
    median: Floats
    mean: Floats
    spread: Floats
    flagged: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    @property
    def owners(self) -> tuple[str, ...]:
        """The feature that each column is made from."""
        named = [name for name, levels in self.levels.items() for _ in levels]
        return (*self.numeric, *self.flagged, *named)

    def encode(self, features: pd.DataFrame) -> Floats:
        """Write rows as numbers: logged, filled and standardised; flags and levels 0 or 1."""
        values = _transform(features, self.numeric)
        filled = np.where(np.isnan(values), self.median, values)
        flags = [features[name].isna().to_numpy(dtype=np.float64) for name in self.flagged]
        ones = [
            (features[name] == level).fillna(False).to_numpy(dtype=np.float64)
            for name, levels in self.levels.items()
            for level in levels
        ]
        return np.column_stack([(filled - self.mean) / self.spread, *flags, *ones])


def learn_encoder(features: pd.DataFrame) -> Encoder:
    """Learn how to write features as numbers.

    Counts, money, days and ratios become ``sign(x) log(1 + |x|)``, then all are
    standardised; a feature that does not vary, or is known of nobody, is left out.
    """
    names = [str(name) for name in features]
    candidates = [name for name in names if pd.api.types.is_numeric_dtype(features[name])]
    values = _transform(features, tuple(candidates))
    kept = [
        position
        for position in range(len(candidates))
        if np.unique(values[~np.isnan(values[:, position]), position]).size > 1
    ]
    values = values[:, kept]
    numeric = tuple(candidates[position] for position in kept)
    median = np.nanmedian(values, axis=0) if kept else np.empty(0)
    filled = np.where(np.isnan(values), median, values)
    spread = filled.std(axis=0)
    words = [name for name in names if name not in candidates]
    return Encoder(
        numeric=numeric,
        median=median,
        mean=filled.mean(axis=0),
        spread=np.where(spread > 0, spread, 1.0),
        flagged=_choose_flags(features, numeric),
        levels={name: _choose_levels(features[name]) for name in words},
    )


def _transform(features: pd.DataFrame, names: tuple[str, ...]) -> Floats:
    columns = []
    for name in names:
        values = features[name].to_numpy(dtype=np.float64, na_value=np.nan)
        logged = np.sign(values) * np.log1p(np.abs(values))
        columns.append(values if name.endswith(UNLOGGED) else logged)
    return np.column_stack(columns) if columns else np.empty((len(features), 0))


def _choose_flags(features: pd.DataFrame, numeric: tuple[str, ...]) -> tuple[str, ...]:
    """Features missing for some; what is missing for the same customers is flagged once."""
    seen: set[bytes] = set()
    chosen = []
    for name in numeric:
        missing = features[name].isna().to_numpy()
        if missing.any() and missing.tobytes() not in seen:
            seen.add(missing.tobytes())
            chosen.append(name)
    return tuple(chosen)


def _choose_levels(names: pd.Series) -> tuple[str, ...]:
    counts = names.value_counts()
    large = counts.index[counts >= max(SMALLEST_LEVEL * len(names), FEWEST_IN_LEVEL)]
    levels = sorted(map(str, large))
    # All levels add up to a constant when none is left for the rest.
    return tuple(levels[1:] if counts.size == len(levels) and names.notna().all() else levels)
