"""Which pairs of records and customers are one person, by the weight of all they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.matching.comparisons import COMPARISONS, arrange, open_pairs
from crmstudy.collection.matching.weights import Weights, estimate_m, estimate_u, score_pairs
from crmstudy.errors import NotAvailable
from crmstudy.settings import Linkage as LinkageSettings


@dataclass(frozen=True)
class Weighed:
    """Weighed pairs with their probabilities, and the model."""

    pairs: pd.DataFrame
    weights: Weights | NotAvailable
    share: float | NotAvailable
    skipped: list[str]


def weigh_pairs(
    records: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    rest: pd.Index,
    disputed: pd.DataFrame,
    sure: int,
    chances: Callable[[], Weights],
) -> Weighed:
    """Weigh the records of ``rest`` against all customers; all records teach the model.

    ``chances`` gives ``u`` of the customers, as :func:`estimate_chances` finds it; it is
    asked only when there is something to weigh.
    """
    names = [name for name in COMPARISONS if records[name].notna().any()]
    names = [name for name in names if customers[name].notna().any()]
    reason = _refuse_weighing(names, rest, customers)
    if reason:
        return Weighed(_no_pairs(names), NotAvailable(reason), NotAvailable(reason), [])
    telling = records[records.notna().any(axis=1)]
    left, right = arrange(telling), arrange(customers)
    left["row"] = telling.index[left["row"]]
    remaining = left[left["row"].isin(rest)].assign(unique_id=lambda f: range(len(f)))
    with open_pairs(left, right) as connection:
        start = max(sure, 1) / (len(left) * len(right))
        sides = ["left_side", "right_side"]
        weights = estimate_m(connection, chances().only(names), sides=sides, share=start)
    with open_pairs(remaining, right) as connection:
        pairs, skipped = score_pairs(connection, weights, sides=["left_side", "right_side"])
    pairs = pairs.rename(columns={"left": "row", "right": "customer"})
    pairs = _add_disputed(pairs, disputed, left=left, right=right, weights=weights)
    probability, share = match_probability(
        pairs, customers=len(customers), records=len(rest) + sure, sure=sure
    )
    pairs = pairs.assign(probability=probability, agreement=describe_pairs(pairs, names))
    return Weighed(pairs, weights, share, skipped)


def estimate_chances(customers: pd.DataFrame, *, seed: int) -> Weights:
    """Estimate how often two customers agree by chance, attribute by attribute."""
    names = [name for name in COMPARISONS if customers[name].notna().any()]
    with open_pairs(arrange(customers)) as connection:
        return estimate_u(connection, side="left_side", comparisons=names, seed=seed)


def _add_disputed(
    pairs: pd.DataFrame,
    disputed: pd.DataFrame,
    *,
    left: pd.DataFrame,
    right: pd.DataFrame,
    weights: Weights,
) -> pd.DataFrame:
    """Weigh disputed pairs too that were too light to be listed."""
    seen = pd.MultiIndex.from_frame(pairs[["row", "customer"]])
    wanted = pd.MultiIndex.from_frame(disputed[["row", "customer"]]).difference(seen)
    if wanted.empty:
        return pairs
    sides = [
        side[side["row"].isin(wanted.get_level_values(k))].assign(unique_id=lambda f: range(len(f)))
        for k, side in enumerate((left, right))
    ]
    with open_pairs(*sides) as connection:
        light, _ = score_pairs(connection, weights, sides=["left_side", "right_side"], floor=None)
    light = light.rename(columns={"left": "row", "right": "customer"})
    light = light[pd.MultiIndex.from_frame(light[["row", "customer"]]).isin(wanted)]
    return pd.concat([pairs, light], ignore_index=True)


def _refuse_weighing(names: list[str], rest: pd.Index, customers: pd.DataFrame) -> str:
    if rest.empty:
        return "no record without an identifier was left to weigh"
    if len(names) < 2:
        shared = ", ".join(names) or "nothing"
        return f"records and customers share {shared}; one attribute alone tells no two apart"
    return "" if len(customers) > 1 else "there is one customer only"


def _no_pairs(names: list[str]) -> pd.DataFrame:
    columns = ["row", "customer", "weight", *names, "probability", "agreement"]
    return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})


def match_probability(
    pairs: pd.DataFrame, *, customers: int, records: int, sure: int = 0
) -> tuple[np.ndarray, float]:
    """Turn weights into probabilities, a record being one customer or none.

    Parameters
    ----------
    pairs : DataFrame
        Columns row and weight (log2 of the likelihood ratio); a pair that is not there
        is taken as impossible.
    customers, records : int
        How many of each there are; the share of records that are customers is estimated
        by EM from a uniform prior.
    sure : int
        Records beside those of ``pairs`` that are customers for sure.

    Returns
    -------
    ndarray
        Probability of each pair.
    float
        The estimated share.
    """
    _, group = np.unique(pairs["row"].to_numpy(), return_inverse=True)
    weight = pairs["weight"].to_numpy(dtype=float)
    ratio = np.exp2(np.minimum(weight, 500.0)) / customers
    total = np.bincount(group, weights=ratio) if len(pairs) else np.zeros(0)
    share = (sure + 1) / (records + 2)
    for _ in range(10_000):
        matched = share * total / (1 - share + share * total)
        last, share = share, (sure + float(matched.sum()) + 1) / (records + 2)
        if abs(share - last) < 1e-12:
            break
    return share * ratio / (1 - share + share * total[group]), share


def describe_pairs(pairs: pd.DataFrame, attributes: list[str]) -> pd.Series:
    """Say how each pair agrees, as ``name near, phone equal``, without what was compared."""
    words = pd.Series("", index=pairs.index, dtype="str")
    for name in attributes:
        label = pairs[name].astype("str")
        words += (", " + name + " " + label).where(label.ne("missing"), "")
    return words.str.removeprefix(", ")


def allow(pairs: pd.DataFrame) -> pd.Series:
    """Mark the pairs whose names do not speak against one person.

    Who share a telephone, a postcode and a surname may be one household: attributes that
    are not independent between relatives, as the model takes them. A pair whose given
    names differ is therefore never accepted, whatever its probability.
    """
    if "name" not in pairs:
        return pd.Series(True, index=pairs.index)
    return pairs["name"].isin(["equal", "near", "missing"])


def decide_pairs(
    pairs: pd.DataFrame, *, disputed: pd.DataFrame, settings: LinkageSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accept the best pair of a record when it is good enough and alone; list what is left."""
    by_row = pairs.groupby("row")["probability"]
    best, total = by_row.transform("max"), by_row.transform("sum")
    leading = pairs["probability"] >= best * (1 - 1e-9)
    alone = leading.groupby(pairs["row"]).transform("sum") == 1
    allowed = allow(pairs)
    good = leading & alone & allowed & (pairs["probability"] >= settings.accept)
    accepted = pairs.loc[good, ["row", "customer", "probability"]].assign(method="probabilistic")
    likely = (total >= settings.review) & (pairs["probability"] >= best / 2)
    argued = pd.MultiIndex.from_frame(pairs[["row", "customer"]]).isin(
        pd.MultiIndex.from_frame(disputed[["row", "customer"]])
    )
    review = pairs[~pairs["row"].isin(accepted["row"]) & (likely | argued)]
    several = ~alone | (best < total * settings.accept)
    reason = several.map({True: "another customer is as likely", False: "not sure enough"})
    reason = reason.where(allowed, "the names differ: perhaps of one household")
    argument = dict(zip(disputed["row"], disputed["reason"], strict=True))
    own = zip(review["row"], reason.loc[review.index], strict=True)
    review = review.assign(reason=[argument.get(row, words) for row, words in own])
    return accepted, review.sort_values(["row", "probability"], ascending=[True, False])
