"""Customers who are one person twice are found, listed, and merged only when told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.matching.duplicates import (
    apply_merge,
    cluster_pairs,
    duplicate_probability,
    find_duplicates,
    merge_duplicates,
)
from crmstudy.errors import DataError, NotAvailable
from crmstudy.settings import Linkage as Settings

SETTINGS = Settings()


def draw_customers(n: int, twice: int, seed: int) -> pd.DataFrame:
    """Draw customers, the first ``twice`` of whom registered again with another e-mail or
    telephone and a slip in the name; every tenth lives with the one before."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abdegiklmnoprstu"))
    words = np.array(["".join(rng.choice(letters, 6)) for _ in range(n // 4)])
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{k:05d}" for k in range(n)],
            "given": rng.choice(words, n),
            "family": rng.choice(words, n),
            "email": [f"m{k}@x{k % 7}.com" for k in rng.permutation(10 * n)[:n]],
            "phone": [f"13{k:09d}" for k in rng.integers(0, 10**9, n)],
            "postcode": rng.integers(100_000, 100_000 + n // 30, n).astype(str),
            "birth_year": rng.integers(1945, 2005, n),
        }
    )
    home = np.arange(10, n, 10)
    for column in ("family", "postcode", "phone"):
        frame.loc[home, column] = frame.loc[home - 1, column].to_numpy()
    again = frame.head(twice).assign(customer_id=[f"d{k:05d}" for k in range(twice)])
    again.loc[again.index % 2 == 0, "email"] = None
    again.loc[again.index % 2 == 1, "phone"] = None
    again["given"] = again["given"].where(again.index % 5 > 0, again["given"].str[:-1] + "y")
    frame = pd.concat([frame, again], ignore_index=True)
    return frame.assign(name=frame["given"] + " " + frame["family"]).drop(
        columns=["given", "family"]
    )


@pytest.fixture(scope="module")
def customers():
    return draw_customers(900, 40, seed=4)


@pytest.fixture(scope="module")
def found(customers):
    return find_duplicates(customers, settings=SETTINGS)


def test_duplicates_are_found_and_households_are_not(found):
    one = found.pairs[found.pairs["decision"] == "one person"]
    right = one["duplicate_id"] == "d" + one["customer_id"].str[1:]
    assert right.mean() >= 0.98
    assert right.sum() >= 36
    assert found.surplus == len(one)
    assert one["probability"].min() >= SETTINGS.accept


def test_without_duplicates_none_is_found():
    found = find_duplicates(draw_customers(600, 0, seed=8), settings=SETTINGS)
    assert found.clusters.empty
    assert found.to_metrics()["surplus_share"] == 0


def test_row_order_changes_nothing(customers, found):
    shuffled = customers.sample(frac=1, random_state=1)
    again = find_duplicates(shuffled, settings=SETTINGS)
    pd.testing.assert_frame_equal(again.pairs, found.pairs)
    pd.testing.assert_frame_equal(again.clusters, found.clusters)


def test_the_published_table_names_nobody(customers, found):
    text = found.table().to_csv()
    assert not any(one in text for one in customers["customer_id"])
    assert found.table().set_index("measure").loc["clusters", "value"] == found.surplus


def test_probability_of_a_single_pair_by_hand():
    (found,) = duplicate_probability(np.array([20.0]), customers=101)
    twice = (2 * found + 1) / 121
    prior = twice / 100
    assert found == pytest.approx(prior * 2**20 / (1 - prior + prior * 2**20), abs=1e-9)


def test_no_pair_is_no_duplicate():
    assert duplicate_probability(np.array([]), customers=10).size == 0


PAIRS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "x", "a"],
        "duplicate_id": ["b", "c", "y", "c"],
        "probability": [0.99, 0.97, 0.96, 0.955],
    }
)


def test_clusters_join_chains_and_keep_their_weakest_link():
    assert cluster_pairs(PAIRS).to_numpy().tolist() == [
        [1, "a", 0.97],
        [1, "b", 0.97],
        [1, "c", 0.97],
        [2, "x", 0.96],
        [2, "y", 0.96],
    ]
    pd.testing.assert_frame_equal(cluster_pairs(PAIRS.iloc[::-1]), cluster_pairs(PAIRS))


def test_who_registered_first_is_kept():
    customers = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "x", "y"],
            "registered_on": pd.to_datetime(["2026-03-01", "2026-01-01", None, None, None]),
        }
    )
    mapping = merge_duplicates(cluster_pairs(PAIRS), customers)
    assert mapping == {"a": "b", "b": "b", "c": "b", "x": "x", "y": "x"}
    without = merge_duplicates(cluster_pairs(PAIRS), customers[["customer_id"]])
    assert without == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}
    ledger = pd.DataFrame({"customer_id": ["a", "q", None], "revenue": [1.0, 2.0, 3.0]})
    merged = apply_merge(ledger, mapping)
    assert merged["customer_id"].tolist()[:2] == ["b", "q"]
    assert merged["customer_id"].isna().tolist() == [False, False, True]
    assert ledger["customer_id"][0] == "a"


def test_nothing_merged_is_an_empty_map():
    empty = cluster_pairs(PAIRS.head(0))
    assert merge_duplicates(empty, pd.DataFrame({"customer_id": ["a"]})) == {}


def test_too_little_to_tell_is_said():
    found = find_duplicates(
        pd.DataFrame({"customer_id": ["a", "b"], "name": ["Ann Lee", "Ann Lee"]}),
        settings=SETTINGS,
    )
    assert isinstance(found.weights, NotAvailable)
    assert "2 customers state name; that tells no two apart" in found.weights.reason
    assert found.pairs.empty
    assert found.clusters.empty


def test_a_repeated_identifier_is_refused():
    with pytest.raises(DataError, match="customers: customer_id must identify each row"):
        find_duplicates(pd.DataFrame({"customer_id": ["a", "a"]}), settings=SETTINGS)
