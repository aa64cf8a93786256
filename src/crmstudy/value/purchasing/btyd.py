"""Buy till you die: how often customers will come back, and who has left.

Three models of the same data. BG/NBD lets a customer leave only after a repeat purchase,
MBG/NBD after any purchase, Pareto/NBD at any time; all are fitted by maximum likelihood to
distinct purchase histories, weighted by how many customers share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.histories.purchases import TIME_UNITS, PurchaseSummary
from crmstudy.value.purchasing import bg_nbd, mbg_nbd, pareto_nbd
from crmstudy.value.purchasing.likelihood import Estimates, maximise
from crmstudy.value.purchasing.numerics import pool_rows

Floats = NDArray[np.float64]

# A convention of this study, not of the literature: below it four parameters of two
# distributions over customers are not worth estimating.
MINIMUM_CUSTOMERS = 30
MINIMUM_REPEAT_CUSTOMERS = 10

# Distinct histories evaluated at once: 32 quadrature nodes each, a few MB an array.
BLOCK = 20_000

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class PurchaseResult:
    """A fitted purchase model. Times in and out are in ``unit_days`` days (weeks or days).

    Parameters
    ----------
    estimates : Estimates
        Parameters with covariance, log-likelihood and checks.
    unit_days : float
        Unit of time in days, taken from the summary.
    """

    estimates: Estimates
    unit_days: float

    model: ClassVar[str]
    formulas: ClassVar[ModuleType]
    timed: ClassVar[tuple[str, ...]]  # parameters in units of time

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the optimiser's answer is a well-determined maximum."""
        return self.estimates.checks

    def expected_purchases(self, horizon: ArrayLike) -> Floats:
        """Expected repeat purchases of a new customer within ``horizon`` of her first purchase."""
        return self.conditional_expected_purchases(0.0, 0.0, 0.0, horizon)

    def conditional_expected_purchases(
        self,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
        horizon: ArrayLike,
        *,
        annual_discount_rate: float = 0.0,
    ) -> Floats:
        """Expected purchases within ``horizon`` after T, given a history.

        Parameters
        ----------
        x, t_x, T, horizon : float or array
            Repeat purchases, time of the last one, age, and time to look ahead;
            broadcast against each other.
        annual_discount_rate : float
            Effective rate a year; a purchase at time t counts ``(1 + rate)^-(t in years)``,
            continuously in t. A year has 365.25 days.
        """
        ahead = partial(
            self.formulas.purchases_while_alive,
            discount=np.log1p(annual_discount_rate) * self.unit_days / DAYS_A_YEAR,
            **self.estimates.to_dict(),
        )
        alive = self.probability_alive(x, t_x, T)
        # Given that she is active, the future depends on t_x no more: fewer distinct rows.
        return alive * _by_distinct_row(ahead, *_as_floats(x, T, horizon))

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Probability that a customer with this history is still active at age T."""
        alive = partial(self.formulas.probability_alive, **self.estimates.to_dict())
        return _by_distinct_row(alive, *_as_floats(x, t_x, T))

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Estimates with standard errors, intervals and units."""
        unit = f"{TIME_UNITS[self.unit_days]}s"
        return self.estimates.table(units=dict.fromkeys(self.timed, unit), level=level)

    def to_metrics(self) -> dict[str, float]:
        """Estimates, standard errors, log-likelihood and n, for the record."""
        return self.estimates.to_metrics()


class BgNbdResult(PurchaseResult):
    """A fitted BG/NBD model; what its parameters mean stands in :mod:`.bg_nbd`."""

    model: ClassVar[str] = "BG/NBD"
    formulas: ClassVar[ModuleType] = bg_nbd
    timed: ClassVar[tuple[str, ...]] = ("alpha",)


class MbgNbdResult(PurchaseResult):
    """A fitted MBG/NBD model; what its parameters mean stands in :mod:`.mbg_nbd`."""

    model: ClassVar[str] = "MBG/NBD"
    formulas: ClassVar[ModuleType] = mbg_nbd
    timed: ClassVar[tuple[str, ...]] = ("alpha",)


class ParetoNbdResult(PurchaseResult):
    """A fitted Pareto/NBD model; for its parameters see :mod:`.pareto_nbd`."""

    model: ClassVar[str] = "Pareto/NBD"
    formulas: ClassVar[ModuleType] = pareto_nbd
    timed: ClassVar[tuple[str, ...]] = ("alpha", "beta")


@passes_absence
def fit_bg_nbd(summary: PurchaseSummary) -> BgNbdResult:
    """Fit the BG/NBD model by maximum likelihood.

    Parameters
    ----------
    summary : PurchaseSummary
        Purchase histories.

    Returns
    -------
    BgNbdResult
        r and alpha (shape, and rate in units of time, of the gamma distribution of
        purchase rates), a and b (of the beta distribution of dropout probabilities).

    Raises
    ------
    ModelError
        If the histories are too few or degenerate, or the likelihood has no interior
        maximum (for instance because nobody seems ever to leave).

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the
    easy way: An alternative to the Pareto/NBD model. Marketing Science, 24(2), 275-284.
    """
    return BgNbdResult(_fit_beta_geometric(summary, bg_nbd.BgNbdLikelihood), summary.unit_days)


@passes_absence
def fit_mbg_nbd(summary: PurchaseSummary) -> MbgNbdResult:
    """Fit the MBG/NBD model by maximum likelihood.

    Parameters
    ----------
    summary : PurchaseSummary
        Purchase histories.

    Returns
    -------
    MbgNbdResult
        r and alpha (shape, and rate in units of time, of the gamma distribution of
        purchase rates), a and b (of the beta distribution of dropout probabilities).

    Raises
    ------
    ModelError
        As for :func:`fit_bg_nbd`.

    References
    ----------
    Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and
    comparison of models for customer base analysis. International Journal of Research in
    Marketing, 24(3), 201-209.
    Wagner, U. & Hoppe, D. (2008). Erratum on the MBG/NBD model. International Journal of
    Research in Marketing, 25(3), 225-226.
    """
    return MbgNbdResult(_fit_beta_geometric(summary, mbg_nbd.MbgNbdLikelihood), summary.unit_days)


@passes_absence
def fit_pareto_nbd(summary: PurchaseSummary) -> ParetoNbdResult:
    """Fit the Pareto/NBD model by maximum likelihood.

    Parameters
    ----------
    summary : PurchaseSummary
        Purchase histories.

    Returns
    -------
    ParetoNbdResult
        r and alpha (shape, and rate in units of time, of the gamma distribution of
        purchase rates), s and beta (the same of the rates of leaving).

    Raises
    ------
    ModelError
        As for :func:`fit_bg_nbd`.

    References
    ----------
    Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting your customers:
    Who are they and what will they do next? Management Science, 33(1), 1-24.
    """
    x, t_x, T, weights = _distinct_histories(summary)
    age = float(np.average(T, weights=weights))
    estimates = maximise(
        pareto_nbd.ParetoNbdLikelihood(x, t_x, T, weights),
        {"r": 0.5, "alpha": 0.25 * age, "s": 0.5, "beta": 0.25 * age},
        n=int(weights.sum()),
        explain=partial(pareto_nbd.explain, age=age),
    )
    return ParetoNbdResult(estimates, summary.unit_days)


def _fit_beta_geometric(
    summary: PurchaseSummary, likelihood: type[bg_nbd.BgNbdLikelihood]
) -> Estimates:
    x, t_x, T, weights = _distinct_histories(summary)
    age = float(np.average(T, weights=weights))
    return maximise(
        likelihood(x, t_x, T, weights),
        {"r": 0.5, "alpha": 0.25 * age, "a": 0.5, "b": 2.0},
        n=int(weights.sum()),
        explain=partial(bg_nbd.explain, age=age),
    )


def _distinct_histories(summary: PurchaseSummary) -> tuple[Floats, Floats, Floats, NDArray]:
    """Distinct (x, t_x, T) with the number of customers each, if there is enough to fit."""
    x, t_x, T = summary.x, summary.t_x, summary.T
    _check_histories(x, t_x, T)
    _check_enough(x, T, unit=summary.unit)
    representative, weights, _ = pool_rows(x, t_x, T)
    return x[representative], t_x[representative], T[representative], weights


def _check_histories(x: Floats, t_x: Floats, T: Floats) -> None:
    came_back = (x >= 1) & (x == np.floor(x)) & (t_x > 0) & (t_x <= T) & np.isfinite(T)
    impossible = ~(came_back | ((x == 0) & (t_x == 0) & (T >= 0) & np.isfinite(T)))
    if impossible.any():
        row = int(impossible.argmax())
        raise ModelError(
            "a purchase history has 0 < t_x <= T, or x = t_x = 0, and x is a whole number; "
            f"found x = {x[row]:g}, t_x = {t_x[row]:g}, T = {T[row]:g} in row {row + 1} "
            f"({int(impossible.sum())} of {x.size} customers)"
        )


def _check_enough(x: Floats, T: Floats, *, unit: str) -> None:
    """Refuse histories from which four parameters cannot be learned."""
    repeaters = int((x > 0).sum())
    if x.size and not (T > 0).any():
        raise ModelError(
            f"nobody was observed for any time after the first purchase ({x.size} customers, all "
            f"ages 0 {unit}s): the purchases cover a single day; take a later end of calibration"
        )
    if x.size and not repeaters:
        raise ModelError(
            f"no customer came back: one-time buyers only, {x.size} in all; without repeat "
            "purchases neither their rate nor their end can be learned"
        )
    if x.size < MINIMUM_CUSTOMERS or repeaters < MINIMUM_REPEAT_CUSTOMERS:
        raise ModelError(
            f"too few customers: {x.size}, with a repeat purchase {repeaters} "
            f"(at least {MINIMUM_CUSTOMERS} and {MINIMUM_REPEAT_CUSTOMERS})"
        )


def _as_floats(*values: ArrayLike) -> list[Floats]:
    """Broadcast the arguments of a formula against each other."""
    return list(np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values)))


def _by_distinct_row(formula: Callable[..., Floats], *columns: Floats) -> Floats:
    """Evaluate a formula once for each distinct row, in blocks that bound the memory."""
    flat = [column.ravel() for column in columns]
    representative, _, kind = pool_rows(*flat)
    results = np.empty(representative.size)
    for begin in range(0, representative.size, BLOCK):
        rows = representative[begin : begin + BLOCK]
        results[begin : begin + BLOCK] = formula(*(column[rows] for column in flat))
    return results[kind].reshape(columns[0].shape)
