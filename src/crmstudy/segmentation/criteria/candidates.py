"""What a study's tables offer as criteria of segmentation, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.collection.features import definitions
from crmstudy.collection.features.mix import UNKNOWN, ProductMix
from crmstudy.collection.fieldwork.constructs import score_constructs
from crmstudy.errors import DataError, NotAvailable
from crmstudy.instrument import Instrument
from crmstudy.segmentation.criteria.levels import POSTCODE

Block = Literal["demographic", "geographic", "behavioural", "needs", "value"]
Kind = Literal["number", "part", "category", "day"]

#: Words of a column's name that make it a place.
PLACES = frozenset(
    (
        "address",
        "area",
        "city",
        "commune",
        "country",
        "county",
        "district",
        "location",
        "municipality",
        "place",
        "postal",
        "postcode",
        "prefecture",
        "province",
        "region",
        "state",
        "store",
        "suburb",
        "territory",
        "town",
        "urban",
        "zip",
        "zipcode",
    )
)
PLACES_ZH = ("地区", "地址", "城市", "省", "区域", "邮编", "邮政", "国家", "门店")
#: Columns of customers that say nothing of the person.
NO_TRAIT = ("customer_id", "referred_by", "registered_on", "is_test", "name", "email", "phone")
#: Words with which the names of stores begin.
STORE = re.compile(r"(store|shop|branch|outlet|filiale|门店|店)\W*\w", re.IGNORECASE)
LAST = re.compile(rf"{POSTCODE.pattern}|birth_year", re.IGNORECASE)
MOST_CHANNELS = 6  # more ways to buy than these, named like stores, are places

#: Features that are criteria as they are: block, what they stand for. One for each trait:
#: lines bought on promotion say what discounts say, too, and twice would weigh double.
FEATURES: dict[str, tuple[Block, str]] = {
    "days_since_last_purchase": ("behavioural", "recency"),
    "n_purchases": ("behavioural", "frequency"),
    "revenue": ("behavioural", "money"),
    "main_channel_share": ("behavioural", "channel"),
    "return_share": ("behavioural", "returns"),
    "weekend_share": ("behavioural", "time of purchase"),
    "evening_share": ("behavioural", "time of purchase"),
    "n_web_sessions": ("behavioural", "web"),
    "n_tickets": ("behavioural", "service"),
    "price_index": ("needs", "price level"),
    "promoted_share": ("needs", "promotion sensitivity"),
    "coupon_share": ("needs", "coupon use"),
}


@dataclass(frozen=True)
class Candidate:
    """One variable that customers may be segmented by.

    Parameters
    ----------
    name : str
        Its column.
    block : str
        The block of criteria it belongs to.
    kind : str
        number, part (of a whole: shares that sum to 1), category or day.
    unit, source, definition : str
        In words; the source is the canonical table.
    values : Series
        Indexed as the customers; missing where not known.
    """

    name: str
    block: Block
    kind: Kind
    unit: str
    source: str
    definition: str
    values: pd.Series


def offer_behaviour(features: pd.DataFrame) -> Iterator[Candidate]:
    """Offer what the features say of buying: behaviour, needs, value.

    All are defined for whoever bought once, so that nobody is left out for buying rarely.
    """
    known = {feature.name: feature for feature in definitions.FEATURES}
    for name, (block, stands_for) in FEATURES.items():
        if name in features:
            feature = known[name]
            meaning = f"{stands_for}: {feature.definition}"
            values = features[name]
            yield Candidate(name, block, "number", feature.unit, feature.table, meaning, values)
    yield from _offer_rhythm(features)
    yield from _offer_channel(features)
    yield from _offer_value(features)


def _offer_rhythm(features: pd.DataFrame) -> Iterator[Candidate]:
    if {"n_lines", "n_purchases"} <= set(features):
        yield Candidate(
            "lines_per_purchase",
            "behavioural",
            "number",
            "lines",
            "transactions",
            "basket: lines bought divided by purchases",
            features["n_lines"] / features["n_purchases"],
        )
    if {"tenure_days", "n_purchase_days"} <= set(features):
        yield Candidate(
            "days_per_purchase_day",
            "behavioural",
            "number",
            "days",
            "transactions",
            "rhythm: days from the first purchase to the end, divided by purchase days",
            (features["tenure_days"] + 1) / features["n_purchase_days"],
        )


def _offer_channel(features: pd.DataFrame) -> Iterator[Candidate]:
    if "main_channel" not in features:
        return
    channel = features["main_channel"]
    if are_stores(channel):
        definition = "store of most purchases"
        yield Candidate(
            "main_store", "geographic", "category", "", "transactions", definition, channel
        )
    else:
        definition = "channel of most purchases"
        yield Candidate(
            "main_channel", "behavioural", "category", "", "transactions", definition, channel
        )


def are_stores(channels: pd.Series) -> bool:
    """Say whether channels are places: more than six, most of them named like stores."""
    names = channels.dropna().unique()
    called = sum(bool(STORE.match(str(name))) for name in names)
    return len(names) > MOST_CHANNELS and 2 * called > len(names)


def _offer_value(features: pd.DataFrame) -> Iterator[Candidate]:
    if "revenue" in features:
        revenue = features["revenue"]
        yield Candidate("revenue", "value", "number", "money", "transactions", "revenue", revenue)
        total = float(revenue.sum())
        definition = "the customer's share of all revenue"
        yield Candidate(
            "share_of_revenue",
            "value",
            "number",
            "share",
            "transactions",
            definition,
            revenue / total if total else revenue * np.nan,
        )
    if "margin" in features:
        definition = "revenue less cost of the goods"
        yield Candidate(
            "margin", "value", "number", "money", "transactions", definition, features["margin"]
        )


def offer_persons(
    customers: pd.DataFrame, index: pd.Index, *, geographic: Sequence[str] | None
) -> Iterator[Candidate]:
    """Offer the attributes of customers, as persons or as places.

    Raises
    ------
    DataError
        If a customer stands twice, or there is no ``customer_id``.
    """
    if "customer_id" not in customers:
        raise DataError("customers have no column customer_id: nothing can be joined")
    if customers["customer_id"].duplicated().any():
        twice = customers.loc[customers["customer_id"].duplicated(), "customer_id"].iloc[0]
        raise DataError(f"customers hold {twice!r} twice; one row a customer is needed")
    known = customers.set_index("customer_id").reindex(index)
    traits = [str(name) for name in known if name not in NO_TRAIT]
    # Last come those that may say what another says better: a postal zone, a year of birth.
    for name in sorted(traits, key=lambda name: bool(LAST.fullmatch(name))):
        place = is_place(name) if geographic is None else name in geographic
        block: Block = "geographic" if place else "demographic"
        if name == "channel":
            block = "behavioural"
        values, kind = _as_trait(known[name])
        definition = f"{name.replace('_', ' ')}, as the customer's record says"
        yield Candidate(name, block, kind, "", "customers", definition, values)


def is_place(name: str) -> bool:
    """Say whether a column's name is that of a place."""
    words = set(re.split(r"[\W_\d]+", name.lower()))
    return bool(words & PLACES) or any(word in name for word in PLACES_ZH)


def _as_trait(values: pd.Series) -> tuple[pd.Series, Kind]:
    """Read an attribute: a number of more than two values is one, all else are levels."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values, "day"
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "yes", False: "no"}).astype("str"), "category"
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 2:
        return values.astype("float64"), "number"
    return values.astype("str"), "category"


def offer_mix(mix: ProductMix, index: pd.Index) -> Iterator[Candidate]:
    """Offer the shares of what a customer's known money was spent on.

    More given back than bought counts as nothing bought; who spent nothing on a known
    level has no shares.
    """
    spend = mix.spend.drop(columns=UNKNOWN, errors="ignore").clip(lower=0.0).reindex(index)
    total = spend.sum(axis=1)
    shares = spend.div(total.where(total > 0), axis=0)
    block: Block = "behavioural" if mix.level == "channel" else "needs"
    source = "transactions" if mix.level == "channel" else "products"
    for name, level in zip(_name_shares(spend.columns), spend.columns, strict=True):
        definition = f"share of the money spent on {mix.level} {level}"
        yield Candidate(name, block, "part", "share", source, definition, shares[level])


def _name_shares(levels: Iterable[str]) -> list[str]:
    """Name the shares in snake case; levels that come out alike keep their own spelling."""
    raw = [str(level) for level in levels]
    short = [re.sub(r"\W+", "_", level.lower()).strip("_") for level in raw]
    return [
        f"share_{name if name and short.count(name) == 1 else level}"
        for name, level in zip(short, raw, strict=True)
    ]


def offer_answers(
    survey: pd.DataFrame, instrument: Instrument, index: pd.Index
) -> list[Candidate] | NotAvailable:
    """Offer the means of the constructs that customers answered; of several answers the mean."""
    if "customer_id" not in survey:
        return NotAvailable("the survey is not linked to customers")
    names = [name for name in instrument.constructs if name not in survey]
    scored = score_constructs(survey, instrument)
    means = scored.groupby("customer_id")
    found = [name for name in names if name in scored]
    if not found:
        return NotAvailable("the survey has no item of a construct")
    answers = means[found].mean().reindex(index)
    return [
        Candidate(
            name, "needs", "number", "points", "survey",
            instrument.constructs[name].label, answers[name],
        )
        for name in found
    ]  # fmt: skip


def offer_further_value(value: pd.DataFrame | pd.Series, index: pd.Index) -> Iterator[Candidate]:
    """Offer what other chapters know of a customer's value, as lifetime value.

    Raises
    ------
    DataError
        If a customer stands twice or a column is not numeric.
    """
    frame = value.to_frame() if isinstance(value, pd.Series) else value
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()][0]
        raise DataError(f"the values hold customer {twice!r} twice; one row a customer is needed")
    for name in map(str, frame.columns):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"the value {name!r} is {frame[name].dtype}, not a number")
        values = frame[name].astype("float64").reindex(index)
        definition = f"{name.replace('_', ' ')}, from another chapter"
        yield Candidate(name, "value", "number", "money", "handed in", definition, values)
