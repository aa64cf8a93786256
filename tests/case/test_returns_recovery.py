"""The simulated firm's true return lies in the interval of the simulation over replications."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.returns.benefit import ChosenEstimate, value_effect
from crmstudy.case.returns.plan import plan_cash_flows
from crmstudy.case.returns.sensitivity import draw_returns
from crmstudy.collection.simulate.ledger import returned_share
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.improvement import InvestmentSpec
from crmstudy.indicators import Interval, Measurement

N_FIRMS, N_TREATED = 200, 400
FIRM = FirmParameters()
MARGIN = 0.43
SPEC = InvestmentSpec(
    annual_discount_rate=0.1, horizon_years=0.2, timing="end", cost_types=["campaign"]
)


def replicate(rng, mean_spend):
    """Draw revenue of treated and held back customers as the simulated firm makes it."""
    shape = FIRM.gamma_gamma_p

    def spend(n, extra):
        purchases = rng.poisson(0.8, n) + rng.poisson(FIRM.campaign_purchases, n) * extra
        return rng.gamma(shape * np.maximum(purchases, 1e-9), mean_spend / shape)

    treated, control = spend(N_TREATED, 1), spend(N_TREATED, 0)
    error = float(np.sqrt((treated.var(ddof=1) + control.var(ddof=1)) / N_TREATED))
    effect = float(treated.mean() - control.mean())
    reach = 1.96 * error
    return ChosenEstimate(
        "experiment", effect, error, effect - reach, effect + reach, True, pd.DataFrame()
    )


def test_true_present_value_is_covered():
    mean_spend = FIRM.gamma_gamma_p * FIRM.gamma_gamma_v / (FIRM.gamma_gamma_q - 1)
    mean_spend *= 1 - returned_share(FIRM)
    cost = FIRM.cost_campaign_per_customer * N_TREATED
    start = pd.Timestamp("2025-10-06")
    campaign = Campaign(
        "A", start, start + pd.Timedelta(days=83), tuple(map(str, range(N_TREATED))), ("x",), True
    )
    costs = pd.DataFrame(
        {"period": [pd.Timestamp("2025-10-01")], "cost_type": ["campaign"], "amount": [cost]}
    )
    margin = Measurement(MARGIN, 9999, Interval(MARGIN - 1e-3, MARGIN + 1e-3, 0.95, "delta"))
    truth = FIRM.campaign_purchases * mean_spend * MARGIN * N_TREATED / 1.1 ** (84 / 365.25) - cost
    rng = np.random.default_rng(7)
    covered, means = [], []
    for seed in range(N_FIRMS):
        worth = value_effect(campaign, costs, estimate=replicate(rng, mean_spend))
        model = plan_cash_flows(SPEC, effect=worth, costs=costs, margin=margin)
        draws = draw_returns(model, n_draws=1000, seed=seed)
        low, high = draws.interval
        covered.append(low <= truth <= high)
        means.append(draws.best_guess)
    # Three standard errors of a share of 95% over the firms, and of the mean of the guesses.
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / N_FIRMS))
    assert np.mean(means) == pytest.approx(truth, abs=3 * np.std(means) / np.sqrt(N_FIRMS))
