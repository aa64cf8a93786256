"""The importance-performance map: what to improve first, and how sure that is.

References
----------
Martilla, J. A., & James, J. C. (1977). Importance-performance analysis. Journal of
Marketing, 41(1), 77-79.
Ringle, C. M., & Sarstedt, M. (2016). Gain more insight from your PLS-SEM results: The
importance-performance map analysis. Industrial Management & Data Systems, 116(9), 1865-1886.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.priorities.drivers import Drivers, Points, compute_points, find_drivers
from crmstudy.loyalty.priorities.means import average_samples
from crmstudy.loyalty.priorities.ranking import rank_drivers, rank_items
from crmstudy.loyalty.resampling.bootstrap import Bootstrap
from crmstudy.loyalty.resampling.draws import order_answers
from crmstudy.loyalty.resampling.intervals import percentile_limits
from crmstudy.statistics.threads import hold_one_thread

FEWEST = 100  # bootstrap samples behind an interval


@dataclass(frozen=True)
class PriorityMap:
    """Importance and performance of what acts on a target.

    Attributes
    ----------
    target, target_label : str
    target_points : tuple of float
        Performance of the target, and the ends of its interval.
    drivers : DataFrame
        One row a construct that acts on the target, in the order of :meth:`actions`:
        ``name``, ``construct`` (label), ``importance`` (points of the target for a point
        of the driver), ``standardised`` (total effect), ``performance`` (0 to 100) and
        ``gain`` (points of the target when a tenth of what the driver lacks to 100 is made
        up), each with ``lower`` and ``upper``; ``improved through`` (what acts on it);
        ``quadrant``; ``rank`` (missing where the effect is not surely positive); ``ranked
        first`` (share of the bootstrap samples in which its gain is the largest);
        ``behind the first`` (``first``, ``surely``, ``not surely``: whether the interval
        of the distance excludes 0; ``not ranked``).
    items : DataFrame
        One row an item of the drivers: ``item``, ``wording``, ``construct``, ``share`` (of
        the construct's points), and ``importance``, ``performance``, ``gain`` with their
        intervals, ``quadrant``, ``rank``.
    n_used, n_draws : int
        Respondents, and bootstrap samples behind the intervals.
    level : float
    """

    target: str
    target_label: str
    target_points: tuple[float, float, float]
    drivers: pd.DataFrame
    items: pd.DataFrame
    n_used: int
    n_draws: int
    level: float

    @property
    def ranked(self) -> pd.DataFrame:
        """Drivers whose effect is surely positive, the first first."""
        return self.drivers[self.drivers["rank"].notna()]

    @property
    def tied(self) -> tuple[str, ...]:
        """Drivers, by label, whose gain is not told from the first one's, the first included."""
        ranked = self.ranked
        if ranked.empty:
            return ()
        near = ranked["behind the first"] != "surely"
        return tuple(ranked.loc[near, "construct"])

    def table(self) -> pd.DataFrame:
        """One row a driver: importance, performance and quadrant with intervals."""
        names = ["construct", *_with_ends("importance"), "standardised", *_with_ends("performance")]
        return self.drivers[[*names, "quadrant"]].reset_index(drop=True)

    def actions(self, *, most_items: int = 2) -> pd.DataFrame:
        """One row a driver, the first to improve first, with the items to begin with."""
        chosen = self.drivers[
            ["rank", "construct", *_with_ends("importance"), "performance", *_with_ends("gain")]
        ]
        begin = [self._name_first_items(name, most_items) for name in self.drivers["construct"]]
        more = self.drivers[["ranked first", "behind the first", "improved through"]]
        named = pd.Series(begin, index=chosen.index, name="items to begin with")
        return pd.concat([chosen, more, named], axis=1)

    def item_table(self) -> pd.DataFrame:
        """One row an item, the first to improve first."""
        names = ["rank", "item", "wording", "construct", *_with_ends("importance")]
        return self.items[[*names, "performance", "gain", "quadrant"]].reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``importance_quality`` and ``performance_quality``."""
        metrics: dict[str, float] = {
            "n_used": self.n_used,
            "n_draws": self.n_draws,
            "n_ranked": len(self.ranked),
            f"performance_{self.target.lower()}": self.target_points[0],
        }
        for row in self.drivers.to_dict("records"):
            for what in ("importance", "performance", "gain"):
                name = f"{what}_{row['name']}".lower()
                metrics |= {
                    name: row[what],
                    f"{name}_lower": row[f"{what} lower"],
                    f"{name}_upper": row[f"{what} upper"],
                }
            metrics[f"ranked_first_{row['name']}".lower()] = row["ranked first"]
        return metrics

    def _name_first_items(self, construct: str, most: int) -> str:
        own = self.items[(self.items["construct"] == construct) & self.items["rank"].notna()]
        return ", ".join(own["item"].head(most)) or "none"


@passes_absence
def map_priorities(
    result: SemResult,
    bootstrap: Bootstrap,
    *,
    target: str,
    instrument: Mapping[str, Mapping[str, Any]],
    level: float = 0.95,
) -> PriorityMap | NotAvailable:
    """Map the drivers of a construct by importance and performance, and rank them.

    Parameters
    ----------
    result : SemResult
    bootstrap : Bootstrap
        Of this result; its samples bound everything (percentile intervals).
    target : str
        The construct to raise; empty where the study names none.
    instrument : mapping
        Item to ``minimum``, ``maximum`` and ``text``.
    level : float
        Confidence of the intervals.

    Returns
    -------
    PriorityMap or NotAvailable
        Not available when the model is inadmissible, the study names no target, the
        target is not in the model or nothing acts on it, an item loads against the others
        of its construct, or fewer than 100 samples gave estimates.

    Raises
    ------
    ModelError
        If the instrument does not tell the scale of an item.
    """
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    if not target:
        return NotAvailable(
            "study.yml does not say which construct is to be raised (instrument: focus: "
            "satisfaction, loyalty)"
        )
    if opposed := _find_opposed(result):
        return NotAvailable(
            f"{', '.join(opposed)} {'load' if opposed[1:] else 'loads'} against the first item of "
            "the construct; a mean of such items says nothing: look in study.yml which of them, "
            "these or the first, has to stand with reverse: true"
        )
    try:
        drivers = find_drivers(result.model, target=target, instrument=instrument)
    except ModelError as error:
        return NotAvailable(str(error))
    with hold_one_thread("blas"):
        means = order_answers(result.answers).mean(axis=0, keepdims=True)
        here = compute_points(result.structure, drivers, found.theta[None], means)
        drawn = _keep_numbers(
            compute_points(result.structure, drivers, bootstrap.theta, average_samples(bootstrap))
        )
    if len(drawn.importance) < FEWEST:
        return NotAvailable(f"only {len(drawn.importance)} bootstrap samples gave estimates")
    return _arrange(result, drivers, here, drawn, instrument=instrument, level=level)


def _find_opposed(result: SemResult) -> list[str]:
    """Items whose loading is surely negative."""
    loadings = result.loadings()
    if isinstance(loadings, NotAvailable):
        return []
    return [str(row["item"]) for row in loadings.to_dict("records") if row["upper"] < 0.0]


def _keep_numbers(points: Points) -> Points:
    """Leave out draws without a number, as those with a negative variance."""
    good = np.isfinite(points.importance).all(axis=1) & np.isfinite(points.standardised).all(axis=1)
    return Points(*(getattr(points, name)[good] for name in Points.__dataclass_fields__))


def _arrange(
    result: SemResult,
    drivers: Drivers,
    here: Points,
    drawn: Points,
    *,
    instrument: Mapping[str, Mapping[str, Any]],
    level: float,
) -> PriorityMap:
    labels = name_in_print(result.model.constructs)
    goal = result.model.construct_names[drivers.target]
    limits = percentile_limits(drawn.performance[:, drivers.target], level=level)
    table = rank_drivers(drivers, here, drawn, labels, level=level)
    table["improved through"] = [_name_causes(result, name, labels) for name in table["name"]]
    items = rank_items(
        drivers,
        here,
        drawn,
        table=table,
        items=result.model.items,
        instrument=instrument,
        level=level,
    )
    return PriorityMap(
        target=goal,
        target_label=labels[goal],
        target_points=(float(here.performance[0, drivers.target]), *limits),
        drivers=table,
        items=items,
        n_used=result.n_used,
        n_draws=len(drawn.importance),
        level=level,
    )


def _name_causes(result: SemResult, name: str, labels: Mapping[str, str]) -> str:
    """Constructs that act on this one in the model; its own items where none does."""
    causes = [labels[path.source] for path in result.model.paths if path.target == name]
    return ", ".join(causes) or "its own items"


def _with_ends(name: str) -> list[str]:
    return [name, f"{name} lower", f"{name} upper"]
