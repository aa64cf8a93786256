"""The simulated firm's campaign and service desk: the known effects are found."""

import numpy as np
import pytest

from crmstudy.case.campaigns.campaign import find_campaign
from crmstudy.case.campaigns.panel import build_panel
from crmstudy.case.effects.did import estimate_did
from crmstudy.case.experiment.experiment import CUPED, PLAIN, run_experiment
from crmstudy.case.experiment.outcomes import gather_outcomes
from crmstudy.case.service.waiting import _bound_all
from crmstudy.case.service.waits import time_tickets
from crmstudy.collection.simulate import simulate_firm

N_FIRMS = 6
FEWEST_HELD = 4  # of six intervals: binomial(6, .95) below it, two in 1,000


@pytest.fixture(scope="module")
def firms():
    return [simulate_firm(seed=700 + seed, n_customers=1200) for seed in range(N_FIRMS)]


@pytest.fixture(scope="module")
def estimates(firms):
    found = []
    for firm in firms:
        bought = firm.tables["transactions"]
        campaign = find_campaign(firm.tables["campaigns"], bought)
        customers = gather_outcomes(bought, campaign, responses=firm.tables["responses"])
        panel = build_panel(
            bought,
            treated_ids=campaign.treated_ids,
            control_ids=campaign.control_ids,
            campaign_start=campaign.start,
            campaign_end=campaign.end,
        )
        experiment = run_experiment(
            customers, outcome="n_purchases", intended_share=0.5, n_draws=99, seed=1
        )
        found.append((experiment, estimate_did(panel, outcome="n_purchases")))
    return found


@pytest.mark.parametrize("name", [PLAIN, CUPED, "DiD"])
def test_the_effect_on_purchases_is_found(firms, estimates, name):
    true = firms[0].truth["did.purchase_effect"]
    rows = []
    for experiment, did in estimates:
        one = experiment.estimates.get(name)
        effect, error = (
            (did.effect, did.standard_error) if one is None else (one.estimate, one.standard_error)
        )
        lower, upper = (did.lower, did.upper) if one is None else (one.lower, one.upper)
        rows.append((effect, error, lower <= true <= upper))
    effect, error, held = np.array(rows).T
    assert effect.mean() == pytest.approx(true, abs=4 * np.sqrt((error**2).sum()) / N_FIRMS)
    assert effect.mean() > 0.1  # and nothing is not an effect
    assert held.sum() >= FEWEST_HELD


def test_cuped_is_the_more_precise(estimates):
    left = [experiment.variance_left for experiment, _ in estimates]
    assert np.mean(left) < 0.95


def test_lots_were_drawn_and_are_believed(estimates):
    believed = sum(experiment.claim_allowed for experiment, _ in estimates)
    assert believed >= 5


def test_the_response_rate_is_found(firms, estimates):
    true = firms[0].truth["campaign.response_rate"]
    rates = [experiment.response_rate for experiment, _ in estimates]
    n = sum(experiment.means["n"]["treated"] for experiment, _ in estimates)
    assert np.mean(rates) == pytest.approx(true, abs=4 * np.sqrt(true * (1 - true) / n))


def test_without_an_effect_none_is_found(firms):
    """Customers held back, split by lot again and again: nothing acted on either half."""
    bought = firms[0].tables["transactions"]
    campaign = find_campaign(firms[0].tables["campaigns"], bought)
    held = gather_outcomes(bought, campaign).query("not treated")
    rng, found = np.random.default_rng(5), 0
    for _ in range(60):
        halves = held.assign(treated=rng.permutation(np.arange(len(held)) % 2 == 0))
        result = run_experiment(halves, outcome="n_purchases", n_draws=19, seed=1)
        found += result.lower > 0 or result.upper < 0
    assert found <= 9  # binomial(60, .05) above it, less than one in 500


def test_the_reorganised_desk_is_found(firms):
    held = 0
    true = (
        firms[0].truth["service.response_hours_after"]
        / firms[0].truth["service.response_hours_before"]
    )
    for firm in firms:
        waits = time_tickets(firm.tables["contacts"], changed_on="2025-01-01")
        table = _bound_all(
            waits.tickets, horizon=50, target=8, confidence=0.95, n_draws=200, seed=1
        )
        held += table["ratio, lower"][1] <= true <= table["ratio, upper"][1]
    assert held >= FEWEST_HELD
