"""Sentences on what could be measured, and on numbers that are easily confused."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.indicators.comparison import IntervalComparison
from crmstudy.indicators.definitions import CATALOGUE, INDICATORS, Indicator
from crmstudy.indicators.differences import UnitDifferences
from crmstudy.indicators.intervals import Measurement
from crmstudy.indicators.table import IndicatorTable
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.indicators.window import Window
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)

#: A ratio of widths this far from 1 is said to differ.
NOTABLE_GAP = 0.10


def read_indicators(measured: IndicatorTable | NotAvailable, window: Window | NotAvailable) -> str:
    """Say over which time the indicators are measured, which could be, and why others not."""
    return compose(_say_window(window), _say_measured(measured))


def read_confusions(measured: IndicatorTable | NotAvailable, *, currency: str = "") -> str:
    """Set the numbers side by side that are often taken for each other."""
    if isinstance(measured, NotAvailable):
        return compose(measured)
    said = compose(
        _say_recommendation(measured),
        _say_satisfaction(measured),
        _say_profit(measured),
        _say_costs(measured, currency),
    )
    return said or "None of the pairs of easily confused numbers can be measured here."


@passes_absence
def _read_gap(compared: IntervalComparison) -> str:
    table = compared.table()
    name, ratio = compared.widest_gap
    if abs(ratio - 1) <= NOTABLE_GAP:
        return (
            f"The bootstrap gives intervals of nearly the same width as the formulas for "
            f"{_all_of(len(table), 'mean or ratio', 'means and ratios')} (at most "
            f"{percent_within(abs(ratio - 1))} off, {name})."
        )
    wider = "wider" if ratio > 1 else "narrower"
    return (
        f"Intervals of formula and bootstrap differ most for {name}: the bootstrap's is "
        f"{percent_within(abs(ratio - 1))} {wider}. Where few cases carry the sum, trust the "
        "bootstrap more."
    )


def read_interval_comparison(compared: IntervalComparison | NotAvailable) -> str:
    """Say whether formula and bootstrap agree."""
    return compose(_read_gap(compared))


def read_units(
    units: UnitIndicators | NotAvailable, differences: UnitDifferences | NotAvailable
) -> str:
    """Say what units are compared, by what, and whether chance could have parted them."""
    tested = NotAvailable("") if isinstance(units, NotAvailable) else differences
    parts = [_say_units(units)]
    if not isinstance(units, NotAvailable):
        parts.append(_say_differences(tested))
    return compose(*parts)


@passes_absence
def _say_window(window: Window) -> str:
    if window.start is None or window.end is None:
        return "There is no table of purchases, tickets or costs with dates, and so no window."
    last = window.end - pd.Timedelta("1D")
    reach = f"{window.start:%Y-%m-%d} to {last:%Y-%m-%d}"
    if window.length == "all there is":
        return (
            f"The window is all that the data cover, {reach}; no period of equal length lies "
            "before it, so that nobody can be said to have been retained."
        )
    longer = _say_longer(window)
    return (
        f"The window is the {window.length} from {reach}, the longest tried that has a period of "
        f"equal length before it in the data{longer}. Rates over windows of another length are "
        "not comparable: the longer the window, the more customers come twice."
    )


def _say_longer(window: Window) -> str:
    tried = window.table()
    missed = tried.loc[tried.index < int(tried.index[tried["chosen"]][0]), "length"]
    if missed.empty:
        return ""
    return f"; over a {' or a '.join(missed)} a retention rate cannot be had"


@passes_absence
def _say_measured(measured: IndicatorTable) -> str:
    n, total = len(measured.values), len(measured.measured)
    if not measured.missing:
        return f"All {total} indicators could be measured."
    reasons = _by_reason(measured.missing)
    listed = "; ".join(f"{names}: {reason}" for reason, names in reasons.items())
    if n == 0:
        return f"None of the {total} indicators could be measured ({listed})."
    verb = "were" if len(measured.missing) > 1 else "was"
    return f"{n} of the {total} indicators could be measured. Not available {verb} {listed}."


def _by_reason(missing: Mapping[str, str]) -> dict[str, str]:
    """Join the labels that share a reason."""
    reasons: dict[str, list[str]] = {}
    for name, reason in missing.items():
        reasons.setdefault(reason, []).append(INDICATORS[name].label)
    return {reason: enumerate_words(labels) for reason, labels in reasons.items()}


def _both(measured: IndicatorTable, one: str, other: str) -> tuple[Measurement, Measurement] | None:
    everything = {**measured.measured, **measured.beside}
    first, second = everything.get(one), everything.get(other)
    if isinstance(first, Measurement) and isinstance(second, Measurement):
        return first, second
    return None


def _say_recommendation(measured: IndicatorTable) -> str:
    pair = _both(measured, "recommendation_rate", "net_promoter_score")
    if pair is None:
        return ""
    rate, score = pair
    return (
        f"{percent_within(rate.value)} of the respondents recommend ({rate.note}); the net "
        f"promoter score of the same answers is {number(score.value, 1)}. The score counts 9 and "
        "10 alone as recommending and subtracts every answer up to 6; neither can be computed "
        "from the other."
    )


def _say_satisfaction(measured: IndicatorTable) -> str:
    pair = _both(measured, "overall_satisfaction", "satisfied_share")
    if pair is None:
        return ""
    mean, share = pair
    return (
        f"Overall satisfaction is {number(mean.value, 1)} of 100 points on average, while "
        f"{percent_within(share.value)} of the respondents chose one of the two upper boxes "
        f"({share.note}); with fewer boxes on the scale two of them would hold more answers."
    )


def _say_profit(measured: IndicatorTable) -> str:
    pair = _both(measured, "profit_share", "profit_margin")
    if pair is None:
        return ""
    share, margin = pair
    return (
        f"Repeat customers bring {percent_within(share.value)} of the gross profit: that is the "
        f"profit share. The profit margin, gross profit by revenue, is "
        f"{percent_within(margin.value)}; the two may move in opposite directions."
    )


def _say_costs(measured: IndicatorTable, currency: str) -> str:
    said = []
    n: tuple[int, int] | None = None
    for kind in ("service", "care", "platform"):
        pair = _both(measured, f"{kind}_cost", f"{kind}_cost_per_retained")
        if pair is not None:
            n = pair[0].n, pair[1].n
            each, kept = (amount(one.value, currency) for one in pair)
            said.append(f"{kind} {each} and {kept}")
    if n is None:
        return ""
    if n[0] == n[1]:
        return (
            "Costs per customer and per retained customer are the same here: every customer of "
            "the window had also bought in the period before it."
        )
    return (
        f"Costs per customer and per retained customer: {enumerate_words(said)}. The sums are the "
        f"same, divided by {count_of(n[0], 'customer')} who bought or by the {n[1]:,} of them who "
        "had bought before; it does not follow that a retained customer costs more to serve."
    )


@passes_absence
def _say_units(units: UnitIndicators) -> str:
    n = len(units.directions)
    kept = f"{len(units.tables)} units ({units.unit_label})"
    lost = f", {count_of(len(units.left_out), 'unit')} left out" if units.left_out else ""
    said = (
        f"{kept} are compared by {count_of(n, 'indicator')} known of all of them"
        f"{_say_span(units)}{lost}."
    )
    if n == 0:
        return f"No indicator is known of all {kept}{lost}, so that they cannot be compared."
    if units.shared:
        people = "customer counts" if units.shared == 1 else "customers count"
        said += f" {units.shared:,} {people} in more than one unit."
    return said


def _say_span(units: UnitIndicators) -> str:
    """Say over which window groups and places are compared; a period is its own."""
    table = next(iter(units.tables.values()))
    if units.source == "the calendar" or table.window_start is None or table.window_end is None:
        return ""
    last = table.window_end - pd.Timedelta("1D")
    return f", measured from {table.window_start:%Y-%m-%d} to {last:%Y-%m-%d}"


@passes_absence
def _say_differences(differences: UnitDifferences) -> str:
    alike = list(differences.alike)
    chance, tested = differences.within_chance, len(differences.tests) - len(alike)
    counted = _say_counted([CATALOGUE[name] for name in differences.uncertain])
    return _say_alike(alike) + _say_chance(chance, tested) + counted


def _say_alike(names: list[str]) -> str:
    if not names:
        return ""
    labels = enumerate_words([CATALOGUE[name].label for name in names])
    return f"All units have the same {labels}: nothing to compare there. "


def _say_chance(chance: Mapping[str, float], tested: int) -> str:
    if not tested:
        return ""
    if not chance:
        tests = _all_of(tested, "tested indicator", "tested indicators")
        return f"In {tests} the units differ by more than chance (Cochran's Q, p < .05)."
    named = enumerate_words([f"{CATALOGUE[i].label} ({p_value(p)})" for i, p in chance.items()])
    if len(chance) == tested:
        ranks = "a ranking by it orders" if tested == 1 else "a ranking by these orders"
        return f"Chance alone may have parted the units in {named}: {ranks} noise."
    return (
        f"In {tested - len(chance)} of {tested} tested indicators the units differ by more than "
        f"chance; in {named} they may not."
    )


def _say_counted(indicators: list[Indicator]) -> str:
    if not indicators:
        return ""
    named = enumerate_words([one.label for one in indicators])
    return f" Without a test, having no interval in every unit: {named}."


def _all_of(n: int, singular: str, plural: str) -> str:
    return f"the one {singular}" if n == 1 else f"all {n} {plural}"
