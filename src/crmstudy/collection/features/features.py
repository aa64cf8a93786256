"""Customer-level features from the warehouse; the expressions are those that Spark runs too."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.collection.features.definitions import FEATURES, list_columns
from crmstudy.collection.features.engines import (
    count_on_duckdb,
    declare_tables,
    join_on_duckdb,
    write_sql,
)
from crmstudy.collection.features.expressions import (
    MONDAY,
    PURCHASING,
    describe_cohorts,
    describe_periods,
)
from crmstudy.collection.warehouse import Reading, Warehouse
from crmstudy.errors import NotAvailable, SettingsError, passes_absence

PERIODS_A_YEAR = {"month": 12, "quarter": 4}


def customer_features(
    warehouse: Warehouse, dataset: str, *, since: str = "", until: str = ""
) -> pd.DataFrame | NotAvailable:
    """Compute every feature that a data set's tables and columns allow.

    Parameters
    ----------
    warehouse : Warehouse
        The study's customer database.
    dataset : str
        Data set with a transactions table.
    since : str
        First day counted, as 2017-07-01; empty counts from the beginning. Purchases,
        tickets and events before it are left out, registrations are not.
    until : str
        Last day counted, as 2017-12-31; empty takes the last purchase of all. Tickets,
        answers, events and registrations after it are left out too.

    Returns
    -------
    DataFrame
        One row a customer with a purchase, indexed by customer_id; columns as
        :func:`describe_features` lists them. Counts are whole numbers, months are the
        first of theirs. A value that is not defined for a customer is missing, as the
        time between purchases of who bought once.

    Raises
    ------
    SettingsError
        If ``since`` or ``until`` is not a date, or ``since`` is the later one.
    """
    return _compute(warehouse, dataset, since=since, until=until)


def purchase_features(
    warehouse: Warehouse, dataset: str, *, since: str = "", until: str = ""
) -> pd.DataFrame | NotAvailable:
    """Compute each customer's purchase features from the warehouse.

    Parameters as of :func:`customer_features`; a smaller table, the same for every data
    set.

    Returns
    -------
    DataFrame
        Indexed by customer_id; columns as in
        :func:`crmstudy.collection.features.expressions.describe_purchases`.
    """
    return _compute(warehouse, dataset, since=since, until=until, only=PURCHASING)


def describe_features(warehouse: Warehouse | None = None, dataset: str = "") -> pd.DataFrame:
    """List the features with their definitions.

    Parameters
    ----------
    warehouse : Warehouse, optional
        With a data set: say also which of them its tables allow.
    dataset : str
        The data set.

    Returns
    -------
    DataFrame
        ``feature``, ``definition``, ``unit``, ``table`` (that it is computed from),
        ``needs`` (columns beside those of every purchase); with a warehouse ``lacks``
        (columns that are not there; empty for a feature that is computed).
    """
    rows = [
        {
            "feature": feature.name,
            "definition": feature.definition,
            "unit": feature.unit,
            "table": feature.table,
            "needs": ", ".join([*feature.needs, *filter(None, [" or ".join(feature.either)])]),
        }
        for feature in FEATURES
    ]
    table = pd.DataFrame(rows)
    if warehouse is None:
        return table
    present = columns_present(warehouse, dataset)
    return table.assign(lacks=[", ".join(feature.lacks(present)) for feature in FEATURES])


def purchases_by_period(
    warehouse: Warehouse, dataset: str, *, period: str = "month"
) -> pd.DataFrame | NotAvailable:
    """Sum up a data set's purchasing by calendar period.

    A first or last period that the data cover only in part would look like a slump;
    it is left out.

    Parameters
    ----------
    period : {"week", "month"}
        Length of a period; weeks start on Monday.

    Returns
    -------
    DataFrame
        Indexed by the period's first day: ``customers`` (active), ``purchases``
        (baskets), ``revenue`` (currency).
    """
    if not warehouse.has(dataset, "transactions"):
        return NotAvailable("no transactions")
    if period not in ("week", "month"):
        raise ValueError(f"period must be week or month, not {period!r}")
    tables = declare_tables(columns_present(warehouse, dataset), database=dataset)
    expression = describe_periods(tables["transactions"], period=period)
    frame = warehouse.query(write_sql(expression.order_by("period"), dialect="duckdb"))
    first, last = find_reach(warehouse, dataset)
    starts = [_first_day(number, period) for number in frame["period"]]
    ends = [_first_day(number + 1, period) for number in frame["period"]]
    whole = [
        a >= first.normalize() and b <= last.normalize() + _DAY
        for a, b in zip(starts, ends, strict=True)
    ]
    frame["period"] = [start.date() for start in starts]
    return frame[whole].set_index("period")


def cohort_table(
    warehouse: Warehouse, dataset: str, *, period: str = "month", until: str = ""
) -> pd.DataFrame | NotAvailable:
    """Count the customers of each cohort who bought in each later period.

    A cohort is all whose first purchase in the data fell into one calendar period: the
    first ones hold customers who had bought before the data begin. A last period that
    the data cover only in part is left out.

    Parameters
    ----------
    period : {"week", "month", "quarter"}
        Length of a period; weeks start on Monday.
    until : str
        Last day counted; empty takes the last purchase of all.

    Returns
    -------
    DataFrame
        Rows are cohorts by the first day of their period, columns periods since (0 holds
        the whole cohort), cells customers who bought then; missing where that period is
        still to come.
    """
    if not warehouse.has(dataset, "transactions"):
        return NotAvailable("no transactions")
    if period not in ("week", "month", "quarter"):
        raise ValueError(f"period must be week, month or quarter, not {period!r}")
    end = _end(warehouse, dataset, until)
    if end is None:
        return NotAvailable("no purchases")
    last = _last_whole_period(min(end, find_reach(warehouse, dataset)[1].to_pydatetime()), period)
    tables = declare_tables(columns_present(warehouse, dataset), database=dataset)
    expression = describe_cohorts(tables["transactions"], until=end, period=period)
    cells = warehouse.query(write_sql(expression, dialect="duckdb"))
    cells = cells[cells["cohort"] + cells["since"] <= last]
    if cells.empty:
        return NotAvailable(f"the purchases cover no whole {period}")
    return _arrange_cohorts(cells, last, period)


@passes_absence
def retention(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Divide the cells of :func:`cohort_table` by the size of their cohort."""
    return cohorts.astype("Float64").div(cohorts[0].astype("Float64"), axis=0)


_DAY = pd.Timedelta("1D")


def _compute(
    warehouse: Warehouse, dataset: str, *, since: str, until: str, only: tuple[str, ...] = ()
) -> pd.DataFrame | NotAvailable:
    with warehouse.reading() as reading:
        window = find_window(reading, dataset, since=since, until=until)
        if isinstance(window, NotAvailable):
            return window
        replaced = _replaced(reading, dataset)
        tables = declare_tables(columns_present(reading, dataset), database=dataset)
        begin, end = window
        counted = count_on_duckdb(reading, tables, until=end, since=begin, only=only)
    frame = join_on_duckdb(warehouse, counted)
    if since and frame.empty:
        return NotAvailable(f"no purchases from {since} to {end:%Y-%m-%d}")
    frame = frame[["customer_id", *(only or frame.columns[1:])]]
    typed = _typed(frame).set_index("customer_id")
    return _order_by_content(typed, warehouse, dataset) if replaced else typed


def order_customers(
    warehouse: Warehouse, dataset: str, *, since: str = "", until: str = ""
) -> pd.Index | NotAvailable:
    """Name the customers of :func:`customer_features` in its order, at the least cost.

    Only where names are replaced does the order depend on every feature. It is remembered
    as long as the database is the same: what is bought by department, by brand and later is
    asked for one after the other.
    """
    file = warehouse.place.stat()
    version = (file.st_ino, file.st_size, file.st_mtime_ns)
    found = _find_order(warehouse, dataset, since, until, version)
    return found if isinstance(found, NotAvailable) else found.copy()


@lru_cache(maxsize=8)
def _find_order(
    warehouse: Warehouse, dataset: str, since: str, until: str, _: tuple[int, ...]
) -> pd.Index | NotAvailable:
    with warehouse.reading() as reading:
        compute = customer_features if _replaced(reading, dataset) else purchase_features
    found = compute(warehouse, dataset, since=since, until=until)
    return found if isinstance(found, NotAvailable) else found.index


def _replaced(warehouse: Reading, dataset: str) -> bool:
    """Say whether the customers of a data set are known by pseudonyms."""
    if not warehouse.has("meta", "pseudonyms"):
        return False
    sql = 'SELECT count(*) AS n FROM meta.pseudonyms WHERE "data set" = ?'
    return bool(warehouse.query(sql, [dataset])["n"][0])


def _order_by_content(frame: pd.DataFrame, warehouse: Warehouse, dataset: str) -> pd.DataFrame:
    """Sort customers by what they bought, equal ones by their first line in the file.

    Pseudonyms sort otherwise with every key, and whoever draws customers at random would
    draw others.
    """
    first = [name for name in PURCHASING if name in frame]
    rest = [str(name) for name in frame if name not in first]
    ordered = frame.sort_values([*first, *rest], kind="stable")
    if not frame.duplicated().any():
        return ordered
    sql = f'SELECT customer_id, min(rowid) AS place FROM "{dataset}".transactions GROUP BY 1'
    place = warehouse.query(sql).set_index("customer_id")["place"]
    in_file = frame.iloc[place.reindex(frame.index).argsort(kind="stable").to_numpy()]
    return in_file.sort_values([*first, *rest], kind="stable")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    units = {feature.name: feature.unit for feature in FEATURES}
    kinds = {"count": "int64", "month": "datetime64[us]"}
    return frame.astype(
        {name: kinds[units[name]] for name in map(str, frame) if units.get(name) in kinds}
    )


def columns_present(warehouse: Warehouse | Reading, dataset: str) -> list[str]:
    """List the columns that features are made from and that are there, as ``table.column``."""
    sql = (
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns "
        "WHERE table_schema = ?"
    )
    there = set(warehouse.query(sql, [dataset])["name"])
    used = [f"{table}.{name}" for table, names in list_columns().items() for name in names]
    return [name for name in used if name in there]


def find_reach(warehouse: Warehouse | Reading, dataset: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Find the first and the last purchase of all."""
    sql = f'SELECT min(ordered_at) AS a, max(ordered_at) AS z FROM "{dataset}".transactions'
    row = warehouse.query(sql).iloc[0]
    return pd.Timestamp(row["a"]), pd.Timestamp(row["z"])


def find_window(
    reading: Reading, dataset: str, *, since: str, until: str
) -> tuple[datetime | None, datetime] | NotAvailable:
    """Find the first (none: from the beginning) and the last moment counted.

    Raises
    ------
    SettingsError
        If ``since`` or ``until`` is not a date, or ``since`` is the later one.
    """
    if not reading.has(dataset, "transactions"):
        return NotAvailable("no transactions")
    end = _end(reading, dataset, until)
    if end is None:
        return NotAvailable("no purchases")
    begin = _day(since, "since").to_pydatetime() if since else None
    if begin and until and begin > end:
        raise SettingsError(f"since = {since!r} is later than until = {until!r}")
    return begin, end


def _end(warehouse: Warehouse | Reading, dataset: str, until: str) -> datetime | None:
    """Find the last moment counted: that of a day's end, or of the last purchase."""
    if until:
        return (_day(until, "until") + _DAY - pd.Timedelta("1us")).to_pydatetime()
    last = find_reach(warehouse, dataset)[1]
    return None if pd.isna(last) else last.to_pydatetime()


def _day(text: str, name: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(text).normalize()
    except ValueError:
        raise SettingsError(f"{name} = {text!r}; allowed: a day, as 2017-12-31") from None


def _first_day(number: Any, period: str) -> pd.Timestamp:
    """Turn the number of a period back into its first day."""
    if period == "week":
        return pd.Timestamp(MONDAY) + int(number) * 7 * _DAY
    year, part = divmod(int(number), PERIODS_A_YEAR[period])
    return pd.Timestamp(year, part * (12 // PERIODS_A_YEAR[period]) + 1, 1)


def _last_whole_period(end: datetime, period: str) -> int:
    """Number the last period that is over at the end of the day of ``end``."""
    after = pd.Timestamp(end).normalize() + _DAY
    if period == "week":
        return (after - pd.Timestamp(MONDAY)).days // 7 - 1
    a_year = PERIODS_A_YEAR[period]
    return after.year * a_year + (after.month - 1) // (12 // a_year) - 1


def _arrange_cohorts(cells: pd.DataFrame, last: int, period: str) -> pd.DataFrame:
    wide = cells.pivot_table(index="cohort", columns="since", values="customers", aggfunc="sum")
    wide = wide.reindex(columns=range(last - int(wide.index.min()) + 1)).fillna(0).astype("Int64")
    wide = wide.mask(np.add.outer(wide.index.to_numpy(), wide.columns.to_numpy()) > last)
    wide.index = pd.Index([_first_day(number, period) for number in wide.index], name="cohort")
    return wide.rename_axis(columns=f"{period}s since")
