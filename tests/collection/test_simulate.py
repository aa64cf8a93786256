"""The simulated firm: recovery of its truth, its laws, its refusals, and the template."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln
from scipy.stats import chi2

from crmstudy.collection.contracts.contract import Expected, find_violations
from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.simulate import (
    CALIBRATION_ENDS_ON,
    CAMPAIGN_ID,
    CAMPAIGN_STARTS_ON,
    SERVICE_CHANGES_ON,
    STAFF_INSTRUMENT,
    SURVEY_INSTRUMENT,
    WEIGHTS,
    WINDOW_ENDS_ON,
    WINDOW_STARTS_ON,
    FirmParameters,
    SimulatedFirm,
    simulate_firm,
)
from crmstudy.collection.simulate.latent import (
    CONSTRUCTS,
    PATHS,
    implied_correlations,
    path_coefficients,
)
from crmstudy.collection.simulate.people import score_rates
from crmstudy.collection.simulate.survey import INNOVATION_ITEMS, ITEMS, MODERATOR_ITEMS
from crmstudy.errors import SettingsError
from crmstudy.settings import Instrument

TABLES = (
    *("customers", "products", "transactions", "campaigns", "responses", "contacts"),
    *("subscriptions", "web_events", "costs", "survey", "invitations", "judgements", "interviews"),
    *("mystery_shopping", "leads", "staff_survey", "consents", "systems", "benchmarks"),
)
EVERYBODY_ANSWERS = {
    "survey_share": 1.0,
    "consent_survey": 1.0,
    "consent_changed_share": 0.0,
    "survey_response_intercept": 50.0,
    "survey_partial_share": 0.0,
    "survey_missing": 0.0,
}


@pytest.fixture(scope="module")
def firm() -> SimulatedFirm:
    return simulate_firm(seed=11)


@pytest.fixture(scope="module")
def large() -> SimulatedFirm:
    return simulate_firm(seed=5, n_customers=20_000, panel_experts=400, **EVERYBODY_ANSWERS)


def as_bytes(tables: dict[str, pd.DataFrame]) -> dict[str, bytes]:
    return {name: table.to_csv(index=False).encode() for name, table in tables.items()}


# --- recovery: purchases and spend -------------------------------------------------------


def sold(firm: SimulatedFirm) -> pd.DataFrame:
    """The lines that real customers bought and paid for, before returns."""
    lines = firm.tables["transactions"]
    testers = firm.tables["customers"].query("is_test")["customer_id"]
    return lines[(lines["status"] == "completed") & ~lines["customer_id"].isin(testers)]


def merge_by_day(transactions: pd.DataFrame, until: np.datetime64) -> pd.DataFrame:
    lines = transactions.assign(day=transactions["ordered_at"].dt.normalize())
    lines = lines[lines["day"] <= pd.Timestamp(until)]
    return lines.groupby(["customer_id", "day"], as_index=False)["revenue"].sum()


def count_purchases(purchases: pd.DataFrame, until: np.datetime64) -> np.ndarray:
    """Repeat purchases, weeks to the last one, weeks observed: pooled, with their counts."""
    days = purchases.groupby("customer_id")["day"].agg(["min", "max", "size"])
    pooled = pd.DataFrame(
        {
            "x": days["size"] - 1,
            "t_x": (days["max"] - days["min"]).dt.days / 7,
            "T": (pd.Timestamp(until) - days["min"]).dt.days / 7,
        }
    )
    return pooled.value_counts().reset_index().to_numpy(dtype=float).T


def bg_nbd_log_likelihood(log_parameters: np.ndarray, counts: np.ndarray) -> float:
    """Equation 6 of Fader, Hardie and Lee (2005), summed over customers."""
    r, alpha, a, b = np.exp(log_parameters)
    x, t_x, observed, weight = counts
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    alive = betaln(a, b + x) - (r + x) * np.log(alpha + observed)
    left = betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    either = np.where(x > 0, np.logaddexp(alive, left), alive)
    return float(weight @ (common + either))


def gamma_gamma_log_likelihood(log_parameters: np.ndarray, x: np.ndarray, m: np.ndarray) -> float:
    """Equation 1a of Fader and Hardie (2013), summed over customers."""
    p, q, v = np.exp(log_parameters)
    return float(
        np.sum(
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1) * np.log(m)
            + p * x * np.log(x)
            - (p * x + q) * np.log(v + m * x)
        )
    )


def compare_with_truth(log_likelihood, truth: list[float], *data) -> tuple[np.ndarray, float]:
    """Estimates, and the p-value of the likelihood ratio test that the truth is true."""
    at_truth = log_likelihood(np.log(truth), *data)

    def loss(log_parameters: np.ndarray) -> float:
        return log_likelihood(log_parameters, *data) / at_truth  # log-likelihoods are negative

    precise = {"ftol": 1e-15, "gtol": 1e-9}
    found = minimize(loss, np.log(truth) + 0.2, method="L-BFGS-B", options=precise)
    ratio = 2 * at_truth * (found.fun - 1)
    return np.exp(found.x), float(chi2.sf(ratio, len(truth)))


def test_bg_nbd_is_recovered_from_purchases_merged_by_day(large):
    truth = [large.truth[f"bg_nbd.{name}"] for name in ("r", "alpha", "a", "b")]
    purchases = merge_by_day(sold(large), CALIBRATION_ENDS_ON)
    counts = count_purchases(purchases, CALIBRATION_ENDS_ON)
    found, p_value = compare_with_truth(bg_nbd_log_likelihood, truth, counts)
    assert p_value > 0.001
    assert found[:2] == pytest.approx(truth[:2], rel=0.06)  # r and alpha, three standard errors


def test_baskets_not_merged_by_day_mislead(large):
    truth = [large.truth[f"bg_nbd.{name}"] for name in ("r", "alpha", "a", "b")]
    baskets = sold(large).drop_duplicates("basket_id")
    baskets = baskets.assign(day=baskets["ordered_at"].dt.normalize())
    baskets = baskets[baskets["day"] <= pd.Timestamp(CALIBRATION_ENDS_ON)]
    counts = count_purchases(baskets, CALIBRATION_ENDS_ON)
    found, p_value = compare_with_truth(bg_nbd_log_likelihood, truth, counts)
    assert p_value < 1e-6
    assert found[1] < 0.94 * truth[1]


def test_gamma_gamma_is_recovered_by_likelihood_and_moments(large):
    truth = [large.truth[f"gamma_gamma.{name}"] for name in ("p", "q", "v")]
    purchases = merge_by_day(sold(large), WINDOW_ENDS_ON)
    spend = purchases.groupby("customer_id")["revenue"].agg(["size", "mean", "first", "last"])
    x, mean = spend["size"].to_numpy(float), spend["mean"].to_numpy()
    found, p_value = compare_with_truth(gamma_gamma_log_likelihood, truth, x, mean)
    assert p_value > 0.001
    assert (np.abs(found / truth - 1) < [0.15, 0.065, 0.22]).all()  # three standard errors

    first = spend["first"]  # one purchase a customer: independent draws
    z = (first.mean() - large.truth["gamma_gamma.mean_spend"]) / first.sem()
    assert abs(z) < 3

    # of two purchases the first one's share is beta(p, p), whatever the customer's mean
    pairs = spend[spend["size"] >= 2]
    squared = (pairs["first"] / (pairs["first"] + pairs["last"]) - 0.5) ** 2
    z = (squared.mean() - 1 / (4 * (2 * truth[0] + 1))) / squared.sem()
    assert abs(z) < 3


def test_latent_rates_and_departures_explain_the_purchases(firm):
    people = firm.people.set_index("customer_id")
    purchases = merge_by_day(sold(firm), CAMPAIGN_STARTS_ON - 1)
    last = purchases.groupby("customer_id")["day"].max()
    left = people.loc[last.index, "left_on"]
    gone_before = left < pd.Timestamp(CAMPAIGN_STARTS_ON)
    assert (last[gone_before] == left[gone_before]).all()
    assert not people["prospect"].loc[last.index].any()
    assert set(people.index[~people["prospect"]]) == set(last.index)


# --- recovery: campaign ------------------------------------------------------------------


def campaign_revenue(firm: SimulatedFirm) -> pd.DataFrame:
    """Revenue of each customer of the experiment in the campaign, and as long before."""
    lines = firm.tables["transactions"].query("status != 'cancelled'")  # after returns
    start, weeks = pd.Timestamp(CAMPAIGN_STARTS_ON), pd.Timedelta(weeks=12)
    after = lines[lines["ordered_at"] >= start].groupby("customer_id")
    before = lines[lines["ordered_at"].between(start - weeks, start, inclusive="left")]
    outcomes = {
        "after": after["revenue"].sum(),
        "before": before.groupby("customer_id")["revenue"].sum(),
        "baskets": after["basket_id"].nunique(),
    }
    campaign = firm.tables["campaigns"].set_index("customer_id")
    wide = {name: values.reindex(campaign.index).fillna(0) for name, values in outcomes.items()}
    return pd.DataFrame({"treated": campaign["treated"], **wide})


def difference(outcome: pd.Series, treated: pd.Series) -> tuple[float, float]:
    group, control = outcome[treated], outcome[~treated]
    return group.mean() - control.mean(), float(np.hypot(group.sem(), control.sem()))


def test_campaign_effect_is_recovered_over_replications():
    firms = [simulate_firm(seed=seed, n_customers=1500) for seed in range(40)]
    frames = [campaign_revenue(firm) for firm in firms]
    outcomes = {
        "did.revenue_effect": [f["after"] - f["before"] for f in frames],
        "did.purchase_effect": [f["baskets"] for f in frames],
    }
    for name, values in outcomes.items():
        truth = firms[0].truth[name]
        pairs = [difference(v, f["treated"]) for v, f in zip(values, frames, strict=True)]
        estimates, errors = np.array(pairs).T
        z = (estimates.mean() - truth) / (estimates.std(ddof=1) / np.sqrt(40))
        assert abs(z) < 3, name
        covered = (np.abs(estimates - truth) < 1.96 * errors).sum()
        assert covered >= 34, name  # of 40: less has a probability of 0.3 per cent


def test_treatment_is_randomised_and_answers_come_from_the_treated(firm, large):
    balance = campaign_revenue(large)
    effect, error = difference(balance["before"], balance["treated"])
    assert abs(effect / error) < 3
    joined = large.tables["customers"].set_index("customer_id")["registered_on"]
    joined_day = (joined[balance.index] - joined.min()).dt.days
    effect, error = difference(joined_day, balance["treated"])
    assert abs(effect / error) < 3
    assert large.tables["campaigns"]["customer_id"].is_monotonic_increasing
    quarter = simulate_firm(seed=5, n_customers=20_000)  # a quarter answers, three fifths take part
    in_campaign = quarter.tables["survey"]["customer_id"].isin(balance.index)
    assert abs(in_campaign.mean() - 0.6) < 4 * np.sqrt(0.6 * 0.4 / len(in_campaign))
    campaigns = firm.tables["campaigns"].set_index("customer_id")
    assert campaigns["treated"].mean() == pytest.approx(0.5, abs=0.001)
    responses = firm.tables["responses"]
    assert campaigns.loc[responses["customer_id"], "treated"].all()
    assert responses["customer_id"].is_unique
    n_treated = int(campaigns["treated"].sum())
    rate = firm.truth["campaign.response_rate"]
    z = (len(responses) / n_treated - rate) / np.sqrt(rate * (1 - rate) / n_treated)
    assert abs(z) < 3


def test_campaign_leaves_the_time_before_it_alone(firm):
    without = simulate_firm(seed=11, campaign_purchases=0.0)
    assert without.tables["responses"].empty
    lines, undisturbed = firm.tables["transactions"], without.tables["transactions"]
    start = pd.Timestamp(CAMPAIGN_STARTS_ON)
    pd.testing.assert_frame_equal(
        lines[lines["ordered_at"] < start], undisturbed[undisturbed["ordered_at"] < start]
    )
    assert len(lines) > len(undisturbed)


# --- recovery: service -------------------------------------------------------------------


def test_response_times_are_lognormal_and_shorter_after_the_change(large):
    tickets = large.tables["contacts"]
    tickets = tickets[tickets["opened_at"] < pd.Timestamp(WINDOW_ENDS_ON) - pd.Timedelta("60D")]
    tickets = tickets.dropna(subset="customer_id")
    hours = (tickets["first_response_at"] - tickets["opened_at"]) / pd.Timedelta("1h")
    satisfaction = large.people.set_index("customer_id")["satisfaction"]
    satisfaction = satisfaction[tickets["customer_id"]].to_numpy()
    changed = (tickets["opened_at"] >= pd.Timestamp(SERVICE_CHANGES_ON)).to_numpy()
    sigma = large.truth["service.response_sigma"]
    for when, chosen in (("before", ~changed), ("after", changed)):
        # who buys often, and so asks often, is more satisfied: hold satisfaction fixed
        log_hours = np.log(hours[chosen].to_numpy())
        score = (log_hours - np.log(large.truth[f"service.response_hours_{when}"])) / sigma
        design = np.column_stack([np.ones(score.size), satisfaction[chosen]])
        found, *_ = np.linalg.lstsq(design, score)
        # tickets of one customer are alike: allow for twice the variance
        error = np.sqrt(2 * np.diag(np.linalg.inv(design.T @ design)))
        truth = [0.0, large.truth["service.delay_satisfaction"]]
        assert (np.abs(found - truth) / error).max() < 3
        assert log_hours.std() == pytest.approx(sigma, rel=0.05)
        assert abs(pd.Series(log_hours).skew()) < 0.15


def test_complaints_follow_latent_satisfaction(large):
    tickets = large.tables["contacts"].dropna(subset="customer_id")
    satisfaction = large.people.set_index("customer_id")["satisfaction"]
    design = np.column_stack([np.ones(len(tickets)), satisfaction[tickets["customer_id"]]])
    complaint = tickets["complaint"].to_numpy(float)

    def minus(coefficients: np.ndarray) -> float:
        log_odds = design @ coefficients
        return float((np.logaddexp(0, log_odds) - complaint * log_odds).mean())

    found = minimize(minus, np.zeros(2)).x
    probability = 1 / (1 + np.exp(-design @ found))
    information = (design.T * (probability * (1 - probability))) @ design
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    truth = [large.truth["service.complaint_intercept"], large.truth["service.complaint_slope"]]
    assert (np.abs(found - truth) / error).max() < 3


def test_texts_fit_their_ticket(firm):
    tickets = firm.tables["contacts"]
    chinese = tickets["text"].str.contains("[一-鿿]", regex=True)
    by_customer = chinese.groupby(tickets["customer_id"]).nunique()
    assert (by_customer == 1).all()  # a customer writes in one language
    kinds = tickets.groupby("text")[["topic", "complaint"]].nunique()
    assert (kinds == 1).all(axis=None)
    assert set(tickets.loc[tickets["complaint"], "topic"]) == {"delivery", "quality", "billing"}
    assert set(tickets.loc[~tickets["complaint"], "topic"]) == {"delivery", "advice", "account"}


def test_what_has_not_happened_is_missing(firm):
    tickets = firm.tables["contacts"]
    end = pd.Timestamp(WINDOW_ENDS_ON) + pd.Timedelta("1D")
    assert (tickets["first_response_at"].dropna() > tickets["opened_at"]).all()
    resolved = tickets.dropna(subset="resolved_at")
    assert (resolved["resolved_at"] > resolved["first_response_at"]).all()
    assert 0 < tickets["resolved_at"].isna().sum() < 0.02 * len(tickets)
    assert tickets[["first_response_at", "resolved_at"]].max().max() < end


def test_costs_add_up_from_the_other_tables(firm):
    costs, truth = firm.tables["costs"], firm.truth
    totals = costs.groupby("cost_type")["amount"].sum()
    n_tickets = len(firm.tables["contacts"])
    n_treated = firm.tables["campaigns"]["treated"].sum()
    assert totals["service"] == pytest.approx(n_tickets * truth["cost.service_per_ticket"])
    assert totals["campaign"] == pytest.approx(n_treated * truth["cost.campaign_per_customer"])
    assert totals["platform"] == pytest.approx(24 * truth["cost.platform_per_month"])
    december = costs[(costs["period"] == "2025-12-01") & (costs["cost_type"] == "care")]
    assert december["amount"].item() == pytest.approx(3000 * truth["cost.care_per_customer"])
    assert (costs["period"].dt.day == 1).all()
    assert len(costs) == 24 * 4


# --- recovery: survey and panel ----------------------------------------------------------


def z_of_correlation(first, second, truth: float) -> float:
    found = np.corrcoef(first, second)[0, 1]
    return float((np.arctanh(found) - np.arctanh(truth)) * np.sqrt(len(first) - 3))


def test_latent_scores_have_the_implied_correlations(large):
    people = large.people
    implied = implied_correlations(path_coefficients(large.parameters))
    for i, one in enumerate(CONSTRUCTS):
        assert abs(people[one].mean()) < 4 / np.sqrt(len(people))
        assert people[one].var() == pytest.approx(1, abs=4 * np.sqrt(2 / len(people)))
        for other in list(CONSTRUCTS)[:i]:
            assert abs(z_of_correlation(people[one], people[other], implied.loc[one, other])) < 4


def test_loyalty_goes_with_the_purchase_rate_and_shows_in_purchases(large):
    people = large.people
    score = score_rates(people["purchase_rate"], large.parameters)
    assert abs(z_of_correlation(people["loyalty"], score, large.truth["sem.rate_loyalty"])) < 4
    assert abs(z_of_correlation(people["satisfaction"], score, 0.0)) < 4
    purchases = merge_by_day(sold(large), WINDOW_ENDS_ON)
    counts = purchases.groupby("customer_id").size()
    loyalty = people.set_index("customer_id")["loyalty"][counts.index]
    assert loyalty.corr(counts, method="spearman") > 0.1


def test_items_have_the_loadings_that_discretisation_leaves(large):
    survey = large.tables["survey"]
    latent = large.people.set_index("customer_id").loc[survey["customer_id"]]
    for name, item in ITEMS.items():
        observed = large.truth[f"sem.observed_loading.{name.lower()}"]
        assert 0.97 * item.loading < observed < item.loading
        sign = -1 if item.reverse else 1
        assert abs(z_of_correlation(survey[name], latent[item.construct], sign * observed)) < 4


def test_paths_are_recovered_from_the_survey(large):
    """Correct the items' correlations for their loadings, then regress the constructs."""
    signs = [-1 if item.reverse else 1 for item in ITEMS.values()]
    loadings = signs * np.array([large.truth[f"sem.observed_loading.{i.lower()}"] for i in ITEMS])
    corrected = large.tables["survey"][[*ITEMS]].corr().to_numpy() / np.outer(loadings, loadings)
    owner = np.array([item.construct for item in ITEMS.values()])
    latent = pd.DataFrame(np.eye(len(CONSTRUCTS)), index=[*CONSTRUCTS], columns=[*CONSTRUCTS])
    for one, other in permutations(CONSTRUCTS, 2):
        latent.loc[one, other] = corrected[np.ix_(owner == one, owner == other)].mean()
    for target in [*CONSTRUCTS][1:]:
        sources = [source for source, end in PATHS if end == target]
        slopes = np.linalg.solve(latent.loc[sources, sources], latent.loc[sources, target])
        truth = [large.truth[f"sem.{source}_{target}"] for source in sources]
        assert slopes == pytest.approx(truth, abs=0.03)  # three standard errors of the widest


def test_truth_of_the_survey_is_consistent(firm):
    truth = firm.truth
    assert truth["sem.r2.quality"] == pytest.approx(0.5**2)
    assert truth["sem.r2.loyalty"] == pytest.approx(0.65**2)
    indirect = (0.6 + 0.6 * 0.3) * 0.65  # quality reaches satisfaction directly and by value
    assert truth["sem.total.quality_loyalty"] == pytest.approx(indirect)
    assert truth["did.revenue_effect"] == pytest.approx(0.25 * 6 * 15 / 3)
    assert firm.to_metrics() == truth
    assert firm.table()["true value"].tolist() == list(truth.values())
    assert all(type(value) is float for value in truth.values())


def test_survey_has_anonymous_respondents_and_missing_answers_at_random():
    parameters = EVERYBODY_ANSWERS | {"survey_share": 0.5, "survey_missing": 0.02}
    survey = simulate_firm(seed=2, n_customers=2000, survey_anonymous=400, **parameters).tables[
        "survey"
    ]
    assert survey["customer_id"].isna().sum() == 400
    assert survey["customer_id"].iloc[-400:].isna().all()
    answers = survey[[*ITEMS, "REC"]]
    share, n = answers.isna().mean(axis=None), answers.size
    assert abs(share - 0.02) < 4 * np.sqrt(0.02 * 0.98 / n)
    known, anonymous = answers.iloc[:-400], answers.iloc[-400:]
    gap = known.mean() - anonymous.mean()
    assert (gap.abs() / np.hypot(known.sem(), anonymous.sem())).max() < 4


def test_recommendation_uses_its_own_scale_and_follows_loyalty(large):
    survey = large.tables["survey"]
    assert survey["REC"].min() == 0
    assert survey["REC"].max() == 10
    assert not np.signbit(survey["REC"]).any()
    assert survey["REC"].corr(survey["LO1"]) > 0.5
    assert survey["LO3"].corr(survey["LO1"]) < -0.4  # reverse item


def judgement_matrices(judgements: pd.DataFrame, matrix: str) -> np.ndarray:
    names = list(WEIGHTS[matrix])
    chosen = judgements[judgements["matrix"] == matrix]
    matrices = []
    for _, rows in chosen.groupby("expert"):
        values = np.eye(len(names))
        for row in rows.itertuples():
            i, j = names.index(row.row), names.index(row.column)
            values[i, j], values[j, i] = row.value, 1 / row.value
        matrices.append(values)
    return np.array(matrices)


def geometric_weights(matrix: np.ndarray) -> np.ndarray:
    weights = np.exp(np.log(matrix).mean(axis=-1))
    return weights / weights.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("matrix", WEIGHTS)
def test_experts_agree_on_the_true_weights(firm, large, matrix):
    truth = [large.truth[f"ahp.{matrix}.{name}"] for name in WEIGHTS[matrix]]
    assert sum(truth) == pytest.approx(1)
    for tables, tolerance in ((large.tables, 0.012), (firm.tables, 0.06)):
        matrices = judgement_matrices(tables["judgements"], matrix)
        group = np.exp(np.log(matrices).mean(axis=0))
        assert geometric_weights(group) == pytest.approx(truth, abs=tolerance)


def test_judgements_are_on_the_scale_and_mostly_consistent(firm):
    judgements = firm.tables["judgements"]
    scale = {1 / n for n in range(1, 10)} | {float(n) for n in range(1, 10)}
    assert set(judgements["value"]) <= scale
    assert judgements.groupby("expert").size().tolist() == [6 + 4 * 3 + 10 + 6] * 7
    largest = np.linalg.eigvals(judgement_matrices(judgements, "criteria")).real.max(axis=1)
    consistency_ratio = (largest - 4) / 3 / 0.90
    assert (consistency_ratio <= 0.10).mean() >= 5 / 7
    assert (consistency_ratio > 1e-6).any()


# --- laws --------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_other_seed_other_bytes(firm):
    first, again = as_bytes(firm.tables), as_bytes(simulate_firm(seed=11).tables)
    assert again == first
    pd.testing.assert_frame_equal(simulate_firm(seed=11).people, firm.people)
    pd.testing.assert_frame_equal(simulate_firm(seed=11).links, firm.links)
    other = as_bytes(simulate_firm(seed=12).tables)
    assert {name for name in first if other[name] == first[name]} == {"benchmarks"}


def test_inputs_of_one_table_do_not_move_another():
    changes = {
        ("survey",): {"survey_missing": 0.1},
        ("survey", "invitations"): {"survey_share": 0.5, "survey_late_slope": 0.1},
        ("judgements",): {"panel_experts": 20},
        ("systems",): {"selection_raters": 5, "selection_error_sd": 1.0},
        ("costs",): {"cost_platform_per_month": 7.0},
        ("web_events",): {"web_visits": 3.0, "web_review_share": 0.5},
        ("leads",): {"lead_share": 0.3, "lead_conversion": 0.5},
        ("interviews",): {"interview_count": 5},
        ("mystery_shopping",): {"mystery_visits": 5},
        ("staff_survey",): {"staff_count": 5},
        ("consents",): {"consent_sharing": 0.9},
        ("contacts",): {"service_signed_share": 0.5, "service_fee_share": 0.9},
        ("customers",): {"referral_share": 0.9, "referral_satisfaction": -1.0},
        ("subscriptions",): {"subscription_share": 0.5, "subscription_gamma": 3.0},
    }
    first = as_bytes(simulate_firm(seed=11, n_customers=600).tables)
    for moved, change in changes.items():
        tables = as_bytes(simulate_firm(seed=11, n_customers=600, **change).tables)
        assert {name for name in tables if tables[name] != first[name]} == set(moved)


def test_tables_are_linked(firm):
    tables = firm.tables
    assert tuple(tables) == TABLES == tuple(name for name in TABLES if name in CONTRACTS)
    assert set(TABLES) == set(CONTRACTS)
    customers = set(tables["customers"]["customer_id"])
    assert len(customers) == firm.n_customers == len(firm.people)
    for name in (name for name in TABLES if "customer_id" in tables[name]):
        assert set(tables[name]["customer_id"].dropna()) <= customers, name
    products = set(tables["products"]["product_id"])
    assert set(tables["transactions"]["product_id"]) <= products
    assert set(tables["web_events"]["product_id"].dropna()) <= products
    assert set(tables["responses"]["campaign_id"]) == {CAMPAIGN_ID}
    buyers = set(sold(firm)["customer_id"])
    of_buyers = ("campaigns", "responses", "contacts", "survey", "invitations", "interviews")
    for name in (*of_buyers, "subscriptions"):
        assert set(tables[name]["customer_id"].dropna()) <= buyers, name
    of_basket = ["basket_id", "customer_id", "ordered_at", "channel"]
    assert tables["transactions"][of_basket].drop_duplicates()["basket_id"].is_unique


def test_tables_keep_their_contracts(firm):
    items = {
        "survey": Instrument.model_validate(SURVEY_INSTRUMENT),
        "staff_survey": Instrument.model_validate(STAFF_INSTRUMENT),
    }
    for name, table in firm.tables.items():
        asked = items.get(name, Instrument())
        expected = Expected(CONTRACTS[name], {i: asked.bounds(i) for i in asked.item_names()})
        assert find_violations(table, expected, file=name) == []
        assert set(expected.contract.required()) <= set(table.columns)
        for first, last in expected.contract.order:
            assert not (table[first] > table[last]).any(), name
        of_items = set(asked.item_names())
        assert of_items <= set(table.columns), name
        further = set(table.columns) - set(expected.columns())
        assert further <= {"age", "channel"}, name
    asked = {*ITEMS, *MODERATOR_ITEMS, *INNOVATION_ITEMS, "REC"}
    assert set(items["survey"].item_names()) == asked


def test_money_and_dates_are_inside_their_bounds(firm):
    lines = firm.tables["transactions"]
    given_back = lines["status"] == "returned"
    assert (lines.loc[~given_back, ["quantity", "revenue"]] > 0).all(axis=None)
    assert (lines.loc[~given_back, ["cost", "discount"]] >= 0).all(axis=None)
    assert (lines.loc[given_back, ["quantity", "revenue"]] < 0).all(axis=None)
    assert not np.signbit(lines.loc[lines["discount"] == 0, "discount"]).any()
    assert (firm.tables["products"]["unit_cost"] > 0).all()
    assert (firm.tables["costs"]["amount"] >= 0).all()
    end = pd.Timestamp(WINDOW_ENDS_ON) + pd.Timedelta("1D")
    for name, column in (
        ("transactions", "ordered_at"),
        ("customers", "registered_on"),
        ("responses", "responded_at"),
        ("contacts", "opened_at"),
        ("web_events", "occurred_at"),
        ("survey", "answered_on"),
        ("consents", "decided_on"),
        ("mystery_shopping", "visited_on"),
    ):
        dates = firm.tables[name][column]
        assert dates.min() >= pd.Timestamp(WINDOW_STARTS_ON), name
        assert dates.max() < end, name
    first = lines.groupby("customer_id")["ordered_at"].min()
    registered = firm.tables["customers"].set_index("customer_id")["registered_on"]
    assert (registered[first.index] <= first).all()
    assert firm.tables["responses"]["responded_at"].min() >= pd.Timestamp(CAMPAIGN_STARTS_ON)


def test_amounts_of_a_line_agree(firm):
    lines = sold(firm)
    unit_cost = firm.tables["products"].set_index("product_id")["unit_cost"]
    cost = lines["quantity"] * unit_cost[lines["product_id"]].to_numpy()
    assert lines["cost"].to_numpy() == pytest.approx(cost.to_numpy(), abs=0.0051)
    assert lines["revenue"].sum() > 1.2 * lines["cost"].sum()
    paid_share = lines["revenue"] / (lines["revenue"] + lines["discount"])
    worth_rounding = lines["revenue"] > 5
    nearest = (paid_share[worth_rounding] * 20).round() / 20
    assert paid_share[worth_rounding].to_numpy() == pytest.approx(nearest.to_numpy(), abs=0.002)
    assert set(nearest) == {0.8, 0.85, 0.9, 0.95, 1.0}


def test_segments_show_in_what_is_bought_but_not_in_how_much(large):
    people = large.people.set_index("customer_id")
    lines = sold(large).merge(large.tables["products"], on="product_id")
    segment = people.loc[lines["customer_id"], "segment"].to_numpy()
    shares = pd.crosstab(segment, lines["department"], normalize="index")
    own = {
        "tea lovers": "tea",
        "coffee lovers": "coffee",
        "sweet tooth": "confectionery",
        "home cooks": "spices",
    }
    assert [shares.loc[name, home] for name, home in own.items()] == pytest.approx(
        [0.7] * 4, abs=0.01
    )
    found = people["segment"].value_counts(normalize=True)
    truth = {name: large.truth[f"segment.{name.replace(' ', '_')}"] for name in own}
    assert found[list(truth)].tolist() == pytest.approx(list(truth.values()), abs=0.015)
    rates = people.groupby("segment")["purchase_rate"].agg(["mean", "sem"])
    overall = large.truth["bg_nbd.r"] / large.truth["bg_nbd.alpha"]
    assert ((rates["mean"] - overall).abs() / rates["sem"]).max() < 4
    assert "segment" not in large.tables["customers"]


def test_a_day_has_one_purchase_in_one_or_two_baskets():
    def baskets_a_day(**parameters: float) -> pd.Series:
        busy = {"bg_nbd_alpha": 0.2, "bg_nbd_b": 500.0, "campaign_purchases": 0.0}  # 4.5 a week
        firm = simulate_firm(seed=4, n_customers=200, **busy, **parameters)
        lines = sold(firm)
        baskets = lines.drop_duplicates("basket_id")
        return baskets.groupby(["customer_id", baskets["ordered_at"].dt.normalize()]).size()

    assert (baskets_a_day(same_day_share=0.0) == 1).all()
    days = baskets_a_day(same_day_share=0.1)
    assert set(days) == {1, 2}
    assert abs((days == 2).mean() - 0.1) < 4 * np.sqrt(0.1 * 0.9 / len(days))


def test_small_and_odd_firms_can_be_simulated():
    alone = simulate_firm(seed=0, n_customers=1)
    assert len(alone.tables["customers"]) == 1
    nobody_buys = simulate_firm(seed=0, n_customers=5, prospect_share=1.0)
    assert nobody_buys.tables["transactions"].empty
    assert nobody_buys.tables["interviews"].empty
    assert tuple(nobody_buys.tables) == TABLES
    certain = simulate_firm(seed=0, n_customers=50, survey_missing=1.0, service_ticket_share=1.0)
    assert len(certain.tables["contacts"]) > 50
    assert certain.tables["survey"][[*ITEMS]].isna().all(axis=None)
    slow = simulate_firm(seed=0, n_customers=50, bg_nbd_r=0.001)
    assert np.isfinite(slow.people["loyalty"]).all()


# --- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bg_nbd_alfa": 3.0}, "unknown parameter 'bg_nbd_alfa'; did you mean 'bg_nbd_alpha'"),
        ({"bg_nbd_r": 0.0}, "bg_nbd_r = 0.0 must be positive"),
        ({"bg_nbd_r": float("nan")}, "bg_nbd_r = nan must be positive"),
        ({"campaign_purchases": float("inf")}, "campaign_purchases = inf must be 0 or more"),
        ({"bg_nbd_r": "much"}, "bg_nbd_r = 'much' must be positive"),
        ({"gamma_gamma_q": 1.0}, "gamma_gamma_q = 1.0 must be above 1"),
        ({"survey_share": 1.2}, "survey_share = 1.2 must be between 0 and 1"),
        ({"survey_anonymous": 2.5}, "survey_anonymous = 2.5 must be a whole number, 0 or more"),
        ({"panel_experts": 0}, "panel_experts = 0 must be a whole number, 1 or more"),
        ({"campaign_purchases": -0.1}, "campaign_purchases = -0.1 must be 0 or more"),
        ({"sem_quality_value": 1.5}, "sem_quality_value = 1.5 must be between -1 and 1"),
        ({"sem_quality_satisfaction": 0.95}, "paths into 'satisfaction' explain 1.* below 1"),
        (
            {"sem_rate_loyalty": 0.9},
            "sem_rate_loyalty = 0.9, .* leaves loyalty a negative variance",
        ),
        (
            {"sem_delay_satisfaction": 0.7},
            "sem_delay_satisfaction = 0.7, .* leaves satisfaction a negative variance",
        ),
        ({"staff_ease_usefulness": 1.0}, "paths into 'usefulness' explain 1.000 .* below 1"),
        ({"seed": -1}, "seed = -1 must be a whole number, 0 or more"),
        ({"n_customers": 0}, "n_customers = 0 must be a whole number, 1 or more"),
        ({"n_customers": 10.5}, "n_customers = 10.5 must be a whole number"),
    ],
)
def test_wrong_parameters_are_refused(arguments, message):
    with pytest.raises(SettingsError, match=message):
        simulate_firm(**{"seed": 1, "n_customers": 10, **arguments})


def test_every_parameter_has_a_rule_and_a_true_value(firm):
    names = set(FirmParameters.__dataclass_fields__)
    told = {name.replace(".", "_", 1).removeprefix("firm_") for name in firm.truth}
    assert names <= told
