"""Customers on a self-organising map: hits, distances, component planes, segments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.spread import spread_variables
from crmstudy.segmentation.networks.som import (
    FINAL_RADIUS,
    MOST_EPOCHS,
    Floats,
    Places,
    TrainedMap,
    average_neighbours,
    find_two_nearest,
    find_winners,
    principal_axes,
)
from crmstudy.segmentation.networks.som_segments import train_segments
from crmstudy.statistics.draws import sort_points

NO_SEGMENT = "no segment"
FOLDED = 0.1  # share of customers whose two nearest units may lie apart


@dataclass(frozen=True)
class SomResult:
    """Customers on a self-organising map.

    Parameters
    ----------
    units : DataFrame indexed by unit
        ``row``, ``column``, ``x``, ``y`` (place on the sheet), ``n_customers``,
        ``distance`` (U-matrix: mean distance of the unit's code to its neighbours'),
        ``segment`` (of most of its customers; of the nearest unit with customers where
        it has none).
    planes : DataFrame of shape (n_units, n_variables)
        Component planes: each transformed number, and the share of each level, at the units.
    winners : Series of int
        Unit of each customer.
    labels : Series of int
        Segment of each customer by the map itself: 1 to k, 1 has the most customers.
    quantisation_error : float
        Mean distance of a customer to the code of its unit.
    topographic_error : float
        Share of customers whose nearest two units are not neighbours.
    explained, explained_plane : float
        Share of the variance that the units explain, and that the plane of the first two
        principal components explains.
    agreement : float
        Adjusted Rand index of the segments shown and of the map's own; 1 where these are
        shown.
    checks : tuple of Check
        Whether training came to an end and the sheet lies without folds.
    trained : TrainedMap
        Grid, codes and epochs.
    name : str
        The block of criteria.
    """

    units: pd.DataFrame
    planes: pd.DataFrame
    winners: pd.Series
    labels: pd.Series
    quantisation_error: float
    topographic_error: float
    explained: float
    explained_plane: float
    agreement: float
    checks: tuple[Check, ...]
    trained: TrainedMap
    name: str

    @property
    def n_customers(self) -> int:
        """Customers on the map."""
        return len(self.winners)

    def table(self) -> pd.DataFrame:
        """Describe the map in one row."""
        grid = self.trained.grid
        return pd.DataFrame(
            {
                "criteria": [self.name],
                "customers": [self.n_customers],
                "units": [f"{grid.rows} x {grid.columns}"],
                "units without customers": [int((self.units["n_customers"] == 0).sum())],
                "epochs": [self.trained.n_epochs],
                "quantisation error": [self.quantisation_error],
                "topographic error": [self.topographic_error],
                "variance explained": [self.explained],
                "variance explained by two components": [self.explained_plane],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give size and quality of the map."""
        return {
            "n_customers": self.n_customers,
            "n_units": len(self.units),
            "n_empty_units": int((self.units["n_customers"] == 0).sum()),
            "quantisation_error": self.quantisation_error,
            "topographic_error": self.topographic_error,
            "explained": self.explained,
            "explained_plane": self.explained_plane,
            "agreement": self.agreement,
        }


def map_customers(
    space: Space | NotAvailable,
    *,
    n_segments: int | NotAvailable,
    seed: int,
    segments: pd.Series | NotAvailable | None = None,
) -> SomResult | NotAvailable:
    """Lay customers out on a self-organising map and judge the map.

    Parameters
    ----------
    space : Space
        Customers and their coordinates.
    n_segments : int or NotAvailable
        Segments that the map itself forms (see :func:`fit_som_segments`).
    seed : int
        See :func:`fit_som_segments`.
    segments : Series indexed by customer or NotAvailable, optional
        Segments found by another method, to be shown on the map; without them, its own are.
        Who is in none is shown as ``"no segment"``.

    Raises
    ------
    ModelError
        If all customers are alike, or ``segments`` knows none of them.
    """
    from crmstudy.statistics.threads import hold_one_thread

    if isinstance(space, NotAvailable):
        return space
    if isinstance(n_segments, NotAvailable):
        return n_segments
    given = None if isinstance(segments, NotAvailable) else segments
    trained, group = train_segments(space, n_segments, seed)
    order = sort_points(space.points)
    with hold_one_thread():  # sums of several threads differ in the last digit
        result = _describe_map(space.take(order), trained, group, given)
    back = np.argsort(order)
    return replace(result, winners=result.winners.iloc[back], labels=result.labels.iloc[back])


def _describe_map(
    space: Space, trained: TrainedMap, group: Places, segments: pd.Series | None
) -> SomResult:
    from sklearn.metrics import adjusted_rand_score

    winners, runners_up = find_two_nearest(space.points, trained.codes, second=True)
    own = _number_by_size(group[winners])
    shown = own if segments is None else _match(segments, space.customers)
    explained, plane = _explain(space.points, winners, trained.codes)
    topographic = float((trained.grid.distances[winners, runners_up] > 1.0 + 1e-9).mean())
    return SomResult(
        units=_describe_units(trained, winners, shown),
        planes=_draw_planes(space, winners, trained),
        winners=pd.Series(winners, index=space.customers, name="unit"),
        labels=pd.Series(own, index=space.customers, name="segment"),
        quantisation_error=_mean_distance(space.points, trained.codes[winners]),
        topographic_error=topographic,
        explained=explained,
        explained_plane=plane,
        agreement=float(adjusted_rand_score(own, shown)),
        checks=_check_map(trained, topographic),
        trained=trained,
        name=space.name,
    )


def _number_by_size(labels: Places) -> npt.NDArray[np.int64]:
    sizes = np.bincount(labels)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    return rank[labels]


def _match(segments: pd.Series, customers: pd.Index) -> npt.NDArray[np.object_]:
    found = segments.reindex(customers)
    if found.isna().all():
        raise ModelError(f"segments know none of the {len(customers)} customers of the map")
    if found.isna().any():
        found = segments.dropna().map(str).reindex(customers, fill_value=NO_SEGMENT)
    return found.to_numpy(dtype=object)


def _mean_distance(points: Floats, codes: Floats) -> float:
    return float(np.sqrt(((points - codes) ** 2).sum(axis=1)).mean())


def _explain(points: Floats, winners: Places, codes: Floats) -> tuple[float, float]:
    total = float(((points - points.mean(axis=0)) ** 2).sum())
    variances, _ = principal_axes(points)
    within = float(((points - codes[winners]) ** 2).sum())
    return 1 - within / total, float(variances[:2].sum() / variances.sum())


def _describe_units(trained: TrainedMap, winners: Places, shown: npt.NDArray) -> pd.DataFrame:
    grid, codes = trained.grid, trained.codes
    row, column = np.divmod(np.arange(len(codes)), grid.columns)
    beside = np.abs(grid.distances - 1.0) < 1e-9
    apart = np.sqrt(((codes[:, None, :] - codes[None, :, :]) ** 2).sum(axis=-1))
    units = pd.DataFrame(
        {
            "row": row,
            "column": column,
            "x": grid.positions[:, 0],
            "y": grid.positions[:, 1],
            "n_customers": np.bincount(winners, minlength=len(codes)),
            "distance": (apart * beside).sum(axis=1) / beside.sum(axis=1),
        }
    ).rename_axis("unit")
    # Of equally frequent segments at a unit the first in their order is shown.
    counts = pd.crosstab(winners, shown)
    most = counts.idxmax(axis=1)
    full = most.index.to_numpy()
    nearest = full[find_winners(codes, codes[full])]
    nearest[full] = full
    return units.assign(segment=most.loc[nearest].to_numpy())


def _draw_planes(space: Space, winners: Places, trained: TrainedMap) -> pd.DataFrame:
    spread = spread_variables(space)
    blank = np.zeros((len(trained.codes), spread.values.shape[1]))
    planes = average_neighbours(
        spread.values, winners, blank, trained.grid.distances, radius=FINAL_RADIUS
    )
    return pd.DataFrame(planes, columns=spread.names).rename_axis("unit")


def _check_map(trained: TrainedMap, topographic: float) -> tuple[Check, ...]:
    return (
        Check(
            name="map: training came to an end (epochs)",
            passed=trained.settled,
            statistic=float(trained.n_epochs),
            threshold=f"< {MOST_EPOCHS}",
            source="Kohonen (2013)",
            consequence="customers still change their units: read the map roughly",
        ),
        Check(
            name="map: it lies without folds (topographic error)",
            passed=topographic <= FOLDED,
            statistic=topographic,
            threshold=f"<= {FOLDED}",
            source="rule of this study",
            consequence="alike customers may lie apart on the map: look at the distances too",
        ),
    )
