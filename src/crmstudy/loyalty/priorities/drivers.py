"""What one parameter vector says of importance and performance, and what many say.

Arrays carry the bootstrap draws in front; the estimate itself is a single draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError, nearest
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.priorities.points import points_per_unit, rescale_means, share_weights
from crmstudy.loyalty.resampling.likelihood import fill_matrices, relate_constructs
from crmstudy.loyalty.structure.effects import find_routes


@dataclass(frozen=True)
class Drivers:
    """Which constructs act on the target, and the scales of the model's items.

    Attributes
    ----------
    names : tuple of str
        Constructs with a route to the target, in the model's order.
    places : array of int
        Their places among the constructs.
    target : int
        The target's place.
    items : tuple of arrays of int
        Places of the items of every construct of the model.
    minima, maxima : arrays of shape (n_items,)
    """

    names: tuple[str, ...]
    places: NDArray[np.intp]
    target: int
    items: tuple[NDArray[np.intp], ...]
    minima: Array
    maxima: Array


@dataclass(frozen=True)
class Points:
    """Importance and performance of each draw.

    Attributes
    ----------
    importance, standardised : arrays of shape (n_draws, n_drivers)
        Points of the target for a point of the driver; standardised total effects.
    performance : array of shape (n_draws, n_constructs)
        Of every construct of the model, 0 to 100.
    shares, item_performance : arrays of shape (n_draws, n_items)
        Share of the item in its construct's points; its mean from 0 to 100.
    """

    importance: Array
    standardised: Array
    performance: Array
    shares: Array
    item_performance: Array


def find_drivers(
    model: StructuralModel, *, target: str, instrument: Mapping[str, Mapping[str, Any]]
) -> Drivers:
    """Find the constructs that act on a target, directly or through others.

    Parameters
    ----------
    model : StructuralModel
    target : str
        A construct of the model.
    instrument : mapping
        Item to ``minimum`` and ``maximum`` of its scale.

    Raises
    ------
    ModelError
        If the target is no construct of the model, nothing acts on it, or the scale of an
        item is not told.
    """
    if target not in model.construct_names:
        hint = nearest(target, model.construct_names)
        raise ModelError(f"{target!r} is no construct of model {model.name!r}{hint}")
    names = tuple(
        name
        for name in model.construct_names
        if name != target and find_routes(model, source=name, target=target)
    )
    if not names:
        raise ModelError(f"nothing acts on {target!r} in model {model.name!r}")
    for item in model.items:
        if item not in instrument:
            raise ModelError(f"the instrument does not tell the scale of item {item!r}")
    place = {item: k for k, item in enumerate(model.items)}
    return Drivers(
        names=names,
        places=np.array([model.construct_names.index(name) for name in names], dtype=np.intp),
        target=model.construct_names.index(target),
        items=tuple(
            np.array([place[item] for item in each.items], dtype=np.intp)
            for each in model.constructs
        ),
        minima=np.array([instrument[item]["minimum"] for item in model.items], dtype=float),
        maxima=np.array([instrument[item]["maximum"] for item in model.items], dtype=float),
    )


def compute_points(
    structure: CovarianceStructure, drivers: Drivers, thetas: Array, means: Array
) -> Points:
    """Compute importance and performance of every draw.

    Parameters
    ----------
    structure : CovarianceStructure
    drivers : Drivers
    thetas : array of shape (n_draws, n_parameters)
    means : array of shape (n_draws, n_items)
        Means of the items in the same draws.
    """
    matrices = fill_matrices(structure, thetas)
    total, latent = relate_constructs(matrices)
    with np.errstate(invalid="ignore"):  # a draw with a negative variance is not a number
        sd = np.sqrt(np.diagonal(latent, axis1=1, axis2=2))
    effects = total[:, drivers.target, drivers.places]
    shares = np.empty_like(means)
    scales = np.empty((len(thetas), len(drivers.items)))
    for k, items in enumerate(drivers.items):
        ends = drivers.minima[items], drivers.maxima[items]
        shares[:, items] = share_weights(matrices.loadings[:, items, k], *ends)
        scales[:, k] = points_per_unit(matrices.loadings[:, items, k], *ends)
    rescaled = rescale_means(means, drivers.minima, drivers.maxima)
    weighted = shares * rescaled
    source, onto = drivers.places, [drivers.target]
    return Points(
        importance=effects * scales[:, onto] / scales[:, source],
        standardised=effects * sd[:, source] / sd[:, onto],
        performance=np.stack([weighted[:, i].sum(axis=1) for i in drivers.items], axis=1),
        shares=shares,
        item_performance=rescaled,
    )
