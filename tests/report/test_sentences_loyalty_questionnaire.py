"""Sentences on the questionnaire are true on any answers."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.questionnaire.experience import compare_experience
from crmstudy.loyalty.questionnaire.missing import count_gaps
from crmstudy.loyalty.questionnaire.normality import assess_normality
from crmstudy.loyalty.questionnaire.respondents import screen_respondents
from crmstudy.loyalty.questionnaire.screen import screen_items
from crmstudy.report.sentences.loyalty.questionnaire import (
    read_disconfirmation,
    read_questionnaire,
)

ITEMS = [f"q{k}" for k in range(12)]
INSTRUMENT = {
    item: {"construct": "c", "label": "C", "text": "", "minimum": 1, "maximum": 7, "reverse": False}
    for item in ITEMS
}
MODELS = {
    "constructs": {"c": {"items": ITEMS[:3]}, "d": {"items": ITEMS[3:6]}},
    "models": {"one": {"constructs": ["c"]}, "two": {}},
}
GONE = NotAvailable("this study has no survey")


@pytest.fixture
def survey():
    answers = np.random.default_rng(7).binomial(6, 0.5, (300, 12)) + 1.0
    return pd.DataFrame(answers, columns=ITEMS)


def read(survey, models=MODELS):
    return read_questionnaire(
        screen_items(survey, instrument=INSTRUMENT),
        count_gaps(survey, instrument=INSTRUMENT, models=models),
        screen_respondents(survey, instrument=INSTRUMENT),
        assess_normality(survey, items=ITEMS),
    )


def test_clean_answers(survey):
    said = read(survey)
    assert "300 respondents answered every item." in said
    assert "No item has more than 15% of its answers at an end" in said
    assert "within the conventional limit" in said


def test_models_that_lose_the_same_respondents_are_not_ranked(survey):
    survey.loc[:4, "q0"] = np.nan
    alike = {**MODELS, "models": {"first_one": MODELS["models"]["one"], "other_one": {}}}
    assert "Each of 2 models keeps 295 and loses 1.7%" in read(survey, alike)
    survey.loc[10:12, "q5"] = np.nan
    said = read(survey, alike)
    assert "The model that loses most respondents by them, other one, keeps 292" in said


def test_no_sign_at_all(survey):
    far = screen_respondents(survey, instrument=INSTRUMENT).respondents
    clean = survey[~far["an unlikely combination of answers"]]
    said = read_questionnaire(GONE, GONE, screen_respondents(clean, instrument=INSTRUMENT), GONE)
    shown = screen_respondents(clean, instrument=INSTRUMENT).table()["respondents"].iloc[-1]
    assert ("No respondent shows any of 5 signs" in said) == (shown == 0)
    assert said.count("Not available: this study has no survey.") == 1


def test_one_gap_one_item_one_respondent(survey):
    survey.loc[0, "q7"] = np.nan  # in no model
    survey.iloc[299] = 4.0
    survey["q3"] = np.where(np.arange(300) < 60, 7.0, survey["q3"].clip(2, 6))
    said = read(survey)
    assert "Of 300 respondents 299 answered every item; 1 answer is missing." in said
    assert "No model loses a respondent by them." in said
    assert "1 item of 12 has more than 15%" in said
    assert "most of all q3 (20.0% gave the highest answer)" in said
    assert "the same answer throughout (1)" in said
    assert "counted, not left out" in said


def test_the_model_that_loses_most(survey):
    survey.loc[:29, "q4"] = np.nan
    said = read(survey)
    assert "two, keeps 270 and loses 10.0%" in said
    assert "Of 300 respondents 270 answered every item; 30 answers are missing." in said
    assert "model that loses" not in read(survey, models={"constructs": {}, "models": {}})


def test_strong_kurtosis_is_advice(survey):
    said = read(survey.mask(survey < 4, 4.0).mask(np.eye(300, 12, dtype=bool), 1.0))
    assert "robust standard errors and scaled tests should be read" in said


def test_all_absent():
    assert read_questionnaire(GONE, GONE, GONE, GONE) == "Not available: this study has no survey."
    assert read_disconfirmation(GONE) == "Not available: this study has no survey."


# --- experience and expectation ------------------------------------------------------------


def compare(weights, *, shift=0.0, n=800, bend=0.0, noise=0.5, satisfaction=True):
    rng = np.random.default_rng(2)
    hope, life = rng.normal(5, 1, n), rng.normal(5 + shift, 1, n)
    content = 5 + weights[0] * (hope - 5) + weights[1] * (life - 5) + bend * (life - 5) ** 2
    columns = {"H": hope, "L": life, "S": content + rng.normal(0, noise, n)}
    instrument = {
        item: {"construct": item.lower(), "label": label, "minimum": -20, "maximum": 30}
        for item, label in zip(columns, ("Hope", "Quality", "Contentment"), strict=True)
    }
    focus = {"expectation": "h", "experience": "l", "satisfaction": "s" if satisfaction else ""}
    return compare_experience(pd.DataFrame(columns), instrument=instrument, focus=focus)


def test_a_difference_on_average_and_none():
    assert "Quality lies" in read_disconfirmation(compare((-0.6, 0.6), shift=1.0))
    above = read_disconfirmation(compare((-0.6, 0.6), shift=1.0))
    assert "of 100 points above Hope on average" in above
    assert "of 100 points below Hope" in read_disconfirmation(compare((-0.6, 0.6), shift=-1.0))
    assert "Quality and Hope are not told apart on average" in read_disconfirmation(
        compare((-0.6, 0.6))
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"weights": (-0.6, 0.6)}, "is experience minus expectation is supported."),
        ({"weights": (0.3, 0.6)}, "is contradicted by their signs."),
        ({"weights": (-0.2, 0.6)}, "are supported, a plain difference is contradicted"),
        ({"weights": (0.0, 0.6)}, "are undecided, a plain difference is contradicted"),
        ({"weights": (-0.6, 0.6), "bend": 0.3}, "the relation is curved"),
        ({"weights": (-0.02, 0.02), "n": 30, "noise": 3.0}, "is undecided: a sign is open"),
    ],
)
def test_verdicts_on_the_difference(how, said):
    assert said in read_disconfirmation(compare(**how))


@pytest.mark.parametrize(("noise", "doubted"), [(1.4, True), (0.05, False)])
def test_a_sign_that_errors_of_measurement_may_lend_is_said(noise, doubted):
    rng = np.random.default_rng(7)
    hope = rng.normal(0, 1, 600)
    life = 0.8 * hope + rng.normal(0, 0.6, 600)
    content = 0.8 * life + (0.0 if doubted else 0.2) * hope + rng.normal(0, 0.5, 600)
    latent = {"h": (hope, noise / 3), "l": (life, noise), "s": (content, 0.3)}
    columns = {
        f"{name}{k}": 5 + score + rng.normal(0, error, 600)
        for name, (score, error) in latent.items()
        for k in (1, 2, 3)
    }
    scale = {"minimum": -20, "maximum": 30}
    instrument = {item: {"construct": item[0], "label": item[0], **scale} for item in columns}
    focus = {"expectation": "h", "experience": "l", "satisfaction": "s"}
    said = read_disconfirmation(
        compare_experience(pd.DataFrame(columns), instrument=instrument, focus=focus)
    )
    assert "Freed of the errors" in said
    assert "is contradicted by their signs." in said
    assert ("may rest on errors of measurement" in said) == doubted


def test_without_satisfaction_the_difference_is_still_said():
    said = read_disconfirmation(compare((-0.6, 0.6), satisfaction=False))
    assert "Experience was" in said
    assert "Not available: study.yml names no construct for satisfaction under focus." in said
