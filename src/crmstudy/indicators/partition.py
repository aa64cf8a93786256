"""Parting a firm into units, each with the evidence that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from crmstudy.errors import NotAvailable, attempt
from crmstudy.indicators.evidence import Evidence, Tables
from crmstudy.indicators.orders import COVERAGE_SLACK, Ledger

FORWARD = NotAvailable("a lifetime value looks ahead from the last day; a past period has none")
WHOLE_FIRM = NotAvailable("costs are booked to the firm as a whole, not to customers")
UNLINKED = NotAvailable("the answers are not linked to customers")
#: Tables of people who are not, or not surely, known customers.
STRANGERS = ("leads", "web_events")


@dataclass(frozen=True, eq=False)
class Partition:
    """Units with their evidence.

    Parameters
    ----------
    source : str
        What the units come from, in words.
    units : mapping of str to Evidence
        In the order in which they are shown.
    buyers : mapping of str to Index
        Customers with an order in the unit's window.
    left_out : mapping of str to str
        What is no unit from the start, with the reason.
    in_time : bool
        Whether the units are periods, which are all kept, in their order.
    """

    source: str
    units: Mapping[str, Evidence]
    buyers: Mapping[str, pd.Index]
    left_out: Mapping[str, str]
    in_time: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Customers with an order in the window, by unit."""
        return {name: len(buyers) for name, buyers in self.buyers.items()}

    def choose(self, *, at_least: int, most: int) -> tuple[list[str], dict[str, str]]:
        """Choose the units that are large enough, and say why others are left out."""
        left_out = dict(self.left_out)
        counts = self.counts
        enough = [name for name in self.units if counts[name] >= at_least]
        for name in self.units:
            if counts[name] < at_least:
                left_out[name] = f"fewer than {at_least} customers with an order ({counts[name]})"
        if self.in_time:
            return enough, left_out
        ranked = sorted(enough, key=lambda name: (-counts[name], name))
        for name in ranked[most:]:
            left_out[name] = f"not among the {most} with the most customers ({counts[name]})"
        chosen = set(ranked[:most])
        return [name for name in enough if name in chosen], left_out

    def share_customers(self, kept: Sequence[str]) -> int:
        """Count customers with an order in more than one of the units."""
        everybody = pd.Index([]).append([self.buyers[name] for name in kept])
        return int((everybody.value_counts() > 1).sum())


def part_by_time(evidence: Evidence, ledger: Ledger, *, months: int) -> Partition:
    """Part the log into calendar periods that it covers, each with the one before it."""
    length = pd.DateOffset(months=months)
    first = ledger.first.to_period("Q" if months == 3 else "M").to_timestamp()
    starts = [first]
    while starts[-1] <= ledger.last:
        starts.append(starts[-1] + length)
    covered = [start for start in starts[:-1] if ledger.covers(start, start + length)]
    left_out = {
        _name_period(start, months): "the log covers it only in part"
        for start in starts[:-1]
        if start not in covered and ledger.last >= start + COVERAGE_SLACK
    }
    if covered:
        left_out[_name_period(covered[0], months)] = "no period before it to compare with"
    units = {
        _name_period(start, months): _in_period(evidence, ledger, start, start + length)
        for start in covered[1:]
    }
    return Partition("the calendar", units, _count_buyers(units), left_out, in_time=True)


def part_by_customers(evidence: Evidence, column: str, ledger: Ledger) -> Partition:
    """Part the customers by what a column of their table says."""
    customers = evidence.table("customers", column)
    labels = customers.dropna(subset=[column]).set_index("customer_id")[column].astype(str)
    of_order = ledger.orders["customer_id"].map(labels)
    units = {
        name: replace(
            evidence,
            tables=_of_members(evidence.tables, labels.index[labels == name]),
            orders_read=orders,
        )
        for name, orders in ledger.part(of_order).items()
    }
    unknown = int(ledger.orders.loc[of_order.isna(), "customer_id"].nunique())
    people = "customer" if unknown == 1 else "customers"
    left_out = {f"no {column}": f"{unknown:,} {people} in the log without it"} if unknown else {}
    return Partition("customers", units, _count_buyers(units), left_out)


def part_by_lines(evidence: Evidence, column: str, ledger: Ledger) -> Partition:
    """Part the orders by what a column of their lines says."""
    labels = ledger.orders["unit"].astype(str)
    elsewhere = NotAvailable(f"only purchases say which {column}")
    tables: Tables = {name: elsewhere for name in evidence.tables if name != "transactions"}
    units = {
        name: replace(evidence, tables=tables, orders_read=orders)
        for name, orders in ledger.part(labels).items()
    }
    return Partition("transactions", units, _count_buyers(units), {})


def _in_period(
    evidence: Evidence, ledger: Ledger, start: pd.Timestamp, end: pd.Timestamp
) -> Evidence:
    tables = dict(evidence.tables)
    survey = tables.get("survey")
    if isinstance(survey, pd.DataFrame):
        tables["survey"] = _answered_within(survey, start, end)
    if "lifetime_values" in tables:
        tables["lifetime_values"] = FORWARD
    return replace(evidence, tables=tables, start=start, end=end, orders_read=ledger)


def _answered_within(
    survey: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame | NotAvailable:
    if "answered_on" not in survey:
        return NotAvailable("the answers have no date")
    inside = survey[(survey["answered_on"] >= start) & (survey["answered_on"] < end)]
    return inside if len(inside) else NotAvailable("nobody was surveyed in this period")


def _of_members(tables: Tables, members: pd.Index) -> Tables:
    """Keep what is known of some customers."""
    return {name: _keep_members(name, found, members) for name, found in tables.items()}


def _keep_members(
    name: str, found: pd.DataFrame | pd.Series | NotAvailable, members: pd.Index
) -> pd.DataFrame | pd.Series | NotAvailable:
    if isinstance(found, NotAvailable):
        return found
    if isinstance(found, pd.Series):
        return found[found.index.isin(members)]
    if name in STRANGERS:
        return NotAvailable(f"{name.replace('_', ' ')} are mostly of persons not known yet")
    if "customer_id" not in found or found["customer_id"].isna().all():
        return {"costs": WHOLE_FIRM, "survey": UNLINKED}.get(
            name, NotAvailable(f"the table {name!r} names no customers")
        )
    if name == "costs" and found["customer_id"].isna().any():
        return WHOLE_FIRM
    return found[found["customer_id"].isin(members)]


def _count_buyers(units: Mapping[str, Evidence]) -> dict[str, pd.Index]:
    return {name: _find_buyers(evidence) for name, evidence in units.items()}


def _find_buyers(evidence: Evidence) -> pd.Index:
    """Find the customers with an order in the window, nobody where the log does not cover it."""
    found = attempt(evidence.ledger.between, *evidence.window)
    if isinstance(found, NotAvailable):
        return pd.Index([])
    return pd.Index(found.loc[found["bought"], "customer_id"].unique())


def _name_period(start: pd.Timestamp, months: int) -> str:
    return f"{start:%Y}-Q{start.quarter}" if months == 3 else f"{start:%Y-%m}"
