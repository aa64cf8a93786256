"""The simulated firm's persons, channels and fieldwork: recovery of the truth behind them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import kstest

from crmstudy.collection.simulate import (
    CAMPAIGN_STARTS_ON,
    SURVEY_STARTS_ON,
    WINDOW_STARTS_ON,
    SimulatedFirm,
    simulate_firm,
)
from crmstudy.collection.simulate.interviews import CODES
from crmstudy.collection.simulate.latent import CONSTRUCTS
from crmstudy.collection.simulate.names import miswrite
from crmstudy.collection.simulate.people import group_pattern, group_shares
from crmstudy.collection.simulate.staff import STAFF_CONSTRUCTS, STAFF_ITEMS, STAFF_PATHS
from crmstudy.collection.simulate.survey import INNOVATION_ITEMS

CHINESE = r"[\u4e00-\u9fff]"


@pytest.fixture(scope="module")
def firm() -> SimulatedFirm:
    return simulate_firm(seed=11)


@pytest.fixture(scope="module")
def large() -> SimulatedFirm:
    return simulate_firm(
        seed=8,
        n_customers=20_000,
        interview_count=3000,
        mystery_visits=4000,
        mystery_both_share=1.0,
        staff_count=8000,
        lead_share=0.4,
    )


def z_of_share(hits: pd.Series | np.ndarray, truth: float) -> float:
    return float((np.mean(hits) - truth) / np.sqrt(truth * (1 - truth) / len(hits)))


def regress(outcome: np.ndarray, *causes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares without the constant: slopes and their robust standard errors."""
    design = np.column_stack([np.ones(len(outcome)), *causes])
    bread = np.linalg.inv(design.T @ design)
    slopes = bread @ design.T @ outcome
    meat = (design.T * (outcome - design @ slopes) ** 2) @ design
    return slopes[1:], np.sqrt(np.diag(bread @ meat @ bread))[1:]


# --- recovery: what customers feel, and what it does -------------------------------------


def test_moderation_is_recovered_from_the_latent_scores(large):
    people = large.people
    satisfaction, rivals = people["satisfaction"].to_numpy(), people["alternatives"].to_numpy()
    found, error = regress(
        people["loyalty"].to_numpy(), satisfaction, rivals, satisfaction * rivals
    )
    names = ("satisfaction_loyalty", "alternatives_loyalty", "moderation_loyalty")
    truth = np.array([large.truth[f"sem.{name}"] for name in names])
    assert (np.abs(found - truth) / error).max() < 3
    assert people["loyalty"].var() == pytest.approx(1, abs=0.05)
    for level, sign in (("weak", -1), ("strong", 1)):
        slope = large.truth[f"sem.satisfaction_loyalty_at_{level}_rivals"]
        assert slope == pytest.approx(truth[0] + sign * truth[2])


def test_without_moderation_there_is_none():
    people = simulate_firm(seed=8, n_customers=5000, sem_moderation_loyalty=0.0).people
    satisfaction, rivals = people["satisfaction"].to_numpy(), people["alternatives"].to_numpy()
    found, error = regress(
        people["loyalty"].to_numpy(), satisfaction, rivals, satisfaction * rivals
    )
    assert abs(found[2] / error[2]) < 3


def test_innovation_acts_on_nothing(large):
    people = large.people
    innovation, satisfaction = people["innovation"].to_numpy(), people["satisfaction"].to_numpy()
    assert large.truth["sem.moderation_innovation"] == 0.0
    found, error = regress(
        people["loyalty"].to_numpy(), satisfaction, innovation, satisfaction * innovation
    )
    assert (np.abs(found[1:]) / error[1:]).max() < 3
    for name in (*CONSTRUCTS, "alternatives", "delay"):
        assert abs(people[name].corr(people["innovation"])) * np.sqrt(len(people)) < 3.5, name
    assert people["innovation"].std() == pytest.approx(1, abs=0.03)


def test_a_moderation_by_innovation_is_recovered_and_moves_nothing_else():
    plain = simulate_firm(seed=8, n_customers=5000)
    moved = simulate_firm(seed=8, n_customers=5000, sem_moderation_innovation=0.2)
    people = moved.people
    innovation, satisfaction = people["innovation"].to_numpy(), people["satisfaction"].to_numpy()
    found, error = regress(
        people["loyalty"].to_numpy(), satisfaction, innovation, satisfaction * innovation
    )
    assert abs(found[2] - 0.2) < 3 * error[2]
    assert people["loyalty"].var() == pytest.approx(1, abs=0.08)
    changed = {name for name in people if not people[name].equals(plain.people[name])}
    assert changed == {"loyalty"}
    answers = plain.tables["survey"]
    asked = [name for name in answers if not moved.tables["survey"][name].equals(answers[name])]
    assert set(asked) <= {"LO1", "LO2", "LO3", "REC"}


def test_questions_on_innovation_come_last_and_have_their_loadings(large):
    survey = large.tables["survey"]
    items = [*INNOVATION_ITEMS]
    assert [*survey.columns][-4:-1] == items
    known = survey[survey["customer_id"].notna()]
    latent = large.people.set_index("customer_id").loc[known["customer_id"], "innovation"]
    for name, item in INNOVATION_ITEMS.items():
        found = known[name].reset_index(drop=True).corr(latent.reset_index(drop=True))
        truth = large.truth[f"sem.observed_loading.{name.lower()}"]
        assert 0.97 * item.loading < truth < item.loading
        assert abs(np.arctanh(found) - np.arctanh(truth)) * np.sqrt(len(known)) < 4
        assert survey[name].mean() == pytest.approx(
            large.truth[f"survey.mean.{name.lower()}"], abs=4 * 1.8 / np.sqrt(len(survey))
        )
    partial = large.tables["invitations"].set_index("respondent_id")["outcome"] == "partial"
    gaps = survey.set_index("respondent_id")[items].isna()
    broke_off = partial.reindex(gaps.index, fill_value=False)
    assert gaps[broke_off].all(axis=None)
    others = gaps[~broke_off].to_numpy()
    share = large.truth["survey.missing"]
    assert abs(z_of_share(others.ravel(), share)) < 4


def test_slow_service_and_group_move_satisfaction(large):
    people = large.people
    customers = large.tables["customers"]
    groups = [
        pd.Categorical(customers[name], levels).codes
        for name, levels in (
            ("region", ("north", "east", "south", "west", "central")),
            ("sex", ("female", "male")),
        )
    ]
    pattern = group_pattern()[tuple(groups)]
    first = people["duplicate_of"].isna().to_numpy()  # second records copy the group
    found, error = regress(
        people["satisfaction"].to_numpy()[first],
        *people.loc[first, ["expectation", "quality", "value", "delay"]].to_numpy().T,
        pattern[first],
    )
    names = (
        *("expectation_satisfaction", "quality_satisfaction", "value_satisfaction"),
        *("delay_satisfaction", "group_satisfaction"),
    )
    truth = np.array([large.truth[f"sem.{name}"] for name in names])
    assert (np.abs(found - truth) / error).max() < 3


def test_group_pattern_is_standardised_and_shares_are_found(large):
    share, pattern = group_shares(), group_pattern()
    assert share.sum() == pytest.approx(1)
    assert (share * pattern).sum() == pytest.approx(0, abs=1e-12)
    assert (share * pattern**2).sum() == pytest.approx(1)
    customers = large.tables["customers"].assign(satisfaction=large.people["satisfaction"])
    for name in ("sex", "region"):
        for level, rows in customers.groupby(name):
            truth = large.truth[f"group.share.{level}"]
            assert abs(z_of_share(customers[name] == level, truth)) < 3.5
            error = rows["satisfaction"].sem()
            mean = large.truth[f"group.satisfaction.{level}"]
            assert abs(rows["satisfaction"].mean() - mean) < 3.5 * error


def test_dropout_stays_beta_and_independent_of_the_rate(large):
    a, b = large.truth["bg_nbd.a"], large.truth["bg_nbd.b"]
    dropout = large.people["dropout_probability"]
    assert kstest(dropout, "beta", args=(a, b)).pvalue > 0.001
    for cause in ("purchase_rate", "mean_spend", "alternatives"):
        correlation = dropout.corr(large.people[cause], method="spearman")
        assert abs(correlation) * np.sqrt(len(dropout)) < 3.5, cause


def test_hazard_ratio_is_recovered_at_the_first_repeat_purchase(large):
    people = large.people.set_index("customer_id")
    lines = large.tables["transactions"].query("status == 'completed'")
    lines = lines[lines["ordered_at"] < pd.Timestamp(CAMPAIGN_STARTS_ON)]
    lines = lines[~lines["customer_id"].map(people["prospect"])]
    days = lines.assign(day=lines["ordered_at"].dt.normalize())[["customer_id", "day"]]
    days = days.drop_duplicates().sort_values(["customer_id", "day"])
    second = days[days.groupby("customer_id").cumcount() == 1].set_index("customer_id")["day"]
    leaves = (people["left_on"][second.index] == second).to_numpy(float)
    satisfaction = people["satisfaction"][second.index].to_numpy()

    def loss(coefficients: np.ndarray) -> float:
        log_stay = -np.exp(coefficients[0] + coefficients[1] * satisfaction)
        return -float(np.mean(leaves * np.log(-np.expm1(log_stay)) + (1 - leaves) * log_stay))

    found = minimize(loss, np.array([-1.5, 0.0]), method="BFGS")
    error = np.sqrt(found.hess_inv[1, 1] / leaves.size)
    truth = np.log(large.truth["churn.hazard_ratio"])
    assert abs(found.x[1] - truth) < 3 * error
    assert abs(truth) > 10 * error  # the test has power
    overall = large.truth["bg_nbd.a"] / (large.truth["bg_nbd.a"] + large.truth["bg_nbd.b"])
    assert abs(z_of_share(leaves, overall)) < 3
    names = [f"churn.dropout.{level}" for level in ("high", "mean", "low")]
    high, mean, low = (large.truth[name] for name in names)
    assert high < mean < low


# --- recovery: persons and links ---------------------------------------------------------


def test_nobody_is_real(firm):
    told = [firm.tables[name] for name in ("customers", "leads", "contacts")]
    emails = pd.concat([table["email"] for table in told]).dropna()
    phones = pd.concat([table["phone"] for table in told]).dropna()
    assert emails.str.fullmatch(r"[a-z0-9.\-]+@example\.(com|org|net)").all()
    assert phones.str.fullmatch(r"\+1 [2-9][0-9]{2} 555 01[0-9]{2}").all()
    texts = firm.tables["contacts"]["text"]
    found = texts.str.extract(r"(\S+@\S+)")[0].dropna()
    assert len(found) > 10
    assert found.str.contains("@example.").all()


def test_customers_are_who_they_say(firm):
    customers = firm.tables["customers"]
    registered = customers["registered_on"].dt.year
    first = firm.people["duplicate_of"].isna()
    assert (registered - customers["birth_year"] == customers["age"])[first].all()
    chinese = customers["name"].str.contains(CHINESE)
    assert abs(z_of_share(chinese, firm.truth["person.chinese_share"])) < 3
    region = customers["postcode"].str[0].groupby(customers["region"])
    assert (region.nunique() <= 2).all()  # a blank and the region's digit
    for column in ("email", "phone"):
        assert customers.loc[first, column].dropna().is_unique
        missing = customers.loc[first, column].isna()
        assert abs(z_of_share(missing, firm.truth[f"person.{column}_missing"])) < 3


def test_test_customers_order_for_cents_and_belong_to_nothing_else(firm):
    customers = firm.tables["customers"]
    testers = set(customers.query("is_test")["customer_id"])
    assert len(testers) == round(3000 * firm.truth["person.test_share"])
    lines = firm.tables["transactions"]
    orders = lines[lines["customer_id"].isin(testers)]
    assert set(orders["customer_id"]) == testers
    assert (orders["revenue"] == 0.01).all()
    for name in ("campaigns", "survey", "contacts", "web_events", "leads", "interviews"):
        assert not testers & set(firm.tables[name]["customer_id"].dropna()), name


def test_second_records_are_of_persons_registered_before():
    firm = simulate_firm(
        seed=11, n_customers=3000, person_test_share=0.1, person_duplicate_share=0.3
    )
    people = firm.people.set_index("customer_id")
    again = people["duplicate_of"].dropna()
    assert len(again) in (899, 900)  # the very first record cannot be a second one
    customers = firm.tables["customers"].set_index("customer_id")
    second, first = customers.loc[again.index], customers.loc[again]
    assert (second["registered_on"].to_numpy() >= first["registered_on"].to_numpy()).all()
    for name in ("sex", "region", "channel", "age"):
        assert (second[name].to_numpy() == first[name].to_numpy()).all()
    assert not people.loc[again, "is_test"].any()
    assert not people.loc[again.index, "is_test"].any()
    assert people.loc[again, "duplicate_of"].isna().all()
    assert not set(again.index) & set(firm.tables["transactions"]["customer_id"])
    listed = firm.links.query("table == 'customers'").set_index("record_id")["customer_id"]
    pd.testing.assert_series_equal(listed, again, check_names=False)


def test_leads_convert_and_are_written_with_known_mistakes(large):
    leads = large.tables["leads"].set_index("lead_id")
    links = large.links.query("table == 'leads'").set_index("record_id")
    truth = large.truth
    assert len(leads) == 8000
    assert abs(z_of_share(leads.index.isin(links.index), truth["lead.conversion"])) < 3
    assert set(leads.index[leads["status"] == "won"]) == set(links.index)
    assert abs(z_of_share(links["named"], truth["lead.known_share"])) < 3
    named = leads.loc[links.index[links["named"]], "customer_id"]
    assert (named == links.loc[named.index, "customer_id"]).all()
    assert leads.loc[links.index[~links["named"]], "customer_id"].isna().all()
    customers = large.tables["customers"].set_index("customer_id")
    same = customers.loc[links["customer_id"]].set_axis(links.index)
    told = leads.loc[links.index]
    assert (told["created_on"] < same["registered_on"]).all()
    blank, moved = truth["person.blank_share"], truth["person.moved_share"]
    for column in ("email", "phone", "postcode", "birth_year"):
        assert abs(z_of_share(told[column].isna(), blank)) < 3.5, column
    assert abs(z_of_share(told["name"] != same["name"], truth["person.typo_share"])) < 3.5
    for column in ("email", "phone"):
        both = told[column].notna() & same[column].notna()
        differs = told.loc[both, column] != same.loc[both, column]
        assert abs(z_of_share(differs, moved)) < 3.5, column
    whole = told["birth_year"].notna()
    assert (told.loc[whole, "birth_year"] == same.loc[whole, "birth_year"]).all()


def test_leads_who_are_no_customers_share_no_key_with_one(large):
    linked = large.links.query("table == 'leads'")["record_id"]
    leads = large.tables["leads"]
    others = leads[~leads["lead_id"].isin(linked)]
    assert others["customer_id"].isna().all()
    assert not set(others["email"].dropna()) & set(large.tables["customers"]["email"].dropna())


@pytest.mark.parametrize("name", ["王芳", "欧阳明", "Anna Müller", "Bo Li", "李欣怡"])
def test_a_name_is_always_written_differently(name):
    rng = np.random.default_rng(1)
    written = {miswrite(rng, name) for _ in range(50)}
    assert name not in written
    assert "" not in written


def test_tickets_that_name_nobody_can_be_linked(firm):
    tickets = firm.tables["contacts"].set_index("contact_id")
    links = firm.links.query("table == 'contacts'").set_index("record_id")["customer_id"]
    unknown = tickets["customer_id"].isna()
    assert set(links.index) == set(tickets.index[unknown])
    assert abs(z_of_share(unknown, firm.truth["service.unknown_share"])) < 3
    customers = firm.tables["customers"].set_index("customer_id").loc[links]
    told = tickets.loc[links.index]
    for column in ("name", "email", "phone"):
        both = (told[column].notna() & customers[column].notna().to_numpy()).to_numpy()
        assert both.sum() > 10
        assert (told.loc[both, column].to_numpy() == customers.loc[both, column]).all()
    one_way = tickets[["name", "email", "phone"]].notna().sum(axis=1)
    assert (one_way == 1).all()
    signed = tickets["text"].str.contains("@", regex=False)
    assert abs(z_of_share(signed, firm.truth["service.signed_share"])) < 3


# --- recovery: consents and returns ------------------------------------------------------


def test_consents_have_their_rates_and_are_respected(large):
    consents = large.tables["consents"]
    last = consents.sort_values("decided_on", kind="stable")
    standing = last.pivot_table(
        index="customer_id", columns="purpose", values="given", aggfunc="last"
    ).astype(bool)
    assert len(standing) == large.n_customers
    for purpose in standing:
        rate = large.truth[f"consent.final.{purpose}"]
        assert abs(z_of_share(standing[purpose], rate)) < 3.5, purpose
        first = consents.query("purpose == @purpose").drop_duplicates("customer_id")["given"]
        assert abs(z_of_share(first, large.truth[f"consent.{purpose}"])) < 3.5
    assert standing.loc[large.tables["campaigns"]["customer_id"], "marketing"].all()
    assert standing.loc[large.tables["invitations"]["customer_id"], "survey"].all()


def test_returns_take_back_what_was_bought_and_keep_the_day(large):
    lines = large.tables["transactions"]
    bought, returned = (lines[lines["status"] == s] for s in ("completed", "returned"))
    key = ["basket_id", "product_id", "ordered_at", "customer_id"]
    pairs = returned.merge(bought, on=key, suffixes=("", "_bought"))
    matches = pairs[pairs["revenue"] == -pairs["revenue_bought"]]
    assert set(matches["basket_id"]) == set(returned["basket_id"])
    assert returned["basket_id"].is_unique
    in_campaign = set(large.tables["campaigns"]["customer_id"])
    calm = lines[~lines["customer_id"].isin(in_campaign) & (lines["revenue"].abs() != 0.01)]
    sizes = calm.query("status == 'completed'").groupby("basket_id").size()
    again = sizes.index[sizes > 1].isin(returned["basket_id"])
    assert abs(z_of_share(again, large.truth["returns.share"])) < 3
    cancelled = lines[lines["status"] == "cancelled"]["basket_id"]
    assert abs(z_of_share(sizes.index.isin(cancelled), large.truth["returns.cancelled_share"])) < 3


def test_net_spend_of_a_day_is_known(large):
    people = large.people.set_index("customer_id")
    lines = large.tables["transactions"].query("status != 'cancelled'")
    lines = lines[lines["ordered_at"] < pd.Timestamp(CAMPAIGN_STARTS_ON)]
    lines = lines[~lines["customer_id"].map(people["prospect"])]
    lines = lines.assign(day=lines["ordered_at"].dt.normalize(), gross=lines["revenue"].clip(0))
    days = lines.groupby(["customer_id", "day"])[["revenue", "gross"]].sum()
    assert (days["revenue"] > 0).all()  # no purchase vanishes
    back = 1 - days["revenue"] / days["gross"]
    assert abs(back.mean() - large.truth["returns.spend_share"]) < 3 * back.sem()
    kept = 1 - large.truth["returns.spend_share"]
    net = large.truth["returns.net_mean_spend"]
    assert net == pytest.approx(large.truth["gamma_gamma.mean_spend"] * kept)
    first = days.groupby("customer_id")["revenue"].first()
    assert abs(first.mean() - large.truth["returns.net_mean_spend"]) < 3 * first.sem()


# --- recovery: fieldwork -----------------------------------------------------------------


def answered(firm: SimulatedFirm) -> pd.DataFrame:
    """The invitations with the latent satisfaction, group and day of the answer."""
    invited = firm.tables["invitations"].merge(
        firm.tables["survey"][["respondent_id", "answered_on"]], on="respondent_id", how="left"
    )
    customers = firm.tables["customers"][["customer_id", "region", "sex"]]
    felt = firm.people[["customer_id", "satisfaction"]]
    return invited.merge(customers, on="customer_id").merge(felt, on="customer_id")


def test_outcomes_answers_and_dates_agree(firm):
    table = answered(firm)
    answers = table["outcome"].isin(["complete", "partial"])
    assert (table["answered_on"].notna() == answers).all()
    assert (table["invited_on"] == pd.Timestamp(SURVEY_STARTS_ON)).all()
    reminder = pd.Timestamp(SURVEY_STARTS_ON) + pd.Timedelta("14D")
    late = table["answered_on"] >= reminder
    assert 0 < late.sum() < answers.sum()
    assert (table["reminded_on"].notna() == (late | ~answers)).all()
    assert set(table["reminded_on"].dropna()) == {reminder}
    assert table["answered_on"].max() < pd.Timestamp(CAMPAIGN_STARTS_ON)
    survey = firm.tables["survey"].set_index("respondent_id")
    partial = table.loc[table["outcome"] == "partial", "respondent_id"]
    assert survey.loc[partial, "REC"].isna().all()
    assert survey.loc[partial, "EX1"].notna().mean() > 0.9
    assert set(table["outcome"]) == {
        *("complete", "partial", "refused", "no_contact", "ineligible", "unknown")
    }


def test_response_follows_the_group_pattern(large):
    table = answered(large)
    answers = table["outcome"].isin(["complete", "partial"])
    assert abs(z_of_share(answers, large.truth["survey.response_rate"])) < 3
    eligible = table["outcome"] != "ineligible"
    assert abs(z_of_share(answers[eligible], large.truth["survey.rr2"])) < 3
    complete = table.loc[eligible, "outcome"] == "complete"
    assert abs(z_of_share(complete, large.truth["survey.rr1"])) < 3
    partial = table.loc[answers, "outcome"] == "partial"
    assert abs(z_of_share(partial, large.truth["survey.partial_share"])) < 3
    mean = table.loc[answers, "satisfaction"]
    assert abs(mean.mean() - large.truth["survey.respondent_satisfaction"]) < 3 * mean.sem()
    assert large.truth["survey.respondent_satisfaction"] > 4 * mean.sem()


def test_weights_by_region_and_sex_mend_the_mean(large):
    table = answered(large)
    respondents = table[table["answered_on"].notna()]
    cells = respondents.groupby(["region", "sex"])["satisfaction"].agg(["mean", "sem"])
    share = pd.DataFrame(
        group_shares(), ["north", "east", "south", "west", "central"], ["female", "male"]
    )
    share = pd.Series([share.loc[group] for group in cells.index], cells.index)
    weighted = (share * cells["mean"]).sum()
    error = np.sqrt((share**2 * cells["sem"] ** 2).sum())
    assert abs(weighted - large.truth["survey.population_satisfaction"]) < 3 * error


def test_the_late_are_less_satisfied_by_a_known_amount(large):
    everybody = {"survey_share": 1.0, "consent_survey": 1.0, "survey_response_intercept": 50.0}
    respondents = answered(simulate_firm(seed=8, n_customers=40_000, **everybody))
    respondents = respondents.dropna(subset="answered_on")
    late = (respondents["answered_on"] >= respondents["reminded_on"]).to_numpy()
    assert abs(z_of_share(late, large.truth["survey.late_share"])) < 4
    groups = [respondents["satisfaction"][late], respondents["satisfaction"][~late]]
    gap = groups[0].mean() - groups[1].mean()
    error = np.hypot(groups[0].sem(), groups[1].sem())
    assert abs(gap - large.truth["survey.late_satisfaction_gap"]) < 3 * error
    assert gap < -5 * error


def test_mean_answers_of_the_customers_are_known():
    firm = simulate_firm(
        seed=3, n_customers=20_000, survey_share=1.0, survey_response_slope=0.0, consent_survey=1.0
    )
    survey = firm.tables["survey"]
    for item in ("SA1", "QU2", "AL1"):
        truth = firm.truth[f"survey.mean.{item.lower()}"]
        assert abs(survey[item].mean() - truth) < 3.5 * survey[item].sem(), item


def test_comments_are_in_the_customers_language_and_follow_satisfaction(large):
    survey = large.tables["survey"].dropna(subset=["comment", "customer_id"])
    names = large.tables["customers"].set_index("customer_id")["name"]
    in_chinese = survey["comment"].str.contains(CHINESE)
    assert (in_chinese.to_numpy() == names[survey["customer_id"]].str.contains(CHINESE)).all()
    share = len(survey) / large.tables["survey"]["customer_id"].notna().sum()
    assert share == pytest.approx(large.truth["survey.comment_share"], abs=0.02)
    happy = survey["comment"].str.contains("Keep it up|继续保持")
    assert survey.loc[happy, "SA1"].mean() > survey.loc[~happy, "SA1"].mean() + 0.5


# --- recovery: web, interviews, mystery shopping, staff ----------------------------------


def test_every_purchase_online_has_its_way_and_nothing_else_is_bought(firm):
    events, lines = firm.tables["web_events"], firm.tables["transactions"]
    testers = firm.tables["customers"].query("is_test")["customer_id"]
    baskets = lines[(lines["channel"] != "store") & ~lines["customer_id"].isin(testers)]
    baskets = baskets.drop_duplicates("basket_id")[["customer_id", "ordered_at"]]
    bought = events.query("event == 'purchase'")
    pairs = [
        frame.sort_values(["customer_id", when]).reset_index(drop=True)
        for frame, when in ((baskets, "ordered_at"), (bought, "occurred_at"))
    ]
    assert (pairs[0]["customer_id"] == pairs[1]["customer_id"]).all()
    assert (pairs[0]["ordered_at"] == pairs[1]["occurred_at"]).all()
    visitors = firm.people.set_index("customer_id")["visitor_id"]
    known = events.dropna(subset="customer_id")
    assert (known["visitor_id"].to_numpy() == visitors[known["customer_id"]]).all()
    assert events["occurred_at"].is_monotonic_increasing
    strangers = ~events["visitor_id"].isin(visitors)
    assert events.loc[strangers, "customer_id"].isna().all()
    assert strangers.sum() > 1000


def test_visits_without_purchase_follow_their_funnel(large):
    events, truth = large.tables["web_events"], large.truth
    buying = (events["event"] == "purchase").groupby(events["visitor_id"]).any()
    strangers = events["visitor_id"].map(~buying) & ~events["event"].isin(["review", "mention"])
    counts = events[strangers]["event"].value_counts()
    visits = counts["visit"]
    for event, share in (
        ("search", truth["web.search_share"]),
        ("view", truth["web.view_share"]),
        ("cart", truth["web.view_share"] * truth["web.cart_share"]),
    ):
        assert abs(counts[event] / visits - share) < 3 * np.sqrt(share * (1 - share) / visits)
    real = ~large.people["is_test"] & large.people["duplicate_of"].isna()
    n_visits = (events["event"] == "visit").sum() - (events["event"] == "purchase").sum()
    of_customers = n_visits - round(large.n_customers * truth["web.anonymous_share"])
    error = np.sqrt(real.sum() * truth["web.visits"]) + 0.02 * of_customers  # cut-off at the end
    assert abs(of_customers - real.sum() * truth["web.visits"]) < 3 * error


def test_reviews_follow_satisfaction(large):
    reviews = large.tables["web_events"].query("event == 'review'")
    assert reviews["rating"].between(1, 5).all()
    felt = large.people.set_index("customer_id")["satisfaction"][reviews["customer_id"]]
    liking = reviews["rating"].to_numpy()
    # hold out the ends, where ratings are cut: the slope inside is that of the normal score
    slope, error = regress(liking, felt.to_numpy())
    below = large.truth["web.review_satisfaction"]
    assert 0.75 * below < slope[0] < below + 3 * error[0]
    names = large.tables["customers"].set_index("customer_id")["name"]
    in_chinese = names[reviews["customer_id"]].str.contains(CHINESE).to_numpy()
    assert (reviews["text"].str.contains(CHINESE).to_numpy() == in_chinese).all()
    angry = reviews["text"].str.contains("Poor|太差")
    assert reviews.loc[angry, "rating"].max() <= 2


def coded_cells(interviews: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each code, one row a segment and one column a coder: given or not."""
    rows = interviews.assign(code=interviews["code"].fillna("none"))
    segment = ["interview_id", "segment_id"]
    table = pd.crosstab([rows[name] for name in segment], [rows["coder"], rows["code"]]) > 0
    coders = ("coder A", "coder B")
    return {code: pd.DataFrame({who: table[(who, code)] for who in coders}) for code in CODES}


def kappa(cells: pd.DataFrame) -> tuple[float, float]:
    """Cohen's kappa and its simple standard error (Cohen 1960)."""
    one, two = cells.to_numpy(float).T
    expected = one.mean() * two.mean() + (1 - one.mean()) * (1 - two.mean())
    observed = (one == two).mean()
    error = np.sqrt(observed * (1 - observed) / len(cells)) / (1 - expected)
    return (observed - expected) / (1 - expected), float(error)


def test_coders_agree_as_their_errors_say(large):
    interviews = large.tables["interviews"]
    assert interviews.duplicated(["interview_id", "segment_id", "coder", "code"]).sum() == 0
    cells = coded_cells(interviews)
    assert all(len(table) == 3000 * 10 for table in cells.values())  # both coded everything
    for code, table in cells.items():
        name = code.replace(" ", "_")
        found, error = kappa(table)
        assert abs(found - large.truth[f"interview.kappa.{name}"]) < 3.5 * error, code
        share = large.truth[f"interview.share.{name}"]
        assert table.mean().mean() == pytest.approx(share, abs=0.01)
    found, error = kappa(pd.concat(cells.values()))
    assert abs(found - large.truth["interview.kappa"]) < 3.5 * error


def test_some_codes_depend_on_satisfaction(large):
    interviews = large.tables["interviews"].dropna(subset="customer_id")
    felt = large.people.set_index("customer_id")["satisfaction"]
    mean = felt[interviews["customer_id"]].groupby(interviews["code"].to_numpy()).mean()
    assert mean["slow service"] < -0.3 < 0.1 < mean["good quality"]
    groups = large.tables["interviews"].query("kind == 'focus_group'")
    assert groups["customer_id"].isna().all()
    assert len(groups) > 0


def test_assessors_agree_as_their_variances_say(large):
    scores = large.tables["mystery_shopping"]
    mean = scores.pivot_table(index="visit_id", columns="assessor", values="score")
    visits = len(mean)
    assert visits == 4000
    between = 2 * mean.mean(axis=1).var()
    gap = mean.iloc[:, 1] - mean.iloc[:, 0]
    within = gap.var() / 2  # after the assessors' means: ICC(3,1)
    consistency = (between - within) / (between + within)
    error = (1 - consistency**2) / np.sqrt(visits)
    assert abs(consistency - large.truth["mystery.icc_consistency"]) < 3.5 * error
    assert abs(gap.mean() - large.truth["mystery.assessor_gap"]) < 3.5 * gap.sem()
    of_assessors = visits * gap.mean() ** 2 / 2
    agreement = (between - within) / (between + within + 2 * (of_assessors - within) / visits)
    assert abs(agreement - large.truth["mystery.icc_agreement"]) < 3.5 * error
    assert scores["score"].between(0, 10).all()


def test_part_of_the_visits_have_two_assessors(firm):
    scores = firm.tables["mystery_shopping"]
    n_assessors = scores.groupby("visit_id")["assessor"].nunique()
    assert (n_assessors == 2).sum() == 30
    assert len(n_assessors) == 60
    assert (scores.groupby(["visit_id", "assessor"]).size() == 6).all()


def test_staff_answers_recover_their_paths(large):
    survey = large.tables["staff_survey"]
    loading = np.array(
        [large.truth[f"staff.observed_loading.{name.lower()}"] for name in STAFF_ITEMS]
    )
    corrected = survey[[*STAFF_ITEMS]].corr().to_numpy() / np.outer(loading, loading)
    owner = np.array([item.construct for item in STAFF_ITEMS.values()])
    names = [*STAFF_CONSTRUCTS]
    latent = pd.DataFrame(np.eye(3), index=names, columns=names)
    for one in names:
        for other in set(names) - {one}:
            latent.loc[one, other] = corrected[np.ix_(owner == one, owner == other)].mean()
    for target in names[1:]:
        sources = [source for source, end in STAFF_PATHS if end == target]
        slopes = np.linalg.solve(latent.loc[sources, sources], latent.loc[sources, target])
        truth = [large.truth[f"staff.{source}_{target}"] for source in sources]
        assert slopes == pytest.approx(truth, abs=0.05)
    assert survey[[*STAFF_ITEMS]].isin(range(1, 8)).all(axis=None)


def test_texts_of_the_firm_are_in_two_languages(firm):
    for table, column in (
        ("contacts", "text"),
        ("web_events", "text"),
        ("survey", "comment"),
        ("interviews", "text"),
    ):
        texts = firm.tables[table][column].dropna()
        chinese = texts.map(lambda text: bool(re.search(CHINESE, text))).mean()
        assert 0.2 < chinese < 0.7, table
    assert set(CONSTRUCTS) < set(firm.people)
    assert firm.tables["customers"]["registered_on"].min() >= pd.Timestamp(WINDOW_STARTS_ON)
