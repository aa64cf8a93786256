"""Measuring the indicators from a study's tables, or saying why one cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable, attempt, passes_absence
from crmstudy.indicators.definitions import INDICATORS, SUPPLEMENTS
from crmstudy.indicators.evidence import Evidence, Tables, Terms
from crmstudy.indicators.from_dealings import (
    measure_campaign_response,
    measure_first_response,
    measure_lead_conversion,
    measure_visitor_conversion,
)
from crmstudy.indicators.from_ledgers import (
    measure_contribution,
    measure_cost,
    measure_cost_of_retained,
    measure_lifetime_value,
    measure_profit_margin,
    measure_profit_share,
    measure_repeat_purchase,
    measure_retention,
)
from crmstudy.indicators.from_survey import (
    measure_promoters,
    measure_recommendation,
    measure_satisfaction,
    measure_satisfied,
)
from crmstudy.indicators.intervals import Measurement
from crmstudy.indicators.orders import read_ledger
from crmstudy.indicators.table import IndicatorTable

Day = str | pd.Timestamp

MEASURES: dict[str, Callable[[Evidence], Measurement]] = {
    "product_satisfaction": partial(measure_satisfaction, role="product_satisfaction"),
    "service_satisfaction": partial(measure_satisfaction, role="service_satisfaction"),
    "overall_satisfaction": partial(measure_satisfaction, role="overall_satisfaction"),
    "repeat_purchase_rate": measure_repeat_purchase,
    "recommendation_rate": measure_recommendation,
    "retention_rate": measure_retention,
    "service_cost": partial(measure_cost, kind="service"),
    "care_cost": partial(measure_cost, kind="care"),
    "platform_cost": partial(measure_cost, kind="platform"),
    "contribution_rate": measure_contribution,
    "lifetime_value": measure_lifetime_value,
    "profit_share": measure_profit_share,
    "satisfied_share": measure_satisfied,
    "net_promoter_score": measure_promoters,
    "service_cost_per_retained": partial(measure_cost_of_retained, kind="service"),
    "care_cost_per_retained": partial(measure_cost_of_retained, kind="care"),
    "platform_cost_per_retained": partial(measure_cost_of_retained, kind="platform"),
    "lead_conversion_rate": measure_lead_conversion,
    "visitor_conversion_rate": measure_visitor_conversion,
    "campaign_response_rate": measure_campaign_response,
    "first_response_time": measure_first_response,
    "profit_margin": measure_profit_margin,
}


@passes_absence
def measure_indicators(
    tables: Tables,
    *,
    window_start: Day | None,
    window_end: Day | None,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    level: float = 0.95,
    recommends_above: float = 0.5,
    horizon_weeks: float | None = None,
    annual_discount_rate: float | None = None,
) -> IndicatorTable:
    """Measure the twelve indicators, and those beside them, where the tables allow.

    Parameters
    ----------
    tables : mapping of str to DataFrame, Series or NotAvailable
        Canonical ``transactions``, ``survey``, ``costs``, ``contacts``, ``leads``,
        ``web_events``, ``campaigns`` and ``responses``, and ``lifetime_values``
        (customer_id, lifetime_value, or a Series by customer) as estimated elsewhere. A
        table may be missing or :class:`NotAvailable`: what needs it is then not
        available, for that reason.
    window_start, window_end : str, Timestamp or None
        First moment of the window, and first moment after it; None if no table has a time.
    survey_roles : mapping of str to str or sequence of str, optional
        Items that ask for product_satisfaction, service_satisfaction,
        overall_satisfaction and recommendation (one item); repurchase_intention may be
        among them, and measures nothing.
    instrument : mapping of str to mapping, optional
        For each item ``minimum``, ``maximum`` and optionally ``reverse``.
    level : float
        Level of the intervals.
    recommends_above : float
        Who answers above this share of the recommendation item's scale recommends; half
        means above its middle, which also fits a yes/no item coded 1/0.
    horizon_weeks, annual_discount_rate : float, optional
        What the lifetime values were estimated for; stated beside their mean.

    Raises
    ------
    SettingsError
        If the window is empty, a role is unknown, an item is not in the survey, or a
        share is not between 0 and 1.
    DataError
        If an answer lies outside its scale, or a cost is negative.

    Notes
    -----
    An order is a basket with a line that is not money handed back. A customer is retained
    who had an order in the period of equal length before the window and has one in it. The
    net promoter score needs an item that ends at 10 and begins at 0 or 1.
    """
    evidence = gather_evidence(
        tables,
        window_start,
        window_end,
        survey_roles,
        instrument,
        level=level,
        recommends_above=recommends_above,
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
    )
    return measure_evidence(evidence)


def gather_evidence(
    tables: Tables,
    window_start: Day | None,
    window_end: Day | None,
    survey_roles: Mapping[str, str | Sequence[str]] | None,
    instrument: Mapping[str, Mapping[str, Any]] | None,
    **terms: Any,
) -> Evidence:
    """Gather what indicators are measured from, refusing an empty window and unknown roles."""
    evidence = Evidence(
        tables=tables,
        start=None if window_start is None else pd.Timestamp(window_start),
        end=None if window_end is None else pd.Timestamp(window_end),
        survey_roles=survey_roles or {},
        instrument=instrument or {},
        terms=Terms(**terms),
    )
    evidence.require_sound()
    return evidence


@passes_absence
def measure_margin(transactions: pd.DataFrame, *, level: float = 0.95) -> Measurement:
    """Measure the profit margin over a whole log: gross profit by revenue.

    Raises
    ------
    ModelError
        If the cost of goods is not known of every line, or nothing was sold.
    """
    ledger = read_ledger(transactions)
    evidence = Evidence(
        tables={},
        start=ledger.first,
        end=ledger.last + pd.Timedelta("1s"),
        survey_roles={},
        instrument={},
        terms=Terms(level),
        orders_read=ledger,
    )
    return measure_profit_margin(evidence)


def measure_evidence(evidence: Evidence) -> IndicatorTable:
    """Measure all indicators of one firm or unit."""

    def measure(name: str) -> Measurement | NotAvailable:
        return attempt(MEASURES[name], evidence)

    return IndicatorTable(
        measured={name: measure(name) for name in INDICATORS},
        beside={name: measure(name) for name in SUPPLEMENTS},
        window_start=evidence.start,
        window_end=evidence.end,
    )
