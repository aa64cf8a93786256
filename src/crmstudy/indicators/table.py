"""What could be measured of a firm, and why the rest could not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.indicators.definitions import CATALOGUE, INDICATORS, Better, Indicator
from crmstudy.indicators.intervals import Interval, Measurement

Found = Measurement | NotAvailable
#: Nullable types: an empty cell always has its reason in the same row.
NULLABLE = {"value": "Float64", "lower": "Float64", "upper": "Float64", "n": "Int64"}


@dataclass(frozen=True)
class IndicatorTable:
    """What could be measured, and why the rest could not.

    Parameters
    ----------
    measured : mapping of str to Measurement or NotAvailable
        The twelve indicators by name; what ``rebuild_hierarchy`` takes.
    beside : mapping of str to Measurement or NotAvailable
        What is no part of the hierarchy: net promoter score, profit margin, costs per
        retained customer ...
    window_start, window_end : Timestamp or None
        First moment of the window, and first moment after it; None without dated tables.
    """

    measured: Mapping[str, Found]
    beside: Mapping[str, Found]
    window_start: pd.Timestamp | None
    window_end: pd.Timestamp | None

    @property
    def values(self) -> dict[str, float]:
        """The indicators that could be measured, by name."""
        return {
            name: one.value for name, one in self.measured.items() if isinstance(one, Measurement)
        }

    @property
    def missing(self) -> dict[str, str]:
        """Why an indicator of the twelve could not be measured, by name."""
        return {
            name: one.reason for name, one in self.measured.items() if isinstance(one, NotAvailable)
        }

    @property
    def directions(self) -> dict[str, Better]:
        """Which is better, for the indicators that could be measured."""
        return {name: INDICATORS[name].better for name in self.values}

    def table(self) -> pd.DataFrame:
        """One row an indicator: value, interval, n, unit, direction, or why it is not available."""
        rows = [tabulate_found(CATALOGUE[name], found) for name, found in self._all()]
        return pd.DataFrame(rows).astype(NULLABLE)

    def definitions(self) -> pd.DataFrame:
        """One row an indicator: numerator, denominator, window, unit, direction, source."""
        rows = [
            {
                "indicator": i.label,
                "criterion": i.criterion,
                "numerator": i.numerator,
                "denominator": i.denominator,
                "window": i.window,
                "unit": i.unit,
                "better": i.better,
                "interval": i.interval,
                "source": ", ".join(i.sources),
            }
            for i in CATALOGUE.values()
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Values, ends of intervals and n; a reason where there is none."""
        metrics: dict[str, float] = {}
        for name, found in self._all():
            if isinstance(found, NotAvailable):
                metrics[name] = found  # type: ignore[assignment]
                continue
            metrics |= {name: found.value, f"n_{name}": found.n}
            if isinstance(found.interval, Interval):
                metrics |= {
                    f"{name}_lower": found.interval.low,
                    f"{name}_upper": found.interval.high,
                }
        return metrics

    def _all(self) -> Iterator[tuple[str, Found]]:
        yield from self.measured.items()
        yield from self.beside.items()


def tabulate_found(indicator: Indicator, found: Found) -> dict[str, object]:
    """Write one indicator as a row: number, interval, cases, and a remark."""
    row: dict[str, object] = {
        "criterion": indicator.criterion,
        "indicator": indicator.label,
        "value": None,
        "lower": None,
        "upper": None,
        "n": None,
        "unit": indicator.unit,
        "better": indicator.better,
    }
    if isinstance(found, NotAvailable):
        return {**row, "remark": str(found)}
    row |= {"value": found.value, "n": found.n}
    if isinstance(found.interval, NotAvailable):
        return {**row, "remark": _join(f"interval {found.interval}", found.note)}
    interval = found.interval
    said = f"{interval.level:.0%} interval: {interval.method}"
    ends = {"lower": interval.low, "upper": interval.high}
    return {**row, **ends, "remark": _join(said, found.note)}


def _join(*parts: str) -> str:
    return "; ".join(filter(None, parts))
