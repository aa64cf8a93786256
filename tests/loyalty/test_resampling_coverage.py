"""Do the model's intervals hold what made the answers? The simulated firm's survey, 500 times.

Constructs and items are drawn as the firm draws them (group pattern, service delays, rivals'
offers that weaken the path to loyalty, ten-point answers); true loadings are corrected for the
points of the scale by ``discretisation_factor``.
"""

import inspect

import numpy as np
import pytest

from crmstudy.collection.simulate import survey
from crmstudy.collection.simulate.latent import (
    CONSTRUCTS,
    PATHS,
    draw_latent_scores,
    path_coefficients,
)
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.people import group_pattern, group_shares
from crmstudy.collection.simulate.survey import ITEMS, discretisation_factor
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.moments import lay_out
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.resampling.bootstrap import bootstrap_model
from crmstudy.loyalty.resampling.engine import refit_samples, standard_errors
from crmstudy.loyalty.resampling.likelihood import inform, plan_derivatives
from crmstudy.loyalty.resampling.stacks import standardise_draws

REPLICATIONS, N = 500, 500
MODEL = StructuralModel(
    tuple(
        Construct(name, [item for item, spec in ITEMS.items() if spec.construct == name])
        for name in CONSTRUCTS
    ),
    tuple(Path(*ends) for ends in PATHS),
    "satisfaction_index",
)
STRUCTURE = lay_out(MODEL)
DIRECTED = [k for k, each in enumerate(STRUCTURE.reported) if each.op != "~~"]


def draw_answers(rng, n):
    """One survey, as the firm's respondents answer."""
    firm, share = FirmParameters(), group_shares().ravel()
    pattern = group_pattern().ravel()[rng.choice(share.size, n, p=share / share.sum())]
    generators = [p for p in inspect.signature(draw_latent_scores).parameters if "rng" in p]
    scores = draw_latent_scores(*[rng for _ in generators], rng.standard_normal(n), pattern, firm)
    return np.column_stack([survey._answer(rng, scores, ITEMS[item]) for item in MODEL.items])


def list_truth():
    """True standardised loadings, as observed on ten points, and paths."""
    paths, true = path_coefficients(FirmParameters()), []
    for left, op, right in (STRUCTURE.reported[k] for k in DIRECTED):
        if op == "~":
            true.append(paths[right, left])
        else:
            item = ITEMS[right]
            sign = -1.0 if item.reverse else 1.0
            true.append(sign * item.loading * discretisation_factor(item.mean))
    return np.array(true)


def standardised_errors(thetas, n):
    """Delta-method errors of standardised loadings and paths, by central differences."""
    slopes = np.empty((len(thetas), len(DIRECTED), thetas.shape[1]))
    for k in range(thetas.shape[1]):
        step = np.zeros_like(thetas)
        step[:, k] = 1e-5
        up, down = (standardise_draws(STRUCTURE, each) for each in (thetas + step, thetas - step))
        slopes[:, :, k] = (up - down)[:, DIRECTED] / 2e-5
    covariance = 2 / n * np.linalg.inv(inform(plan_derivatives(STRUCTURE), thetas))
    return np.sqrt(np.einsum("rij,rjk,rik->ri", slopes, covariance, slopes))


@pytest.fixture(scope="module")
def firm():
    """The model on one large survey of the firm."""
    import pandas as pd

    answers = draw_answers(np.random.default_rng(1), 20_000)
    return fit_sem(pd.DataFrame(answers, columns=MODEL.items), model=MODEL)


@pytest.fixture(scope="module")
def replications(firm):
    rng = np.random.default_rng(20261123)
    samples = np.stack(
        [np.cov(draw_answers(rng, N), rowvar=False, ddof=0) for _ in range(REPLICATIONS)]
    )
    return refit_samples(STRUCTURE, samples, start=firm.estimates.theta)


def test_a_large_survey_gives_the_truth_back(firm):
    found = standardise_draws(STRUCTURE, firm.estimates.theta[None])[0, DIRECTED]
    errors = standardised_errors(firm.estimates.theta[None], 20_000)[0]
    assert np.abs((found - list_truth()) / errors).max() < 4.0
    assert np.abs(found - list_truth()).max() < 0.03


def test_95_percent_intervals_hold_the_truth_in_93_to_97_percent(replications):
    """Of each path and each loading.

    The share of 500 intervals has a Monte Carlo error of .0097, so that of 23 true
    coverages of .95 some leave 93-97% by chance: two Monte Carlo errors are allowed
    beside. Their mean has to lie well within.
    """
    assert replications.converged.all()
    assert replications.admissible.all()
    found = standardise_draws(STRUCTURE, replications.theta)[:, DIRECTED]
    errors = standardised_errors(replications.theta, N)
    held = (np.abs(found - list_truth()) <= 1.959964 * errors).mean(axis=0)
    allowed = 2 * np.sqrt(0.95 * 0.05 / REPLICATIONS)
    assert len(held) == 23
    assert 0.93 - allowed <= held.min() <= held.max() <= 0.97 + allowed
    assert 0.94 <= held.mean() <= 0.96
    bias = (found.mean(axis=0) - list_truth()) / found.std(axis=0)
    assert np.abs(bias).max() < 0.2


def test_standard_errors_are_the_spread_of_estimates(replications):
    spread = replications.theta.std(axis=0)
    errors = standard_errors(STRUCTURE, replications.theta, N).mean(axis=0)
    names = [parameter.op for parameter in STRUCTURE.parameters]
    # ten points and a moderated path are not quite normal: a tenth is allowed, and three
    # Monte Carlo errors of a standard deviation, 1 / sqrt(2 * 500)
    ratio = (errors / spread)[np.isin(names, ["=~", "~"])]
    assert np.abs(ratio - 1).max() < 0.1 + 3 / np.sqrt(2 * REPLICATIONS)


def test_bootstrap_errors_are_the_spread_of_estimates(replications):
    """Of one survey: a path's bootstrap error has its own sampling error, about a tenth."""
    import pandas as pd

    answers = draw_answers(np.random.default_rng(3), N)
    fit = fit_sem(pd.DataFrame(answers, columns=MODEL.items), model=MODEL)
    found = bootstrap_model(fit, n_draws=1000, seed=1).paths(standardised=True)
    paths = [k for k, each in enumerate(STRUCTURE.reported) if each.op == "~"]
    spread = standardise_draws(STRUCTURE, replications.theta)[:, paths].std(axis=0)
    assert np.abs(found["bootstrap se"] / spread - 1).max() < 0.3
