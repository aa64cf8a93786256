"""One model, many samples: estimates against lavaan, the gate's rules, and laws."""

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.admissible import check_solution
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.resampling import descent, engine
from crmstudy.loyalty.resampling.draws import covary_rows, draw_covariances
from crmstudy.loyalty.resampling.engine import refit_samples, standard_errors
from crmstudy.loyalty.resampling.likelihood import (
    _evaluate_factored,
    _evaluate_whole,
    evaluate,
    inform,
    plan_derivatives,
)
from crmstudy.loyalty.resampling.stacks import are_possible, report_draws, standardise_draws

REFERENCE = FilePath(__file__).parents[1] / "reference" / "sem_bootstrap"


def park_miller(n, n_draws, seed=20261123):
    """The rows that make.R draws."""
    rows = np.empty((n_draws, n), dtype=np.intp)
    for draw in range(n_draws):
        for k in range(n):
            seed = 16807 * seed % 2147483647
            rows[draw, k] = seed % n
    return rows


@pytest.mark.parametrize("name", ["admissible", "democracy"])
def test_estimates_from_the_same_samples_are_lavaans(fitted, name):
    fit = fitted[name]
    expected = pd.read_csv(REFERENCE / f"refits_{name}.csv")
    rows = park_miller(fit.n_used, int(expected["draw"].max()) + 1)[expected["draw"]]
    found = refit_samples(fit.structure, covary_rows(fit.answers, rows), start=fit.estimates.theta)
    assert len(expected) > 50
    assert expected["gradient"].max() < 1e-10
    assert found.converged.all()
    ours = pd.DataFrame(
        found.theta, columns=[f"{p.left}{p.op}{p.right}" for p in fit.structure.parameters]
    )
    theirs = expected[list(ours.columns)]
    # the walk ends at a scaled slope of 1e-7, which leaves the sixth digit open
    assert ((ours - theirs) / np.maximum(theirs.abs(), 1.0)).abs().to_numpy().max() < 5e-6
    np.testing.assert_allclose(found.discrepancy, expected["discrepancy"], atol=1e-9)


@pytest.fixture(scope="module")
def edge(mobi, ecsi):
    """A few respondents, so that many samples are inadmissible."""
    fit = fit_sem(mobi.sample(60, random_state=0), model=ecsi["admissible"])
    samples = draw_covariances(fit.answers, n_draws=250, seed=1)
    return fit, samples, refit_samples(fit.structure, samples, start=fit.estimates.theta)


def test_the_gate_judges_every_sample_as_it_judges_one(edge):
    fit, samples, found = edge
    plan = plan_derivatives(fit.structure)
    assert 40 < found.n_inadmissible < 200
    for k in np.flatnonzero(found.converged)[:120]:
        theta = found.theta[[k]]
        gradient = evaluate(plan, theta, samples[[k]]).gradient[0]
        checks = check_solution(fit.structure, theta[0], gradient, inform(plan, theta)[0])
        assert (not failed(checks)) == found.admissible[k]


def test_residual_covariances_beyond_one_are_inadmissible(fitted):
    fit = fitted["democracy"]
    samples = draw_covariances(fit.answers, n_draws=250, seed=2)
    found = refit_samples(fit.structure, samples, start=fit.estimates.theta)
    plan = plan_derivatives(fit.structure)
    residual = 0
    for k in np.flatnonzero(found.converged):
        theta = found.theta[[k]]
        gradient = evaluate(plan, theta, samples[[k]]).gradient[0]
        broken = failed(check_solution(fit.structure, theta[0], gradient, inform(plan, theta)[0]))
        assert (not broken) == found.admissible[k]
        residual += any("residual covariance" in check.name for check in broken)
    assert residual > 0


@pytest.mark.parametrize("name", ["cfa", "full"])  # full: an only item, and negative errors
def test_both_ways_to_the_slope_agree(fitted, name):
    fit = fitted[name]
    plan = plan_derivatives(fit.structure)
    start = engine._start_plainly(plan)
    rng = np.random.default_rng(1)
    thetas = start + 0.05 * rng.normal(size=(40, len(start)))
    samples = draw_covariances(fit.answers, n_draws=40, seed=1)
    samples = samples / np.sqrt(np.einsum("ni,nj->nij", *[np.einsum("nii->ni", samples)] * 2))
    whole = _evaluate_whole(plan, thetas, samples)
    by_parts = _evaluate_factored(plan, thetas, samples)
    np.testing.assert_allclose(by_parts.value, whole.value, rtol=1e-11)
    np.testing.assert_allclose(by_parts.gradient, whole.gradient, atol=1e-10)
    error = fit.structure.blocks[3].index
    thetas[::3, error[0]] = -0.001  # near a Heywood case: the whole way, beside the others
    mixed, whole = evaluate(plan, thetas, samples), _evaluate_whole(plan, thetas, samples)
    np.testing.assert_allclose(mixed.value, whole.value, rtol=1e-11)
    np.testing.assert_allclose(mixed.gradient, whole.gradient, atol=1e-9)
    assert np.isinf(evaluate(plan, -thetas[:2], samples[:2]).value).all()
    assert np.isfinite(mixed.value).any()


@pytest.mark.parametrize(("correlation", "possible"), [(0.99, True), (1.01, False)])
def test_constructs_that_correlate_beyond_one_are_impossible(fitted, correlation, possible):
    structure, theta = fitted["cfa"].structure, fitted["cfa"].estimates.theta.copy()
    place = structure.parameters.index
    one, other = place(("visual", "~~", "visual")), place(("speed", "~~", "speed"))
    for ends in (("visual", "textual"), ("visual", "speed"), ("textual", "speed")):
        theta[place((ends[0], "~~", ends[1]))] = 0.0
    theta[place(("visual", "~~", "speed"))] = correlation * np.sqrt(theta[one] * theta[other])
    assert are_possible(structure, theta[None]).tolist() == [possible]


@pytest.mark.parametrize(("correlation", "possible"), [(0.99, True), (1.01, False)])
def test_residuals_that_correlate_beyond_one_are_impossible(fitted, correlation, possible):
    structure, theta = fitted["democracy"].structure, fitted["democracy"].estimates.theta.copy()
    place = structure.parameters.index
    for pair in (p for p in structure.parameters if p.op == "~~" and p.left != p.right):
        theta[place(pair)] = 0.0
    one, other = place(("y3", "~~", "y3")), place(("y7", "~~", "y7"))
    theta[place(("y3", "~~", "y7"))] = correlation * np.sqrt(theta[one] * theta[other])
    assert are_possible(structure, theta[None]).tolist() == [possible]


def test_slope_and_information_are_derivatives(fitted):
    for name in ("democracy", "full"):  # residual covariances; an only item
        fit = fitted[name]
        sd = np.sqrt(np.diag(fit.sample))
        samples = (fit.sample / np.outer(sd, sd))[None]
        plan = plan_derivatives(fit.structure)
        theta = engine._start_plainly(plan)
        slope = evaluate(plan, theta[None], samples).gradient[0]
        step = 1e-6
        for k in range(len(theta)):
            moved = np.repeat(theta[None], 2, axis=0)
            moved[:, k] += (step, -step)
            up, down = evaluate(plan, moved, np.repeat(samples, 2, axis=0)).value
            assert (up - down) / (2 * step) == pytest.approx(slope[k], abs=1e-7)
        inverse = np.linalg.inv(fit.structure.implied(theta))
        turns = inverse @ fit.structure.jacobian(theta)
        expected = np.einsum("kij,lji->kl", turns, turns)
        np.testing.assert_allclose(inform(plan, theta[None])[0], expected, atol=1e-10)


def test_a_good_sample_needs_no_good_start(fitted):
    """From the start of another sample, and from one that knows nothing: the same optimum."""
    for name in ("admissible", "cfa", "democracy"):
        fit = fitted[name]
        units = fit.structure.units(np.sqrt(np.diag(fit.sample)))
        plain = engine._start_plainly(plan_derivatives(fit.structure)) * units
        found = refit_samples(fit.structure, fit.sample[None], start=plain)
        errors = standard_errors(fit.structure, found.theta, fit.n_used)
        assert found.admissible.all()
        assert np.abs((found.theta - fit.estimates.theta) / errors).max() < 1e-5
        np.testing.assert_allclose(errors[0], np.sqrt(np.diag(fit.estimates.covariance)), rtol=1e-5)
        assert found.discrepancy[0] * fit.n_used == pytest.approx(fit.fit.chi2, abs=1e-8)


def test_steps_that_lead_upwards_are_halved(edge, monkeypatch):
    fit, samples, _ = edge
    moves, move = [], descent._move

    def watch(plan, walk):
        before = walk.value.copy()
        moved = move(plan, walk)
        moves.append((moved, walk.value - before))
        return moved

    monkeypatch.setattr(descent, "_move", watch)
    refit_samples(fit.structure, samples, start=fit.estimates.theta)
    moved, gains = (np.concatenate(each) for each in zip(*moves, strict=True))
    assert np.count_nonzero(~moved) > 20
    assert (gains[~moved] == 0.0).all()
    assert gains.max() < 1e-9


def test_solutions_are_standardised_as_one_is(edge):
    fit, _, found = edge
    kept = found.theta[found.admissible][:20]
    expected = np.array([fit.structure.standardise(theta) for theta in kept])
    np.testing.assert_allclose(standardise_draws(fit.structure, kept), expected, rtol=1e-10)
    values = np.array([fit.structure.report(theta) for theta in kept])
    np.testing.assert_array_equal(report_draws(fit.structure, kept), values)


def test_the_number_of_threads_does_not_matter(edge, monkeypatch):
    fit, samples, found = edge
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    again = refit_samples(fit.structure, samples, start=fit.estimates.theta)
    assert again.theta.tobytes() == found.theta.tobytes()
    assert again.admissible.tobytes() == found.admissible.tobytes()


def test_units_do_not_matter(fitted):
    fit = fitted["admissible"]
    sd = 10.0 ** np.arange(-7, 7)
    units = fit.structure.units(sd)
    samples = draw_covariances(fit.answers, n_draws=20, seed=3)
    one = refit_samples(fit.structure, samples, start=fit.estimates.theta)
    other = refit_samples(
        fit.structure, samples * np.outer(sd, sd), start=fit.estimates.theta * units
    )
    np.testing.assert_allclose(other.theta / units, one.theta, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.discrepancy, one.discrepancy, atol=1e-10)


def test_what_cannot_be_estimated_is_counted_and_not_a_number(fitted):
    fit = fitted["admissible"]
    singular = np.ones_like(fit.sample)
    negative = fit.sample - 3.0 * np.eye(14)
    samples = np.stack([fit.sample, singular, negative, np.full_like(singular, np.nan)])
    found = refit_samples(fit.structure, samples, start=fit.estimates.theta)
    assert found.converged.tolist() == [True, False, False, False]
    assert found.admissible.tolist() == [True, False, False, False]
    assert (found.n_failed, found.n_inadmissible) == (3, 0)
    assert np.isnan(found.theta[1:]).all()
    assert np.isinf(found.discrepancy[1:]).all()
    errors = standard_errors(fit.structure, found.theta, 250)
    assert np.isnan(errors[1:]).all()
    assert np.isfinite(errors[0]).all()


def test_a_model_that_is_not_identified_is_inadmissible():
    """Two items of one construct: four parameters for three moments."""
    from crmstudy.loyalty.model.moments import lay_out

    model = StructuralModel(
        (Construct("a", ("x1", "x2")), Construct("b", ("y1", "y2"))), (Path("a", "b"),)
    )
    structure = lay_out(model)
    # a and b unrelated: their loadings are not identified
    theta = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5])
    found = refit_samples(structure, structure.implied(theta)[None], start=theta)
    assert found.converged.all()
    assert not found.admissible.any()
    assert np.isnan(standard_errors(structure, theta[None], 100)).all()


def test_bad_input_is_refused(fitted):
    fit = fitted["admissible"]
    theta = fit.estimates.theta
    with pytest.raises(ModelError, match="covariance matrices of 14 items"):
        refit_samples(fit.structure, fit.sample, start=theta)
    with pytest.raises(ModelError, match="a start has 32 values"):
        refit_samples(fit.structure, fit.sample[None], start=theta[1:])
    with pytest.raises(ModelError, match="not positive definite"):
        refit_samples(fit.structure, fit.sample[None], start=-theta)
