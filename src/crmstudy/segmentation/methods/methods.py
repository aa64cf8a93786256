"""The methods that the study compares: what each is called, belongs to, and can take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import pandas as pd

from crmstudy.errors import ModelError, SettingsError, nearest
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.partition import Assign, Floats
from crmstudy.statistics.draws import draw_rows, sort_points

CLUSTERS = "cluster analysis"
FACTORS = "factor analysis"
NETWORKS = "neural network"
TREES = "decision tree"


class Fit(Protocol):
    """What every method looks like: a space in, a function that assigns customers out."""

    def __call__(
        self, space: Space, *, n_segments: int, seed: int, target: Floats | None = None
    ) -> Assign:
        """Fit the method to the customers of a space."""
        ...


@dataclass(frozen=True)
class Method:
    """One way to find segments.

    Parameters
    ----------
    name, family : str
        As they are printed.
    place : str
        ``module:function`` below ``crmstudy.segmentation``; imported when it is used.
    takes : str
        What the method needs, in words.
    lacks : callable
        Says in words why the method cannot take a space; empty when it can.
    supervised : bool
        Whether it uses the value of a later period to form segments.
    most_fitted : int
        Customers it is fitted to, a random sample of more; all are assigned.
    """

    name: str
    family: str
    place: str
    takes: str
    lacks: Callable[[Space], str]
    supervised: bool = False
    most_fitted: int = 5_000

    def fit(
        self, space: Space, *, n_segments: int, seed: int, target: Floats | None = None
    ) -> Assign:
        """Fit the method; see :func:`~crmstudy.segmentation.methods.partition.fit_kmeans_segments`.

        Raises
        ------
        ModelError
            If the method cannot take the space, or needs a target and has none.
        """
        reason = self.lacks(space)
        if self.supervised and target is None:
            reason = "needs the value of a later period"
        if reason:
            raise ModelError(f"{self.name} {reason}")
        module, function = self.place.split(":")
        fit = cast(Fit, getattr(import_module(f"crmstudy.segmentation.{module}"), function))
        n = len(space.customers)
        if n > self.most_fitted:
            rows = sort_points(space.points)[draw_rows(n, seed, most=self.most_fitted)]
            space, target = space.take(rows), None if target is None else target[rows]
        return fit(space, n_segments=n_segments, seed=seed, target=target)


def _lacks_numbers(space: Space) -> str:
    return "" if space.numeric.shape[1] else "needs a number; this block has categories only"


def _has_categories(space: Space) -> str:
    if space.categories.shape[1]:
        return "takes numbers only; this block has categories"
    return _lacks_numbers(space)


def _lacks_categories(space: Space) -> str:
    if space.categories.shape[1] == 0:
        return "needs a category; this block has numbers only"
    return ""


def _lacks_classes(space: Space) -> str:
    if not _lacks_categories(space) and space.categories.shape[1] + space.numeric.shape[1] < 2:
        return "needs two variables; this block has one"
    return _lacks_categories(space)


def _lacks_nothing(space: Space) -> str:
    return ""


#: In the order of the tables.
METHODS = (
    Method(
        "k-means",
        CLUSTERS,
        "methods.partition:fit_kmeans_segments",
        "a number or more",
        _lacks_numbers,
    ),
    Method(
        "Ward",
        CLUSTERS,
        "methods.partition:fit_ward_segments",
        "a number or more",
        _lacks_numbers,
        most_fitted=2_000,  # the tree of all joins needs the square of the number
    ),
    Method(
        "Gaussian mixture",
        CLUSTERS,
        "methods.partition:fit_mixture_segments",
        "numbers only",
        _has_categories,
    ),
    Method(
        "latent classes",
        CLUSTERS,
        "methods.latent_class:fit_latent_class_segments",
        "a category and another variable",
        _lacks_classes,
    ),
    Method(
        "k-prototypes",
        CLUSTERS,
        "methods.prototypes:fit_prototype_segments",
        "a category or more",
        _lacks_categories,
    ),
    Method(
        "factor scores",
        FACTORS,
        "methods.factor_segments:fit_factor_segments",
        "numbers only",
        _lacks_numbers,
    ),
    Method(
        "self-organising map",
        NETWORKS,
        "networks.som_segments:fit_som_segments",
        "any block",
        _lacks_nothing,
    ),
    Method(
        "autoencoder",
        NETWORKS,
        "networks.autoencoder:fit_autoencoder_segments",
        "any block",
        _lacks_nothing,
        most_fitted=800,  # the slowest of all
    ),
    Method(
        "decision tree",
        TREES,
        "trees.tree:fit_tree_segments",
        "any block, and the value of a later period",
        _lacks_nothing,
        supervised=True,
    ),
)


def find_method(name: str) -> Method:
    """Give the method of this name.

    Raises
    ------
    SettingsError
        If there is none.
    """
    for method in METHODS:
        if method.name == name:
            return method
    known = [method.name for method in METHODS]
    raise SettingsError(f"method {name!r}{nearest(name, known)}; known methods: {', '.join(known)}")


def tabulate_methods() -> pd.DataFrame:
    """Arrange the methods: name, family, what they take, whether they see a later value."""
    rows = [
        {
            "method": method.name,
            "family": method.family,
            "takes": method.takes,
            "fitted to at most": method.most_fitted,
            "uses the later period": "yes" if method.supervised else "no",
        }
        for method in METHODS
    ]
    return pd.DataFrame(rows)
