"""Cluster methods of the common signature: k-means, Ward, mixture, latent classes, prototypes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.latent_class import (
    compare_class_numbers,
    estimate_latent_classes,
    measure_entropy,
)
from crmstudy.segmentation.methods.methods import METHODS, find_method, tabulate_methods
from crmstudy.segmentation.methods.partition import cut_ward_tree
from crmstudy.segmentation.methods.prototypes import estimate_prototypes

REFERENCE = Path(__file__).parents[1] / "reference"
OWN = ("k-means", "Ward", "Gaussian mixture", "latent classes", "k-prototypes")

# Goodman (1974), table 1: respondents by their answers to four items, the last fastest.
CONFLICT = (42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20)


def make_space(numbers: pd.DataFrame, categories: pd.DataFrame | None = None) -> Space:
    """Numbers as they are; indicators of one category have variance 1 together."""
    if categories is None:
        categories = pd.DataFrame(index=numbers.index)
    columns = [numbers.to_numpy(dtype=float)]
    for name in categories:
        levels = pd.get_dummies(categories[name]).to_numpy(dtype=float)
        columns.append(levels / np.sqrt(levels.var(axis=0).sum() or 1.0))
    return Space("block", np.hstack(columns), numbers, categories, pd.DataFrame(), 0)


def from_categories(categories: pd.DataFrame) -> Space:
    return make_space(pd.DataFrame(index=categories.index), categories)


def draw_categories(n, k, n_items, *, seed, sure=0.85, n_levels=3):
    """Draw classes in which each item has one likely level."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(k, size=n)
    likely = draw.integers(n_levels, size=(k, n_items))[truth]
    other = draw.integers(n_levels, size=(n, n_items))
    codes = np.where(draw.random((n, n_items)) < sure, likely, other)
    names = [f"item {i}" for i in range(n_items)]
    return pd.DataFrame(codes, columns=names).map("level {}".format), truth


def draw_mixed(n=300, k=3, seed=3):
    categories, truth = draw_categories(n, k, 4, seed=seed)
    draw = np.random.default_rng(seed + 1)
    numbers = pd.DataFrame(
        4.0 * np.eye(k)[truth][:, :2] + draw.normal(size=(n, 2)), columns=["x", "y"]
    )
    return numbers, categories, truth


def role_conflict() -> pd.DataFrame:
    cells = itertools.product("12", repeat=4)
    rows = [cell for cell, n in zip(cells, CONFLICT, strict=True) for _ in range(n)]
    return pd.DataFrame(rows, columns=list("ABCD"))


def load_mixed(name):
    """The reference table as a space, with what other packages found in it."""
    table = pd.read_csv(REFERENCE / "prototypes" / "table.csv")
    expected = pd.read_csv(REFERENCE / "prototypes" / "expected.csv").query("model == @name")
    space = make_space(table[["x", "y"]], table[["a", "b", "c", "d"]].astype(str))
    return space, table, expected.set_index("quantity")["value"]


# --- latent classes -----------------------------------------------------------------------


def test_role_conflict_has_goodmans_two_classes():
    # Goodman (1974), Biometrika 61, 215-231: G2 of independence 81.08, of two classes 2.72;
    # shares .72 and .28; conditional probabilities of the universalistic answer.
    space = from_categories(role_conflict())
    counts = np.array(CONFLICT)
    saturated = float((counts * np.log(counts / counts.sum())).sum())
    exact = {"seed": 1, "tolerance": 1e-10}
    one = estimate_latent_classes(space, n_classes=1, **exact)
    two = estimate_latent_classes(space, n_classes=2, **exact)
    assert 2 * (saturated - one.log_likelihood) == pytest.approx(81.08, abs=0.005)
    assert 2 * (saturated - two.log_likelihood) == pytest.approx(2.72, abs=0.005)
    assert two.weights == pytest.approx([0.721, 0.279], abs=0.0005)
    universalistic = two.table().query("level == '1'")
    assert universalistic["class 1"].tolist() == pytest.approx(
        [0.714, 0.330, 0.354, 0.132], abs=5e-4
    )
    assert universalistic["class 2"].tolist() == pytest.approx(
        [0.993, 0.940, 0.927, 0.769], abs=5e-4
    )


@pytest.mark.parametrize(("name", "k"), [("conflict", 2), ("seven", 2), ("seven", 3)])
def test_latent_classes_are_those_of_r(name, k):
    expected = pd.read_csv(REFERENCE / "latent_class" / "expected.csv")
    expected = expected.query("data == @name and k == @k").set_index("quantity")["value"]
    if name == "conflict":
        items = role_conflict().replace({"1": "yes", "2": "no"})
    else:
        items = pd.read_csv(REFERENCE / "latent_class" / "seven.csv")
        items = items.replace({1: "yes", 0: "no"})
    found = estimate_latent_classes(
        from_categories(items), n_classes=k, seed=1, tolerance=1e-12, most_steps=20_000
    )
    assert found.converged
    assert found.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-8)
    assert found.bic == pytest.approx(expected["bic"], abs=1e-7)
    assert found.weights == pytest.approx(expected.filter(like="weight").to_numpy(), abs=1e-5)
    shares = found.table().query("level == 'yes'").filter(like="class ").to_numpy()
    assert shares.T.ravel() == pytest.approx(expected.filter(like="share").to_numpy(), abs=1e-5)


def test_many_starts_reach_the_same_maximum_from_every_seed():
    items = pd.read_csv(REFERENCE / "latent_class" / "seven.csv").astype(str)
    space = from_categories(items)
    found = [estimate_latent_classes(space, n_classes=4, seed=seed) for seed in range(5)]
    reached = [one.log_likelihood for one in found]
    assert reached == pytest.approx([max(reached)] * 5, abs=0.01)
    for one in found:  # levels in one order, whatever the process
        assert list(one.coding.levels.values()) == [("0", "1")] * 7


@pytest.mark.parametrize("name", ["classes", "mixed classes"])
def test_latent_classes_are_those_of_stepmix_with_many_levels_and_numbers(name):
    space, table, expected = load_mixed(name)
    if name == "classes":
        space = from_categories(space.categories)
    found = estimate_latent_classes(space, n_classes=3, seed=1, tolerance=1e-12, most_steps=20_000)
    assert found.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-6)
    assert found.bic == pytest.approx(expected["bic"], abs=1e-6)
    assert found.entropy == pytest.approx(expected["entropy"], abs=1e-6)
    assert adjusted_rand_score(found.assign(space), table[name]) == 1


def test_bic_finds_the_number_of_classes_and_the_classes():
    categories, truth = draw_categories(900, 4, 8, seed=5)
    space = from_categories(categories)
    numbers = compare_class_numbers(space, candidates=range(1, 8), seed=1)
    assert numbers.index[numbers["chosen"]].tolist() == [4]
    assert numbers["log_likelihood"].is_monotonic_increasing
    found = estimate_latent_classes(space, n_classes=4, seed=1)
    assert adjusted_rand_score(truth, found.assign(space)) > 0.85
    assert found.entropy > 0.8
    assert found.posterior(space).sum(axis=1) == pytest.approx(np.ones(900))


def test_independent_items_have_one_class_by_bic():
    codes = np.random.default_rng(1).integers(3, size=(500, 5))
    space = from_categories(pd.DataFrame(codes, columns=list("abcde")).astype(str))
    numbers = compare_class_numbers(space, candidates=range(1, 5), seed=1)
    assert numbers.index[numbers["chosen"]].tolist() == [1]


def test_entropy_is_one_when_sure_and_zero_when_not():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert measure_entropy(sure, np.array([3.0, 1.0])) == 1
    assert measure_entropy(np.full((2, 2), 0.5), np.ones(2)) == pytest.approx(0)
    mixed = measure_entropy(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([3.0, 1.0]))
    assert mixed == pytest.approx(0.75)
    assert measure_entropy(np.ones((2, 1)), np.ones(2)) == 1


def test_a_level_never_met_says_nothing():
    space = from_categories(draw_categories(300, 2, 4, seed=2)[0])
    found = estimate_latent_classes(space, n_classes=2, seed=1)
    strange = from_categories(
        pd.DataFrame("elsewhere", index=[0], columns=space.categories.columns)
    )
    assert found.posterior(strange)[0] == pytest.approx(found.weights)


@pytest.mark.parametrize(
    ("items", "k", "message"),
    [
        (1, 2, "latent classes need two variables, not 1"),
        (2, 3, r"3 latent classes have 14 parameters, more than the 9 combinations"),
    ],
)
def test_classes_that_cannot_be_told_are_refused(items, k, message):
    categories, _ = draw_categories(200, 2, items, seed=1)
    with pytest.raises(ModelError, match=message):
        estimate_latent_classes(from_categories(categories), n_classes=k, seed=1)
    with pytest.raises(ModelError, match=message):
        compare_class_numbers(from_categories(categories), candidates=[k], seed=1)


def test_a_number_equal_for_all_and_too_few_customers_are_refused():
    numbers, categories, _ = draw_mixed(40)
    with pytest.raises(ModelError, match="equal for all customers"):
        estimate_latent_classes(make_space(numbers.assign(x=1.0), categories), n_classes=2, seed=1)
    alike = make_space(pd.DataFrame(index=range(9)), pd.DataFrame("a", range(9), list("abcd")))
    with pytest.raises(ModelError, match="combinations of levels can tell"):
        estimate_latent_classes(alike, n_classes=2, seed=1)
    assert isinstance(
        compare_class_numbers(NotAvailable("x"), candidates=[2], seed=1), NotAvailable
    )


# --- k-prototypes -------------------------------------------------------------------------


def test_prototypes_are_those_of_kmodes():
    space, table, expected = load_mixed("prototypes")
    found = estimate_prototypes(space, n_segments=3, seed=1, gamma=0.7)
    assert found.cost == pytest.approx(expected["cost"], rel=1e-12)
    assert adjusted_rand_score(found.assign(space), table["prototypes"]) == 1


def test_without_numbers_prototypes_are_modes():
    space, _, expected = load_mixed("modes")
    space = from_categories(space.categories)
    assert estimate_prototypes(space, n_segments=3, seed=1).cost == expected["cost"]


def test_the_cost_is_huangs_sum_and_its_weight_half_the_deviation():
    numbers, categories, _ = draw_mixed(120)
    space = make_space(numbers, categories)
    found = estimate_prototypes(space, n_segments=3, seed=1)
    assert found.gamma == pytest.approx(0.5 * numbers.std(ddof=0).mean())
    labels = found.assign(space)
    cost = 0.0
    for label in range(3):
        own = labels == label
        cost += ((numbers[own] - numbers[own].mean()) ** 2).to_numpy().sum()
        cost += found.gamma * (categories[own] != categories[own].mode().iloc[0]).to_numpy().sum()
    assert found.cost == pytest.approx(cost, rel=1e-12)


# --- Ward ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("name", ["ruspini", "iris"])
def test_wards_tree_is_that_of_r(name, k):
    expected = pd.read_csv(REFERENCE / "ward" / "expected.csv").query("data == @name and k == @k")
    expected = expected.set_index("quantity")["value"]
    if name == "ruspini":
        points = pd.read_csv(REFERENCE / "kmeans" / "ruspini.csv").to_numpy(dtype=float)
    else:
        points = load_iris().data
        points = (points - points.mean(axis=0)) / points.std(axis=0, ddof=1)
    labels = cut_ward_tree(points, k)
    clusters = [points[labels == label] for label in np.unique(labels)]
    within = sum(((own - own.mean(axis=0)) ** 2).sum() for own in clusters)
    assert within == pytest.approx(expected["within"], rel=1e-9)
    assert sorted(map(len, clusters), reverse=True) == expected.filter(like="size_").tolist()


def test_above_two_thousand_customers_ward_sees_a_sample():
    draw = np.random.default_rng(1)
    truth = draw.integers(3, size=5_000)
    space = make_space(pd.DataFrame(draw.normal(size=(5_000, 2)) + 6 * truth[:, None]))
    fit = find_method("Ward").fit
    labels = fit(space, n_segments=3, seed=1)(space)
    assert adjusted_rand_score(truth, labels) > 0.99
    shuffled = space.take(draw.permutation(5_000))
    assert (fit(shuffled, n_segments=3, seed=1)(space) == labels).all()


@pytest.fixture
def seen(monkeypatch):
    """A supervised method that keeps what it was fitted to."""
    kept = []

    def fit(space, *, n_segments, seed, target=None):
        kept.append((space, target))
        return lambda others: np.zeros(len(others.customers), dtype=np.int64)

    monkeypatch.setattr("crmstudy.segmentation.methods.partition.fit_kmeans_segments", fit)
    return replace(find_method("k-means"), most_fitted=40, supervised=True), kept


def test_a_sample_keeps_each_customers_target(seen):
    method, kept = seen
    draw = np.random.default_rng(1)
    space = make_space(pd.DataFrame(draw.normal(size=(100, 1)), columns=["x"]))
    method.fit(space, n_segments=2, seed=1, target=2 * space.points[:, 0])
    fitted, target = kept[0]
    assert len(fitted.customers) == 40
    assert fitted.customers.is_unique
    assert target.tolist() == (2 * fitted.points[:, 0]).tolist()


# --- the common signature -----------------------------------------------------------------


def spaces_for(name):
    numbers, categories, truth = draw_mixed(240, seed=8)
    mixed, plain = make_space(numbers, categories), make_space(numbers)
    return (plain if name == "Gaussian mixture" else mixed), truth


@pytest.mark.parametrize("name", OWN)
def test_segments_are_found_and_new_customers_assigned(name):
    space, truth = spaces_for(name)
    assign = find_method(name).fit(space, n_segments=3, seed=1)
    labels = assign(space)
    assert labels.dtype == np.int64
    assert set(labels) == {0, 1, 2}
    assert adjusted_rand_score(truth, labels) > 0.75
    some = np.array([5, 5, 17])
    assert assign(space.take(some)).tolist() == labels[some].tolist()


@pytest.mark.parametrize("name", OWN)
def test_segments_do_not_depend_on_the_order_and_seeds_repeat(name):
    space, _ = spaces_for(name)
    shuffled = space.take(np.random.default_rng(2).permutation(len(space.customers)))
    fit = find_method(name).fit
    labels = fit(space, n_segments=3, seed=1)(space)
    assert (fit(space, n_segments=3, seed=1)(space) == labels).all()
    assert (fit(shuffled, n_segments=3, seed=1)(space) == labels).all()


@pytest.mark.parametrize("name", OWN)
def test_identical_and_too_few_different_customers_do_not_stop(name):
    numbers, categories, _ = draw_mixed(60)
    with_categories = name != "Gaussian mixture"
    two = (
        make_space(numbers.iloc[[0, 1] * 30], categories.iloc[[0, 1] * 30])
        if with_categories
        else (make_space(numbers.iloc[[0, 1] * 30]))
    )
    one = two.take(np.zeros(60, dtype=int))
    fit = find_method(name).fit
    if name == "latent classes":
        with pytest.raises(ModelError, match="need 4 different customers; found: 2"):
            fit(two, n_segments=4, seed=1)
        with pytest.raises(ModelError, match="equal for all"):
            fit(one, n_segments=4, seed=1)
        return
    labels = fit(two, n_segments=4, seed=1)(two)
    assert adjusted_rand_score(labels, [0, 1] * 30) == 1
    assert set(fit(one, n_segments=4, seed=1)(one)) == {0}


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("k-means", "categories", "k-means needs a number"),
        ("Ward", "categories", "Ward needs a number"),
        ("Gaussian mixture", "mixed", "Gaussian mixture takes numbers only"),
        ("latent classes", "numbers", "latent classes needs a category"),
        ("k-prototypes", "numbers", "k-prototypes needs a category"),
        ("decision tree", "mixed", "decision tree needs the value of a later period"),
    ],
)
def test_a_method_says_what_it_cannot_take(name, kind, message):
    numbers, categories, _ = draw_mixed(60)
    space = {
        "numbers": make_space(numbers),
        "categories": from_categories(categories),
        "mixed": make_space(numbers, categories),
    }[kind]
    with pytest.raises(ModelError, match=message):
        find_method(name).fit(space, n_segments=2, seed=1)


def test_the_registry_holds_the_four_families():
    families = [method.family for method in METHODS]
    assert set(families) == {
        "cluster analysis",
        "factor analysis",
        "neural network",
        "decision tree",
    }
    table = tabulate_methods()
    assert table["method"].is_unique
    assert table.query("method == 'decision tree'")["uses the later period"].item() == "yes"
    with pytest.raises(SettingsError, match="did you mean 'k-means'"):
        find_method("kmeans")
