"""Agreement of experts: Kendall's W against R, consensus by hand, who stands apart."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.evaluation.groups.agreement import measure_agreement, measure_distances
from crmstudy.evaluation.groups.concordance import kendall_w, measure_concordance, rank_each
from crmstudy.evaluation.groups.consensus import measure_consensus
from crmstudy.evaluation.groups.panel import prioritise_hierarchy

REFERENCE = Path(__file__).parents[1] / "reference" / "concordance"
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index("panel")
TREE = {"satisfaction": ["product", "service"], "loyalty": ["repeat", "recommend", "retain"]}


def ranks_of(panel: str) -> np.ndarray:
    rows = pd.read_csv(REFERENCE / "weights.csv")
    rows = rows[rows["panel"] == panel]
    return rank_each(rows.pivot_table(index="judge", columns="object", values="weight").to_numpy())


@pytest.mark.parametrize("panel", EXPECTED.index)
def test_concordance_is_that_of_r(panel):
    found = measure_concordance(ranks_of(panel), seed=1)
    expected = EXPECTED.loc[panel]
    assert found.w == pytest.approx(expected["w"], rel=1e-12)
    assert found.test.statistic == pytest.approx(expected["chi2"], rel=1e-12)
    if found.test.distribution == "exact":
        assert found.test.p_value == pytest.approx(expected["p_exact"], rel=1e-12)
    elif panel == "siegel":
        # Four standard errors of 9,999 shuffles.
        assert found.test.p_value == pytest.approx(expected["p_exact"], abs=0.018)
    else:
        # Nine judges of twelve: shuffles and chi-squared differ by little.
        assert found.test.p_value == pytest.approx(expected["p_chi2"], abs=0.03)


def test_published_concordance():
    # Siegel (1956): three executives, six applicants, s = 25.5, W = .16.
    assert kendall_w(ranks_of("siegel")) == pytest.approx(0.16, abs=5e-3)


def test_concordance_of_many_judges_is_tested_by_chi_squared():
    ranks = np.tile(ranks_of("nine_by_twelve"), (6, 1))
    found = measure_concordance(ranks, seed=1)
    assert found.test.distribution == "chi2(11)"
    assert found.w == pytest.approx(EXPECTED.loc["nine_by_twelve", "w"])


def test_concordance_at_its_limits():
    same = np.tile(np.arange(1.0, 5), (3, 1))
    assert kendall_w(same) == pytest.approx(1)
    assert kendall_w(np.array([[1.0, 2, 3], [3, 2, 1]])) == pytest.approx(0)
    # Only the same order by all is as spread: 24 of 24^3 outcomes.
    assert measure_concordance(same, seed=1).test.p_value == pytest.approx(1 / 24**2)


@pytest.mark.parametrize("panel", ["five_by_four", "nine_by_twelve"])
def test_neither_order_of_judges_nor_of_objects_matters(panel):
    ranks = ranks_of(panel)
    mixed = ranks[::-1][:, np.random.default_rng(3).permutation(ranks.shape[1])]
    one, other = (measure_concordance(given, seed=4) for given in (mixed, ranks))
    assert one.w == pytest.approx(other.w, rel=1e-12)
    assert one.test.p_value == pytest.approx(other.test.p_value, rel=1e-12)


def test_what_is_equal_but_for_rounding_shares_a_rank():
    ranks = rank_each(np.array([[0.3, 0.1 + 0.2, 0.4], [0.2, 0.2, 0.6]]))
    np.testing.assert_array_equal(ranks, [[2.5, 2.5, 1], [2.5, 2.5, 1]])


@pytest.mark.parametrize(
    ("ranks", "message"),
    [
        (np.ones((1, 3)), "agreement needs two judges of two objects; there is 1 of 3"),
        (np.ones((2, 1)), "there are 2 of 1"),
        (np.full((2, 3), 2.0), "every judge gives all objects the same rank"),
    ],
)
def test_concordance_refuses(ranks, message):
    with pytest.raises(ModelError, match=message):
        measure_concordance(ranks, seed=1)


def test_consensus_by_hand():
    # Two experts, two names, .9 and .1 against .5 and .5.
    alpha = (-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)) + np.log(2)) / 2
    gamma = -(0.7 * np.log(0.7) + 0.3 * np.log(0.3))
    least = np.exp(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1))) / 2
    found = measure_consensus(np.array([[0.9, 0.1], [0.5, 0.5]]))
    assert found.beta == pytest.approx(np.exp(gamma - alpha))
    assert found.consensus == pytest.approx((np.exp(alpha - gamma) - least) / (1 - least))
    assert found.alpha * found.beta == pytest.approx(found.gamma)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_consensus_runs_from_the_largest_contrast_of_the_scale_to_equality(n):
    extreme = np.full((n, n), 1.0) + 8 * np.eye(n)
    assert measure_consensus(extreme / extreme.sum(axis=1)).consensus == pytest.approx(0)
    equal = measure_consensus(np.tile(np.arange(1, n + 1) / (n * (n + 1) / 2), (4, 1)))
    assert equal.consensus == pytest.approx(1)
    assert (equal.words, equal.beta) == ("very high", pytest.approx(1))


@pytest.mark.parametrize(
    ("first", "words"),
    [(0.5, "very high"), (0.68, "high"), (0.74, "moderate"), (0.77, "low"), (0.9, "very low")],
)
def test_consensus_in_words(first, words):
    # Mirrored experts: the further from one half, the less they share.
    assert measure_consensus(np.array([[first, 1 - first], [1 - first, first]])).words == words


def test_consensus_refuses_one_expert():
    with pytest.raises(ModelError, match="two experts and two names; there are 1 and 3"):
        measure_consensus(np.ones((1, 3)) / 3)


def test_distances_by_hand():
    weights = pd.DataFrame({"a": [0.5, 0.2, 0.0], "b": [0.5, 0.8, 1.0]}, index=["E1", "E2", "E3"])
    found = measure_distances(weights)
    np.testing.assert_allclose(found, [[0, 0.3, 0.5], [0.3, 0, 0.2], [0.5, 0.2, 0]], atol=1e-12)


@pytest.fixture
def panel(long):
    """Four experts; the last turns everything round."""

    def write(turned=1, experts=4):
        parts = []
        for number in range(1, experts + 1):
            upper = 2.0 + 0.2 * number
            value = 1 / upper if number > experts - turned else upper
            expert = f"E{number}"
            parts += [
                long(list(TREE), [value], "criteria", expert),
                long(TREE["satisfaction"], [value], "satisfaction", expert),
                long(TREE["loyalty"], [value, value**2, value], "loyalty", expert),
            ]
        return pd.concat(parts, ignore_index=True)

    return write


def test_the_expert_who_turns_everything_round_stands_apart(panel):
    result = prioritise_hierarchy(panel(), hierarchy=TREE)
    found = measure_agreement(result, seed=1)
    assert found.apart == ("E4",)
    own = found.experts.set_index("expert")
    assert own["mean distance"].idxmax() == "E4"
    without = prioritise_hierarchy(panel().query("expert != 'E4'"), hierarchy=TREE).weights.overall
    change = (without - result.weights.overall).abs().max()
    assert own.loc["E4", "largest change without"] == pytest.approx(change)
    assert own.loc["E4", "heaviest without"] == without.idxmax()
    np.testing.assert_allclose(found.distances, found.distances.T)


def test_agreeing_experts_agree_on_everything(panel):
    found = measure_agreement(prioritise_hierarchy(panel(turned=0), hierarchy=TREE), seed=1)
    assert found.apart == ()
    table = found.table().set_index("judged")
    np.testing.assert_allclose(table["Kendall's W"], 1)
    # W of two names by four experts: all the same way, 2 of 2^4 outcomes.
    assert table.loc["criteria", "p"] == pytest.approx(2 / 16)
    assert (table["consensus"].dropna() > 0.99).all()
    metrics = found.to_metrics()
    assert metrics["kendall_w_all_indicators"] == pytest.approx(1)
    assert metrics["n_experts_apart"] == 0


def test_agreement_does_not_depend_on_the_order_of_rows(panel):
    table = panel()
    straight = measure_agreement(prioritise_hierarchy(table, hierarchy=TREE), seed=1)
    mixed_rows = table.sample(frac=1, random_state=2)
    mixed = measure_agreement(prioritise_hierarchy(mixed_rows, hierarchy=TREE), seed=1)
    assert mixed.to_metrics() == pytest.approx(straight.to_metrics(), rel=1e-12)


def test_agreement_leaves_out_whom_the_rule_left_out(panel):
    table = panel()
    bad = (table["expert"] == "E4") & (table["row"] == "repeat") & (table["column"] == "retain")
    table.loc[bad, "value"] = 9.0
    result = prioritise_hierarchy(table, hierarchy=TREE, over_limit="exclude")
    found = measure_agreement(result, seed=1)
    assert found.n_experts == 3
    assert list(found.distances.index) == ["E1", "E2", "E3"]


def test_equal_judgements_have_no_order_but_full_consensus(long):
    parts = [long(list(TREE), [1], expert=expert) for expert in ("A", "B")]
    tree = {"satisfaction": ["product"], "loyalty": ["repeat"]}
    found = measure_agreement(prioritise_hierarchy(pd.concat(parts), hierarchy=tree), seed=1)
    assert isinstance(found.concordance["criteria"], NotAvailable)
    row = found.table().set_index("judged").loc["criteria"]
    assert pd.isna(row["Kendall's W"])
    assert row["consensus"] == pytest.approx(1)
    assert row["p by"].startswith("not available: every judge gives all")
    assert "kendall_w_criteria" not in found.to_metrics()


def test_one_expert_has_no_agreement(panel):
    result = prioritise_hierarchy(panel(experts=1, turned=0), hierarchy=TREE)
    with pytest.raises(ModelError, match="one expert behind the weights"):
        measure_agreement(result, seed=1)
    missing = NotAvailable("no judgements")
    assert measure_agreement(missing, seed=1) is missing
