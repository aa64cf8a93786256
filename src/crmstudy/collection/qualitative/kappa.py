"""Do two coders agree beyond chance? Cohen's kappa and what is read beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.collection.fieldwork.intervals import (
    Interval,
    percentile_interval,
    require_confidence,
    require_draws,
    resample_counts,
)
from crmstudy.collection.qualitative.chance import gwet_ac1, kappa_errors, kappa_from_counts
from crmstudy.collection.qualitative.krippendorff import sort_values
from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest, passes_absence

SCHEMES = ("none", "linear", "quadratic")


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two coders, with companions that chance does not move.

    Parameters
    ----------
    kappa : float or NotAvailable
        Agreement beyond chance, as a share of what chance leaves.
    standard_error, standard_error_null : float or NotAvailable
        Of kappa (Fleiss, Cohen & Everitt 1969), and where the true kappa is 0.
    interval, bootstrap : Interval or NotAvailable
        From the standard error and the normal distribution; percentiles of resamples.
    agreement, expected : float
        Observed agreement (weighted where weights are given), and what chance gives.
    pabak : float
        Kappa with all categories equally likely (Byrt et al. 1993; Brennan & Prediger 1981).
    ac1 : float or NotAvailable
        Gwet's AC1, which keeps its level when one category is rare.
    prevalence, bias : float or NotAvailable
        For two categories: share of units both gave the first category less the share both
        gave the second; the difference of the coders' shares (Byrt et al. 1993).
    counts : DataFrame
        Units by the first coder's category (rows) and the second's (columns).
    weights : str
        "none", "linear", "quadratic" or "own".
    n, n_left_out : int
        Units that both coded; units left out because one did not.
    note : str
        Says where kappa is low though agreement is high; empty otherwise.
    """

    kappa: float | NotAvailable
    standard_error: float | NotAvailable
    standard_error_null: float | NotAvailable
    interval: Interval | NotAvailable
    bootstrap: Interval | NotAvailable
    agreement: float
    expected: float
    pabak: float
    ac1: float | NotAvailable
    prevalence: float | NotAvailable
    bias: float | NotAvailable
    counts: pd.DataFrame
    weights: str
    n: int
    n_left_out: int
    note: str


@passes_absence
def cohen_kappa(
    ratings: pd.DataFrame,
    *,
    seed: int | np.random.Generator,
    weights: str | np.ndarray = "none",
    categories: list[object] | None = None,
    clusters: pd.Series | None = None,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Kappa:
    """Measure the agreement of two coders who give each unit exactly one category.

    Parameters
    ----------
    ratings : DataFrame of shape (n_units, 2)
        One column a coder. Units with an empty cell are left out and counted.
    seed : int or Generator
        Of the bootstrap.
    weights : {"none", "linear", "quadratic"} or array of shape (n_categories, n_categories)
        Credit for near agreement: 1 on the diagonal, down to 0. The named schemes go by
        the places of the categories in their order.
    categories : list, optional
        All categories in their order; needed when weights meet words. Default: those
        that were given, sorted.
    clusters : Series aligned with ``ratings``, optional
        What units belong together (the interview of a segment); clusters are resampled.
    draws : int
        Bootstrap samples, at least 100.
    confidence : float
        Coverage of both intervals.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    ModelError
        If there are not two coders, or no unit that both coded.

    References
    ----------
    Cohen, J. (1960). Educ. Psychol. Meas., 20, 37-46; (1968). Psychol. Bull., 70, 213-220.
    Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Psychol. Bull., 72, 323-327.
    Feinstein, A. R., & Cicchetti, D. V. (1990). J. Clin. Epidemiol., 43, 543-549.
    Byrt, T., Bishop, J., & Carlin, J. B. (1993). J. Clin. Epidemiol., 46, 423-429.
    Gwet, K. L. (2008). Brit. J. Math. Stat. Psychol., 61, 29-48.
    """
    require_confidence(confidence)
    require_draws(draws)
    both = _take_both(ratings)
    order = _order(both, categories, weights)
    credit = _credit(weights, len(order))
    places = {category: place for place, category in enumerate(order)}
    cells = both.iloc[:, 0].map(places) * len(order) + both.iloc[:, 1].map(places)
    counts = np.bincount(cells.to_numpy("int64"), minlength=len(order) ** 2).astype("float64")
    groups = None if clusters is None else clusters.loc[both.index]
    drawn = _bootstrap(cells.to_numpy("int64"), counts, credit, groups, draws, seed)
    square = counts.reshape(len(order), -1)
    return _summarise(
        square,
        credit,
        drawn,
        confidence=confidence,
        counts=pd.DataFrame(square.astype("int64"), order, order),
        weights=weights if isinstance(weights, str) else "own",
        n_left_out=len(ratings) - len(both),
        resampled="units" if clusters is None else "clusters",
    )


def _take_both(ratings: pd.DataFrame) -> pd.DataFrame:
    if ratings.shape[1] != 2:
        raise ModelError(
            f"Cohen's kappa compares two coders; there are {ratings.shape[1]}: "
            "read Krippendorff's alpha"
        )
    both = ratings.dropna()
    if both.empty:
        raise ModelError("no unit was coded by both coders, so that agreement cannot be seen")
    return both


def _order(
    both: pd.DataFrame, categories: list[object] | None, weights: str | np.ndarray
) -> list[object]:
    given = sort_values(both.to_numpy(dtype=object).ravel())
    if categories is None:
        if not (isinstance(weights, str) and weights == "none") and isinstance(given[-1], str):
            raise SettingsError("weights need the categories in their order: give categories")
        return given
    unknown = [str(value) for value in given if value not in categories]
    if unknown:
        raise SettingsError(f"values outside the categories: {', '.join(unknown)}")
    return list(categories)


def _credit(weights: str | np.ndarray, size: int) -> np.ndarray:
    if not isinstance(weights, str):
        own = np.asarray(weights, dtype="float64")
        if own.shape != (size, size) or not np.array_equal(np.diag(own), np.ones(size)):
            raise SettingsError(
                f"weights have shape {own.shape}: must be {size} by {size}, 1 on the diagonal"
            )
        return own
    if weights not in SCHEMES:
        raise SettingsError(
            f"weights = {weights!r}: allowed are {', '.join(SCHEMES)}{nearest(weights, SCHEMES)}"
        )
    if weights == "none":
        return np.eye(size)
    place = np.arange(size)
    apart = np.abs(place[:, None] - place[None, :]) / max(1, size - 1)
    return 1 - (apart if weights == "linear" else apart**2)


def _bootstrap(
    cells: np.ndarray,
    counts: np.ndarray,
    credit: np.ndarray,
    clusters: pd.Series | None,
    draws: int,
    seed: int | np.random.Generator,
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    multiplicity, tables = counts.astype("int64"), np.eye(counts.size)
    if clusters is not None:
        groups = pd.factorize(clusters, sort=True)[0]
        tables = np.zeros((groups.max() + 1, counts.size))
        np.add.at(tables, (groups, cells), 1)
        multiplicity = np.ones(len(tables), dtype="int64")
    square = (-1, *credit.shape)
    blocks = [
        kappa_from_counts((times @ tables).reshape(square), credit=credit)[0]
        for times in resample_counts(multiplicity, draws=draws, rng=rng)
    ]
    return np.concatenate(blocks)


def _summarise(
    square: np.ndarray,
    credit: np.ndarray,
    drawn: np.ndarray,
    *,
    confidence: float,
    resampled: str,
    **rest: Any,
) -> Kappa:
    n, size = int(square.sum()), len(square)
    found, agreement, expected = (float(x) for x in kappa_from_counts(square, credit=credit))
    exact = float(np.trace(square)) / n
    kappa: float | NotAvailable = found
    errors: tuple[float | NotAvailable, float | NotAvailable] = kappa_errors(square, credit)
    method = f"bootstrap of {resampled}, percentiles"
    interval = _normal_interval(found, errors[0], confidence)
    bootstrap = percentile_interval(drawn, confidence=confidence, method=method)
    if not np.isfinite(found):
        only = rest["counts"].index[int(np.argmax(square.sum(axis=1)))]
        kappa = NotAvailable(f"both coders gave {only} to all {n} units: nothing varies")
        errors, interval, bootstrap = (kappa, kappa), kappa, kappa
    elif not (square * (credit < 1)).any():
        none = NotAvailable("the coders never disagree, so that no error can be estimated")
        errors, interval, bootstrap = (none, errors[1]), none, none
    return Kappa(
        kappa=kappa,
        standard_error=errors[0],
        standard_error_null=errors[1],
        interval=interval,
        bootstrap=bootstrap,
        agreement=agreement,
        expected=expected,
        pabak=(exact - 1 / size) / (1 - 1 / size) if size > 1 else 1.0,
        ac1=gwet_ac1(square),
        prevalence=_difference(square, size, square[0, 0] - square[-1, -1]),
        bias=_difference(square, size, square[0, -1] - square[-1, 0]),
        n=n,
        note=_note(kappa, agreement, gwet_ac1(square)),
        **rest,
    )


def _difference(square: np.ndarray, size: int, difference: float) -> float | NotAvailable:
    if size != 2:
        return NotAvailable("the index is defined for two categories")
    return float(difference / square.sum())


def _normal_interval(
    kappa: float, error: float | NotAvailable, confidence: float
) -> Interval | NotAvailable:
    if isinstance(error, NotAvailable):
        return error
    reach = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return Interval(kappa - reach, min(1.0, kappa + reach), confidence, "Fleiss-Cohen-Everitt")


def _note(kappa: float | NotAvailable, agreement: float, ac1: float | NotAvailable) -> str:
    """Say where kappa is low only because one category is rare (Feinstein & Cicchetti 1990)."""
    if isinstance(kappa, NotAvailable) or isinstance(ac1, NotAvailable):
        return ""
    if agreement < 0.8 or ac1 - kappa < 0.2:
        return ""
    return (
        f"agreement is {agreement:.0%}, yet kappa is low because one category is rare; "
        "read AC1 beside it"
    )
