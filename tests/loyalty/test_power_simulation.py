"""Monte Carlo power: formulas where there are any, laws, refusals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.power.needed import cross, find_needed
from crmstudy.loyalty.power.population import suppose_population, take_estimates
from crmstudy.loyalty.power.simulation import plan_survey
from crmstudy.loyalty.power.surveys import choose_sizes, draw_normal_covariances
from crmstudy.loyalty.resampling.engine import standard_errors

TWO = StructuralModel(
    (
        Construct("cause", ("x",)),
        Construct("other", ("z",)),
        Construct("effect", ("y1", "y2", "y3")),
    ),
    (Path("cause", "effect"), Path("other", "effect")),
    "two",
)
TRUE = {("cause", "effect"): 0.3, ("other", "effect"): 0.15}


@pytest.fixture(scope="module")
def population():
    return suppose_population(TWO, paths=TRUE, loading=0.8, correlation=0.0)


@pytest.fixture(scope="module")
def plan(population):
    return plan_survey(population, seed=3, n_draws=400)


def predict(population, n, *, alpha=0.05):
    """Large-sample power of each path, from the information at the truth."""
    structure, theta = population.structure, population.theta
    se = standard_errors(structure, theta[None], n)[0]
    paths = {
        (p.right, p.left): theta[k] / se[k]
        for k, p in enumerate(structure.parameters)
        if p.op == "~"
    }
    return {ends: norm.sf(norm.ppf(1 - alpha / 2) - abs(z)) for ends, z in paths.items()}


def test_power_of_single_items_is_that_of_a_correlation():
    """Two observed variables: the Wald test of their slope has noncentrality r / sqrt(1 - r2)."""
    model = StructuralModel(
        (Construct("a", ("x",)), Construct("b", ("y",)), Construct("c", ("z",))),
        (Path("a", "b"), Path("b", "c")),
    )
    population = suppose_population(model, paths={("a", "b"): 0.3, ("b", "c"): 0.4})
    found = plan_survey(population, seed=1, n_draws=2_000, sizes=(60, 90, 120)).paths
    rows = found[found["source"] == "a"]
    for row in rows.to_dict("records"):
        z = 0.3 / np.sqrt((1 - 0.09) / row["respondents"])
        assert row["power"] == pytest.approx(norm.sf(1.96 - z), abs=0.04)  # 3 MC errors, small n


def test_simulated_power_is_near_the_large_sample_one(population, plan):
    for n, part in plan.paths.groupby("respondents"):
        expected = predict(population, n)
        for row in part.to_dict("records"):
            limit = 3.5 * np.sqrt(0.25 / 400) if n < 100 else 0.075
            assert row["power"] == pytest.approx(
                expected[row["source"], row["target"]], abs=max(limit, 0.06)
            )


def test_minimum_n_is_near_the_large_sample_one(population, plan):
    for need in plan.needed:
        z = norm.ppf(0.975) + norm.ppf(0.8)
        at_100 = norm.ppf(0.975) - norm.isf(predict(population, 100)[need.source, need.target])
        expected = 100 * (z / at_100) ** 2
        assert need.kind == "found"
        assert need.lower <= need.n <= need.upper
        assert need.n == pytest.approx(expected, rel=0.15)


def test_intervals_cover_and_estimates_are_unbiased(plan):
    large = plan.paths[plan.paths["respondents"] >= 100]
    assert large["coverage"].between(0.91, 0.98).all()  # 95% and three Monte Carlo errors
    assert (large["bias"].abs() < 0.2).all()
    assert (plan.quality()["not admissible"] <= 0.05).all()


def test_level_is_held_where_a_path_is_none():
    none = suppose_population(TWO, paths={**TRUE, ("other", "effect"): 0.0}, loading=0.8)
    found = plan_survey(none, seed=5, n_draws=2_000, sizes=(200,)).paths
    row = found[found["source"] == "other"].iloc[0]
    assert row["coverage"] == pytest.approx(0.95, abs=0.015)
    assert row["power"] == 0.0  # no sign is the right one


def test_sign_of_a_path_does_not_matter(population):
    turned = suppose_population(
        TWO, paths={**TRUE, ("cause", "effect"): -0.3}, loading=0.8, correlation=0.0
    )
    sizes = (100, 200)
    one = plan_survey(population, seed=2, n_draws=800, sizes=sizes).paths
    two = plan_survey(turned, seed=2, n_draws=800, sizes=sizes).paths
    assert one["power"].to_numpy() == pytest.approx(two["power"].to_numpy(), abs=0.07)


def test_units_of_the_items_do_not_matter(fitted):
    population = take_estimates(fitted["admissible"])
    structure = population.structure
    units = structure.units(np.linspace(0.1, 30.0, 14))
    scaled = replace(population, theta=population.theta * units)
    sizes = (150, 250)
    one = plan_survey(population, seed=2, n_draws=200, sizes=sizes).paths["power"]
    two = plan_survey(scaled, seed=2, n_draws=200, sizes=sizes).paths["power"]
    assert one.to_numpy() == pytest.approx(two.to_numpy(), abs=0.011)


def test_same_seed_same_plan(population, plan):
    again = plan_survey(population, seed=3, n_draws=400)
    pd.testing.assert_frame_equal(again.paths, plan.paths, check_exact=True)
    other = plan_survey(population, seed=4, n_draws=400)
    assert not other.paths["power"].equals(plan.paths["power"])


def test_drawn_matrices_are_wishart():
    covariance = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 0.5]])
    n, n_draws = 12, 40_000
    drawn = draw_normal_covariances(covariance, n=n, n_draws=n_draws, seed=1)
    scaled = drawn * n / (n - 1)  # unbiased
    assert scaled.mean(axis=0) == pytest.approx(covariance, abs=0.02)
    expected = (covariance**2 + np.outer(np.diag(covariance), np.diag(covariance))) / (n - 1)
    assert scaled.var(axis=0) == pytest.approx(expected, rel=0.04)
    assert np.linalg.eigvalsh(drawn)[:, 0].min() > 0.0


def test_sizes_rise_and_hold_what_is_needed(population, fitted):
    for each in (population, take_estimates(fitted["admissible"])):
        sizes = choose_sizes(each, power=0.8, alpha=0.05)
        assert list(sizes) == sorted(set(sizes))
        assert 50 <= sizes[0] < sizes[-1] <= 2_000


def test_a_path_that_is_almost_none_takes_more_than_anybody_plans():
    tiny = suppose_population(TWO, paths={**TRUE, ("other", "effect"): 0.01}, loading=0.8)
    plan = plan_survey(tiny, seed=1, n_draws=50)
    assert plan.critical.source == "other"
    row = plan.table().iloc[1]
    assert row["minimum respondents"] == row["95% interval"] == "more than 2,000"
    assert "minimum_n" not in plan.to_metrics()
    assert "minimum_n_cause_effect" in plan.to_metrics()


def test_crossing_is_read_between_the_sizes():
    sizes = np.array([100.0, 144.0, 196.0])
    n, kind = cross(sizes, np.array([0.6, 0.7, 0.9]), level=0.8)
    assert (n, kind) == (pytest.approx(13.0**2), "found")  # half way in roots: 12 .. 14
    assert cross(sizes, np.array([0.85, 0.9, 1.0]), level=0.8) == (100.0, "at most")
    assert cross(sizes, np.array([0.1, 0.2, 0.79]), level=0.8) == (196.0, "more")
    noisy = cross(sizes, np.array([0.82, 0.7, 0.9]), level=0.8)  # first two are pooled to .76
    assert noisy[1] == "found"
    assert 144 < noisy[0] < 196


def test_interval_of_the_minimum_comes_from_the_limits():
    rows = pd.DataFrame(
        {
            "source": "a",
            "target": "b",
            "respondents": [100, 144, 196],
            "power": [0.6, 0.7, 0.9],
            "lower": [0.5, 0.6, 0.7],
            "upper": [0.7, 0.9, 1.0],
        }
    )
    need = find_needed(rows, power=0.8)
    assert (need.words(), need.interval()) == ("169", "121 – more than 196")


def test_tables_name_paths_by_labels(fitted):
    plan = plan_survey(take_estimates(fitted["admissible"]), seed=1, n_draws=40, sizes=(100, 200))
    assert plan.table()["path"].iloc[0] == "Perceived quality → value"
    assert plan.quality()["respondents"].tolist() == [100, 200]
    assert plan.rule_of_thumb == 320  # 32 free parameters


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"power": 0.04}, "between the level"),
        ({"power": 1.0}, "between the level"),
        ({"n_draws": 10}, "at least 20 draws"),
        ({"sizes": (5, 100)}, "too small for 5 items"),
    ],
)
def test_impossible_plans_are_refused(population, change, said):
    with pytest.raises(ModelError, match=said):
        plan_survey(population, **{"seed": 1, **change})


def test_models_without_paths_and_absent_populations(fitted):
    with pytest.raises(ModelError, match="no paths to find"):
        plan_survey(take_estimates(fitted["cfa"]), seed=1)
    assert isinstance(plan_survey(NotAvailable("refused"), seed=1), NotAvailable)
