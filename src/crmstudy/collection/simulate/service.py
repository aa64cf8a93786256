"""How the simulated firm serves its customers, and what that costs: tickets and ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from crmstudy.collection.simulate.draws import (
    Booleans,
    Floats,
    Integers,
    Moments,
    category,
    draw_by_group,
    moments,
    number_ids,
    pick,
    text_array,
)
from crmstudy.collection.simulate.parameters import (
    CAMPAIGN_STARTS_ON,
    SERVICE_CHANGE_DAY,
    WINDOW_DAYS,
    WINDOW_ENDS_ON,
    WINDOW_STARTS_ON,
    FirmParameters,
)
from crmstudy.collection.simulate.texts import N_TEXTS, TOPICS

_CHANNELS = category(("phone", "e-mail", "chat"))
_TOPIC = category(dict.fromkeys(topic for _, topic in TOPICS))
_TEXT = category([text for key in TOPICS for language in TOPICS[key][1:] for text in language])


def draw_contacts(
    rng: np.random.Generator,
    purchases: pd.DataFrame,
    people: pd.DataFrame,
    firm: FirmParameters,
) -> pd.DataFrame:
    """Draw the service tickets that follow purchases, by owner, in order of time.

    Response and resolution times are log-normal, response times longer for customers
    with a high latent ``delay``; what has not happened when the window ends is
    missing. Purchases added by the campaign open no tickets.

    Parameters
    ----------
    purchases : DataFrame
        ``owner, day`` as drawn by :func:`ledger.draw_purchases`.
    people : DataFrame
        ``chinese`` and latent ``satisfaction, delay``; the log odds of a complaint are
        linear in satisfaction.

    Returns
    -------
    DataFrame
        ``owner, opened_at, first_response_at, resolved_at, channel, topic, complaint,
        text`` (position of the text), ``unknown`` (the ticket does not name the
        customer), ``signed``.
    """
    asks = rng.random(len(purchases)) < firm.service_ticket_share
    owner = purchases["owner"].to_numpy()[asks]
    day = purchases["day"].to_numpy()[asks] + rng.integers(0, 11, owner.size)
    minute = rng.integers(8 * 60, 20 * 60, owner.size)
    luck, weight = people["delay"].to_numpy()[owner], firm.service_delay_weight
    slow = weight * luck + np.sqrt(1 - weight**2) * rng.standard_normal(owner.size)
    response = _minutes(slow, _median_response_hours(day, firm), firm)
    steady = np.full(day.size, firm.service_resolution_hours)
    resolution = _minutes(rng.standard_normal(owner.size), steady, firm)
    satisfaction = people["satisfaction"].to_numpy()[owner]
    log_odds = firm.service_complaint_intercept + firm.service_complaint_slope * satisfaction
    complaint = rng.random(owner.size) < expit(log_odds)
    topic, text = _draw_topics(rng, complaint, people["chinese"].to_numpy()[owner])
    drawn = pd.DataFrame(
        {
            "owner": owner,
            "opened_at": moments(day, minute),
            "first_response_at": moments(day, minute + response),
            "resolved_at": moments(day, minute + response + resolution),
            "channel": pick(rng.integers(0, len(_CHANNELS.categories), owner.size), _CHANNELS),
            "topic": topic,
            "complaint": complaint,
            "text": text,
            "unknown": rng.random(owner.size) < firm.service_unknown_share,
            "signed": rng.random(owner.size) < firm.service_signed_share,
        }
    )
    return _close_window(drawn)


def write_contacts(
    tickets: pd.DataFrame, persons: pd.DataFrame, ids: pd.CategoricalDtype, *, first_number: int
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions, and who wrote.

    A ticket says what its channel tells of the writer: a telephone number, an e-mail
    address, or a name typed into the chat. Those that do not name the customer can be
    linked by it.
    """
    owner = tickets["owner"].to_numpy()
    channel = tickets["channel"].cat.codes.to_numpy()
    who = persons.take(owner).reset_index(drop=True)
    told = {name: who[name].where(channel == place) for place, name in enumerate(_TELLS)}
    return pd.DataFrame(
        {
            "contact_id": number_ids("T", first_number + np.arange(owner.size)),
            "customer_id": pick(np.where(tickets["unknown"], -1, owner), ids),
            **{name: tickets[name] for name in _AS_DRAWN},
            "text": _sign(tickets, who),
            **{name: told[name] for name in ("name", "email", "phone")},
        }
    )


_TELLS = ("phone", "email", "name")  # by channel
_AS_DRAWN = ("opened_at", "first_response_at", "resolved_at", "channel", "topic", "complaint")


def _sign(tickets: pd.DataFrame, who: pd.DataFrame) -> pd.api.extensions.ExtensionArray:
    """Put name and e-mail address below some of the texts."""
    texts = pa.array(_TEXT.categories, pa.string())
    text = texts.take(pa.array(tickets["text"].to_numpy()))
    email = pc.fill_null(pa.array(who["email"], pa.string()), "")
    signature = pc.binary_join_element_wise(pa.array(who["name"], pa.string()), email, ", ")
    signed = pc.binary_join_element_wise(text, signature, " ")
    return text_array(pc.if_else(pa.array(tickets["signed"].to_numpy()), signed, text))


def _median_response_hours(day: Integers, firm: FirmParameters) -> Floats:
    changed = day >= SERVICE_CHANGE_DAY
    return np.where(changed, firm.service_response_hours_after, firm.service_response_hours_before)


def _minutes(score: Floats, median_hours: Floats, firm: FirmParameters) -> Integers:
    """Turn standard normal scores into whole minutes, log-normal around a median."""
    log_minutes = np.log(60 * median_hours) + firm.service_response_sigma * score
    # what takes longer than the window is missing in any case
    return np.rint(np.exp(np.clip(log_minutes, 0, np.log(WINDOW_DAYS * 1440)))).astype(int)


def _draw_topics(
    rng: np.random.Generator, complaint: Booleans, in_chinese: Booleans
) -> tuple[pd.Categorical, Integers]:
    """Draw topic and text of each ticket, given its kind and language."""
    keys = list(TOPICS)
    is_complaint = np.array([key[0] for key in keys])
    share = np.array([TOPICS[key][0] for key in keys])
    shares = [np.where(is_complaint == kind, share, 0.0) for kind in (False, True)]
    code = draw_by_group(rng, complaint.astype(int), np.array(shares))
    topics = list(_TOPIC.categories)
    topic = np.array([topics.index(key[1]) for key in keys])[code]
    text = N_TEXTS * (2 * code + in_chinese) + rng.integers(0, N_TEXTS, complaint.size)
    return pick(topic, _TOPIC), text


def _close_window(tickets: pd.DataFrame) -> pd.DataFrame:
    """Keep the tickets opened inside the window, sorted by time, and hide the future."""
    end = moments(np.array(WINDOW_DAYS))
    kept = tickets[tickets["opened_at"] < end]
    order = np.lexsort((kept["owner"], kept["opened_at"]))
    kept = kept.iloc[order].reset_index(drop=True)
    for column in ("first_response_at", "resolved_at"):
        kept[column] = kept[column].where(kept[column] < end)
    return kept


@dataclass(frozen=True)
class CostDrivers:
    """What the ledger of costs is added up from, month by month; sums over customers.

    Parameters
    ----------
    tickets, customers : ndarray of shape (24,)
        Tickets opened in each month; customers registered by then.
    treated : int
        Customers whom the campaign treats.
    """

    tickets: Integers
    customers: Integers
    treated: int

    def __add__(self, other: CostDrivers) -> CostDrivers:
        return CostDrivers(
            self.tickets + other.tickets,
            self.customers + other.customers,
            self.treated + other.treated,
        )


def count_cost_drivers(
    people: pd.DataFrame, campaigns: pd.DataFrame, tickets: pd.DataFrame
) -> CostDrivers:
    """Count what costs money, for the customers of one block."""
    months = _months()
    opened = tickets["opened_at"].to_numpy().astype("datetime64[M]")
    registered = moments(people["registered_day"].to_numpy()).astype("datetime64[M]")
    first = months[0].astype(int)
    opened_in = np.bincount(opened.astype(int) - first, minlength=months.size)
    joined_in = np.bincount(registered.astype(int) - first, minlength=months.size)
    return CostDrivers(opened_in, joined_in.cumsum(), int(campaigns["treated"].sum()))


def _months() -> Moments:
    first = WINDOW_STARTS_ON.astype("datetime64[M]")
    return np.arange(first, WINDOW_ENDS_ON.astype("datetime64[M]") + 1)


def add_up_costs(drivers: CostDrivers, firm: FirmParameters) -> pd.DataFrame:
    """Add up the monthly ledger of costs from what happened; nothing in it is random.

    Returns
    -------
    DataFrame
        ``period`` (first day of the month), ``cost_type, amount``, four rows a month.
    """
    months = _months()
    campaign_month = months == CAMPAIGN_STARTS_ON.astype("datetime64[M]")
    amounts = {
        "service": drivers.tickets * firm.cost_service_per_ticket,
        "care": drivers.customers * firm.cost_care_per_customer,
        "platform": np.full(months.size, firm.cost_platform_per_month),
        "campaign": campaign_month * drivers.treated * firm.cost_campaign_per_customer,
    }
    ledger = pd.DataFrame({"period": months.astype("datetime64[us]"), **amounts})
    long = ledger.melt("period", var_name="cost_type", value_name="amount")
    long["amount"] = long["amount"].round(2)
    return long.sort_values("period", kind="stable", ignore_index=True)
