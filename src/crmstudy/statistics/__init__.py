"""Statistics that several chapters share: variance tests, association, factor analysis."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.statistics.factor_screen import screen_factors
    from crmstudy.statistics.factors import fit_factors, sort_loadings

_HOME = {
    "fit_factors": "factors",
    "screen_factors": "factor_screen",
    "sort_loadings": "factors",
}

__all__ = [
    "fit_factors",
    "screen_factors",
    "sort_loadings",
]

__getattr__ = lazy_names(__name__, _HOME)
