"""Categories as coordinates: one indicator a level, each variable of variance 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Indicators:
    """The levels that were met, and how their indicators are centred and scaled.

    Parameters
    ----------
    shares : dict of str to Series
        For each variable the share of the customers at each level, levels sorted.
    """

    shares: dict[str, pd.Series]

    @property
    def names(self) -> list[str]:
        """Names of the categories."""
        return list(self.shares)

    def apply(self, categories: pd.DataFrame) -> Floats:
        """Give the coordinates; a level never met stands at the middle of its variable.

        Returns
        -------
        array of shape (n_customers, n_levels of all variables)
        """
        blocks = [np.zeros((len(categories), 0))]
        for name, shares in self.shares.items():
            code = shares.index.get_indexer(pd.Index(categories[name]))
            centred = np.vstack([np.eye(len(shares)) - shares.to_numpy(), np.zeros(len(shares))])
            scale = np.sqrt(1 - float((shares**2).sum()))
            blocks.append(centred[code] / scale)  # the last row is that of code -1
        return np.hstack(blocks)

    def find_unseen(self, categories: pd.DataFrame) -> pd.DataFrame:
        """Count the customers at levels that were never met: variable, level, n_customers."""
        rows = [
            (name, level, int(count))
            for name, shares in self.shares.items()
            for level, count in categories[name].value_counts().sort_index().items()
            if level not in shares.index
        ]
        return pd.DataFrame(rows, columns=["variable", "level", "n_customers"])

    def table(self, categories: pd.DataFrame) -> pd.DataFrame:
        """State for each category its kind, levels, and customers of unknown level."""
        rows = {
            name: {
                "kind": "category",
                "reshaped": "one indicator a level",
                "n_levels": len(shares),
                "n_unknown": int((categories[name] == "unknown").sum()),
            }
            for name, shares in self.shares.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")


def learn_indicators(categories: pd.DataFrame) -> Indicators:
    """Count the levels of each category.

    Raises
    ------
    ModelError
        If a category is equal for all customers.
    """
    shares = {
        str(name): categories[name].value_counts(normalize=True).sort_index() for name in categories
    }
    constant = [name for name, share in shares.items() if len(share) < 2]
    if constant:
        raise ModelError(f"a category that is equal for all customers: {', '.join(constant)}")
    return Indicators(shares)
