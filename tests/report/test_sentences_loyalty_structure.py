"""Sentences on the structural model are true on any data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, fit_sem, trace_effects
from crmstudy.loyalty.structure.intervals import contrast_routes, tabulate_effects
from crmstudy.loyalty.structure.mediation import judge_mediation
from crmstudy.loyalty.structure.modification import suggest_modifications
from crmstudy.loyalty.structure.residuals import examine_residuals
from crmstudy.loyalty.structure.rivals import compare_models
from crmstudy.report.sentences.loyalty.structure import (
    read_direction,
    read_effects,
    read_hypotheses,
    read_misfit,
    read_paths,
    read_rivals,
)

GONE = NotAvailable("this study has no survey")
LABELS = {"c": "Cause", "m": "Middle", "e": "End"}


def answer(*, through=0.6, past=0.0, cross=0.0, n=900):
    noise = np.random.default_rng(3).normal(size=(n, 12))
    cause = noise[:, 0]
    middle = 0.7 * cause + 0.7 * noise[:, 1]
    end = through * middle + past * cause + 0.6 * noise[:, 2]
    named = {"c": cause, "m": middle, "e": end}
    answers = pd.DataFrame(
        {
            f"{name}{i}": latent + 0.6 * noise[:, 3 + 3 * k + i]
            for k, (name, latent) in enumerate(named.items())
            for i in range(3)
        }
    )
    return answers.assign(m2=answers["m2"] + cross * cause)


def build(*paths):
    names = [name for name in LABELS if not paths or any(name in ends for ends in paths)]
    constructs = [Construct(k, [f"{k}{i}" for i in range(3)], LABELS[k]) for k in names]
    return StructuralModel(tuple(constructs), tuple(Path(*ends) for ends in paths), "model")


def settings(**models):
    constructs = {
        k: {"label": label, "items": [f"{k}{i}" for i in range(3)]} for k, label in LABELS.items()
    }
    return {
        "constructs": constructs,
        "models": {k: {"paths": [list(p) for p in v]} for k, v in models.items()},
    }


def table(*verdicts):
    ids = [f"H{k}" for k in range(1, len(verdicts) + 1)]
    return pd.DataFrame({"hypothesis": ids, "verdict": verdicts})


def test_hypotheses():
    assert read_hypotheses(table("supported")) == (
        "The one registered hypothesis, H1, is supported."
    )
    said = read_hypotheses(table("supported", "not tested: no ledger", "supported"))
    assert said == ("Of 3 registered hypotheses, H1 and H3 are supported and H2 is not tested.")
    assert read_hypotheses(GONE) == "Not available: this study has no survey."


def test_a_model_that_fits_any_data_leaves_no_residual():
    fit = fit_sem(answer(), model=StructuralModel((Construct("c", ["c0", "c1", "c2"]),), ()))
    said = read_misfit(suggest_modifications(fit), examine_residuals(fit))
    assert "implies the observed correlations exactly" in said
    assert "e−" not in said


def test_paths():
    fit = fit_sem(answer(), model=build("cm", "me"))
    said = read_paths(fit)
    assert said.startswith("All 2 paths are told apart from zero; the strongest is ")
    assert "The paths explain " in said
    one = read_paths(fit_sem(answer(), model=build("cm")))
    assert one.startswith("The only path, Cause → Middle (")
    some = read_paths(fit_sem(answer(), model=build("cm", "me", "ce")))
    assert some.startswith("2 of 3 paths are told apart from zero; the strongest is ")
    none = read_paths(fit_sem(answer(through=0.0), model=build("me")))
    assert none.startswith("The only path is not told apart from zero.") or "The only path" in none
    assert "no paths between constructs" in read_paths(fit_sem(answer(), model=build()))
    assert read_paths(GONE) == "Not available: this study has no survey."


def effects_of(fit):
    return tabulate_effects(trace_effects(fit), None, model=fit.model)


def test_effects():
    fit = fit_sem(answer(), model=build("cm", "me"))
    said = read_effects(effects_of(fit), contrast_routes(fit))
    assert "The only indirect effect is told apart from zero: from Cause through Middle to " in said
    assert "no two routes" in said
    none = fit_sem(answer(), model=build("cm"))
    assert "No effect runs through another construct." in read_effects(effects_of(none), GONE)
    weak = fit_sem(answer(through=0.0), model=build("cm", "me", "ce"))
    assert "indirect effect" in read_effects(effects_of(weak), GONE)
    assert read_effects(GONE, GONE) == "Not available: this study has no survey."


@pytest.mark.parametrize(
    ("larger", "expected"),
    [
        (["A"], "The effect of X on Y through A exceeds that through B."),
        (["not told apart"], "The only two parallel routes are not told apart in size."),
        (
            ["not told apart", "B"],
            "Of 2 pairs of parallel routes 1 is told apart in size; the widest gap: the effect of "
            "X on Y through B exceeds that through A.",
        ),
    ],
)
def test_contrasts(larger, expected):
    frame = pd.DataFrame(
        {
            "from": "X",
            "to": "Y",
            "through": "A",
            "or through": "B",
            "difference": [0.1] * len(larger),
            "larger": larger,
        }
    )
    said = read_effects(GONE, SimpleNamespace(table=lambda: frame))
    assert said.endswith(expected)


def test_misfit():
    clean = fit_sem(answer(), model=build("cm", "me"))
    said = read_misfit(suggest_modifications(clean), examine_residuals(clean))
    assert "none stands out once all are counted" in said
    assert "exceeds 0.1" in said
    planted = fit_sem(answer(cross=0.8), model=build("cm", "me"))
    said = read_misfit(suggest_modifications(planted), examine_residuals(planted))
    assert "Cause → m2" in said
    assert "None was freed" in said
    assert read_misfit(GONE, GONE) == "Not available: this study has no survey."


def judge(models, **planted):
    found = compare_models(answer(**planted), models=models)
    return read_rivals(
        found, judge_mediation(found, mediator="m", outcome="e", n_draws=200, seed=1)
    )


def test_rivals():
    three = settings(full=["cm", "me"], partial=["cm", "me", "ce"], direct=["cm", "ce"])
    said = judge(three)
    assert "Of 3 models of the same items 'full' has the lowest AIC" in said
    assert "'full' is kept beside 'partial'" in said.lower()
    assert "'direct' is rejected against 'partial'" in said
    assert "Through Middle to End: Cause: full mediation (indirect-only)." in said
    assert "Cause: direct only" in judge(three, through=0.0, past=0.7)
    alone = judge(settings(full=["cm", "me"]))
    assert "Only the model 'full' can be shown." in alone
    assert "Mediation by Middle is not tested: " in alone
    turned = judge(settings(there=["cm", "me"], back=["em", "mc"]))
    assert "The models fit exactly alike" in turned
    assert "No data tell apart: 'there' and 'back'." in turned
    assert read_rivals(GONE, GONE) == "Not available: this study has no survey."


@pytest.mark.parametrize(("past", "told"), [(0.05, False), (0.0, True)])
def test_the_lowest_aic_is_tempered_where_respondents_do_not_tell_models_apart(past, told):
    pair = settings(full=["cm", "me"], direct=["cm", "ce"])
    through = 0.6 if told else 0.05
    said = judge(pair, through=through, past=past)
    assert "has the lowest AIC" in said
    assert ("are not told apart (Vuong's test, p = " in said) != told


def test_direction():
    assert "Fit does not decide directions" in read_direction(
        fit_sem(answer(), model=build("cm", "me"))
    )
    assert read_direction(fit_sem(answer(), model=build())) == ""
    assert read_direction(GONE) is GONE
