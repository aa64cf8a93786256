"""Criteria of a segment's attractiveness and of the firm's strength in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.positioning.evidence import (
    NO_COMPLAINTS,
    Evidence,
    Found,
    bought_again,
    find_own_brand,
    later_revenue,
    share_of,
)
from crmstudy.segmentation.positioning.ratios import Quantity

Axis = Literal["attractiveness", "strength"]
AXES: tuple[Axis, ...] = ("attractiveness", "strength")
EQUAL, FIRM = "equal shares", "all customers"
#: Days of a window that a yearly benchmark may be compared with.
YEAR = (330.0, 400.0)


@dataclass(frozen=True)
class Criterion:
    """One criterion: what it measures, which direction is good, what it is compared with.

    Parameters
    ----------
    axis, name, unit : str
    found : Quantity or NotAvailable
        What is measured, or why it cannot be.
    better : str
        Which direction is good.
    against : float, optional
        A figure from outside; without it the reference is all customers.
    reference : str
        The reference in words.
    """

    axis: Axis
    name: str
    unit: str
    found: Found
    better: Literal["larger", "smaller"] = "larger"
    against: float | None = None
    reference: str = FIRM


def list_criteria(evidence: Evidence) -> Iterator[Criterion]:
    """List every criterion, those of attractiveness first."""
    yield from _list_attractiveness(evidence)
    yield from _list_strength(evidence)


def _list_attractiveness(evidence: Evidence) -> Iterator[Criterion]:
    name = "share of customers"
    everyone = evidence.features["revenue"].notna().astype("float64")
    share = Quantity(name, everyone, everyone, of_all=True)
    yield Criterion("attractiveness", name, "share", share, reference=EQUAL)
    name = "revenue per customer"
    yield Criterion("attractiveness", name, "money", evidence.mean("revenue", name))
    name = "later revenue per unit of earlier revenue"
    grown = later_revenue(evidence.earlier, evidence.later, name)
    yield Criterion("attractiveness", name, "ratio", grown)
    name = "margin per unit of revenue"
    margin = evidence.rate("margin", "revenue", name, needs="no cost of what was sold is known")
    yield Criterion("attractiveness", name, "ratio", margin)
    name = "share of discounts in the price"
    discount = evidence.mean("discount_share", name)
    yield Criterion("attractiveness", name, "share", discount, "smaller")


def _list_strength(evidence: Evidence) -> Iterator[Criterion]:
    yield _satisfaction(evidence)
    name = "intention to buy again"
    intention = evidence.answer("repurchase_intention", name)
    yield Criterion("strength", name, "points", intention)
    yield _retention(evidence)
    name = "share of the departments bought from"
    yield Criterion("strength", name, "share", _breadth(evidence, name))
    yield _own_label(evidence)
    name = "irregularity of purchases"
    yield Criterion("strength", name, "ratio", _irregularity(evidence, name), "smaller")
    yield _complaints(evidence)


def _satisfaction(evidence: Evidence) -> Criterion:
    """Take overall satisfaction in points of 100, as satisfaction indices are stated."""
    name = "overall satisfaction"
    found = evidence.answer("overall_satisfaction", name)
    if isinstance(found, Quantity):
        item = evidence.instrument.roles["overall_satisfaction"]
        low, high = evidence.instrument.bounds(item)
        found = Quantity(name, 100 * (found.numerator - low) / (high - low), found.denominator)
    return _with_benchmark(
        evidence, name, "points of 100", found, "customer satisfaction index", "larger"
    )


def _retention(evidence: Evidence) -> Criterion:
    """Compare with a yearly benchmark only where both windows are about a year."""
    name = "share of earlier customers who bought again"
    found = bought_again(evidence.earlier, evidence.later, name)
    yearly = all(
        not isinstance(window, NotAvailable)
        and "tenure_days" in window
        and YEAR[0] <= float(window["tenure_days"].max()) <= YEAR[1]
        for window in (evidence.earlier, evidence.later)
    )
    indicator = "retention rate" if yearly else ""
    return _with_benchmark(evidence, name, "share", found, indicator, "larger")


def _breadth(evidence: Evidence, name: str) -> Found:
    """Take the breadth of what is bought as a proxy of the share of wallet."""
    bought = evidence.feature("n_departments")
    if isinstance(bought, NotAvailable):
        return bought
    return Quantity(name, bought / bought.max(), bought.notna().astype("float64"))


def _own_label(evidence: Evidence) -> Criterion:
    name = "share of the own or leading brand"
    own = find_own_brand(evidence.brands)
    found: Found = own if isinstance(own, NotAvailable) else share_of(evidence.brands, own[0], name)
    return Criterion("strength", name, "share of money", found)


def _irregularity(evidence: Evidence, name: str) -> Found:
    spread = evidence.feature("sd_days_between_purchases")
    mean = evidence.feature("mean_days_between_purchases")
    if isinstance(spread, NotAvailable):
        return spread
    if isinstance(mean, NotAvailable):
        return mean
    ratio = spread / mean
    return Quantity(name, ratio, ratio.notna().astype("float64"))


def _complaints(evidence: Evidence) -> Criterion:
    name = "complaints per purchase"
    found = evidence.rate("n_complaints", "n_purchases", name, needs=NO_COMPLAINTS)
    return _with_benchmark(evidence, name, "ratio", found, "complaint rate", "smaller")


def _with_benchmark(
    evidence: Evidence,
    name: str,
    unit: str,
    found: Found,
    indicator: str,
    better: Literal["larger", "smaller"],
) -> Criterion:
    figure = evidence.benchmark(indicator)
    if isinstance(figure, NotAvailable):
        return Criterion("strength", name, unit, found, better)
    return Criterion("strength", name, unit, found, better, *figure)
