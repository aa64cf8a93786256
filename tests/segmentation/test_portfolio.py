from itertools import product

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.instrument import Instrument, ItemSpec
from crmstudy.segmentation.positioning.evidence import Evidence
from crmstudy.segmentation.positioning.portfolio import rate_segments
from crmstudy.segmentation.positioning.portfolio_scores import (
    measure_reliability,
    name_cells,
    scale_distances,
)
from crmstudy.segmentation.positioning.strategy import (
    STRATEGY_RULES,
    UNDECIDED,
    apply_rule,
    name_strategies,
    reach,
)


def make_market(n: int = 900, seed: int = 0) -> tuple[Evidence, pd.Series]:
    """Three segments, one better than another in everything that is measured."""
    draw = np.random.default_rng(seed)
    index = pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id")
    rank = np.repeat([2, 1, 0], [n // 2, n // 3, n - n // 2 - n // 3])
    features = pd.DataFrame(
        {
            "revenue": draw.gamma(4.0, 10.0, n) * (1 + rank),
            "n_purchases": 1 + draw.poisson(2 + rank),
            "n_departments": np.minimum(1 + rank + draw.integers(0, 2, n), 4),
            "mean_days_between_purchases": np.full(n, 30.0),
            "sd_days_between_purchases": draw.gamma(9.0, 2.0, n) * (3 - rank),
            "discount_share": draw.uniform(0, 0.1, n) * (3 - rank),
            "margin": draw.gamma(4.0, 4.0, n) * (1 + rank) ** 2,
        },
        index=index,
    )
    earlier = features[["revenue", "n_purchases"]].assign(tenure_days=364.0)
    again = draw.random(n) < 0.3 + 0.3 * rank
    later = earlier.assign(revenue=earlier["revenue"] * (0.5 + 0.4 * rank))[again]
    labels = pd.Series(np.array(["poor", "middling", "rich"])[rank], index=index)
    return Evidence(features, earlier=earlier, later=later), labels


def test_the_best_segment_in_everything_is_high_in_both_and_the_worst_low():
    found = rate_segments(*make_market(), seed=1, n_draws=100)
    assert found.positions.loc["rich", "cell"] == "high / high"
    assert found.positions.loc["poor", "cell"] == "low / low"
    assert found.positions.loc["rich", "share_draws"] > 0.95
    names = name_strategies(found).segments
    assert names.loc["rich", "strategy"] == "leader"
    assert names.loc["poor", "strategy"] == "diversification"


def test_scores_by_hand():
    evidence, segments = make_market()
    found = rate_segments(evidence, segments, seed=1, n_draws=200)
    scores = found.scores[found.scores["criterion"] == "revenue per customer"]
    scores = scores.set_index("segment")
    means = evidence.features["revenue"].groupby(segments).mean()
    away = means - evidence.features["revenue"].mean()
    used = found.criteria.set_index("criterion").loc["revenue per customer"]
    assert used["reference_value"] == pytest.approx(evidence.features["revenue"].mean())
    for name in means.index:
        score = 0.5 + 0.5 * used["reliability"] * away[name] / away.abs().max()
        assert scores.loc[name, "score"] == pytest.approx(score)
        assert scores.loc[name, "value"] == pytest.approx(means[name])
    sums = found.criteria.groupby("axis")["weight"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)
    wide = found.score_table().set_index("criterion")
    axis = wide[wide["axis"] == "strength"]
    by_hand = (axis["rich"] * axis["weight"]).sum()
    assert found.positions.loc["rich", "strength"] == pytest.approx(by_hand)


def test_reliability_is_the_share_that_is_no_sampling_error():
    draw = np.random.default_rng(0)
    away = np.array([3.0, -3.0, 0.0])
    noisy = away + draw.normal(0, 1.0, (4_000, 3))
    assert measure_reliability(away, noisy) == pytest.approx(1 - 1 / 6, abs=0.01)
    assert measure_reliability(away, away + 9 * draw.normal(size=(400, 3))) == 0.0
    assert measure_reliability(0 * away, noisy) == 0.0


def test_distances_are_scaled_by_the_farthest():
    away = np.array([[2.0, -4.0, 0.0], [1e-17, 0.0, 0.0]])
    assert scale_distances(away, np.array([9.0, 9.0])).tolist() == [[0.5, -1.0, 0.0], [0, 0, 0]]


def test_segments_that_do_not_differ_stand_in_the_middle():
    # shuffled labels: whatever is measured differs by chance only
    evidence, segments = make_market(seed=4)
    mixed = pd.Series(
        np.random.default_rng(1).permutation(segments.to_numpy()), index=segments.index
    )
    found = rate_segments(evidence, mixed, seed=1, n_draws=100, weights={"share of customers": 0.0})
    assert (found.criteria["reliability"] < 0.9).all()
    assert found.positions["strength"].between(0.25, 0.75).all()


def test_names_do_not_depend_on_currency_or_order():
    evidence, segments = make_market(300)
    one = rate_segments(evidence, segments, seed=2, n_draws=60)
    mixed = rate_segments(evidence, segments.sample(frac=1.0, random_state=1), seed=2, n_draws=60)
    pd.testing.assert_frame_equal(one.positions, mixed.positions)
    money = ["revenue", "margin"]
    yen = Evidence(
        evidence.features.assign(**{name: evidence.features[name] * 170 for name in money}),
        earlier=evidence.earlier.assign(revenue=evidence.earlier["revenue"] * 170),
        later=evidence.later.assign(revenue=evidence.later["revenue"] * 170),
    )
    other = rate_segments(yen, segments, seed=2, n_draws=60)
    columns = ["attractiveness", "strength", "share_draws"]
    pd.testing.assert_frame_equal(one.positions[columns], other.positions[columns])
    pd.testing.assert_frame_equal(name_strategies(one).segments, name_strategies(other).segments)


def test_missing_criteria_are_dropped_openly_and_weights_renormalised():
    evidence, segments = make_market()
    found = rate_segments(evidence, segments, seed=0, n_draws=5)
    reasons = found.absent.set_index("criterion")["reason"]
    assert reasons["overall satisfaction"].startswith("no survey item")
    assert reasons["complaints per purchase"] == "no contacts that say what is a complaint"
    weighted = rate_segments(
        evidence,
        segments,
        seed=0,
        n_draws=5,
        weights={"revenue per customer": 3.0, "margin per unit of revenue": 0.0},
    )
    weight = weighted.criteria.set_index("criterion")["weight"]
    assert weight["revenue per customer"] == pytest.approx(3 / 6)
    assert weighted.absent.set_index("criterion").loc["margin per unit of revenue", "reason"] == (
        "weight 0"
    )


def test_small_segments_and_criteria_known_of_few_are_left_out():
    evidence, segments = make_market()
    tiny = segments.copy()
    tiny.iloc[:4] = "tiny"
    found = rate_segments(evidence, tiny, seed=0, n_draws=5)
    assert found.small == ("tiny",)
    assert "tiny" not in found.positions.index
    assert found.n_customers == len(segments) - 4
    few = evidence.features.copy()
    few.loc[segments.index[segments == "rich"][4:], "discount_share"] = np.nan
    given = Evidence(few, earlier=evidence.earlier, later=evidence.later)
    reasons = rate_segments(given, segments, seed=0, n_draws=5).absent.set_index("criterion")
    assert reasons.loc["share of discounts in the price", "reason"] == (
        "fewer than 5 customers known in segment 'rich'"
    )


def test_benchmarks_are_the_reference_where_they_are_given():
    evidence, segments = make_market(300)
    complaints = evidence.features.assign(n_complaints=1)
    survey = pd.DataFrame({"customer_id": segments.index, "SA": 7.0})
    asked = Instrument(
        scale=(1, 10), items={"SA": ItemSpec()}, roles={"overall_satisfaction": "SA"}
    )
    figures = pd.DataFrame(
        {
            "indicator": ["complaint rate", "Complaint rate", "customer satisfaction index"],
            "period": ["2025", "2024", "2025"],
            "value": [0.04, 0.5, 60.0],
            "source": ["an association"] * 3,
        }
    )
    given = Evidence(complaints, survey=survey, benchmarks=figures, instrument=asked)
    found = rate_segments(given, segments, seed=0, n_draws=20)
    used = found.criteria.set_index("criterion")
    assert found.benchmarked
    assert used.loc["overall satisfaction", "reference_value"] == 60.0
    scores = found.scores[found.scores["criterion"] == "overall satisfaction"]
    assert scores["value"].to_numpy() == pytest.approx(100 * 6 / 9)  # 7 on a scale of 1 to 10
    assert scores["score"].to_numpy() == pytest.approx(1.0)
    assert used.loc["complaints per purchase", "reference_value"] == 0.04
    assert used.loc["complaints per purchase", "reference"] == "benchmark 2025 (an association)"
    assert not rate_segments(*make_market(300), seed=0, n_draws=5).benchmarked


def test_a_yearly_benchmark_is_used_for_windows_of_a_year_only():
    evidence, segments = make_market(300)
    figures = pd.DataFrame(
        {"indicator": ["retention rate"], "period": ["2025"], "value": [0.7], "source": ["x"]}
    )
    for days, reference in ((364.0, "benchmark 2025 (x)"), (180.0, "all customers")):
        given = Evidence(
            evidence.features,
            earlier=evidence.earlier.assign(tenure_days=days),
            later=evidence.later.assign(tenure_days=days),
            benchmarks=figures,
        )
        used = rate_segments(given, segments, seed=0, n_draws=2).criteria.set_index("criterion")
        name = "share of earlier customers who bought again"
        assert used.loc[name, "reference"] == reference


def test_sensitivity_to_weights():
    found = rate_segments(*make_market(), seed=1, n_draws=20)
    assert found.weighted.shape == (1_000, 3, 3)
    assert found.positions["share_weights"].between(0, 1).all()
    assert list(found.leave_one_out["criterion"]) == list(found.criteria["criterion"])
    assert (found.leave_one_out["cells_changed"].astype(int) <= 3).all()


def test_cells_are_thirds():
    points = np.array([[0.1, 0.9], [1 / 3, 2 / 3], [0.7, 0.2]])
    assert name_cells(points).tolist() == ["low / high", "medium / medium", "high / low"]


def test_refusals():
    evidence, segments = make_market(300)
    with pytest.raises(ModelError, match="two segments of 5 customers with features; found: 1"):
        rate_segments(evidence, segments.map(lambda _: "a"), seed=0)
    with pytest.raises(SettingsError, match=r"no criterion 'margin'.*known: share of customers"):
        rate_segments(evidence, segments, seed=0, weights={"margin": 1.0})
    with pytest.raises(SettingsError, match="the weight of 'revenue per customer' is -1"):
        rate_segments(evidence, segments, seed=0, weights={"revenue per customer": -1})
    with pytest.raises(ModelError, match="no criterion of strength can be used"):
        rate_segments(Evidence(evidence.features[["revenue"]]), segments, seed=0)
    assert isinstance(name_strategies(NotAvailable("no firm")), NotAvailable)


@pytest.mark.parametrize("met", list(product([True, False], repeat=3)))
def test_the_printed_rule_is_the_rule_applied(met):
    # every combination satisfies exactly one printed row
    attractive, strong, large = met
    says = {
        "at least .5": lambda one: one,
        "below .5": lambda one: not one,
        "any": lambda _: True,
        "at least an equal share": lambda one: one,
        "below an equal share": lambda one: not one,
    }
    fitting = [
        rule.strategy
        for rule in STRATEGY_RULES
        if says[rule.attractiveness](attractive)
        and says[rule.strength](strong)
        and says[rule.share_of_revenue](large)
    ]
    assert fitting == [str(apply_rule(np.array(met)))]


def test_a_value_at_the_threshold_meets_it():
    assert reach(np.array([0.5 - 1e-12, 0.49]), np.array([0.5, 0.5])).tolist() == [True, False]


def test_doubtful_cases_are_undecided():
    found = name_strategies(rate_segments(*make_market(300), seed=1, n_draws=60))
    for name, row in found.segments.iterrows():
        conditions = found.conditions[found.conditions["segment"] == name]
        decisive = conditions[conditions["decisive"] == "yes"]
        near = (decisive["distance"].abs() < 0.02).any()
        assert (row["strategy"] == UNDECIDED) == bool(near or row["share_draws"] < 0.8)
        assert row["share_draws"] == pytest.approx(found.shares.loc[name, row["by_rule"]])
    assert found.shares.sum(axis=1).to_numpy() == pytest.approx(1.0)
    counts = found.to_metrics()
    assert sum(counts.values()) == 3


def test_shuffled_segments_of_equal_size_get_no_sure_name():
    # two halves drawn by lot: nothing but chance decides, and the rule must say so
    evidence, segments = make_market(400, seed=2)
    lot = pd.Series(np.where(np.arange(400) % 2, "odd", "even"), index=segments.index)
    found = name_strategies(rate_segments(evidence, lot, seed=1, n_draws=200))
    assert (found.segments["strategy"] == UNDECIDED).all()


def test_rules_print_both_languages():
    rules = name_strategies(rate_segments(*make_market(300), seed=0, n_draws=2)).rules()
    both = dict(zip(rules["strategy"], rules["in Chinese"], strict=True))
    assert both == {
        "leader": "領導者",
        "follower": "追隨者",
        "nicher": "利基者",
        "diversification": "多元化",
    }
