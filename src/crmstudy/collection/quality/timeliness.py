"""Timeliness: how old the records are, where they are silent, and how long answers take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.quality.stored import (
    StoredTable,
    ask,
    group_by_dataset,
    has_columns,
    list_tables,
    literal,
    quote,
)
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Tables that a running firm adds to all the time, so that a silent period is a gap.
RUNNING = ("transactions", "contacts", "web_events", "costs")

#: Periods in which silence is looked for, and the records that one must hold on average.
PERIODS = ("week", "month", "quarter", "year")
ENOUGH = 5
#: What is counted where one event makes many rows: purchases and campaigns.
WHOLES = {"transactions": "basket_id", "campaigns": "campaign_id"}


@dataclass(frozen=True)
class Delay:
    """The time between two moments that one record, or two linked ones, carry."""

    name: str
    needs: dict[str, tuple[str, ...]]
    source: str
    start: str
    end: str
    unit: str = "days"

    def sql(self, tables: dict[str, StoredTable]) -> str:
        """Write the query that sums the delay up over the tables of one data set."""
        source = self.source.format(**{name: table.address for name, table in tables.items()})
        seconds = 3600 if self.unit == "hours" else 86400
        elapsed = f"epoch({self.end}::TIMESTAMP - {self.start}::TIMESTAMP) / {seconds}"
        return f"""
            SELECT count(*) AS records, count(elapsed) AS ended,
                   quantile_cont(elapsed, 0.5) AS middle, quantile_cont(elapsed, 0.9) AS ninth,
                   max(elapsed) AS longest
            FROM (SELECT {elapsed} AS elapsed FROM {source} WHERE {self.start} IS NOT NULL)
        """


DELAYS = (
    Delay(
        "ticket opened to first answer",
        {"contacts": ("opened_at", "first_response_at")},
        "{contacts} c",
        "c.opened_at",
        "c.first_response_at",
        "hours",
    ),
    Delay(
        "ticket opened to resolved",
        {"contacts": ("opened_at", "resolved_at")},
        "{contacts} c",
        "c.opened_at",
        "c.resolved_at",
        "hours",
    ),
    Delay(
        "campaign started to response",
        {
            "campaigns": ("campaign_id", "customer_id", "start_on"),
            "responses": ("campaign_id", "customer_id", "responded_at"),
        },
        "{campaigns} k LEFT JOIN (SELECT campaign_id, customer_id, min(responded_at) AS moment "
        "FROM {responses} GROUP BY ALL) r USING (campaign_id, customer_id)",
        "k.start_on",
        "r.moment",
    ),
    Delay(
        "invited to answered",
        {
            "invitations": ("respondent_id", "invited_on"),
            "survey": ("respondent_id", "answered_on"),
        },
        "{invitations} i LEFT JOIN {survey} s USING (respondent_id)",
        "i.invited_on",
        "s.answered_on",
    ),
    Delay(
        "lead recorded to first purchase",
        {
            "leads": ("customer_id", "created_on"),
            "transactions": ("customer_id", "ordered_at"),
        },
        "{leads} l LEFT JOIN (SELECT customer_id, min(ordered_at) AS moment FROM {transactions} "
        "GROUP BY ALL) t USING (customer_id)",
        "l.created_on",
        "t.moment",
    ),
)


def measure_timeliness(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Say of each dated table how far it reaches and where it is silent.

    Age is counted back from the newest record of the data set and of the whole study,
    not from today, so that a study says the same whenever it is run. Silence is looked
    for in the shortest of week, month, quarter and year that holds five records on
    average (purchases, not lines; campaigns, not addressees): a steady flow would leave
    one in 150 of them empty (e^-5), so an empty one is a gap.

    Returns
    -------
    DataFrame
        Columns data set, table, date column, first day, last day, days behind its data
        set, days behind the study, period, periods spanned (from the first to the last
        record), periods without a record, periods to the newest record (from the first
        one to the newest of the data set's running tables), longest gap in days, gap
        begins after (a day), rows without a date.
    """
    dated = [table for table in list_tables(data) if table.date_column]
    if not dated:
        return NotAvailable("no table of the study has a date")
    found = ask(data, [_span(table) for table in dated])
    found = found.assign(
        dataset=[table.dataset for table in dated],
        table=[table.name for table in dated],
        column=[table.date_column for table in dated],
    )
    found = found[found["first_day"].notna()].reset_index(drop=True)
    if found.empty:
        return NotAvailable("no record of the study has a date")
    return _tabulate_spans(found)


def _tabulate_spans(found: pd.DataFrame) -> pd.DataFrame:
    newest = found.groupby("dataset")["last_day"].transform("max")
    running = found["last_day"].where(found["table"].isin(RUNNING))
    newest_running = running.groupby(found["dataset"]).transform("max").fillna(found["last_day"])
    until = newest_running.where(newest_running > found["last_day"], found["last_day"])
    ends = list(zip(found["first_day"], found["last_day"], until, strict=True))
    periods = [
        _choose_period(first, last, int(records))
        for (first, last, _), records in zip(ends, found["records"], strict=True)
    ]
    spanned = [count_periods(a, z, name) for (a, z, _), name in zip(ends, periods, strict=True)]
    filled = [int(found[name].iloc[row]) for row, name in enumerate(periods)]
    return pd.DataFrame(
        {
            "data set": found["dataset"],
            "table": found["table"],
            "date column": found["column"],
            "first day": found["first_day"].dt.strftime("%Y-%m-%d"),
            "last day": found["last_day"].dt.strftime("%Y-%m-%d"),
            "days behind its data set": (newest - found["last_day"]).dt.days,
            "days behind the study": (found["last_day"].max() - found["last_day"]).dt.days,
            "period": periods,
            "periods spanned": spanned,
            "periods without a record": np.subtract(spanned, filled).astype("int64"),
            "periods to the newest record": [
                count_periods(a, z, name) for (a, _, z), name in zip(ends, periods, strict=True)
            ],
            "longest gap in days": found["gap"].astype("Int64"),
            "gap begins after": found["gap_after"].fillna("none"),
            "rows without a date": found["undated"],
        }
    )


def _span(table: StoredTable) -> str:
    column = quote(table.date_column)
    whole = WHOLES.get(table.name, "")
    records = f"count(DISTINCT {whole})" if whole in table.types else f"count({column})"
    filled = ", ".join(f"count(DISTINCT date_trunc('{one}', day)) AS {one}" for one in PERIODS)
    return f"""
        WITH days AS (SELECT {column}::DATE AS day FROM {table.address}
                      WHERE {column} IS NOT NULL GROUP BY 1),
             gaps AS (SELECT day, lead(day) OVER (ORDER BY day) - day AS gap FROM days)
        SELECT min(day)::TIMESTAMP AS first_day, max(day)::TIMESTAMP AS last_day, {filled},
               max(gap) AS gap, arg_max(day, gap)::VARCHAR AS gap_after,
               (SELECT {records} FROM {table.address}) AS records,
               (SELECT count(*) - count({column}) FROM {table.address}) AS undated
        FROM gaps
    """


def _choose_period(first: pd.Timestamp, last: pd.Timestamp, records: int) -> str:
    """Choose the shortest period that a steady flow of records would hardly leave empty."""
    long_enough = (name for name in PERIODS if records >= ENOUGH * count_periods(first, last, name))
    return next(long_enough, PERIODS[-1])


def count_periods(first: pd.Timestamp, last: pd.Timestamp, period: str) -> int:
    """Count the calendar periods that two days span, both ends counted; weeks start on Monday."""
    code = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}[period]
    return int((last.to_period(code) - first.to_period(code)).n) + 1


def measure_delays(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Measure how long it takes from one recorded moment to the next.

    Returns
    -------
    DataFrame
        Columns data set, delay, unit, records, ended, still open share, median, 90th
        percentile, longest. Records without an end (a ticket not resolved) are open and
        stand in no quantile; where nothing ended, the quantiles are missing.
    """
    named = [
        (dataset, delay, delay.sql(tables))
        for dataset, tables in group_by_dataset(data).items()
        for delay in DELAYS
        if has_columns(tables, delay.needs)
    ]
    if not named:
        return NotAvailable("no table holds a beginning and its end")
    found = ask(data, [sql for _, _, sql in named])
    table = pd.DataFrame(
        {
            "data set": [dataset for dataset, _, _ in named],
            "delay": [delay.name for _, delay, _ in named],
            "unit": [delay.unit for _, delay, _ in named],
            "records": found["records"],
            "ended": found["ended"],
            "still open share": 1 - found["ended"] / found["records"].where(found["records"] > 0),
            "median": found["middle"].astype(float),
            "90th percentile": found["ninth"].astype(float),
            "longest": found["longest"].astype(float),
        }
    )
    begun = table[table["records"] > 0].reset_index(drop=True)
    return begun if len(begun) else NotAvailable("no record holds a beginning")


def count_records(data: StudyData, *, period: str = "month") -> pd.DataFrame | NotAvailable:
    """Count the rows of each dated table by calendar period, for a picture of coverage.

    Parameters
    ----------
    period : str
        ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.

    Returns
    -------
    DataFrame
        Columns data set, table, period (its first day), rows; periods without a row are
        left out.
    """
    selects = [
        f"SELECT {place} AS place, {literal(table.dataset)} AS dataset, "
        f"{literal(table.name)} AS table_name, "
        f"date_trunc('{period}', {quote(table.date_column)})::TIMESTAMP AS period, "
        f"count(*) AS rows FROM {table.address} "
        f"WHERE {quote(table.date_column)} IS NOT NULL GROUP BY ALL"
        for place, table in enumerate(table for table in list_tables(data) if table.date_column)
    ]
    if not selects:
        return NotAvailable("no table of the study has a date")
    found = data.warehouse.query(" UNION ALL ".join(selects) + " ORDER BY place, period")
    return found.drop(columns="place").rename(
        columns={"dataset": "data set", "table_name": "table"}
    )
