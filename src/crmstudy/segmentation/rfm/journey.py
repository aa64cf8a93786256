"""Customers followed over several periods, by the cut-points or the centres of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.segmentation.criteria.transform import TransformedFeatures
from crmstudy.segmentation.rfm.cutpoints import CutPoints, derive_cuts
from crmstudy.segmentation.rfm.migration import DIRECTIONS, Migration, migrate_segments
from crmstudy.segmentation.rfm.periods import Window
from crmstudy.segmentation.rfm.rfm import score_rfm


@dataclass(frozen=True)
class Journey:
    """Movements from each period to the next, the segments cut alike in all.

    Parameters
    ----------
    migrations : tuple of Migration
        One for each pair of neighbouring periods; all with the same order of segments.
    sizes : DataFrame
        One row a period and segment: ``period``, ``segment``, ``n_customers``,
        ``share_customers`` (of those who bought in the period).
    cuts : CutPoints or NotAvailable
        The cut-points that scored every period, where RFM did.
    """

    migrations: tuple[Migration, ...]
    sizes: pd.DataFrame
    cuts: CutPoints | NotAvailable

    @property
    def first(self) -> Migration:
        """The movement from the first period to the second."""
        return self.migrations[0]

    def table(self) -> pd.DataFrame:
        """Arrange one row a step: shares by direction, and whether the sizes changed."""
        rows = []
        for place, step in enumerate(self.migrations):
            shares = step.movement["share_customers"]
            margins = step.margins
            rows.append(
                {
                    "from": _name_period(step.windows, place, 0),
                    "to": _name_period(step.windows, place, 1),
                    "customers before": step.n_before,
                    **{name: float(shares[name]) for name in DIRECTIONS},
                    "p-value of equal sizes": None
                    if isinstance(margins, NotAvailable)
                    else margins.p_value,
                }
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give the share of each direction by step."""
        return {
            f"share_{str(direction).replace(' ', '_')}_step_{place}": float(share)
            for place, step in enumerate(self.migrations, start=1)
            for direction, share in step.movement["share_customers"].items()
        }


@passes_absence
def follow_rfm(
    periods: Sequence[pd.DataFrame],
    *,
    windows: Sequence[Window] = (),
    n_bins: int = 5,
    cuts: CutPoints | None = None,
) -> Journey:
    """Follow customers' RFM segments from period to period.

    All periods are scored by the same cut-points: those given, else those that score the
    first period as quantiles do. Days since the last purchase count to the end of each
    period.

    Parameters
    ----------
    periods : sequence of DataFrame, each indexed by customer
        ``days_since_last_purchase``, ``n_purchases``, ``revenue`` within the period.
    windows : sequence of Window
        The periods, if known: as many, equally long.
    n_bins : int
        Steps of each score, where the cut-points are derived.
    cuts : CutPoints, optional
        Fixed cut-points.

    Raises
    ------
    ModelError
        If there are fewer than two periods, or one cannot be scored.
    """
    if cuts is None:
        score_rfm(periods[0], n_bins=n_bins)  # refuses what quantiles cannot cut
        cuts = derive_cuts(periods[0], n_bins=n_bins, source="quantiles of the first period")
    segments = [score_rfm(period, cuts=cuts).scores["segment"] for period in periods]
    values = [period["revenue"].loc[s.index] for period, s in zip(periods, segments, strict=True)]
    return follow_segments(segments, values, windows=windows, cuts=cuts)


@passes_absence
def follow_segments(
    segments: Sequence[pd.Series],
    values: Sequence[pd.Series],
    *,
    windows: Sequence[Window] = (),
    cuts: CutPoints | None = None,
) -> Journey:
    """Follow customers from period to period, whatever made the segments.

    Parameters
    ----------
    segments, values : sequences of Series indexed by customer
        Segment and value of each customer in each period.
    windows : sequence of Window
        The periods, if known.
    cuts : CutPoints, optional
        What made the segments, for the record.

    Raises
    ------
    ModelError
        If there are fewer than two periods, or not as many windows.
    """
    if len(segments) < 2:
        raise ModelError(f"a movement needs two periods, not {len(segments)}")
    if windows and len(windows) != len(segments):
        raise ModelError(f"{len(segments)} periods and {len(windows)} windows")
    order: tuple[str, ...] = _order_segments(segments, values)
    migrations = []
    for place, (before, after) in enumerate(pairwise(range(len(segments)))):
        migrations.append(
            migrate_segments(
                segments[before],
                segments[after],
                value_before=values[before],
                value_after=values[after],
                order=order,
                windows=windows[place : place + 2],
            )
        )
    return Journey(
        migrations=tuple(migrations),
        sizes=_size_periods(segments, order, windows),
        cuts=cuts if cuts is not None else NotAvailable("the segments are not RFM segments"),
    )


def _order_segments(segments: Sequence[pd.Series], values: Sequence[pd.Series]) -> tuple[str, ...]:
    """Order by mean value in the first period in which a segment has members."""
    means = pd.Series(dtype="float64")
    for labels, value in zip(segments, values, strict=True):
        named = labels.astype("str")
        means = means.combine_first(value.reindex(named.index).groupby(named).mean())
    return tuple(means.sort_index().sort_values(ascending=False, kind="stable").index)


def _size_periods(
    segments: Sequence[pd.Series], order: Sequence[str], windows: Sequence[Window]
) -> pd.DataFrame:
    tables = []
    for place, labels in enumerate(segments):
        counts = labels.astype("str").value_counts().reindex(list(order), fill_value=0)
        tables.append(
            pd.DataFrame(
                {
                    "period": str(windows[place]) if windows else f"period {place + 1}",
                    "segment": list(order),
                    "n_customers": counts.to_numpy(),
                    "share_customers": counts.to_numpy() / max(len(labels), 1),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _name_period(windows: Sequence[Window], step: int, end: int) -> str:
    return str(windows[end]) if windows else f"period {step + end + 1}"


def assign_by_centres(
    transformed: TransformedFeatures, labels: pd.Series, features: pd.DataFrame
) -> pd.Series:
    """Give customers of another period the segment whose centre is nearest.

    Parameters
    ----------
    transformed : TransformedFeatures
        The first period's features, with the steps that are taken for the others too.
    labels : Series indexed by customer
        Segment of each customer of the first period.
    features : DataFrame indexed by customer
        The same features in the other period, in their own units; a customer with a
        missing value is left out.

    Returns
    -------
    Series
        Segment of each customer; equally near centres give the one named first in order.
    """
    points = transformed.apply(features)
    centres = transformed.values.groupby(labels).mean().sort_index()
    square = (points.to_numpy()[:, None, :] - centres.to_numpy()[None, :, :]) ** 2
    nearest = square.sum(axis=2).argmin(axis=1)
    return pd.Series(centres.index.to_numpy()[nearest], index=points.index, name=labels.name)
