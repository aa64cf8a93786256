"""The collection plan: which channel brings which table, from whom, how often, on what basis."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.contracts.tables import Channel
from crmstudy.collection.open_data import find_open_table
from crmstudy.collection.quality.stored import StoredTable, ask, group_by_dataset, quote
from crmstudy.collection.study import StudyData
from crmstudy.settings import TableSource

#: The five channels in words for readers.
CHANNELS: dict[Channel, str] = {
    "interaction": "direct interaction",
    "sales": "sales channel feedback",
    "research": "survey, interview, focus group, mystery shopping",
    "web": "web and social traces",
    "public": "public databases",
}
ABSENT = "no table of this channel"
NOT_STATED = "not stated"
_NONE = "–"


def plan_collection(data: StudyData) -> pd.DataFrame:
    """Lay out what is collected through which channel, and what was found of it.

    What study.yml does not say of a table is filled in with what is usual for it, marked
    ``usual:``. Open data were published under a licence, so nobody here needs a legal
    basis; simulated ones are about nobody.

    Returns
    -------
    DataFrame
        One row a table, ordered by channel, then as in study.yml, and one for each
        channel without a table. Columns channel, data set, table, variables, source,
        owner, frequency, legal basis, rows, customers (different ones), first day, last
        day, customers covered (share of the data set's known customers). What a table
        cannot say is missing.
    """
    rows = [
        row for tables in group_by_dataset(data).values() for row in _plan_dataset(data, tables)
    ]
    found = {str(row["channel"]) for row in rows}
    rows += [_absent(words) for words in CHANNELS.values() if words not in found]
    order = {words: place for place, words in enumerate(CHANNELS.values())}
    plan = pd.DataFrame(rows).sort_values(
        "channel", key=lambda channel: channel.map(order), kind="stable", ignore_index=True
    )
    return plan.astype({"rows": "Int64", "customers": "Int64", "customers covered": "float64"})


def _plan_dataset(data: StudyData, tables: dict[str, StoredTable]) -> list[dict[str, object]]:
    known = _count_known(data, tables)
    counts = ask(data, [_count(table) for table in tables.values()])
    rows = []
    for table, found in zip(tables.values(), counts.to_dict("records"), strict=True):
        customers = None if pd.isna(found["customers"]) else int(found["customers"])
        # Decisions of customers who refused stay, though the customers are left out.
        counted = None if table.name == "consents" else customers
        covered = counted / known if counted is not None and known else float("nan")
        rows.append(
            {
                "channel": CHANNELS[table.contract.channel],
                "data set": table.dataset,
                "table": table.name,
                **_state(table, data.study.table_sources()[(table.dataset, table.name)]),
                "rows": int(found["rows"]),
                "customers": customers,
                "first day": found["first_day"] if pd.notna(found["first_day"]) else _NONE,
                "last day": found["last_day"] if pd.notna(found["last_day"]) else _NONE,
                "customers covered": covered,
            }
        )
    return rows


def _state(table: StoredTable, source: TableSource) -> dict[str, str]:
    """Say who holds a table, how often it comes and on what basis; marked where only usual."""
    contract = table.contract
    if source.simulated is not None:
        origin, basis = "simulated firm", "simulated: no personal data"
    elif source.open is not None:
        published = find_open_table(source.open)
        origin, basis = published.origin, f"public licence: {published.licence}"
    else:
        origin, basis = str(source.file), f"usual: {contract.legal_basis}"
    return {
        "variables": list_variables(table),
        "source": origin,
        "owner": source.owner or NOT_STATED,
        "frequency": source.frequency or f"usual: {contract.frequency}",
        "legal basis": source.legal_basis or basis,
    }


def list_variables(table: StoredTable) -> str:
    """Name a table's columns; the items of a questionnaire are only counted."""
    named = [column for column in table.types if column not in table.items]
    items = len(table.types) - len(named)
    return ", ".join([*named, *([f"{items} items"] if items else [])])


def _count(table: StoredTable) -> str:
    date = quote(table.date_column) if table.date_column else "NULL::TIMESTAMP"
    customers = "count(DISTINCT customer_id)" if "customer_id" in table.types else "NULL::BIGINT"
    return (
        f"SELECT count(*) AS rows, {customers} AS customers, "
        f"min({date})::DATE::VARCHAR AS first_day, max({date})::DATE::VARCHAR AS last_day "
        f"FROM {table.address}"
    )


def _count_known(data: StudyData, tables: dict[str, StoredTable]) -> int:
    """Count the customers that any table of a data set knows."""
    ids = " UNION ".join(
        f"SELECT customer_id FROM {table.address} WHERE customer_id IS NOT NULL"
        for table in tables.values()
        if "customer_id" in table.types and table.name != "consents"
    )
    if not ids:
        return 0
    return int(
        data.warehouse.query(f"SELECT count(DISTINCT customer_id) AS n FROM ({ids})")["n"][0]
    )


def _absent(channel: str) -> dict[str, object]:
    words = ("data set", "variables", "source", "owner", "frequency", "legal basis")
    return {
        "channel": channel,
        "table": ABSENT,
        **dict.fromkeys(words, _NONE),
        **dict.fromkeys(("first day", "last day"), _NONE),
        "rows": None,
        "customers": None,
        "customers covered": float("nan"),
    }
