"""What the simulated firm sees on its website and app, and in social media.

Three kinds of sessions: those that end in a purchase of the transactions; visits of customers
without purchase (a Poisson number each); single visits of strangers. A session is a chain of
events, each with a known probability given the one before. Reviews follow purchases, and
their ratings follow satisfaction.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import (
    Integers,
    Moments,
    category,
    draw_shares,
    moments,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.ledger import COMPLETED
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters
from crmstudy.collection.simulate.texts import MENTIONS, REVIEWS

EVENTS = ("visit", "search", "view", "cart", "purchase", "review", "mention")
_EVENT = category(EVENTS)
VISIT, SEARCH, VIEW, CART, PURCHASE, REVIEW, MENTION = range(len(EVENTS))
SOURCES = ("direct", "search engine", "newsletter", "social media", "advertisement")
_SOURCE = category(SOURCES)
# of the sessions that end in a purchase, and of the others
BUYING_SOURCES = (0.40, 0.25, 0.20, 0.05, 0.10)
IDLE_SOURCES = (0.25, 0.30, 0.10, 0.20, 0.15)
_SOCIAL = SOURCES.index("social media")
_MINUTES_BEFORE = {VISIT: (20, 60), VIEW: (6, 20), CART: (1, 6), PURCHASE: (0, 1)}
_MINUTES_AFTER = {VISIT: (0, 1), SEARCH: (1, 3), VIEW: (3, 10), CART: (10, 20)}
_MENTION_SHARE = 0.01  # strangers who write of the firm, as a share of the customers
_RATING_MEAN = 3.8
_TEXTS = [text for level in REVIEWS for language in level for text in language]
_TEXT = category([*_TEXTS, *MENTIONS])

Events = dict[str, np.ndarray]


def draw_web_events(
    rng: np.random.Generator,
    lines: pd.DataFrame,
    people: pd.DataFrame,
    firm: FirmParameters,
    *,
    n_products: int,
) -> pd.DataFrame:
    """Draw the events, by position, in order of time.

    Parameters
    ----------
    lines : DataFrame
        As :func:`ledger.number_baskets` gives them.
    people : DataFrame
        ``registered_day, is_test, chinese, satisfaction``.

    Returns
    -------
    DataFrame
        ``visitor`` (row of ``people``, or further on for strangers), ``known`` (whether
        the event names the customer), ``occurred_at, event, source, product, rating,
        text``; -1 where there is none.
    """
    parts = [
        *_buying_sessions(rng, lines, people),
        *_idle_sessions(rng, people, firm, n_products=n_products),
        _reviews(rng, lines, people, firm),
        _mentions(rng, people, firm),
    ]
    events = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    inside = events["occurred_at"] < moments(np.array(WINDOW_DAYS))
    order = np.flatnonzero(inside)
    key = [events[name][order] for name in ("event", "visitor", "occurred_at")]
    order = order[np.lexsort(key)]
    return pd.DataFrame({name: values[order] for name, values in events.items()})


def _event(kind: int, at: Moments, visitor: Integers, **known: np.ndarray | int | bool) -> Events:
    """Make events of one kind; what is not told is -1, or missing."""
    told: Mapping[str, np.ndarray | int | bool | float] = {
        "known": True,
        "source": -1,
        "product": -1,
        "rating": np.nan,
        "text": -1,
        **known,
    }
    columns = {name: np.broadcast_to(value, at.shape) for name, value in told.items()}
    return {"visitor": visitor, "occurred_at": at, "event": np.full(at.size, kind), **columns}


def _buying_sessions(
    rng: np.random.Generator, lines: pd.DataFrame, people: pd.DataFrame
) -> list[Events]:
    """Draw the way to each basket bought through web or app: visit, view, cart, purchase."""
    bought = _first_lines(lines, people)
    bought = bought[bought["channel"] > 0]
    owner, at = bought["owner"].to_numpy(), bought["ordered_at"].to_numpy()
    source = draw_shares(rng, owner.size, BUYING_SOURCES)
    product = bought["product"].to_numpy()
    events = []
    for kind, (low, high) in _MINUTES_BEFORE.items():
        before = rng.integers(low, high, owner.size).astype("timedelta64[m]")
        shown = -1 if kind == VISIT else product
        events.append(_event(kind, at - before, owner, source=source, product=shown))
    return events


def _first_lines(lines: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Take one line of each basket that a real customer bought."""
    number = lines["number"].to_numpy()
    first = np.diff(number, prepend=-1) != 0
    real = ~people["is_test"].to_numpy()[lines["owner"].to_numpy()]
    return lines[first & real & (lines["status"].to_numpy() == COMPLETED)]


def _idle_sessions(
    rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters, *, n_products: int
) -> list[Events]:
    """Draw visits without purchase: of customers, logged in or not, and of strangers."""
    real = np.flatnonzero(~people["is_test"].to_numpy() & (people["duplicate_of"] < 0).to_numpy())
    owner = np.repeat(real, rng.poisson(firm.web_visits, real.size))
    since = people["registered_day"].to_numpy()[owner]
    n_strangers = round(len(people) * firm.web_anonymous_share)
    visitor = np.concatenate([owner, len(people) + np.arange(n_strangers)])
    since = np.concatenate([since, np.zeros(n_strangers, dtype=int)])
    day = rng.integers(since, WINDOW_DAYS)
    start = moments(day, rng.integers(7 * 60, 23 * 60, day.size))
    known = (rng.random(day.size) < firm.web_known_share) & (visitor < len(people))
    source = draw_shares(rng, day.size, IDLE_SOURCES)
    product = rng.integers(0, n_products, day.size)
    searches = rng.random(day.size) < firm.web_search_share
    views = rng.random(day.size) < firm.web_view_share
    carts = views & (rng.random(day.size) < firm.web_cart_share)
    chosen = {VISIT: np.ones(day.size, dtype=bool), SEARCH: searches, VIEW: views, CART: carts}
    events = []
    for kind, happens in chosen.items():
        low, high = _MINUTES_AFTER[kind]
        after = rng.integers(low, high, int(happens.sum())).astype("timedelta64[m]")
        events.append(
            _event(
                kind,
                start[happens] + after,
                visitor[happens],
                known=known[happens],
                source=source[happens],
                product=product[happens] if kind in (VIEW, CART) else -1,
            )
        )
    return events


def _reviews(
    rng: np.random.Generator, lines: pd.DataFrame, people: pd.DataFrame, firm: FirmParameters
) -> Events:
    """Draw reviews of what was bought; the rating is 1 to 5 points, cut from a normal score."""
    bought = _first_lines(lines, people)
    bought = bought[rng.random(len(bought)) < firm.web_review_share]
    owner, tie = bought["owner"].to_numpy(), firm.web_review_satisfaction
    liking = tie * people["satisfaction"].to_numpy()[owner]
    liking = liking + np.sqrt(1 - tie**2) * rng.standard_normal(owner.size)
    rating = np.clip(np.rint(_RATING_MEAN + liking), 1, 5)
    level = np.digitize(rating, [2.5, 3.5])
    n_texts = len(REVIEWS[0][0])
    chinese = people["chinese"].to_numpy(dtype=int)[owner]
    text = n_texts * (2 * level + chinese) + rng.integers(0, n_texts, owner.size)
    after = rng.integers(1 * 1440, 15 * 1440, owner.size).astype("timedelta64[m]")
    at = bought["ordered_at"].to_numpy() + after
    product = bought["product"].to_numpy()
    return _event(REVIEW, at, owner, product=product, rating=rating, text=text)


def _mentions(rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters) -> Events:
    """Draw what strangers write of the firm elsewhere."""
    count = round(len(people) * _MENTION_SHARE)
    after_visitors = len(people) + round(len(people) * firm.web_anonymous_share)
    day = rng.integers(0, WINDOW_DAYS, count)
    at = moments(day, rng.integers(7 * 60, 23 * 60, count))
    text = len(_TEXTS) + rng.integers(0, len(MENTIONS), count)
    who = after_visitors + np.arange(count)
    return _event(MENTION, at, who, known=False, source=_SOCIAL, text=text)


def count_visitors(n_customers: int, firm: FirmParameters) -> int:
    """Count the visitors of one block: its customers, strangers, and who writes of the firm."""
    strangers = round(n_customers * firm.web_anonymous_share)
    return n_customers + strangers + round(n_customers * _MENTION_SHARE)


def write_web_events(
    events: pd.DataFrame,
    ids: pd.CategoricalDtype,
    products: pd.DataFrame,
    *,
    n_visitors: int,
    first_number: int,
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions."""
    visitor = events["visitor"].to_numpy()
    visitors = category(number_ids("V", first_number + np.arange(n_visitors)))
    return pd.DataFrame(
        {
            "visitor_id": pick(visitor, visitors),
            "customer_id": pick(np.where(events["known"], visitor, -1), ids),
            "occurred_at": events["occurred_at"],
            "event": pick(events["event"].to_numpy(), _EVENT),
            "source": pick(events["source"].to_numpy(), _SOURCE),
            "product_id": pick(events["product"].to_numpy(), products["product_id"]),
            "rating": events["rating"],
            "text": pick(events["text"].to_numpy(), _TEXT),
        }
    )
