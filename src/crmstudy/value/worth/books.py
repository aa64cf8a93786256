"""The ledgers cut to the window, and what was sold in it: the basic value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.contractual.contracts import count_contracts
from crmstudy.value.worth.allocation import Unallocated, add_up, locate
from crmstudy.value.worth.decomposition import Component
from crmstudy.value.worth.margin import Margin, observe_margin, price_margin
from crmstudy.value.worth.window import Window, count_months

Floats = npt.NDArray[np.float64]
Table = pd.DataFrame | NotAvailable | None


@dataclass(frozen=True, eq=False)
class Part:
    """A component with what was left of it and what it must add up to.

    Parameters
    ----------
    component : Component
        The part of the value; one without a name only carries checks.
    left : tuple of Unallocated
        Money of it that belongs to no customer.
    checks : tuple of Check
        Whether it adds up to its ledger.
    revenue : array of shape (n_customers,), optional
        Revenue behind it.
    by_key : DataFrame, optional
        Cost by customer under each key of allocation.
    """

    component: Component
    left: tuple[Unallocated, ...] = ()
    checks: tuple[Check, ...] = ()
    revenue: Floats | None = None
    by_key: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Books:
    """The ledger cut to the window, and the customers in it.

    Parameters
    ----------
    lines : DataFrame
        Lines sold in the window, with the position of the ``customer``.
    before : DataFrame
        Lines up to its end, of known customers: ``month``, ``customer``, ``revenue``.
    population : Index
        Customers with a purchase or a contract up to the end.
    window : Window
        The days.
    margin : Margin
        Of goods.
    assumed : float
        Margin of what has no known cost.
    """

    lines: pd.DataFrame
    before: pd.DataFrame
    population: pd.Index
    window: Window
    margin: Margin
    assumed: float

    @classmethod
    def open(
        cls, transactions: pd.DataFrame, subscriptions: Table, window: Window, margin: float
    ) -> Books:
        """Cut the ledger to the window."""
        seen = transactions[transactions["ordered_at"].dt.normalize() <= window.until]
        known = seen["customer_id"].dropna()
        if isinstance(subscriptions, pd.DataFrame):
            started = subscriptions["started_on"].dt.normalize() <= window.until
            known = pd.concat([known, subscriptions.loc[started, "customer_id"]])
        population = pd.Index(np.sort(known.unique().astype(object)), name="customer_id")
        if population.empty:
            raise ModelError("no purchase names its customer: there is nobody to value")
        place = locate(seen["customer_id"], population)
        before = pd.DataFrame(
            {
                "month": count_months(seen["ordered_at"]),
                "customer": place,
                "revenue": seen["revenue"].to_numpy(np.float64),
            }
        )
        inside = window.covers(seen["ordered_at"])
        lines = seen[inside].assign(customer=place[inside])
        return cls(
            lines=lines,
            before=before[place >= 0],
            population=population,
            window=window,
            margin=observe_margin(lines, assumed=margin),
            assumed=margin,
        )

    @property
    def n(self) -> int:
        """Number of customers."""
        return len(self.population)

    def sum(self, place: npt.NDArray[np.int64], amounts: Floats) -> Floats:
        """Sum amounts by customer; those of nobody in the ledger are left out."""
        inside = place >= 0
        return add_up(place[inside], amounts[inside], self.n)


def take_basic(books: Books, subscriptions: Table) -> list[Part]:
    """Take the margin of goods and contracts sold in the window."""
    place = books.lines["customer"].to_numpy()
    revenue = books.lines["revenue"].to_numpy(np.float64)
    earned = price_margin(books.lines, books.margin)
    sums = books.sum(place, earned), books.sum(place, revenue)
    left = (
        Unallocated("revenue", float(revenue[place < 0].sum()), "sold to nobody known"),
        Unallocated("margin of goods", float(earned[place < 0].sum()), "sold to nobody known"),
    )
    total = float(books.lines["revenue"].sum())
    component = Component(
        "basic value", "margin of goods", "margin_of_goods", sums[0], books.margin.describe()
    )
    checks = (
        balance("revenue of customers and of nobody known", sums[1].sum() + left[0].amount, total),
        Check(
            "the cost of every line sold is known",
            books.margin.coverage == 1,
            books.margin.coverage,
            "share of lines = 1",
            "ledger",
            f"the others count at a margin of {books.margin.value:.1%} of revenue",
        ),
    )
    return [
        Part(component, tuple(i for i in left if i.amount != 0), checks, revenue=sums[1]),
        _contracts(books, subscriptions),
    ]


def _contracts(books: Books, subscriptions: Table) -> Part:
    name = "basic value", "margin of contracts", "margin_of_contracts"
    if not isinstance(subscriptions, pd.DataFrame):
        reason = give_reason(subscriptions, "no contracts")
        return Part(Component(*name, NotAvailable(reason)))
    if "fee" not in subscriptions or subscriptions["fee"].isna().all():
        return Part(Component(*name, NotAvailable("the contracts have no fee")))
    charged = _charge_fees(subscriptions, books.window)
    place = locate(charged["customer_id"], books.population)
    fees = books.sum(place, charged["fees"].to_numpy(np.float64))
    source = f"fees of the window; assumed: {books.assumed:.0%} of them"
    return Part(Component(*name, books.assumed * fees, source), revenue=fees)


def _charge_fees(subscriptions: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Fees that fell due in the window: at the start of a contract and with every renewal."""
    started = subscriptions[subscriptions["started_on"].dt.normalize() <= window.until]
    if started.empty:
        return started.assign(fees=0.0)
    until = count_contracts(started, until=f"{window.until:%Y-%m-%d}").rows
    charges = until["renewals"].to_numpy(np.float64) + 1
    eve = window.since - pd.Timedelta(days=1)
    earlier = (started["started_on"].dt.normalize() <= eve).to_numpy(dtype=bool)
    if earlier.any():
        before = count_contracts(started[earlier], until=f"{eve:%Y-%m-%d}").rows
        charges[earlier] -= before["renewals"].to_numpy(np.float64) + 1
    return until.assign(fees=charges * until["fee"].fillna(0.0).to_numpy(np.float64))


def give_reason(table: Any, otherwise: str) -> str:
    """Say why a table is not there."""
    return table.reason if isinstance(table, NotAvailable) else otherwise


def balance(what: str, found: float, total: float, *, tolerance: float = 1e-6) -> Check:
    """Compare a sum over customers and what is left with the sum of the ledger."""
    gap = abs(float(found) - total)
    scale = max(abs(total), 1.0)
    return Check(
        f"{what} add up to the ledger",
        gap <= tolerance * scale,
        gap / scale,
        f"gap at most {tolerance:g} of the sum",
        "double entry",
        "money was counted twice or lost",
    )
