"""How good the collected data are: coverage, completeness, links, oddities."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.open_data import find_open_table
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Which column of which table must be found in which other table of its data set.
LINKS = (
    ("transactions", "customer_id", "customers", "customer_id"),
    ("transactions", "product_id", "products", "product_id"),
    ("campaigns", "customer_id", "transactions", "customer_id"),
    ("responses", "customer_id", "campaigns", "customer_id"),
    ("contacts", "customer_id", "customers", "customer_id"),
    ("survey", "customer_id", "customers", "customer_id"),
)

#: Values of a purchase line that are possible but deserve a look, as SQL conditions.
ODDITIES = {
    "revenue is zero": "revenue = 0",
    "revenue is negative (a return)": "revenue < 0",
    "quantity is zero": "quantity = 0",
    "quantity is zero but revenue is not": "quantity = 0 AND revenue <> 0",
}


def list_sources(data: StudyData) -> pd.DataFrame:
    """List every table of the study: where from, rows read and kept, licence.

    Returns
    -------
    DataFrame
        Columns data set, table, source, rows read, rows kept, columns, licence.
    """
    specs = data.study.table_sources()
    rows = []
    for row in data.warehouse.sources().to_dict("records"):
        spec = specs[(row["dataset"], row["table"])]
        licence = find_open_table(spec.open).licence if spec.open else "own data"
        rows.append(
            {
                "data set": row["dataset"],
                "table": row["table"],
                "source": row["source"],
                "rows read": int(row["rows_read"]),
                "rows kept": int(row["rows_kept"]),
                "columns": int(row["columns"]),
                "licence": "simulated" if spec.simulated else licence,
            }
        )
    return pd.DataFrame(rows)


def list_drops(data: StudyData) -> pd.DataFrame:
    """List what was left out and why; one row that says so when nothing was."""
    drops = data.warehouse.drops().rename(columns={"dataset": "data set"})
    if drops.empty:
        return pd.DataFrame(
            {"data set": ["all"], "table": ["all"], "reason": ["none"], "rows": [0]}
        )
    return drops


def measure_completeness(data: StudyData) -> pd.DataFrame:
    """Count empty values table by table.

    Returns
    -------
    DataFrame
        Columns data set, table, rows, columns, empty share (of all cells), emptiest
        column, its empty share.
    """
    rows = []
    for dataset, table in data.study.table_sources():
        columns = _columns(data, dataset, table)
        quoted = (column.replace('"', '""') for column in columns)
        counts = ", ".join(f'count(*) - count("{column}")' for column in quoted)
        sql = f'SELECT count(*), {counts} FROM "{dataset}"."{table}"'
        size, *found = (int(count) for count in data.warehouse.query(sql).iloc[0])
        empty = pd.Series(found, index=columns)
        worst = str(empty.idxmax())
        rows.append(
            {
                "data set": dataset,
                "table": table,
                "rows": size,
                "columns": len(columns),
                "empty share": float(empty.sum()) / (size * len(columns)),
                "emptiest column": worst if empty[worst] else "none",
                "its empty share": float(empty[worst]) / size,
            }
        )
    return pd.DataFrame(rows)


def _columns(data: StudyData, dataset: str, table: str) -> list[str]:
    sql = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
    )
    return data.warehouse.query(sql, [dataset, table])["column_name"].tolist()


def match_links(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Match the identifiers of each data set's tables.

    Returns
    -------
    DataFrame
        Columns data set, link, distinct ids, matched, match rate; a link is left out
        where a data set lacks one of its tables or columns, or the column is empty.
    """
    rows = []
    for dataset in dict.fromkeys(dataset for dataset, _ in data.study.table_sources()):
        for child, key, parent, target in LINKS:
            if key not in _columns(data, dataset, child) or not data.warehouse.has(dataset, parent):
                continue
            sql = f"""
                WITH children AS (SELECT DISTINCT "{key}" AS id FROM "{dataset}"."{child}"),
                     parents AS (SELECT DISTINCT "{target}" AS id FROM "{dataset}"."{parent}")
                SELECT count(*) AS ids, count(p.id) AS matched
                FROM children c LEFT JOIN parents p USING (id) WHERE c.id IS NOT NULL
            """
            ids, matched = (int(count) for count in data.warehouse.query(sql).iloc[0])
            if not ids:
                continue
            rows.append(
                {
                    "data set": dataset,
                    "link": f"{child}.{key} in {parent}",
                    "distinct ids": ids,
                    "matched": matched,
                    "match rate": matched / ids,
                }
            )
    return pd.DataFrame(rows) if rows else NotAvailable("no two tables of a data set to link")


def summarise_ledgers(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Sum up each purchase ledger, for reconciliation with its source.

    Returns
    -------
    DataFrame
        Columns data set, customers, purchases, lines, first day, last day, revenue,
        and the number of lines of each oddity.
    """
    datasets = data.study.datasets_with("transactions")
    if not datasets:
        return NotAvailable("the study has no table transactions")
    frames = []
    for dataset in datasets:
        columns = _columns(data, dataset, "transactions")
        odd = {
            n: rule
            for n, rule in ODDITIES.items()
            if "quantity" not in rule or "quantity" in columns
        }
        counts = "".join(f', count(*) FILTER ({rule}) AS "{name}"' for name, rule in odd.items())
        sql = f"""
            SELECT '{dataset}' AS "data set", count(DISTINCT customer_id) AS customers,
                   count(DISTINCT basket_id) AS purchases, count(*) AS lines,
                   min(ordered_at)::DATE::VARCHAR AS "first day",
                   max(ordered_at)::DATE::VARCHAR AS "last day", sum(revenue) AS revenue {counts}
            FROM "{dataset}".transactions
        """
        frames.append(data.warehouse.query(sql))
    return pd.concat(frames, ignore_index=True)


def list_hypotheses(data: StudyData) -> pd.DataFrame | NotAvailable:
    """List the registered hypotheses of a study.

    Returns
    -------
    DataFrame
        Columns hypothesis, statement, expected sign, chapter, decided by, source.
    """
    register = data.settings.hypotheses
    if not register:
        return NotAvailable("study.yml registers no hypothesis")
    return pd.DataFrame(
        [
            {
                "hypothesis": entry.id,
                "statement": entry.statement,
                "expected sign": entry.expected_sign,
                "chapter": entry.chapter,
                "decided by": entry.decided_by,
                "source": entry.reference or "none given",
            }
            for entry in register
        ]
    )
