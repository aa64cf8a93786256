"""Groups of experts and hierarchies: published synthesis, laws, the rule for inconsistency."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import DataError, JudgementError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.groups.aggregate import aggregate_judgements, aggregate_priorities
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.synthesis import synthesise
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.derive import prioritise, prioritise_many
from crmstudy.indicators.definitions import HIERARCHY

TREE = {"satisfaction": ["product", "service"], "loyalty": ["repeat", "recommend", "retain"]}
SATISFIED = pd.Series([0.6, 0.4], index=["product", "service"])
LOYAL = pd.Series([0.5, 0.2, 0.3], index=["repeat", "recommend", "retain"])
CRITERIA = pd.Series([0.7, 0.3], index=["satisfaction", "loyalty"])


def triangle(weights: pd.Series, factor: float = 1.0) -> list[float]:
    """Judgements of given weights; the factor bends the first against the others."""
    values = weights.to_numpy()
    pairs = [values[i] / values[j] for i in range(len(values)) for j in range(i + 1, len(values))]
    return [factor * pairs[0], *pairs[1:]]


@pytest.fixture
def panel(long):
    """Three experts; the third contradicts himself on loyalty."""

    def write(factors=(1.0, 1.0, 9.0)) -> pd.DataFrame:
        parts = []
        for number, factor in enumerate(factors, start=1):
            expert = f"E{number}"
            parts += [
                long(list(CRITERIA.index), triangle(CRITERIA), "criteria", expert),
                long(list(SATISFIED.index), triangle(SATISFIED), "satisfaction", expert),
                long(list(LOYAL.index), triangle(LOYAL, 1 / factor), "loyalty", expert),
            ]
        return pd.concat(parts, ignore_index=True)

    return write


def test_published_synthesis_of_the_leader(published):
    # Wikipedia's leader example: Dick .493, Tom .358, Harry .149.
    criteria = prioritise(read_judgements(published, matrix="leader")).weights
    local = {
        name: prioritise(read_judgements(published, matrix=name)).weights for name in criteria.index
    }
    overall = synthesise(criteria, local)
    np.testing.assert_allclose(overall[["Tom", "Dick", "Harry"]], [0.358, 0.493, 0.149], atol=5e-4)


def test_overall_weights_sum_to_one_and_multiply():
    overall = synthesise(CRITERIA, {"loyalty": LOYAL, "satisfaction": SATISFIED})
    assert overall["product"] == pytest.approx(0.42)
    assert overall["retain"] == pytest.approx(0.09)
    assert overall.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("local", "message"),
    [
        ({"satisfaction": SATISFIED}, "'loyalty' stands in the criteria but not in the local"),
        (
            {"satisfaction": SATISFIED, "loyality": LOYAL},
            r"'loyalty' stands in the criteria.*did you mean 'loyality'",
        ),
        (
            {"satisfaction": SATISFIED, "loyalty": LOYAL / 2},
            r"weights of loyalty sum to 0.5; allowed: 1",
        ),
        ({"satisfaction": SATISFIED, "loyalty": -LOYAL}, r"'repeat' has -0.5; allowed: 0 or more"),
    ],
)
def test_synthesis_refuses(local, message):
    with pytest.raises(DataError, match=message):
        synthesise(CRITERIA, local)


def as_frames(values):
    names = [f"n{i}" for i in range(values.shape[1])]
    return [pd.DataFrame(one, index=names, columns=names) for one in values]


def test_group_matrix_is_reciprocal_and_between_its_experts(noisy):
    values = noisy(5, 6, 0.8)
    group = aggregate_judgements(as_frames(values)).to_numpy()
    np.testing.assert_allclose(group * group.T, 1, rtol=1e-12)
    assert (group <= values.max(axis=0) * (1 + 1e-12)).all()
    assert (group >= values.min(axis=0) * (1 - 1e-12)).all()


def test_group_by_hand():
    # sqrt(2 * 8) = 4; with weights 3/4 and 1/4: 2^.75 * 8^.25.
    two, eight = (
        pd.DataFrame([[1, x], [1 / x, 1]], index=["a", "b"], columns=["a", "b"]) for x in (2, 8)
    )
    assert aggregate_judgements([two, eight]).loc["a", "b"] == pytest.approx(4)
    weighted = aggregate_judgements({"X": two, "Y": eight}, expert_weights={"Y": 0.25, "X": 0.75})
    assert weighted.loc["a", "b"] == pytest.approx(2**0.75 * 8**0.25)


def test_experts_may_come_in_any_order_and_with_any_order_of_names(noisy):
    frames = as_frames(noisy(4, 5, 0.8))
    mixed = [one.sample(frac=1, random_state=3) for one in frames[::-1]]
    mixed[0] = mixed[0].loc[frames[0].index]
    pd.testing.assert_frame_equal(
        aggregate_judgements(mixed), aggregate_judgements(frames), rtol=1e-12
    )


def test_pooled_judgements_and_pooled_priorities_agree_for_geometric_means(noisy):
    # Both are geometric means, in another order (Forman & Peniwati 1998).
    values = noisy(7, 6, 0.6)
    shares = list(np.random.default_rng(2).dirichlet(np.ones(7)))
    frames = as_frames(values)
    pooled = aggregate_judgements(frames, expert_weights=shares)
    own = [prioritise(one, method="geometric_mean").weights for one in frames]
    np.testing.assert_allclose(
        prioritise(pooled, method="geometric_mean").weights,
        aggregate_priorities(own, expert_weights=shares, mean="geometric"),
        rtol=1e-12,
    )


def test_pooled_priorities_by_hand():
    first, second = pd.Series({"a": 0.8, "b": 0.2}), pd.Series({"b": 0.6, "a": 0.4})
    np.testing.assert_allclose(aggregate_priorities([first, second]), [0.6, 0.4])
    np.testing.assert_allclose(
        aggregate_priorities([first, second], expert_weights=[0.75, 0.25]), [0.7, 0.3]
    )
    np.testing.assert_allclose(
        aggregate_priorities([first, second], mean="geometric").iloc[0],
        np.sqrt(0.32) / (np.sqrt(0.32) + np.sqrt(0.12)),
    )


def test_groups_refuse(noisy):
    one, two = as_frames(noisy(2, 3, 0.5))
    bent = two.copy()
    bent.loc["n0", "n1"] = 99
    with pytest.raises(JudgementError, match="expert '2' judged n0, n1, x; allowed: n0, n1, n2"):
        aggregate_judgements([one, two.rename({"n2": "x"}, axis=0).rename({"n2": "x"}, axis=1)])
    with pytest.raises(DataError, match=r"weights of the experts sum to 1.5; allowed: 1"):
        aggregate_judgements([one, two], expert_weights=[0.5, 1.0])
    with pytest.raises(DataError, match=r"given for 1; allowed: 1, 2"):
        aggregate_judgements([one, two], expert_weights=[1.0])
    with pytest.raises(DataError, match=r"given for Ann, Bop; allowed: Ann, Bob; .*mean 'Bob'"):
        aggregate_judgements({"Ann": one, "Bob": two}, expert_weights={"Ann": 0.5, "Bop": 0.5})
    with pytest.raises(JudgementError, match="expert 'B', row 'n0', column 'n1': found"):
        aggregate_judgements({"A": one, "B": bent})
    with pytest.raises(JudgementError, match="there is no expert"):
        aggregate_judgements([])
    with pytest.raises(SettingsError, match="mean 'median' is unknown; allowed: arithmetic, geo"):
        aggregate_priorities([LOYAL], mean="median")


@pytest.mark.parametrize("aggregation", ["judgements", "priorities"])
def test_agreeing_experts_return_their_weights(panel, aggregation):
    result = prioritise_hierarchy(panel((1, 1)), hierarchy=TREE, aggregation=aggregation)
    np.testing.assert_allclose(result.weights.criteria, CRITERIA, rtol=1e-10)
    np.testing.assert_allclose(result.weights.local["loyalty"], LOYAL, rtol=1e-10)
    table = result.table().set_index("indicator")
    assert table.loc["product", "overall weight"] == pytest.approx(0.42)
    assert table.loc["product", "rank"] == 1
    assert table["overall weight"].sum() == pytest.approx(1)
    assert failed(result.checks) == ()
    assert result.over_limit == ()


def test_experts_over_the_limit_are_kept_and_reported(panel):
    result = prioritise_hierarchy(panel(), hierarchy=TREE)
    assert result.over_limit == ("E3",)
    assert result.used == ("E1", "E2", "E3")
    assert result.rule == "experts with a consistency ratio of 0.1 or more are kept and reported"
    rows = result.consistency.set_index(["expert", "matrix"])
    assert not rows.loc[("E3", "loyalty"), "within limit"]
    assert list(rows.index[:4]) == [
        ("E1", "criteria"),
        ("E1", "satisfaction"),
        ("E1", "loyalty"),
        ("E2", "criteria"),
    ]
    assert rows["within limit"].sum() == 8
    assert rows["used"].all()
    assert [check.passed for check in result.checks] == [False, True]
    metrics = result.to_metrics()
    assert (metrics["n_experts"], metrics["n_experts_over_limit"]) == (3, 1)
    assert metrics["largest_consistency_ratio"] == rows.loc[("E3", "loyalty"), "consistency ratio"]


def test_experts_over_the_limit_can_be_excluded(panel):
    result = prioritise_hierarchy(panel(), hierarchy=TREE, over_limit="exclude")
    without = prioritise_hierarchy(panel((1, 1)), hierarchy=TREE)
    assert result.used == ("E1", "E2")
    assert "are left out" in result.rule
    assert not result.consistency.set_index("expert").loc["E3", "used"].any()
    pd.testing.assert_series_equal(
        result.weights.overall, without.weights.overall, rtol=1e-12, check_exact=False
    )


def test_excluding_hands_the_weight_on_in_proportion(panel):
    table = panel((1.5, 0.8, 9))
    shares = {"E1": 0.6, "E2": 0.2, "E3": 0.2}
    censored = prioritise_hierarchy(
        table, hierarchy=TREE, expert_weights=shares, over_limit="exclude"
    )
    without = prioritise_hierarchy(
        table[table["expert"] != "E3"], hierarchy=TREE, expert_weights={"E1": 0.75, "E2": 0.25}
    )
    np.testing.assert_allclose(censored.weights.overall, without.weights.overall, rtol=1e-12)


def test_excluding_everybody_is_refused(panel):
    with pytest.raises(ModelError, match="all 2 experts are over the limit of consistency"):
        prioritise_hierarchy(panel((9, 9)), hierarchy=TREE, over_limit="exclude")


def test_order_of_experts_and_rows_does_not_matter(panel):
    table = panel((1.4, 0.7, 1.2))
    straight = prioritise_hierarchy(table, hierarchy=TREE)
    mixed = prioritise_hierarchy(table.sample(frac=1, random_state=5), hierarchy=TREE)
    np.testing.assert_allclose(straight.weights.overall, mixed.weights.overall, rtol=1e-12)


def test_a_criterion_with_one_indicator_needs_no_judgements(panel):
    table = panel((1, 1))
    tree = {"satisfaction": ["overall"], "loyalty": TREE["loyalty"]}
    result = prioritise_hierarchy(table[table["matrix"] != "satisfaction"], hierarchy=tree)
    assert result.weights.overall["overall"] == pytest.approx(0.7)
    assert set(result.group) == {"criteria", "loyalty"}
    with pytest.raises(JudgementError, match=r"matrix 'satisfaction'.*found name 'product'"):
        prioritise_hierarchy(table, hierarchy=tree)


def test_recovers_the_weights_behind_a_noisy_panel(long):
    truth = {
        "criteria": pd.Series([0.3, 0.25, 0.12, 0.33], index=list(HIERARCHY)),
        **{
            name: pd.Series([0.5, 0.3, 0.2], index=list(indicators))
            for name, indicators in HIERARCHY.items()
        },
    }
    rng = np.random.default_rng(11)
    parts = []
    for expert in range(60):
        for matrix, weights in truth.items():
            judged = (
                np.array(triangle(weights))
                * np.exp(rng.normal(0, 0.2, len(weights) * 2)[:6])[
                    : len(weights) * (len(weights) - 1) // 2
                ]
            )
            parts.append(long(list(weights.index), judged, matrix, f"E{expert}"))
    result = prioritise_hierarchy(pd.concat(parts), hierarchy=HIERARCHY)
    expected = synthesise(truth["criteria"], {name: truth[name] for name in HIERARCHY})
    np.testing.assert_allclose(result.weights.overall, expected, rtol=0.08)
    own = result.priorities["criteria"]
    error = (own.mean() - truth["criteria"]) / (own.std() / np.sqrt(60))
    assert (error.abs() < 4).all()


def test_per_expert_numbers_are_those_of_the_single_matrix(panel):
    table = panel((1.4, 0.7, 1.2))
    result = prioritise_hierarchy(table, hierarchy=TREE)
    one = prioritise(read_judgements(table, matrix="loyalty", expert="E2"))
    rows = result.consistency.set_index(["expert", "matrix"])
    assert rows.loc[("E2", "loyalty"), "consistency ratio"] == pytest.approx(one.cr, abs=1e-14)
    np.testing.assert_allclose(result.priorities["loyalty"].loc["E2"], one.weights, rtol=1e-12)


def test_a_thousand_experts_are_read_in_a_moment(noisy, long):
    values = noisy(1_000, 6, 0.2)
    names = [f"n{i}" for i in range(6)]
    judged = values[:, *np.triu_indices(6, 1)].clip(1 / 9, 9)
    table = pd.concat([long(names, one, "criteria", f"E{k}") for k, one in enumerate(judged)])
    result = prioritise_hierarchy(table, hierarchy={name: [f"only {name}"] for name in names})
    clipped = values.clip(1 / 9, 9)
    np.testing.assert_allclose(
        result.priorities["criteria"], prioritise_many(clipped).weights, rtol=1e-12
    )


def test_hierarchy_refusals(panel):
    table = panel((1, 1))
    with pytest.raises(JudgementError, match="matrix 'loyalty' is not in the hierarchy; allowed"):
        prioritise_hierarchy(table, hierarchy={"satisfaction": TREE["satisfaction"], "b": ["c"]})
    gone = (table["expert"] == "E2") & (table["matrix"] == "loyalty")
    with pytest.raises(JudgementError, match="'E2' did not judge matrix 'loyalty'"):
        prioritise_hierarchy(table[~gone], hierarchy=TREE)
    with pytest.raises(DataError, match="'x' stands under 'a' and 'b'; allowed: one criterion"):
        prioritise_hierarchy(table, hierarchy={"a": ["x", "y"], "b": ["x"]})
    with pytest.raises(DataError, match="criterion 'a' has no indicators"):
        prioritise_hierarchy(table, hierarchy={"a": []})
    with pytest.raises(DataError, match="'criteria' names the goal's matrix and a criterion"):
        prioritise_hierarchy(table, hierarchy={"criteria": ["x", "y"]})
    with pytest.raises(DataError, match="one criterion with one indicator: nothing to compare"):
        prioritise_hierarchy(table.head(0), hierarchy={"a": ["x"]})
    with pytest.raises(SettingsError, match="over_limit 'drop' is unknown; allowed: keep, exclude"):
        prioritise_hierarchy(table, hierarchy=TREE, over_limit="drop")


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    assert prioritise_hierarchy(missing, hierarchy=TREE) is missing
