"""From ledgers to the parts of every customer's value."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.value.worth.allocation import Unallocated, locate
from crmstudy.value.worth.books import Books, Part, Table, give_reason, take_basic
from crmstudy.value.worth.decomposition import Component, ValueDecomposition
from crmstudy.value.worth.referral import Referrals, check_share, find_referrals
from crmstudy.value.worth.relationship import take_added
from crmstudy.value.worth.window import open_window

NOT_GIVEN = NotAvailable("none was asked for")


def decompose_value(
    transactions: pd.DataFrame | NotAvailable,
    *,
    margin: float,
    contacts: Table = None,
    costs: Table = None,
    customers: Table = None,
    subscriptions: Table = None,
    future: pd.Series | NotAvailable = NOT_GIVEN,
    contract_future: pd.Series | NotAvailable = NOT_GIVEN,
    since: str = "",
    until: str = "",
    care_key: str = "active",
    referral_share: float = 0.0,
) -> ValueDecomposition:
    """Take the value of every customer apart.

    - *Basic value*: margin of the goods and contracts sold in the window.
    - *Added value*: fees for service, less the cost of tickets, of care, and of what else
      is booked to the customer.
    - *Potential value*: margin expected after the window, handed in; what customers
      brought through recommendations stands beside it (Kumar, Petersen & Leone, 2010).

    A component that the data do not allow is absent with its reason, and the value says
    which it contains. Customers are those with a purchase or a contract up to ``until``;
    what belongs to nobody of them is left and listed.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id`` (missing for anonymous sales), ``ordered_at``, ``revenue``, and
        ``cost`` where known.
    margin : float
        Profit in a unit of revenue, assumed where no cost of goods is known, and of the
        fees of contracts.
    contacts : DataFrame, optional
        Tickets: ``customer_id``, ``opened_at``, and where known ``fee``, ``cost``.
    costs : DataFrame, optional
        Bookings: ``period`` (first day of a month), ``cost_type``, ``amount``, and where
        known ``customer_id``.
    customers : DataFrame, optional
        ``customer_id``, and where known ``registered_on``, ``referred_by``.
    subscriptions : DataFrame, optional
        Contracts, see :func:`count_contracts`.
    future, contract_future : Series, optional
        Expected margin after ``until`` by customer: of purchases, of contracts.
    since, until : str
        First and last day; empty takes those of the ledger.
    care_key : {"active", "known", "revenue"}
        How the cost of care is spread, see :mod:`.allocation`.
    referral_share : float
        Share of a recommended customer's value that is moved to who recommended her; with
        0, what came through recommendations is only shown.

    Raises
    ------
    ModelError
        If nobody bought in the window, or no purchase names its customer.
    SettingsError
        If a parameter is out of its range.

    References
    ----------
    Kumar, V., Petersen, J. A. & Leone, R. P. (2010). Driving profitability by encouraging
    customer referrals: Who, when, and how. Journal of Marketing, 74(5), 1-17.
    """
    if isinstance(transactions, NotAvailable):
        return transactions  # type: ignore[return-value]
    check_share(referral_share)
    window = open_window(transactions, since=since, until=until)
    books = Books.open(transactions, subscriptions, window, margin)
    parts = [
        *take_basic(books, subscriptions),
        *take_added(books, contacts, costs, customers, care_key),
        *_potential(books, future, contract_future),
    ]
    return _assemble(books, parts, customers, care_key, referral_share)


def _potential(
    books: Books, future: pd.Series | NotAvailable, contract_future: pd.Series | NotAvailable
) -> list[Part]:
    given = (
        ("expected margin of purchases", "future_margin", future),
        ("expected margin of contracts", "contract_future", contract_future),
    )
    return [_expected(books, *one) for one in given]


def _expected(books: Books, name: str, column: str, expected: pd.Series | NotAvailable) -> Part:
    if isinstance(expected, NotAvailable):
        return Part(Component("potential value", name, column, expected))
    place = locate(pd.Series(expected.index), books.population)
    amounts = expected.to_numpy(np.float64)
    inside = books.sum(place, np.nan_to_num(amounts))
    outside = float(np.nansum(amounts[place < 0]))
    left = (Unallocated(name, outside, "of nobody in the ledger"),) if outside else ()
    component = Component("potential value", name, column, inside, "model, discounted")
    return Part(component, left)


def _assemble(
    books: Books, parts: list[Part], customers: Table, care_key: str, share: float
) -> ValueDecomposition:
    components = [part.component for part in parts if part.component.name]
    frame = pd.DataFrame({"customer_id": books.population.to_numpy()})
    revenue = [part.revenue for part in parts if part.revenue is not None]
    frame["revenue"] = np.sum(revenue, axis=0)
    for component in components:
        if not isinstance(component.amounts, NotAvailable):
            frame[component.column] = component.amounts
    _add_blocks(frame, components)
    components += _refer(books, frame, customers, share)
    by_key = [part.by_key for part in parts if part.by_key is not None]
    return ValueDecomposition(
        customers=frame,
        components=tuple(components),
        unallocated=tuple(item for part in parts for item in part.left),
        checks=tuple(check for part in parts for check in part.checks),
        window=books.window,
        margin=books.margin,
        care_by_key=by_key[0] if by_key else pd.DataFrame(),
        care_key=care_key,
    )


def _add_blocks(frame: pd.DataFrame, components: list[Component]) -> None:
    blocks: dict[str, list[str]] = {}
    for component in components:
        if component.known:
            blocks.setdefault(component.block, []).append(component.column)
    for block, columns in blocks.items():
        frame[block.replace(" ", "_")] = frame[columns].sum(axis=1)
    earned = [b.replace(" ", "_") for b in ("basic value", "added value") if b in blocks]
    frame["profit"] = frame[earned].sum(axis=1)
    frame["value"] = frame[[block.replace(" ", "_") for block in blocks]].sum(axis=1)


def _refer(books: Books, frame: pd.DataFrame, customers: Table, share: float) -> list[Component]:
    """Show what came through recommendations, and move a share of it where asked to."""
    name = "memo", "value of recommended customers", "recommended_value"
    if not isinstance(customers, pd.DataFrame):
        return [Component(*name, NotAvailable(give_reason(customers, "no table of customers")))]
    if "referred_by" not in customers or customers["referred_by"].isna().all():
        return [Component(*name, NotAvailable("no recommendation is recorded"))]
    referrals: Referrals = find_referrals(customers, books.population)
    own = frame["value"].to_numpy(np.float64)
    frame["n_recommended"] = referrals.count(books.n)
    frame["recommended_value"] = referrals.credit(own)
    source = "own value of whom a customer recommended"
    found = [Component(*name, frame["recommended_value"].to_numpy(), source)]
    if share > 0:
        moved = referrals.transfer(own, share)
        frame["referral_transfer"] = moved
        frame["potential_value"] = frame.get("potential_value", 0.0) + moved
        frame["value"] = own + moved
        found.append(
            Component(
                "potential value",
                "moved to recommenders",
                "referral_transfer",
                moved,
                f"{share:.0%} of the value of the recommended, who give it",
            )
        )
    return found
