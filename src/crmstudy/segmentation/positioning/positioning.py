"""Gaps in the four dimensions of positioning: product, service, brand and channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.segmentation.positioning.dimensions import ALL, DIMENSIONS, GapMeasure, list_measures
from crmstudy.segmentation.positioning.evidence import Evidence
from crmstudy.segmentation.positioning.ratios import MINIMUM_COUNTED, Quantity, Ratios, draw_ratios
from crmstudy.statistics.draws import draw_seeds

COLUMNS = (
    "segment",
    "dimension",
    "measure",
    "unit",
    "value",
    "reference_value",
    "reference",
    "gap",
    "lower",
    "upper",
    "index",
    "index_lower",
    "index_upper",
    "n",
    "better",
    "reading",
)


@dataclass(frozen=True)
class PositioningGaps:
    """What each segment has beside what it is compared with.

    Parameters
    ----------
    gaps : DataFrame
        One row a segment and measure, and one for all customers where the reference is not
        themselves: columns :data:`COLUMNS`. ``gap`` is value less reference; ``index`` is
        100 times value over reference; the limits hold 95% of the bootstrap samples. Limits
        are missing where fewer than five customers are counted.
    absent : DataFrame
        ``dimension``, ``measure``, ``reason`` of what could not be measured.
    n_customers, n_left_out, n_draws : int
        Customers with a segment and with features; those with a segment only; bootstrap
        samples.
    """

    gaps: pd.DataFrame
    absent: pd.DataFrame
    n_customers: int
    n_left_out: int
    n_draws: int

    def table(self) -> pd.DataFrame:
        """Arrange all gaps, then what is not available."""
        names = {name: name.replace("_", " ") for name in COLUMNS}
        absent = self.absent.assign(
            segment=ALL, reading="not available: " + self.absent["reason"].astype("str")
        )
        rows = [self.gaps, absent[["segment", "dimension", "measure", "reading"]]]
        stacked = pd.concat(rows, ignore_index=True) if len(absent) else self.gaps
        order = stacked["dimension"].map(DIMENSIONS.index)
        ordered = stacked.iloc[np.argsort(order.to_numpy(), kind="stable")]
        return ordered.rename(columns=names).reset_index(drop=True)[list(names.values())]

    def clear(self) -> pd.DataFrame:
        """Keep the gaps whose interval leaves out 0, largest index distance first."""
        shown = self.gaps[self.gaps["reading"].isin(["above", "below"])].copy()
        away = (shown["index"] - 100).abs().fillna(0.0)
        return shown.iloc[np.argsort(-away.to_numpy(), kind="stable")].reset_index(drop=True)

    def overview(self) -> pd.DataFrame:
        """Arrange values by measure (rows) and segment (columns), the reference beside."""
        rows = []
        keys = ["dimension", "measure", "unit", "reference"]
        for key, part in self.gaps.groupby(keys, sort=False):
            values = dict(zip(part["segment"], part["value"], strict=True))
            references = part["reference_value"].to_numpy(dtype=float)
            beside = references[0] if (references == references[0]).all() else np.nan
            rows.append({**dict(zip(keys, key, strict=True)), "reference value": beside, **values})
        wide = pd.DataFrame(rows)
        segments = [name for name in self.gaps["segment"].unique() if name != ALL]
        ends = [ALL] if ALL in wide.columns else []
        return wide[[*keys, "reference value", *segments, *ends]]

    def to_metrics(self) -> dict[str, float]:
        """Count the gaps measured, those beyond chance, and what is not available."""
        known = self.gaps["lower"].notna()
        return {
            "n_customers": self.n_customers,
            "n_gaps": int(known.sum()),
            "n_clear_gaps": len(self.clear()),
            "n_not_available": len(self.absent),
        }


@passes_absence
def measure_gaps(
    evidence: Evidence, segments: pd.Series, *, seed: int, n_draws: int = 400
) -> PositioningGaps:
    """Compare every segment with its references in the four dimensions of positioning.

    A segment is part of the firm it is compared with; both are drawn together, so that the
    interval of a gap knows that. Satisfaction is read as experience less expectation
    (Oliver 1980) where the survey asks for both. No correction is made for the number of
    gaps: of 20 intervals about one leaves out 0 by chance alone.

    Parameters
    ----------
    evidence : Evidence
        The tables at hand.
    segments : Series
        Label by customer. Customers without features are left out and counted.
    seed, n_draws : int
        Seed and number of the bootstrap samples of customers.

    Raises
    ------
    ModelError
        If no customer has both a segment and features, or nothing can be measured.

    References
    ----------
    Oliver, R. L. (1980). A cognitive model of the antecedents and consequences of
    satisfaction decisions. J. Marketing Research, 17(4), 460-469.
    Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    """
    known = segments[segments.index.isin(evidence.features.index)]
    if known.empty:
        raise ModelError("no customer has both a segment and features")
    listed = list(list_measures(evidence))
    measures = [one for one in listed if isinstance(one, GapMeasure)]
    absent = [one for one in listed if not isinstance(one, GapMeasure)]
    if not measures:
        raise ModelError("nothing can be measured of the customers")
    quantities = {one.quantity.name: one.quantity for one in measures}
    others = [one.against for one in measures if isinstance(one.against, Quantity)]
    quantities |= {one.name: one for one in others}
    drawn = draw_seeds(seed, stage=63, n=1)[0]
    ratios = draw_ratios(list(quantities.values()), known, n_draws=n_draws, seed=drawn)
    rows = [row for measure in measures for row in _compare(measure, ratios)]
    return PositioningGaps(
        gaps=pd.DataFrame(rows, columns=list(COLUMNS)),
        absent=pd.DataFrame(absent, columns=["dimension", "measure", "reason"]),
        n_customers=len(known),
        n_left_out=len(segments) - len(known),
        n_draws=n_draws,
    )


def _compare(measure: GapMeasure, ratios: Ratios) -> Iterator[dict[str, object]]:
    """Compare each segment, and all customers where the reference is not themselves."""
    place = ratios.place(measure.quantity.name)
    n = ratios.counted[:, place]
    values = np.append(ratios.estimate[:, place], ratios.firm[place])
    draws = np.column_stack([ratios.draws[:, :, place], ratios.firm_draws[:, place]])
    if isinstance(measure.against, Quantity):
        other = ratios.place(measure.against.name)
        references = np.append(ratios.estimate[:, other], ratios.firm[other])
        drawn = np.column_stack([ratios.draws[:, :, other], ratios.firm_draws[:, other]])
        n = np.minimum(n, ratios.counted[:, other])
    else:
        fixed = measure.against
        references = np.full(len(values), ratios.firm[place] if fixed is None else fixed)
        drawn = np.full_like(draws, 0.0 if fixed is None else fixed)
        drawn += ratios.firm_draws[:, [place]] if fixed is None else 0.0
    labels = (*ratios.segments, ALL)[: len(values) - (measure.against is None)]
    for row, label in enumerate(labels):
        counted = int(n[row]) if row < len(n) else int(n.sum())
        yield {
            "segment": label,
            "dimension": measure.dimension,
            "measure": measure.quantity.name,
            "unit": measure.unit,
            "reference": measure.reference,
            "n": counted,
            "better": measure.better,
            **_gap(values[row], references[row], draws[:, row], drawn[:, row], counted),
        }


def _gap(
    value: float, reference: float, draws: np.ndarray, drawn: np.ndarray, n: int
) -> dict[str, object]:
    """Take the reference from the value, with 95% of the bootstrap samples."""
    lower, upper = _limits(draws - drawn, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = 100 * np.where(drawn > 0, draws / drawn, np.nan)
    index_lower, index_upper = _limits(ratio, n)
    reading = "above" if lower > 0 else "below" if upper < 0 else "no clear gap"
    if np.isnan(value) or n == 0:
        reading = "not available: no such customer in the segment"
    elif np.isnan(lower):
        reading = f"no interval: fewer than {MINIMUM_COUNTED} customers"
    return {
        "value": value,
        "reference_value": reference,
        "gap": value - reference,
        "lower": lower,
        "upper": upper,
        "index": 100 * value / reference if reference > 0 else np.nan,
        "index_lower": index_lower,
        "index_upper": index_upper,
        "reading": reading,
    }


def _limits(draws: np.ndarray, n: int) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if n < MINIMUM_COUNTED or 2 * len(known) < len(draws):
        return np.nan, np.nan
    lower, upper = np.quantile(known, [0.025, 0.975])
    return float(lower), float(upper)
