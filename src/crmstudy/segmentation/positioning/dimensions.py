"""What is measured in each dimension of positioning, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.positioning.evidence import (
    NO_COMPLAINTS,
    NO_DEPARTMENTS,
    OTHER,
    Evidence,
    Found,
    brand_repurchase,
    favourite_share,
    find_own_brand,
    name_levels,
    share_of,
)
from crmstudy.segmentation.positioning.ratios import Quantity

Better = Literal["larger", "smaller", "neither"]
DIMENSIONS = ("product", "service", "brand", "channel")
#: Label of all customers together.
ALL = "all customers"
#: Departments and channels with rows of their own; more would bury the other measures.
MOST_LEVELS = 3
#: More channels than these are shops, not ways of selling.
MOST_CHANNELS = 6


@dataclass(frozen=True)
class GapMeasure:
    """One quantity and what it is compared with.

    Parameters
    ----------
    dimension, unit : str
        One of the four dimensions; what the numbers are in.
    quantity : Quantity
        What is measured.
    better : str
        Which direction is good.
    against : Quantity, float or None
        What the segment's own value is compared with: another quantity of the same
        customers, a fixed figure, or (None) the same quantity of all customers.
    reference : str
        The reference in words.
    """

    dimension: str
    unit: str
    quantity: Quantity
    better: Better
    against: Quantity | float | None = None
    reference: str = ALL


Listed = GapMeasure | tuple[str, str, str]


def list_measures(evidence: Evidence) -> Iterator[Listed]:
    """List what can be measured, and what cannot with its reason."""
    yield from _list_product(evidence)
    yield from _list_service(evidence)
    yield from _list_brand(evidence)
    yield from _list_channel(evidence)


def _measure(
    dimension: str,
    measure: str,
    found: Found,
    unit: str,
    better: Better,
    against: Quantity | float | None = None,
    reference: str = ALL,
) -> Listed:
    if isinstance(found, NotAvailable):
        return dimension, measure, found.reason
    return GapMeasure(dimension, unit, found, better, against, reference)


def _list_product(evidence: Evidence) -> Iterator[Listed]:
    name = "departments bought from"
    bought = evidence.mean("n_departments", name, needs=NO_DEPARTMENTS)
    yield _measure("product", name, bought, "number", "larger")
    name = "money per purchase"
    spent = evidence.rate("revenue", "n_purchases", name)
    yield _measure("product", name, spent, "money", "larger")
    yield from _against_benchmark(evidence, "product", spent, "money", "larger", "mean purchase")
    if isinstance(evidence.departments, NotAvailable):
        yield "product", "share of departments", evidence.departments.reason
    for level in name_levels(evidence.departments)[:MOST_LEVELS]:
        name = f"share of {level}"
        found = share_of(evidence.departments, level, name)
        yield _measure("product", name, found, "share of money", "neither")
    yield from _list_answers(evidence, "product", "product_satisfaction")


def _list_service(evidence: Evidence) -> Iterator[Listed]:
    name = "complaints per 100 customers"
    found = evidence.mean("n_complaints", name, needs=NO_COMPLAINTS)
    if isinstance(found, Quantity):
        found = Quantity(name, 100 * found.numerator, found.denominator)
    yield _measure("service", name, found, "number", "smaller")
    name = "complaints per 100 purchases"
    rate = evidence.rate("n_complaints", "n_purchases", name, times=100.0, needs=NO_COMPLAINTS)
    if isinstance(rate, Quantity):
        yield _measure("service", name, rate, "number", "smaller")
    yield from _against_benchmark(
        evidence, "service", rate, "number", "smaller", "complaint rate", times=100.0
    )
    name = "time to the first answer"
    found = evidence.mean("mean_response_hours", name, needs="no contacts with times of answers")
    yield _measure("service", name, found, "hours", "smaller")
    yield from _list_answers(evidence, "service", "service_satisfaction")


def _list_brand(evidence: Evidence) -> Iterator[Listed]:
    own = find_own_brand(evidence.brands)
    if isinstance(own, NotAvailable):
        yield "brand", "share of the own or leading brand", own.reason
    else:
        found = share_of(evidence.brands, own[0], own[1])
        yield _measure("brand", own[1], found, "share of money", "larger")
    name = "share of each customer's favourite brand"
    found = favourite_share(evidence.brands, name)
    yield _measure("brand", name, found, "share of money", "larger")
    name = "brands bought again in the later window"
    found = brand_repurchase(evidence.earlier_brands, evidence.later_brands, name)
    yield _measure("brand", name, found, "share of brands", "larger")
    name = "image"
    yield _measure("brand", name, evidence.construct("image", name), "points", "larger")


def _list_channel(evidence: Evidence) -> Iterator[Listed]:
    levels = name_levels(evidence.channels)
    if isinstance(evidence.channels, NotAvailable):
        yield "channel", "share of each channel", evidence.channels.reason
    elif len(levels) <= MOST_CHANNELS and OTHER not in evidence.channels.columns:
        for level in levels[:MOST_LEVELS]:
            used = share_of(evidence.channels, level, f"share of {level}")
            yield _measure("channel", f"share of {level}", used, "share of money", "neither")
        yield from _wanted_channels(evidence, levels[:MOST_LEVELS])
    name = "share of purchases through the main channel"
    found = evidence.mean("main_channel_share", name, needs="no channel of the purchases is known")
    yield _measure("channel", name, found, "share", "neither")


def _wanted_channels(evidence: Evidence, levels: list[str]) -> Iterator[Listed]:
    """Compare the money spent through a channel with the customers who named it."""
    customers = evidence.customers
    if isinstance(customers, NotAvailable) or "channel" not in customers:
        yield "channel", "wanted channel", "the customers name no channel"
        return
    wanted = customers.set_index("customer_id")["channel"]
    for level in levels:
        if not (wanted == level).any():
            yield "channel", f"wanted channel: {level}", "no customer names it"
            continue
        named = (wanted == level).astype("float64").where(wanted.notna())
        known = wanted.notna().astype("float64")
        used = share_of(evidence.channels, level, f"share of {level}")
        against = Quantity(f"customers who name {level}", named, known)
        reference = "share of customers who name it"
        yield _measure("channel", f"share of {level}", used, "share", "neither", against, reference)


def _list_answers(evidence: Evidence, dimension: str, role: str) -> Iterator[Listed]:
    """Compare satisfaction with that of all, and with what was expected."""
    name = role.replace("_", " ")
    found = evidence.answer(role, name)
    yield _measure(dimension, name, found, "points", "larger")
    expected = evidence.construct("expectation", "expectation")
    if isinstance(found, Quantity) and isinstance(expected, Quantity):
        yield _measure(dimension, name, found, "points", "larger", expected, "own expectation")


def _against_benchmark(
    evidence: Evidence,
    dimension: str,
    found: Found,
    unit: str,
    better: Better,
    indicator: str,
    times: float = 1.0,
) -> Iterator[Listed]:
    figure = evidence.benchmark(indicator)
    if isinstance(found, NotAvailable) or isinstance(figure, NotAvailable):
        return
    yield GapMeasure(dimension, unit, found, better, times * figure[0], figure[1])
