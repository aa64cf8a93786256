"""The data card of the firm: what is known of it, from which tables, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from crmstudy.case.background.figures_of_firm import Fact, count_facts, find_frame
from crmstudy.case.background.years import summarise_years
from crmstudy.errors import ModelError, NotAvailable, attempt
from crmstudy.improvement import Case
from crmstudy.indicators.evidence import Tables
from crmstudy.indicators.orders import Ledger, read_ledger


@dataclass(frozen=True, eq=False)
class FirmCard:
    """What the study knows of the firm.

    Parameters
    ----------
    title, dataset, currency : str
        Of the study; the data set that the firm's tables stand in.
    facts : tuple of Fact
        In the order in which they are shown.
    years : DataFrame or NotAvailable
        See :func:`summarise_years`.
    channels : DataFrame or NotAvailable
        One row a channel: ``channel``, ``orders``, ``share of orders``, ``revenue``,
        ``share of revenue``; the largest first.
    sources : DataFrame
        One row a table that the study has: ``table``, ``rows``, ``origin``.
    absent : tuple of str
        Tables that it does not have.
    case : Case
        What the author says of the case; empty words where nothing is said.
    elsewhere : bool
        Whether the campaign that the author names is not in this firm's tables: what is said
        of it is about others.
    """

    title: str
    dataset: str
    currency: str
    facts: tuple[Fact, ...]
    years: pd.DataFrame | NotAvailable
    channels: pd.DataFrame | NotAvailable
    sources: pd.DataFrame
    absent: tuple[str, ...]
    case: Case
    elsewhere: bool = False

    def value(self, about: str, fact: str) -> str | int | float | NotAvailable:
        """Return one fact, or why it is not there."""
        for one in self.facts:
            if (one.about, one.fact) == (about, fact):
                return one.value
        return NotAvailable(f"the tables do not tell {about}: {fact}")

    def table(self) -> pd.DataFrame:
        """One row a fact: about, fact, value, unit, and the table that it was counted from."""
        head = [
            ("study", "title", self.title, "", "study.yml"),
            ("study", "data set", self.dataset, "", "study.yml"),
        ]
        rows = head + [(f.about, f.fact, f.value, f.unit, f.table) for f in self.facts]
        return pd.DataFrame(rows, columns=["about", "fact", "value", "unit", "counted from"])

    def to_metrics(self) -> dict[str, float]:
        """The numbers of the card that every firm with purchases has."""
        named = {
            ("customers", "with a purchase"): "customers",
            ("purchases", "orders"): "orders",
            ("purchases", "revenue, less returns"): "revenue",
            ("purchases", "mean order"): "mean_order",
            ("survey", "respondents"): "respondents",
            ("service", "tickets"): "tickets",
        }
        found = {
            key: float(one.value)
            for one in self.facts
            if (key := named.get((one.about, one.fact))) and not isinstance(one.value, str)
        }
        return {**found, "tables": len(self.sources), "tables_absent": len(self.absent)}


def describe_firm(
    tables: Tables,
    *,
    title: str,
    dataset: str,
    currency: str,
    case: Case | None = None,
    origin: Callable[[str], str] | None = None,
) -> FirmCard:
    """Draw up the data card of a firm from its tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame or NotAvailable
        Canonical tables of one firm; who asks for a table learns that it is not there.
    title, dataset, currency : str
        Of the study.
    case : Case, optional
        ``case`` of ``study.yml``.
    origin : callable, optional
        Says where a table comes from (``StudyData.origin``).

    Raises
    ------
    ModelError
        If no table has a row.
    """
    here = [name for name in tables if find_frame(tables, name) is not None]
    if not here:
        raise ModelError("the study has no table that tells anything of the firm")
    transactions = tables.get("transactions", NotAvailable("the study has no transactions"))
    ledger: Ledger | NotAvailable = attempt(read_ledger, transactions)
    return FirmCard(
        title=title,
        dataset=dataset,
        currency=currency,
        facts=tuple(count_facts(tables, ledger, currency)),
        years=attempt(summarise_years, ledger),
        channels=attempt(share_channels, transactions),
        sources=pd.DataFrame(
            [
                {
                    "table": name,
                    "rows": len(tables[name]),  # type: ignore[arg-type]
                    "origin": origin(name) if origin else "",
                }
                for name in here
            ]
        ),
        absent=tuple(name for name in tables if name not in here),
        case=case or Case(),
        elsewhere=_is_elsewhere(case or Case(), find_frame(tables, "campaigns")),
    )


def _is_elsewhere(case: Case, campaigns: pd.DataFrame | None) -> bool:
    if not case.campaign_id:
        return False
    return campaigns is None or case.campaign_id not in set(campaigns["campaign_id"])


def share_channels(transactions: pd.DataFrame, *, most: int = 8) -> pd.DataFrame:
    """Share orders and revenue out to the channels; an order may stand in several.

    Beyond the ``most`` largest, channels share one row.

    Raises
    ------
    ModelError
        If no line tells its channel.
    """
    if "channel" not in transactions or transactions["channel"].isna().all():
        raise ModelError("the transactions tell no channel")
    lines = transactions.dropna(subset=["customer_id"])
    lines = lines.assign(channel=lines["channel"].fillna("not told").astype(str))
    orders = read_ledger(lines, unit="channel").orders
    by_channel = orders.groupby("unit", sort=True)
    table = by_channel.agg(orders=("bought", "sum"), revenue=("revenue", "sum"))
    table = table.sort_values(["revenue", "orders"], ascending=False, kind="stable")
    table = _join_small(table, most)
    return pd.DataFrame(
        {
            "channel": table.index.astype(str),
            "orders": table["orders"].to_numpy(dtype=int),
            "share of orders": (table["orders"] / table["orders"].sum()).to_numpy(),
            "revenue": table["revenue"].to_numpy(),
            "share of revenue": (table["revenue"] / table["revenue"].sum()).to_numpy(),
        }
    )


def _join_small(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep the largest rows and join the others in one."""
    if len(table) <= most + 1:
        return table
    rest = table.iloc[most:].sum().to_frame(f"{len(table) - most} others").T
    return pd.concat([table.iloc[:most], rest])
