"""Costs that belong to no single customer, spread by a stated key; the rest is left and said.

A key shares the cost booked in a month among the customers of that month:

- ``active``: equally among those between their first and their last purchase;
- ``known``: equally among all who had registered, or else bought, by then;
- ``revenue``: in proportion to what they bought in that month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import SettingsError, nearest
from crmstudy.value.worth.window import Window, count_months

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KEYS = ("active", "known", "revenue")
#: Kinds of cost that no key of ours can trace to customers.
GENERAL = ("platform", "campaign", "other")


@dataclass(frozen=True)
class Unallocated:
    """Money that no customer bears or brings, and why."""

    what: str
    amount: float
    why: str


@dataclass(frozen=True, eq=False)
class Allocation:
    """What each customer bears of a cost, and what was left.

    Parameters
    ----------
    amounts : array of shape (n_customers,)
        Money, in the order of the population.
    source : str
        How it was allocated, in words.
    left : tuple of Unallocated
        What nobody bears.
    """

    amounts: Floats
    source: str
    left: tuple[Unallocated, ...] = field(default=())

    @property
    def booked(self) -> float:
        """Allocated and left together."""
        return float(self.amounts.sum()) + sum(item.amount for item in self.left)


@dataclass(frozen=True, eq=False)
class Bookings:
    """Bookings of cost inside the window.

    Parameters
    ----------
    month : array of int
        Number of the calendar month.
    cost_type : array of str
        As booked.
    amount : array
        Money; of a month cut by the window, the share of its days inside.
    customer : array of int
        Position in the population; -1 nobody, -2 somebody outside it.
    """

    month: Integers
    cost_type: npt.NDArray[np.object_]
    amount: Floats
    customer: Integers

    def of(self, kinds: Iterable[str]) -> Bookings:
        """Bookings of some kinds."""
        rows = np.isin(self.cost_type.astype(str), list(kinds))
        return Bookings(
            self.month[rows], self.cost_type[rows], self.amount[rows], self.customer[rows]
        )

    def charge(self, n: int) -> tuple[Floats, float]:
        """Sum what is booked to customers, and what to somebody outside the ledger."""
        inside = self.customer >= 0
        charged = add_up(self.customer[inside], self.amount[inside], n)
        return charged, float(self.amount[self.customer == -2].sum())

    def shared(self) -> dict[int, float]:
        """Sum by month what is booked to nobody."""
        rows = self.customer == -1
        months, at = np.unique(self.month[rows], return_inverse=True)
        sums = np.bincount(at, self.amount[rows], minlength=months.size)
        return dict(zip(months.tolist(), sums.tolist(), strict=True))


def take_bookings(costs: pd.DataFrame, window: Window, population: pd.Index) -> Bookings:
    """Cut the cost ledger to the window."""
    share = window.share_of_months(costs["period"])
    inside = costs[share > 0]
    if "customer_id" in inside:
        place = locate(inside["customer_id"], population)
    else:
        place = np.full(len(inside), -1)
    return Bookings(
        count_months(inside["period"]),
        inside["cost_type"].to_numpy(dtype=object),
        inside["amount"].to_numpy(np.float64) * share[share > 0],
        place,
    )


def locate(customers: pd.Series, population: pd.Index) -> Integers:
    """Position in the population; -1 where no customer is named, -2 for a stranger."""
    places = population.get_indexer(pd.Index(customers)).astype(np.int64)
    named = customers.notna().to_numpy(dtype=bool)
    return np.where(places >= 0, places, np.where(named, -2, -1))


def add_up(places: Integers, amounts: Floats, n: int) -> Floats:
    """Sum amounts by position; floating point also where there is none."""
    return np.bincount(places, amounts, minlength=n).astype(np.float64)


@dataclass(frozen=True, eq=False)
class MonthlyKeys:
    """Who shares the costs of a month, by each key.

    Parameters
    ----------
    population : Index
        Customers in the ledger.
    month, customer, revenue : arrays
        Lines: number of the month, position of the customer, money.
    joined : array of int, by customer
        Month of registration, or else of the first purchase.
    strangers : array of int
        Months in which those registered who never bought.
    """

    population: pd.Index
    month: Integers
    customer: Integers
    revenue: Floats
    joined: Integers
    strangers: Integers

    def weights(self, key: str, month: int) -> tuple[Floats, float]:
        """Weights of the customers in a month, and of those outside the ledger."""
        if key == "revenue":
            rows = self.month == month
            bought = add_up(self.customer[rows], self.revenue[rows], len(self.population))
            return np.maximum(bought, 0.0), 0.0
        if key == "known":
            known = (self.joined <= month).astype(np.float64)
            return known, float(np.count_nonzero(self.strangers <= month))
        first, last = self._span
        return ((first <= month) & (month <= last)).astype(np.float64), 0.0

    @cached_property
    def _span(self) -> tuple[Integers, Integers]:
        first = np.full(len(self.population), np.iinfo(np.int64).max)
        last = np.full(len(self.population), np.iinfo(np.int64).min)
        np.minimum.at(first, self.customer, self.month)
        np.maximum.at(last, self.customer, self.month)
        return first, last

    def spread(self, shared: dict[int, float], key: str) -> tuple[Floats, float, float]:
        """Spread each month's cost over its customers.

        Returns
        -------
        amounts : array
            By customer.
        strangers, nobody : float
            Borne by registered persons outside the ledger; of months that nobody shares.
        """
        amounts, strangers, nobody = np.zeros(len(self.population)), 0.0, 0.0
        for month, cost in shared.items():
            weights, outside = self.weights(key, month)
            total = weights.sum() + outside
            if total <= 0:
                nobody += cost
                continue
            amounts += cost * weights / total
            strangers += cost * outside / total
        return amounts, strangers, nobody


def allocate_care(bookings: Bookings, keys: MonthlyKeys, *, key: str) -> Allocation:
    """Charge care that is booked to a customer, and spread the rest by the key.

    Raises
    ------
    SettingsError
        If the key is none of ``active``, ``known``, ``revenue``.
    """
    if key not in KEYS:
        raise SettingsError(
            f"a cost is spread by {', '.join(KEYS)}, not by {key!r}{nearest(key, KEYS)}"
        )
    care = bookings.of(["care"])
    charged, outside = care.charge(len(keys.population))
    amounts, strangers, nobody = keys.spread(care.shared(), key)
    left = (
        Unallocated("cost of care", outside + strangers, "of persons without a purchase"),
        Unallocated("cost of care", nobody, "of months that no customer shares"),
    )
    words = {
        "active": "equally, in each month, among customers between first and last purchase",
        "known": "equally, in each month, among all customers known by then",
        "revenue": "in each month by revenue",
    }
    return Allocation(charged + amounts, f"booked; spread {words[key]}", _only_money(left))


def allocate_tickets(
    bookings: Bookings | None, contacts: pd.DataFrame | None, window: Window, population: pd.Index
) -> Allocation | None:
    """Charge service tickets: at their own cost where it is known, else at the bookings'.

    Tickets without a cost of their own are taken at the mean of the others. Bookings that
    the tickets' own costs do not use up, or overdraw, are left.
    """
    tickets = None if contacts is None else contacts[window.covers_service(contacts["opened_at"])]
    service = None if bookings is None else bookings.of(["service"])
    if tickets is not None and "cost" in tickets and tickets["cost"].notna().any():
        return _at_own_cost(service, tickets, population)
    if service is None or not service.amount.size:
        return None
    return _at_booked_cost(service, tickets, population)


def _at_own_cost(
    service: Bookings | None, tickets: pd.DataFrame, population: pd.Index
) -> Allocation:
    known = tickets["cost"].mean()
    cost = tickets["cost"].fillna(known).to_numpy(np.float64)
    place = locate(tickets["customer_id"], population)
    inside = place >= 0
    amounts = add_up(place[inside], cost[inside], len(population))
    left = [Unallocated("cost of tickets", float(cost[~inside].sum()), "of nobody in the ledger")]
    if service is not None and service.amount.size:
        rest = float(service.amount.sum() - cost.sum())
        # Cents that were rounded per ticket and per month are no difference.
        if abs(rest) > 1e-3 * max(float(service.amount.sum()), 1.0):
            left.append(
                Unallocated("cost of service", rest, "booked beyond the tickets' own costs")
            )
    missing = int(tickets["cost"].isna().sum())
    source = "own cost of each ticket"
    if missing:
        source += f"; {missing:,} of {len(tickets):,} at the mean of the others"
    return Allocation(amounts, source, _only_money(left))


def _at_booked_cost(
    service: Bookings, tickets: pd.DataFrame | None, population: pd.Index
) -> Allocation:
    charged, outside = service.charge(len(population))
    left = [Unallocated("cost of service", outside, "booked to nobody in the ledger")]
    opened = np.zeros(0, np.int64) if tickets is None else count_months(tickets["opened_at"])
    place = opened if tickets is None else locate(tickets["customer_id"], population)
    of_tickets = without = 0.0
    for month, cost in service.shared().items():
        rows = place[opened == month]
        if not rows.size:
            without += cost
            continue
        each = cost / rows.size
        charged += each * np.bincount(rows[rows >= 0], minlength=len(population))
        of_tickets += each * np.count_nonzero(rows < 0)
    left.append(Unallocated("cost of tickets", of_tickets, "of nobody in the ledger"))
    source = "booked; spread equally over the tickets of each month"
    why = "of months without a ticket"
    if tickets is None:
        source, why = "booked to single customers", "no table contacts to spread it by"
    left.append(Unallocated("cost of service", without, why))
    return Allocation(charged, source, _only_money(left))


def charge_directly(bookings: Bookings, n: int) -> Allocation:
    """Charge platform, campaign and other cost where it is booked to a customer."""
    general = bookings.of(GENERAL)
    charged, outside = general.charge(n)
    left = [Unallocated("other cost", outside, "booked to nobody in the ledger")]
    for kind in GENERAL:
        rest = sum(general.of([kind]).shared().values())
        left.append(Unallocated(f"{kind} cost", rest, "not caused by single customers"))
    return Allocation(charged, "booked to the customer", _only_money(left))


def _only_money(left: Iterable[Unallocated]) -> tuple[Unallocated, ...]:
    return tuple(item for item in left if item.amount != 0)
