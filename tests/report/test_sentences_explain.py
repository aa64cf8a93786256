"""Sentences on what tells segments apart: true whatever came out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.explain import (
    list_rules,
    read_explanation,
    say_rule,
    tabulate_rules,
    tabulate_sizes,
    tabulate_tests,
)
from crmstudy.report.sentences.segmentation.variables import say_level, say_variable
from crmstudy.segmentation.explain.explain import explain_segments
from crmstudy.segmentation.explain.profile import size_segments
from crmstudy.segmentation.explain.rule_search import Condition
from crmstudy.segmentation.explain.rules import describe_by_rules

N = 300
RNG = np.random.default_rng(1)
SEGMENTS = pd.Series(np.where(np.arange(N) % 3, "2 small", "1 large"))
FRAME = pd.DataFrame(
    {
        "revenue": np.where(np.arange(N) % 3, 50.0, 150.0) + RNG.normal(size=N) * 10,
        "noise": RNG.normal(size=N),
    }
)


def read(*columns: str, **sources: object) -> str:
    explained = explain_segments(SEGMENTS, {"till": FRAME[list(columns)], **sources}, seed=1)
    return read_explanation(explained, NotAvailable("no rules"))


def test_one_several_and_no_variables():
    assert read("revenue").startswith("1 variable was held back and tested; it differs between")
    assert "it does not differ" in read("noise")
    both = read("revenue", "noise")
    assert "2 variables were held back and tested; after Holm's correction 1 differs" in both
    assert "differs between the segments. It is revenue (ω = 0.98, strong)." in both
    frame = FRAME.assign(more=FRAME["revenue"] ** 2)[["revenue", "more"]]
    all_differ = read_explanation(
        explain_segments(SEGMENTS, {"till": frame}, seed=1), NotAvailable("x")
    )
    assert "correction all differ" in all_differ
    assert "The strongest are revenue" in all_differ
    none = FRAME.assign(other=np.arange(N) % 2 * 1.0)[["noise", "other"]]  # equal in both
    none_differ = read_explanation(
        explain_segments(SEGMENTS, {"till": none}, seed=1), NotAvailable("x")
    )
    assert "correction none differs" in none_differ
    assert "strongest" not in none_differ


def test_sources_are_compared_and_absence_is_said():
    said = read("revenue", later=FRAME[["noise"]], survey=NotAvailable("no survey"))
    assert "By source, the variables that differ: till 1 of 1 and later 0 of 1." in said
    assert said.endswith("Not available: no rules.")
    nothing = read_explanation(
        explain_segments(SEGMENTS, {"survey": NotAvailable("no survey")}, seed=1),
        NotAvailable("no rules"),
    )
    assert nothing.startswith("No variable that was held back could be tested.")
    absent = NotAvailable("no transactions")
    assert read_explanation(absent, absent) == "Not available: no transactions."


def bound(feature: str, above: bool, threshold: float) -> Condition:
    return Condition(feature, "", above, threshold)


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ([], "no condition"),
        ([bound("n_purchases", True, 43.0)], "more than 43 purchases"),
        ([bound("n_purchases", False, 1.0)], "at most 1 purchase"),
        (
            [bound("days_since_last_purchase", False, 9.0), bound("revenue", True, 1234567.0)],
            "at most 9 days since the last purchase and revenue above 1,234,567",
        ),
        (
            [bound("n_lines", True, 1.0), bound("n_lines", False, 20.0)],
            "more than 1 and at most 20 lines bought",
        ),
        ([bound("n_products", True, 1.0)], "more than 1 different product"),
        ([bound("discount_share", False, 0.146)], "discount share at most 14.6%"),
        ([bound("share_DRUG", True, 0.05)], "share of drug above 5%"),
        ([bound("margin", False, -3.5)], "margin at most −3.5"),
        (
            [bound("margin", False, 8.0), bound("margin", True, -2.0)],
            "margin above −2 and at most 8",
        ),
        ([Condition("income", "35-49K", True, 0.5)], "income is 35-49K"),
        (
            [Condition("town", "A", False, 0.5), Condition("town", "B", False, 0.5)],
            "town is not A and town is not B",
        ),
    ],
)
def test_rules_in_words(conditions, said):
    assert say_rule(conditions) == said


def test_good_and_poor_rules():
    good = describe_by_rules(SEGMENTS, FRAME[["revenue"]], seed=1)
    assert "A rule of a few conditions describes each of the 2 segments" in read_explanation(
        NotAvailable("x"), good
    )
    assert list_rules(good).startswith("Segment 1 large: revenue above ")
    assert "finds 100% of the segment" in list_rules(good)
    table = tabulate_rules(good)
    assert list(table) == [
        "segment",
        "customers",
        "rule",
        "coverage",
        "purity",
        "share of customers",
        "the rule is",
    ]
    drawn = pd.Series(RNG.choice(["a", "b", "c", "d"], size=N))
    poor = describe_by_rules(drawn, FRAME[["noise"]], seed=1)
    assert "this describes the segment badly" in list_rules(poor)
    assert "describes the segments 'a', 'b', 'c' and 'd' well" in read_explanation(
        NotAvailable("x"), poor
    )
    assert list_rules(NotAvailable("x")) == NotAvailable("x")


def test_untested_variables_and_absent_sources_are_said():
    odd = FRAME.assign(same_for_all=1.0)[["noise", "same_for_all"]]
    said = read_explanation(
        explain_segments(
            SEGMENTS, {"needs": odd, "survey": NotAvailable("no table survey")}, seed=1
        ),
        NotAvailable("x"),
    )
    assert "Not tested: same for all (" in said
    assert "Not tested for want of data: survey." in said
    assert "In what the segments were not made from, no difference was shown." in said
    strong = read("revenue", "noise")
    assert "Not tested" not in strong
    assert "more than weak" not in strong
    many = pd.DataFrame({f"v{i}": 1.0 for i in range(8)}, index=FRAME.index)
    said = read_explanation(explain_segments(SEGMENTS, {"needs": many}, seed=1), NotAvailable("x"))
    assert " and 3 more." in said
    lacking = explain_segments(SEGMENTS, {"survey": NotAvailable("no survey")}, seed=1)
    assert tabulate_tests(lacking).reason.startswith("no variable that was held back")
    faint = FRAME["revenue"].ge(100) * 0.4 + FRAME["noise"]
    weak = read_explanation(
        explain_segments(SEGMENTS, {"till": pd.DataFrame({"faint": faint})}, seed=1),
        NotAvailable("x"),
    )
    assert "no difference is more than weak." in weak


def test_tables_for_readers_have_plain_words():
    explained = explain_segments(
        SEGMENTS, {"needs": FRAME.rename(columns={"revenue": "share_TEA"})}, seed=1
    )
    table = tabulate_tests(explained)
    assert table.loc[0, "variable"] == "share of tea"
    assert "customers" in table
    assert not any("_" in name for name in table)
    sizes = tabulate_sizes(size_segments(SEGMENTS, FRAME["revenue"]))
    assert sizes["segment"].tolist() == ["1 large", "2 small"]
    assert sizes["share of customers"].sum() == 1
    assert (sizes["from (revenue)"] < sizes["share of revenue"]).all()
    assert (sizes["share of revenue"] < sizes["to (revenue)"]).all()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n_purchases", "purchases"),
        ("share_of_revenue", "share of revenue"),
        ("share_FROZEN GROCERY", "share of frozen grocery"),
        ("income: 35-49K", "income 35-49K"),
        ("noise", "noise"),
    ],
)
def test_variables_are_said_in_words(name, words):
    assert say_variable(name) == words


def test_levels_are_left_as_they_are():
    assert say_level("main_channel: web_shop") == "main channel: web_shop"
    assert say_level("n_tickets") == "tickets"
