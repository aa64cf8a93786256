"""Estimates, standard errors, fit and effects against lavaan at its own optimum.

lavaan's gradient ends at 1e-15 and ours at 1e-10 (both printed), so estimates agree to
about 1e-9 and 1e-8 is asked for. lavaan differentiates the standardised solution by
finite differences and finds RMSEA's interval with R's `uniroot`: 1e-6 there.
"""

import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import assess_reliability, screen_items, trace_effects

ADMISSIBLE = ["admissible", "admissible n-1", "cfa", "cfa n-1", "democracy"]
FIT_NAMES = {
    "npar": "n_free",
    "ntotal": "n_used",
    "chisq": "chi2",
    "pvalue": "p_value",
    "baseline.chisq": "chi2_null",
    "baseline.df": "df_null",
    "rmsea.ci.lower": "rmsea_lower",
    "rmsea.ci.upper": "rmsea_upper",
    "rmsea.pvalue": "close_fit_p",
    "logl": "log_likelihood",
}


def select(lavaan, model, kind):
    return lavaan[(lavaan["model"] == model) & (lavaan["kind"] == kind)].to_dict("records")


def key(op, left, right):
    return (op, *sorted((left, right))) if op == "~~" else (op, left, right)


@pytest.mark.parametrize("model", [*ADMISSIBLE, "full"])
def test_lavaan_stands_at_its_optimum(lavaan, model):
    [gradient] = select(lavaan, model, "largest_gradient")
    assert gradient["estimate"] < 1e-13


@pytest.mark.parametrize("model", ADMISSIBLE)
def test_every_parameter_agrees(lavaan, fitted, model):
    expected = {
        key(row["op"], row["left"], row["right"]): row
        for row in select(lavaan, model, "parameter")
        if row["op"] != ":="
    }
    ops = {"loading": "=~", "path": "~", "variance": "~~", "covariance": "~~"}
    table = fitted[model].table()
    assert len(table) == len(expected)
    for row in table.to_dict("records"):
        truth = expected[key(ops[row["kind"]], row["left"], row["right"])]
        assert row["estimate"] == pytest.approx(truth["estimate"], rel=1e-8), row
        assert row["standardised"] == pytest.approx(truth["standardised"], rel=1e-8), row
        assert row["standardised se"] == pytest.approx(truth["standardised_se"], rel=1e-6), row
        if row["fixed"] == "no":
            compare_test(row, truth)


@pytest.mark.parametrize("model", ADMISSIBLE)
def test_every_fit_measure_agrees(lavaan, fitted, model):
    ours = fitted[model].fit.to_metrics()
    expected = select(lavaan, model, "fit")
    assert len(expected) == 21
    for row in expected:
        name = FIT_NAMES.get(row["left"], row["left"])
        rel = 1e-6 if name in ("rmsea_lower", "rmsea_upper") else 1e-7
        assert ours[name] == pytest.approx(row["estimate"], rel=rel, abs=1e-12), name


@pytest.mark.parametrize("model", ADMISSIBLE)
def test_explained_variance_agrees(lavaan, fitted, model):
    ours = fitted[model].r_squared().set_index("variable")["r squared"]
    expected = {row["left"]: row["estimate"] for row in select(lavaan, model, "r_squared")}
    assert set(ours.index) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=1e-8)


EFFECTS = [
    ("admissible", "quality_satisfaction_indirect", "quality", "satisfaction", "total indirect"),
    ("admissible", "quality_satisfaction_total", "quality", "satisfaction", "total"),
    ("admissible", "quality_loyalty_indirect", "quality", "loyalty", "total indirect"),
    ("admissible", "quality_loyalty_indirect", "quality", "loyalty", "total"),
    ("admissible", "value_loyalty_indirect", "value", "loyalty", "indirect"),
    ("admissible n-1", "quality_loyalty_indirect", "quality", "loyalty", "total indirect"),
    ("democracy", "ind60_dem65_indirect", "ind60", "dem65", "indirect"),
    ("democracy", "ind60_dem65_total", "ind60", "dem65", "total"),
]


@pytest.mark.parametrize(("model", "name", "source", "target", "kind"), EFFECTS)
def test_effects_agree(lavaan, fitted, model, name, source, target, kind):
    table = trace_effects(fitted[model]).table()
    [row] = table[
        (table["source"] == source) & (table["target"] == target) & (table["effect"] == kind)
    ].to_dict("records")
    compare_effect(row, lavaan, model, name)


def test_each_route_agrees(lavaan, fitted):
    table = trace_effects(fitted["admissible"]).table().set_index(["route", "effect"])
    routes = {
        "quality -> value -> satisfaction -> loyalty": "quality_loyalty_route_value",
        "quality -> satisfaction -> loyalty": "quality_loyalty_route_satisfaction",
    }
    for route, name in routes.items():
        compare_effect(table.loc[(route, "indirect")], lavaan, "admissible", name)


def compare_effect(row, lavaan, model, name):
    [truth] = [each for each in select(lavaan, model, "parameter") if each["left"] == name]
    assert row["estimate"] == pytest.approx(truth["estimate"], rel=1e-8)
    compare_test(row, truth)
    assert row["standardised"] == pytest.approx(truth["standardised"], rel=1e-8)
    assert row["standardised se"] == pytest.approx(truth["standardised_se"], rel=1e-6)


def compare_test(row, truth):
    assert row["se"] == pytest.approx(truth["se"], rel=1e-8)
    # lavaan takes p-values as 1 - pnorm(): rounding at 1e-16 of one
    assert row["p value"] == pytest.approx(truth["p_value"], rel=1e-6, abs=1e-15)
    assert row["lower"] == pytest.approx(truth["lower"], rel=1e-8, abs=1e-9)
    assert row["upper"] == pytest.approx(truth["upper"], rel=1e-8, abs=1e-9)


def test_the_optimiser_ends_where_lavaan_does_on_the_inadmissible_model(lavaan, fitted):
    # The optimum is flat (smallest scaled information 2e-6), hence 1e-6 and not 1e-8.
    result = fitted["full"]
    expected = {
        key(row["op"], row["left"], row["right"]): row["estimate"]
        for row in select(lavaan, "full", "parameter")
    }
    for parameter, value in zip(result.structure.parameters, result.solution.theta, strict=True):
        left, op, right = parameter
        assert value == pytest.approx(expected[key(op, left, right)], rel=1e-6)
    assert isinstance(result.fit, NotAvailable)


@pytest.mark.parametrize("model", ["full", "cfa"])
def test_alpha_agrees_with_psych(lavaan, fitted, model):
    ours = assess_reliability(fitted[model]).constructs.set_index("construct")
    for kind, column in (("alpha", "alpha"), ("standardised_alpha", "standardised alpha")):
        expected = select(lavaan, model, kind)
        assert expected
        for row in expected:
            assert ours.loc[row["left"], column] == pytest.approx(row["estimate"], rel=1e-12)


@pytest.mark.parametrize("folder", ["sem_mobi", "sem_holzinger"])
def test_item_moments_agree_with_psych(lavaan, mobi, holzinger, folder):
    survey = mobi if folder == "sem_mobi" else holzinger
    rows = lavaan[(lavaan["data"] == folder) & (lavaan["model"] == "items")]
    scale = {item: {"minimum": 0, "maximum": 10} for item in rows["left"].unique()}
    ours = screen_items(survey, instrument=scale).table().set_index("item")
    for row in rows.to_dict("records"):
        assert ours.loc[row["left"], row["kind"]] == pytest.approx(row["estimate"], rel=1e-10)
