"""Rival models: nested or not, tests and criteria against lavaan, mediation."""

from __future__ import annotations

from pathlib import Path as FilePath

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, fit_sem
from crmstudy.loyalty.structure.differences import measure_difference, measure_gap, vuong_test
from crmstudy.loyalty.structure.mediation import Mediated, judge_mediation, name_role
from crmstudy.loyalty.structure.nesting import relate_models
from crmstudy.loyalty.structure.rivals import akaike_weights, compare_models, relate_fits

REFERENCE = FilePath(__file__).parents[1] / "reference" / "sem_comparison" / "expected.csv"
ECSI = {
    "quality": {"label": "Perceived quality", "items": [f"PERQ{k}" for k in range(1, 8)]},
    "value": {"label": "Perceived value", "items": ["PERV1", "PERV2"]},
    "satisfaction": {"label": "Satisfaction", "items": ["CUSA1", "CUSA2", "CUSA3"]},
    "loyalty": {"label": "Loyalty", "items": ["CUSL1", "CUSL3"]},
}
INTO = [["quality", "value"], ["quality", "satisfaction"], ["value", "satisfaction"]]
PAST = [["quality", "loyalty"], ["value", "loyalty"]]
LAST = [["satisfaction", "loyalty"]]
MODELS = {
    "constructs": ECSI,
    "models": {
        "admissible": {"paths": [*INTO, *LAST]},
        "partial_mediation": {"paths": [*INTO, *LAST, *PAST]},
        "direct_only": {"paths": [*INTO, *PAST]},
        "no_value": {"constructs": ["quality", "satisfaction"], "paths": [INTO[1]]},
        "broken": {"items": {"loyalty": ["CUSL1", "NOSUCH"]}, "paths": LAST},
    },
}


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(REFERENCE).fillna({"other": ""})


@pytest.fixture(scope="module")
def comparison(mobi):
    return compare_models(mobi, models=MODELS)


@pytest.fixture(scope="module")
def ability(holzinger, fitted):
    items = fitted["cfa"].model.items
    one = StructuralModel((Construct("ability", items),), (), "one_factor")
    return fit_sem(holzinger, model=one)


def row_of(expected, kind, one, name, other=""):
    rows = expected[(expected["kind"] == kind) & (expected["one"] == one)]
    [row] = rows[(rows["name"] == name) & (rows["other"] == other)].to_dict("records")
    return row


def test_difference_and_scaled_difference_agree_with_lavaan(expected, fitted, ability):
    found = measure_difference("one_factor", "cfa", ability, fitted["cfa"])
    normal = row_of(expected, "difference", "one_factor", "ML", "cfa")
    scaled = row_of(expected, "difference", "one_factor", "MLM", "cfa")
    assert found.test.statistic == pytest.approx(normal["value"], rel=1e-8)
    assert found.test.p_value == pytest.approx(normal["p_value"], rel=1e-6)
    assert found.scaled.statistic == pytest.approx(scaled["value"], rel=1e-6)
    assert found.scaled.p_value == pytest.approx(scaled["p_value"], rel=1e-5)
    assert (found.df, found.kept) == (3, "cfa")
    assert found.cfi < 0 < found.rmsea


def test_criteria_agree_with_lavaan(expected, comparison):
    table = comparison.table().set_index("model")
    for name in ("admissible", "direct_only"):
        for criterion in ("aic", "bic"):
            truth = row_of(expected, "criterion", name, criterion)["value"]
            assert table.loc[name, criterion.upper()] == pytest.approx(truth, rel=1e-9)


def test_vuong_agrees_with_casewise_likelihoods_of_lavaan(expected, comparison):
    [gap] = comparison.gaps
    truth = row_of(expected, "vuong", "admissible", "z", "direct_only")
    spread = row_of(expected, "vuong", "admissible", "variance", "direct_only")["value"]
    assert {gap.one, gap.other} == {"admissible", "direct_only"}
    sign = 1 if gap.one == "admissible" else -1
    assert sign * gap.vuong.statistic == pytest.approx(truth["value"], rel=1e-7)
    assert gap.vuong.p_value == pytest.approx(truth["p_value"], rel=1e-7)
    reach = 2 * 1.959963984540054 * np.sqrt(250 * spread)
    assert gap.upper - gap.aic == pytest.approx(reach, rel=1e-8)
    assert gap.nearer == "not told apart"


def test_standings_on_mobi(comparison):
    assert comparison.standing == {
        "admissible": "compared",
        "partial_mediation": "inadmissible",
        "direct_only": "compared",
        "no_value": "other items",
        "broken": "not estimated",
    }
    table = comparison.table().set_index("model")
    hidden = table.loc[["partial_mediation", "no_value", "broken"]].drop(columns=["standing", "n"])
    assert hidden.isna().all(axis=None)
    reasons = comparison.withheld().set_index("model")["reason"]
    assert "NOSUCH" in reasons["broken"]
    assert "other items than admissible" in reasons["no_value"]
    assert "inadmissible" in reasons["partial_mediation"]
    assert isinstance(comparison.nested(), NotAvailable)


def test_akaike_weights_by_hand():
    weights = akaike_weights({"a": 100.0, "b": 102.0, "c": 110.0})
    raw = np.exp([0.0, -1.0, -5.0])
    np.testing.assert_allclose(list(weights.values()), raw / raw.sum())


def test_one_factor_is_nested_in_three_though_its_parameters_are_not(fitted, ability):
    assert not set(ability.structure.parameters) <= set(fitted["cfa"].structure.parameters)
    assert relate_models(ability, fitted["cfa"]) == "nested"


def test_turned_arrows_are_equivalent(holzinger, fitted):
    constructs = fitted["cfa"].model.constructs
    chain = (Path("visual", "textual"), Path("textual", "speed"))
    back = (Path("speed", "textual"), Path("textual", "visual"))
    other = (Path("textual", "visual"), Path("visual", "speed"))
    fits = [fit_sem(holzinger, model=StructuralModel(constructs, p)) for p in (chain, back, other)]
    assert relate_models(fits[0], fits[1]) == "equivalent"
    assert relate_models(fits[0], fits[2]) == "separate"
    assert relate_models(fits[0], fitted["cfa"]) == "nested"
    named = dict(zip("abc", fits, strict=True))
    found = relate_fits(named, dict.fromkeys("abc", "compared"), "a")
    assert [set(pair) for pair in found.equivalent] == [{"a", "b"}]
    assert len(found.gaps) == 2


def test_vuong_by_hand_and_turned():
    one, other = np.array([-1.0, -2.0, -3.0]), np.array([-1.5, -2.0, -4.0])
    spread, test = vuong_test(one, other)
    assert spread == pytest.approx(np.var([0.5, 0.0, 1.0]))
    assert test.statistic == pytest.approx(1.5 / np.sqrt(3 * spread))
    _, turned = vuong_test(other, one)
    assert turned.statistic == pytest.approx(-test.statistic)
    assert isinstance(vuong_test(one, one)[1], NotAvailable)


def test_a_gap_turned_round_changes_its_signs(comparison):
    fits = comparison.fits
    there = measure_gap("a", "b", fits["admissible"], fits["direct_only"])
    back = measure_gap("b", "a", fits["direct_only"], fits["admissible"])
    assert back.aic == pytest.approx(-there.aic)
    assert back.lower == pytest.approx(-there.upper)


def simulate(*, through, past, seed=3, n=1500):
    noise = np.random.default_rng(seed).normal(size=(n, 12))
    cause = noise[:, 0]
    middle = 0.7 * cause + 0.7 * noise[:, 1]
    end = through * middle + past * cause + 0.6 * noise[:, 2]
    named = {"c": cause, "m": middle, "e": end}
    return pd.DataFrame(
        {
            f"{letter}{i}": latent + 0.6 * noise[:, 3 + 3 * k + i]
            for k, (letter, latent) in enumerate(named.items())
            for i in range(3)
        }
    )


THREE = {
    "constructs": {
        name: {"label": name.title(), "items": [f"{name[0]}{i}" for i in range(3)]}
        for name in ("cause", "middle", "end")
    },
    "models": {
        "full": {"paths": [["cause", "middle"], ["middle", "end"]]},
        "partial": {"paths": [["cause", "middle"], ["middle", "end"], ["cause", "end"]]},
        "direct": {"paths": [["cause", "middle"], ["cause", "end"]]},
    },
}


def judge(answers, n_draws=300):
    found = compare_models(answers, models=THREE)
    return judge_mediation(found, mediator="middle", outcome="end", n_draws=n_draws, seed=1)


@pytest.mark.parametrize(
    ("through", "past", "verdict", "kind", "words"),
    [
        (0.7, 0.0, "full mediation", "indirect-only", ["kept", "not needed", "rejected"]),
        (0.5, 0.5, "partial mediation", "complementary", ["rejected", "needed", "rejected"]),
        (0.8, -0.5, "partial mediation", "competitive", ["rejected", "needed", "rejected"]),
        (0.0, 0.7, "direct only", "direct-only", ["rejected", "needed", "kept"]),
    ],
)
def test_planted_mediation_is_found(through, past, verdict, kind, words):
    found = judge(simulate(through=through, past=past))
    [row] = found.table().to_dict("records")
    assert (row["cause"], row["verdict"], row["kind"]) == ("Cause", verdict, kind)
    assert row["lower"] < row["through Middle"] < row["upper"]
    assert found.models()["verdict"].tolist() == words
    assert found.models()["says"].tolist() == [
        "full mediation",
        "partial mediation",
        "direct only",
    ]


def test_effects_through_and_past_add_up_to_the_total():
    found = judge(simulate(through=0.5, past=0.3))
    [each] = found.causes
    fit = found.comparison.fits["partial"]
    sd = fit.structure.latent_covariance(fit.solution.theta)
    correlation = sd[0, 2] / np.sqrt(sd[0, 0] * sd[2, 2])
    assert each.through[0] + each.past[0] == pytest.approx(correlation, rel=1e-9)


def test_full_mediation_is_rejected_about_as_often_as_the_level_says():
    rejected = 0
    for seed in range(20):
        answers = simulate(through=0.6, past=0.0, seed=seed, n=300)
        found = compare_models(answers, models=THREE)
        [test] = [d for d in found.differences if d.restricted == "full"]
        rejected += test.kept == "partial"
    assert rejected <= 4  # P(more | 5%) = .003


def test_roles_by_the_routes():
    constructs = tuple(Construct(name, (f"{name}1", f"{name}2")) for name in "abmy")

    def role(*paths):
        model = StructuralModel(constructs, tuple(Path(*ends) for ends in paths))
        return name_role(model, mediator="m", outcome="y")

    assert role("am", "my") == "full mediation"
    assert role("am", "my", "ab", "by") == "partial mediation"
    assert role("am", "ay") == "direct only"
    assert role("ab", "bm") == "neither"
    assert name_role(StructuralModel(constructs, ()), mediator="z", outcome="y") == "neither"


def test_verdicts_by_both_intervals():
    sure, unsure = np.array([0.3, 0.1, 0.5]), np.array([0.1, -0.1, 0.3])
    assert Mediated("x", sure, unsure).verdict == "full mediation"
    assert Mediated("x", unsure, sure).verdict == "direct only"
    assert Mediated("x", unsure, unsure).kind == "no effect"
    assert Mediated("x", sure, -sure[[0, 2, 1]]).kind == "competitive"


def test_without_an_admissible_larger_model_nothing_past_it_is_shown(comparison):
    found = judge_mediation(
        comparison, mediator="satisfaction", outcome="loyalty", n_draws=50, seed=1
    )
    assert "no admissible model" in found.table().reason
    models = found.models().set_index("model")
    assert models.loc["partial_mediation", "verdict"] == "inadmissible"
    assert models.loc["admissible", "verdict"] == "not tested"


def test_the_order_of_respondents_does_not_matter(mobi, comparison):
    turned = compare_models(mobi.sample(frac=1.0, random_state=2), models=MODELS)
    assert turned.to_metrics() == pytest.approx(comparison.to_metrics(), rel=1e-9)


def test_what_is_asked_wrongly_is_refused(mobi, comparison):
    with pytest.raises(ModelError, match="no model 'nosuch'"):
        compare_models(mobi, models=MODELS, reference="nosuch")
    with pytest.raises(ModelError, match="names no model"):
        compare_models(mobi, models={"constructs": ECSI, "models": {}})
    asked = {"n_draws": 10, "seed": 1}
    unnamed = judge_mediation(comparison, mediator="", outcome="loyalty", **asked)
    assert "does not say" in unnamed.reason
    unknown = judge_mediation(comparison, mediator="trust", outcome="loyalty", **asked)
    assert "no model" in unknown.reason
    absent = NotAvailable("no survey")
    assert compare_models(absent, models=MODELS) is absent


def test_answers_with_gaps_are_compared_without_vuong(mobi):
    holes = mobi.astype(float).copy()
    holes.loc[:30, "CUSA1"] = np.nan
    found = compare_models(holes, models=MODELS, missing="fiml")
    [gap] = found.gaps
    assert np.isfinite(gap.aic)
    assert gap.row()["Vuong z"] is None
