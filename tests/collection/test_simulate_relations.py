"""Recommendations, contracts and service charges of the simulated firm: truth and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln
from scipy.stats import chi2, kstest

from crmstudy.collection.simulate import WINDOW_ENDS_ON, SimulatedFirm, simulate_firm
from crmstudy.collection.simulate.charges import CHARGED
from crmstudy.errors import SettingsError


@pytest.fixture(scope="module")
def large() -> SimulatedFirm:
    return simulate_firm(seed=6, n_customers=30_000, web_visits=0.0, survey_share=0.2)


def z_of_share(found: float, share: float, count: int) -> float:
    return (found - share) / np.sqrt(share * (1 - share) / count)


def buyers_of(firm: SimulatedFirm) -> pd.DataFrame:
    customers = firm.tables["customers"].merge(firm.people, on="customer_id")
    first = firm.tables["transactions"].groupby("customer_id")["ordered_at"].min().dt.normalize()
    return customers[~customers["prospect"]].assign(
        first_bought_on=lambda frame: frame["customer_id"].map(first)
    )


# --- contracts ---------------------------------------------------------------------------


def count_months(contracts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Whole months that each contract has been seen, and whether it ended with the last."""
    ended = contracts["ended_on"].notna().to_numpy()
    last = contracts["ended_on"].fillna(pd.Timestamp(WINDOW_ENDS_ON)) + pd.Timedelta("1D")
    first = contracts["started_on"].to_numpy().astype("datetime64[M]")
    return (last.to_numpy().astype("datetime64[M]") - first).astype(int), ended


def sbg_log_likelihood(log_parameters: np.ndarray, months: np.ndarray, ended: np.ndarray) -> float:
    """Fader and Hardie (2007), equations 5 and 6, summed over contracts."""
    gamma, delta = np.exp(log_parameters)
    ends = betaln(gamma + 1, delta + months - 1)
    runs = betaln(gamma, delta + months)
    return float(np.where(ended, ends, runs).sum() - months.size * betaln(gamma, delta))


def test_churn_of_the_contracts_is_recovered(large):
    months, ended = count_months(large.tables["subscriptions"])
    truth = np.log([large.truth["subscription.gamma"], large.truth["subscription.delta"]])

    def loss(log_parameters: np.ndarray) -> float:
        return -sbg_log_likelihood(log_parameters, months, ended)

    found = minimize(loss, truth + 0.3, method="Nelder-Mead", options={"xatol": 1e-7})
    assert 2 * (loss(truth) - found.fun) < chi2.ppf(0.999, 2)
    assert np.abs(found.x - truth).max() < 0.2
    # What is wrong is found: a seventh more churn is not the truth.
    assert 2 * (loss(truth + np.array([np.log(1.15), 0.0])) - found.fun) > chi2.ppf(0.999, 2)


def test_what_follows_from_the_churn_is_what_is_seen(large):
    contracts = large.tables["subscriptions"]
    months, ended = count_months(contracts)
    first = large.truth["subscription.churn.first"]
    assert abs(z_of_share((ended & (months == 1)).mean(), first, months.size)) < 4
    early = contracts["started_on"] < pd.Timestamp("2024-11-01")
    survived = (months > 12)[early.to_numpy()]
    assert (
        abs(z_of_share(survived.mean(), large.truth["subscription.survival.12"], early.sum())) < 4
    )
    churn = large.people["churn_probability"].dropna()
    assert len(churn) == len(contracts)
    gamma, delta = large.truth["subscription.gamma"], large.truth["subscription.delta"]
    assert kstest(churn, "beta", args=(gamma, delta)).pvalue > 0.001


def test_contracts_begin_after_the_first_purchase_and_end_with_a_month(large):
    contracts, buyers = large.tables["subscriptions"], buyers_of(large).set_index("customer_id")
    share = large.truth["subscription.share"]
    assert abs(z_of_share(len(contracts) / len(buyers), share, len(buyers))) < 4
    assert contracts["customer_id"].is_unique
    first = buyers["first_bought_on"][contracts["customer_id"]].to_numpy()
    assert (contracts["started_on"].to_numpy() > first).all()
    assert (contracts["started_on"].dt.day == 1).all()
    ended = contracts["ended_on"].dropna()
    assert ((ended + pd.Timedelta("1D")).dt.day == 1).all()
    assert ended.max() <= pd.Timestamp(WINDOW_ENDS_ON)
    for plan, fee in contracts.groupby("plan")["fee"].unique().items():
        assert fee.tolist() == [large.truth[f"subscription.fee.{plan.replace(' ', '_')}"]]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, None)])
def test_nobody_or_everybody_joins(share, count):
    firm = simulate_firm(seed=2, n_customers=200, subscription_share=share)
    expected = (~firm.people["prospect"]).sum() if count is None else count
    assert len(firm.tables["subscriptions"]) == expected
    assert list(firm.tables["subscriptions"])[:2] == ["subscription_id", "customer_id"]


def test_contracts_that_nobody_ends_run_to_the_end():
    firm = simulate_firm(seed=2, n_customers=200, subscription_gamma=1e-6, subscription_delta=50.0)
    assert len(firm.tables["subscriptions"]) > 0
    assert firm.tables["subscriptions"]["ended_on"].isna().all()


# --- recommendations ---------------------------------------------------------------------


def test_who_recommended_had_bought_before(large):
    buyers = buyers_of(large)
    named = large.tables["customers"].dropna(subset=["referred_by"])
    assert set(named["customer_id"]) <= set(buyers["customer_id"])
    assert set(named["referred_by"]) <= set(buyers["customer_id"])
    first = buyers.set_index("customer_id")["first_bought_on"]
    assert (first[named["referred_by"]].to_numpy() < named["registered_on"].to_numpy()).all()
    share = large.truth["referral.share"]
    late = buyers[buyers["registered_on"] > buyers["first_bought_on"].min()]
    assert abs(z_of_share(late["referred_by"].notna().mean(), share, len(late))) < 4


def test_the_satisfied_recommend_more(large):
    """Each name is drawn from all earlier buyers, with chances that grow with satisfaction."""
    buyers = buyers_of(large).sort_values("first_bought_on")
    felt, first = buyers["satisfaction"].to_numpy(), buyers["first_bought_on"].to_numpy()
    named = buyers[buyers["referred_by"].notna()]
    n_before = np.searchsorted(first, named["registered_on"].to_numpy(), side="left")
    chosen = buyers.set_index("customer_id")["satisfaction"][named["referred_by"]].to_numpy()

    def slope_score(slope: float) -> float:
        """Standardised score of the conditional logit: chosen less expected satisfaction."""
        weight = np.exp(slope * felt)
        sums = [np.cumsum(weight * felt**power)[n_before - 1] for power in (0, 1, 2)]
        mean, square = sums[1] / sums[0], sums[2] / sums[0]
        return float((chosen - mean).sum() / np.sqrt((square - mean**2).sum()))

    truth = large.truth["referral.satisfaction"]
    assert abs(slope_score(truth)) < 4
    assert slope_score(0.0) > 10
    assert slope_score(truth + 0.3) < -4


def test_one_customer_has_nobody_to_hear_it_from():
    firm = simulate_firm(seed=2, n_customers=1, referral_share=1.0)
    assert firm.tables["customers"]["referred_by"].isna().all()


# --- service -----------------------------------------------------------------------------


def test_fees_depend_on_the_topic_and_complaints_are_free(large):
    tickets = large.tables["contacts"]
    assert (tickets.loc[tickets["complaint"], "fee"] == 0).all()
    asked = tickets[~tickets["complaint"]]
    assert set(asked["topic"]) == set(CHARGED)
    for topic, fees in asked.groupby("topic")["fee"]:
        share = large.truth[f"service_fee.share.{topic}"]
        assert abs(z_of_share((fees > 0).mean(), share, len(fees))) < 4, topic
    assert large.truth["service_fee.share.advice"] == large.truth["service_fee.share"]


def test_fees_and_costs_are_gamma_with_the_means_stated(large):
    tickets = large.tables["contacts"]
    fees = tickets.loc[tickets["fee"] > 0, "fee"]
    mean, shape = large.truth["service_fee.mean"], large.truth["service_fee.shape"]
    assert kstest(fees, "gamma", args=(shape, 0, mean / shape)).pvalue > 0.001
    unit = large.truth["cost.service_per_ticket"]
    cost = tickets["cost"]
    assert abs(cost.mean() - unit) < 4 * cost.std() / np.sqrt(len(cost))
    # The tickets cost about what the ledger books: the same money from two sides.
    ledger = large.tables["costs"].query("cost_type == 'service'")["amount"].sum()
    assert ledger == pytest.approx(unit * len(tickets))
    assert cost.sum() == pytest.approx(ledger, rel=0.05)
    assert cost.corr(tickets["fee"]) == pytest.approx(0, abs=4 / np.sqrt(len(cost)))


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("service_fee_share", 1.1, "between 0 and 1"),
        ("service_fee_mean", 0.0, "positive"),
        ("referral_share", -0.1, "between 0 and 1"),
        ("subscription_gamma", 0.0, "positive"),
    ],
)
def test_impossible_parameters_are_refused(parameter, value, rule):
    with pytest.raises(SettingsError, match=f"{parameter} = {value} must be {rule}"):
        simulate_firm(seed=1, n_customers=10, **{parameter: value})
