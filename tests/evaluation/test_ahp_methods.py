"""Three methods side by side, and every worked step: R's numbers, published ones, laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import JudgementError, NotAvailable
from crmstudy.evaluation.groups.aggregate import aggregate_judgements
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.compare import compare_matrices, compare_methods
from crmstudy.evaluation.priorities.consistency import SAATY_1980, SAATY_2005
from crmstudy.evaluation.priorities.derive import prioritise, prioritise_many
from crmstudy.evaluation.priorities.steps import show_steps

METHODS = ("eigenvector", "geometric_mean", "column_mean")
SPELLED = ("eigenvector", "geometric mean", "column mean")


def matrix_of(weights):
    values = np.asarray(weights, dtype=float)
    names = [f"n{i}" for i in range(len(values))]
    return pd.DataFrame(values[:, None] / values[None, :], index=names, columns=names)


@pytest.mark.parametrize("matrix", ["drinks", "city", "leader", "car", "intransitive", "twelve"])
def test_weights_side_by_side_equal_r(published, expected, matrix):
    comparison = compare_methods(read_judgements(published, matrix=matrix))
    table = comparison.table().set_index("name")
    r = expected[expected["matrix"] == matrix].pivot_table(
        index="name", columns="quantity", values="value"
    )
    for ours, theirs in zip(SPELLED, ("eigenvector", "geometric", "column"), strict=True):
        np.testing.assert_allclose(table[ours], r.loc[table.index, theirs], rtol=1e-12)
    spans = np.ptp(r.loc[table.index, ["eigenvector", "geometric", "column"]].to_numpy(), axis=1)
    np.testing.assert_allclose(table["largest difference"], spans, atol=1e-9)
    assert comparison.largest_difference == pytest.approx(spans.max(), abs=1e-9)


@pytest.mark.parametrize("matrix", ["drinks", "city", "twelve"])
def test_each_method_has_the_consistency_of_its_own_weights(published, expected, matrix):
    judgements = read_judgements(published, matrix=matrix)
    table = compare_methods(judgements).consistency_table().set_index("method")
    r = expected[(expected["matrix"] == matrix) & (expected["name"] == "")]
    r = r.set_index("quantity")["value"]
    for method, key in zip(
        SPELLED, ("lambda_max", "lambda_geometric", "lambda_column"), strict=True
    ):
        assert table.loc[method, "lambda max"] == pytest.approx(r[key], rel=1e-13)
    n = len(judgements)
    ci = (table["lambda max"] - n) / (n - 1)
    np.testing.assert_allclose(table["consistency index"], ci, rtol=1e-12)
    np.testing.assert_allclose(table["consistency ratio"], ci / SAATY_2005.of(n), rtol=1e-12)
    assert table.loc["geometric mean", "geometric consistency index"] == pytest.approx(r["gci"])
    assert table["geometric consistency index"].notna().sum() == 1


def test_published_difference_of_methods(published):
    # numbers of Saaty's drinks by each method: water .326793, .324323, .325032.
    table = compare_methods(read_judgements(published, matrix="drinks")).table().set_index("name")
    np.testing.assert_allclose(
        table.loc["water", list(SPELLED)].astype(float), [0.326793, 0.324323, 0.325032], atol=5e-7
    )
    assert table.loc["water", "largest difference"] == pytest.approx(0.326793 - 0.324323, abs=1e-6)


def test_ranks_begin_with_the_heaviest_and_equals_share_the_better(published):
    table = compare_methods(read_judgements(published, matrix="city")).table().set_index("name")
    order = ["family", "jobs", "culture", "housing", "transport"]
    for spelled in SPELLED:
        assert table.loc[order, f"rank by {spelled}"].tolist() == [1, 2, 3, 4, 5]
    tied = compare_methods(matrix_of([2, 5, 2, 1])).table()
    assert tied["rank by column mean"].tolist() == [2, 1, 2, 4]


def test_methods_that_order_differently_are_told():
    rng = np.random.default_rng(2)
    logs = np.triu(rng.normal(0, 1.2, (6, 6)), 1)
    names = list("abcdef")
    matrix = pd.DataFrame(np.exp(logs - logs.T), index=names, columns=names)
    comparison = compare_methods(matrix)
    weights = {m: prioritise(matrix, method=m).weights for m in METHODS}
    reversed_pairs = {
        (one, other)
        for at, one in enumerate(names)
        for other in names[at + 1 :]
        if len({bool(w[one] > w[other]) for w in weights.values()}) > 1
    }
    assert reversed_pairs
    assert set(comparison.reversed_pairs) == reversed_pairs
    assert not comparison.same_order
    table = compare_matrices({"m": prioritise(matrix)})
    assert table["same order"].tolist() == ["no"]
    assert table["reversed pairs"].tolist() == [len(reversed_pairs)]
    assert comparison.to_metrics()["n_pairs_reversed_by_method"] == len(reversed_pairs)


@given(st.lists(st.sampled_from([1, 2, 3, 5, 8]), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_methods_agree_on_consistent_judgements(weights):
    comparison = compare_methods(matrix_of(weights))
    assert comparison.largest_difference == 0
    assert comparison.outlier is None
    assert comparison.same_order
    ranks = comparison.table()
    assert (ranks["rank by eigenvector"] == ranks["rank by column mean"]).all()
    assert compare_matrices({"m": prioritise(matrix_of(weights))})["in"].tolist() == ["–"]


def test_transposed_judgements_turn_geometric_weights_round_but_not_the_eigenvector(published):
    twelve = read_judgements(published, matrix="twelve")
    products = {
        m: prioritise(twelve, method=m).weights * prioritise(twelve.T, method=m).weights
        for m in METHODS
    }
    spread = {m: float(np.ptp(one) / one.mean()) for m, one in products.items()}
    assert spread["geometric_mean"] < 1e-12
    # Johnson, Beine & Wang (1979): left and right eigenvectors need not be reciprocal.
    assert spread["eigenvector"] > 0.05
    assert spread["column_mean"] > 0.05


@given(st.integers(0, 1_000), st.floats(0.3, 2.5))
@settings(deadline=None, max_examples=40)
def test_powers_of_judgements_are_powers_of_geometric_weights(seed, power):
    logs = np.triu(np.random.default_rng(seed).normal(0, 0.6, (5, 5)), 1)
    values = np.exp(logs - logs.T)[None]
    straight = prioritise_many(values, method="geometric_mean").weights[0] ** power
    raised = prioritise_many(values**power, method="geometric_mean").weights[0]
    np.testing.assert_allclose(raised, straight / straight.sum(), rtol=1e-11)
    names = list("abcde")
    one, other = (
        prioritise(pd.DataFrame(v[0], index=names, columns=names)) for v in (values, values**power)
    )
    assert other.gci == pytest.approx(power**2 * one.gci, rel=1e-10)


def test_geometric_weights_of_pooled_judgements_are_pooled_weights(noisy):
    values = noisy(6, 5, 0.5)
    names = list("abcde")
    frames = [pd.DataFrame(v, index=names, columns=names) for v in values]
    pooled = prioritise(aggregate_judgements(frames), method="geometric_mean").weights
    means = np.exp(np.log(prioritise_many(values, method="geometric_mean").weights).mean(axis=0))
    np.testing.assert_allclose(pooled, means / means.sum(), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("matrix", ["drinks", "city", "car", "intransitive"])
def test_steps_lead_to_the_result(published, matrix, method):
    judgements = read_judgements(published, matrix=matrix)
    result = prioritise(judgements, method=method, random_index=SAATY_1980)
    steps = show_steps(result)
    n = len(judgements)
    body = steps.judgements[list(judgements.columns)].to_numpy(dtype=float)
    np.testing.assert_array_equal(body[:n], judgements.to_numpy())
    np.testing.assert_allclose(body[n], judgements.sum().to_numpy())
    shares = steps.normalised[list(judgements.columns)].to_numpy(dtype=float)
    np.testing.assert_allclose(shares[:n], body[:n] / body[n])
    np.testing.assert_allclose(shares[n], 1.0)
    np.testing.assert_allclose(steps.normalised["mean"][:n], shares[:n].mean(axis=1))
    np.testing.assert_allclose(steps.roots["row product"], body[:n].prod(axis=1))
    np.testing.assert_allclose(steps.roots["root"] ** n, steps.roots["row product"])
    by_method = steps.weights.set_index("name")
    for spelled, key in zip(SPELLED, METHODS, strict=True):
        np.testing.assert_allclose(
            by_method[spelled], prioritise(judgements, method=key).weights, rtol=1e-12
        )
    products = steps.products
    np.testing.assert_allclose(products["weight"][:n], result.weights)
    np.testing.assert_allclose(products["A w"][:n], body[:n] @ result.weights.to_numpy())
    assert products["A w / w"][n] == pytest.approx(result.lambda_max, rel=1e-13)
    value = steps.consistency.set_index("quantity")["statistic"]
    assert value["lambda max"] == result.lambda_max
    assert value["RI"] == SAATY_1980.of(n)
    assert value["CR"] == pytest.approx(value["CI"] / value["RI"], rel=1e-13) == result.cr
    assert value["GCI"] == result.gci


def test_published_steps_of_the_city(published):
    # Saaty (2004): lambda max 5.225235, weights .152167 .433454 .071556 .305006 .037816.
    steps = show_steps(read_judgements(published, matrix="city"), random_index=SAATY_1980)
    value = steps.consistency.set_index("quantity")["statistic"]
    assert value["lambda max"] == pytest.approx(5.225235, abs=5e-7)
    assert value["CR"] == pytest.approx(0.0503, abs=5e-5)
    np.testing.assert_allclose(steps.products["A w / w"][:5], 5.225235, atol=5e-7)
    last = steps.iterations.iloc[-1]
    np.testing.assert_allclose(
        last[["culture", "family", "housing", "jobs", "transport"]].astype(float),
        [0.152167, 0.433454, 0.071556, 0.305006, 0.037816],
        atol=5e-5,
    )
    assert last["largest change"] < 5e-5
    assert list(steps.tables()) == [
        "judgements",
        "normalised judgements",
        "geometric means",
        "power iteration",
        "weights",
        "products",
        "consistency",
    ]


@pytest.mark.parametrize("n", [1, 2])
def test_steps_of_one_and_two_names(n):
    steps = show_steps(matrix_of([3.0, 1.0][:n]))
    value = steps.consistency.set_index("quantity")["statistic"]
    assert (value["CI"], value["CR"], value["GCI"], value["RI"]) == (0, 0, 0, 0)
    assert value["lambda max"] == n


def test_steps_beyond_the_table_have_no_ratio():
    steps = show_steps(matrix_of(np.arange(1.0, 17.0)))
    value = steps.consistency.set_index("quantity")["statistic"]
    assert np.isnan(value["RI"])
    assert np.isnan(value["CR"])
    assert isinstance(steps.result.cr, NotAvailable)


def test_a_name_called_sum_keeps_its_row():
    matrix = pd.DataFrame([[1, 2], [0.5, 1]], index=["sum", "name"], columns=["sum", "name"])
    steps = show_steps(matrix)
    assert steps.weights["name"].tolist() == ["sum", "name"]
    assert steps.judgements.shape == (3, 3)


def test_refuses_what_is_no_judgement_matrix():
    bad = pd.DataFrame([[1, 3], [0.5, 1]], index=["a", "b"], columns=["a", "b"])
    for function in (compare_methods, show_steps):
        with pytest.raises(JudgementError, match="row 'a', column 'b'"):
            function(bad)


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    assert compare_methods(missing) is missing
    assert compare_matrices(missing) is missing
    assert show_steps(missing) is missing
