"""Whether the measure pays: present value, rates, payback, and where it would stop paying."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.returns.appraisal import (
    annualise,
    count_sign_changes,
    equivalent_annual,
    internal_rates,
    modified_rate,
    payback,
)
from crmstudy.case.returns.cash_flows import DAYS_PER_YEAR, RATE, CashFlowModel
from crmstudy.checks import Check
from crmstudy.errors import NotAvailable, attempt, passes_absence

Floats = npt.NDArray[np.float64]

#: Values of one assumption at which a root is looked for between its bounds.
GRID = 400


@dataclass(frozen=True)
class ReturnResult:
    """What a measure is worth under the best guess of every assumption.

    Parameters
    ----------
    model : CashFlowModel
        The flows.
    net_present_value, received, spent, investment : float
        Present value; undiscounted sums received and spent; what is spent at the start.
    internal_rates : tuple of float
        Every internal rate, a year; empty when there is none.
    modified_rate : float or NotAvailable
        Modified internal rate, a year, spent and reinvested at the discount rate.
    payback_days, discounted_payback_days : float or NotAvailable
        Days until the money is back for good.
    equivalent_annual : float
        Level amount a year with the same present value.
    sign_changes : int
        How often the flows change their sign.
    checks : tuple of Check
        What the numbers rest on.
    """

    model: CashFlowModel
    net_present_value: float
    received: float
    spent: float
    investment: float
    internal_rates: tuple[float, ...]
    modified_rate: float | NotAvailable
    payback_days: float | NotAvailable
    discounted_payback_days: float | NotAvailable
    equivalent_annual: float
    sign_changes: int
    checks: tuple[Check, ...] = field(default=())

    @property
    def claim_allowed(self) -> bool:
        """Whether the return may be called one of the measure."""
        return self.model.claim_allowed or not self.model.has_effect

    @property
    def return_on_investment(self) -> float:
        """Net of all flows by all that is spent, undiscounted."""
        return (self.received - self.spent) / self.spent

    @property
    def profitability_index(self) -> float | NotAvailable:
        """Net present value by what is spent at the start."""
        if not self.investment:
            return NotAvailable("nothing is spent at the start")
        return self.net_present_value / self.investment

    def table(self) -> pd.DataFrame:
        """Arrange one row a measure of return: value, unit, or why there is none."""
        money = self.model.currency or "money"
        rates = self.internal_rates
        one = rates[0] if len(rates) == 1 else NotAvailable(_say_rates(rates))
        rows = [
            ("net present value", self.net_present_value, money),
            ("internal rate of return", one, "share a year"),
            ("modified internal rate of return", self.modified_rate, "share a year"),
            ("payback", self.payback_days, "days"),
            ("payback, discounted", self.discounted_payback_days, "days"),
            ("return on investment, undiscounted", self.return_on_investment, "share of costs"),
            ("profitability index", self.profitability_index, "share of the initial outlay"),
            ("equivalent annual amount", self.equivalent_annual, f"{money} a year"),
        ]
        return pd.DataFrame([_measure(*row) for row in rows]).astype({"value": "Float64"})

    def to_metrics(self) -> dict[str, float]:
        """Give every measure of return, sums, and whether the claim stands."""
        rates = self.internal_rates
        one = rates[0] if len(rates) == 1 else NotAvailable(_say_rates(rates))
        found: dict[str, Any] = {
            "net_present_value": self.net_present_value,
            "received": self.received,
            "spent": self.spent,
            "internal_rate": one,
            "n_internal_rates": len(rates),
            "modified_rate": self.modified_rate,
            "payback_days": self.payback_days,
            "discounted_payback_days": self.discounted_payback_days,
            "return_on_investment": self.return_on_investment,
            "profitability_index": self.profitability_index,
            "equivalent_annual": self.equivalent_annual,
            "n_periods": self.model.n_periods,
            "claim_allowed": int(self.claim_allowed),
        }
        return dict(found)


def _measure(name: str, value: float | NotAvailable, unit: str) -> dict[str, object]:
    if isinstance(value, NotAvailable):
        return {"measure": name, "value": None, "unit": unit, "remark": value.reason}
    return {"measure": name, "value": value, "unit": unit, "remark": ""}


def _say_rates(rates: tuple[float, ...]) -> str:
    if not rates:
        return "no rate makes the present value 0"
    said = ", ".join(rate_in_words(rate) for rate in rates)
    return f"several rates make the present value 0: {said}"


def rate_in_words(rate: float) -> str:
    """Write an internal rate a year in percent; what rounds to a bound is said as beyond it.

    A rate is above -100% by definition, but one of a short period compounds close to it.
    """
    if rate > 10:
        return "more than 1,000%"
    if rate < -0.9995:
        return "below −99.9%"
    return f"{rate:.1%}".replace("-", "−")


@passes_absence
def appraise_returns(model: CashFlowModel) -> ReturnResult:
    """Judge the cash flows of a measure under the best guess of every assumption.

    Returns are before taxes. All rates are given a year, compounding; the profitability
    index is the net present value by the initial outlay.

    References
    ----------
    Brealey, R. A., Myers, S. C., & Allen, F. (2020). Principles of corporate finance (13th
    ed.). McGraw-Hill.
    Rust, R. T., Lemon, K. N., & Zeithaml, V. A. (2004). Return on marketing: Using customer
    equity to focus marketing strategy. Journal of Marketing, 68(1), 109-127.
    """
    schedule = model.schedule()
    flows = schedule["net flow"].to_numpy()
    rate, times = float(model.rate(model.values)), model.times
    value = float(model.present_value(model.values))
    per_year = model.periods_per_year
    found = attempt(internal_rates, flows, times=times) or ()
    modified = attempt(modified_rate, flows, finance_rate=rate, reinvest_rate=rate, times=times)
    changes = count_sign_changes(flows)
    annual = float(model.values[model.names[RATE]])
    return ReturnResult(
        model=model,
        net_present_value=value,
        received=float(schedule["received"].sum()),
        spent=-float(schedule["spent"].sum()),
        investment=-float(schedule["spent"].iloc[0]),
        internal_rates=tuple(annualise(each, periods_per_year=per_year) for each in found),
        modified_rate=_scale(modified, lambda one: annualise(one, periods_per_year=per_year)),
        payback_days=_in_days(payback(flows, times=times), model),
        discounted_payback_days=_in_days(payback(flows, rate=rate, times=times), model),
        equivalent_annual=equivalent_annual(value, rate=annual, years=model.years),
        sign_changes=changes,
        checks=_check_returns(model, changes),
    )


def _scale(value: float | NotAvailable, change: Callable[[float], float]) -> float | NotAvailable:
    return value if isinstance(value, NotAvailable) else change(value)


def _in_days(periods: float | NotAvailable, model: CashFlowModel) -> float | NotAvailable:
    return _scale(periods, lambda one: one * model.period_days)


def _check_returns(model: CashFlowModel, changes: int) -> tuple[Check, ...]:
    checks = [
        Check(
            "the sign of the flows changes once, so the internal rate is unique",
            changes == 1,
            float(changes),
            "= 1",
            "Brealey, Myers & Allen (2020)",
            "no internal rate is read; the present value decides",
        ),
        Check(
            "all bookings and payments lie within the horizon",
            model.left_out == 0,
            model.left_out,
            "= 0",
            "all costs belong to the return",
            "the return leaves these costs or benefits out",
        ),
    ]
    if model.has_effect:
        claim = Check(
            "the benefit is an effect of the measure",
            model.claim_allowed,
            float(model.claim_allowed),
            "= 1",
            model.method,
            "the return rests on an association and is none of the measure",
        )
        checks.insert(0, claim)
    return tuple(checks)


@passes_absence
def find_break_even(model: CashFlowModel) -> pd.DataFrame:
    """Find the value of each assumption at which the measure just pays, the others kept.

    Present value is a straight line in an effect, a margin, a number of customers or an
    amount of money, so the root follows in closed form; for a rate or a share it is looked
    for between 0 and 1.

    Returns
    -------
    DataFrame
        One row an assumption: ``assumption``, ``origin``, ``unit``, ``value``, ``break-even``,
        ``change needed`` (relative to the value), ``within its range`` (yes, no, or empty
        where there is no range or no root). A root that makes no sense, a margin above
        1 or a negative cost, is none.
    """
    rows = []
    for position, each in enumerate(model.assumptions):
        root = _solve(model, position)
        inside = each.low <= root <= each.high if root is not None else None
        said = "" if inside is None or not each.varies else "yes" if inside else "no"
        rows.append(
            {
                "assumption": each.label,
                "origin": each.origin,
                "unit": each.unit,
                "value": each.value,
                "break-even": root,
                "change needed": None
                if root is None or each.value == 0
                else (root - each.value) / abs(each.value),
                "within its range": said,
            }
        )
    return pd.DataFrame(rows).astype({"break-even": "Float64", "change needed": "Float64"})


def _solve(model: CashFlowModel, position: int) -> float | None:
    def present(value: float | Floats) -> Floats:
        values = np.tile(model.values, (np.size(value), 1))
        values[:, position] = value
        return model.present_value(values)

    assumption = model.assumptions[position]
    if assumption.linear:
        at_zero, at_one = float(present(0.0)[0]), float(present(1.0)[0])
        slope = at_one - at_zero
        root = -at_zero / slope if slope else math.nan
        low, high = assumption.bounds
        return root if low <= root <= high else None
    from scipy.optimize import brentq

    grid = np.linspace(0, 1, GRID + 1)
    signs = np.sign(present(grid))
    crossed = np.flatnonzero(signs[:-1] * signs[1:] <= 0)
    if not len(crossed) or not signs.any():
        return None
    # Of several roots the one nearest to the assumed value.
    roots = [brentq(lambda x: float(present(x)[0]), grid[i], grid[i + 1]) for i in crossed]
    return float(min(roots, key=lambda root: abs(root - assumption.value)))


def horizon_in_words(model: CashFlowModel) -> str:
    """Say the horizon in periods and days."""
    days = model.n_periods * model.period_days
    return (
        f"{model.n_periods} periods of {model.period_days} days ({days / DAYS_PER_YEAR:.1f} years)"
    )
