"""What must hold whatever the data: invariances, identities, known truths."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, assess_reliability, fit_sem
from crmstudy.loyalty.model.moments import delta_errors, differentiate

CHAIN = StructuralModel(
    (
        Construct("quality", ("q1", "q2", "q3")),
        Construct("value", ("v1", "v2", "v3")),
        Construct("loyalty", ("l1", "l2", "l3")),
    ),
    (Path("quality", "value"), Path("quality", "loyalty"), Path("value", "loyalty")),
    "chain",
)
TRUTH = {
    ("quality", "value"): 0.6,
    ("quality", "loyalty"): 0.3,
    ("value", "loyalty"): 0.5,
}
LOADINGS = {"q2": 0.8, "q3": 1.2, "v2": 0.7, "v3": 0.9, "l2": 1.1, "l3": 0.6}


def simulate(n, *, seed, exact=False):
    """Answers from the equations of CHAIN; ``exact`` makes the sample moments the truth's."""
    noise = np.random.default_rng(seed).normal(size=(n, 12))
    if exact:
        noise -= noise.mean(axis=0)
        noise = np.linalg.qr(noise)[0] * np.sqrt(n)
    quality = 1.5 * noise[:, 0]
    value = 0.6 * quality + 0.8 * noise[:, 1]
    loyalty = 0.3 * quality + 0.5 * value + 0.7 * noise[:, 2]
    columns = {}
    for k, (item, latent) in enumerate(
        (f"{letter}{i}", latent)
        for letter, latent in (("q", quality), ("v", value), ("l", loyalty))
        for i in (1, 2, 3)
    ):
        columns[item] = 5 + LOADINGS.get(item, 1.0) * latent + (0.5 + 0.1 * k) * noise[:, 3 + k]
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def answers():
    return simulate(200, seed=7)


@pytest.fixture(scope="module")
def result(answers):
    return fit_sem(answers, model=CHAIN)


def test_the_truth_is_recovered_exactly_from_its_own_moments():
    found = fit_sem(simulate(400, seed=1, exact=True), model=CHAIN)
    for row in found.paths().to_dict("records"):
        assert row["estimate"] == pytest.approx(TRUTH[row["source"], row["target"]], abs=1e-8)
    loadings = found.loadings().set_index("item")["estimate"]
    for item, loading in LOADINGS.items():
        assert loadings[item] == pytest.approx(loading, abs=1e-8)
    assert found.fit.chi2 == pytest.approx(0.0, abs=1e-9)
    assert found.fit.cfi == 1.0
    assert found.fit.rmsea_upper == 0.0
    explained = found.r_squared().set_index("variable")["r squared"]
    assert explained["value"] == pytest.approx(0.36 * 2.25 / (0.36 * 2.25 + 0.64), abs=1e-8)


@pytest.mark.slow
def test_intervals_cover_and_chi2_has_its_distribution():
    replications = 300
    covered, chi2 = np.zeros(3), []
    for seed in range(replications):
        found = fit_sem(simulate(300, seed=seed), model=CHAIN)
        paths = found.paths()
        truth = np.array(
            [TRUTH[s, t] for s, t in zip(paths["source"], paths["target"], strict=True)]
        )
        covered += (paths["lower"] <= truth) & (truth <= paths["upper"])
        chi2.append(found.fit.chi2)
    # Monte Carlo errors: .013 for a coverage of .95; sqrt(2 df / replications) = .4 for chi2
    assert np.abs(covered / replications - 0.95).max() < 3 * 0.013
    assert abs(np.mean(chi2) - 24) < 3 * 0.4


def test_the_order_of_rows_and_items_does_not_matter(answers, result):
    shuffled = answers.sample(frac=1.0, random_state=3)
    turned = StructuralModel(
        tuple(Construct(c.name, c.items[::-1]) for c in CHAIN.constructs[::-1]), CHAIN.paths[::-1]
    )
    other = fit_sem(shuffled, model=turned)
    ours, theirs = result.fit.to_metrics(), other.fit.to_metrics()
    assert theirs == pytest.approx(ours, rel=1e-9)
    compare_standardised(result, other)


def test_units_do_not_matter(answers, result):
    factors = dict(zip(answers.columns, 10.0 ** np.arange(-4, 5), strict=True))
    other = fit_sem(answers * pd.Series(factors) + 100.0, model=CHAIN)
    assert other.fit.chi2 == pytest.approx(result.fit.chi2, rel=1e-9)
    assert other.fit.srmr == pytest.approx(result.fit.srmr, rel=1e-9)
    compare_standardised(result, other)
    unit = factors["v1"] / factors["q1"]
    ours, theirs = result.paths().iloc[0], other.paths().iloc[0]
    assert theirs["estimate"] == pytest.approx(ours["estimate"] * unit, rel=1e-8)
    assert theirs["se"] == pytest.approx(ours["se"] * unit, rel=1e-8)
    assert theirs["p value"] == pytest.approx(ours["p value"], rel=1e-6)


def compare_standardised(one, other):
    for table in ("loadings", "paths"):
        keys = list(getattr(one, table)().columns[:2])
        a = getattr(one, table)().set_index(keys)[["standardised", "standardised se"]]
        b = getattr(other, table)().set_index(keys)[["standardised", "standardised se"]]
        pd.testing.assert_frame_equal(a, b.loc[a.index], rtol=1e-7)


def test_a_reversed_item_changes_signs_only(answers, result):
    other = fit_sem(answers.assign(v2=10 - answers["v2"]), model=CHAIN)
    assert other.fit.chi2 == pytest.approx(result.fit.chi2, rel=1e-9)
    ours, theirs = (r.loadings().set_index("item")["estimate"] for r in (result, other))
    assert theirs["v2"] == pytest.approx(-ours["v2"], rel=1e-8)


def test_the_divisor_scales_variances_and_chi2_only(answers, result):
    other = fit_sem(answers, model=CHAIN, divisor="n-1")
    n = len(answers)
    assert other.fit.chi2 == pytest.approx(result.fit.chi2 * (n - 1) / n, rel=1e-9)
    compare = {"paths": 1.0, "variance": n / (n - 1)}
    ours, theirs = result.table(), other.table()
    for kind, factor in (("path", compare["paths"]), ("variance", compare["variance"])):
        which = ours["kind"] == kind
        np.testing.assert_allclose(
            theirs.loc[which, "estimate"], ours.loc[which, "estimate"] * factor, rtol=1e-8
        )


def test_same_input_same_bytes(answers, result):
    before = answers.copy()
    again = fit_sem(answers, model=CHAIN)
    assert again.solution.theta.tobytes() == result.solution.theta.tobytes()
    pd.testing.assert_frame_equal(answers, before)


def test_missing_answers_are_left_out_and_counted(answers):
    holes = answers.assign(not_in_model=np.nan)
    holes.loc[[3, 50], "q1"] = np.nan
    holes.loc[[50, 51], "l3"] = np.nan
    found = fit_sem(holes, model=CHAIN)
    kept = fit_sem(answers.drop(index=[3, 50, 51]), model=CHAIN)
    assert (found.n_used, found.n_dropped) == (197, 3)
    assert found.to_metrics() == kept.to_metrics() | {"n_dropped": 3}


def test_a_just_identified_path_model_is_least_squares():
    survey = simulate(80, seed=5)
    model = StructuralModel(
        (Construct("a", ("q1",)), Construct("b", ("v1",)), Construct("c", ("l1",))),
        (Path("a", "b"), Path("a", "c"), Path("b", "c")),
    )
    found = fit_sem(survey, model=model)
    X = np.column_stack([np.ones(80), survey["q1"], survey["v1"]])
    slopes, squares = np.linalg.lstsq(X, survey["l1"])[:2]
    se = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * squares / 80)
    ours = found.paths().set_index(["source", "target"])
    for k, source in ((1, "a"), (2, "b")):
        assert ours.loc[(source, "c"), "estimate"] == pytest.approx(slopes[k], rel=1e-8)
        assert ours.loc[(source, "c"), "se"] == pytest.approx(se[k], rel=1e-8)
    share = squares[0] / (80 * survey["l1"].var(ddof=0))
    explained = found.r_squared().set_index("variable")["r squared"]
    assert explained["c"] == pytest.approx(1 - share, rel=1e-8)
    assert found.admissible
    assert len(found.notes) == 3
    assert isinstance(found.fit, NotAvailable)
    assert "as many parameters as moments" in found.fit.reason
    assert assess_reliability(found).table().empty


def test_names_of_any_script_are_estimated(answers, result):
    renamed = answers.rename(columns={"q1": "題一"})
    model = StructuralModel(
        (Construct("質量", ("題一", "q2", "q3")), *CHAIN.constructs[1:]),
        (Path("質量", "value"), Path("質量", "loyalty"), Path("value", "loyalty")),
    )
    assert fit_sem(renamed, model=model).fit.chi2 == pytest.approx(result.fit.chi2, rel=1e-9)


def test_the_jacobian_is_the_derivative(result):
    structure, theta = result.structure, result.solution.theta

    def flat(theta):
        return structure.implied(theta).ravel()

    expected = differentiate(flat, theta).T.reshape(len(theta), 9, 9)
    np.testing.assert_allclose(structure.jacobian(theta), expected, atol=1e-13)


def test_delta_errors_of_the_estimates_are_their_standard_errors(result):
    found = result.solution
    errors = delta_errors(lambda theta: theta * 1.0, found.theta, found.covariance)
    np.testing.assert_allclose(errors, np.sqrt(np.diag(found.covariance)), rtol=1e-12)


def test_import_is_light_and_leaves_global_randomness_alone():
    code = (
        "import random, sys; random.seed(4); state = random.getstate()\n"
        "import crmstudy.loyalty as loyalty, crmstudy.loyalty.estimation.estimate as estimate\n"
        "assert 'semopy' not in sys.modules\n"
        "estimate._import_semopy()\n"
        "assert 'semopy' in sys.modules and random.getstate() == state\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
