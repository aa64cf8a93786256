"""The twelve indicators of CRM performance as objects, and the table of what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.indicators.intervals import Interval, Measurement

BESIDE = "beside the hierarchy"


@dataclass(frozen=True)
class Indicator:
    """What is measured, in words, before it is measured.

    Parameters
    ----------
    name, label : str
        Its key in judgements and results, and its name for a reader.
    criterion : str
        Where it stands in the hierarchy.
    numerator, denominator : str
        What is divided by what.
    window : str
        The time it is measured over.
    unit : str
        Of the value.
    better : {"larger", "smaller"}
        Direction; the three costs are better smaller.
    sources : tuple of str
        Canonical tables it is computed from.
    """

    name: str
    label: str
    criterion: str
    numerator: str
    denominator: str
    window: str
    unit: str
    better: Literal["larger", "smaller"]
    sources: tuple[str, ...]


def _satisfaction(kind: str) -> Indicator:
    return Indicator(
        name=f"{kind}_satisfaction",
        label=f"{kind} satisfaction",
        criterion="satisfaction",
        numerator="respondents' mean answers to its items, rescaled to 0-100",
        denominator="respondents with an answer",
        window="the survey",
        unit="points of 100",
        better="larger",
        sources=("survey",),
    )


def _cost(kind: str) -> Indicator:
    return Indicator(
        name=f"{kind}_cost",
        label=f"{kind} cost per customer",
        criterion="relationship_cost",
        numerator=f"bookings of type {kind} in the window",
        denominator="customers who bought in the window",
        window="the window (months by their first day)",
        unit="money per customer",
        better="smaller",
        sources=("costs", "transactions"),
    )


INDICATORS: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in (
        _satisfaction("product"),
        _satisfaction("service"),
        _satisfaction("overall"),
        Indicator(
            name="repeat_purchase_rate",
            label="repeat purchase rate",
            criterion="loyalty",
            numerator="customers with two or more orders in the window",
            denominator="customers with an order in the window",
            window="the window",
            unit="share",
            better="larger",
            sources=("transactions",),
        ),
        Indicator(
            name="recommendation_rate",
            label="recommendation rate",
            criterion="loyalty",
            numerator="respondents whose recommendation answer lies in the upper part of its scale",
            denominator="respondents with an answer",
            window="the survey",
            unit="share",
            better="larger",
            sources=("survey",),
        ),
        Indicator(
            name="retention_rate",
            label="retention rate",
            criterion="loyalty",
            numerator="those of them with an order in the window",
            denominator="customers with an order in the period of equal length before the window",
            window="the window and the period of equal length before it",
            unit="share",
            better="larger",
            sources=("transactions",),
        ),
        _cost("service"),
        _cost("care"),
        _cost("platform"),
        Indicator(
            name="contribution_rate",
            label="contribution rate of repeat customers",
            criterion="customer_value",
            numerator="revenue from customers with two or more orders in the window",
            denominator="revenue from all customers in the window",
            window="the window",
            unit="share",
            better="larger",
            sources=("transactions",),
        ),
        Indicator(
            name="lifetime_value",
            label="customer lifetime value",
            criterion="customer_value",
            numerator="estimated lifetime values of all customers",
            denominator="customers",
            window="the horizon of the lifetime-value model",
            unit="money per customer",
            better="larger",
            sources=("lifetime_values",),
        ),
        # The source's 利潤率: a share of the firm's profit. The margin below is another number.
        Indicator(
            name="profit_share",
            label="profit share of repeat customers",
            criterion="customer_value",
            numerator="gross profit (revenue less cost of goods) from customers with two or more "
            "orders in the window",
            denominator="the firm's gross profit from all customers in the window",
            window="the window",
            unit="share",
            better="larger",
            sources=("transactions",),
        ),
    )
}

# Numbers that are taken for one of the twelve: shown beside them, under their own names.
SUPPLEMENTS: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in (
        Indicator(
            name="net_promoter_score",
            label="net promoter score",
            criterion=BESIDE,
            numerator="promoters (9-10) less detractors (6 or less), times 100",
            denominator="respondents with an answer",
            window="the survey",
            unit="points, -100 to 100",
            better="larger",
            sources=("survey",),
        ),
        Indicator(
            name="profit_margin",
            label="profit margin",
            criterion=BESIDE,
            numerator="gross profit (revenue less cost of goods) in the window",
            denominator="revenue in the window",
            window="the window",
            unit="share of revenue",
            better="larger",
            sources=("transactions",),
        ),
    )
}

HIERARCHY: dict[str, tuple[str, ...]] = {
    criterion: tuple(i.name for i in INDICATORS.values() if i.criterion == criterion)
    for criterion in dict.fromkeys(i.criterion for i in INDICATORS.values())
}


@dataclass(frozen=True)
class IndicatorTable:
    """What could be measured, and why the rest could not.

    Parameters
    ----------
    measured : mapping of str to Measurement or NotAvailable
        The twelve indicators by name; what ``rebuild_hierarchy`` takes.
    beside : mapping of str to Measurement or NotAvailable
        Net promoter score and profit margin, which are not the recommendation rate and
        not the profit share.
    window_start, window_end : Timestamp
        First moment of the window, and first moment after it.
    """

    measured: Mapping[str, Measurement | NotAvailable]
    beside: Mapping[str, Measurement | NotAvailable]
    window_start: pd.Timestamp
    window_end: pd.Timestamp

    @property
    def values(self) -> dict[str, float]:
        """The indicators that could be measured, by name."""
        return {
            name: one.value for name, one in self.measured.items() if isinstance(one, Measurement)
        }

    @property
    def directions(self) -> dict[str, Literal["larger", "smaller"]]:
        """Which is better, for the indicators that could be measured."""
        return {name: INDICATORS[name].better for name in self.values}

    def table(self) -> pd.DataFrame:
        """One row an indicator: value, interval, n, direction, or why it is not available."""
        rows = [
            _tabulate(catalogue[name], found)
            for catalogue, results in ((INDICATORS, self.measured), (SUPPLEMENTS, self.beside))
            for name, found in results.items()
        ]
        table = pd.DataFrame(rows)
        # Nullable types: an empty cell always has its reason in the same row.
        return table.astype(
            {"value": "Float64", "lower": "Float64", "upper": "Float64", "n": "Int64"}
        )

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
                "source": ", ".join(i.sources),
            }
            for i in (*INDICATORS.values(), *SUPPLEMENTS.values())
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Values, ends of intervals and n; a reason where there is none."""
        metrics: dict[str, float] = {}
        for name, found in {**self.measured, **self.beside}.items():
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


def _tabulate(indicator: Indicator, found: Measurement | NotAvailable) -> dict[str, object]:
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
        return {**row, "remark": f"interval {found.interval}"}
    interval = found.interval
    return {
        **row,
        "lower": interval.low,
        "upper": interval.high,
        "remark": f"{interval.level:.0%} interval: {interval.method}",
    }
