"""Indicators that leads, visits, campaigns and service tickets measure."""

from __future__ import annotations

import numpy as np

from crmstudy.errors import ModelError
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.intervals import Measurement, measure_median, measure_share

#: Events of a visitor on the firm's own pages; reviews and mentions also stand elsewhere.
VISITING = ("visit", "view", "search", "cart", "purchase")
UNDECIDED = ("new", "contacted", "qualified")
SECONDS_OF_HOUR = 3600.0


def measure_lead_conversion(evidence: Evidence) -> Measurement:
    """Share of the leads of the window that are won."""
    status = evidence.within("leads", "created_on", "status")["status"]
    if status.empty:
        raise ModelError("no lead was recorded in the window")
    found = measure_share(int((status == "won").sum()), len(status), level=evidence.level)
    open_ones = int(status.isin(UNDECIDED).sum())
    return found.say(f"{open_ones} of {len(status)} undecided, not counted as won")


def measure_visitor_conversion(evidence: Evidence) -> Measurement:
    """Share of the visitors of the window with a purchase event in it."""
    events = evidence.within("web_events", "occurred_at", "visitor_id", "event")
    visits = events[events["event"].isin(VISITING)]
    visitors = visits["visitor_id"].nunique()
    if visitors == 0:
        raise ModelError("no visit was recorded in the window")
    buying = visits.loc[visits["event"] == "purchase", "visitor_id"].nunique()
    return measure_share(buying, visitors, level=evidence.level)


def measure_campaign_response(evidence: Evidence) -> Measurement:
    """Share of the customers addressed by campaigns of the window who responded."""
    keys = ["campaign_id", "customer_id"]
    addressed = evidence.within("campaigns", "start_on", *keys)
    if "treated" in addressed:  # held-back customers were not addressed
        addressed = addressed[addressed["treated"].fillna(True).astype(bool)]
    pairs = addressed[keys].drop_duplicates()
    if pairs.empty:
        raise ModelError("no campaign began in the window")
    answered = evidence.table("responses", *keys)[keys].drop_duplicates()
    responses = len(pairs.merge(answered, on=keys))
    found = measure_share(responses, len(pairs), level=evidence.level)
    count = pairs["campaign_id"].nunique()
    return found.say(f"{count} campaign{'' if count == 1 else 's'}")


def measure_first_response(evidence: Evidence) -> Measurement:
    """Median hours from opening a ticket to its first answer."""
    tickets = evidence.within("contacts", "opened_at", "first_response_at")
    if tickets.empty:
        raise ModelError("no ticket was opened in the window")
    waits = (tickets["first_response_at"] - tickets["opened_at"]).dt.total_seconds()
    waited = waits.to_numpy(dtype=float) / SECONDS_OF_HOUR
    unanswered = int(np.isnan(waited).sum())
    waiting = np.where(np.isnan(waited), np.inf, waited)
    found = measure_median(waiting, level=evidence.level)
    return found.say(f"{unanswered} unanswered") if unanswered else found
