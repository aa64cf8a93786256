"""Who showed interest in the simulated firm, and who of them became a customer.

A lead that became a customer is a person of the customer table, recorded earlier and by
somebody else: with mistakes and gaps. Only some name the customer; the others must be
linked by what they say of the person, and the truth of it stands in no table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import (
    category,
    draw_shares,
    moments,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters
from crmstudy.collection.simulate.people import REGIONS, SEXES
from crmstudy.collection.simulate.persons import draw_persons, record_again

_SOURCES = category(("fair", "website form", "advertisement", "recommendation", "call centre"))
_SOURCE_SHARES = (0.15, 0.40, 0.20, 0.15, 0.10)
_STATUS = category(("new", "contacted", "qualified", "won", "lost"))
_OPEN_SHARES = (0.25, 0.30, 0.15, 0.0, 0.30)  # of the leads that are no customers
_WON = 3


def draw_leads(
    rng: np.random.Generator,
    people: pd.DataFrame,
    persons: pd.DataFrame,
    firm: FirmParameters,
    *,
    first_number: int,
) -> pd.DataFrame:
    """Draw the leads, by position, in order of the day they were recorded.

    Parameters
    ----------
    people, persons : DataFrame
        The customers, and what their own records say of them.

    Returns
    -------
    DataFrame
        ``owner`` (row of the customer, -1 for none), ``known`` (whether the record names
        the customer), ``created_day, source, status``, and the columns of ``persons``.
    """
    count = round(len(people) * firm.lead_share)
    real = np.flatnonzero(~people["is_test"].to_numpy() & (people["duplicate_of"] < 0).to_numpy())
    converted = rng.random(count) < firm.lead_conversion
    owner = np.full(count, -1)
    chosen = rng.permutation(real)[: int(converted.sum())]
    owner[np.flatnonzero(converted)[: chosen.size]] = chosen
    won = owner >= 0
    registered = people["registered_day"].to_numpy()[owner]
    before = registered - rng.integers(1, 61, count)
    day = np.where(won, before, rng.integers(-60, WINDOW_DAYS, count))
    leads = pd.DataFrame(
        {
            "owner": owner,
            "known": won & (rng.random(count) < firm.lead_known_share),
            "created_day": day,
            "source": draw_shares(rng, count, _SOURCE_SHARES),
            "status": np.where(won, _WON, draw_shares(rng, count, _OPEN_SHARES)),
        }
    )
    again = record_again(rng, persons.take(chosen), firm, mark="p")
    others = _draw_strangers(rng, day[~won], firm, first_number=first_number)
    told = pd.concat([again, others], ignore_index=True)
    place = np.empty(count, dtype=int)
    place[np.concatenate([np.flatnonzero(won), np.flatnonzero(~won)])] = np.arange(count)
    joined = pd.concat([leads, told.take(place).reset_index(drop=True)], axis=1)
    order = np.lexsort((np.arange(count), day))
    return joined.take(order).reset_index(drop=True)


def _draw_strangers(
    rng: np.random.Generator, created_day: np.ndarray, firm: FirmParameters, *, first_number: int
) -> pd.DataFrame:
    """Draw persons who are no customers, with the same gaps as the others."""
    count = created_day.size
    strangers = pd.DataFrame(
        {
            "chinese": rng.random(count) < firm.person_chinese_share,
            "sex": pick(rng.integers(0, 2, count), SEXES),
            "region": pick(rng.integers(0, 5, count), REGIONS),
            "age": rng.integers(18, 80, count),
            "registered_day": created_day,
        }
    )
    persons = draw_persons(rng, strangers, firm, first_number=first_number, mark="x")
    return record_again(rng, persons, firm, mark="q")


def write_leads(
    leads: pd.DataFrame, ids: pd.CategoricalDtype, *, first_number: int
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions."""
    told = {name: leads[name] for name in ("name", "email", "phone", "postcode", "birth_year")}
    return pd.DataFrame(
        {
            "lead_id": number_ids("L", first_number + np.arange(len(leads))),
            "customer_id": pick(np.where(leads["known"], leads["owner"], -1), ids),
            "created_on": moments(leads["created_day"].to_numpy()),
            "source": pick(leads["source"].to_numpy(), _SOURCES),
            "status": pick(leads["status"].to_numpy(), _STATUS),
            **told,
        }
    )
