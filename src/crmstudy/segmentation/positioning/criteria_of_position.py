"""Criteria of a segment's attractiveness and of the firm's strength in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest
from crmstudy.segmentation.positioning.evidence import (
    NO_COMPLAINTS,
    NO_DEPARTMENTS,
    NO_RHYTHM,
    Evidence,
    Found,
    bought_again,
    find_own_brand,
    later_revenue,
    share_of,
)
from crmstudy.segmentation.positioning.ratios import MINIMUM_COUNTED, Quantity, Ratios

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
    discount = evidence.mean("discount_share", name, needs="no discount on the purchases is known")
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
    bought = evidence.feature("n_departments", needs=NO_DEPARTMENTS)
    if isinstance(bought, NotAvailable):
        return bought
    return Quantity(name, bought / bought.max(), bought.notna().astype("float64"))


def _own_label(evidence: Evidence) -> Criterion:
    name = "share of the own or leading brand"
    own = find_own_brand(evidence.brands)
    found: Found = own if isinstance(own, NotAvailable) else share_of(evidence.brands, own[0], name)
    return Criterion("strength", name, "share of money", found)


def _irregularity(evidence: Evidence, name: str) -> Found:
    spread = evidence.feature("sd_days_between_purchases", needs=NO_RHYTHM)
    mean = evidence.feature("mean_days_between_purchases", needs=NO_RHYTHM)
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


def refuse_weights(weights: Mapping[str, float], listed: list[Criterion]) -> None:
    """Refuse a weight that is negative or of no criterion."""
    known = [one.name for one in listed]
    for name, weight in weights.items():
        if name not in known:
            raise SettingsError(
                f"no criterion {name!r}{nearest(name, known)}; known: {', '.join(known)}"
            )
        if not (np.isfinite(weight) and weight >= 0):
            raise SettingsError(f"the weight of {name!r} is {weight}; allowed are numbers from 0")


def choose_criteria(
    listed: list[Criterion], ratios: Ratios, weights: Mapping[str, float]
) -> tuple[list[Criterion], list[tuple[str, str, str]]]:
    """Keep the criteria known in every segment, and say why the others are dropped."""
    used: list[Criterion] = []
    absent: list[tuple[str, str, str]] = []
    for one in listed:
        reason = _find_fault(one, ratios, weights)
        if reason:
            absent.append((one.axis, one.name, reason))
        else:
            used.append(one)
    for axis in AXES:
        if not any(one.axis == axis for one in used):
            raise ModelError(f"no criterion of {axis} can be used")
    return used, absent


def _find_fault(one: Criterion, ratios: Ratios, weights: Mapping[str, float]) -> str:
    if not isinstance(one.found, Quantity):
        return one.found.reason
    place = ratios.place(one.name)
    few = ratios.counted[:, place] < MINIMUM_COUNTED
    if few.any():
        segment = ratios.segments[int(np.argmax(few))]
        return f"fewer than {MINIMUM_COUNTED} customers known in segment '{segment}'"
    if not np.isfinite(ratios.estimate[:, place]).all() or not np.isfinite(ratios.firm[place]):
        return "not defined in every segment"
    return "weight 0" if weights.get(one.name, 1.0) == 0 else ""
