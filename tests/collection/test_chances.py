"""How often two customers agree by chance: counted, not guessed; and the fast conditions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.matching import weights
from crmstudy.collection.matching.comparisons import arrange, open_pairs
from crmstudy.collection.matching.linkage import know_customers, link_records
from crmstudy.collection.matching.normalise import normalise_persons
from crmstudy.collection.matching.pairs import estimate_chances
from crmstudy.settings import Linkage


def chances(frame, seed=1):
    found = estimate_chances(normalise_persons(frame), seed=seed).levels
    return found.set_index(["comparison", "level"])["u"]


def test_of_few_customers_all_pairs_are_counted():
    codes = ["10115", "10115", "10115", "99998", "99998", None]
    found = chances(pd.DataFrame({"customer_id": list("abcdef"), "postcode": codes}))
    # 10 pairs state both: 3 + 1 equal, 6 other; half a pair is added to each of 3 levels.
    assert found["postcode"].tolist() == pytest.approx([4.5 / 11.5, 0.5 / 11.5, 6.5 / 11.5])


def test_a_sample_of_pairs_tells_what_all_tell(monkeypatch):
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "customer_id": range(400),
            "birth_year": draw.integers(1950, 1960, 400),
            "postcode": draw.choice(["10115", "20095", "50667"], 400),
        }
    )
    exact = chances(frame)
    monkeypatch.setattr(weights, "SAMPLED_PAIRS", 20_000)
    drawn = chances(frame)
    error = np.sqrt(exact * (1 - exact) / 20_000)
    assert ((drawn - exact).abs() < 4 * error + 1e-4).all()
    assert not drawn.equals(exact)
    pd.testing.assert_series_equal(drawn, chances(frame))


def test_parts_are_shared_as_lists_say():
    names = ["a", "b", "a b", "b a", "a b c", "x b y", "c d e", "x y", "b x"]
    empty = normalise_persons(pd.DataFrame({"customer_id": ["x"]}))
    with open_pairs(arrange(empty)) as connection:
        for one, two in product(names, names):
            sql = "SELECT share_part($a, $b), list_has_any($a, $b)"
            values = {"a": one.split(), "b": two.split()}
            fast, slow = connection.execute(sql, values).fetchone()
            assert fast == slow, (one, two)


def test_one_slip_is_near_whatever_the_script():
    words = [
        "10115",
        "10151",
        "10116",
        "1011",
        "101155",
        "01115",
        "54321",
        "上海路",
        "上海道",
        "é1",
    ]
    slow = (
        "CASE WHEN jaro_winkler_similarity($a, $b) >= 0.85 "
        "THEN damerau_levenshtein($a, $b) = 1 ELSE false END"
    )
    empty = normalise_persons(pd.DataFrame({"customer_id": ["x"]}))
    with open_pairs(arrange(empty)) as connection:
        for one, two in product(words, words):
            sql = f"SELECT near_text($a, $b), {slow}"
            fast, expected = connection.execute(sql, {"a": one, "b": two}).fetchone()
            assert fast == expected, (one, two)


def test_customers_known_once_serve_several_tables():
    customers = pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "email": ["a@x.example", "b@x.example", None]}
    )
    records = pd.DataFrame({"lead_id": ["1", "2"], "email": ["b@x.example", "z@x.example"]})
    known = know_customers(customers)
    for _ in range(2):
        once = link_records(records, known, key="lead_id", settings=Linkage())
        each = link_records(records, customers, key="lead_id", settings=Linkage())
        pd.testing.assert_frame_equal(once.links, each.links)
    assert once.links["customer_id"].tolist() == ["b"]
