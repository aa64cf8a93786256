"""Who recommended the simulated firm to whom."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import Integers
from crmstudy.collection.simulate.parameters import FirmParameters


def draw_referrals(
    rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters
) -> Integers:
    """Draw the customer who recommended the shop to each of the others.

    Only who had bought before the other registered can have done so; among these, the
    chance grows with satisfaction. Who was the first to buy had nobody to hear it from.

    Parameters
    ----------
    people : DataFrame
        In the order of ``first_day``; also ``registered_day, prospect, satisfaction``.

    Returns
    -------
    ndarray of shape (n_customers,)
        Row of ``people``; -1 for nobody.
    """
    buyers = np.flatnonzero(~people["prospect"].to_numpy())
    first_day = people["first_day"].to_numpy()[buyers]
    weight = np.exp(firm.referral_satisfaction * people["satisfaction"].to_numpy()[buyers])
    total = np.concatenate([[0.0], np.cumsum(weight)])
    n_before = np.searchsorted(first_day, people["registered_day"].to_numpy()[buyers], side="left")
    referred = (rng.random(buyers.size) < firm.referral_share) & (n_before > 0)
    place = np.searchsorted(total, rng.random(buyers.size) * total[n_before], side="right") - 1
    found = np.full(len(people), -1, dtype=np.int64)
    # Rounding may lead past the last one who comes in question.
    chosen = np.minimum(place, n_before - 1)[referred]
    found[buyers[referred]] = buyers[chosen]
    return found
