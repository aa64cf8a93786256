"""Customers who are probably one person twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.matching.comparisons import COMPARISONS, arrange, open_pairs
from crmstudy.collection.matching.linkage import SEED, refuse_broken_key
from crmstudy.collection.matching.normalise import normalise_persons
from crmstudy.collection.matching.pairs import allow, describe_pairs
from crmstudy.collection.matching.weights import Weights, estimate_m, estimate_u, score_pairs
from crmstudy.errors import NotAvailable
from crmstudy.settings import Linkage as LinkageSettings

#: Belief about the share of customers who are there twice: a twentieth, counted as much
#: as twenty customers.
_BELIEF = (1.0, 20.0)

_PAIR = {
    "customer_id": "str",
    "duplicate_id": "str",
    "probability": "float64",
    "weight": "float64",
    "agreement": "str",
}

#: Who share an e-mail address or a telephone here are mostly relatives, from whom EM would
#: learn that one person has two names; so it learns from equal names only.
_TRAINING = (("name",),)


@dataclass(frozen=True)
class Duplicates:
    """Pairs of customers that may be one person.

    Parameters
    ----------
    customers : int
        Rows of the table.
    pairs : DataFrame
        Columns customer_id, duplicate_id (the greater one), probability, weight (log2),
        agreement, decision (``one person`` or ``for review``); the likeliest first.
    clusters : DataFrame
        Columns cluster (1, 2, ...), customer_id, probability (the weakest link that holds
        the cluster together); customers joined by pairs of the first kind.
    weights : Weights or NotAvailable
        The model, or why there was none.
    """

    customers: int
    pairs: pd.DataFrame
    clusters: pd.DataFrame
    weights: Weights | NotAvailable

    @property
    def surplus(self) -> int:
        """Customers who would vanish if each cluster were one."""
        return len(self.clusters) - int(self.clusters["cluster"].nunique())

    @property
    def expected_false(self) -> float:
        """Pairs decided to be one person that are expected to be two."""
        return float((1 - self._decided()["probability"]).sum())

    def _decided(self) -> pd.DataFrame:
        return self.pairs[self.pairs["decision"] == "one person"]

    def table(self) -> pd.DataFrame:
        """Count what was found, without identifiers: columns measure, value."""
        metrics = self.to_metrics()
        return pd.DataFrame(
            {"measure": [name.replace("_", " ") for name in metrics], "value": metrics.values()}
        )

    def to_metrics(self) -> dict[str, float]:
        """Give plain numbers."""
        decided = len(self._decided())
        return {
            "customers": float(self.customers),
            "pairs_one_person": float(decided),
            "pairs_for_review": float(len(self.pairs) - decided),
            "clusters": float(self.clusters["cluster"].nunique()),
            "surplus_customers": float(self.surplus),
            "surplus_share": self.surplus / self.customers if self.customers else 0.0,
            "expected_false_pairs": self.expected_false,
        }


def find_duplicates(
    customers: pd.DataFrame,
    *,
    settings: LinkageSettings,
    country_code: str = "86",
    seed: int = SEED,
) -> Duplicates:
    """Find customers who are probably one person twice; nothing is merged.

    The model is that of :func:`~crmstudy.collection.matching.linkage.link_records`, here between
    customers; the share of pairs that are one person is estimated by iteration. Relatives
    share surname, postcode and telephone, so a pair whose names differ is for review at
    most.

    Parameters
    ----------
    customers : DataFrame
        customer_id and any of name, email, phone, postcode, birth_year. Not changed.
    settings : Linkage
        The probabilities ``accept`` and ``review``.
    country_code, seed
        As for :func:`~crmstudy.collection.matching.linkage.link_records`.

    Raises
    ------
    DataError
        If ``customer_id`` is missing, empty or given twice.
    """
    refuse_broken_key(customers, "customer_id", "customers")
    persons = normalise_persons(customers.reset_index(drop=True), country_code=country_code)
    names = [name for name in COMPARISONS if persons[name].notna().any()]
    if len(names) < 2 or len(customers) < 2:
        shared = ", ".join(names) or "nothing"
        reason = f"{len(customers)} customers state {shared}; that tells no two apart"
        empty = pd.DataFrame(columns=["left", "right", "weight", *names])
        return _sort_out(empty, customers, names, NotAvailable(reason), settings)
    frame = arrange(persons)
    with open_pairs(frame) as connection:
        weights = estimate_u(connection, side="left_side", comparisons=names, seed=seed)
        start = 0.1 / len(customers)
        weights = estimate_m(
            connection, weights, sides=["left_side"], share=start, blocks=_TRAINING
        )
        pairs, _ = score_pairs(connection, weights, sides=["left_side"])
    return _sort_out(pairs, customers, names, weights, settings)


def duplicate_probability(weight: np.ndarray, *, customers: int) -> np.ndarray:
    """Turn weights of pairs of customers into probabilities of being one person.

    The prior odds follow from the share of customers who are there twice, which is
    estimated by EM from the pairs given; others are taken as two persons.
    """
    ratio = np.exp2(np.minimum(weight, 500.0))
    ones, size = _BELIEF
    twice = ones / size
    for _ in range(10_000):
        prior = min(twice, 0.999) / max(customers - 1, 1)
        found = prior * ratio / (1 - prior + prior * ratio)
        last, twice = twice, (2 * float(found.sum()) + ones) / (customers + size)
        if abs(twice - last) < 1e-12:
            break
    return found


def _sort_out(
    pairs: pd.DataFrame,
    customers: pd.DataFrame,
    names: list[str],
    weights: Weights | NotAvailable,
    settings: LinkageSettings,
) -> Duplicates:
    ids = customers["customer_id"].astype("str").to_numpy()
    both = ids[pairs[["left", "right"]].to_numpy(dtype=int)]
    weight = pairs["weight"].to_numpy(dtype=float)
    found = pairs.assign(
        customer_id=both.min(axis=1) if len(both) else [],
        duplicate_id=both.max(axis=1) if len(both) else [],
        probability=duplicate_probability(weight, customers=len(customers)),
        agreement=describe_pairs(pairs, names),
    )
    sure = allow(pairs) & (found["probability"] >= settings.accept)
    decision = np.where(sure, "one person", "for review")
    found = found[list(_PAIR)].astype(_PAIR).assign(decision=decision)
    found = found[found["probability"] >= settings.review]
    found = found.sort_values(
        ["probability", "customer_id", "duplicate_id"],
        ascending=[False, True, True],
        ignore_index=True,
    )
    clusters = cluster_pairs(found[found["decision"] == "one person"])
    return Duplicates(len(customers), found, clusters, weights)


def cluster_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Join pairs that share a customer.

    Parameters
    ----------
    pairs : DataFrame
        Columns customer_id, duplicate_id, probability.

    Returns
    -------
    DataFrame
        Columns cluster (1, 2, ... by its smallest identifier), customer_id, probability
        (of the weakest pair that was needed to join the cluster).
    """
    head: dict[str, str] = {}

    def find(one: str) -> str:
        while head.setdefault(one, one) != one:
            head[one] = head[head[one]]
            one = head[one]
        return one

    weakest: dict[str, float] = {}
    ordered = pairs.sort_values("probability", ascending=False, kind="stable")
    columns = ["customer_id", "duplicate_id", "probability"]
    for a, b, probability in ordered[columns].itertuples(index=False):
        first, second = sorted((find(a), find(b)))
        if first != second:
            head[second] = first
            weakest[first] = float(probability)
    members = sorted((find(one), one) for one in list(head))
    numbers = {top: k for k, top in enumerate(dict.fromkeys(top for top, _ in members), start=1)}
    rows = [(numbers[top], one, weakest[top]) for top, one in members]
    found = pd.DataFrame(rows, columns=["cluster", "customer_id", "probability"])
    return found.astype({"cluster": "int64", "customer_id": "str", "probability": "float64"})


def merge_duplicates(clusters: pd.DataFrame, customers: pd.DataFrame) -> dict[str, str]:
    """Map each customer of a cluster to the one that is kept.

    The study merges nobody by itself; who wants to, applies this to the customer_id of
    every table. Kept is who registered first, of equals the smallest identifier.

    Parameters
    ----------
    clusters : DataFrame
        Columns cluster and customer_id, as of :class:`Duplicates`.
    customers : DataFrame
        customer_id and, if known, registered_on; a missing day counts as the latest.

    Returns
    -------
    dict of str to str
        Identifier to the kept one, for all members of clusters (the kept ones too).
    """
    members = clusters.assign(customer_id=clusters["customer_id"].astype("str"))
    if "registered_on" in customers:
        day = customers.set_index(customers["customer_id"].astype("str"))["registered_on"]
        members["registered_on"] = members["customer_id"].map(day)
    else:
        members["registered_on"] = pd.NaT
    ordered = members.sort_values(["cluster", "registered_on", "customer_id"], na_position="last")
    kept = ordered.groupby("cluster")["customer_id"].transform("first")
    return dict(sorted(zip(ordered["customer_id"], kept, strict=True)))


def apply_merge(frame: pd.DataFrame, mapping: Mapping[str, str]) -> pd.DataFrame:
    """Replace the customer_id of a table by the kept one; other rows stay as they are."""
    ids = frame["customer_id"]
    return frame.assign(customer_id=ids.map(dict(mapping)).fillna(ids))
