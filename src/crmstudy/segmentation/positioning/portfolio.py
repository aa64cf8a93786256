"""Segments by market attractiveness and competitive strength, as in the GE/McKinsey matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.segmentation.positioning.criteria_of_position import (
    AXES,
    Criterion,
    choose_criteria,
    list_criteria,
    refuse_weights,
)
from crmstudy.segmentation.positioning.evidence import Evidence
from crmstudy.segmentation.positioning.portfolio_scores import (
    name_cells,
    reweigh,
    score_all,
    settle_weights,
    weigh,
)
from crmstudy.segmentation.positioning.ratios import (
    MINIMUM_COUNTED,
    Floats,
    Quantity,
    Ratios,
    draw_ratios,
)
from crmstudy.statistics.draws import draw_seeds

SHARE_OF_VALUE = "share of revenue"


@dataclass(frozen=True)
class Portfolio:
    """Where each segment stands, what that rests on and how sure it is.

    Parameters
    ----------
    criteria : DataFrame
        One row a criterion used: ``axis``, ``criterion``, ``unit``, ``better``,
        ``reference``, ``reference_value``, ``weight`` (those of an axis sum to 1) and
        ``reliability`` (share of the differences that is no sampling error).
    absent : DataFrame
        ``axis``, ``criterion``, ``reason`` of those that cannot be used; their weight went
        to the others of the axis.
    scores : DataFrame
        One row a segment and criterion: ``segment``, ``axis``, ``criterion``, ``value``,
        ``score`` (0 to 1, .5 is the reference) and ``n`` (customers counted).
    positions : DataFrame
        Indexed by segment: ``n``, ``share_customers``, ``share_value``,
        ``attractiveness``, ``strength``, the limits of 95% of the bootstrap samples
        (``attractiveness_lower`` ...), ``cell`` (attractiveness / strength by thirds),
        ``share_draws`` and ``share_weights`` (bootstrap samples, and sets of random
        weights, that give the same cell).
    leave_one_out : DataFrame
        One row a criterion: ``axis``, ``criterion`` and ``cells_changed``, the segments
        that stand in another cell without it.
    draws, weighted : array of shape (n, n_segments, 3)
        Attractiveness, strength and share of value in each bootstrap sample, and under
        each set of random weights.
    benchmarked : bool
        Whether a figure from outside the firm is among the references of strength.
    small : tuple of str
        Segments of fewer than five customers, which have no position.
    n_customers : int
        Customers of the segments that have one.
    """

    criteria: pd.DataFrame
    absent: pd.DataFrame
    scores: pd.DataFrame
    positions: pd.DataFrame
    leave_one_out: pd.DataFrame
    draws: Floats
    weighted: Floats
    benchmarked: bool
    small: tuple[str, ...]
    n_customers: int

    def table(self) -> pd.DataFrame:
        """Arrange the positions."""
        names = {
            "n": "customers",
            "share_customers": "share of customers",
            "share_value": "share of revenue",
            "attractiveness": "attractiveness",
            "strength": "strength",
            "cell": "attractiveness / strength",
            "share_draws": "same cell in samples",
            "share_weights": "same cell with other weights",
        }
        return self.positions[list(names)].rename(columns=names).reset_index()

    def score_table(self) -> pd.DataFrame:
        """Arrange the scores by criterion (rows) and segment (columns), weights beside.

        The last column counts the segments whose cell of the matrix would be another without
        the criterion. Criteria that cannot be used stand below, with the reason as their
        reference; the source of a benchmark is left to ``criteria``.
        """
        wide = self.scores.pivot_table(
            index=["axis", "criterion"], columns="segment", values="score", sort=False
        )
        beside = ["weight", "reliability", "better", "reference"]
        keys = self.criteria.set_index(["axis", "criterion"])[beside]
        joined = keys.join(wide[list(self.positions.index)])
        used = joined.rename_axis(columns=None).reset_index()
        used["reference"] = used["reference"].str.split(" (", regex=False).str[0]
        used["cells changed without it"] = self.leave_one_out["cells_changed"].to_numpy()
        if self.absent.empty:
            return used
        reason = "not available: " + self.absent["reason"].astype("str")
        rest = self.absent[["axis", "criterion"]].assign(reference=reason)
        return pd.concat([used, rest], ignore_index=True)

    def to_metrics(self) -> dict[str, float]:
        """Count segments and criteria, and say how sure the cells are."""
        return {
            "n_customers": self.n_customers,
            "n_segments": len(self.positions),
            "n_criteria": len(self.criteria),
            "n_criteria_absent": len(self.absent),
            "n_small_segments": len(self.small),
            "smallest_share_of_draws": float(self.positions["share_draws"].min()),
            "smallest_share_of_weights": float(self.positions["share_weights"].min()),
        }


@passes_absence
def rate_segments(
    evidence: Evidence,
    segments: pd.Series,
    *,
    seed: int,
    weights: Mapping[str, float] | None = None,
    n_draws: int = 400,
) -> Portfolio:
    """Score every segment on criteria of attractiveness and of strength.

    A criterion is scored ``0.5 + 0.5 r d / max |d|``, with ``d`` the segment's distance
    from the reference in the good direction, the maximum taken over the segments, and
    ``r`` the share of the squared distances that is no sampling error (James and Stein's
    shrinkage): .5 is as the reference, the segment farthest from it comes near 0 or 1, and a
    criterion on which segments differ by chance scores .5 for all instead of stretching
    noise over the scale. The reference is a benchmark where there is one, else the same
    figure of all customers (of a share: one part in as many as there are segments). So no
    score depends on a unit or a currency. An axis is the weighted mean of its criteria. Without
    figures of competitors strength is a **proxy**: how a segment responds to the firm,
    compared with the other segments.

    Parameters
    ----------
    evidence : Evidence
        The tables at hand.
    segments : Series
        Label by customer. Customers without features are left out, and so are segments of
        fewer than five.
    seed, n_draws : int
        Seed and number of the bootstrap samples of customers.
    weights : mapping of str to float, optional
        Weight by criterion, 0 leaves it out; those not named weigh 1. They are brought to
        the sum 1 on each axis, over the criteria that can be used.

    Raises
    ------
    SettingsError
        If a weight is negative or names no criterion.
    ModelError
        If fewer than two segments are left, or no criterion of an axis can be used.

    References
    ----------
    Robinson, S. J. Q., Hichens, R. E., & Wade, D. P. (1978). The directional policy
    matrix: tool for strategic planning. Long Range Planning, 11(3), 8-15.
    Efron, B., & Morris, C. (1977). Stein's paradox in statistics. Scientific American,
    236(5), 119-127.
    Wind, Y., Mahajan, V., & Swire, D. J. (1983). An empirical comparison of standardized
    portfolio models. J. Marketing, 47(2), 89-99.
    Butler, J., Jia, J., & Dyer, J. (1997). Simulation techniques for the sensitivity
    analysis of multi-criteria decision models. European J. Operational Research, 103(3),
    531-546.
    """
    known, small = _leave_small(segments[segments.index.isin(evidence.features.index)])
    listed = list(list_criteria(evidence))
    refuse_weights(weights or {}, listed)
    quantities = [one.found for one in listed if isinstance(one.found, Quantity)]
    drawn_seed, weight_seed = draw_seeds(seed, stage=64, n=2)
    value = Quantity(SHARE_OF_VALUE, *2 * (evidence.features["revenue"],), of_all=True)
    ratios = draw_ratios([*quantities, value], known, n_draws=n_draws, seed=drawn_seed)
    used, absent = choose_criteria(listed, ratios, weights or {})
    rated = {one.name: score_all(one, ratios) for one in used}
    scored = {name: scores for name, (scores, _) in rated.items()}
    weight = settle_weights(used, weights or {})
    observed, draws = _stack_axes(weigh(scored, used, weight), ratios)
    shares = ratios.estimate[:, ratios.place(SHARE_OF_VALUE)]
    weighted = reweigh(scored, used, shares, seed=weight_seed)
    return Portfolio(
        criteria=_list_used(used, weight, rated, ratios),
        absent=pd.DataFrame(absent, columns=["axis", "criterion", "reason"]),
        scores=_list_scores(used, scored, ratios),
        positions=_place(observed, draws, weighted, known, ratios),
        leave_one_out=_leave_one_out(used, scored, weight, observed),
        draws=draws,
        weighted=weighted,
        benchmarked=any(one.axis == "strength" and one.against is not None for one in used),
        small=small,
        n_customers=len(known),
    )


def _leave_small(known: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """Leave out segments of so few customers that nothing can be said of their position."""
    labels = known.astype("str")
    n = labels.value_counts()
    small = n.index[n < MINIMUM_COUNTED]
    if len(n) - len(small) < 2:
        raise ModelError(
            f"positions need two segments of {MINIMUM_COUNTED} customers with features; "
            f"found: {len(n) - len(small)}"
        )
    return labels[~labels.isin(small)], tuple(sorted(small))


def _stack_axes(points: dict[str, Floats], ratios: Ratios) -> tuple[Floats, Floats]:
    """Put both axes beside each other, as observed and, with shares of value, as drawn."""
    shares = ratios.draws[:, :, ratios.place(SHARE_OF_VALUE)]
    observed = np.column_stack([points[axis][0] for axis in AXES])
    return observed, np.dstack([*(points[axis][1:] for axis in AXES), shares])


def _leave_one_out(
    used: list[Criterion], scored: dict[str, Floats], weight: dict[str, float], observed: Floats
) -> pd.DataFrame:
    cells, rows = name_cells(observed), []
    for left in used:
        rest = [one for one in used if one is not left]
        if not any(one.axis == left.axis for one in rest):
            changed = "the only criterion of its axis"
        else:
            points = weigh(scored, rest, settle_weights(rest, weight))
            other = name_cells(np.column_stack([points[axis][0] for axis in AXES]))
            changed = str(int((other != cells).sum()))
        rows.append({"axis": left.axis, "criterion": left.name, "cells_changed": changed})
    return pd.DataFrame(rows)


def _list_used(
    used: list[Criterion],
    weight: dict[str, float],
    rated: dict[str, tuple[Floats, float]],
    ratios: Ratios,
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "axis": one.axis,
                "criterion": one.name,
                "unit": one.unit,
                "better": one.better,
                "reference": one.reference,
                "reference_value": ratios.firm[ratios.place(one.name)]
                if one.against is None
                else one.against,
                "weight": weight[one.name],
                "reliability": rated[one.name][1],
            }
            for one in used
        ]
    )


def _list_scores(used: list[Criterion], scored: dict[str, Floats], ratios: Ratios) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "segment": segment,
                "axis": one.axis,
                "criterion": one.name,
                "value": ratios.estimate[row, ratios.place(one.name)],
                "score": scored[one.name][0, row],
                "n": int(ratios.counted[row, ratios.place(one.name)]),
            }
            for one in used
            for row, segment in enumerate(ratios.segments)
        ]
    )


def _place(
    observed: Floats, draws: Floats, weighted: Floats, labels: pd.Series, ratios: Ratios
) -> pd.DataFrame:
    cells = name_cells(observed)
    n = labels.value_counts().reindex(list(ratios.segments))
    frame = pd.DataFrame(
        {
            "n": n.to_numpy(),
            "share_customers": n.to_numpy() / len(labels),
            "share_value": ratios.estimate[:, ratios.place(SHARE_OF_VALUE)],
        },
        index=pd.Index(ratios.segments, name="segment"),
    )
    for column, axis in enumerate(AXES):
        frame[axis] = observed[:, column]
        frame[f"{axis}_lower"], frame[f"{axis}_upper"] = np.quantile(
            draws[:, :, column], [0.025, 0.975], axis=0
        )
    return frame.assign(
        cell=cells,
        share_draws=(name_cells(draws[..., :2]) == cells).mean(axis=0),
        share_weights=(name_cells(weighted[..., :2]) == cells).mean(axis=0),
    )
