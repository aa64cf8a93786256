"""Incomplete matrices: published and reference values, laws of the best completion, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from crmstudy.errors import JudgementError, SettingsError
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.consistency import tabulate_hierarchical_consistency
from crmstudy.evaluation.judgements.completion import (
    are_linked,
    complete_matrices,
    find_parts,
    random_index_share,
)
from crmstudy.evaluation.judgements.reading import read_panel, read_panels
from crmstudy.evaluation.priorities.advice import advise_panel
from crmstudy.evaluation.priorities.consistency import SAATY_2005

REFERENCE = Path(__file__).parents[1] / "reference" / "incomplete"


@pytest.fixture(scope="module")
def reference():
    judged = pd.read_csv(REFERENCE / "judgements.csv", dtype=str).assign(expert="R")
    return judged, pd.read_csv(REFERENCE / "expected.csv", keep_default_na=False)


def largest_eigenvalue(values: np.ndarray) -> float:
    return float(np.linalg.eigvals(values).real.max())


def draw_open(rng: np.random.Generator, size: int, n_open: int) -> np.ndarray:
    """Open so many random pairs without cutting the names apart."""
    pairs = np.array(np.triu_indices(size, 1)).T
    while True:
        chosen = pairs[rng.permutation(len(pairs))[:n_open]].T
        opened = np.zeros((size, size), dtype=bool)
        opened[tuple(chosen)] = True
        opened |= opened.T
        if are_linked(~opened[None])[0]:
            return opened


@pytest.fixture
def open_up():
    """Open random pairs of a stack of matrices."""

    def draw(values: np.ndarray, n_open: int, seed: int = 1) -> np.ndarray:
        rng = np.random.default_rng(seed)
        size = values.shape[1]
        opened = np.array([draw_open(rng, size, n_open) for _ in values])
        return np.where(opened, np.nan, values)

    return draw


# --- published and reference --------------------------------------------------------------


def test_bozoki_2010_example_of_triads(reference):
    """Example 3: the missing value is .730296, by their algorithm and by van Uden's rule."""
    panel = read_panel(reference[0], matrix="triads")
    filled = panel.of("R").loc["c", "d"]
    assert filled == pytest.approx(0.730296, abs=1.1e-6)
    assert filled == pytest.approx(np.sqrt(2 / 5 * 4 / 3), rel=1e-12)


@pytest.mark.parametrize("matrix", ["triads", "house", "twelve"])
@pytest.mark.parametrize("rule", ["eigenvalue", "log_least_squares"])
def test_completions_are_those_of_general_minimisers_in_r(reference, matrix, rule):
    judged, expected = reference
    values = read_panel(judged, matrix=matrix, open_pairs=rule).of("R")
    told = expected[(expected["matrix"] == matrix) & (expected["rule"] == rule)]
    largest = told.loc[told["row"] == "lambda_max", "value"].astype(float).item()
    assert largest_eigenvalue(values.to_numpy()) == pytest.approx(largest, abs=1e-9)
    cells = told[told["row"] != "lambda_max"]
    ours = [
        values.loc[row, column] for row, column in zip(cells["row"], cells["column"], strict=True)
    ]
    # optim() stops at differences of the eigenvalue that the machine can still see.
    allowed = 1e-12 if rule == "log_least_squares" else 2e-5
    np.testing.assert_allclose(ours, cells["value"].astype(float), rtol=allowed)


def test_random_index_share_is_what_random_judgements_show(open_up):
    """Ágoston & Csató (2022): mean consistency index by open pairs, against its formula."""
    rng = np.random.default_rng(2)
    scale = np.log([*(1 / np.arange(9, 1, -1)), *range(1, 10)])
    logs = np.triu(rng.choice(scale, (1500, 5, 5)), 1)
    values = np.exp(logs - logs.swapaxes(1, 2))
    index = [
        (np.linalg.eigvals(complete_matrices(open_up(values, m))[0]).real.max(axis=1) - 5).mean()
        / 4
        for m in range(7)
    ]
    shares = random_index_share(5, np.arange(7))
    np.testing.assert_allclose(shares, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0], atol=1e-12)
    np.testing.assert_allclose(np.array(index) / index[0], shares, atol=0.04)
    np.testing.assert_allclose(random_index_share(2, np.array([0, 0])), 1)


# --- laws ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["eigenvalue", "log_least_squares"])
@pytest.mark.parametrize("n_open", [1, 5, 10])
def test_any_linked_part_of_consistent_judgements_restores_the_rest(noisy, open_up, rule, n_open):
    values = noisy(20, 6, 0.0)
    completed, filled = complete_matrices(open_up(values, n_open), method=rule)
    np.testing.assert_allclose(completed, values, rtol=1e-12)
    assert filled.sum() == 20 * 2 * n_open


@pytest.mark.parametrize(("size", "n_open"), [(4, 2), (5, 3), (7, 8)])
def test_no_completion_has_a_smaller_eigenvalue(noisy, open_up, size, n_open):
    given = open_up(noisy(4, size, 0.8), n_open)
    completed, filled = complete_matrices(given)
    for one, opened in zip(completed, filled, strict=True):
        cells = np.argwhere(np.triu(opened)).T

        def height(logs, one=one, cells=cells):
            trial = one.copy()
            trial[tuple(cells)], trial[tuple(cells[::-1])] = np.exp(logs), np.exp(-logs)
            return largest_eigenvalue(trial)

        found = minimize(height, np.zeros(n_open), method="Nelder-Mead", options={"maxfev": 2000})
        best = np.log(one[tuple(cells)])
        assert largest_eigenvalue(one) <= found.fun + 1e-12
        around = [height(best + step) for step in 1e-3 * np.eye(n_open)]
        assert largest_eigenvalue(one) < min(around)


def test_both_rules_agree_up_to_four_names_and_not_beyond(noisy, open_up):
    """Csató, Ágoston & Bozóki (2024)."""
    for size, n_open, same in ((3, 1, True), (4, 1, True), (4, 2, True), (5, 2, False)):
        given = open_up(noisy(10, size, 0.8), n_open)
        one, other = (
            complete_matrices(given, method=rule)[0] for rule in ("eigenvalue", "log_least_squares")
        )
        assert np.allclose(one, other, rtol=1e-9) == same


def test_completed_matrices_are_reciprocal_and_keep_what_was_judged(noisy, open_up):
    given = open_up(noisy(30, 6, 0.7), 6)
    completed, filled = complete_matrices(given)
    np.testing.assert_allclose(completed * completed.swapaxes(1, 2), 1, rtol=1e-12)
    np.testing.assert_array_equal(completed[~filled], given[~filled])
    np.testing.assert_array_equal(filled, np.isnan(given))


def test_order_of_names_and_of_experts_does_not_matter(noisy, open_up):
    given = open_up(noisy(5, 6, 0.7), 5)
    order, turn = np.random.default_rng(3).permutation(6), np.arange(5)[::-1]
    straight, _ = complete_matrices(given)
    mixed, _ = complete_matrices(given[turn][:, order][:, :, order])
    np.testing.assert_allclose(mixed, straight[turn][:, order][:, :, order], rtol=1e-10)
    again, _ = complete_matrices(given)
    np.testing.assert_array_equal(again, straight)


def test_complete_matrices_stay_as_they_are(noisy):
    values = noisy(5, 4, 0.5)
    before = values.copy()
    completed, filled = complete_matrices(values)
    np.testing.assert_array_equal(completed, before)
    assert not filled.any()
    assert completed is not values


def test_a_thousand_experts_with_forty_open_pairs_of_twelve_names(noisy, open_up):
    given = np.repeat(open_up(noisy(20, 12, 0.7), 40), 50, axis=0)
    completed, filled = complete_matrices(given)
    assert filled.sum() == 1000 * 80
    slope = np.log(complete_matrices(completed)[0] / completed)
    np.testing.assert_allclose(slope, 0, atol=1e-15)
    np.testing.assert_array_equal(completed[:50], completed[:1].repeat(50, axis=0))


# --- links --------------------------------------------------------------------------------


def test_parts_are_told_in_the_order_of_the_names():
    known = np.eye(5, dtype=bool)
    for i, j in ((0, 3), (1, 4)):
        known[i, j] = known[j, i] = True
    assert find_parts(known) == [[0, 3], [1, 4], [2]]
    assert not are_linked(known[None])[0]
    known[2, 3] = known[3, 2] = known[2, 4] = known[4, 2] = True
    assert are_linked(known[None])[0]
    assert find_parts(known) == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("size", [1, 2, 3, 9, 17])
def test_a_chain_links_all(size):
    chain = (
        np.eye(size, dtype=bool) | np.eye(size, k=1, dtype=bool) | np.eye(size, k=-1, dtype=bool)
    )
    assert are_linked(chain[None])[0]
    if size > 2:
        chain[0, 1] = chain[1, 0] = False
        assert not are_linked(chain[None])[0]


def test_refuses_comparisons_in_parts(long):
    table = long(("a", "b", "c", "d"), [3, 1, 1, 1, 1, 5]).iloc[[0, 5]]
    told = (
        r"expert 'E1', matrix 'criteria': found judgements in 2 parts that nothing links: "
        r"\(a, b\), \(c, d\); allowed: judgements that link every name to every other, through "
        r"others if need be; judge for instance 'a' against 'c'"
    )
    with pytest.raises(JudgementError, match=told):
        read_panel(table, matrix="criteria")
    given = np.array([[[1, np.nan], [np.nan, 1]]])
    with pytest.raises(JudgementError, match="matrix 1 of 1: its comparisons fall into 2 parts"):
        complete_matrices(given)
    with pytest.raises(SettingsError, match="method 'eigenvalues' is unknown; allowed: eigenvalue"):
        complete_matrices(given, method="eigenvalues")


# --- in a panel ---------------------------------------------------------------------------


def test_a_panel_says_what_was_filled_in(long):
    table = pd.concat(
        [
            long(("a", "b", "c", "d"), [2, 4, 8, 2, 4, 2]),
            long(("a", "b", "c", "d"), [2, 4, 8, 2, 4, 2], expert="E2").drop(index=[1, 5]),
        ]
    )
    panel = read_panel(table, matrix="criteria")
    assert panel.n_filled.tolist() == [0, 2]
    assert panel.n_pairs == 6
    np.testing.assert_allclose(panel.values[0], panel.values[1], rtol=1e-12)
    open_cells = panel.table().query("`filled in`")
    assert open_cells[["expert", "first", "second"]].to_numpy().tolist() == [
        ["E2", "a", "c"],
        ["E2", "c", "d"],
    ]
    told = panel.completeness()
    assert told["judged"].tolist() == [6, 4]
    np.testing.assert_allclose(told["random index share"], [1, 1 / 3])


def test_matrices_of_a_choice_are_left_to_who_asks_for_them(long):
    table = pd.concat(
        [
            long(("price", "service"), [3]),
            long(("cost", "ease"), [2], matrix="selection", expert="E2"),
            long(("A", "B"), [2], matrix="selection.cost", expert="E2"),
        ]
    )
    judged = read_panels(table, names={"criteria": ("price", "service")})
    assert judged["criteria"].experts == ("E1",)
    chosen = read_panels(table, names={"selection": ("cost", "ease"), "selection.cost": ("A", "B")})
    assert {panel.experts for panel in chosen.values()} == {("E2",)}
    with pytest.raises(JudgementError, match=r"'selection.cost' is not in the hierarchy"):
        read_panels(table, names={"selection": ("cost", "ease")})
    with pytest.raises(JudgementError, match="no judgements on matrix 'selection'"):
        read_panels(table.iloc[:1], names={"selection": ("cost", "ease")})


def test_faults_of_all_matrices_in_one_list(long):
    table = pd.concat(
        [
            long(("a", "b"), [0]),
            long(("x", "y"), [33], matrix="a"),
            long(("a", "b"), [1], expert="E2"),
        ]
    )
    with pytest.raises(JudgementError) as caught:
        read_panels(table, names={"criteria": ("a", "b"), "a": ("x", "y"), "b": ("z",)})
    first, second, third = str(caught.value).splitlines()
    assert "matrix 'criteria', row 'a', column 'b': found 0" in first
    assert "expert 'E2' did not judge matrix 'a'" in second
    assert "matrix 'a', row 'x', column 'y': found 33" in third


# --- consistency of incomplete matrices ------------------------------------------------------


def test_ratios_of_incomplete_matrices_are_held_against_what_remains_of_the_random_index(long):
    """One of six pairs open leaves two thirds of the random index, three open leave nothing."""
    names = ("a", "b", "c", "d")
    judged = [2, 4, 1, 2, 4, 2]
    table = pd.concat(
        [
            long(names, judged),
            long(names, judged, expert="E2").drop(index=[0]),
            long(names, judged, expert="E3").drop(index=[1, 2, 4]),
        ]
    )
    panel = prioritise_hierarchy(table, hierarchy={name: [name.upper()] for name in names})
    told = panel.consistency.set_index("expert")
    assert told["pairs filled in"].tolist() == [0, 1, 3]
    share = np.array([1, 2 / 3])
    expected = told["consistency index"].to_numpy()[:2] / (share * SAATY_2005.of(4))
    np.testing.assert_allclose(told["consistency ratio"].to_numpy()[:2], expected, rtol=1e-12)
    assert (expected > 0.1).all()
    assert told.loc["E3", "consistency ratio"] == 0
    whole = tabulate_hierarchical_consistency(panel).set_index("expert")
    np.testing.assert_allclose(
        whole["consistency ratio of the hierarchy"].to_numpy()[:2], expected, rtol=1e-12
    )
    advice = advise_panel(panel.panels).table().set_index("expert")
    np.testing.assert_allclose(advice.loc[["E1", "E2"], "ratio before"], expected, rtol=1e-12)
    assert "E3" not in advice.index
