"""From ledger, estimate and study.yml to cash flows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.returns.assumptions import Assumption, Shape, assume
from crmstudy.case.returns.benefit import EffectInMoney
from crmstudy.case.returns.cash_flows import (
    BOOKED,
    CARRIED,
    CUSTOMERS,
    DAYS_PER_YEAR,
    EFFECT,
    MARGIN,
    RATE,
    CashFlowModel,
    Floats,
    Line,
)
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.improvement import AssumedFlow, InvestmentSpec
from crmstudy.indicators import Measurement
from crmstudy.indicators.intervals import Interval

QUARTER_DAYS = 91
SHARE = (0.0, 1.0)


def plan_cash_flows(
    investment: InvestmentSpec | None,
    *,
    effect: EffectInMoney | NotAvailable,
    costs: pd.DataFrame | NotAvailable,
    margin: Measurement | NotAvailable,
    changed_on: str | dt.date | NotAvailable | None = None,
    currency: str = "",
) -> CashFlowModel | NotAvailable:
    """Put together the cash flows of a measure from ledger, estimate and assumptions.

    The measure begins at time 0. A period is as long as the window over which the effect was
    measured, so that the effect enters as it was estimated and is not stretched; in each
    later period the carried share of the period before it is left.

    Parameters
    ----------
    investment : InvestmentSpec or None
        Block ``investment`` of study.yml.
    effect : EffectInMoney or NotAvailable
        From :func:`~crmstudy.case.returns.benefit.value_effect`; without it only assumed benefits
        count, in periods of a quarter from ``changed_on``.
    costs : DataFrame or NotAvailable
        Canonical costs: ``period`` (month), ``cost_type``, ``amount``.
    margin : Measurement or NotAvailable
        Gross margin of the ledger; without it the assumed one of study.yml.
    changed_on : date or NotAvailable, optional
        First day of a measure whose effect per customer is not estimated.
    currency : str
        Unit of money.

    Raises
    ------
    ModelError
        If there is no investment to judge, no benefit, no cost, or no margin.
    """
    if investment is None:
        raise ModelError("study.yml says nothing of an investment (block investment)")
    start, days = _begin(effect, investment, changed_on)
    shape: Shape = investment.distribution
    n_periods = max(1, round(investment.horizon_years * DAYS_PER_YEAR / days))
    calendar = _Calendar(start, days, n_periods)
    assumptions = [
        *_assume_effect(effect, investment, margin, currency, shape),
        assume(
            RATE, investment.annual_discount_rate, shape=shape, unit="a year", linear=False,
            basis=f"study.yml, {investment.amounts}",
        ),
    ]  # fmt: skip
    lines: list[Line] = []
    for line, assumption in _list_lines(investment, costs, calendar, currency):
        lines.append(Line(line.label, line.sign, line.pattern, len(assumptions)))
        assumptions.append(assumption)
    if all(line.sign > 0 for line in lines):
        raise ModelError("no cost is booked or assumed, so there is no investment to judge")
    periods = np.arange(n_periods + 1, dtype=float)
    known = None if isinstance(effect, NotAvailable) else effect
    return CashFlowModel(
        assumptions=tuple(assumptions),
        lines=tuple(lines),
        start=start,
        period_days=days,
        times=periods - 0.5 * (periods > 0) if investment.timing == "middle" else periods,
        has_effect=known is not None,
        claim_allowed=known is not None and known.claim_allowed,
        method=known.method if known else "",
        amounts=investment.amounts,
        timing=investment.timing,
        currency=currency,
        left_out=calendar.left_out,
    )


@dataclass
class _Calendar:
    """Days as periods; counts the money that falls behind the horizon."""

    start: pd.Timestamp
    days: int
    n_periods: int
    left_out: float = 0.0

    def place(self, day: pd.Timestamp, amount: float) -> Floats:
        pattern = np.zeros(self.n_periods + 1)
        period = 0 if day <= self.start else (day - self.start).days // self.days + 1
        if period > self.n_periods:
            self.left_out += amount
        else:
            pattern[period] = 1.0
        return pattern


def _begin(
    effect: EffectInMoney | NotAvailable, investment: InvestmentSpec, changed_on: object
) -> tuple[pd.Timestamp, int]:
    if isinstance(effect, EffectInMoney):
        return effect.start.normalize(), effect.window_days
    if not investment.benefits:
        raise ModelError(f"there is no effect to count as a benefit: {effect.reason}")
    if not changed_on:
        raise ModelError("neither a campaign nor a date (changed_on) says when the measure began")
    return pd.Timestamp(str(changed_on)), QUARTER_DAYS


def _assume_effect(
    effect: EffectInMoney | NotAvailable,
    investment: InvestmentSpec,
    margin: Measurement | NotAvailable,
    currency: str,
    shape: Shape,
) -> Iterator[Assumption]:
    if isinstance(effect, NotAvailable):
        return
    yield Assumption(
        label=EFFECT,
        value=effect.effect,
        low=effect.lower,
        high=effect.upper,
        origin="estimated",
        shape="normal" if effect.standard_error > 0 else "fixed",
        spread=effect.standard_error,
        unit=f"{currency} a customer and window".strip(),
        basis=effect.method + ("" if effect.claim_allowed else ", an association"),
        bounds=(-math.inf, math.inf),
    )
    yield _assume_margin(investment, margin, shape)
    yield assume(
        CARRIED, investment.carried, shape=shape, unit="share, window to window", linear=False
    )
    count = float(effect.customers)
    yield Assumption(
        CUSTOMERS, count, count, count, "measured", unit="customers", basis="campaigns"
    )


def _assume_margin(
    investment: InvestmentSpec, margin: Measurement | NotAvailable, shape: Shape
) -> Assumption:
    unit = "share of revenue"
    if isinstance(margin, NotAvailable):
        if investment.margin is None:
            raise ModelError(
                f"the gross margin is neither measured ({margin.reason}) nor assumed in study.yml"
            )
        return assume(MARGIN, investment.margin, shape=shape, unit=unit, bounds=SHARE)
    known, interval = margin.value, margin.interval
    basis = "transactions, whole ledger"
    if not isinstance(interval, Interval):
        return Assumption(
            MARGIN, known, known, known, "measured", unit=unit, basis=basis, bounds=SHARE
        )
    from scipy.special import ndtri

    spread = (interval.high - interval.low) / (2 * float(ndtri((1 + interval.level) / 2)))
    kind: Shape = "normal" if spread > 0 else "fixed"
    ends = interval.low, interval.high
    return Assumption(
        MARGIN, known, *ends, "measured", kind, spread, unit=unit, basis=basis, bounds=SHARE
    )


def _list_lines(
    investment: InvestmentSpec,
    costs: pd.DataFrame | NotAvailable,
    calendar: _Calendar,
    currency: str,
) -> Iterator[tuple[Line, Assumption]]:
    yield from _list_booked(investment, costs, calendar, currency)
    for sign, flows in ((-1, investment.costs), (1, investment.benefits)):
        for flow in flows:
            unit = f"{currency} a year" if flow.when == "yearly" else currency
            assumption = assume(flow.label, flow, shape=investment.distribution, unit=unit.strip())
            yield Line(flow.label, sign, _spread(flow, calendar), 0), assumption


def _spread(flow: AssumedFlow, calendar: _Calendar) -> Floats:
    if isinstance(flow.when, dt.date):
        return calendar.place(pd.Timestamp(flow.when), flow.value)
    pattern = np.zeros(calendar.n_periods + 1)
    if flow.when == "start":
        pattern[0] = 1.0
    else:
        pattern[1:] = calendar.days / DAYS_PER_YEAR
    return pattern


def _list_booked(
    investment: InvestmentSpec,
    costs: pd.DataFrame | NotAvailable,
    calendar: _Calendar,
    currency: str,
) -> Iterator[tuple[Line, Assumption]]:
    """Sum up what was booked under the named types while the measure ran."""
    if not investment.cost_types:
        return
    if isinstance(costs, NotAvailable):
        types = ", ".join(investment.cost_types)
        raise ModelError(
            f"study.yml counts bookings of type {types} among the costs: {costs.reason}"
        )
    month = calendar.start.replace(day=1)
    last = calendar.start + pd.Timedelta(days=calendar.days - 1)
    first = pd.Timestamp(investment.booked_from or month).replace(day=1)
    last = pd.Timestamp(investment.booked_until or last)
    chosen = costs["cost_type"].isin(investment.cost_types) & costs["period"].between(first, last)
    booked = costs[chosen].groupby("period")["amount"].sum().sort_index()
    total = float(booked.sum())
    if total <= 0:
        known = ", ".join(sorted(costs["cost_type"].dropna().astype(str).unique()))
        raise ModelError(
            f"nothing is booked under {', '.join(investment.cost_types)} between "
            f"{first:%Y-%m} and {last:%Y-%m} (types in costs: {known}); see investment in study.yml"
        )
    pattern = sum(
        (
            amount / total * calendar.place(pd.Timestamp(str(day)), amount)
            for day, amount in booked.items()
        ),
        np.zeros(calendar.n_periods + 1),
    )
    label = f"{BOOKED} ({', '.join(investment.cost_types)})"
    basis = f"costs, {first:%Y-%m} to {last:%Y-%m}"
    assumption = Assumption(label, total, total, total, "measured", unit=currency, basis=basis)
    yield Line(label, -1, pattern, 0), assumption
