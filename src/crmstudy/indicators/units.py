"""The indicators of several units side by side: periods, regions, stores, channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest, passes_absence
from crmstudy.indicators.evidence import Evidence, Tables
from crmstudy.indicators.measure import Day, gather_evidence, measure_evidence
from crmstudy.indicators.orders import read_ledger
from crmstudy.indicators.partition import Partition, part_by_customers, part_by_lines, part_by_time
from crmstudy.indicators.unit_table import UnitIndicators

#: Units of time, and how many months they last.
PERIODS = {"quarter": 3, "month": 1}


@passes_absence
def measure_by_unit(
    tables: Tables,
    *,
    unit: str,
    window_start: Day | None,
    window_end: Day | None,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    level: float = 0.95,
    horizon_weeks: float | None = None,
    annual_discount_rate: float | None = None,
    at_least: int = 30,
    most: int = 12,
) -> UnitIndicators:
    """Measure the indicators of every unit.

    Parameters
    ----------
    tables : mapping of str to DataFrame, Series or NotAvailable
        Canonical tables of one firm, as for ``measure_indicators``.
    unit : str
        ``quarter`` or ``month``: calendar periods of the whole log, each compared with the
        one before it, which is why the first is no unit. Or a column of ``customers`` (a
        customer belongs to one unit) or of ``transactions`` (an order belongs to the unit
        it was placed in; a customer may belong to several); a column of both is taken
        from customers unless it is written ``transactions.channel``.
    window_start, window_end : str, Timestamp or None
        First moment of the window, and first moment after it; periods do not need it.
    survey_roles, instrument, level, horizon_weeks, annual_discount_rate
        As for ``measure_indicators``.
    at_least : int
        Units with fewer customers with an order in the window are left out.
    most : int
        At most so many units, those with the most customers; periods are all kept.

    Raises
    ------
    SettingsError
        If the unit is neither a period nor a column.
    ModelError
        If fewer than two units remain.
    """
    evidence = gather_evidence(
        tables,
        window_start,
        window_end,
        survey_roles,
        instrument,
        level=level,
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
    )
    parted = _part(evidence, unit)
    kept, left_out = parted.choose(at_least=at_least, most=most)
    if len(kept) < 2:
        raise ModelError(_say_too_few(unit, kept, left_out, at_least))
    return UnitIndicators(
        unit=unit,
        source=parted.source,
        tables={name: measure_evidence(parted.units[name]) for name in kept},
        counts={name: parted.counts[name] for name in kept},
        left_out=left_out,
        shared=parted.share_customers(kept),
    )


def _part(evidence: Evidence, unit: str) -> Partition:
    transactions = evidence.table("transactions")
    if unit in PERIODS:
        return part_by_time(evidence, read_ledger(transactions), months=PERIODS[unit])
    source, column = _find_column(evidence, unit)
    if source == "customers":
        return part_by_customers(evidence, column, read_ledger(transactions))
    return part_by_lines(evidence, column, read_ledger(transactions, unit=column))


def _find_column(evidence: Evidence, unit: str) -> tuple[str, str]:
    """Find the table and column that a unit names."""
    named, _, column = unit.rpartition(".")
    known: dict[str, list[str]] = {}
    for table in ("customers", "transactions"):
        found = evidence.tables.get(table)
        if isinstance(found, pd.DataFrame):
            known[table] = [str(name) for name in found.columns if name != "customer_id"]
    for table, columns in known.items():
        if column in columns and named in ("", table):
            return table, column
    absent = evidence.tables.get("customers")
    reason = f" ({absent})" if isinstance(absent, NotAvailable) else ""
    allowed = [*PERIODS, *dict.fromkeys(name for names in known.values() for name in names)]
    raise SettingsError(
        f"UNIT = {unit!r} is no period and no column of customers or transactions{reason}"
        f"{nearest(unit, allowed)}; known: {', '.join(allowed)}"
    )


def _say_too_few(unit: str, kept: Sequence[str], left_out: Mapping[str, str], at_least: int) -> str:
    first = next(iter(left_out.items()), None)
    example = f" ({first[0]}: {first[1]})" if first else ""
    n = len(kept) + len(left_out)
    return (
        f"{len(kept)} of {n} {'unit' if n == 1 else 'units'} of {unit!r} can be measured"
        f"{example}; comparing needs two or more with {at_least} customers each"
    )
