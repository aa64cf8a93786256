"""Recommendations: the rule speaks when its condition holds, and says what forbids it."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.recommendations import RULES, recommend, tabulate_rules
from crmstudy.conclusions.rules import STANDINGS

NUMBER = {"value": 1.0}


def campaign(effect=2.0, lower=1.0, upper=3.0, withheld=None):
    row = ["campaign_effect", "money a window", effect, lower, upper, 0.01, withheld]
    names = ["decided by", "measure", "effect", "lower", "upper", "p", "withheld because"]
    return {"case_study/verdicts": pd.DataFrame([row], columns=names)}


def contacts(profit=100.0, lower=50.0, upper=150.0, contacted=40):
    row = {
        "policy": "contacts expected to pay",
        "contacted": contacted,
        "profit": profit,
        "from": lower,
        "to": upper,
        "break-even rescue share": 0.1,
    }
    return {"customer_value/warning_contacts": pd.DataFrame([row])}


def checks(holds):
    row = {"assumption": "the test holds enough events", "holds": holds, "if it fails": "read it"}
    return {"customer_value/warning_checks": pd.DataFrame([row])}


def waits(ratio, lower, upper):
    row = {
        "quantity": "50% done within, hours",
        "after / before": ratio,
        "ratio, lower": lower,
        "ratio, upper": upper,
    }
    return {"case_study/waits": pd.DataFrame([row])}


def only(tables, numbers=(), caveats=None):
    """Give the one recommendation of some tables."""
    told = recommend(Evidence(tables, dict(numbers), caveats or {}))
    [advice] = told.advice
    return advice


def test_nothing_recorded_nothing_recommended_and_every_rule_says_why():
    told = recommend(Evidence({}))
    assert told.advice == ()
    assert len(told.unjudged) == len(RULES)
    assert all("recorded no table" in why.reason for _, why in told.unjudged)
    assert told.table().reason == "no rule finds anything to recommend"


@pytest.mark.parametrize(
    ("bounds", "withheld", "standing", "action"),
    [
        ((2, 1, 3), None, "do", "repeat the campaign"),
        ((-2, -3, -1), None, "do not", "repeat the campaign as it was"),
        ((1, -1, 3), None, "test first", "repeat the campaign with customers held back by lot"),
        (
            (2, 1, 3),
            "trends fails",
            "test first",
            "repeat the campaign with customers held back by lot",
        ),
        (
            (-2, -3, -1),
            "trends fails",
            "test first",
            "repeat the campaign with customers held back by lot",
        ),
    ],
)
def test_the_campaign_follows_its_verdict(bounds, withheld, standing, action):
    finding = only(campaign(*bounds, withheld)).finding
    assert (finding.told, finding.action) == (standing, action)
    assert ("withheld" in finding.forbidden) == (withheld is not None)


@pytest.mark.parametrize(("chance", "standing"), [(0.95, "do"), (0.8, "do"), (0.5, "test first")])
def test_a_campaign_that_hardly_pays_is_tested_first(chance, standing):
    numbers = {"case_study.firm.returns_drawn.probability": {"value": chance}}
    finding = only(campaign(), numbers).finding
    assert finding.told == standing
    assert f"probability {chance:.2f}" in finding.because


@pytest.mark.parametrize(
    ("bounds", "holds", "standing"),
    [
        ((100, 50, 150), "yes", "do"),
        ((100, -50, 150), "yes", "test first"),
        ((-100, -150, -50), "yes", "do not"),
        ((100, 50, 150), "no", "test first"),
    ],
)
def test_contacts_are_recommended_where_they_pay_and_their_checks_hold(bounds, holds, standing):
    finding = only({**contacts(*bounds), **checks(holds)}).finding
    assert finding.told == standing
    assert ("enough events fails" in finding.forbidden) == (holds == "no")


def test_nobody_to_contact_is_not_judged():
    told = recommend(Evidence(contacts(contacted=0)))
    assert told.advice == ()
    reasons = {rule.name: why.reason for rule, why in told.unjudged}
    assert reasons["customers at risk"] == "no contact with a customer at risk is expected to pay"


@pytest.mark.parametrize(
    ("bounds", "standing"),
    [((0.5, 0.4, 0.6), "do"), ((2, 1.5, 2.5), "do not"), ((1, 0.8, 1.2), "test first")],
)
def test_a_change_of_service_is_kept_where_customers_wait_less(bounds, standing):
    finding = only(waits(*bounds)).finding
    assert finding.told == standing
    assert finding.value == pytest.approx(1 - bounds[0])
    assert finding.lower == pytest.approx(1 - bounds[2])


def grading(**rows):
    shares = [{"indicator": k, "missing answers": 0, "poor": 1 - s, "good": s, "remark": ""}
              for k, s in rows.items()]  # fmt: skip
    weights = [{"indicator": k, "overall weight": 0.2} for k in rows]
    return {
        "performance_evaluation/grading": pd.DataFrame(shares),
        "performance_evaluation/weights": pd.DataFrame(weights),
    }


def test_the_weakest_indicator_by_hand():
    finding = only(grading(first_response=0.25, repeat_rate=0.75)).finding
    assert finding.action == "raise first response"
    assert finding.value == pytest.approx(0.2 * (2 - 1.25))


def test_the_weakest_indicator_follows_its_grade():
    assert only(grading(first_response=0.75, repeat_rate=0.25)).finding.action == (
        "raise repeat rate"
    )


def moderation(effect, lower, upper, holm=0.01):
    row = {
        "moderator": "Price",
        "effect": effect,
        "lower": lower,
        "upper": upper,
        "p (Holm)": holm,
        "expected": "+",
        "verdict": "supported",
    }
    return {"satisfaction_loyalty/moderation": pd.DataFrame([row])}


@pytest.mark.parametrize(("effect", "where"), [(0.3, "high"), (-0.3, "low")])
def test_a_moderator_says_where_to_begin(effect, where):
    lower, upper = sorted((effect * 0.5, effect * 1.5))
    finding = only(moderation(effect, lower, upper)).finding
    assert finding.action == f"put work on satisfaction first where Price is {where}"
    assert (finding.lower, finding.value, finding.upper) == pytest.approx((0.15, 0.3, 0.45))


def test_a_moderator_that_does_not_survive_holm_is_tested_first():
    assert only(moderation(0.3, 0.1, 0.5, holm=0.2)).finding.told == "test first"


def test_an_association_is_tested_first_and_says_so():
    finding = only(moderation(0.3, 0.1, 0.5)).finding
    assert finding.told == "test first"
    assert "association alone" in finding.against


def offers(lead, lower, upper, verdict):
    names = ["task", "method", "NDCG", "lead in NDCG", "lead, lower", "lead, upper"]
    rows = [
        ["repeat", "popular", 0.3, None, None, None],
        ["repeat", "ALS", 0.2, lead, lower, upper],
    ]
    table = pd.DataFrame(rows, columns=names)
    table["against the best baseline"] = ["the best baseline", verdict]
    return {"customer_value/recommenders": table}


@pytest.mark.parametrize(
    ("bounds", "verdict", "standing"),
    [
        ((0.2, 0.1, 0.3), "better", "do"),
        ((0.1, -0.1, 0.3), "not told apart", "test first"),
        ((-0.2, -0.3, -0.1), "worse", "do not"),
    ],
)
def test_a_method_of_recommendation_is_told_by_its_lead(bounds, verdict, standing):
    finding = only(offers(*bounds, verdict)).finding
    assert finding.told == standing
    assert finding.action == "recommend goods by ALS in place of popular"


def test_money_is_told_in_the_currency_of_the_study():
    [advice] = recommend(Evidence(contacts(), currency="EUR")).advice
    assert advice.finding.unit.startswith("EUR, profit")


def test_one_of_several_data_sets_is_named_beside_whom_it_is_for():
    numbers = {"case_study.shop.did.effect": NUMBER}
    assert only(campaign(), numbers, {"shop": "", "panel": ""}).who.endswith("; data set shop")
    assert "data set" not in only(campaign(), numbers, {"shop": ""}).who


def test_no_moderator_found_is_said():
    told = recommend(Evidence(moderation(0.1, -0.2, 0.4)))
    reasons = {rule.name: why.reason for rule, why in told.unjudged}
    assert "every interval of the moderators holds zero" in reasons["moderator of loyalty"]


def test_made_up_data_are_told_beside_what_rests_on_them():
    numbers = {"case_study.firm.did.effect": NUMBER, "case_study.other.returns.x": NUMBER}
    advice = only(campaign(), numbers, {"firm": "simulated data", "other": "a note"})
    assert advice.caveat == "simulated data"
    assert only(campaign(), numbers, {}).caveat == ""


def test_order_is_standing_then_evidence_then_money():
    tables = {
        **campaign(),
        **contacts(10, 5, 15),
        **waits(2, 1.5, 2.5),
        **moderation(0.3, 0.1, 0.5, holm=0.2),
    }
    table = recommend(Evidence(tables)).table()
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["rule"].tolist() == [
        "customers at risk",
        "campaign",
        "moderator of loyalty",
        "change of service",
    ]
    order = [STANDINGS.index(word) for word in table["standing"]]
    assert order == sorted(order)


def test_rules_have_names_of_their_own_and_read_something():
    table = tabulate_rules()
    assert table["rule"].is_unique
    assert (table["speaks when"].str.len() > 20).all()
    assert all(rule.reads for rule in RULES)
