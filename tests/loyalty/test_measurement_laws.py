"""What must hold of measurement on any data: laws, recovery of a known truth, refusals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.measurement.coefficients import (
    alpha_from_covariance,
    bonett_interval,
    composite_reliability,
    cronbach_alpha,
    feldt_interval,
    omega_total,
    spearman_brown,
    standardised_alpha,
)
from crmstudy.loyalty.measurement.common_factor import NONE_SEEN, add_common_factor
from crmstudy.loyalty.measurement.common_method import check_common_method
from crmstudy.loyalty.measurement.constructs import (
    build_measurement_model,
    choose_basis,
    collect_complete,
    drop_paths,
    name_in_print,
)
from crmstudy.loyalty.measurement.discriminant import name_problem, tell_apart
from crmstudy.loyalty.measurement.exploration import explore_constructs, match_factors
from crmstudy.loyalty.measurement.htmt import _note_gaps, judge_ratio, measure_htmt
from crmstudy.loyalty.measurement.items import examine_items
from crmstudy.loyalty.measurement.loadings import bound_loadings, compare_measurement
from crmstudy.loyalty.measurement.omega import fit_omega
from crmstudy.loyalty.measurement.reliability import assess_reliability
from crmstudy.loyalty.model.moments import differentiate, lay_out
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel

A = Construct("a", ("a1", "a2", "a3"), "Alpha house")
B = Construct("b", ("b1", "b2", "b3"))
C = Construct("c", ("c1", "c2"))
CFA = StructuralModel((A, B, C), (), "three")
LATENT = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
LOADINGS = {"a": (0.9, 0.7, 0.5), "b": (0.85, 0.7, 0.55), "c": (0.8, 0.6)}


def draw_survey(n, *, seed, method=0.0, latent=LATENT):
    """Draw items of SD 1 whose share ``method`` is common to all."""
    rng = np.random.default_rng(seed)
    scores = rng.multivariate_normal(np.zeros(3), latent, n)
    common = rng.standard_normal(n) * np.sqrt(method)
    columns = {}
    for place, construct in enumerate((A, B, C)):
        for item, loading in zip(construct.items, LOADINGS[construct.name], strict=True):
            left = np.sqrt(1.0 - method - loading**2 * (1.0 - method))
            own = loading * np.sqrt(1.0 - method) * scores[:, place]
            columns[item] = own + common + left * rng.standard_normal(n)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def survey():
    return draw_survey(400, seed=3)


@pytest.fixture(scope="module")
def result(survey):
    return fit_sem(survey, model=CFA)


# Reliability


def test_alpha_is_omega_and_composite_reliability_of_parallel_items():
    covariance = 0.5 + 0.5 * np.eye(4)
    alpha = alpha_from_covariance(covariance)
    assert alpha == pytest.approx(omega_total([0.5**0.5] * 4, [0.5] * 4))
    assert alpha == pytest.approx(composite_reliability([0.5**0.5] * 4))
    assert alpha == pytest.approx(spearman_brown(0.5, times=4))


def test_standardised_alpha_of_two_items_is_spearman_brown():
    covariance = np.array([[4.0, 1.2], [1.2, 1.0]])
    assert standardised_alpha(covariance) == pytest.approx(spearman_brown(0.6))


@pytest.mark.parametrize("bound", [feldt_interval, bonett_interval])
def test_intervals_of_alpha_narrow_and_cover(bound):
    few, many = (bound(0.8, n=n, k=4, level=0.95) for n in (50, 5_000))
    assert few[0] < many[0] < 0.8 < many[1] < few[1]
    assert bound(0.8, n=50, k=4, level=0.9)[0] > few[0]
    rng = np.random.default_rng(5)
    truth = alpha_from_covariance(0.4 + 0.6 * np.eye(4))
    inside = 0
    for _ in range(600):
        answers = rng.multivariate_normal(np.zeros(4), 0.4 + 0.6 * np.eye(4), 80)
        lower, upper = bound(cronbach_alpha(answers), n=80, k=4, level=0.95)
        inside += lower <= truth <= upper
    assert 0.93 <= inside / 600 <= 0.97


def test_omega_is_scale_free_of_the_sum_and_between_its_limits(survey):
    found = fit_omega(survey, construct=A, level=0.95)
    scaled = fit_omega(survey * 7.0 + 3.0, construct=A, level=0.95)
    assert found.value == pytest.approx(scaled.value, rel=1e-8)
    assert 0.0 < found.lower < found.value < found.upper < 1.0


def test_omega_recovers_the_truth():
    truth = 2.1**2 / (2.1**2 + sum(1 - loading**2 for loading in (0.9, 0.7, 0.5)))
    found = fit_omega(draw_survey(20_000, seed=1), construct=A, level=0.95)
    assert found.lower < truth < found.upper
    assert found.se < 0.01


def test_reliability_says_what_it_cannot_give(result, survey):
    found = assess_reliability(result)
    assert list(found.constructs["construct"]) == ["a", "b", "c"]
    assert list(found.table()["construct"]) == ["Alpha house", "b", "c"]
    assert np.isnan(found.constructs.set_index("construct").loc["c", "omega"])
    assert any(note.startswith("two items") and note.endswith(": c") for note in found.notes)
    assert "omega_c" not in found.to_metrics()
    single = StructuralModel((A, Construct("d", ("b1",))), ())
    notes = assess_reliability(fit_sem(survey, model=single)).notes
    assert notes[0] == "one item, so that reliability cannot be estimated: d"


def test_an_omega_of_an_inadmissible_construct_is_withheld():
    rng = np.random.default_rng(1)
    common = rng.standard_normal(60)
    answers = pd.DataFrame({"a1": common, "a2": common + 0.05 * rng.standard_normal(60)})
    answers["a3"] = 0.1 * common + rng.standard_normal(60)
    answers["a1"] += 0.5 * rng.standard_normal(60)
    answers["a2"] += 1.2 * answers["a3"]
    found = fit_omega(answers, construct=A, level=0.95)
    assert isinstance(found, NotAvailable)
    assert "inadmissible" in found.reason
    reliability = assess_reliability(fit_sem(answers, model=StructuralModel((A,), ())))
    assert any(note.startswith("omega of Alpha house") for note in reliability.notes)


def test_items_do_not_care_for_the_order_of_respondents(survey):
    turned = survey.sample(frac=1.0, random_state=1)
    one, two = (examine_items(each, constructs=CFA.constructs).items for each in (survey, turned))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_an_item_of_noise_is_doubted(survey):
    rng = np.random.default_rng(9)
    noisy = survey.assign(a4=rng.standard_normal(len(survey)))
    wider = Construct("a", (*A.items, "a4"))
    found = examine_items(noisy, constructs=[wider, B])
    assert list(found.doubtful["item"]) == ["a4"]
    doubt = found.table().set_index("item")["doubt"]
    assert doubt["a4"] == "hardly goes with the others; alpha rises without it"
    assert doubt["b1"] == "none"
    assert found.to_metrics()["n_doubtful"] == 1


def test_a_weaker_item_is_doubted_when_alpha_rises_without_it():
    rng = np.random.default_rng(4)
    common, other = rng.standard_normal((2, 500))
    answers = pd.DataFrame({item: common + 0.2 * rng.standard_normal(500) for item in A.items})
    answers["a4"] = 0.6 * common + 0.8 * other
    found = examine_items(answers, constructs=[Construct("a", ("a1", "a2", "a3", "a4"))])
    assert found.items.set_index("item").loc["a4", "item-rest correlation"] > 0.5
    assert list(found.doubtful["item"]) == ["a4"]
    assert found.table()["doubt"].iloc[3] == "alpha rises without it"


# Discriminant validity


def test_ratios_recover_correlations_of_constructs():
    # Equal loadings within each construct: then HTMT is the correlation.
    rng = np.random.default_rng(2)
    scores = rng.multivariate_normal(np.zeros(3), LATENT, 20_000)
    columns = {
        item: 0.8 * scores[:, place] + 0.6 * rng.standard_normal(20_000)
        for place, construct in enumerate((A, B, C))
        for item in construct.items
    }
    answers = pd.DataFrame(columns)
    # Six intervals at 99.5% miss a truth in one data set of thirty at most.
    found = measure_htmt(answers, constructs=CFA.constructs, seed=1, n_draws=500, level=0.995)
    for row, truth in zip(found.pairs.to_dict("records"), (0.5, 0.3, 0.4), strict=True):
        for index in ("htmt", "htmt2"):
            assert row[f"{index} lower"] < truth < row[f"{index} upper"]


def test_htmt2_needs_no_equal_loadings():
    found = measure_htmt(draw_survey(60_000, seed=4), constructs=[A, B], seed=1, n_draws=200)
    row = found.pairs.iloc[0]
    assert row["htmt2"] == pytest.approx(0.5, abs=0.01)


def test_ratios_keep_their_sign_scale_and_order(survey):
    plain = measure_htmt(survey, constructs=CFA.constructs, seed=1, n_draws=200)
    shuffled = survey.sample(frac=1.0, random_state=2)
    again = measure_htmt(shuffled, constructs=CFA.constructs, seed=1, n_draws=200)
    pd.testing.assert_frame_equal(plain.pairs, again.pairs, check_exact=True)
    turned = survey.assign(**{item: 9.0 - 2.0 * survey[item] for item in A.items})
    other = measure_htmt(turned, constructs=CFA.constructs, seed=1, n_draws=200)
    for index in ("htmt", "htmt2"):
        assert other.pairs[index].tolist() == pytest.approx(
            (plain.pairs[index] * [-1.0, -1.0, 1.0]).tolist()
        )
    assert other.table()["estimate"].tolist() == plain.table()["estimate"].tolist()


def test_the_seed_moves_intervals_only(survey):
    one, two = (
        measure_htmt(survey, constructs=[A, B], seed=seed, n_draws=200).pairs for seed in (1, 2)
    )
    assert one["htmt"].equals(two["htmt"])
    assert not one["htmt upper"].equals(two["htmt upper"])


def test_pairs_without_htmt2_or_its_interval_are_counted(survey):
    found = measure_htmt(survey, constructs=CFA.constructs[:2], seed=1, n_draws=100)
    assert not any("interval of HTMT2" in note for note in found.notes)
    lost = found.pairs.assign(**{"htmt2 upper": np.nan})
    assert _note_gaps(lost, found.labels)[0] == (
        "interval of HTMT2 of 1 of 1 pairs: not available: in most samples these signs differ"
    )
    note = _note_gaps(lost.assign(htmt2=np.nan), found.labels)[0]
    assert note.startswith("HTMT2 of 1 of 1 pairs: not available: correlations between")


def test_items_that_do_not_go_together_have_no_ratio(survey):
    turned = survey.assign(c2=-survey["c2"])
    found = measure_htmt(turned, constructs=CFA.constructs, seed=1, n_draws=100)
    of_c = found.pairs["second"] == "c"
    assert found.pairs.loc[of_c, ["htmt", "htmt upper", "htmt2"]].isna().all(axis=None)
    assert found.pairs.loc[~of_c, "htmt"].notna().all()
    assert any("ratios of c" in n and "look for a reversed item" in n for n in found.notes)
    assert not any("c" in key.split("_")[1:] for key in found.to_metrics() if "htmt" in key)


def test_an_item_that_hardly_varies_costs_the_interval(survey):
    rare = survey.head(60).assign(a1=np.r_[np.ones(1), np.zeros(59)])
    found = measure_htmt(rare, constructs=[A, B], seed=1, n_draws=200)
    assert found.n_lost > 10
    assert found.pairs["htmt upper"].isna().all()
    assert set(found.table()["interval"]) == {"not available"}


def test_a_ratio_is_judged_by_its_size():
    words = [judge_ratio(v) for v in (0.84, 0.85, -0.89, 0.9, 1.0, float("nan"))]
    assert words == [
        "below .85",
        "below .90",
        "below .90",
        "below 1",
        "not below 1",
        "not available",
    ]


def test_problems_are_named_by_the_end_of_the_interval():
    assert [name_problem(v) for v in (0.79, 0.8, 0.9, 1.0)] == [
        "none",
        "marginal",
        "moderate",
        "severe",
    ]


def test_constructs_with_little_in_common_are_told_apart(result):
    found = tell_apart(result)
    table = found.fornell_larcker()
    assert list(table.columns) == ["construct", "Alpha house", "b", "c", "met"]
    assert set(table["met"]) == {"yes"}
    assert table.iloc[0, 2:4].isna().all()
    matrix = found.correlations
    assert matrix.loc["a", "b"] == found.pairs.iloc[0]["correlation"] == matrix.loc["b", "a"]
    assert found.to_metrics()["n_fornell_larcker_missed"] == 0
    wider = tell_apart(result, level=0.99).pairs
    assert (wider["upper"] > found.pairs["upper"]).all()


def test_constructs_that_are_nearly_one_are_not():
    latent = np.array([[1.0, 0.97, 0.3], [0.97, 1.0, 0.3], [0.3, 0.3, 1.0]])
    found = tell_apart(fit_sem(draw_survey(2_000, seed=8, latent=latent), model=CFA))
    assert found.is_distinct("a") is False
    assert found.table().iloc[0]["problem"] in ("moderate", "severe")


def test_fornell_and_larcker_compare_the_root_with_the_largest_correlation(result):
    matrix = pd.DataFrame(
        [[1.0, 0.84, -0.5], [0.84, 1.0, -0.9], [-0.5, -0.9, 1.0]],
        index=list("abc"),
        columns=list("abc"),
    )
    found = replace(
        tell_apart(result), correlations=matrix, extracted={"a": 0.71, "b": 0.7, "c": 0.8}
    )
    # Roots .843, .837, .894 beside .84, -.9 and -.9.
    assert [found.is_distinct(name) for name in "abc"] == [True, False, False]
    assert found.to_metrics()["n_fornell_larcker_missed"] == 2


def test_a_single_item_is_not_judged(survey):
    model = StructuralModel((A, B, Construct("d", ("c1",))), ())
    found = tell_apart(fit_sem(survey, model=model))
    assert found.is_distinct("d") is None
    assert found.fornell_larcker()["met"].tolist() == ["yes", "yes", "one item"]


def test_a_structural_model_implies_correlations(survey, result):
    # A just-identified structure implies the correlations of the factor analysis.
    paths = (Path("a", "b"), Path("a", "c"), Path("b", "c"))
    structural = fit_sem(survey, model=StructuralModel((A, B, C), paths))
    ours, theirs = (tell_apart(each).pairs for each in (structural, result))
    for column in ("correlation", "se"):
        assert ours[column].tolist() == pytest.approx(theirs[column].tolist(), rel=1e-6)


# Measurement model


def test_paths_are_dropped_and_residual_covariances_of_items_kept():
    model = StructuralModel(
        (A, B, C), (Path("a", "b"), Path("a", "c")), "m", (("a1", "b1"), ("b", "c"))
    )
    alone = drop_paths(model)
    assert alone.paths == ()
    assert alone.covariances == (("a1", "b1"),)
    assert alone.constructs == model.constructs


def test_without_a_model_all_constructs_are_measured():
    instrument = {"constructs": {"a": {"label": "甲", "items": ["a1", "a2", "a3"]}}}
    gone = NotAvailable("study.yml names no model")
    assert build_measurement_model(instrument, model=gone).construct_names == ("a",)
    assert build_measurement_model(instrument).constructs[0].label == "甲"
    with pytest.raises(ModelError, match="names no construct"):
        build_measurement_model({"constructs": {}})


def test_the_basis_is_admissible_where_one_is(fitted, mobi):
    fit = fitted["admissible"]
    measured = fit_sem(mobi, model=drop_paths(fit.model))
    assert not measured.admissible
    assert choose_basis(measured, fit) is fit
    assert choose_basis(fit, measured) is fit
    assert choose_basis(measured, fitted["full"]) is measured
    gone = NotAvailable("no model")
    assert choose_basis(gone, fit) is fit
    assert choose_basis(gone, gone) is gone
    table = compare_measurement(measured, gone, fit)
    assert table["admissible"].str.slice(0, 3).tolist() == ["no:", "yes"]
    assert np.isnan(table.loc[0, "chi2"])


def test_nothing_of_an_inadmissible_model_is_shown(fitted):
    full = fitted["full"]
    for found in (tell_apart(full), bound_loadings(full), add_common_factor(full)):
        assert isinstance(found, NotAvailable)
        assert "inadmissible" in found.reason
    table = check_common_method(full).table().set_index("model")
    assert table.loc["the constructs", "admissible"] == "no"
    assert np.isnan(table.loc["the constructs", "chi2"])


def test_loadings_come_with_intervals_and_without_single_items(survey, result):
    found = bound_loadings(result)
    assert (found["lower"] < found["standardised"]).all()
    assert (found["standardised"] < found["upper"]).all()
    single = StructuralModel((A, Construct("d", ("c1",))), ())
    shown = bound_loadings(fit_sem(survey, model=single))
    assert list(shown["item"]) == ["a1", "a2", "a3"]
    assert set(shown["construct"]) == {"Alpha house"}


def test_labels_that_two_constructs_share_give_way_to_names():
    twice = (Construct("a", ("a1",), "Same"), Construct("b", ("b1",), "Same"))
    assert name_in_print(twice) == {"a": "a", "b": "b"}


# Exploration


def test_exploration_finds_the_constructs(survey):
    found = explore_constructs(survey, constructs=CFA.constructs, seed=1)
    assert found.astray.empty
    assert set(found.matched.values()) == {"a", "b", "c"}
    assert all(value > 0.9 for value in found.congruence.values())
    pattern = found.pattern()
    assert list(pattern.columns) == ["Alpha house", "b", "c"]
    assert list(pattern.index.get_level_values("item")) == list(CFA.items)
    swapped = (
        Construct("a", ("b1", "a2", "a3")),
        Construct("b", ("a1", "b2", "b3")),
        C,
    )
    astray = explore_constructs(survey, constructs=swapped, seed=1).astray
    assert set(astray["item"]) == {"a1", "b1"}


def test_factors_are_matched_one_to_one():
    loadings = pd.DataFrame(
        {"factor 1": [0.8, 0.7, 0.6, 0.6], "factor 2": [0.1, 0.0, 0.4, 0.3]}, index=list("wxyz")
    )
    assert match_factors(loadings, ["a", "a", "b", "b"]) == {"factor 1": "a", "factor 2": "b"}


def test_one_construct_is_explored(survey):
    found = explore_constructs(survey, constructs=[A], seed=1)
    assert found.items["agrees"].all()
    assert found.items["largest other loading"].isna().all()


# Common method


def test_the_jacobian_with_a_common_factor_is_the_derivative(survey):
    from crmstudy.loyalty.measurement.common_factor import WithCommonFactor

    base = lay_out(CFA)
    joint = WithCommonFactor(base.model, base.parameters, base.blocks)
    theta = np.append(np.linspace(0.4, 0.9, len(base.parameters)), 0.2)
    exact = differentiate(lambda t: joint.implied(t).ravel(), theta)
    shape = (8, 8, len(theta))
    assert joint.jacobian(theta) == pytest.approx(exact.reshape(shape).transpose(2, 0, 1))
    assert joint.df == base.df - 1


def test_a_common_share_is_recovered():
    found = add_common_factor(fit_sem(draw_survey(6_000, seed=6, method=0.2), model=CFA))
    assert found.lower < 0.2 < found.upper
    assert found.without.p_value < 0.001
    relations = found.relations.set_index(["first", "second"])
    assert relations.loc[("a", "b"), "lower"] < 0.5 < relations.loc[("a", "b"), "upper"]
    assert relations.loc[("a", "b"), "without"] > 0.55  # what the method added
    assert (found.loadings["change"] < 0).all()


def test_no_common_share_is_invented():
    reasons = set()
    for seed in range(6):
        found = add_common_factor(fit_sem(draw_survey(1_000, seed=seed), model=CFA))
        if isinstance(found, NotAvailable):
            reasons.add(found.reason)
        else:
            assert 0.0 <= found.lower < 0.05
    assert NONE_SEEN in reasons


def test_one_factor_is_refused_where_there_are_three(result):
    found = check_common_method(result)
    assert found.one_factor.p_value < 1e-10
    assert found.one_factor.distribution == "chi2(3)"
    assert found.first_component > found.first_factor
    assert not [c.name for c in failed(found.checks) if "one factor" in c.name]


def test_one_factor_suffices_where_there_is_one():
    answers = draw_survey(500, seed=1, latent=np.ones((3, 3)) - 1e-9 * (1 - np.eye(3)))
    near = StructuralModel((A, B, C), (), "near")
    found = check_common_method(fit_sem(answers, model=near))
    if isinstance(found.one_factor, NotAvailable):  # correlations estimated beyond 1
        assert "inadmissible" in found.one_factor.reason
    else:
        assert found.one_factor.p_value > 0.001


def test_answers_with_gaps_are_left_out_of_the_method_checks(survey):
    gaps = survey.mask(np.random.default_rng(1).random(survey.shape) < 0.02)
    whole = fit_sem(gaps, model=CFA, missing="fiml")
    found = check_common_method(whole)
    assert found.n_used == len(gaps.dropna()) < whole.n_used
    assert found.one_factor.statistic == pytest.approx(
        check_common_method(fit_sem(gaps, model=CFA)).one_factor.statistic, rel=1e-8
    )
    reliability = assess_reliability(whole)
    assert reliability.constructs["omega"].notna().tolist() == [True, True, False]


# Refusals


def test_what_cannot_be_measured_is_refused(survey):
    with pytest.raises(ModelError, match="HTMT needs two constructs with two items or more"):
        measure_htmt(survey, constructs=[A, Construct("d", ("b1",))], seed=1)
    with pytest.raises(ModelError, match="no construct has two items"):
        explore_constructs(survey, constructs=[Construct("d", ("b1",))], seed=1)
    with pytest.raises(ModelError, match="needs two constructs or more"):
        tell_apart(fit_sem(survey, model=StructuralModel((A,), ())))
    with pytest.raises(ModelError, match="constructs: 1, items: 3"):
        check_common_method(fit_sem(survey, model=StructuralModel((A,), ())))
    with pytest.raises(ModelError, match="'a9' of a is not a column"):
        collect_complete(survey, [Construct("a", ("a1", "a9"))])
    with pytest.raises(ModelError, match="'a1' is constant"):
        examine_items(survey.assign(a1=1.0), constructs=[A])
    with pytest.raises(ModelError, match="too few for 8 items"):
        measure_htmt(survey.head(8), constructs=CFA.constructs, seed=1)
    with pytest.raises(ModelError, match="whose sum varies"):
        alpha_from_covariance(np.array([[1.0, -1.0], [-1.0, 1.0]]))


def test_two_items_that_are_one_are_refused_by_the_method_checks(survey):
    twins = survey.assign(a2=survey["a1"])
    with pytest.raises(ModelError, match="a combination of others"):
        check_common_method(fit_sem(twins, model=CFA))


def test_an_item_of_any_script_has_an_address(survey):
    named = Construct("a", ("满意1", "a2", "a3"))
    answers = survey.rename(columns={"a1": "满意1"})
    metrics = examine_items(answers, constructs=[named]).to_metrics()
    assert {"item_rest_u6ee1u610f1", "alpha_without_u6ee1u610f1", "item_rest_a2"} <= {*metrics}


def test_absence_is_handed_on():
    gone = NotAvailable("no survey")
    assert assess_reliability(gone) is gone
    assert examine_items(gone, constructs=[A]) is gone
    assert measure_htmt(gone, constructs=[A], seed=1) is gone
    assert explore_constructs(gone, constructs=[A], seed=1) is gone
    assert tell_apart(gone) is gone
    assert check_common_method(gone) is gone
    assert bound_loadings(gone) is gone
    assert compare_measurement(gone, gone) is gone


def test_sixty_respondents_and_names_of_any_script():
    answers = draw_survey(60, seed=11).set_axis([f"题{k}" for k in range(8)], axis=1)
    constructs = (
        Construct("质量", ("题0", "题1", "题2"), "感知质量"),
        Construct("价值", ("题3", "题4", "题5"), "感知价值"),
        Construct("忠诚", ("题6", "题7"), "顾客忠诚"),
    )
    result = fit_sem(answers, model=StructuralModel(constructs, ()))
    assert assess_reliability(result).table()["construct"].tolist()[0] == "感知质量"
    ratios = measure_htmt(answers, constructs=constructs, seed=1, n_draws=500)
    assert np.isfinite(ratios.table()["htmt"]).all()
    assert explore_constructs(answers, constructs=constructs, seed=1).n_intended == 3
    assert check_common_method(result).n_used == 60
