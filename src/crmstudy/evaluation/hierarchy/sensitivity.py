"""When does a ranking change as one weight goes from 0 to 1? Exactly, by algebra.

A weighted sum of given scores is a straight line in one weight, the others keeping their
proportions; rankings change where two lines cross, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError, nearest, passes_absence
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.evaluation.require import require_same, require_weights
from crmstudy.evaluation.tabulate import name_metrics

Floats = npt.NDArray[np.float64]

#: Scores, and weights, that differ by less are equal but for rounding.
SAME = 1e-12


@dataclass(frozen=True, eq=False)
class WeightTrace:
    """Scores of all alternatives as one weight goes from 0 to 1.

    Parameters
    ----------
    criterion : str
        Whose weight moves.
    weight : float
        Its weight now.
    lines : DataFrame
        One row an alternative: score at 0, score now, score at 1; straight between.
    switches : DataFrame
        One row a crossing inside 0 to 1, by weight: weight, rises, falls (who passes whom
        as the weight grows).
    leaders : DataFrame
        from, to, first: who leads where; several names where they are equal.
    stays : tuple of float
        Between which weights those who lead now do so without interruption.
    order_stays : tuple of float
        Between which weights the whole order is what it is now.
    """

    criterion: str
    weight: float
    lines: pd.DataFrame
    switches: pd.DataFrame
    leaders: pd.DataFrame
    stays: tuple[float, float]
    order_stays: tuple[float, float]

    @property
    def first(self) -> tuple[str, ...]:
        """Who leads now; several where they are equal."""
        return self.lead_at(self.weight)

    @property
    def change(self) -> float | None:
        """Smallest change of the weight (with its sign) that changes who leads."""
        return _nearest(self.weight, self.stays)

    @property
    def successors(self) -> tuple[str, ...]:
        """Who leads after the smallest such change; nobody if nothing changes it."""
        if self.change is None:
            return ()
        edge = self.weight + self.change
        # A leader who is equal now comes from either side; the one above is told.
        column, step = ("to", -1) if self.change < 0 else ("from", 1)
        beyond = self.leaders[step * (self.leaders[column] - edge) > -1e-9]
        row = beyond.iloc[0 if step > 0 else -1]
        return self.lead_at((float(row["from"]) + float(row["to"])) / 2)

    @property
    def successor(self) -> str:
        """Who leads after the smallest such change, as text; empty if nothing changes it."""
        return ", ".join(self.successors)

    def lead_at(self, weight: float) -> tuple[str, ...]:
        """Name who leads at a weight; several where they are equal."""
        scores = self.lines["score at 0"] * (1 - weight) + self.lines["score at 1"] * weight
        scale = 1e-9 * max(1.0, float(self.lines.abs().to_numpy().max()))
        return tuple(sorted(map(str, scores.index[scores >= scores.max() - scale])))

    def table(self) -> pd.DataFrame:
        """Who leads where: from, to, first."""
        return self.leaders

    def to_metrics(self) -> dict[str, float]:
        """Weight now, where the leader stays, how many crossings there are."""
        return {
            "weight": self.weight,
            "first_stays_from": self.stays[0],
            "first_stays_to": self.stays[1],
            "order_stays_from": self.order_stays[0],
            "order_stays_to": self.order_stays[1],
            "n_switches": len(self.switches),
        }


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Every weight traced in turn.

    Parameters
    ----------
    traces : mapping of str to WeightTrace
        By criterion.
    """

    traces: Mapping[str, WeightTrace]

    @property
    def first(self) -> tuple[str, ...]:
        """Who leads with the weights as they are."""
        return next(iter(self.traces.values())).first

    @property
    def nearest(self) -> WeightTrace | None:
        """The trace whose leader changes with the smallest change of weight; none if none does."""
        moved = [trace for trace in self.traces.values() if trace.change is not None]
        return min(moved, key=lambda trace: abs(trace.change or 0.0), default=None)

    def table(self) -> pd.DataFrame:
        """One row a criterion: its weight, where the first and the order stay, who follows."""
        rows = [
            {
                "criterion": trace.criterion,
                "weight": trace.weight,
                "first": ", ".join(trace.first),
                "first stays from": trace.stays[0],
                "first stays to": trace.stays[1],
                "smallest change": trace.change,
                "then first": trace.successor,
                "order stays from": trace.order_stays[0],
                "order stays to": trace.order_stays[1],
            }
            for trace in self.traces.values()
        ]
        return pd.DataFrame(rows).astype({"smallest change": float})

    def to_metrics(self) -> dict[str, float]:
        """How many weights can change the first, and by how little."""
        changes = {
            name: abs(trace.change)
            for name, trace in self.traces.items()
            if trace.change is not None
        }
        smallest = {"smallest_change": min(changes.values())} if changes else {}
        return {
            "n_weights": len(self.traces),
            "n_weights_decisive": len(changes),
            **smallest,
            **name_metrics("change", pd.Series(changes, dtype=float)),
        }


@passes_absence
def trace_weights(scores: pd.DataFrame, weights: pd.Series) -> Sensitivity:
    """Trace every weight from 0 to 1 in turn, the others keeping their proportions.

    Parameters
    ----------
    scores, weights
        As for :func:`trace_weight`. A criterion that has all the weight is left out.

    Raises
    ------
    ModelError
        If there are fewer than two criteria with a weight.
    """
    movable = [str(name) for name, weight in weights.items() if weight < 1 - SAME]
    if len(movable) < 2:
        raise ModelError("one criterion has all the weight, so no weight can move")
    return Sensitivity({name: trace_weight(scores, weights, criterion=name) for name in movable})


@passes_absence
def trace_weight(scores: pd.DataFrame, weights: pd.Series, *, criterion: str) -> WeightTrace:
    """Trace one weight from 0 to 1, the others keeping their proportions.

    Parameters
    ----------
    scores : DataFrame of shape (n_alternatives, n_criteria)
        Larger is better, in units that may be added: units on criteria (see
        :func:`score_criteria`), systems on criteria, or the grades of a fuzzy evaluation
        by their membership in each criterion, where the leader is the grade.
    weights : Series
        Weights of the criteria; they sum to 1.
    criterion : str
        Whose weight moves.

    Raises
    ------
    DataError
        If names differ, a score is no number, or weights do not sum to 1.
    ModelError
        If the criterion has all the weight, so that the others have no proportions.
    """
    require_weights(weights, of="the criteria")
    require_same(list(scores.columns), list(weights.index), "scores", "weights")
    if criterion not in weights.index:
        known = list(map(str, weights.index))
        raise DataError(
            f"{criterion!r} has no weight; allowed: {', '.join(known)}{nearest(criterion, known)}"
        )
    values = scores[list(weights.index)].to_numpy(dtype=float)
    if not len(values) or not np.isfinite(values).all():
        raise DataError("scores must be numbers, one for every alternative and criterion")
    at = list(weights.index).index(criterion)
    now = float(weights.iloc[at])
    rest = np.delete(weights.to_numpy(dtype=float), at)
    if rest.sum() <= SAME:
        raise ModelError(f"{criterion} has all the weight, so the others have no proportions")
    start = np.delete(values, at, axis=1) @ (rest / rest.sum())
    slope = values[:, at] - start
    names = [str(name) for name in scores.index]
    switches = _find_switches(names, start, slope)
    leaders = _find_leaders(names, start, slope)
    return WeightTrace(
        criterion=criterion,
        weight=now,
        lines=pd.DataFrame(
            {"score at 0": start, "score now": start + now * slope, "score at 1": start + slope},
            index=pd.Index(names, name="alternative"),
        ),
        switches=switches,
        leaders=leaders,
        stays=_stay(leaders, now),
        order_stays=_bracket(switches["weight"].to_numpy(dtype=float), now),
    )


@passes_absence
def score_criteria(scores: pd.DataFrame, weights: HierarchyWeights) -> pd.DataFrame:
    """Score alternatives on criteria from their scores on indicators, by the local weights.

    Parameters
    ----------
    scores : DataFrame of shape (n_alternatives, n_indicators)
        Larger is better, on one scale for all indicators.
    weights : HierarchyWeights
        Over the same indicators.

    Returns
    -------
    DataFrame of shape (n_alternatives, n_criteria)
    """
    require_same(list(scores.columns), list(weights.overall.index), "scores", "weights")
    return pd.DataFrame(
        {criterion: scores[list(local.index)] @ local for criterion, local in weights.local.items()}
    )


def _find_switches(names: list[str], start: Floats, slope: Floats) -> pd.DataFrame:
    """Where two lines cross inside 0 to 1, and who rises there."""
    i, j = np.triu_indices(len(names), 1)
    gap, closing = start[j] - start[i], slope[i] - slope[j]
    scale = SAME * max(1.0, float(np.abs(start).max() + np.abs(slope).max()))
    crossing = np.abs(closing) > scale
    i, j, gap, closing = i[crossing], j[crossing], gap[crossing], closing[crossing]
    weight = gap / closing
    inside = (weight > SAME) & (weight < 1 - SAME)
    i, j, closing, weight = i[inside], j[inside], closing[inside], weight[inside]
    labels = np.array(names, dtype=object)
    frame = pd.DataFrame(
        {
            "weight": weight,
            "rises": labels[np.where(closing > 0, i, j)],
            "falls": labels[np.where(closing > 0, j, i)],
        }
    )
    return frame.sort_values(["weight", "rises", "falls"], ignore_index=True)


def _find_leaders(names: list[str], start: Floats, slope: Floats) -> pd.DataFrame:
    """Walk along the upper edge of all lines from 0 to 1."""
    scale = SAME * max(1.0, float(np.abs(start).max() + np.abs(slope).max()))
    rows, at = [], 0.0
    while True:
        height = start + at * slope
        top = height >= height.max() - scale
        steepest = slope[top].max()
        leads = top & (slope >= steepest - scale)
        one = int(np.flatnonzero(leads)[0])
        faster = slope > slope[one] + scale
        meets = (start[one] - start[faster]) / (slope[faster] - slope[one])
        ahead = meets[meets > at + SAME]
        end = min(float(ahead.min(initial=1.0)), 1.0)
        first = ", ".join(
            sorted(name for name, leading in zip(names, leads, strict=True) if leading)
        )
        rows.append({"from": at, "to": end, "first": first})
        if end >= 1 - SAME:
            return pd.DataFrame(rows)
        at = end


def _stay(leaders: pd.DataFrame, now: float) -> tuple[float, float]:
    """Between which weights those who lead now lead; on a crossing, at it only."""
    rows = leaders[(leaders["from"] <= now + SAME) & (leaders["to"] >= now - SAME)]
    if len(rows) > 1:
        return now, now
    return float(rows["from"].iloc[0]), float(rows["to"].iloc[0])


def _bracket(weights: Floats, now: float) -> tuple[float, float]:
    """Nearest crossings at or below, and at or above a weight; 0 and 1 where there is none."""
    below, above = weights[weights <= now + SAME], weights[weights >= now - SAME]
    return float(below.max(initial=0.0)), float(above.min(initial=1.0))


def _nearest(now: float, stays: tuple[float, float]) -> float | None:
    """Distance to the nearer edge, if an edge lies inside 0 to 1."""
    edges = [edge - now for edge in stays if SAME < edge < 1 - SAME]
    return min(edges, key=abs, default=None)
