"""Latent interaction by product indicators: lavaan's numbers, truth, laws, refusals."""

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import Construct
from crmstudy.loyalty.moderation.coefficients import Region, find_region, slope_at
from crmstudy.loyalty.moderation.curvature import fit_square
from crmstudy.loyalty.moderation.interaction import Question, fit_interaction
from crmstudy.loyalty.moderation.moderators import judge, moderate_loyalty
from crmstudy.loyalty.moderation.products import Term, match_items, multiply_items, pair_residuals
from crmstudy.loyalty.moderation.scale_means import regress_products

SATISFACTION = Construct("S", ["CUSA1", "CUSA2", "CUSA3"], "Satisfaction")
LOYALTY = Construct("L", ["CUSL1", "CUSL3"])
MODERATORS = {
    "service": ["PERQ3"],
    "innovation": ["IMAG5"],
    "image": ["IMAG3", "IMAG4", "IMAG5"],
    "price": ["PERV1", "PERV2"],
}
EXPECTED = pd.read_csv(
    FilePath(__file__).parents[1] / "reference" / "sem_interaction" / "expected.csv",
    keep_default_na=False,
)
TRUE = {"satisfaction": 0.65, "moderator": -0.15, "product": -0.2}
LOADINGS = (0.85, 0.80, 0.75)


def ask(moderator, *, satisfaction=SATISFACTION, loyalty=LOYALTY, sign="+"):
    return Question(Construct("M", moderator, "Moderator"), satisfaction, loyalty, sign)


def lavaan(model):
    """Return estimates and standard errors of one reference model, by lavaan's notation."""
    rows = EXPECTED[EXPECTED["model"] == model]
    found = {}
    for row in rows.to_dict("records"):
        right = row["right"].replace(".", "_by_")
        left = row["left"].replace(".", "_by_")
        se = float(row["se"]) if row["se"] else 0.0
        key = (left, row["op"], right) if row["op"] in ("~", "=~", "~~") else left
        found[key] = (float(row["estimate"]), se)
    return found


@pytest.mark.parametrize("name", ["service", "innovation", "image", "price"])
@pytest.mark.parametrize("loadings", ["free", "tied"])
def test_interaction_agrees_with_lavaan(mobi, name, loadings):
    if (name, loadings) == ("price", "tied"):
        with pytest.raises(ModelError, match="stay within 1"):
            fit_interaction(mobi, ask(MODERATORS[name]))
        return
    expected = lavaan(f"{name} {loadings}")
    found = fit_interaction(mobi, ask(MODERATORS[name]), tied=loadings == "tied")
    effect = found.effect()
    assert (effect["effect"], effect["se"]) == pytest.approx(expected["effect_sm"], abs=1e-8)
    values, covariance = found.coefficients.select("S", "M")
    for k, key in enumerate(("effect_s", "effect_m")):
        assert (values[k], np.sqrt(covariance[k, k])) == pytest.approx(expected[key], abs=1e-8)
    fit = found.result.fit.to_metrics()
    assert fit["chi2"] == pytest.approx(expected["chisq"][0], abs=1e-7)
    assert fit["df"] == expected["df"][0]


@pytest.mark.parametrize("name", ["service free", "service tied", "image free", "image tied"])
def test_every_parameter_agrees_with_lavaan(mobi, name):
    moderator, loadings = name.split()
    found = fit_interaction(mobi, ask(MODERATORS[moderator]), tied=loadings == "tied").result
    called = {"S_by_M": "SM"}
    expected, table = lavaan(name), found.table()
    compared = 0
    for row in table.to_dict("records"):
        left, right = (called.get(row[end], row[end]) for end in ("left", "right"))
        op = {"loading": "=~", "path": "~"}.get(row["kind"], "~~")
        ends = ((left, op, right), (right, op, left)) if op != "~" else ((left, op, right),)
        if op == "~":
            ends = ((right, op, left), (left, op, right))
        known = next((expected[key] for key in ends if key in expected), None)
        assert known is not None, row
        assert row["estimate"] == pytest.approx(known[0], rel=1e-7, abs=1e-7), row
        if row["fixed"] == "no":
            assert row["se"] == pytest.approx(known[1], rel=1e-6), row
            compared += 1
    assert compared == len(found.structure.parameters)


@pytest.mark.parametrize("loadings", ["tied"])
def test_square_agrees_with_lavaan(mobi, loadings):
    expected = lavaan(f"squared {loadings}")
    found = fit_square(mobi, satisfaction=SATISFACTION, loyalty=LOYALTY)
    values, covariance = found.coefficients.select("S", "S_squared")
    for k, key in enumerate(("effect_s", "effect_sm")):
        assert (values[k], np.sqrt(covariance[k, k])) == pytest.approx(expected[key], abs=1e-8)


def draw_answers(seed, n, *, product=TRUE["product"], correlation=0.0, squared=0.0):
    """Draw continuous answers of the simulated firm's structure, without its scale."""
    rng = np.random.default_rng(seed)
    s = rng.standard_normal(n)
    m = correlation * s + np.sqrt(1 - correlation**2) * rng.standard_normal(n)
    explained = TRUE["satisfaction"] * s + TRUE["moderator"] * m
    explained = explained + product * s * m + squared * (s**2 - 1)
    total = TRUE["satisfaction"] ** 2 + TRUE["moderator"] ** 2
    total += 2 * correlation * TRUE["satisfaction"] * TRUE["moderator"]
    total += product**2 * (1 + correlation**2) + 2 * squared**2
    latent = {"s": s, "m": m, "y": explained + np.sqrt(1 - total) * rng.standard_normal(n)}
    return pd.DataFrame(
        {
            f"{name}{k}": 6 + 1.7 * (w * score + np.sqrt(1 - w**2) * rng.standard_normal(n))
            for name, score in latent.items()
            for k, w in enumerate(LOADINGS, start=1)
        }
    )


S3, Y3 = Construct("S", ["s1", "s2", "s3"]), Construct("L", ["y1", "y2", "y3"])


def replicate(moderator, n_replications, **drawn):
    """Return effect and standard error of the product over replications."""
    question = Question(Construct("M", moderator), S3, Y3, "-")
    found = [
        fit_interaction(draw_answers(900 + k, 800, **drawn), question).effect()
        for k in range(n_replications)
    ]
    return np.array([(each["effect"], each["se"]) for each in found])


def test_true_moderation_is_recovered_without_bias():
    found = replicate(["m1", "m2", "m3"], 45)
    error = found[:, 0] - TRUE["product"]
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(error))
    assert 0.8 < found[:, 1].mean() / error.std() < 1.25
    assert (np.abs(error) < 1.96 * found[:, 1]).sum() >= 39  # of 45; P below is .02 at 95%


@pytest.mark.parametrize("items", [["m1", "m2", "m3"], ["m1", "m2"], ["m1"]])
def test_moderator_without_effect_is_rarely_found(items):
    # two items are the hard case: free loadings would leave half of the models inadmissible
    found = replicate(items, 30, product=0.0, correlation=0.6)
    rejected = (np.abs(found[:, 0]) > 1.96 * found[:, 1]).sum()
    assert rejected <= 5  # of 30 at 5%: P above is .003


def test_simulated_survey_holds_its_moderation_inside_the_interval():
    from crmstudy.collection.simulate.latent import draw_latent_scores
    from crmstudy.collection.simulate.parameters import FirmParameters
    from crmstudy.collection.simulate.survey import ITEMS, MODERATOR_ITEMS, _answer

    firm, n = FirmParameters(), 2000
    rng, other = np.random.default_rng(5), np.random.default_rng(6)
    scores = draw_latent_scores(rng, other, rng.standard_normal(n), rng.standard_normal(n), firm)
    asked = {**ITEMS, **MODERATOR_ITEMS}
    answers = pd.DataFrame({name: _answer(rng, scores, item) for name, item in asked.items()})
    answers["LO3"] = 11 - answers["LO3"]
    question = Question(
        Construct("alternatives", ["AL1", "AL2", "AL3"]),
        Construct("satisfaction", ["SA1", "SA2", "SA3"]),
        Construct("loyalty", ["LO1", "LO2", "LO3"]),
        "-",
    )
    found = fit_interaction(answers, question)
    effect = found.effect()
    assert effect["lower"] < firm.sem_moderation_loyalty < effect["upper"] < 0
    low, _, high = found.slopes()["path"]
    direct, moderation = firm.sem_satisfaction_loyalty, firm.sem_moderation_loyalty
    assert (low, high) == pytest.approx((direct - moderation, direct + moderation), abs=0.08)


def test_single_items_give_the_regression_with_a_product():
    answers = draw_answers(3, 300)
    single = Question(Construct("M", ["m1"]), Construct("S", ["s1"]), Construct("L", ["y1"]), "-")
    found = fit_interaction(answers, single)
    columns = answers[["s1", "m1"]].to_numpy()
    values, covariance = regress_products(answers["y1"].to_numpy(), columns, [(0, 1)])
    assert found.coefficients.values == pytest.approx(values, abs=1e-10)
    assert found.effect()["se"] == pytest.approx(np.sqrt(covariance[2, 2]), rel=0.1)


def test_effects_ignore_order_of_respondents_units_and_marker(mobi):
    first = fit_interaction(mobi, ask(MODERATORS["image"])).effect()
    shuffled = mobi.sample(frac=1.0, random_state=1)
    assert fit_interaction(shuffled, ask(MODERATORS["image"])).effect() == pytest.approx(first)
    moved = mobi.assign(CUSA1=3 + 100 * mobi["CUSA1"], IMAG4=mobi["IMAG4"] / 7)
    assert fit_interaction(moved, ask(MODERATORS["image"])).effect() == pytest.approx(first)
    turned = Construct("S", ["CUSA3", "CUSA1", "CUSA2"])
    other = ask(["IMAG5", "IMAG3", "IMAG4"], satisfaction=turned)
    assert fit_interaction(mobi, other).effect() == pytest.approx(first, rel=1e-6)


def test_turning_the_moderator_turns_the_effect(mobi):
    plain = fit_interaction(mobi, ask(["IMAG5"])).effect()
    turned = fit_interaction(mobi.assign(IMAG5=11 - mobi["IMAG5"]), ask(["IMAG5"])).effect()
    assert turned["effect"] == pytest.approx(-plain["effect"])
    assert turned["se"] == pytest.approx(plain["se"])


def test_inputs_are_not_changed(mobi):
    before = mobi.copy()
    fit_interaction(mobi, ask(["IMAG5"]))
    pd.testing.assert_frame_equal(mobi, before)


def test_items_are_matched_by_the_rule():
    reliability = {"a": 0.2, "b": 0.7, "c": 0.5, "x": 0.3, "y": 0.6}
    assert match_items("abc", "x", reliability={}) == (("a", "x"), ("b", "x"), ("c", "x"))
    assert match_items("ab", "xy", reliability={}) == (("a", "x"), ("b", "y"))
    assert match_items("abc", "xy", reliability=reliability) == (("b", "y"), ("c", "x"))
    shares = pair_residuals(
        [Term("t", "A", "X", (("a", "x"), ("a", "y"), ("b", "x")))], error_free=["x"]
    )
    assert shares == (("a_by_x", "a_by_y"),)


def test_products_are_centred_twice():
    answers = pd.DataFrame({"a": [1.0, 2.0, 6.0], "b": [0.0, 3.0, 3.0]})
    product = multiply_items(answers, pairs=[("a", "b")])["a_by_b"]
    # centred a: -2 -1 3; b: -2 1 1; products 4 -1 3, mean 2
    assert product.tolist() == [2.0, -3.0, 1.0]


def test_region_of_johnson_and_neyman_ends_where_the_interval_touches_zero():
    values, covariance = np.array([0.3, -0.2]), np.array([[0.01, 0.002], [0.002, 0.004]])
    region = find_region(values, covariance)
    assert region.kind == "outside"
    path, se = slope_at(values, covariance, np.array(region.bounds))
    assert np.abs(path) == pytest.approx(1.959964 * se, rel=1e-6)
    assert region.holds(np.array([0.0])).all()
    weak = find_region(values, covariance * 100)
    assert weak == Region("nowhere", ())
    steady = find_region(np.array([0.9, 0.0]), np.diag([0.01, 1e-12]))
    assert steady.holds(np.linspace(-4, 4, 9)).all()


def test_verdicts_follow_interval_and_registered_sign():
    found = {"effect": 0.2, "lower": 0.1, "upper": 0.3}
    assert (judge("+", found), judge("-", found)) == ("supported", "contradicted")
    assert judge("+", {**found, "lower": -0.1}) == "undecided"
    assert judge("+", NotAvailable("no item")) == "not tested: no item"


INSTRUMENT = {
    "constructs": {
        "satisfaction": {"label": "满意度", "items": list(SATISFACTION.items)},
        "loyalty": {"label": "", "items": ["CUSL1", "CUSL3"]},
    },
    "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
    "moderators": {
        "service": {"label": "服务", "items": ["PERQ3"], "sign": "+"},
        "innovation": {"label": "Innovation", "items": ["IMAG5"], "sign": "+"},
        "lost": {"label": "Lost", "items": ["NONE1"], "sign": "-"},
        "same": {"label": "Same", "items": ["CUSA1"], "sign": "-"},
    },
}


def test_moderators_are_tested_one_by_one_and_all_counted(mobi):
    result = moderate_loyalty(mobi, instrument=INSTRUMENT)
    table = result.table().set_index("moderator")
    assert table.loc["Innovation", "verdict"] == "contradicted"
    assert table.loc["服务", "verdict"] == "undecided"
    assert "'NONE1' of lost is not a column" in table.loc["Lost", "verdict"]
    assert "item 'CUSA1' is used twice" in table.loc["Same", "verdict"]
    tested = table["p value"].dropna()
    assert table.loc["Innovation", "p (Holm)"] == pytest.approx(2 * tested["Innovation"])
    assert result.to_metrics()["n_estimated"] == 2
    assert isinstance(result.effect("lost"), NotAvailable)
    methods = result.methods[result.methods["moderator"] == "Innovation"]
    assert methods["effect"].dropna().lt(0).all()
    # slopes at -1, 0, 1 standard deviations differ by the effect
    slopes = result.slopes().query("moderator == 'Innovation'")["path"].to_numpy()
    assert np.diff(slopes) == pytest.approx([result.effect("innovation")["effect"]] * 2)


def test_unnamed_constructs_are_refused(mobi):
    with pytest.raises(ModelError, match="names no moderators"):
        moderate_loyalty(mobi, instrument={**INSTRUMENT, "moderators": {}})
    with pytest.raises(ModelError, match="which construct is loyalty"):
        moderate_loyalty(mobi, instrument={**INSTRUMENT, "focus": {"satisfaction": "satisfaction"}})
    absent = NotAvailable("the study has no table survey")
    assert moderate_loyalty(absent, instrument=INSTRUMENT) is absent


def test_too_few_respondents_are_refused(mobi):
    with pytest.raises(ModelError, match=r"too few|more respondents than free parameters"):
        fit_interaction(mobi.head(11), ask(["IMAG5"]))
