"""What came through recommendations, without counting anybody twice.

The value of a recommended customer is her own. What recommenders brought in is therefore
shown beside their value, not in it; a share of it can be moved from the recommended to
the recommender, which leaves the sum over all customers as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import SettingsError
from crmstudy.value.worth.allocation import add_up

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Referrals:
    """Who recommended whom, inside the ledger.

    Parameters
    ----------
    recommender, recommended : arrays of int
        Positions in the population, one pair a recommendation.
    outside : int
        Recommendations by or of somebody who is not in the ledger.
    """

    recommender: npt.NDArray[np.int64]
    recommended: npt.NDArray[np.int64]
    outside: int

    def credit(self, values: Floats) -> Floats:
        """Sum the value of those whom each customer recommended."""
        return add_up(self.recommender, values[self.recommended], values.size)

    def count(self, n: int) -> npt.NDArray[np.int64]:
        """How many each customer recommended."""
        return np.bincount(self.recommender, minlength=n)

    def transfer(self, values: Floats, share: float) -> Floats:
        """Move a share of value from the recommended to who recommended them.

        Every customer gives from her own value, so that it adds up to nothing.
        """
        given = np.zeros(values.size)
        given[self.recommended] = share * values[self.recommended]
        return np.asarray(share * self.credit(values) - given)


def find_referrals(customers: pd.DataFrame, population: pd.Index) -> Referrals:
    """Find the recommendations of which both sides are in the ledger.

    Nobody recommends herself, and a customer has one recommender.
    """
    named = customers.loc[customers["referred_by"].notna(), ["customer_id", "referred_by"]]
    named = named[named["customer_id"] != named["referred_by"]].drop_duplicates("customer_id")
    by = population.get_indexer(pd.Index(named["referred_by"])).astype(np.int64)
    whom = population.get_indexer(pd.Index(named["customer_id"])).astype(np.int64)
    inside = (by >= 0) & (whom >= 0)
    order = np.lexsort((by[inside], whom[inside]))
    return Referrals(by[inside][order], whom[inside][order], int((~inside).sum()))


def check_share(share: float) -> None:
    """Refuse a share of referral value outside 0 to 1."""
    if not 0 <= share <= 1:
        raise SettingsError(f"referral_share must be between 0 and 1, found {share}")
