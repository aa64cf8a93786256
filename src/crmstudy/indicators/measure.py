"""Measuring the indicators from a study's tables, or saying why one cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import (
    ModelError,
    NotAvailable,
    SettingsError,
    attempt,
    nearest,
    passes_absence,
)
from crmstudy.indicators.answers import read_item
from crmstudy.indicators.definitions import INDICATORS, SUPPLEMENTS, IndicatorTable
from crmstudy.indicators.intervals import (
    Measurement,
    measure_mean,
    measure_ratio,
    measure_share,
)

# A log may begin or end this many days inside a window and still cover it: shops close.
COVERAGE_SLACK = pd.Timedelta(days=7)

ROLES = ("product_satisfaction", "service_satisfaction", "overall_satisfaction", "recommendation")
PROMOTER_FROM, DETRACTOR_TO = 9, 6


@passes_absence
def measure_indicators(
    tables: Mapping[str, pd.DataFrame | NotAvailable],
    *,
    window_start: str | pd.Timestamp,
    window_end: str | pd.Timestamp,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    level: float = 0.95,
    recommends_above: float = 0.5,
) -> IndicatorTable:
    """Measure the twelve indicators where the tables allow.

    Parameters
    ----------
    tables : mapping of str to DataFrame or NotAvailable
        Canonical ``transactions``, ``survey`` and ``costs``, and ``lifetime_values``
        (customer_id, lifetime_value) as estimated elsewhere. A table may be missing or
        :class:`NotAvailable`: what needs it is then not available, for that reason.
    window_start, window_end : str or Timestamp
        First moment of the window, and first moment after it.
    survey_roles : mapping of str to str or sequence of str, optional
        Items that ask for product_satisfaction, service_satisfaction,
        overall_satisfaction and recommendation (one item).
    instrument : mapping of str to mapping, optional
        For each item ``minimum``, ``maximum`` and optionally ``reverse``.
    level : float
        Level of the intervals.
    recommends_above : float
        Who answers above this share of the recommendation item's scale recommends; half
        means above its middle, which also fits a yes/no item coded 1/0.

    Raises
    ------
    SettingsError
        If the window is empty, a role is unknown, or an item is not in the survey.
    DataError
        If an answer lies outside its scale.

    Notes
    -----
    An order is a basket with a positive sum of money. The net promoter score needs an
    item that ends at 10 and begins at 0 or 1.
    """
    evidence = Evidence(
        tables=tables,
        start=pd.Timestamp(window_start),
        end=pd.Timestamp(window_end),
        survey_roles=survey_roles or {},
        instrument=instrument or {},
        level=level,
        recommends_above=recommends_above,
    )
    evidence.require_sound()
    return IndicatorTable(
        measured={name: attempt(_MEASURES[name], evidence) for name in INDICATORS},
        beside={name: attempt(_MEASURES[name], evidence) for name in SUPPLEMENTS},
        window_start=evidence.start,
        window_end=evidence.end,
    )


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a study has to measure with; asking for what it lacks raises ModelError."""

    tables: Mapping[str, pd.DataFrame | NotAvailable]
    start: pd.Timestamp
    end: pd.Timestamp
    survey_roles: Mapping[str, str | Sequence[str]]
    instrument: Mapping[str, Mapping[str, Any]]
    level: float
    recommends_above: float

    def require_sound(self) -> None:
        """Refuse an empty window and unknown roles."""
        if not self.start < self.end:
            raise SettingsError(
                f"the window runs from {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}; "
                "allowed: an end after the start"
            )
        for role in self.survey_roles:
            if role not in ROLES:
                raise SettingsError(
                    f"survey role {role!r} is unknown; allowed: {', '.join(ROLES)}"
                    f"{nearest(role, ROLES)}"
                )

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """Return a table that has some columns."""
        found = self.tables.get(name, NotAvailable(f"the study has no table {name!r}"))
        if isinstance(found, NotAvailable):
            raise ModelError(found.reason)
        for column in columns:
            if column not in found.columns:
                raise ModelError(f"the table {name!r} has no column {column!r}")
        return found

    def items(self, role: str) -> list[str]:
        """Return the items that ask for something."""
        named = self.survey_roles.get(role)
        if not named:
            raise ModelError(f"no survey item asks for {role.replace('_', ' ')}")
        return [named] if isinstance(named, str) else list(named)

    def log(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return the transactions of a period, which the log must cover."""
        log = self.table("transactions", "customer_id", "basket_id", "ordered_at", "revenue")
        first, last = log["ordered_at"].min(), log["ordered_at"].max()
        # An empty log has no first moment, and compares false.
        if not first - COVERAGE_SLACK <= start or not last + COVERAGE_SLACK >= end:
            raise ModelError(
                f"the transactions run from {first:%Y-%m-%d} to {last:%Y-%m-%d} and do not "
                f"cover {start:%Y-%m-%d} to {end:%Y-%m-%d}"
                if len(log)
                else "there are no transactions"
            )
        return log[(log["ordered_at"] >= start) & (log["ordered_at"] < end)]

    @cached_property
    def orders(self) -> pd.Series:
        """Orders in the window, by customer who had one."""
        orders = _count_orders(self.log(self.start, self.end))
        if orders.empty:
            raise ModelError("no customer had an order in the window")
        return orders


def _count_orders(log: pd.DataFrame) -> pd.Series:
    """Baskets with a positive sum of money, by customer who has one."""
    baskets = log.groupby(["customer_id", "basket_id"], sort=False)["revenue"].sum()
    return baskets[baskets > 0].groupby(level="customer_id").size()


def _measure_satisfaction(evidence: Evidence, role: str) -> Measurement:
    survey, items = evidence.table("survey"), evidence.items(role)
    points = [_read_points(survey, item, evidence) for item in items]
    scores = pd.concat(points, axis=1).mean(axis=1).dropna()
    return measure_mean(scores.to_numpy(), level=evidence.level)


def _read_points(survey: pd.DataFrame, item: str, evidence: Evidence) -> pd.Series:
    """Answers to an item as points from 0 to 100, by respondent who answered."""
    values, low, high = read_item(survey, item, evidence.instrument)
    return pd.Series(100 * (values - low) / (high - low), index=survey.index[survey[item].notna()])


def _recommendation(evidence: Evidence) -> tuple[np.ndarray, float, float]:
    survey = evidence.table("survey")
    items = evidence.items("recommendation")
    if len(items) > 1:
        raise SettingsError(f"role 'recommendation' names {', '.join(items)}; allowed: one item")
    return read_item(survey, items[0], evidence.instrument)


def _measure_recommendation(evidence: Evidence) -> Measurement:
    values, low, high = _recommendation(evidence)
    recommending = values > low + evidence.recommends_above * (high - low)
    return measure_share(int(recommending.sum()), len(values), level=evidence.level)


def _measure_promoters(evidence: Evidence) -> Measurement:
    values, low, high = _recommendation(evidence)
    if high != 10 or low not in (0, 1):
        raise ModelError(
            f"the net promoter score needs a scale from 0 (or 1) to 10, the item has "
            f"{low:g} to {high:g}"
        )
    votes = (values >= PROMOTER_FROM).astype(float) - (values <= DETRACTOR_TO)
    return measure_mean(100 * votes, level=evidence.level)


def _measure_repeat_purchase(evidence: Evidence) -> Measurement:
    orders = evidence.orders
    return measure_share(int((orders >= 2).sum()), len(orders), level=evidence.level)


def _measure_retention(evidence: Evidence) -> Measurement:
    before = evidence.start - (evidence.end - evidence.start)
    earlier = _count_orders(evidence.log(before, evidence.start)).index
    stayed = earlier.isin(evidence.orders.index)
    return measure_share(int(stayed.sum()), len(earlier), level=evidence.level)


def _measure_cost(evidence: Evidence, kind: str) -> Measurement:
    ledger = evidence.table("costs", "period", "cost_type", "amount")
    inside = (ledger["period"] >= evidence.start) & (ledger["period"] < evidence.end)
    lines = ledger[inside & (ledger["cost_type"] == kind)]
    if lines.empty:
        raise ModelError(f"the cost ledger has no booking of type {kind!r} in the window")
    if lines["amount"].isna().any():
        raise ModelError(f"the cost ledger has bookings of type {kind!r} without an amount")
    buyers = evidence.orders.index
    if "customer_id" not in lines or lines["customer_id"].isna().any():
        whole = NotAvailable("a ledger's total is counted, not sampled")
        return Measurement(float(lines["amount"].sum()) / len(buyers), len(buyers), whole)
    by_customer = lines.groupby("customer_id")["amount"].sum()
    everybody = buyers.union(by_customer.index)
    amounts = by_customer.reindex(everybody, fill_value=0.0).to_numpy()
    return measure_ratio(amounts, everybody.isin(buyers).astype(float), level=evidence.level)


def _measure_contribution(evidence: Evidence) -> Measurement:
    log = evidence.log(evidence.start, evidence.end)
    return _share_of_repeaters(log["revenue"], log, evidence)


def _measure_profit_share(evidence: Evidence) -> Measurement:
    log = evidence.log(evidence.start, evidence.end)
    return _share_of_repeaters(_gross_profit(log), log, evidence)


def _measure_profit_margin(evidence: Evidence) -> Measurement:
    log = evidence.log(evidence.start, evidence.end)
    sums = (
        log.assign(profit=_gross_profit(log))
        .groupby("customer_id")[["profit", "revenue"]]
        .sum()
        .to_numpy()
    )
    return measure_ratio(sums[:, 0], sums[:, 1], level=evidence.level)


def _share_of_repeaters(money: pd.Series, log: pd.DataFrame, evidence: Evidence) -> Measurement:
    """Share of the money that comes from customers with two or more orders."""
    by_customer = money.groupby(log["customer_id"]).sum()
    orders = evidence.orders.reindex(by_customer.index, fill_value=0)
    amounts = by_customer.to_numpy()
    return measure_ratio(np.where(orders >= 2, amounts, 0.0), amounts, level=evidence.level)


def _gross_profit(log: pd.DataFrame) -> pd.Series:
    if "cost" not in log:
        raise ModelError("the transactions have no cost of goods, so profit is unknown")
    unknown = int(log["cost"].isna().sum())
    if unknown:
        raise ModelError(f"the cost of goods is missing in {unknown} of {len(log)} lines")
    return log["revenue"] - log["cost"]


def _measure_lifetime_value(evidence: Evidence) -> Measurement:
    values = evidence.table("lifetime_values", "lifetime_value")["lifetime_value"].dropna()
    return measure_mean(values.to_numpy(dtype=float), level=evidence.level)


_MEASURES: dict[str, Callable[[Evidence], Measurement]] = {
    "product_satisfaction": lambda e: _measure_satisfaction(e, "product_satisfaction"),
    "service_satisfaction": lambda e: _measure_satisfaction(e, "service_satisfaction"),
    "overall_satisfaction": lambda e: _measure_satisfaction(e, "overall_satisfaction"),
    "repeat_purchase_rate": _measure_repeat_purchase,
    "recommendation_rate": _measure_recommendation,
    "retention_rate": _measure_retention,
    "service_cost": lambda e: _measure_cost(e, "service"),
    "care_cost": lambda e: _measure_cost(e, "care"),
    "platform_cost": lambda e: _measure_cost(e, "platform"),
    "contribution_rate": _measure_contribution,
    "lifetime_value": _measure_lifetime_value,
    "profit_share": _measure_profit_share,
    "net_promoter_score": _measure_promoters,
    "profit_margin": _measure_profit_margin,
}
