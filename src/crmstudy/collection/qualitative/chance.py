"""Agreement as functions of a table of counts, and what its size is called."""

from __future__ import annotations

import numpy as np

from crmstudy.errors import NotAvailable


def kappa_from_counts(
    counts: np.ndarray, *, credit: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute kappa of one or many tables of counts at once.

    Parameters
    ----------
    counts : array of shape (..., k, k)
        Units by the coders' categories.
    credit : array of shape (k, k)
        Credit for each pair of categories, 1 on the diagonal.

    Returns
    -------
    (array, array, array) of shape (...)
        Kappa (NaN where chance agreement is complete), agreement, chance agreement.
    """
    shares = counts / counts.sum(axis=(-2, -1), keepdims=True)
    agreement = (shares * credit).sum(axis=(-2, -1))
    rows, columns = shares.sum(axis=-1), shares.sum(axis=-2)
    expected = ((rows @ credit) * columns).sum(axis=-1)
    kappa = np.full(np.shape(agreement), np.nan)
    varied = (expected < 1 - 1e-12) & ~_constant(counts)
    np.divide(agreement - expected, 1 - expected, out=kappa, where=varied)
    return kappa, agreement, expected


def _constant(counts: np.ndarray) -> np.ndarray:
    """Whether both coders gave one and the same category throughout."""
    given = (counts.sum(axis=-1) + counts.sum(axis=-2)) > 0
    return np.asarray(given.sum(axis=-1) == 1)


def kappa_errors(square: np.ndarray, credit: np.ndarray) -> tuple[float, float]:
    """Return the standard errors of kappa, and of kappa where it is truly 0.

    Fleiss, Cohen & Everitt (1969), equations 8 and 9 of the weighted form.
    """
    n = square.sum()
    shares = square / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    kappa, _, expected = (float(x) for x in kappa_from_counts(square, credit=credit))
    mean = (credit @ columns)[:, None] + (rows @ credit)[None, :]
    free = (shares * (credit - mean * (1 - kappa)) ** 2).sum() - (
        kappa - expected * (1 - kappa)
    ) ** 2
    null = (np.outer(rows, columns) * (credit - mean) ** 2).sum() - expected**2
    scale = np.sqrt(n) * (1 - expected) if expected < 1 else np.nan
    return float(np.sqrt(max(free, 0.0)) / scale), float(np.sqrt(max(null, 0.0)) / scale)


def gwet_ac1(square: np.ndarray) -> float | NotAvailable:
    """Compute Gwet's AC1 of one table of counts, shape (k, k).

    References
    ----------
    Gwet, K. L. (2008). Brit. J. Math. Stat. Psychol., 61, 29-48.
    """
    size = len(square)
    if size < 2:
        return NotAvailable("AC1 needs two categories")
    shares = (square.sum(axis=0) + square.sum(axis=1)) / (2 * square.sum())
    chance = float((shares * (1 - shares)).sum()) / (size - 1)
    exact = float(np.trace(square) / square.sum())
    return (exact - chance) / (1 - chance)


def read_kappa(kappa: float | NotAvailable) -> str:
    """Name a kappa's strength in the words of Landis & Koch (1977), Biometrics, 33, 159-174."""
    if isinstance(kappa, NotAvailable):
        return str(kappa)
    bounds = {"poor": 0, "slight": 0.2, "fair": 0.4, "moderate": 0.6, "substantial": 0.8}
    if kappa < 0:
        return "poor"
    words = [word for word, bound in bounds.items() if word != "poor" and kappa <= bound]
    return words[0] if words else "almost perfect"


def read_alpha(alpha: float | NotAvailable) -> str:
    """Say what an alpha allows by Krippendorff's limits, .667 and .8 (2004, p. 241)."""
    if isinstance(alpha, NotAvailable):
        return str(alpha)
    if alpha >= 0.8:
        return "reliable"
    return "tentative conclusions only" if alpha >= 0.667 else "not reliable enough"
