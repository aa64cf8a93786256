"""One block of criteria made comparable: what every method clusters, every measure uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Space:
    """Customers as points, and the variables behind them.

    Parameters
    ----------
    name : str
        The block of criteria.
    points : array of shape (n_customers, n_dimensions)
        Coordinates in which distances are taken: the numbers in ``numeric``, and one
        indicator for each level of ``categories``, scaled so that the indicators of one
        variable have variance 1 together, as a standardised number has.
    numeric : DataFrame of shape (n_customers, n_numbers)
        Transformed numbers; may have no column.
    categories : DataFrame of shape (n_customers, n_categories)
        Levels as text; may have no column. An unknown level is ``"unknown"``.
    steps : DataFrame
        What was done to each variable, one row a variable.
    n_left_out : int
        Customers left out for a missing number.
    """

    name: str
    points: npt.NDArray[np.float64]
    numeric: pd.DataFrame
    categories: pd.DataFrame
    steps: pd.DataFrame
    n_left_out: int

    @property
    def customers(self) -> pd.Index:
        """Identifiers of the customers, in the order of the points."""
        return self.numeric.index

    def take(self, rows: npt.NDArray[np.intp]) -> Space:
        """Give the customers at these positions, repeated where a position is."""
        return replace(
            self,
            points=self.points[rows],
            numeric=self.numeric.iloc[rows],
            categories=self.categories.iloc[rows],
        )
