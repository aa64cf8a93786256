"""What was measured of several units, as a matrix that rankings take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.indicators.definitions import CATALOGUE, INDICATORS, Better
from crmstudy.indicators.table import NULLABLE, IndicatorTable, tabulate_found

#: Units left out for one reason that a table names one by one; of more it counts them.
MOST_LISTED = 10
#: Units named where they share a row.
NAMED_TOGETHER = 3
#: The number of customers in brackets that ends a reason.
COUNTED = re.compile(r" \((\d+)\)$")


@dataclass(frozen=True, eq=False)
class UnitIndicators:
    """The indicators of several units.

    Parameters
    ----------
    unit : str
        What the units are: ``quarter``, ``region`` ...
    source : str
        Where they come from: the calendar, customers or transactions.
    tables : mapping of str to IndicatorTable
        What was measured of each unit.
    counts : mapping of str to int
        Customers with an order in the unit.
    left_out : mapping of str to str
        Units that are not compared, with the reason.
    shared : int
        Customers who count in more than one unit.
    """

    unit: str
    source: str
    tables: Mapping[str, IndicatorTable]
    counts: Mapping[str, int]
    left_out: Mapping[str, str]
    shared: int

    @property
    def directions(self) -> dict[str, Better]:
        """Which is better, for each column of the matrix."""
        return {name: CATALOGUE[name].better for name in self._common()}

    @property
    def dropped(self) -> dict[str, str]:
        """Indicators of the twelve that are not known of every unit, with the reason."""
        return {name: reason for name in INDICATORS if (reason := self._lacking(name))}

    def matrix(self) -> pd.DataFrame:
        """Arrange units as rows and the indicators known of all of them as columns.

        Raises
        ------
        ModelError
            If no indicator is known of every unit.
        """
        common = self._common()
        if not common:
            raise ModelError("no indicator is known of every unit")
        rows = {
            unit: [table.values[name] for name in common] for unit, table in self.tables.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=common, dtype="float64")

    def table(self) -> pd.DataFrame:
        """One row a unit and indicator: value, interval, n, unit of measure, direction, remark."""
        rows = [
            {self.unit_label: unit, **tabulate_found(INDICATORS[name], found)}
            for unit, table in self.tables.items()
            for name, found in table.measured.items()
        ]
        return pd.DataFrame(rows).astype(NULLABLE)

    def compare(self) -> pd.DataFrame:
        """One row a unit: its customers, and the indicators known of all units by label."""
        counts = pd.Series(dict(self.counts), name="customers")
        shown = self.matrix().rename(columns={n: CATALOGUE[n].label for n in self._common()})
        return pd.concat([counts, shown], axis=1).rename_axis(self.unit_label).reset_index()

    def tabulate_left_out(self) -> pd.DataFrame:
        """One row a unit or indicator that is not compared, with the reason.

        Units left out for one reason share a row where they are more than ``MOST_LISTED``;
        it counts them and names the first few.
        """
        units = [("unit", name, reason) for name, reason in _join_units(self.left_out)]
        lost = [("indicator", CATALOGUE[name].label, why) for name, why in self.dropped.items()]
        return pd.DataFrame([*units, *lost], columns=["what", "name", "reason"])

    @property
    def unit_label(self) -> str:
        """Name of the units as a column of a table."""
        return self.unit.rpartition(".")[2].replace("_", " ")

    def to_metrics(self) -> dict[str, float]:
        """Count units, customers, indicators compared and dropped; mean and range of each."""
        common = self._common()
        metrics: dict[str, float] = {
            "units": len(self.tables),
            "units_left_out": len(self.left_out),
            "customers": sum(self.counts.values()),
            "customers_in_several_units": self.shared,
            "indicators": len(common),
            "indicators_dropped": len(self.dropped),
        }
        if common:
            matrix = self.matrix()
            for name in common:
                column = matrix[name]
                metrics[f"smallest_{name}"] = float(column.min())
                metrics[f"largest_{name}"] = float(column.max())
        return metrics

    def _common(self) -> list[str]:
        return [name for name in INDICATORS if not self._lacking(name)]

    def _lacking(self, name: str) -> str:
        """Say why an indicator is not known of every unit; empty if it is."""
        lacking = {
            unit: found
            for unit, table in self.tables.items()
            if isinstance(found := table.measured[name], NotAvailable)
        }
        if not lacking:
            return ""
        unit, first = next(iter(lacking.items()))
        if len(lacking) == len(self.tables):
            return first.reason
        return f"not known of {len(lacking)} of {len(self.tables)} units, {unit}: {first.reason}"


def _join_units(left_out: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give units and reason, many units of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(COUNTED.sub("", reason), []).append(name)
    for reason, names in by_reason.items():
        if len(names) <= MOST_LISTED:
            yield from ((name, left_out[name]) for name in names)
            continue
        counts = [int(found[1]) for name in names if (found := COUNTED.search(left_out[name]))]
        ends = f" ({min(counts)} to {max(counts)})" if counts else ""
        first = ", ".join(names[:NAMED_TOGETHER])
        more = len(names) - NAMED_TOGETHER
        yield f"{len(names):,} units: {first} and {more:,} more", reason + ends
