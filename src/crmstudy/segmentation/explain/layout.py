"""Customers on a plane: the first two principal components, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.spread import spread_variables
from crmstudy.segmentation.networks.som import principal_axes
from crmstudy.statistics.draws import sort_points

Floats = npt.NDArray[np.float64]

AXES = ("first", "second")


@dataclass(frozen=True)
class Layout:
    """Customers on the plane that keeps most of the distances between them.

    Parameters
    ----------
    coordinates : DataFrame indexed by customer
        ``first``, ``second``: scores on the two components.
    loadings : DataFrame indexed by variable
        Correlation of each number, and of each level, with ``first`` and ``second``, and
        ``share``, their squares together: how much of the variable the plane shows.
    explained : array of shape (n_dimensions,)
        Share of the variance that each component explains, largest first.
    name : str
        The block of criteria.
    """

    coordinates: pd.DataFrame
    loadings: pd.DataFrame
    explained: Floats
    name: str

    @property
    def shown(self) -> float:
        """Share of the variance that the plane shows."""
        return float(self.explained[:2].sum())

    def table(self) -> pd.DataFrame:
        """Arrange the loadings, one row a variable."""
        return self.loadings.reset_index().rename(
            columns={
                "first": "first component",
                "second": "second component",
                "share": "share shown",
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give the share of the variance on each axis."""
        return {
            "n_customers": len(self.coordinates),
            "explained_first": float(self.explained[0]),
            "explained_second": float(self.explained[1]),
        }


@passes_absence
def lay_out_customers(space: Space) -> Layout:
    """Project customers onto the first two principal components of their coordinates.

    The largest coefficient of each component is positive, so that the map never flips.

    Parameters
    ----------
    space : Space
        Customers and their coordinates.

    Raises
    ------
    ModelError
        If there are fewer than three customers, or they differ in one direction only.

    References
    ----------
    Jolliffe, I. T. (2002). Principal Component Analysis (2nd ed.). Springer.
    Gabriel, K. R. (1971). The biplot graphic display of matrices with application to
    principal component analysis. Biometrika, 58(3), 453-467.
    """
    from crmstudy.statistics.threads import hold_one_thread

    with hold_one_thread():  # sums of several threads differ in the last digit
        order = sort_points(space.points)
        variances, axes = _find_axes(space.points[order])
        scores = (space.points[order] - space.points[order].mean(axis=0)) @ axes[:, :2]
        loadings = _correlate(space.take(order), scores)
    back = np.argsort(order)
    return Layout(
        coordinates=pd.DataFrame(scores[back], index=space.customers, columns=list(AXES)),
        loadings=loadings,
        explained=variances / variances.sum(),
        name=space.name,
    )


def _find_axes(points: Floats) -> tuple[Floats, Floats]:
    if len(points) < 3:
        raise ModelError(f"a map of customers needs three of them, not {len(points)}")
    variances, axes = principal_axes(points)
    if len(variances) < 2 or variances[1] <= 1e-12 * variances[0]:
        raise ModelError("a map needs customers that differ in two directions; these do in one")
    return variances, axes


def _correlate(space: Space, scores: Floats) -> pd.DataFrame:
    spread = spread_variables(space)
    centred = spread.values - spread.values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    product = centred.T @ (scores / np.sqrt((scores**2).sum(axis=0)))
    # A variable that is equal for all correlates with nothing.
    found = np.divide(
        product, length[:, None], out=np.zeros_like(product), where=length[:, None] > 0
    )
    frame = pd.DataFrame(found, index=pd.Index(spread.names, name="variable"), columns=list(AXES))
    return frame.assign(share=(found**2).sum(axis=1))


@passes_absence
def bound_segments(layout: Layout, segments: pd.Series) -> pd.DataFrame:
    """Describe where each segment lies on the plane, for its ellipses.

    Parameters
    ----------
    layout : Layout
        Customers on the plane.
    segments : Series indexed by customer
        Their segments; customers without one are left out.

    Returns
    -------
    DataFrame indexed by segment
        ``n_customers``, ``first``, ``second`` (means), ``var_first``, ``var_second``,
        ``covariance`` (0 for a segment of one customer).

    Raises
    ------
    ModelError
        If no customer of the map has a segment.
    """
    known = layout.coordinates.join(segments.rename("segment"), how="inner").dropna()
    if known.empty:
        raise ModelError("no customer of the map has a segment")
    known = known.sort_values(["segment", *AXES], kind="stable")
    rows = {}
    for segment, part in known.groupby("segment", sort=True):
        cloud = part[list(AXES)].to_numpy(dtype=np.float64)
        spread = np.cov(cloud, rowvar=False) if len(cloud) > 1 else np.zeros((2, 2))
        rows[segment] = {
            "n_customers": len(cloud),
            "first": cloud[:, 0].mean(),
            "second": cloud[:, 1].mean(),
            "var_first": spread[0, 0],
            "var_second": spread[1, 1],
            "covariance": spread[0, 1],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("segment")
