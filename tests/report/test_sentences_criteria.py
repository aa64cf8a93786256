"""What is said of criteria is true, whatever there is of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.criteria import read_criteria, tabulate_criteria
from crmstudy.segmentation.criteria.criteria import collect_criteria
from crmstudy.segmentation.criteria.spaces import build_spaces

N = 60
IDS = pd.Index([f"c{i}" for i in range(N)], name="customer_id")


def features(**columns: object) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    base = {"n_purchases": draw.integers(1, 9, N), "revenue": draw.lognormal(3, 1, N)}
    return pd.DataFrame({**base, **columns}, index=IDS)


def test_the_least_that_there_can_be():
    said = read_criteria(collect_criteria(features(), customers=NotAvailable("no customers")))
    assert said.startswith(
        "Of the 5 blocks of criteria 2 can be used: behavioural (2 variables) and value "
        "(1 variable). There are no demographic criteria: no customers."
    )
    assert "1 variable was left out: share of revenue (says the same as revenue)." in said
    assert "gathered" not in said


def test_nothing_at_all():
    same = pd.concat([features().iloc[[0]]] * 5).set_axis(IDS[:5])
    said = read_criteria(collect_criteria(same))
    assert said.startswith("No block of criteria can be used. There are no demographic criteria")
    assert "were left out:" not in said
    assert read_criteria(NotAvailable("no transactions")).reason == "no transactions"


def test_part_of_the_customers_and_gathered_levels():
    towns = ["a"] * 17 + ["b", "c", "d"]
    people = pd.DataFrame({"customer_id": IDS[:20], "home_town": towns, "n": range(20)})
    criteria = collect_criteria(features(), customers=people)
    said = read_criteria(criteria, build_spaces(criteria))
    assert "The demographic criteria are known of 20 customers only (33.3%), and" in said
    assert "; the geographic criteria are known of 20 customers only (33.3%)" in said
    assert "Not available" not in said
    rare = pd.DataFrame({"customer_id": IDS, "home_town": ["a"] * 58 + ["b", "c"]})
    said = read_criteria(collect_criteria(features(), customers=rare))
    assert "Rare levels of home town were gathered." in said
    assert "only" not in said


def test_customers_without_a_number():
    price = np.r_[[np.nan], np.linspace(0.5, 2, N - 1)]
    one = collect_criteria(features(price_index=price, promoted_share=np.linspace(0, 1, N)))
    said = read_criteria(one, build_spaces(one))
    assert "1 customer of the needs block lacks a number and is left out of it." in said
    price[1] = np.nan
    two = collect_criteria(features(price_index=price, promoted_share=np.linspace(0, 1, N)))
    assert "2 customers of the needs block lack a number and are" in read_criteria(
        two, build_spaces(two)
    )
    assert "lack" not in read_criteria(two)


def test_one_customer_who_dominates():
    promoted = np.r_[[1.0], np.linspace(0, 0.01, N - 1)]
    criteria = collect_criteria(features(promoted_share=promoted))
    said = read_criteria(criteria, build_spaces(criteria, log="none"))
    assert "distances in promoted share are mostly those to one customer" in said


def test_a_block_that_cannot_be_compared():
    few = collect_criteria(features().iloc[:2])
    said = read_criteria(few, build_spaces(few))
    assert "The value block cannot be made comparable: the block 'value' needs 3 customers" in said


def test_many_left_out_are_counted():
    empty = {f"trait_{i}": np.nan for i in range(9)}
    people = pd.DataFrame({"customer_id": IDS, "age": np.arange(N), **empty})
    said = read_criteria(collect_criteria(features(), customers=people))
    assert "10 variables were left out: trait 0 (known of no customer)" in said
    assert "and 5 others." in said


def test_every_variable_stands_once_in_the_table_of_treatments():
    people = pd.DataFrame({"customer_id": IDS, "age": np.arange(N), "sex": ["f", "m"] * (N // 2)})
    skewed = np.r_[np.linspace(0, 0.1, N - 4), 0.5, 0.7, 0.9, 1.0]
    same = np.full(N, 1.0)
    criteria = collect_criteria(features(promoted_share=skewed, price_index=same), customers=people)
    spaces = build_spaces(criteria)
    table = tabulate_criteria(criteria, spaces)
    assert table["variables"].sum() == len(criteria.variables)
    told = table.set_index(["block", "treatment"])
    assert told.loc[("demographic", "as it is"), "which"] == "age"
    assert told.loc[("demographic", "one indicator a level"), "which"] == "sex"
    assert told.loc[("needs", "left out: the same for all customers"), "which"] == "price index"
    rooted = told.loc["needs"].iloc[[name.startswith("root") for name in told.loc["needs"].index]]
    assert rooted["largest skewness before"].item() > rooted["after"].item() > 0
    assert told.loc[("value", "left out: says the same as revenue"), "which"] == "share of revenue"
    assert tabulate_criteria(NotAvailable("none"), {}).reason == "none"
    few = collect_criteria(features().iloc[:2])
    cannot = tabulate_criteria(few, build_spaces(few))
    assert "the block cannot be made comparable" in set(cannot["treatment"])


def test_the_largest_share_of_one_customer_is_said():
    criteria = collect_criteria(features())
    said = read_criteria(criteria, build_spaces(criteria))
    assert "No single customer makes more than " in said
    assert "of the spread of a variable." in said
