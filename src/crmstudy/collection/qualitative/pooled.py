"""Kappa pooled over codes that the same units were coded with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.intervals import resample_counts
from crmstudy.collection.qualitative.chance import kappa_from_counts
from crmstudy.errors import NotAvailable


def pool_kappa(
    marks: dict[str, pd.DataFrame], clusters: pd.Series | None, *, draws: int, seed: int
) -> tuple[float | NotAvailable, np.ndarray | NotAvailable]:
    """Pool kappa over the codes, with bootstrap draws of whole units or clusters.

    Parameters
    ----------
    marks : dict of str to DataFrame of shape (n_units, n_coders)
        For each code 1 given, 0 not given; the same units throughout.
    clusters : Series aligned with the units, optional
        What units belong together.
    draws, seed : int
        Of the bootstrap.

    References
    ----------
    de Vries, H., Elliott, M. N., Kanouse, D. E., & Teleki, S. S. (2008). Field Methods, 20,
    272-282.
    """
    tables = np.stack(list(_tabulate_units(marks)), axis=1)  # units x codes x 4
    if next(iter(marks.values())).shape[1] != 2:
        several = NotAvailable("a kappa pooled over the codes compares two coders")
        return several, several
    if clusters is not None:
        groups = pd.factorize(clusters, sort=True)[0]
        sums = np.zeros((groups.max() + 1, *tables.shape[1:]))
        np.add.at(sums, groups, tables)
        tables = sums
    found = _pooled_kappa(tables.sum(axis=0)[None])[0]
    if not np.isfinite(found):
        never = NotAvailable("no code varies between the segments")
        return never, never
    return float(found), _draw_pooled(tables, draws=draws, seed=seed)


def _draw_pooled(tables: np.ndarray, *, draws: int, seed: int) -> np.ndarray | NotAvailable:
    if not tables[:, :, 1:3].any():
        return NotAvailable("the coders never disagree, so that resampling has nothing to vary")
    n_codes = tables.shape[1]
    flat = tables.reshape(len(tables), -1)
    kinds, multiplicity = np.unique(flat, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    blocks = [
        _pooled_kappa((times @ kinds).reshape(-1, n_codes, 4))
        for times in resample_counts(multiplicity, draws=draws, rng=rng)
    ]
    return np.concatenate(blocks)


def _tabulate_units(marks: dict[str, pd.DataFrame]) -> Iterator[np.ndarray]:
    """Turn each code's marks into one-hot cells of the two-by-two table, shape (n_units, 4)."""
    for mark in marks.values():
        both = mark.iloc[:, :2].to_numpy()
        cells = np.nan_to_num(both[:, 0] * 2 + both[:, 1]).astype("int64")
        yield np.eye(4)[cells]


def _pooled_kappa(tables: np.ndarray) -> np.ndarray:
    """Pool by de Vries et al. (2008); tables of shape (n_samples, n_codes, 4)."""
    square = tables.reshape(*tables.shape[:2], 2, 2)
    _, agreement, expected = kappa_from_counts(square, credit=np.eye(2))
    chance = expected.mean(axis=1)
    pooled = np.full(chance.shape, np.nan)
    np.divide(agreement.mean(axis=1) - chance, 1 - chance, out=pooled, where=chance < 1 - 1e-12)
    return pooled
