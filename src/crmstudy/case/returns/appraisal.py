"""What a series of cash flows is worth: functions of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError, NotAvailable

Floats = npt.NDArray[np.float64]

#: Roots of a polynomial whose imaginary part is smaller count as real.
REAL = 1e-7
#: Rates that differ by less, relative to 1 + rate, are one rate found twice.
SAME = 1e-6


def _as_series(flows: npt.ArrayLike, times: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    money = np.asarray(flows, dtype=float)
    when = np.arange(len(money), dtype=float) if times is None else np.asarray(times, dtype=float)
    if money.ndim != 1 or not len(money) or money.shape != when.shape:
        raise ModelError(f"flows and times must be two rows of one length, found {money.shape}")
    if not (np.isfinite(money).all() and np.isfinite(when).all()):
        raise ModelError("a cash flow or its time is not a finite number")
    return money, when


def net_present_value(
    flows: npt.ArrayLike, *, rate: float, times: npt.ArrayLike | None = None
) -> float:
    """Sum the flows, each discounted by ``(1 + rate) ** time``.

    Parameters
    ----------
    flows : array_like of shape (n,)
        Money, what is spent negative.
    rate : float
        Per period, above -1.
    times : array_like of shape (n,), optional
        In periods; by default 0, 1, 2, ...: the first flow is not discounted.

    References
    ----------
    Brealey, R. A., Myers, S. C., & Allen, F. (2020). Principles of corporate finance (13th
    ed.). McGraw-Hill.
    """
    money, when = _as_series(flows, times)
    if rate <= -1:
        raise ModelError(f"a rate must be above -1 (all is lost), found {rate:g}")
    return float((money * (1 + rate) ** -when).sum())


def internal_rates(
    flows: npt.ArrayLike, *, times: npt.ArrayLike | None = None
) -> tuple[float, ...]:
    """Find every rate above -1 at which the net present value is 0, in rising order.

    There is none where all flows have one sign, and there may be several where the sign
    changes more than once (at most as many as it changes: Descartes).

    Parameters
    ----------
    times : array_like of shape (n,), optional
        In whole or half periods.

    Raises
    ------
    ModelError
        If a time is no multiple of a half period, or all flows are 0.
    """
    money, when = _as_series(flows, times)
    halves = np.rint(2 * when).astype(int)
    if not np.allclose(halves, 2 * when, atol=1e-9):
        raise ModelError("internal rates are found for flows at whole or half periods only")
    if not money.any():
        raise ModelError("all cash flows are 0: every rate is an internal one")
    if not (2 * when % 2).any():
        halves, step = halves // 2, 1.0
    else:
        step = 2.0
    # In x = (1 + rate) ** (-1 / step) the present value is a polynomial.
    coefficients = np.zeros(halves.max() - halves.min() + 1)
    np.add.at(coefficients, halves - halves.min(), money)
    roots = np.roots(np.trim_zeros(coefficients[::-1], "f"))
    scale = np.maximum(1.0, np.abs(roots))
    real = roots.real[(np.abs(roots.imag) < REAL * scale) & (roots.real > REAL)]
    rates: list[float] = []
    for x in np.sort(_polish(real, coefficients))[::-1]:  # a root met twice is found twice
        rate = float(x) ** -step - 1
        if not rates or abs(rate - rates[-1]) > SAME * (1 + abs(rate)):
            rates.append(rate)
    return tuple(rates)


def _polish(roots: Floats, coefficients: Floats) -> Floats:
    """Take two steps of Newton's towards each root, where that brings it nearer."""
    value = np.polynomial.Polynomial(coefficients)
    slope = value.deriv()
    for _ in range(2):
        steep = slope(roots)
        moved = roots - value(roots) / np.where(steep == 0, np.inf, steep)
        roots = np.where(np.abs(value(moved)) < np.abs(value(roots)), moved, roots)
    return roots


def modified_rate(
    flows: npt.ArrayLike,
    *,
    finance_rate: float,
    reinvest_rate: float,
    times: npt.ArrayLike | None = None,
) -> float:
    """Rate per period at which what is spent grows to what comes in, reinvested.

    What is spent is discounted to the start by ``finance_rate``; what comes in is carried to
    the last flow by ``reinvest_rate``. It exists once where internal rates are several.

    Raises
    ------
    ModelError
        If nothing is spent or nothing comes in.
    """
    money, when = _as_series(flows, times)
    spent, received = np.minimum(money, 0), np.maximum(money, 0)
    if not (spent.any() and received.any()):
        raise ModelError("a modified internal rate needs money spent and money received")
    last = when.max()
    future = float((received * (1 + reinvest_rate) ** (last - when)).sum())
    present = -net_present_value(spent, rate=finance_rate, times=when)
    return float((future / present) ** (1 / last) - 1)


def payback(
    flows: npt.ArrayLike, *, rate: float = 0.0, times: npt.ArrayLike | None = None
) -> float | NotAvailable:
    """Time from which on the flows so far, discounted, stay at 0 or above; in periods.

    Between two flows the money is taken to come in evenly. ``rate = 0`` gives the simple
    payback, which forgets what money costs.
    """
    money, when = _as_series(flows, times)
    order = np.argsort(when, kind="stable")
    sums = np.cumsum(money[order] * (1 + rate) ** -when[order])
    # Sums of money that should cancel may leave a few bits.
    negative = np.flatnonzero(sums < -1e-12 * np.abs(money).sum())
    if not len(negative):
        return 0.0
    last = int(negative[-1])
    if last == len(sums) - 1:
        return NotAvailable("the money is not back within the horizon")
    before, after = sums[last], sums[last + 1]
    began, ended = when[order][last], when[order][last + 1]
    return float(began + (ended - began) * -before / (after - before))


def equivalent_annual(value: float, *, rate: float, years: float) -> float:
    """Level amount a year, paid at its end, that is worth ``value`` today over the years."""
    if years <= 0:
        raise ModelError(f"an equivalent annual amount needs a horizon, found {years:g} years")
    return value / years if rate == 0 else value * rate / (1 - (1 + rate) ** -years)


def annualise(rate: float, *, periods_per_year: float) -> float:
    """Rate a year that compounds from one per period."""
    return float((1 + rate) ** periods_per_year - 1)


def count_sign_changes(flows: Sequence[float] | Floats) -> int:
    """How often the flows change from money spent to money received or back."""
    signs = np.sign(np.asarray(flows, dtype=float))
    signs = signs[signs != 0]
    return int((signs[1:] != signs[:-1]).sum())
