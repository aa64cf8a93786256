"""What must hold in any comparison of groups: laws, known truths, the gate, refusals."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from crmstudy.collection.simulate.latent import implied_correlations, path_coefficients
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.survey import ANSWER_SPREAD, ITEMS
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.invariance.advice import advise_partial, score_equalities
from crmstudy.loyalty.invariance.fit import measure_joint_fit
from crmstudy.loyalty.invariance.groups import find_groups
from crmstudy.loyalty.invariance.joint import (
    LEVELS,
    GroupSample,
    lay_out_groups,
    measure_discrepancy,
    slope_of_joint,
)
from crmstudy.loyalty.invariance.means import compare_latent_means
from crmstudy.loyalty.invariance.paths import compare_paths
from crmstudy.loyalty.invariance.solve import solve_joint
from crmstudy.loyalty.invariance.steps import assess_invariance, compare_nested
from crmstudy.loyalty.model.moments import lay_out
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

N_DRAWS, N_SHIFTED = 20, 40
NONE = NotAvailable("no customers")
CHAIN = StructuralModel(
    (
        Construct("quality", ("q1", "q2", "q3"), "Quality"),
        Construct("value", ("v1", "v2", "v3"), "Value"),
        Construct("loyalty", ("l1", "l2", "l3"), "Loyalty"),
    ),
    (Path("quality", "value"), Path("quality", "loyalty"), Path("value", "loyalty")),
    "chain",
)
LOADINGS = np.array([1.0, 0.8, 1.2, 1.0, 0.7, 0.9, 1.0, 1.1, 0.6])
INTERCEPTS = np.array([6.0, 7.0, 5.0, 4.0, 6.5, 5.5, 6.0, 5.0, 7.0])


def draw_group(rng, n, *, slopes=(0.6, 0.3, 0.5), means=(0.0, 0.0, 0.0), shift=None):
    """Answers of one group: paths, intercepts of the constructs, shifts of item intercepts."""
    quality = means[0] + rng.standard_normal(n)
    value = means[1] + slopes[0] * quality + 0.8 * rng.standard_normal(n)
    loyalty = means[2] + slopes[1] * quality + slopes[2] * value + 0.7 * rng.standard_normal(n)
    latent = np.repeat(np.column_stack([quality, value, loyalty]), 3, axis=1)
    answers = INTERCEPTS + latent * LOADINGS + 0.6 * rng.standard_normal((n, 9))
    frame = pd.DataFrame(answers, columns=list(CHAIN.items))
    for item, change in (shift or {}).items():
        frame[item] += change
    return frame


def join(**frames):
    return pd.concat([f.assign(group=name) for name, f in frames.items()], ignore_index=True)


def assess(survey, model=CHAIN, **options):
    groups = find_groups(survey, model=model, items=model.items, customers=NONE, wanted="group")
    return assess_invariance(survey, model=model, groups=groups, **options)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Matrices this small only lose by BLAS threads."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(11)
    return join(a=draw_group(rng, 150), b=draw_group(rng, 120), c=draw_group(rng, 100))


@pytest.fixture(scope="module")
def assessed(survey):
    return assess(survey)


@pytest.fixture(scope="module")
def planted():
    """Large groups: equal measurement, other means and one other path in b."""
    rng = np.random.default_rng(4)
    equal = draw_group(rng, 4000)
    other = draw_group(rng, 3000, slopes=(0.6, 0.3, 0.2), means=(0.5, 0.0, -0.4))
    return assess(join(a=equal, b=other))


# --- laws ----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(LEVELS))
def test_gradient_and_curvature_are_those_of_the_discrepancy(survey, level):
    structure = lay_out(CHAIN)
    joint = lay_out_groups(structure, 2, level=level)
    samples = tuple(
        GroupSample(name, len(f), len(f), f.mean().to_numpy(), np.cov(f.T, ddof=0))
        for name, f in (
            (name, survey.loc[survey.group == name, list(CHAIN.items)]) for name in ("a", "b")
        )
    )
    rng = np.random.default_rng(0)
    theta = rng.uniform(0.5, 1.0, joint.n_free)
    theta[joint.index[joint.index >= 0].max() :] = 0.3
    weights = np.array([s.multiplier for s in samples]) / sum(s.multiplier for s in samples)

    def total(point):
        return weights @ measure_discrepancy(joint, point, samples)

    steps = 1e-6 * np.eye(joint.n_free)
    numeric = [(total(theta + step) - total(theta - step)) / 2e-6 for step in steps]
    gradient, information = slope_of_joint(joint, theta, samples)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6)
    # where the moments are the model's own, the expected Hessian is the Hessian
    own = tuple(
        s._replace(mean=mean, covariance=covariance)
        for s, (mean, covariance) in zip(samples, joint.implied(theta), strict=True)
    )
    direction = rng.standard_normal(joint.n_free)
    ahead, _ = slope_of_joint(joint, theta + 1e-6 * direction, own)
    behind, _ = slope_of_joint(joint, theta - 1e-6 * direction, own)
    _, information = slope_of_joint(joint, theta, own)
    np.testing.assert_allclose(
        (ahead - behind) / 2e-6, information @ direction, rtol=1e-5, atol=1e-5
    )


def test_the_configural_model_is_the_groups_alone(assessed):
    alone = sum(each.fit.chi2 for each in assessed.single.values())
    assert assessed.levels["configural"].fit.chi2 == pytest.approx(alone, rel=1e-9)


def test_stricter_levels_never_fit_better(assessed):
    fits = [result.fit for result in assessed.levels.values()]
    assert np.all(np.diff([fit.chi2 for fit in fits]) >= 0)
    assert np.diff([fit.df for fit in fits]).tolist() == [12, 12, 18]


def test_order_of_respondents_changes_nothing(survey, assessed):
    turned = assess(survey.sample(frac=1, random_state=8))
    pd.testing.assert_frame_equal(turned.table(), assessed.table(), rtol=1e-9)


def test_units_of_items_change_nothing_but_units(survey, assessed):
    scaled = survey.assign(q1=survey.q1 * 100 - 7, l3=survey.l3 / 50)
    other = assess(scaled)
    kept = ["chi2", "df", "CFI", "RMSEA", "SRMR"]
    pd.testing.assert_frame_equal(other.table()[kept], assessed.table()[kept], rtol=1e-7)
    ours, theirs = (advise_partial(each).table() for each in (assessed, other))
    shown = ["item", "group", "chi2", "standardised change", "detectable change"]
    pd.testing.assert_frame_equal(ours[shown], theirs[shown], rtol=1e-6)
    first, second = compare_latent_means(assessed), compare_latent_means(other)
    np.testing.assert_allclose(first.effect, second.effect, rtol=1e-6)
    assert second.difference[0] == pytest.approx(100 * first.difference[0], rel=1e-6)


def test_the_marker_decides_nothing(survey, assessed):
    turned = tuple(replace(c, items=c.items[::-1]) for c in CHAIN.constructs)
    other = assess(survey, replace(CHAIN, constructs=turned))
    shown = [*assessed.table().columns[2:7]]
    pd.testing.assert_frame_equal(other.table()[shown], assessed.table()[shown], rtol=1e-7)
    key = ["item", "group"]
    for level in ("metric", "scalar", "strict"):
        ours, theirs = (
            advise_partial(each, level=level).table().set_index(key)["chi2"]
            for each in (assessed, other)
        )
        pd.testing.assert_series_equal(ours, theirs.loc[ours.index], rtol=1e-6)
    effects = compare_latent_means(assessed).effect
    np.testing.assert_allclose(compare_latent_means(other).effect, effects, rtol=1e-6)


def test_twin_groups_differ_in_nothing(survey):
    rows = survey[survey.group == "a"]
    twins = assess(pd.concat([rows, rows.assign(group="b")], ignore_index=True))
    for difference in twins.differences.values():
        assert difference.chi2 == pytest.approx(0, abs=1e-8)
    assert advise_partial(twins).chi2 == pytest.approx(0, abs=1e-8)
    assert compare_latent_means(twins).difference == pytest.approx(0, abs=1e-8)
    paths = compare_paths(twins)
    assert paths.omnibus.statistic == pytest.approx(0, abs=1e-8)
    assert paths.differences()["difference"].abs().max() < 1e-8


def test_scalar_equals_metric_when_only_the_constructs_means_move(survey):
    """Means of the items that the constructs can explain cost nothing."""
    rows = survey[survey.group == "a"]
    items = list(CHAIN.items)
    found = assess(join(a=rows[items], b=rows[items]))
    theta = found.levels["metric"].table()
    loadings = theta[(theta.op == "=~") & (theta.group == "a")].set_index("right")["estimate"]
    moved = rows[items] + 0.7 * loadings[items].to_numpy()
    again = assess(join(a=rows[items], b=moved))
    assert again.differences["scalar"].chi2 == pytest.approx(0, abs=1e-7)
    means = compare_latent_means(again)
    assert means.difference == pytest.approx(np.full(3, 0.7), abs=1e-7)


def test_wald_and_likelihood_ratio_agree_near_the_null():
    rng = np.random.default_rng(9)
    pair = replace(CHAIN, constructs=CHAIN.constructs[:2], paths=CHAIN.paths[:1])
    other = draw_group(rng, 2000, slopes=(0.5, 0.3, 0.5))
    compared = compare_paths(assess(join(a=draw_group(rng, 2000), b=other), pair))
    wald = compared.differences()["Wald chi2"].item()
    assert wald > 4
    assert compared.omnibus.statistic == pytest.approx(wald, rel=0.02)


# --- truth ---------------------------------------------------------------------------------


def test_planted_means_and_paths_are_found(planted):
    assert planted.held == "strict"
    means = compare_latent_means(planted).table(level=0.999).set_index("construct")
    truth = {"Quality": 0.5, "Value": 0.3, "Loyalty": -0.4 + 0.3 * 0.5 + 0.2 * 0.3}
    for construct, value in truth.items():
        row = means.loc[construct]
        assert row["lower"] < value < row["upper"]
    assert means.loc["Quality", "effect size"] == pytest.approx(0.5, abs=0.06)
    paths = compare_paths(planted).differences(level=0.999).set_index("path")
    for path, value in (("Quality → Value", 0.0), ("Value → Loyalty", -0.3)):
        assert paths.loc[path, "lower"] < value < paths.loc[path, "upper"]
    assert paths["p value, Holm"].lt(0.05).to_dict() == {
        "Quality → Value": False,
        "Quality → Loyalty": False,
        "Value → Loyalty": True,
    }


def test_an_effect_size_divides_by_the_spread_within_groups():
    rng = np.random.default_rng(6)
    wide = draw_group(rng, 300)
    wide[["q1", "q2", "q3"]] += LOADINGS[:3] * rng.normal(1.0, 2.0, (300, 1))
    found = assess(join(a=wide, b=draw_group(rng, 600)))
    rows = found.parameters("scalar")
    variance = rows[(rows.left == "quality") & (rows.right == "quality")]
    spread = variance.set_index("group")["estimate"]
    assert spread["a"] > 3 * spread["b"]
    pooled = np.sqrt((300 * spread["a"] + 600 * spread["b"]) / 900)
    means = compare_latent_means(found)
    assert means.pairs[0] == ("Quality", "a", "b")
    assert means.effect[0] == pytest.approx(means.difference[0] / pooled, rel=1e-9)


def test_a_shifted_intercept_is_named():
    rng = np.random.default_rng(21)
    found = assess(join(a=draw_group(rng, 400), b=draw_group(rng, 400, shift={"v2": 0.6})))
    assert found.held == "metric"
    advice = advise_partial(found)
    assert (advice.level, advice.failed) == ("scalar", True)
    top = advice.table().iloc[0]
    assert (top["item"], top["group"], top["parameter"]) == ("v2", "b", "intercept")
    assert top["expected change"] == pytest.approx(0.6, abs=0.15)
    assert advice.suspects["item"].iloc[0] == "v2"
    means = compare_latent_means(found)
    assert isinstance(means, NotAvailable)
    assert "need the scalar one" in means.reason
    assert compare_paths(found).level == "metric"


def test_another_loading_stops_the_comparison_of_paths():
    rng = np.random.default_rng(22)
    other = draw_group(rng, 500)
    other["q3"] = INTERCEPTS[2] + 0.3 * (other["q3"] - INTERCEPTS[2])
    found = assess(join(a=draw_group(rng, 500), b=other))
    assert found.held == "configural"
    assert advise_partial(found).table()["item"].iloc[0] == "q3"
    assert "loadings are not equal" in compare_paths(found).reason


def _draw_firm(rng, n, shift=0.0):
    """Ten-point answers of the simulated firm's questionnaire, the same for everybody."""
    firm = FirmParameters()
    correlations = implied_correlations(path_coefficients(firm))
    latent = pd.DataFrame(
        rng.multivariate_normal(np.zeros(len(correlations)), correlations, n),
        columns=correlations.columns,
    )
    noise = rng.standard_normal((n, len(ITEMS)))
    answers = {}
    for k, (name, item) in enumerate(ITEMS.items()):
        score = item.loading * latent[item.construct] + np.sqrt(1 - item.loading**2) * noise[:, k]
        moved = item.mean + ANSWER_SPREAD * (score + (shift if name == "QU3" else 0.0))
        answers[name] = np.clip(np.rint(moved), 1, 10)
    return pd.DataFrame(answers)


def _firm_model():
    constructs: dict[str, list[str]] = {}
    for name, item in ITEMS.items():
        constructs.setdefault(item.construct, []).append(name)
    return StructuralModel(tuple(Construct(n, tuple(i)) for n, i in constructs.items()), ())


def _solve_levels(frames, start, structure, levels=tuple(LEVELS)):
    samples = tuple(
        GroupSample(str(k), len(f), len(f), f.mean().to_numpy(), np.cov(f.T, ddof=0))
        for k, f in enumerate(frames)
    )
    results, cells = [], start
    for level in levels:
        joint = lay_out_groups(structure, len(samples), level=level)
        results.append(solve_joint(joint, samples, start=cells))
        cells = joint.spread(results[-1].theta)
    return results


def test_equal_groups_of_the_firm_are_rejected_as_often_as_promised():
    rng = np.random.default_rng(260)
    model = _firm_model()
    structure = lay_out(model)
    first = assess(join(a=_draw_firm(rng, 400), b=_draw_firm(rng, 400)), model)
    start = first.levels["strict"].joint.spread(first.levels["strict"].theta)
    ratios, p_values, scores = [], [], []
    for _ in range(N_DRAWS):
        frames = [_draw_firm(rng, 400) for _ in "ab"]
        results = _solve_levels(frames, start, structure, list(LEVELS)[:3])
        fits = [measure_joint_fit(r.joint, r.theta, r.samples) for r in results]
        steps = [compare_nested(loose, strict) for loose, strict in pairwise(fits)]
        ratios.append([step.chi2 / step.df for step in steps])
        p_values.append([step.p_value for step in steps])
        scores.append(score_equalities(results[2], level="scalar").p_value)
    mean, spread = np.mean(ratios, axis=0), np.std(ratios, axis=0) / np.sqrt(N_DRAWS)
    assert np.all(np.abs(mean - 1) < 3.5 * spread)  # metric, scalar
    rejected = np.mean(np.array(p_values) < 0.05)
    assert rejected < 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / (2 * N_DRAWS))
    assert np.mean(np.array(scores) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_detectable_shift_is_found_as_often_as_promised():
    rng = np.random.default_rng(261)
    model = _firm_model()
    structure = lay_out(model)
    first = assess(join(a=_draw_firm(rng, 300), b=_draw_firm(rng, 300)), model)
    place = model.items.index("QU3")
    promised = advise_partial(first, level="scalar", power=0.8).detectable[place]
    start = first.levels["strict"].joint.spread(first.levels["strict"].theta)
    found = []
    for _ in range(N_SHIFTED):
        frames = [_draw_firm(rng, 300), _draw_firm(rng, 300, shift=promised)]
        (scalar,) = _solve_levels(frames, start, structure, ("scalar",))
        advice = score_equalities(scalar, level="scalar")
        found.append((advice.p_value[place] < 0.05, advice.chi2.argmax() == place))
    power, named = np.mean(found, axis=0)
    assert power == pytest.approx(0.8, abs=3.5 * np.sqrt(0.16 / N_SHIFTED))
    assert named > 0.5


# --- the gate and refusals -----------------------------------------------------------------


@pytest.fixture(scope="module")
def broken():
    """In group b two constructs are one: its own model is inadmissible."""
    rng = np.random.default_rng(3)
    other = draw_group(rng, 80)
    noise = 0.6 * rng.standard_normal((80, 3))
    other[["v1", "v2", "v3"]] = other[["q1", "q2", "q3"]].to_numpy() * 1.5 + noise
    other["v1"] = other["q1"] - 0.9 * other["q2"]
    return assess(join(a=draw_group(rng, 200), b=other))


def test_an_inadmissible_group_is_named_and_nothing_is_shown(broken):
    assert not broken.admissible
    assert broken.held == ""
    failed = [check.name for check in broken.checks if not check.passed]
    assert failed
    assert all(name.startswith("b: ") for name in failed)
    for shown in (
        broken.table(),
        broken.parameters("metric"),
        advise_partial(broken),
        compare_latent_means(broken),
        compare_paths(broken),
    ):
        assert isinstance(shown, NotAvailable)
        assert "comparing groups of group: the model is inadmissible: 'b: " in shown.reason
    assert broken.to_metrics()["admissible"] == 0
    assert not any("chi2" in name for name in broken.to_metrics())


def test_absent_groups_pass_through(survey):
    absent = NotAvailable("no attribute")
    assert assess_invariance(survey, model=CHAIN, groups=absent) is absent
    assert compare_paths(absent) is absent
    assert compare_latent_means(absent) is absent
    assert advise_partial(absent) is absent


def test_a_model_without_paths_has_no_paths_to_compare(survey):
    found = compare_paths(assess(survey, replace(CHAIN, paths=())))
    assert "has no paths" in found.reason


def test_a_constant_item_names_the_group(survey):
    spoilt = survey.copy()
    spoilt.loc[spoilt.group == "b", "l2"] = 5.0
    with pytest.raises(ModelError, match="group 'b': item 'l2' is constant"):
        assess(spoilt)


def test_an_unknown_divisor_is_refused(survey):
    with pytest.raises(ModelError, match="'n' or 'n-1', not 'N'"):
        assess(survey, divisor="N")


def test_a_saturated_configural_model_is_judged_by_cfi_alone(survey):
    """One construct of three items has no degree of freedom until loadings are equal."""
    single = StructuralModel((CHAIN.constructs[0],), ())
    found = assess(survey, single)
    fit = found.levels["configural"].fit
    assert (fit.df, fit.rmsea, fit.tli) == (0, None, None)
    assert found.differences["metric"].rmsea is None
    assert found.differences["metric"].df == 4
    assert found.table()["holds"].tolist()[:2] == ["yes", "yes"]


def test_constructs_of_one_item_join_but_cannot_be_tested(survey):
    mixed = replace(CHAIN, constructs=(Construct("quality", ("q1",)), *CHAIN.constructs[1:]))
    found = assess(survey, mixed)
    assert "q1" not in set(advise_partial(found).table()["item"])
    assert set(compare_latent_means(found).table()["construct"]) == {"quality", "Value", "Loyalty"}
    only = StructuralModel(tuple(Construct(i, (f"{i}1",)) for i in "qv"), ())
    assert "every construct has one item" in advise_partial(assess(survey, only)).reason
