"""Do the intervals by formula agree with those of the bootstrap?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.indicators.definitions import CATALOGUE
from crmstudy.indicators.evidence import Evidence, Tables
from crmstudy.indicators.from_ledgers import (
    list_lifetime_values,
    pair_contribution,
    pair_profit_margin,
    pair_profit_share,
)
from crmstudy.indicators.from_survey import score_promoters, score_satisfaction
from crmstudy.indicators.intervals import Interval, Measurement, measure_ratio, resample_ratio
from crmstudy.indicators.measure import Day, gather_evidence
from crmstudy.statistics.draws import draw_seeds

Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

#: Stage of the study's seed.
STAGE = 300


@dataclass(frozen=True)
class IntervalComparison:
    """Intervals by formula and by bootstrap of the means and ratios.

    Parameters
    ----------
    formulas : mapping of str to Measurement
        By indicator, with the interval by formula.
    bootstraps : mapping of str to Interval
        Of the same indicators.
    """

    formulas: Mapping[str, Measurement]
    bootstraps: Mapping[str, Interval]

    def table(self) -> pd.DataFrame:
        """One row an indicator: both intervals, and the widths of bootstrap over formula."""
        rows = []
        for name, found in self.formulas.items():
            ends, drawn = found.interval, self.bootstraps[name]
            if isinstance(ends, NotAvailable):  # nothing varies: no sample would either
                continue
            rows.append(
                {
                    "indicator": CATALOGUE[name].label,
                    "value": found.value,
                    "lower": ends.low,
                    "upper": ends.high,
                    "bootstrap lower": drawn.low,
                    "bootstrap upper": drawn.high,
                    "ratio of widths": (drawn.high - drawn.low) / (ends.high - ends.low),
                    "n": found.n,
                }
            )
        return pd.DataFrame(rows)

    @property
    def widest_gap(self) -> tuple[str, float]:
        """Label of the indicator whose widths differ most, and the ratio of its widths."""
        table = self.table()
        row = table.loc[np.log(table["ratio of widths"]).abs().idxmax()]
        return str(row["indicator"]), float(row["ratio of widths"])

    def to_metrics(self) -> dict[str, float]:
        """Ends of the bootstrap intervals."""
        return {
            f"{name}_bootstrap_{end}": value
            for name, drawn in self.bootstraps.items()
            for end, value in (("lower", drawn.low), ("upper", drawn.high))
        }


@passes_absence
def compare_intervals(
    tables: Tables,
    *,
    window_start: Day | None,
    window_end: Day | None,
    survey_roles: Mapping[str, str | Sequence[str]] | None = None,
    instrument: Mapping[str, Mapping[str, Any]] | None = None,
    level: float = 0.95,
    seed: int,
    n_draws: int = 5000,
) -> IntervalComparison:
    """Set the intervals of means and ratios beside those of the bootstrap over cases.

    A formula takes the mean, or the ratio of two sums, for normal; where few customers
    bring most of the money it need not be. Shares have Wilson's interval and need no
    bootstrap.

    Parameters
    ----------
    tables, window_start, window_end, survey_roles, instrument, level
        As for ``measure_indicators``.
    seed : int
        The study's seed.
    n_draws : int
        Samples with replacement.

    Raises
    ------
    ModelError
        If no mean or ratio can be measured.
    """
    evidence = gather_evidence(
        tables, window_start, window_end, survey_roles, instrument, level=level
    )
    formulas, bootstraps = {}, {}
    for name, own in zip(_PAIRS, draw_seeds(seed, stage=STAGE, n=len(_PAIRS)), strict=True):
        pair = attempt(_PAIRS[name], evidence)
        found = NotAvailable("") if not pair else attempt(measure_ratio, *pair, level=level)
        if isinstance(found, NotAvailable) or isinstance(found.interval, NotAvailable):
            continue
        drawn = attempt(resample_ratio, *pair, seed=own, n_draws=n_draws, level=level)
        if not isinstance(drawn, NotAvailable):
            formulas[name], bootstraps[name] = found, drawn
    if not formulas:
        raise ModelError("no mean and no ratio of sums can be measured")
    return IntervalComparison(formulas, bootstraps)


def _of_ones(evidence: Evidence, score: Callable[[Evidence], Any]) -> Pair:
    """Write a mean as the ratio of a sum to the number of cases."""
    values = score(evidence)
    return values, np.ones(len(values))


_PAIRS: dict[str, Callable[[Evidence], Pair]] = {
    **{
        role: partial(_of_ones, score=partial(score_satisfaction, role=role))
        for role in ("product_satisfaction", "service_satisfaction", "overall_satisfaction")
    },
    "contribution_rate": pair_contribution,
    "lifetime_value": partial(_of_ones, score=list_lifetime_values),
    "profit_share": pair_profit_share,
    "net_promoter_score": partial(_of_ones, score=score_promoters),
    "profit_margin": pair_profit_margin,
}
