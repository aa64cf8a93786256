"""Sentences on groups compared, on data with one known truth each."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.invariance.advice import advise_partial
from crmstudy.loyalty.invariance.groups import find_groups
from crmstudy.loyalty.invariance.means import compare_latent_means
from crmstudy.loyalty.invariance.paths import compare_paths
from crmstudy.loyalty.invariance.steps import assess_invariance
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.report.sentences.loyalty.invariance import (
    read_groups,
    read_groups_compared,
    read_invariance,
)

NONE = NotAvailable("no customers")
MODEL = StructuralModel(
    (
        Construct("satisfaction", ("s1", "s2", "s3"), "Satisfaction"),
        Construct("loyalty", ("l1", "l2", "l3"), "Loyalty"),
    ),
    (Path("satisfaction", "loyalty"),),
)


def draw(rng, n, *, slope=0.6, mean=0.0, noise=0.6):
    satisfaction = mean + rng.standard_normal(n)
    loyalty = slope * satisfaction + 0.8 * rng.standard_normal(n)
    latent = np.repeat(np.column_stack([satisfaction, loyalty]), 3, axis=1)
    answers = 5 + latent + noise * rng.standard_normal((n, 6))
    return pd.DataFrame(answers, columns=list(MODEL.items))


def read(frames, *, model=MODEL, wanted="sex", **more):
    survey = pd.concat([f.assign(sex=s) for s, f in frames.items()], ignore_index=True)
    groups = find_groups(
        survey.assign(**more), model=model, items=MODEL.items, customers=NONE, wanted=wanted
    )
    invariance = assess_invariance(survey, model=model, groups=groups)
    advice = advise_partial(invariance)
    means, paths = compare_latent_means(invariance), compare_paths(invariance)
    return (
        read_groups(groups),
        read_invariance(invariance, advice),
        read_groups_compared(means, paths, power=0.8),
    )


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(12)


def test_equal_groups(rng):
    groups, steps, compared = read({"man": draw(rng, 300), "woman": draw(rng, 400)})
    assert groups == (
        "The groups are those of 'sex' in the survey, with so many complete respondents: "
        "man (300) and woman (400)."
    )
    assert "invariance reaches the strict level: paths and means of constructs" in steps
    assert "All four levels hold." in steps
    assert "None of 6 score tests singles out one intercept" in steps
    assert "ask for 5 a parameter" not in steps  # 300 rows for 19 parameters
    assert "None of 2 differences of latent means can be told from zero" in compared
    assert "is not rejected" in compared
    assert "no path differs" in compared
    assert "is found with power 0.80; a smaller one may be there unseen." in compared


def test_another_path_and_mean(rng):
    _, _, compared = read({"man": draw(rng, 500, slope=0.1, mean=0.6), "woman": draw(rng, 600)})
    assert "Satisfaction is higher in group man than in group woman (by 0.6" in compared
    assert "is rejected" in compared
    assert "Satisfaction → Loyalty (man minus woman: −0." in compared
    assert "differs after Holm's correction" in compared


def test_a_shifted_item(rng):
    other = draw(rng, 500)
    other["s2"] -= 0.8
    _, steps, compared = read({"man": draw(rng, 500), "woman": other})
    assert "reaches the metric level: paths may be compared, means of constructs may not" in steps
    assert "The scalar level does not hold: CFI changes by −0." in steps
    assert "of s2 in woman (chi-squared " in steps
    assert "nothing was released" in steps
    assert "need the scalar one. That all paths together are the same" in compared


def test_left_out_small_and_warned(rng):
    frames = {"man": draw(rng, 80), "woman": draw(rng, 90), "other": draw(rng, 20)}
    frames["man"].loc[79, "s1"] = np.nan
    _, steps, _ = read(frames, wanted="")
    assert "The smallest group, man, has 79 respondents for 19 parameters" in steps
    groups, *_ = read(frames, wanted="", spare=np.arange(190.0))
    assert "Left out: groups of fewer than 50 (other (20))." in groups
    assert "Possible instead: 'spare'." in groups
    halved, *_ = read(frames, wanted="spare", spare=np.arange(190.0))
    assert "cut at 95 (their median)" in halved
    assert "throws away" in halved


def test_an_inadmissible_group_is_named(rng):
    other = draw(rng, 80)
    other["s1"] = other["s2"] - 0.9 * other["s3"] + 0.05 * rng.standard_normal(80)
    _, steps, compared = read({"man": draw(rng, 200), "woman": other})
    assert steps.startswith("Groups cannot be compared: ")
    assert " of the gate fail" in steps
    assert " in woman, so the measurement model may not be shown there" in steps
    assert compared.startswith("Not available: comparing groups of sex: the model is inadmissible")


def test_a_form_that_fits_nobody_is_said(rng):
    def tangled(n):
        frame, mood = draw(rng, n), rng.standard_normal(n)
        return frame.assign(s3=frame["s3"] + mood, l3=frame["l3"] + mood)

    _, steps, _ = read({"man": tangled(200), "woman": tangled(200)})
    assert "Already the configural model fits badly (CFI 0." in steps


def test_nothing_to_compare():
    absent = NotAvailable("no attribute of the respondents")
    assert read_groups(absent) is absent
    said = "Not available: no attribute of the respondents."
    assert read_invariance(absent, absent) == said
    assert read_groups_compared(absent, absent, power=0.8) == said


def test_no_paths(rng):
    model = StructuralModel(MODEL.constructs, (), "cfa")
    *_, compared = read({"man": draw(rng, 200), "woman": draw(rng, 200)}, model=model)
    assert "Not available: model 'cfa' has no paths." in compared
