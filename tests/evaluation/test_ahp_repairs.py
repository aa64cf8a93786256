"""Triads and advice: R's numbers, brute force, laws, cases whose slip is known."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.evaluation.judgements.panel import JudgementPanel
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.advice import advise_panel, find_least_consistent, find_matrix
from crmstudy.evaluation.priorities.consistency import SAATY_1980, SAATY_2005
from crmstudy.evaluation.priorities.derive import prioritise
from crmstudy.evaluation.priorities.repairs import advise_repairs
from crmstudy.evaluation.priorities.scale import SAATY_SCALE, judge_positions, locate_judgements
from crmstudy.evaluation.priorities.triads import find_triads, koczkodaj_index

RANDOM = [f"{kind}{n}" for kind in ("near", "chance") for n in range(3, 16)]


@pytest.fixture(scope="module")
def random_judgements(reference):
    return pd.read_csv(reference / "random_judgements.csv", dtype=str)


@pytest.fixture(scope="module")
def r_random(reference):
    return pd.read_csv(reference / "expected_random.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def reference():
    from pathlib import Path

    return Path(__file__).parents[1] / "reference" / "ahp"


def random_matrix(seed, n, noise=0.8):
    """A matrix on Saaty's scale."""
    rng = np.random.default_rng(seed)
    matrix = np.ones((n, n))
    log_weights = rng.normal(0, 0.7, n)
    for i, j in combinations(range(n), 2):
        wanted = log_weights[i] - log_weights[j] + rng.normal(0, noise)
        matrix[i, j] = SAATY_SCALE[np.abs(np.log(SAATY_SCALE) - wanted).argmin()]
        matrix[j, i] = 1 / matrix[i, j]
    names = [f"n{k}" for k in range(n)]
    return pd.DataFrame(matrix, index=names, columns=names)


def ratio_of(values, table=SAATY_2005):
    """Consistency ratio by LAPACK alone."""
    n = len(values)
    return (np.linalg.eigvals(values).real.max() - n) / (n - 1) / table.of(n)


@pytest.mark.parametrize("matrix", RANDOM)
def test_random_matrices_equal_r(random_judgements, r_random, matrix):
    result = prioritise(read_judgements(random_judgements, matrix=matrix))
    r = r_random[r_random["matrix"] == matrix]
    single = r[r["name"] == ""].set_index("quantity")["value"]
    weights = r[r["quantity"] == "eigenvector"].set_index("name")["value"]
    np.testing.assert_allclose(result.weights[weights.index], weights, rtol=1e-11)
    assert result.lambda_max == pytest.approx(single["lambda_max"], rel=1e-12)
    assert result.cr == pytest.approx(single["cr_2005"], rel=1e-10)
    triads = find_triads(result)
    n = len(weights)
    assert len(triads.triads) == n * (n - 1) * (n - 2) // 6
    assert triads.triads["times off"].iloc[0] == pytest.approx(single["worst_triad"], rel=1e-12)
    assert triads.n_circular == single["circles"]
    # The geometric consistency index is a third of the mean squared error of all triads.
    assert result.gci == pytest.approx(single["gci_of_triads"], rel=1e-10)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_triads_say_what_was_judged(n):
    result = prioritise(random_matrix(n, n))
    table = find_triads(result).triads
    judged = result.judgements
    for row in table.to_dict("records"):
        first, second, third = row["first"], row["second"], row["third"]
        assert row["first over second"] == judged.loc[first, second]
        assert row["second over third"] == judged.loc[second, third]
        assert row["first over third"] == judged.loc[first, third]
        assert row["implied"] == pytest.approx(row["first over second"] * row["second over third"])
        off = row["implied"] / row["first over third"]
        assert row["times off"] == pytest.approx(max(off, 1 / off))
        if row["circular"] == "no":
            assert min(row["first over second"], row["second over third"]) >= 1
            assert row["first over third"] >= 1
        else:
            assert row["first over second"] > 1 > row["first over third"]
            assert row["second over third"] > 1
    assert table["share of inconsistency"].sum() == pytest.approx(1)
    assert table["times off"].is_monotonic_decreasing
    assert find_triads(result).koczkodaj == pytest.approx(1 - 1 / table["times off"].iloc[0])


def test_the_circle_is_found(published):
    triads = find_triads(prioritise(read_judgements(published, matrix="intransitive")))
    row = triads.triads.iloc[0]
    assert (triads.n_circular, row["circular"]) == (1, "yes")
    assert row["times off"] == pytest.approx(9**3)
    assert triads.to_metrics()["koczkodaj_index"] == pytest.approx(1 - 9**-3)


@given(st.integers(0, 500), st.integers(3, 7))
@settings(deadline=None, max_examples=30)
def test_triads_and_advice_do_not_depend_on_the_order_of_names(seed, n):
    matrix = random_matrix(seed, n)
    order = list(np.random.default_rng(seed).permutation(matrix.index))
    straight, mixed = prioritise(matrix), prioritise(matrix.loc[order, order])
    pd.testing.assert_frame_equal(
        find_triads(straight).triads, find_triads(mixed).triads, rtol=1e-9
    )
    one, other = (advise_repairs(result) for result in (straight, mixed))
    for part in ("best", "mildest", "path"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part), atol=1e-9)


@given(st.integers(0, 500), st.integers(3, 6))
@settings(deadline=None, max_examples=20)
def test_advice_equals_brute_force(seed, n):
    matrix = random_matrix(seed, n)
    limit = 0.1
    before = ratio_of(matrix.to_numpy())
    ratios = {}
    for i, j in combinations(range(n), 2):
        for value in SAATY_SCALE:
            changed = matrix.to_numpy().copy()
            changed[i, j], changed[j, i] = value, 1 / value
            ratios[frozenset((f"n{i}", f"n{j}")), value] = ratio_of(changed)
    advice = advise_repairs(prioritise(matrix), cr_limit=limit)
    best = {}
    for (pair, _), ratio in ratios.items():
        best[pair] = min(best.get(pair, np.inf), ratio)
    improving = {pair for pair, ratio in best.items() if before - ratio > 1e-8}
    assert {frozenset((r["row"], r["column"])) for r in advice.best.to_dict("records")} == improving
    for row in advice.best.to_dict("records"):
        pair = frozenset((row["row"], row["column"]))
        assert row["ratio before"] == pytest.approx(before, abs=1e-10)
        assert row["ratio after"] == pytest.approx(best[pair], abs=1e-10)
        assert row["judged"] == matrix.loc[row["row"], row["column"]] >= 1
        changed = matrix.copy()
        changed.loc[row["row"], row["column"]] = row["advised"]
        changed.loc[row["column"], row["row"]] = 1 / row["advised"]
        assert ratio_of(changed.to_numpy()) == pytest.approx(row["ratio after"], abs=1e-10)
        assert row["reversed"] == ("yes" if row["judged"] > 1 > row["advised"] else "no")
        assert (row["within limit after"] == "yes") == (row["ratio after"] < limit)
    assert advice.best["ratio after"].is_monotonic_increasing
    reaching = {pair for pair, ratio in best.items() if ratio < limit} if before >= limit else set()
    mildest = advice.mildest.to_dict("records")
    assert {frozenset((r["row"], r["column"])) for r in mildest} == reaching
    place = {value: at for at, value in enumerate(SAATY_SCALE)}
    for row in mildest:
        i, j = (int(row[key][1:]) for key in ("row", "column"))
        judged = place[matrix.loc[f"n{i}", f"n{j}"]]
        nearer = [
            value for value in SAATY_SCALE if abs(place[value] - judged) < row["steps"] - 1e-9
        ]
        flip = i > j
        for value in nearer:
            key = 1 / value if flip else value
            key = SAATY_SCALE[np.abs(SAATY_SCALE - key).argmin()]
            assert ratios[frozenset((f"n{i}", f"n{j}")), key] >= limit
        assert row["ratio after"] < limit


def test_a_slip_in_the_direction_is_found(consistent):
    truth = consistent(pd.Series([16, 8, 4, 2, 1.0], index=list("abcde")) / 31)
    slipped = truth.copy()
    slipped.loc["b", "d"], slipped.loc["d", "b"] = 1 / 4, 4.0
    advice = advise_repairs(prioritise(slipped))
    assert advice.needed
    first = advice.best.iloc[0]
    assert (first["row"], first["column"], first["judged"]) == ("d", "b", 4)
    assert (first["advised"], first["reversed"]) == (1 / 4, "yes")
    assert first["others imply"] == pytest.approx(1 / 4)
    assert first["ratio after"] == 0
    assert len(advice.path) == 1
    assert advice.reached
    assert advice.to_metrics()["n_changes_to_limit"] == 1
    worst = find_triads(advice.result).triads.head(3)
    assert all({"b", "d"} <= set(row) for row in worst[["first", "second", "third"]].to_numpy())


def test_one_change_is_not_always_enough(published):
    advice = advise_repairs(prioritise(read_judgements(published, matrix="intransitive")))
    assert advice.mildest.empty
    assert advice.path["within limit after"].tolist() == ["no", "yes"]
    assert advice.path["ratio after"].iloc[-1] < 0.1
    assert advice.path["ratio before"].iloc[1] == advice.path["ratio after"].iloc[0]
    pairs = [frozenset(pair) for pair in advice.path[["row", "column"]].to_numpy()]
    assert len(set(pairs)) == len(pairs)
    # Every single change was tried by hand: turning one 9 round leaves .539.
    by_hand = np.array([[1, 9, 9], [1 / 9, 1, 9], [1 / 9, 1 / 9, 1]])
    assert advice.best["ratio after"].iloc[0] == pytest.approx(ratio_of(by_hand), abs=1e-12)


def test_in_three_names_any_judgement_may_be_the_slip():
    matrix = pd.DataFrame(
        [[1, 1, 3], [1, 1, 1], [1 / 3, 1, 1]], index=list("abc"), columns=list("abc")
    )
    advice = advise_repairs(prioritise(matrix))
    assert len(advice.mildest) == 3
    assert len(find_triads(advice.result).triads) == 1
    assert find_triads(advice.result).triads["share of inconsistency"].tolist() == [1.0]


def test_fifteen_names_are_looked_at_whole():
    advice = advise_repairs(prioritise(random_matrix(3, 15, 1.0)))
    assert advice.reached
    assert len(find_triads(advice.result).triads) == 455
    assert (np.diff(advice.path["ratio after"]) < 0).all()


@pytest.mark.parametrize("n", [1, 2])
def test_nothing_to_repair_up_to_two_names(n):
    result = prioritise(random_matrix(1, n))
    advice, triads = advise_repairs(result), find_triads(result)
    assert not advice.needed
    assert advice.reached
    assert advice.best.empty
    assert advice.path.empty
    assert triads.triads.empty
    assert triads.to_metrics()["worst_triad_times_off"] == 1
    assert koczkodaj_index(result.judgements.to_numpy()) == 0


def test_consistent_judgements_need_no_advice(consistent):
    result = prioritise(consistent(pd.Series([0.4, 0.3, 0.2, 0.1], index=list("abcd"))))
    advice = advise_repairs(result)
    assert advice.best.empty
    assert advice.mildest.empty
    assert (find_triads(result).triads["times off"] == 1).all()
    assert (find_triads(result).triads["share of inconsistency"] == 0).all()


def test_the_matrix_is_never_changed(published):
    judgements = read_judgements(published, matrix="twelve")
    kept = judgements.copy()
    advice = advise_repairs(prioritise(judgements), cr_limit=0.05)
    pd.testing.assert_frame_equal(judgements, kept)
    pd.testing.assert_frame_equal(advice.result.judgements, kept)


def test_pairs_nobody_judged_are_spared():
    matrix = random_matrix(5, 5, 1.2)
    result = prioritise(matrix)
    first = advise_repairs(result).best.iloc[0]
    filled = np.zeros((5, 5), dtype=bool)
    i, j = int(first["row"][1:]), int(first["column"][1:])
    filled[i, j] = filled[j, i] = True
    advice = advise_repairs(result, filled=filled)
    for part in (advice.best, advice.mildest, advice.path):
        pairs = {frozenset(pair) for pair in part[["row", "column"]].to_numpy()}
        assert frozenset((first["row"], first["column"])) not in pairs
    assert len(advice.best) > 0


def test_positions_on_the_scale():
    np.testing.assert_allclose(locate_judgements(SAATY_SCALE), range(-8, 9), atol=1e-14)
    np.testing.assert_allclose(judge_positions(np.arange(-8.0, 9.0)), SAATY_SCALE, rtol=1e-15)
    between = np.array([0.3, 0.77, 1.6, 4.4])
    np.testing.assert_allclose(locate_judgements(1 / between), -locate_judgements(between))
    np.testing.assert_allclose(judge_positions(locate_judgements(between)), between, rtol=1e-14)


@pytest.fixture
def panels():
    names = ("a", "b", "c", "d")
    good, bad = random_matrix(1, 4, 0.05), random_matrix(2, 4, 1.5)
    values = np.stack([good.to_numpy(), bad.to_numpy()])
    pair = np.array([[[1, 2], [0.5, 1]]] * 2)
    return {
        "criteria": JudgementPanel("criteria", ("E1", "E2"), names, values),
        "a": JudgementPanel("a", ("E1", "E2"), ("x", "y"), pair),
    }


def test_panel_is_told_who_should_look_again(panels):
    advice = advise_panel(panels)
    assert advice.n_matrices == 2
    assert list(advice.repairs) == [("E2", "criteria")]
    table = advice.table()
    assert table[["expert", "matrix"]].to_numpy().tolist() == [["E2", "criteria"]]
    alone = advise_repairs(prioritise(panels["criteria"].of("E2")))
    assert table["ratio after"].iloc[0] == alone.best["ratio after"].iloc[0]
    assert table["changes needed"].iloc[0] == len(alone.path)
    assert table["pairs that would do"].iloc[0] == len(alone.mildest) == len(advice.option_table())
    assert advice.triad_table()["expert"].tolist() == ["E2"]
    assert advice.to_metrics()["n_matrices_over_limit"] == 1


def test_only_matrices_repaired_by_one_change_are_counted_so(published):
    circle = read_judgements(published, matrix="intransitive")
    slip = pd.DataFrame([[1, 1, 3], [1, 1, 1], [1 / 3, 1, 1]], circle.index, circle.index)
    values = np.stack([circle.to_numpy(), slip.to_numpy()])
    names = tuple(circle.index)
    advice = advise_panel({"m": JudgementPanel("m", ("E1", "E2"), names, values)})
    assert advice.table()["expert"].tolist() == ["E1", "E2"]
    assert advice.table()["changes needed"].tolist() == [2, 1]
    assert advice.to_metrics()["n_matrices_over_limit"] == 2
    assert advice.to_metrics()["n_repaired_by_one_change"] == 1


def test_panel_within_the_limit_gets_empty_tables(panels):
    advice = advise_panel(panels, cr_limit=50.0)
    assert advice.table().empty
    assert "changes needed" in advice.table()
    assert advice.triad_table().empty
    assert advice.option_table().empty
    assert list(advice.option_table()) == list(advise_panel(panels).option_table())
    assert list(advice.triad_table()) == list(advise_panel(panels).triad_table())
    assert advice.to_metrics() == {
        "n_matrices": 2,
        "n_matrices_over_limit": 0,
        "n_repaired_by_one_change": 0,
    }


def test_experts_may_come_in_any_order(panels):
    turned = {
        name: JudgementPanel(one.matrix, one.experts[::-1], one.names, one.values[::-1])
        for name, one in reversed(panels.items())
    }
    for limit in (0.001, 0.1):
        one, other = (advise_panel(p, cr_limit=limit) for p in (panels, turned))
        pd.testing.assert_frame_equal(one.table(), other.table())


def test_the_least_consistent_matrix_is_chosen():
    results = {str(seed): prioritise(random_matrix(seed, 4)) for seed in range(5)}
    worst = max(results.values(), key=lambda one: one.cr)
    for order in permutations(results, 5):
        assert find_least_consistent({name: results[name] for name in order}) is worst


def test_a_matrix_is_found_by_its_name():
    results = {"criteria": prioritise(random_matrix(1, 3))}
    assert find_matrix(results, "criteria") is results["criteria"]
    with pytest.raises(ModelError, match=r"nothing was compared in matrix 'loyalty'.*: criteria"):
        find_matrix(results, "loyalty")


def test_refuses_a_size_beyond_the_table():
    result = prioritise(random_matrix(1, 11, 0.1), random_index=SAATY_1980)
    with pytest.raises(ModelError, match="Saaty 1980 ends at 10 names, the matrix has 11"):
        advise_repairs(result)
    assert len(find_triads(result).triads) == 165


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    for function in (find_triads, advise_repairs, advise_panel, find_least_consistent):
        assert function(missing) is missing
