"""The perceptual map: which segments stand near which departments, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, SettingsError, nearest, passes_absence
from crmstudy.segmentation.positioning.correspondence import (
    Correspondence,
    Side,
    analyse_correspondence,
)
from crmstudy.segmentation.positioning.map_trust import (
    check_map,
    compare_planes,
    measure_spread,
    project_draws,
    relabel_customers,
)
from crmstudy.segmentation.positioning.ratios import (
    MINIMUM_COUNTED,
    Floats,
    code_segments,
    sum_by_segment,
)
from crmstudy.statistics.draws import draw_seeds

Measure = Literal["revenue", "buyers", "shares"]

#: Buyers below which a department is joined with the others: one person could move it far.
MINIMUM_BUYERS = 30
#: Departments named on the map: those that contribute most.
MOST_NAMED = 10
#: Names that the product mix gives to what has no name of its own.
OTHER, UNKNOWN = "other", "unknown"


@dataclass(frozen=True)
class PositionMap:
    """Departments (or brands) and segments as points, with what may be read from them.

    Parameters
    ----------
    analysis : Correspondence
        The whole decomposition: departments are its rows, segments its columns.
    points : DataFrame
        One row a point: ``kind`` (the level, or segment), ``name``, ``mass`` (share of the
        table), ``x``, ``y`` (principal coordinates; ``y`` is 0 on a map of one dimension),
        ``variance_x``, ``variance_y``, ``covariance`` (over bootstrap samples), ``quality``
        (share of its distance that the map shows), ``contribution`` (to the inertia shown),
        ``n`` (buyers, or customers) and ``named`` (a segment, or one of the ten others that
        contribute most). Variances are missing where fewer than five customers are counted.
    left_out : DataFrame
        ``level``, ``buyers``, ``treatment`` of what has no point of its own.
    difference : Hypothesis
        Permutation test of the total inertia.
    congruence : array of shape (n_draws,)
        Likeness of the plane in each bootstrap sample to the plane shown, 0 to 1.
    checks : tuple of Check
    level, measure : str
        What the rows are; what the cells hold.
    n_customers : int
    """

    analysis: Correspondence
    points: pd.DataFrame
    left_out: pd.DataFrame
    difference: Hypothesis
    congruence: Floats
    checks: tuple[Check, ...]
    level: str
    measure: str
    n_customers: int

    @property
    def n_shown(self) -> int:
        """Dimensions on the map: 2, or 1 where there is no second."""
        return min(self.analysis.n_dimensions, 2)

    @property
    def share_shown(self) -> float:
        """Share of the total inertia on the map; exactly 1 where it shows every dimension."""
        if self.n_shown == self.analysis.n_dimensions:
            return 1.0
        return float(self.analysis.axes()["share"].iloc[: self.n_shown].sum())

    def table(self) -> pd.DataFrame:
        """Arrange the points with what may be read from each."""
        names = {"kind": "kind", "name": "name", "n": "buyers or customers", "mass": "mass"}
        names |= {"x": "dimension 1", "y": "dimension 2"} if self.n_shown == 2 else {"x": "x"}
        names |= {"contribution": "contribution", "quality": "quality"}
        return self.points[list(names)].rename(columns={**names, "x": "dimension 1"})

    def axes(self) -> pd.DataFrame:
        """List the dimensions, their inertia, and whether the map shows them."""
        axes = self.analysis.axes()
        axes["on the map"] = np.where(axes["dimension"] <= self.n_shown, "yes", "no")
        return axes

    def to_metrics(self) -> dict[str, float]:
        """Give inertia, the share shown, the test and the stability of the plane."""
        return {
            "n_customers": self.n_customers,
            "total_inertia": self.analysis.total_inertia,
            "share_shown": self.share_shown,
            "p_value": self.difference.p_value,
            "congruence": float(np.median(self.congruence)),
        }


@passes_absence
def map_positions(
    spend: pd.DataFrame,
    segments: pd.Series,
    *,
    seed: int,
    level: str = "department",
    measure: Measure = "revenue",
    n_draws: int = 200,
) -> PositionMap:
    """Lay segments and departments onto one map by correspondence analysis.

    Departments with fewer than ``MINIMUM_BUYERS`` buyers are joined with the others, and
    money of unknown department is left out. Points are tested and surrounded by drawing
    **customers**: the cells of such a table are no independent counts, since one customer
    buys in several departments and money comes in heaps, so that a chi-square test would
    be wrong. The test relabels customers at random; the ellipses come from bootstrap
    samples whose profiles are laid onto the axes found (partial bootstrap).

    Parameters
    ----------
    spend : DataFrame of shape (n_customers, n_levels)
        Money of each customer by department, brand or channel.
    segments : Series
        Label by customer. Customers without a row in ``spend`` are left out.
    seed : int
        Seed of the draws.
    level : str
        What the columns of ``spend`` are, in the singular.
    measure : {"revenue", "buyers", "shares"}
        Cells hold the money; the customers who spent anything; or the customers' shares of
        their own money, so that everybody counts the same.
    n_draws : int
        Bootstrap samples.

    Raises
    ------
    SettingsError
        If ``measure`` is not one of the three.
    ModelError
        If fewer than two segments or levels are left, or nothing sets them apart.

    References
    ----------
    Greenacre, M. J. (1984). Theory and Applications of Correspondence Analysis. Academic
    Press.
    Ringrose, T. J. (2012). Bootstrap confidence regions for correspondence analysis.
    J. Statistical Computation and Simulation, 82(10), 1397-1413.
    Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a
    meaningful index of factor similarity. Methodology, 2(2), 57-64.
    """
    labels = segments[segments.index.isin(spend.index)]
    codes, names = code_segments(labels)
    money, left_out = _join_rare(spend.loc[labels.index].astype("float64"))
    _refuse(money, names, level, measure)
    values = _cells(money, measure)
    bootstrap, relabelling = draw_seeds(seed, stage=61, n=2)
    sums, draws = sum_by_segment(values, codes, len(names), n_draws=n_draws, seed=bootstrap)
    table = pd.DataFrame(sums.T, index=money.columns, columns=list(names))
    left_out = pd.concat([left_out, _list_negative(table, money)], ignore_index=True)
    table = table.clip(lower=0.0)
    analysis = analyse_correspondence(table, counts=False)
    n_segment = dict(zip(names, np.bincount(codes, minlength=len(names)), strict=True))
    n_level = dict(zip(money.columns, (money > 0).sum(), strict=True))
    rows, columns = project_draws(analysis, table, draws)
    near = _list_points(analysis, "columns", columns, n_segment)
    among = _list_points(analysis, "rows", rows, n_level).assign(kind=level)
    points = pd.concat([near, among], ignore_index=True)
    difference = relabel_customers(values, codes, len(names), seed=relabelling)
    congruence = compare_planes(analysis, table, draws)
    return PositionMap(
        analysis=analysis,
        points=points,
        left_out=left_out,
        difference=difference,
        congruence=congruence,
        checks=check_map(analysis, points, difference, congruence),
        level=level,
        measure=measure,
        n_customers=len(labels),
    )


def _refuse(money: pd.DataFrame, names: tuple[str, ...], level: str, measure: str) -> None:
    if measure not in get_args(Measure):
        raise SettingsError(
            f"measure = {measure!r}{nearest(measure, get_args(Measure))}; "
            f"allowed: {', '.join(get_args(Measure))}"
        )
    if money.shape[1] < 2:
        raise ModelError(
            f"a map needs two {level}s with {MINIMUM_BUYERS} buyers; found: {money.shape[1]}"
        )
    if len(names) < 2:
        raise ModelError("a map needs two segments; there is 1")


def _join_rare(money: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join levels with few buyers, leave out what is unknown, and say so."""
    buyers = (money > 0).sum()
    known = [str(name) for name in money.columns if name != UNKNOWN]
    rare = [name for name in known if buyers[name] < MINIMUM_BUYERS and name != OTHER]
    kept = money[[name for name in known if name not in rare and name != OTHER]].copy()
    joined = [*rare, *(name for name in known if name == OTHER)]
    together = money[joined]
    if joined and (together > 0).any(axis=1).sum() >= MINIMUM_BUYERS:
        kept[OTHER] = together.sum(axis=1)
        treatment = f"joined in '{OTHER}'"
    else:
        treatment = "left out: too few buyers"
    rows = [{"level": name, "buyers": buyers[name], "treatment": treatment} for name in rare]
    if UNKNOWN in money.columns:
        rows.append({"level": UNKNOWN, "buyers": buyers[UNKNOWN], "treatment": "left out"})
    return kept, pd.DataFrame(rows, columns=["level", "buyers", "treatment"])


def _list_negative(table: pd.DataFrame, money: pd.DataFrame) -> pd.DataFrame:
    """Name the cells in which returns exceed purchases: a map takes amounts from 0."""
    rows = [
        {
            "level": name,
            "buyers": int((money[name] > 0).sum()),
            "treatment": "counted as 0, since returns exceed purchases, in "
            + ", ".join(table.columns[table.loc[name] < 0]),
        }
        for name in table.index[(table < 0).any(axis=1)]
    ]
    return pd.DataFrame(rows, columns=["level", "buyers", "treatment"])


def _cells(money: pd.DataFrame, measure: Measure) -> Floats:
    values = money.to_numpy()
    if measure == "revenue":
        return values
    if measure == "buyers":
        return (values > 0).astype("float64")
    positive = values.clip(min=0.0)
    total = positive.sum(axis=1, keepdims=True)
    return np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)


def _list_points(
    analysis: Correspondence, side: Side, cloud: Floats, n: Mapping[str, int]
) -> pd.DataFrame:
    points = analysis.columns if side == "columns" else analysis.rows
    coordinates = points.principal.to_numpy()
    shown = analysis.singular_values.iloc[:2] ** 2
    contribution = (points.contributions.iloc[:, :2] * shown).sum(axis=1) / shown.sum()
    frame = pd.DataFrame(
        {
            "kind": "segment",
            "name": points.mass.index.astype("str"),
            "n": [int(n[name]) for name in points.mass.index],
            "mass": points.mass.to_numpy(),
            "x": coordinates[:, 0],
            "y": coordinates[:, 1] if coordinates.shape[1] > 1 else 0.0,
            **measure_spread(cloud),
            "quality": points.quality(2).to_numpy(),
            "contribution": contribution.to_numpy(),
        }
    )
    # So few customers are drawn again and again that their ellipse would look certain.
    few = frame["n"] < MINIMUM_COUNTED
    frame.loc[few, ["variance_x", "variance_y", "covariance"]] = np.nan
    largest = np.argsort(-frame["contribution"].to_numpy(), kind="stable")[:MOST_NAMED]
    named = frame.index.isin(largest)
    return frame.assign(named=named if side == "rows" else True)
