"""Patterns of missing answers, and Little's test against R and its own laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.quality.missingness import (
    describe_patterns,
    estimate_moments,
    judge_randomness,
    probe_randomness,
)
from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import ModelError, NotAvailable

REFERENCE = Path(__file__).parents[1] / "reference" / "little_mcar"
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index("data")
INSTRUMENT = {
    "scale": [1, 5],
    "constructs": {"trust": {"label": "Trust", "items": ["A1", "A2", "B1"]}},
    "items": {"A1": {"text": "One"}, "A2": {"text": "Two"}, "B1": {"text": "Three"}},
}


def answers(name: str = "answers") -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")


@pytest.fixture
def data(make_study) -> StudyData:
    text = "respondent_id,A1,A2,B1\n1,1,2,3\n2,,2,3\n3,,2,4\n4,,,4\n5,5,5,5\n6,4,3,3\n7,2,2,\n"
    study = make_study({"survey": {"file": "s.csv"}}, {"s.csv": text}, instrument=INSTRUMENT)
    return StudyData(study, open_warehouse(study))


@pytest.mark.parametrize("name", ["airquality", "answers"])
def test_r_computes_the_same(name):
    found = judge_randomness(answers(name))
    assert found.statistic == pytest.approx(EXPECTED.loc[name, "statistic"], rel=1e-8)
    assert found.p_value == pytest.approx(EXPECTED.loc[name, "p_value"], rel=1e-8)
    assert found.distribution == f"chi2({EXPECTED.loc[name, 'df']})"


def test_naniar_prints_the_same():
    """Documentation of naniar::mcar_test (Tierney & Cook), example airquality."""
    found = judge_randomness(answers("airquality"))
    assert found.statistic == pytest.approx(35.1, abs=0.05)
    assert found.p_value == pytest.approx(0.00142, abs=5e-6)


def test_scale_place_and_order_change_nothing():
    values = answers("airquality")
    shuffled = values.sample(frac=1, random_state=1)[values.columns[::-1]] * 1000 - 7
    one, other = judge_randomness(values), judge_randomness(shuffled)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-8)


def test_a_respondent_without_an_answer_changes_nothing():
    values = answers()
    silent = pd.concat([values, values.iloc[:1] * np.nan], ignore_index=True)
    assert judge_randomness(silent) == judge_randomness(values)


def test_complete_answers_give_mean_and_covariance():
    x = np.random.default_rng(1).normal(size=(50, 3))
    mean, covariance = estimate_moments(x, [(np.arange(3), np.arange(50))])
    assert mean == pytest.approx(x.mean(axis=0), abs=1e-12)
    assert covariance == pytest.approx(np.cov(x.T, ddof=0), abs=1e-12)


def test_it_keeps_its_level_and_finds_what_is_not_random():
    rng = np.random.default_rng(20261123)
    rejected = {"random": 0, "not random": 0}
    for _ in range(60):
        x = rng.multivariate_normal([0, 0, 0], np.eye(3) * 0.5 + 0.5, size=150)
        random, chosen = pd.DataFrame(x), pd.DataFrame(x)
        random[2] = random[2].mask(rng.random(150) < 0.2)
        chosen[2] = chosen[2].mask((x[:, 0] > 0.5) & (rng.random(150) < 0.6))
        rejected["random"] += judge_randomness(random).p_value < 0.05
        rejected["not random"] += judge_randomness(chosen).p_value < 0.05
    assert rejected["random"] <= 9  # 3 expected; P(more than 9) < .002
    assert rejected["not random"] >= 57


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.dropna(), "no answer is missing"),
        (lambda x: x.head(3), "3 respondents are too few for 4 items"),
        (lambda x: x.assign(A2=5.0), "A2: all answers are the same"),
        (lambda x: x.assign(A2=np.nan), "A2: all answers are the same, or there is none"),
        (lambda x: x.assign(A2=x["A1"]), "singular"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(ModelError, match=message):
        judge_randomness(change(answers()))


def test_patterns(data):
    found = describe_patterns(data)
    table = found.table()
    assert table["pattern"].tolist() == ["none", "A1", "B1", "A1, A2"]
    assert table["respondents"].tolist() == [3, 2, 1, 1]
    assert table["items left out"].tolist() == [0, 1, 1, 2]
    assert table["share"].sum() == pytest.approx(1)
    assert found.to_metrics() == {"n": 7, "complete": 3, "patterns": 4}
    assert found.items().set_index("item")["missing"].to_dict() == {"A1": 3, "A2": 1, "B1": 1}


def test_the_survey_is_probed(data):
    assert "singular" in probe_randomness(data).reason  # seven respondents are hardly any


def test_a_survey_is_probed_as_its_answers_are(make_study):
    values = answers().fillna(99).astype(int).astype(str).replace("99", "")
    text = values.rename_axis("respondent_id").to_csv(lineterminator="\n")
    instrument = {
        "scale": [1, 10],
        "constructs": {"trust": {"label": "Trust", "items": ["A1", "A2", "B1", "B2"]}},
        "items": {name: {"text": name} for name in values},
    }
    study = make_study({"survey": {"file": "s.csv"}}, {"s.csv": text}, instrument=instrument)
    data = StudyData(study, open_warehouse(study))
    assert probe_randomness(data) == judge_randomness(answers())


def test_without_a_survey(make_study):
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": "customer_id\na\n"})
    data = StudyData(study, open_warehouse(study))
    assert isinstance(describe_patterns(data), NotAvailable)
    assert "no table staff_survey" in probe_randomness(data, survey="staff_survey").reason


def test_without_an_item(make_study):
    study = make_study({"survey": {"file": "s.csv"}}, {"s.csv": "respondent_id\na\n"})
    data = StudyData(study, open_warehouse(study))
    assert "no item of the instrument" in describe_patterns(data).reason
    assert "no item of the instrument" in probe_randomness(data).reason


def test_nothing_missing_is_said(make_study):
    text = "respondent_id,A1,A2,B1\n" + "".join(f"{i},{i % 5 + 1},2,3\n" for i in range(9))
    study = make_study({"survey": {"file": "s.csv"}}, {"s.csv": text}, instrument=INSTRUMENT)
    data = StudyData(study, open_warehouse(study))
    assert describe_patterns(data).table()["pattern"].tolist() == ["none"]
    assert "no answer is missing" in probe_randomness(data).reason
