"""Sentences on recommendations and conversion tests, true on any data."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.recommendations import (
    draw_hit_rates,
    draw_recommenders,
    draw_sample_size,
)
from crmstudy.report.sentences.value.recommendation import (
    read_conversion_test,
    read_recommendation,
)
from crmstudy.report.theme import save_bytes
from crmstudy.statistics.two_shares import Arm, compare_shares
from crmstudy.value.recommendation.ab_test import plan_conversion_test, trace_sample_size
from crmstudy.value.recommendation.campaign_groups import CampaignTests
from crmstudy.value.recommendation.recommend import Recommendations
from crmstudy.value.recommendation.recommenders import FACTORS, NEIGHBOURS, NEW, OWN, POPULAR
from crmstudy.value.recommendation.trial import RecommendationTrial
from crmstudy.value.recommendation.trial_windows import TrialWindows
from crmstudy.value.recommendation.tuning import Tuning

ROWS = [
    # method, baseline, hit rate, ndcg, lead, verdict
    (POPULAR, True, 0.40, 0.20, None, "the best baseline"),
    (OWN, True, 0.35, 0.18, -0.02, "not told apart"),
    (NEIGHBOURS, False, 0.55, 0.30, 0.10, "better"),
    (FACTORS, False, 0.30, 0.15, -0.05, "worse"),
]


def make_trial(chosen: str = NEIGHBOURS, *, n: int = 200, **verdicts: str) -> RecommendationTrial:
    rows = []
    for method, baseline, hit, ndcg, lead, verdict in ROWS:
        rows.append(
            {
                "task": NEW,
                "method": method,
                "baseline": baseline,
                "setting": "",
                "n_customers": n,
                "n_served": n + 20,
                "hit_rate": hit,
                "hit_rate_lower": hit - 0.05,
                "hit_rate_upper": hit + 0.05,
                "ndcg": ndcg,
                "ndcg_lower": ndcg - 0.02,
                "ndcg_upper": ndcg + 0.02,
                "lead": lead,
                "lead_lower": None if lead is None else lead - 0.01,
                "lead_upper": None if lead is None else lead + 0.01,
                "verdict": verdicts.get(method, verdict),
            }
        )
    curves = pd.DataFrame(
        [
            (NEW, row["method"], k, row["hit_rate"] * k / 20, 0.0, 0.9)
            for row in rows
            for k in range(1, 21)
        ],
        columns=["task", "method", "k", "hit_rate", "lower", "upper"],
    )
    return RecommendationTrial(
        measures=pd.DataFrame(rows),
        curves=curves,
        tuning=Tuning(pd.DataFrame(), {(NEW, chosen): ()}, {NEW: chosen}),
        counts=pd.DataFrame(),
        random_hit_rate={NEW: 0.05},
        n_items=500,
        level="product",
        windows=TrialWindows(*["2024-01-01"] * 6),
        k=10,
        n_replicates=100,
    )


def make_service(n_cold: int) -> Recommendations:
    return Recommendations(pd.DataFrame(), pd.DataFrame(), {}, 300, n_cold, {}, 10)


def make_plan(*rows: tuple[str, int, int], claimed: float = 0.15):
    frame = pd.DataFrame(rows, columns=["event", "customers", "conversions"])
    return plan_conversion_test(frame, claimed_uplift=claimed)


def make_tests(treated: Arm, control: Arm, *, early: tuple[Arm, Arm]) -> CampaignTests:
    return CampaignTests(
        {"spring": compare_shares(treated, control)},
        {"spring": compare_shares(*early)},
        {"spring": 0.3},
        0.8,
        (),
    )


ALIKE = Arm(50, 200), Arm(50, 200)


def test_a_better_method_is_said_with_its_lead() -> None:
    said = read_recommendation(make_trial())
    assert "'item neighbours' did best before the test" in said
    assert "lists of 10 products by it hit 55.0% of the customers [50.0%, 60.0%]" in said
    assert "lists drawn by lot 5.0%" in said
    assert "lies 0.100 above that of the best baseline, 'popularity' [0.090, 0.110]" in said
    assert "'latent factors (ALS)' is worse" in said
    assert "own purchases" not in said  # a baseline is no method that learns from others


def test_a_method_that_is_not_told_apart_is_no_success() -> None:
    trial = make_trial()
    trial.measures.loc[2, ["lead", "lead_lower", "lead_upper", "verdict"]] = [
        0.001,
        -0.002,
        0.004,
        "not told apart",
    ]
    said = read_recommendation(trial)
    assert "not told apart from the best baseline, 'popularity' (difference in NDCG [−0.002" in said
    assert "above" not in said


def test_a_worse_choice_and_a_baseline_chosen_are_said() -> None:
    assert "lies 0.050 below that of the best baseline" in read_recommendation(make_trial(FACTORS))
    assert "nothing but counting is needed" in read_recommendation(make_trial(POPULAR))


def test_one_customer_and_one_product_are_singular() -> None:
    said = read_recommendation(replace(make_trial(n=1), k=1))
    assert "(1 customer)" in said
    assert "lists of 1 product by it" in said


def test_a_small_catalogue_is_warned_of() -> None:
    assert "catalogue" not in read_recommendation(make_trial())
    said = read_recommendation(replace(make_trial(), n_items=40))
    assert "The catalogue holds 40 products only: a list of 10 shows 25.0% of it" in said
    said = read_recommendation(replace(make_trial(), n_items=8, level="category"))
    assert "holds 8 categories only: a list of 10 shows 100.0% of it" in said
    assert "lists of 10 categories by it" in said


@pytest.mark.parametrize(
    ("n_cold", "expected"),
    [
        (0, "All of the 300 customers known are served by their own purchases."),
        (1, "1 has bought nothing of the catalogue and gets the most popular items"),
        (20, "20 have bought nothing of the catalogue and get the most popular items"),
    ],
)
def test_who_is_served_is_counted(n_cold: int, expected: str) -> None:
    assert expected in read_recommendation(make_trial(), make_service(n_cold))


def test_absence_is_said_once() -> None:
    missing = NotAvailable("the study has no products")
    said = read_recommendation(missing, missing)
    assert said == "Not available: the study has no products."
    assert read_conversion_test(missing, missing) == said


def test_the_claim_is_weighed_for_every_event() -> None:
    plan = make_plan(("buys", 6000, 1200), ("clicks", 100, 20), ("stays", 50, 49), ("never", 9, 0))
    said = read_conversion_test(plan)
    assert "conversion rises by 15% needs a test" in said
    assert "'buys' (20.0% without the offer) it takes" in said
    assert "the 6,000 at hand are enough" in said
    assert "the 100 at hand are too few" in said
    assert "'stays' (98.0% without the offer) such a rise cannot be" in said
    assert "nobody converts" in said
    assert "looks 5 times" in said
    assert "14.2% of the cases without an effect, not in 5%" in said


def test_a_campaign_by_lot_is_read_with_its_chance() -> None:
    clear = read_conversion_test(
        make_plan(("buys", 300, 60)), make_tests(Arm(90, 200), Arm(50, 200), early=ALIKE)
    )
    assert "45.0% of the 200 customers addressed bought and 25.0% of the 200 held back" in clear
    assert "a difference of 20.0 percentage points" in clear
    assert "chance (" not in clear
    assert "check fails" not in clear
    vague = read_conversion_test(
        make_plan(("buys", 300, 60)),
        make_tests(Arm(52, 200), Arm(50, 200), early=(Arm(90, 200), Arm(50, 200))),
    )
    assert "which may be chance" in vague
    assert "A check fails: groups of spring bought alike before it (p < .001)" in vague


def test_figures_are_drawn_for_few_many_and_chinese_names() -> None:
    trial = make_trial()
    for figure in (
        draw_recommenders(trial.measures, k=10),
        draw_recommenders(trial.measures.head(1), k=1),
        draw_recommenders(trial.measures.assign(task="新商品：顾客从未购买过"), k=10),
        draw_hit_rates(trial.curves, unit="products"),
        draw_hit_rates(trial.curves[trial.curves["k"] == 1]),
        draw_sample_size(trace_sample_size(make_plan(("购买", 300, 60))), claimed=0.15),
        draw_sample_size(trace_sample_size(make_plan(("buys", 300, 60), claimed=4.5)), claimed=4.5),
    ):
        assert save_bytes(figure, "png").startswith(b"\x89PNG")


def test_absent_figures_stay_absent() -> None:
    missing = NotAvailable("none")
    assert draw_recommenders(missing, k=10) is missing
    empty = trace_sample_size(make_plan(("never", 9, 0)))
    assert isinstance(draw_sample_size(empty, claimed=0.15), NotAvailable)
