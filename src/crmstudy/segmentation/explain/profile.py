"""Who are the segments? Order, sizes, profiles, and names made from profiles by rule."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.shares import wilson_limits

NAMED_FROM = 0.5  # standard deviations from the mean of all that earn a word in the name
MOST_WORDS = 3
# Words for a low and a high value; other features are called "low ..." and "high ...".
FEATURE_WORDS = {
    "days_since_last_purchase": ("recent", "lapsed"),
    "n_purchases": ("rare", "frequent"),
    "n_purchase_days": ("rare", "frequent"),
    "revenue": ("low revenue", "high revenue"),
    "margin": ("low margin", "high margin"),
    "mean_basket": ("small baskets", "large baskets"),
    "lines_per_purchase": ("few lines a purchase", "many lines a purchase"),
    "days_per_purchase_day": ("frequent", "rare"),
    "mean_days_between_purchases": ("short intervals", "long intervals"),
    "sd_days_between_purchases": ("regular", "irregular"),
    "weekend_share": ("weekdays", "weekends"),
    "evening_share": ("daytime", "evenings"),
    "return_share": ("few returns", "many returns"),
    "returned_revenue": ("few returns", "many returns"),
    "discount_share": ("few discounts", "many discounts"),
    "promoted_share": ("few promotions", "many promotions"),
    "coupon_share": ("few coupons", "many coupons"),
    "price_index": ("cheaper products", "dearer products"),
    "n_products": ("few products", "many products"),
    "n_departments": ("narrow range", "wide range"),
    "n_channels": ("few channels", "many channels"),
    "main_channel_share": ("mixed channels", "one channel"),
    "n_tickets": ("few tickets", "many tickets"),
    "n_complaints": ("few complaints", "many complaints"),
    "n_web_events": ("little online", "much online"),
    "n_web_sessions": ("little online", "much online"),
    "mean_rating": ("low ratings", "high ratings"),
}


def rank_by_value(labels: np.ndarray, value: pd.Series) -> pd.Series:
    """Number clusters 1, 2, ... by falling mean value; equal means keep the given order."""
    means = value.groupby(labels, sort=False).mean().sort_values(ascending=False, kind="stable")
    rank = pd.Series(range(1, len(means) + 1), index=means.index)
    return pd.Series(rank.loc[labels].to_numpy(), index=value.index, name="segment")


def summarise_segments(
    used: pd.DataFrame, labels: pd.Series, *, columns: Sequence[str], value: str
) -> pd.DataFrame:
    """Measure each segment in the features' own units.

    Returns
    -------
    DataFrame indexed by segment
        ``n_customers``, ``share_customers``, ``value`` (sum), ``share_value`` and
        ``mean_<feature>``.

    Raises
    ------
    ModelError
        If the value does not sum to a positive amount.
    """
    total = used[value].sum()
    if total <= 0:
        raise ModelError(f"shares of {value} need a positive sum of {value}")
    groups = used.groupby(labels)
    summary = pd.DataFrame({"n_customers": groups.size()})
    summary["share_customers"] = summary["n_customers"] / len(used)
    summary["value"] = groups[value].sum()
    summary["share_value"] = summary["value"] / total
    return summary.join(groups[list(columns)].mean().add_prefix("mean_")).rename_axis("segment")


def profile_segments(values: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Compare each segment's mean with that of all, in standard deviations of all."""
    return ((values - values.mean()) / values.std()).groupby(labels).mean().rename_axis("segment")


def name_segments(profile: pd.DataFrame) -> list[str]:
    """Make each segment's name from its profile.

    A feature whose mean is half a standard deviation or more from the mean of all gives
    a word, the farthest first, three words at most; a segment without any is "average".
    That a level of a category (``variable: level``) is rare is said only where nothing else
    is far. A name that would stand twice carries the segment's number.
    """
    names = [_name(row) for _, row in profile.iterrows()]
    return [
        f"{name} ({rank})" if names.count(name) > 1 else name
        for rank, name in zip(profile.index, names, strict=True)
    ]


def _name(row: pd.Series) -> str:
    far = row[row.abs() >= NAMED_FROM].sort_values(key=np.abs, ascending=False, kind="stable")
    # Which level is common says more than which is not: the latter only where nothing else is.
    told = far[[distance > 0 or ": " not in str(name) for name, distance in far.items()]]
    named = told if len(told) else far
    words = [say_feature(str(name), high=distance > 0) for name, distance in named.items()]
    # Features that are near the same may share a word: "frequent" once is enough.
    return ", ".join(list(dict.fromkeys(words))[:MOST_WORDS]) or "average"


def say_feature(feature: str, *, high: bool) -> str:
    """Say in few words that a feature is high or low.

    A share of the money (``share_...``) is said by what it is spent on, a level of a
    category (``variable: level``) by both.
    """
    plain = feature.replace("_", " ")
    if feature in FEATURE_WORDS:
        low_word, high_word = FEATURE_WORDS[feature]
    elif feature.startswith("share_"):
        part = plain.removeprefix("share ")
        part = part.lower() if part.isupper() else part
        low_word, high_word = f"little {part}", f"much {part}"
    elif ": " in feature:
        level = plain.replace(": ", " ")
        low_word, high_word = f"seldom {level}", level
    else:
        low_word, high_word = f"low {plain}", f"high {plain}"
    return high_word if high else low_word


def order_segments(labels: Iterable[Hashable]) -> list[Any]:
    """Sort distinct labels by the number they start with, then as text: 2 before 10."""
    return sorted(set(labels), key=_as_rank)


def _as_rank(label: Hashable) -> tuple[float, str]:
    text = str(label)
    digits = re.match(r"-?\d+", text)
    return (float(digits.group()) if digits else np.inf, text)


@passes_absence
def compare_profiles(
    values: pd.DataFrame, segments: pd.Series, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every segment's mean with that of all customers, with intervals.

    Parameters
    ----------
    values : DataFrame indexed by customer
        Numbers, as they were clustered (logged, for instance); missing ones are left out
        variable by variable.
    segments : Series
        Label of each customer's segment. Customers without one are left out.
    confidence : float
        Coverage of each interval (Student's t, each segment with its own spread).

    Returns
    -------
    DataFrame
        Tidy: ``segment``, ``feature``, ``n``, ``mean`` (in the unit of ``values``), ``z``
        (mean in standard deviations of all customers from the mean of all), ``lower`` and
        ``upper`` of ``z``. A feature that is equal for all is left out.

    Raises
    ------
    ModelError
        If no customer has both values and a segment.
    """
    joined = values.select_dtypes("number").join(segments.rename("_segment"), how="inner")
    joined = joined.dropna(subset=["_segment"])
    if joined.empty:
        raise ModelError("no customer has both values and a segment")
    parts = []
    for feature in [name for name in joined.columns if name != "_segment"]:
        known = joined[[feature, "_segment"]].dropna().sort_values(feature, kind="stable")
        centre, spread = known[feature].mean(), known[feature].std()
        if not spread > 0:
            continue
        groups = known.groupby("_segment")[feature]
        part = pd.DataFrame({"n": groups.size(), "mean": groups.mean(), "sd": groups.std()})
        part = part.loc[order_segments(part.index)]
        lower, upper = bound_means(part, confidence=confidence)
        part = part.assign(
            feature=feature,
            z=(part["mean"] - centre) / spread,
            lower=(lower - centre) / spread,
            upper=(upper - centre) / spread,
        )
        parts.append(part.rename_axis("segment").reset_index())
    if not parts:
        raise ModelError("no feature differs between customers")
    columns = ["segment", "feature", "n", "mean", "z", "lower", "upper"]
    return pd.concat(parts, ignore_index=True)[columns]


@passes_absence
def size_segments(
    segments: pd.Series, value: pd.Series, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Measure each segment's share of customers and of a value, with intervals.

    Shares of customers have Wilson's interval. A share of the value is a ratio of two
    sums over the same customers; its interval comes from the delta method on the logit of
    the share, so that it stays between 0 and 1.

    Parameters
    ----------
    segments : Series
        Label of each customer's segment.
    value : Series indexed by customer
        What is shared out, revenue for instance; customers without one are left out.
    confidence : float
        Coverage of each interval.

    Returns
    -------
    DataFrame indexed by segment
        ``n_customers``, ``share_customers``, ``lower_customers``, ``upper_customers``,
        ``value`` (sum), ``mean_value``, ``share_value``, ``lower_value``, ``upper_value``
        (missing where a share is not between 0 and 1).

    Raises
    ------
    ModelError
        If the value does not sum to a positive amount.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques (3rd ed.), chapter 6 (ratios). Wiley.
    """
    known = pd.DataFrame({"value": value.astype("float64"), "segment": segments}).dropna()
    known = known.sort_values("value", kind="stable")
    total, n = float(known["value"].sum()), len(known)
    if total <= 0:
        raise ModelError(f"shares of {value.name or 'the value'} need a positive sum")
    groups = known.groupby("segment")["value"]
    table = pd.DataFrame({"n_customers": groups.size()})
    table["share_customers"] = table["n_customers"] / n
    lower, upper = wilson_limits(table["n_customers"], n, confidence=confidence)
    table["lower_customers"], table["upper_customers"] = lower, upper
    table["value"], table["mean_value"] = groups.sum(), groups.mean()
    table["share_value"] = table["value"] / total
    squares = known["value"].pow(2)
    own, all_squares = squares.groupby(known["segment"]).sum(), float(squares.sum())
    share = table["share_value"]
    spread = (own * (1 - 2 * share) + share**2 * all_squares).pow(0.5) / total
    table["lower_value"], table["upper_value"] = _bound_on_logit(share, spread, confidence)
    return table.loc[order_segments(table.index)]


def bound_means(
    described: pd.DataFrame, *, confidence: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bound means by Student's t from ``n``, ``mean`` and ``sd``; a single case gives none."""
    from scipy.special import stdtrit

    n = described["n"].to_numpy(dtype=float)
    mean, sd = described["mean"].to_numpy(dtype=float), described["sd"].to_numpy(dtype=float)
    several = n > 1
    reach = np.full(len(n), np.nan)
    quantile = stdtrit(n[several] - 1, 0.5 + confidence / 2)
    reach[several] = quantile * sd[several] / np.sqrt(n[several])
    return mean - reach, mean + reach


def _bound_on_logit(
    share: pd.Series, spread: pd.Series, confidence: float
) -> tuple[pd.Series, pd.Series]:
    from scipy.special import expit, logit, ndtri

    inside = share.where((share > 0) & (share < 1))
    middle = logit(inside)
    reach = float(ndtri(0.5 + confidence / 2)) * spread / (inside * (1 - inside))
    return expit(middle - reach), expit(middle + reach)
