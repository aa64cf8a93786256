"""What the simulated customers consent to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import (
    Booleans,
    Integers,
    category,
    moments,
    pick,
)
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters

PURPOSES = ("analysis", "marketing", "survey", "sharing")
_PURPOSE = category(PURPOSES)


def draw_consents(
    rng: np.random.Generator, people: pd.DataFrame, ids: pd.CategoricalDtype, firm: FirmParameters
) -> tuple[pd.DataFrame, dict[str, Booleans]]:
    """Draw each customer's decision on each purpose, and what is turned round later.

    Returns
    -------
    consents : DataFrame
        ``customer_id, purpose, given, decided_on``: four decisions at registration in
        the order of the customers, then the changes.
    standing : dict of str to ndarray
        Purpose to each customer's last decision.
    """
    shape = (len(people), len(PURPOSES))
    rates = np.array([getattr(firm, f"consent_{purpose}") for purpose in PURPOSES])
    first = rng.random(shape) < rates
    changed = rng.random(shape) < firm.consent_changed_share
    day = people["registered_day"].to_numpy()
    later = rng.integers(day[:, None] + 1, WINDOW_DAYS, shape)
    owner, purpose = np.divmod(np.arange(first.size), len(PURPOSES))
    turned_owner, turned_purpose = np.nonzero(changed)
    consents = pd.DataFrame(
        {
            "customer_id": pick(np.concatenate([owner, turned_owner]), ids),
            "purpose": pick(np.concatenate([purpose, turned_purpose]), _PURPOSE),
            "given": np.concatenate([first.ravel(), ~first[changed]]),
            "decided_on": moments(np.concatenate([day[owner], later[changed]])),
        }
    )
    standing = first ^ changed
    return consents, {name: standing[:, place] for place, name in enumerate(PURPOSES)}


def choose_consenting(
    rng: np.random.Generator, people: pd.DataFrame, consenting: Booleans, *, share: float
) -> Integers:
    """Choose a share of the buyers at random, all of whom consent, in random order.

    Fewer are chosen where fewer consent.
    """
    buyers = rng.permutation(np.flatnonzero(~people["prospect"].to_numpy()))
    willing = buyers[consenting[buyers]]
    return willing[: round(buyers.size * share)]


def final_consent_rates(firm: FirmParameters) -> dict[str, float]:
    """Compute the share of customers whose last decision is yes, by purpose."""
    turned = firm.consent_changed_share
    rates = {purpose: getattr(firm, f"consent_{purpose}") for purpose in PURPOSES}
    return {name: given * (1 - turned) + (1 - given) * turned for name, given in rates.items()}
