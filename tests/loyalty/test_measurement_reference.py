"""Measurement against psych, semTools, lavaan and boot (tests/reference/sem_measurement)."""

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.measurement.coefficients import (
    alpha_from_covariance,
    bonett_interval,
    feldt_interval,
    standardised_alpha,
)
from crmstudy.loyalty.measurement.common_factor import add_common_factor
from crmstudy.loyalty.measurement.common_method import check_common_method, share_of_first
from crmstudy.loyalty.measurement.discriminant import tell_apart
from crmstudy.loyalty.measurement.exploration import congruence, explore_constructs
from crmstudy.loyalty.measurement.htmt import measure_htmt
from crmstudy.loyalty.measurement.items import examine_items
from crmstudy.loyalty.measurement.omega import fit_omega
from crmstudy.loyalty.measurement.ratios import arithmetic_ratios, geometric_ratios
from crmstudy.loyalty.model.specify import Path, StructuralModel

REFERENCE = FilePath(__file__).parents[1] / "reference" / "sem_measurement"
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").fillna({"first": "", "second": ""})
CHOSEN = {
    "mobi constructs": (("image", "expectation", "value", "satisfaction"), ()),
    "mobi paths": (
        ("expectation", "value", "satisfaction", "loyalty"),
        (
            Path("expectation", "satisfaction"),
            Path("value", "satisfaction"),
            Path("satisfaction", "loyalty"),
        ),
    ),
}


def expect(data, what):
    """Map (first, second) to the value that R printed."""
    rows = EXPECTED[(EXPECTED["data"] == data) & (EXPECTED["what"] == what)]
    assert len(rows)
    return {(r["first"], r["second"]): r["value"] for r in rows.to_dict("records")}


@pytest.fixture(scope="module")
def surveys(mobi, holzinger, ecsi, fitted):
    several = [each for each in ecsi["full"].constructs if len(each.items) > 1]
    return {"mobi": (mobi, several), "holzinger": (holzinger, fitted["cfa"].model.constructs)}


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
@pytest.mark.parametrize("level", [0.95, 0.9])
def test_feldt_intervals_agree_with_psych(surveys, data, level):
    survey, constructs = surveys[data]
    expected = [expect(data, f"feldt {end} {level:g}") for end in ("lower", "upper")]
    for each in constructs:
        matrix = survey[list(each.items)].cov()
        ours = feldt_interval(
            alpha_from_covariance(matrix), n=len(survey), k=len(matrix), level=level
        )
        assert ours == pytest.approx([end[each.name, ""] for end in expected], rel=1e-10)


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
def test_bonett_intervals_agree_with_his_formula_in_r(surveys, data):
    survey, constructs = surveys[data]
    expected = [expect(data, f"bonett {end} 0.95") for end in ("lower", "upper")]
    for each in constructs:
        matrix = survey[list(each.items)].cov()
        ours = bonett_interval(
            alpha_from_covariance(matrix), n=len(survey), k=len(matrix), level=0.95
        )
        assert ours == pytest.approx([end[each.name, ""] for end in expected], rel=1e-10)


def test_two_items_have_the_spearman_brown_coefficient(mobi):
    expected = expect("mobi", "spearman brown")["value", ""]
    assert standardised_alpha(mobi[["PERV1", "PERV2"]].cov()) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
def test_items_agree_with_psych(surveys, data):
    survey, constructs = surveys[data]
    ours = examine_items(survey, constructs=constructs).items.set_index(["construct", "item"])
    for what, column in (
        ("item rest", "item-rest correlation"),
        ("alpha if deleted", "alpha if deleted"),
    ):
        for place, value in expect(data, what).items():
            assert ours.loc[place, column] == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
def test_omega_agrees_with_lavaan(surveys, data):
    survey, constructs = surveys[data]
    error = expect(data, "omega se")
    for (name, _), value in expect(data, "omega").items():
        construct = next(each for each in constructs if each.name == name)
        ours = fit_omega(survey, construct=construct, level=0.95)
        assert ours.value == pytest.approx(value, rel=1e-8)
        assert ours.se == pytest.approx(error[name, ""], rel=1e-6)


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
@pytest.mark.parametrize("absolute", [False, True])
def test_ratios_agree_with_semtools(surveys, data, absolute):
    survey, constructs = surveys[data]
    found = measure_htmt(survey, constructs=constructs, seed=1, n_draws=50, absolute=absolute)
    ours = found.pairs.set_index(["first", "second"])
    expected = {
        "htmt": expect(data, "htmt of sizes" if absolute else "htmt"),
        "htmt2": expect(data, "htmt2"),
    }
    mixed = {("quality", "loyalty"), ("visual", "speed")}  # some correlations are negative
    for index, values in expected.items():
        assert len(values) == len(ours)
        for pair, value in values.items():
            if index == "htmt2" and pair in mixed and not absolute:
                assert np.isnan(ours.loc[pair, index])
            else:
                assert ours.loc[pair, index] == pytest.approx(value, rel=1e-10)


def test_ratios_are_those_noted_for_holzinger(surveys):
    # semTools 0.5-6 at its defaults, as noted for this study before the code was written.
    survey, constructs = surveys["holzinger"]
    found = measure_htmt(survey, constructs=constructs, seed=1, n_draws=50, absolute=True)
    assert list(found.pairs["htmt"]) == pytest.approx([0.424, 0.467, 0.290], abs=0.0005)
    assert list(found.pairs["htmt2"]) == pytest.approx([0.384, 0.387, 0.280], abs=0.0005)


def test_ratios_are_those_printed_for_the_ecsi_survey(surveys):
    # R seminr 2.x on its own data, as noted for this study before the code was written.
    ours = measure_htmt(surveys["mobi"][0], constructs=surveys["mobi"][1], seed=1, n_draws=50)
    table = ours.pairs.set_index(["first", "second"])["htmt"]
    for first, second, value in (
        ("image", "expectation", 0.8880),
        ("image", "quality", 0.9287),
        ("image", "value", 0.6517),
        ("image", "satisfaction", 0.9101),
        ("expectation", "quality", 0.8783),
        ("quality", "satisfaction", 0.9536),
        ("quality", "value", 0.6733),
        ("value", "satisfaction", 0.7408),
        ("satisfaction", "loyalty", 0.9566),
        ("image", "loyalty", 0.8670),
    ):
        assert table[first, second] == pytest.approx(value, abs=0.00005)


def test_bca_intervals_agree_with_boot_within_monte_carlo_error(surveys):
    survey, constructs = surveys["holzinger"]
    ours = measure_htmt(survey, constructs=constructs, seed=1, n_draws=20_000)
    table = ours.pairs.set_index(["first", "second"])
    for end in ("lower", "upper"):
        for pair, value in expect("holzinger", f"htmt bca {end}").items():
            # A 2.5% quantile of 20,000 draws with standard deviation .075 has a standard
            # error of .0014, and so has boot's.
            assert table.loc[pair, f"htmt {end}"] == pytest.approx(value, abs=0.01)


def test_construct_correlations_agree_with_lavaan_and_semtools(fitted):
    ours = tell_apart(fitted["cfa"]).pairs.set_index(["first", "second"])
    for what, column, tolerance in (
        ("construct correlation", "correlation", 1e-8),
        ("construct correlation se", "se", 1e-6),
        ("discriminantValidity lower", "lower", 1e-5),
        ("discriminantValidity upper", "upper", 1e-5),
    ):
        for pair, value in expect("holzinger", what).items():
            assert ours.loc[pair, column] == pytest.approx(value, rel=tolerance)


@pytest.mark.parametrize("data", ["mobi", "holzinger"])
def test_harmans_shares_agree_with_psych(surveys, data):
    survey, constructs = surveys[data]
    items = [item for each in constructs for item in each.items]
    component, factor = share_of_first(survey[items].corr().to_numpy())
    assert component == pytest.approx(expect(data, "first component")["", ""], rel=1e-10)
    # psych's search stops at about the sixth digit.
    assert factor == pytest.approx(expect(data, "first factor")["", ""], rel=1e-5)


def test_harmans_share_is_the_one_noted_for_holzinger(fitted):
    found = check_common_method(fitted["cfa"])
    assert found.first_component == pytest.approx(0.35737, abs=0.000005)


def test_one_factor_agrees_with_lavaan(fitted):
    found = check_common_method(fitted["cfa"])
    single = found.table().set_index("model").loc["one factor"]
    assert single["chi2"] == pytest.approx(expect("holzinger", "one factor chi2")["", ""], rel=1e-8)
    assert single["df"] == expect("holzinger", "one factor df")["", ""]
    difference = expect("holzinger", "one factor difference")["", ""]
    assert found.one_factor.statistic == pytest.approx(difference, rel=1e-8)
    assert found.one_factor.distribution == "chi2(3)"


@pytest.mark.parametrize("name", list(CHOSEN))
def test_a_common_factor_agrees_with_lavaan(surveys, name):
    survey, several = surveys["mobi"]
    names, paths = CHOSEN[name]
    constructs = tuple(each for each in several if each.name in names)
    found = add_common_factor(fit_sem(survey, model=StructuralModel(constructs, paths)))
    assert found.share == pytest.approx(expect(name, "method share")["", ""], rel=1e-7)
    assert found.se == pytest.approx(expect(name, "method share se")["", ""], rel=1e-6)
    assert found.without.statistic == pytest.approx(expect(name, "method chi2")["", ""], rel=1e-7)
    loadings = found.loadings.set_index(["construct", "item"])
    relations = found.relations.set_index(["relation", "first", "second"])
    for kind in ("with", "without"):
        for place, value in expect(name, f"loading {kind}").items():
            assert loadings.loc[place, kind] == pytest.approx(value, abs=1e-7)
        for (first, second), value in expect(name, f"correlation {kind}").items():
            row = relations.loc[("correlation", first, second)]
            assert row[kind] == pytest.approx(value, abs=1e-7)
        if name == "mobi paths":
            for (first, second), value in expect(name, f"path {kind}").items():
                assert relations.loc[("path", first, second), kind] == pytest.approx(
                    value, abs=1e-7
                )
    for relation, what in (("path", "path se with"), ("correlation", "correlation se with")):
        if relation == "path" and name != "mobi paths":
            continue
        for (first, second), se in expect(name, what).items():
            row = relations.loc[(relation, first, second)]
            reach = (row["upper"] - row["lower"]) / 2
            assert reach == pytest.approx(1.959963984540054 * se, rel=1e-5)


def test_holzinger_is_explored_as_it_was_meant(surveys):
    # KMO, Bartlett and the number of factors: psych 2.2.9, as noted for this study.
    survey, constructs = surveys["holzinger"]
    found = explore_constructs(survey, constructs=constructs, seed=1)
    metrics = found.to_metrics()
    assert metrics["kmo"] == pytest.approx(0.7522446, abs=5e-8)
    assert metrics["sphericity_chi2"] == pytest.approx(904.0971, abs=5e-5)
    assert found.n_suggested == found.n_intended == 3
    assert found.astray.empty


def test_congruence_is_the_cosine():
    assert congruence([1.0, 0.5], [0.9, 0.4]) == pytest.approx(1.1 / np.sqrt(1.25 * 0.97))


def test_ratios_by_hand():
    correlations = np.array(
        [
            [1.0, 0.64, 0.3, 0.4],
            [0.64, 1.0, 0.5, 0.2],
            [0.3, 0.5, 1.0, 0.25],
            [0.4, 0.2, 0.25, 1.0],
        ]
    )
    members = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    htmt = arithmetic_ratios(correlations, members)
    assert htmt == pytest.approx([0.35 / np.sqrt(0.64 * 0.25)])
    htmt2 = geometric_ratios(correlations, members)
    assert htmt2 == pytest.approx([(0.3 * 0.4 * 0.5 * 0.2) ** 0.25 / np.sqrt(0.64 * 0.25)])
