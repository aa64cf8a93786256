"""Practice elsewhere: published figures beside the firm's own of the same definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.rates import response_rates
from crmstudy.errors import ModelError, NotAvailable, attempt, nearest, passes_absence
from crmstudy.indicators.definitions import CATALOGUE, Better
from crmstudy.indicators.evidence import Evidence, Tables
from crmstudy.indicators.intervals import Interval, Measurement, measure_ratio, measure_share
from crmstudy.indicators.measure import MEASURES, gather_evidence
from crmstudy.indicators.orders import read_ledger

NULLABLE = {"benchmark": "Float64", "own": "Float64", "lower": "Float64", "upper": "Float64"}
ABOVE, BELOW, UNDECIDED, UNCOMPARED = "above", "below", "not told apart", "not compared"


@dataclass(frozen=True)
class OwnFigure:
    """How the firm's own figure of a published one is made.

    Parameters
    ----------
    definition : str
        In words.
    units : tuple of str
        Units of a published figure that mean the same.
    better : {"larger", "smaller"}
        Direction.
    measure : callable
        From the evidence of the period.
    """

    definition: str
    units: tuple[str, ...]
    better: Better
    measure: Callable[[Evidence], Measurement]


def measure_mean_order(evidence: Evidence) -> Measurement:
    """Revenue, less returns, by orders: a ratio of two sums over customers."""
    sums = evidence.customers
    if int(sums["unpriced"].sum()):
        raise ModelError("the money of some purchases is missing")
    amounts = sums["revenue"].to_numpy(dtype=float), sums["orders"].to_numpy(dtype=float)
    return measure_ratio(*amounts, level=evidence.level)


def measure_complaints(evidence: Evidence) -> Measurement:
    """Complaints opened in the window by orders in it."""
    tickets = evidence.within("contacts", "opened_at", "complaint")
    complaints = int(tickets["complaint"].fillna(False).astype(bool).sum())
    orders = int(evidence.buyers.sum())
    if complaints > orders:
        raise ModelError(f"{complaints} complaints of {orders} orders are no share of them")
    return measure_share(complaints, orders, level=evidence.level)


def measure_response(evidence: Evidence) -> Measurement:
    """Response rate 2 of AAPOR among those invited in the window."""
    invited = evidence.within("invitations", "invited_on", "outcome")
    rates = response_rates(invited, confidence=evidence.level).rates.set_index("rate")
    row = rates.loc["RR2"]
    if pd.isna(row["value"]):
        raise ModelError(str(row["note"]))
    ends = Interval(float(row["lower"]), float(row["upper"]), evidence.level, "Wilson")
    return Measurement(float(row["value"]), int(row["denominator"]), ends)


def _of_catalogue(name: str, *units: str) -> OwnFigure:
    one = CATALOGUE[name]
    definition = f"{one.numerator}, by: {one.denominator}"
    return OwnFigure(definition, (one.unit, *units), one.better, MEASURES[name])


#: Published figures that the firm can measure itself, by the name they are published under.
OWN: Mapping[str, OwnFigure] = {
    "retention rate": _of_catalogue("retention_rate"),
    "repeat purchase rate": _of_catalogue("repeat_purchase_rate"),
    "recommendation rate": _of_catalogue("recommendation_rate"),
    "net promoter score": _of_catalogue("net_promoter_score", "points"),
    "profit margin": _of_catalogue("profit_margin", "share"),
    "conversion rate of leads": _of_catalogue("lead_conversion_rate"),
    "median time to the first response": _of_catalogue("first_response_time"),
    "mean purchase": OwnFigure(
        "revenue, less returns, by orders", ("money",), "larger", measure_mean_order
    ),
    "complaint rate": OwnFigure(
        "tickets that are complaints, by orders",
        ("share of purchases", "share of orders"),
        "smaller",
        measure_complaints,
    ),
    "response rate of customer surveys": OwnFigure(
        "complete and partial interviews by all invited who are not known to be ineligible "
        "(AAPOR, response rate 2)",
        ("share",),
        "larger",
        measure_response,
    ),
}
#: Published figures that look like one of the firm's and are not.
UNLIKE: Mapping[str, str] = {
    "customer satisfaction index": (
        "an index weighs several items by a model estimated for its whole sector; a mean of the "
        "firm's own items is another number"
    ),
}


@dataclass(frozen=True, eq=False)
class BenchmarkComparison:
    """Published figures beside the firm's own.

    Parameters
    ----------
    rows : DataFrame
        ``indicator``, ``period``, ``benchmark``, ``unit``, ``published by``, ``own``,
        ``lower``, ``upper``, ``n``, ``own is`` (above, below, not told apart, not
        compared), ``better`` (which is better), ``remark`` (definition, or why not).
    level : float
        Level of the intervals.
    """

    rows: pd.DataFrame
    level: float

    @property
    def compared(self) -> pd.DataFrame:
        """The rows with a figure of the firm's own."""
        return self.rows[self.rows["own is"] != UNCOMPARED]

    def table(self) -> pd.DataFrame:
        """One row a published figure."""
        return self.rows.copy()

    def to_metrics(self) -> dict[str, float]:
        """How many figures were compared, and how the comparisons came out."""
        counts = self.rows["own is"].value_counts()
        named = {
            f"n_{word.replace(' ', '_')}": int(counts.get(word, 0))
            for word in (ABOVE, BELOW, UNDECIDED, UNCOMPARED)
        }
        return {"n_benchmarks": len(self.rows), **named}


@passes_absence
def compare_benchmarks(
    benchmarks: pd.DataFrame,
    tables: Tables,
    *,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    currency: str = "",
    level: float = 0.95,
) -> BenchmarkComparison:
    """Set published figures beside the firm's own of the same definition and period.

    A published figure is compared only where its name and unit say what the firm can
    measure, and only with the firm's value of that very period. It is taken for exact:
    its own uncertainty is not published with it.

    Parameters
    ----------
    benchmarks : DataFrame
        Canonical benchmarks: ``indicator``, ``period``, ``value``, ``unit``, ``source``.
    tables : mapping of str to DataFrame or NotAvailable
        Canonical tables of the firm, as for ``measure_indicators``, and ``invitations``.
    survey_roles, instrument
        As for ``measure_indicators``.
    currency : str
        The study's; a published amount in it counts as money.
    level : float
        Level of the intervals.

    Raises
    ------
    ModelError
        If there is no published figure.
    """
    if benchmarks.empty:
        raise ModelError("the table of benchmarks is empty")
    read = _condense(tables)
    ordered = benchmarks.assign(period=benchmarks["period"].astype(str))
    ordered = ordered.sort_values(["indicator", "period"], kind="stable")
    rows = []
    for row in ordered.to_dict("records"):
        found = attempt(
            _measure_own,
            row,
            read,
            survey_roles=survey_roles,
            instrument=instrument,
            currency=currency,
            level=level,
        )
        rows.append(_write_row({str(k): v for k, v in row.items()}, found))
    table = pd.DataFrame(rows).astype(NULLABLE | {"n": "Int64"})
    return BenchmarkComparison(table, level)


def read_period(period: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return start and end of a period written as 2025, 2025-Q3 or 2025-07.

    Raises
    ------
    ModelError
        If it is none of these.
    """
    try:
        found = pd.Period(period.strip().upper().replace("-Q", "Q"))
    except ValueError:
        raise ModelError(
            f"period {period!r} is no year, quarter or month (2025, 2025-Q3, 2025-07)"
        ) from None
    return found.start_time, (found + 1).start_time


def _condense(tables: Tables) -> tuple[Tables, Any]:
    """Read the purchases once for all periods."""
    found = tables.get("transactions", NotAvailable("the study has no transactions"))
    return tables, attempt(read_ledger, found)


def _measure_own(
    row: Mapping[Any, Any],
    read: tuple[Tables, Any],
    *,
    survey_roles: Mapping[str, str | Sequence[str]] | None,
    instrument: Mapping[str, Mapping[str, Any]] | None,
    currency: str,
    level: float,
) -> Measurement:
    """Measure the firm's own figure; ModelError where it is another or cannot be had."""
    name = str(row["indicator"]).strip().lower()
    own = _find_own(name, str(row["unit"]).strip(), currency)
    start, end = read_period(str(row["period"]))
    tables, ledger = read
    tables = {**tables, "survey": _answered(tables.get("survey"), start, end)}
    evidence = gather_evidence(tables, start, end, survey_roles, instrument, level=level)
    if not isinstance(ledger, NotAvailable):
        evidence = replace(evidence, orders_read=ledger)
    found = own.measure(evidence)
    if not np.isfinite(found.value):
        raise ModelError("the firm's own figure has no finite value")
    return found.say(own.definition)


def _find_own(name: str, unit: str, currency: str) -> OwnFigure:
    if name in UNLIKE:
        raise ModelError(UNLIKE[name])
    if name not in OWN:
        raise ModelError(
            f"the study measures nothing under this name{nearest(name, [*OWN, *UNLIKE])}"
        )
    own = OWN[name]
    units = (*own.units, currency) if "money" in own.units else own.units
    if unit not in units:
        raise ModelError(f"its unit is {unit!r}, the firm's own is {own.units[0]!r}")
    return own


def _answered(
    survey: pd.DataFrame | pd.Series | NotAvailable | None, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame | NotAvailable:
    """Keep the answers of a period."""
    if not isinstance(survey, pd.DataFrame):
        return survey if isinstance(survey, NotAvailable) else NotAvailable("there is no survey")
    if "answered_on" not in survey:
        return NotAvailable("the answers have no date")
    inside = survey[(survey["answered_on"] >= start) & (survey["answered_on"] < end)]
    return inside if len(inside) else NotAvailable("nobody was surveyed in this period")


def _write_row(row: Mapping[str, Any], found: Measurement | NotAvailable) -> dict[str, object]:
    written: dict[str, object] = {
        "indicator": row["indicator"],
        "period": row["period"],
        "benchmark": row["value"],
        "unit": row["unit"],
        "published by": row["source"],
        "own": None,
        "lower": None,
        "upper": None,
        "n": None,
        "own is": UNCOMPARED,
        "better": "",
    }
    if isinstance(found, NotAvailable):
        return {**written, "remark": found.reason}
    written |= {"own": found.value, "n": found.n, "remark": found.note}
    written["better"] = OWN[str(row["indicator"]).strip().lower()].better
    if not isinstance(found.interval, Interval):
        return {**written, "own is": UNDECIDED, "remark": f"{found.note}; {found.interval}"}
    low, high = found.interval.low, found.interval.high
    return {
        **written,
        "lower": low,
        "upper": high,
        "own is": judge_distance(float(row["value"]), low, high),
    }


def judge_distance(benchmark: float, low: float, high: float) -> str:
    """Say where the firm stands, given its interval: above, below, or not told apart."""
    if low > benchmark:
        return ABOVE
    return BELOW if high < benchmark else UNDECIDED
