"""Fieldwork as study.yml declares it: which method, whose shares, and what absence becomes."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.collection.fieldwork.surveyed import (
    NO_VARIABLE,
    compare_late,
    compare_respondents,
    number_customers,
    weigh_means,
    weigh_respondents,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.settings import Fieldwork, Instrument

ABSENT = NotAvailable("the study has no such table")
INSTRUMENT = Instrument.model_validate(
    {
        "scale": [1, 10],
        "constructs": {
            "joy": {"label": "Joy", "items": ["J1", "J2"]},
            "gone": {"label": "Gone", "items": ["G1"]},
        },
        "items": {"J1": {"text": "?"}, "J2": {"text": "?", "reverse": True}, "G1": {"text": "?"}},
        "roles": {"overall_satisfaction": "J1"},
    }
)
#: 6 customers of the north and 4 of the south, half of each women; answers: 2 and 6.
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": [f"c{k}" for k in range(10)],
        "region": ["north"] * 6 + ["south"] * 4,
        "sex": ["f", "m"] * 5,
    }
)
SURVEY = pd.DataFrame(
    {
        "respondent_id": [f"r{k}" for k in range(8)],
        "customer_id": ["c0", "c1", "c6", "c7", "c8", "c9", "c9", "c8"],
        "J1": [10.0, 10, 2, 2, 2, 2, 2, 2],
        "J2": [1.0, 1, 9, 9, 9, 9, 9, 9],
    }
)


def study(**fieldwork):
    settings = SimpleNamespace(fieldwork=Fieldwork.model_validate(fieldwork), instrument=INSTRUMENT)
    return SimpleNamespace(settings=settings)


def shares(weights, column="region"):
    """Weighted share of each level of a variable among the respondents."""
    levels = SURVEY["customer_id"].map(CUSTOMERS.set_index("customer_id")[column])
    return (weights.weights.groupby(levels).sum() / weights.weights.sum()).to_dict()


def test_one_variable_is_post_stratified_to_the_customers():
    found = weigh_respondents(study(weight_by=["region"]), SURVEY, CUSTOMERS)
    assert found.method == "post-stratification"
    assert shares(found) == pytest.approx({"north": 0.6, "south": 0.4})


def test_several_variables_are_raked():
    found = weigh_respondents(study(weight_by=["region", "sex"]), SURVEY, CUSTOMERS)
    assert found.method == "raking"
    assert found.converged
    assert shares(found) == pytest.approx({"north": 0.6, "south": 0.4})
    assert shares(found, "sex") == pytest.approx({"f": 0.5, "m": 0.5})


def test_known_shares_go_before_those_of_the_customers():
    known = {"region": {"north": 0.9, "south": 0.1}}
    one = weigh_respondents(study(weight_by=["region"], population=known), SURVEY, CUSTOMERS)
    assert shares(one) == pytest.approx({"north": 0.9, "south": 0.1})
    two = weigh_respondents(study(weight_by=["region", "sex"], population=known), SURVEY, CUSTOMERS)
    assert shares(two) == pytest.approx({"north": 0.9, "south": 0.1})
    assert shares(two, "sex") == pytest.approx({"f": 0.5, "m": 0.5})


def test_known_shares_alone_say_what_to_weight_by():
    known = {"region": {"north": 30, "south": 70}}
    found = weigh_respondents(study(population=known), SURVEY, CUSTOMERS)
    assert shares(found) == pytest.approx({"north": 0.3, "south": 0.7})


def test_a_survey_that_states_the_variable_needs_no_customers():
    stated = SURVEY.assign(region=["north"] * 2 + ["south"] * 6)
    known = {"region": {"north": 0.5, "south": 0.5}}
    found = weigh_respondents(study(population=known), stated, ABSENT)
    assert shares(found) == pytest.approx({"north": 0.5, "south": 0.5})


def test_without_a_variable_nothing_is_weighted_or_compared():
    for act in (weigh_respondents, compare_respondents):
        assert act(study(), SURVEY, CUSTOMERS) == NotAvailable(NO_VARIABLE)


KNOWN = {"region": {"north": 0.5, "south": 0.5}}


@pytest.mark.parametrize(
    "fieldwork", [{"weight_by": ["region"]}, {"weight_by": ["region", "sex"], "population": KNOWN}]
)
@pytest.mark.parametrize("survey", [SURVEY, ABSENT])
@pytest.mark.parametrize("customers", [CUSTOMERS, ABSENT])
def test_absence_is_handed_on(fieldwork, survey, customers):
    present = survey is SURVEY and customers is CUSTOMERS
    found = weigh_respondents(study(**fieldwork), survey, customers)
    assert isinstance(found, NotAvailable) == (not present)
    assert weigh_means(study(**fieldwork), survey, found) is not None
    if survey is ABSENT:
        assert isinstance(compare_respondents(study(**fieldwork), survey, customers), NotAvailable)


def test_the_survey_is_missed_before_the_customers():
    gone = NotAvailable("the study has no table survey")
    for act in (weigh_respondents, compare_respondents):
        assert act(study(weight_by=["region"]), gone, ABSENT) == gone


def test_known_shares_of_a_variable_that_neither_table_has():
    known = {"age": {"young": 0.5, "old": 0.5}}
    assert weigh_respondents(study(population=known), SURVEY, ABSENT) == ABSENT
    with pytest.raises(DataError, match="age"):
        weigh_respondents(study(population=known), SURVEY, CUSTOMERS)


def test_a_survey_that_is_not_linked_cannot_borrow_a_variable():
    anonymous = SURVEY.drop(columns="customer_id")
    with pytest.raises(DataError, match="customer_id"):
        weigh_respondents(study(weight_by=["region"]), anonymous, CUSTOMERS)


def test_a_level_without_a_respondent_is_refused():
    with pytest.raises(ModelError, match="no respondent in 'south'"):
        weigh_respondents(study(weight_by=["region"]), SURVEY.iloc[:2], CUSTOMERS)


def test_shares_that_add_up_to_nothing_are_refused():
    known = {"region": {"north": 0.2, "south": 0.2}}
    with pytest.raises(SettingsError, match=r"add up to 0\.4"):
        weigh_respondents(study(population=known), SURVEY, CUSTOMERS)


def test_respondents_are_compared_with_the_population():
    many = pd.concat([SURVEY] * 5, ignore_index=True)
    found = compare_respondents(study(weight_by=["region"]), many, CUSTOMERS)
    assert found.tests["variable"].tolist() == ["region"]
    assert found.tests["cramer_v"].iloc[0] > 0.5


def test_weighted_means_move_towards_the_population():
    weights = weigh_respondents(study(weight_by=["region"]), SURVEY, CUSTOMERS)
    means = weigh_means(study(), SURVEY, weights)
    # Plain: (2 x 10 + 6 x 2) / 8 = 4; weighted: .6 x 10 + .4 x 2 = 6.8.
    assert means[["unweighted mean", "mean"]].to_numpy().tolist() == [[4.0, pytest.approx(6.8)]]
    assert not any("_" in str(name) for name in means)


def test_no_construct_measured_is_said():
    bare = SURVEY[["respondent_id", "customer_id"]]
    weights = weigh_respondents(study(weight_by=["region"]), SURVEY, CUSTOMERS)
    reason = "study.yml names no construct that the survey measures"
    assert weigh_means(study(), bare, weights) == NotAvailable(reason)
    assert compare_late(study(), bare, pd.DataFrame()) == NotAvailable(reason)


def test_numbers_of_customers_stand_beside_their_answers():
    purchases = pd.DataFrame(
        {"revenue": [5.0, 7.0], "n_purchases": [1, 2], "x": [0, 0]},
        index=pd.Index(["c0", "c5"], name="customer_id"),
    )
    found = number_customers(study(), purchases, SURVEY)
    assert found.columns.tolist() == ["revenue", "n_purchases", "joy"]
    assert found.loc["c0"].tolist() == [5.0, 1.0, 10.0]
    assert pd.isna(found.loc["c5", "joy"])
    assert pd.isna(found.loc["c9", "revenue"])
    assert found.loc["c9", "joy"] == 2.0
    assert len(found) == 7


@pytest.mark.parametrize("survey", [ABSENT, SURVEY.drop(columns="customer_id")])
def test_numbers_without_linked_answers_are_purchases_alone(survey):
    purchases = pd.DataFrame(
        {"revenue": [5.0], "n_purchases": [1]}, index=pd.Index(["c0"], name="customer_id")
    )
    found = number_customers(study(), purchases, survey)
    assert found.columns.tolist() == ["revenue", "n_purchases"]


def test_numbers_without_purchases_are_absent():
    assert isinstance(number_customers(study(), ABSENT, SURVEY), NotAvailable)
