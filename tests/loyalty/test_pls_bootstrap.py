"""Bootstrap of partial least squares: one sample at a time gives the same, and coverage."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.partial_least_squares.bootstrap import STAGE, bootstrap_pls
from crmstudy.loyalty.partial_least_squares.estimate import fit_pls
from crmstudy.loyalty.resampling.draws import draw_rows, order_answers
from crmstudy.statistics.draws import draw_seeds

SIMPLE = StructuralModel(
    (Construct("cause", ("a0", "a1", "a2")), Construct("effect", ("b0", "b1"))),
    (Path("cause", "effect"),),
)


@pytest.fixture(scope="module")
def full(mobi, ecsi):
    return fit_pls(mobi, model=ecsi["full"])


def simulate(rng, n):
    cause = rng.standard_normal(n)
    effect = 0.5 * cause + np.sqrt(0.75) * rng.standard_normal(n)
    return pd.DataFrame(
        {
            f"{name}{k}": 0.8 * score + 0.6 * rng.standard_normal(n)
            for name, score, m in (("a", cause, 3), ("b", effect, 2))
            for k in range(m)
        }
    )


@pytest.mark.parametrize("scheme", ["path", "factorial", "centroid"])
def test_a_sample_is_estimated_as_if_it_were_the_survey(mobi, ecsi, scheme):
    result = fit_pls(mobi, model=ecsi["full"], scheme=scheme)
    boot = bootstrap_pls(result, seed=5, n_draws=120)
    seed = draw_seeds(5, stage=STAGE, n=1)[0]
    rows = draw_rows(250, n_draws=120, seed=seed)
    ordered = pd.DataFrame(order_answers(result.answers), columns=list(ecsi["full"].items))
    for k in (0, 7, 119):
        alone = fit_pls(ordered.iloc[rows[k]], model=ecsi["full"], scheme=scheme)
        assert boot.slopes[k] == pytest.approx(alone.slopes, abs=1e-8)
        assert boot.loadings[k] == pytest.approx(alone.outer()["loading"].to_numpy(), abs=1e-8)


def test_seed_decides_and_the_order_of_respondents_does_not(mobi, ecsi, full):
    once = bootstrap_pls(full, seed=1, n_draws=150)
    again = bootstrap_pls(
        fit_pls(mobi.sample(frac=1.0, random_state=2), model=ecsi["full"]), seed=1, n_draws=150
    )
    assert np.array_equal(once.slopes, again.slopes)
    assert not np.array_equal(once.slopes, bootstrap_pls(full, seed=2, n_draws=150).slopes)


def test_samples_point_the_way_of_the_full_sample(full):
    boot = bootstrap_pls(full, seed=1, n_draws=300)
    strong = full.outer()["loading"].to_numpy() > 0.5
    assert (boot.loadings[:, strong] > 0.0).all()


def test_intervals_surround_the_estimates_and_widen_with_the_level(full):
    boot = bootstrap_pls(full, seed=1, n_draws=400)
    for table in (boot.paths(), boot.r_squared()):
        middle = table["estimate"] if "estimate" in table else table["r squared"]
        assert ((table["lower"] < middle) & (middle < table["upper"])).all()
    narrow, wide = boot.paths(level=0.8), boot.paths(level=0.99)
    assert (wide["lower"] < narrow["lower"]).all()
    assert (wide["upper"] > narrow["upper"]).all()
    assert boot.to_metrics()["pls_lower_image_loyalty"] == boot.paths()["lower"].iloc[9]


def test_intervals_cover_what_the_method_aims_at():
    """Of 80 surveys, 95% intervals of the path cover the population's composite path."""
    rng = np.random.default_rng(8)
    truth = fit_pls(simulate(rng, 200_000), model=SIMPLE).paths()["estimate"].iloc[0]
    covered = 0
    for seed in range(80):
        result = fit_pls(simulate(rng, 150), model=SIMPLE)
        row = bootstrap_pls(result, seed=seed, n_draws=200).paths().iloc[0]
        covered += row["lower"] <= truth <= row["upper"]
    assert 0.87 <= covered / 80 <= 1.0  # three standard errors of .95, and of its own bias


def test_samples_without_variance_are_lost_and_counted():
    rng = np.random.default_rng(3)
    survey = simulate(rng, 30)
    survey["a2"] = 0.0
    survey.loc[0, "a2"] = 1.0  # one respondent alone gives the item its variance
    result = fit_pls(survey, model=SIMPLE)
    boot = bootstrap_pls(result, seed=1, n_draws=400)
    assert 0.25 < boot.n_lost / 400 < 0.5  # (29 / 30)^30 = .36
    assert np.isfinite(boot.slopes).all()
    assert "bootstrap samples vary" in str(bootstrap_pls(result, seed=1, n_draws=100))
