"""Sentences on the use of segments claim no more than their numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.segmentation.targeting import (
    read_budget,
    read_care,
    read_targeting,
    read_uplift,
)

ABSENT = NotAvailable("the study has no table campaigns")


def targeting(gini=(0.3, 0.2, 0.4), leads=(), names=("1 best", "2 rest"), n=100):
    segments = pd.DataFrame(
        {"share_rows": 0.25, "share_outcome": 0.5, "lift": 2.0, "lower": 1.5, "upper": 2.5},
        index=list(names),
    )
    methods = pd.DataFrame(
        [(*gini, 0.0, 0.0), *((0.1, 0.0, 0.2, *lead) for _, lead in leads)],
        index=["segments", *(name for name, _ in leads)],
        columns=["gini", "gini_lower", "gini_upper", "lead_lower", "lead_upper"],
    )
    return SimpleNamespace(
        segments=segments,
        methods=methods,
        n_rows=n,
        unit="offer",
        outcome="responses",
        judged_on="campaigns begun after 2025-06-30",
    )


def test_targeting_says_share_lift_and_gini():
    said = read_targeting(targeting())
    assert said == (
        "Judged by campaigns begun after 2025-06-30 (100 offers), the segment ranked first, "
        "'1 best', holds 25.0% of the offers and 50.0% of the responses: a lift of 2.00 "
        "[1.50, 2.50]. The Gini coefficient of the segments is 0.30 [0.20, 0.40]: they rank "
        "better than chance."
    )


@pytest.mark.parametrize(
    ("gini", "words"),
    [
        ((0.1, -0.1, 0.3), "are not shown to rank better than chance"),
        ((-0.3, -0.4, -0.2), "rank worse than chance"),
        ((0.0, 0.0, 0.0), "are not shown to rank better than chance"),
    ],
)
def test_gini_and_chance(gini, words):
    assert words in read_targeting(targeting(gini))


def test_rivals_are_sorted_by_their_intervals():
    leads = [("RFM score", (-0.2, -0.1)), ("recency", (0.1, 0.2)), ("revenue", (-0.1, 0.1))]
    assert read_targeting(targeting(leads=leads)).endswith(
        "Of the rankings of single customers, 'RFM score' ranks better than the segments; "
        "'recency' ranks worse; 'revenue' is not told apart from them."
    )
    two = [("a", (-0.2, -0.1)), ("b", (-0.2, -0.1))]
    assert "'a' and 'b' rank better than the segments." in read_targeting(targeting(leads=two))


def test_one_segment_and_absence():
    said = read_targeting(targeting(names=("1 all",), gini=(0.0, 0.0, 0.0), n=1))
    assert "(1 offer), there is one segment only: it ranks nobody" in said
    assert read_targeting(ABSENT, ABSENT) == "Not available: the study has no table campaigns."


def uplift(value=3.0, lower=1.0, upper=5.0, p_value=0.2, campaigns=("spring",)):
    frame = pd.DataFrame(
        {
            "n_addressed": [30],
            "n_held_back": [40],
            "uplift": [value],
            "lower": [lower],
            "upper": [upper],
            "response_rate": [0.25],
        },
        index=["all segments"],
    )
    test = Hypothesis("x", 1.0, p_value, "chi2(1)") if p_value is not None else ABSENT
    return SimpleNamespace(segments=frame, homogeneity=test, outcome="margin", campaigns=campaigns)


def test_uplift():
    assert read_uplift(uplift()) == (
        "Compared with customers held back by lot (70 customers), those addressed brought 3.00 "
        "more margin each (difference [1.00, 5.00]); 25.0% of the offers were answered. The data "
        "do not show that the effect differs between segments (p = .200)."
    )
    assert "differs between segments (p = .010)" in read_uplift(uplift(p_value=0.01))
    chance = read_uplift(uplift(-1.0, -3.0, 1.0, None))
    assert "brought 1.00 less margin each" in chance
    assert "which may be chance" in chance
    assert "differs" not in chance
    twice = read_uplift(uplift(campaigns=("spring", "autumn")))
    assert "by lot (70 customers, counted once in each campaign), those" in twice
    assert read_uplift(ABSENT).startswith("Not available")


def budget(contacts=(30.0, 10.0), price=0.5, limits=((1, 2), (-2, -1), (-1, 1)), money=40.0):
    contacts = np.array(contacts)
    total = contacts.sum()
    segments = pd.DataFrame(
        {"contacts": contacts, "share_budget": contacts / total if total else contacts},
        index=["1 best", "2 rest"],
    )
    comparison = pd.DataFrame(
        [(0.0, 0.0), *limits],
        index=["best plan", "a", "b", "c"][: 1 + len(limits)],
        columns=["advantage_lower", "advantage_upper"],
    )
    return SimpleNamespace(
        segments=segments,
        comparison=comparison,
        plan=SimpleNamespace(contacts=contacts, spent=total, shadow_price=price),
        terms=SimpleNamespace(budget=money, cost_per_contact=1.0),
        shadow_lower=0.2,
        shadow_upper=0.8,
        n_held_out=200,
        checks=(),
    )


def test_budget_says_who_what_more_and_how_it_stood():
    assert read_budget(budget()) == (
        "With a budget of 40.00 the best plan makes 40 contacts and spends 40.00, by segment: "
        "'1 best' 75.0% and '2 rest' 25.0%. One more unit of money is expected to bring 0.50 in "
        "profit [0.20, 0.80]. On the 200 offers held out the best plan earns more than 'a'; it "
        "earns less than 'b'; it is not told apart from 'c'."
    )


def test_budget_at_its_edges():
    none = read_budget(budget(contacts=(0.0, 0.0), price=0.0))
    assert "makes no contact: no contact is expected to bring more than it costs" in none
    assert "More money would not bring more" in none
    poor = read_budget(budget(contacts=(0.0, 0.0), money=0.0))
    assert "makes no contact: it pays for no contact" in poor
    one = read_budget(budget(contacts=(1.0, 0.0)))
    assert "makes 1 contact and spends 1.00, by segment: '1 best' 100.0%." in one
    broken = budget()
    broken.checks = (Check("it holds", False, 1.0, "= 0", "x", "beware"),)
    assert read_budget(broken).endswith("Not all checks hold: it holds fails, so beware.")
    assert read_budget(ABSENT) == "Not available: the study has no table campaigns."


def care(n=2, known=1, skipped=(), action="coupon"):
    gone = NotAvailable("no campaign")
    actions = pd.DataFrame(
        {
            "segment": [f"s{i}" for i in range(n)],
            "action": [action] * n if isinstance(action, str) else list(action),
            "n_customers": 1,
            "expected_value": pd.Series([1.0] * known + [gone] * (n - known), dtype="object"),
        }
    )
    return SimpleNamespace(actions=actions, skipped=skipped)


def test_care():
    assert read_care(care()) == (
        "The care plan holds 2 actions for 2 segments and begins with 'coupon' for the segment "
        "'s0' (1 customer). Of 2 actions to be paid for, the expected value is known for 1; the "
        "other needs a test first."
    )
    assert "for 1; the others need a test first." in read_care(care(n=3))
    assert "known for every action" in read_care(care(known=2))
    some = read_care(care(action=("coupon", "no paid contact")))
    assert some.endswith("The expected value is known for every paid action.")
    free = read_care(care(n=1, known=0, action="standard service"))
    assert free.endswith("None of them costs anything.")
    nothing = read_care(care(n=1, known=0, skipped=("cross-selling",)))
    assert nothing.startswith("The care plan holds 1 action for 1 segment")
    assert "no expected value for any action" in nothing
    assert "'cross-selling' was not considered" in nothing
    assert "'a' and 'b' were not considered" in read_care(care(skipped=("a", "b")))
    assert read_care(ABSENT).startswith("Not available")
