"""A campaign that held customers back: differences, lots, checks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.experiment.difference import (
    adjust_by_regression,
    bound_lift,
    compare_means,
    effect_on_responders,
)
from crmstudy.case.experiment.experiment import CUPED, PLAIN, line_up_estimates, run_experiment
from crmstudy.case.experiment.lots import try_balance, try_lots, try_ratio
from crmstudy.case.experiment.outcomes import gather_outcomes
from crmstudy.errors import DataError, ModelError, NotAvailable

REFERENCE = Path(__file__).parents[1] / "reference" / "experiment"


@pytest.fixture(scope="module")
def printed():
    return pd.read_csv(REFERENCE / "expected.csv").set_index("estimator")


@pytest.fixture(scope="module")
def sample():
    frame = pd.read_csv(REFERENCE / "customers.csv", index_col="id")
    return frame.assign(treated=frame["treated"].astype(bool))


def draw(n=400, *, effect=0.0, tie=0.7, seed=3):
    rng = np.random.default_rng(seed)
    before = rng.gamma(2, 10, n)
    treated = rng.permutation(np.arange(n) < n // 2)
    revenue = tie * before + rng.gamma(2, 6, n) + effect * treated
    return pd.DataFrame(
        {
            "treated": treated,
            "revenue": revenue,
            "n_purchases": np.floor(revenue / 20),
            "bought": (revenue > 25).astype(float),
            "revenue_before": before,
            "n_purchases_before": np.floor(before / 20),
            "bought_before": (before > 15).astype(float),
        },
        index=pd.Index([f"c{i:04}" for i in range(n)], name="customer_id"),
    )


def test_welch_agrees_with_r(sample, printed):
    found = compare_means(sample["y"].to_numpy(), sample["treated"].to_numpy())
    row = printed.loc["welch"]
    for name in ("estimate", "standard_error", "degrees", "lower", "upper"):
        assert getattr(found, name) == pytest.approx(row[name], rel=1e-9)
    assert found.test.p_value == pytest.approx(row["p_value"], rel=1e-9)


def test_lins_regression_agrees_with_r(sample, printed):
    known = sample[["x1", "x2"]].to_numpy(dtype=float)
    found = adjust_by_regression(sample["y"].to_numpy(), sample["treated"].to_numpy(), known)
    row = printed.loc["lin"]
    assert found.estimate == pytest.approx(row["estimate"], rel=1e-9)
    assert found.standard_error == pytest.approx(row["standard_error"], rel=1e-9)
    assert found.degrees == row["degrees"]


def test_the_effect_on_responders_agrees_with_r(sample, printed):
    found = effect_on_responders(
        sample["y"].to_numpy(), sample["treated"].to_numpy(), sample["responded"].to_numpy(float)
    )
    row = printed.loc["wald"]
    assert found.estimate == pytest.approx(row["estimate"], rel=1e-9)
    assert found.standard_error == pytest.approx(row["standard_error"], rel=1e-9)


def test_the_lots_give_the_p_value_of_all_lots():
    """Six customers: 20 lots, each difference counted by hand."""
    from itertools import combinations

    y, treated = np.array([9.0, 7, 8, 1, 3, 2]), np.array([True, True, True, False, False, False])

    def size(chosen):
        mask = np.isin(np.arange(6), chosen)
        return abs(compare_means(y, mask).test.statistic)

    exact = np.mean([size(each) >= size((0, 1, 2)) - 1e-9 for each in combinations(range(6), 3)])
    assert exact == pytest.approx(0.1)
    found = try_lots(y, treated, n_draws=4000, seed=1)
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))
    assert found.statistic == pytest.approx(compare_means(y, treated).test.statistic)


def test_the_balance_of_lots_is_uniform_and_notices_a_choice():
    rng = np.random.default_rng(0)
    x = rng.gamma(1, 1, (120, 3))
    by_lot = [
        try_balance(x, rng.permutation(np.arange(120) < 50), n_draws=99, seed=s).p_value
        for s in range(120)
    ]
    # Under lots p <= .2 in a fifth; 120 tries, binomial bound of one in ten thousand.
    assert 8 <= sum(p <= 0.2 for p in by_lot) <= 42
    chosen = try_balance(x, x[:, 0] > np.median(x[:, 0]), n_draws=999, seed=1)
    assert chosen.p_value == pytest.approx(0.001)


def test_sizes_that_do_not_fit_the_share():
    assert try_ratio(500, 500, share=0.5).p_value == pytest.approx(1)
    # Fabijan et al. (2019): 821,588 and 815,482 users of an even split is a mismatch.
    assert try_ratio(821588, 815482, share=0.5).p_value < 1e-5
    result = run_experiment(draw(), intended_share=0.6, n_draws=99)
    assert not result.claim_allowed
    assert "sizes of the groups" in next(c.name for c in result.checks if not c.passed)


def test_fiellers_interval_by_its_definition():
    rng = np.random.default_rng(1)
    y, treated = rng.gamma(1, 10, 200), np.arange(200) < 90
    lift, lower, upper = bound_lift(y, treated)
    y1, y0 = y[treated], y[~treated]
    assert lift == pytest.approx(y1.mean() / y0.mean() - 1)
    for end in (lower, upper):
        r = 1 + end
        gap = y1.mean() - r * y0.mean()
        error = np.sqrt(y1.var(ddof=1) / y1.size + r**2 * y0.var(ddof=1) / y0.size)
        assert abs(gap / error) == pytest.approx(1.959964, abs=1e-6)
    assert isinstance(bound_lift(y - y0.mean(), treated), NotAvailable)


def test_laws_of_scale_order_and_groups():
    frame = draw(effect=4)
    base = run_experiment(frame, n_draws=199, seed=2)
    shuffled = run_experiment(frame.sample(frac=1, random_state=4), n_draws=199, seed=2)
    assert shuffled.to_metrics() == base.to_metrics()
    money = frame.assign(revenue=100 * frame["revenue"])
    scaled = run_experiment(money, n_draws=199, seed=2)
    assert scaled.effect == pytest.approx(100 * base.effect)
    assert scaled.test.p_value == pytest.approx(base.test.p_value)
    swapped = run_experiment(frame.assign(treated=~frame["treated"]), n_draws=199, seed=2)
    for name, found in base.estimates.items():
        assert swapped.estimates[name].estimate == pytest.approx(-found.estimate)
        assert swapped.estimates[name].standard_error == pytest.approx(found.standard_error)


def test_the_smallest_effect_found_is_found_with_power_80():
    frame = draw(n=200, effect=0)
    size = run_experiment(frame, n_draws=99).detectable
    found = 0
    for seed in range(200):
        tried = draw(n=200, effect=size, seed=1000 + seed)
        rest = tried["revenue"] - 0.7 * tried["revenue_before"]  # the true slope
        found += compare_means(rest.to_numpy(), tried["treated"].to_numpy()).test.p_value < 0.05
    assert 142 <= found <= 179  # binomial(200, .8), one in a thousand each side


def test_without_a_history_the_plain_difference_decides():
    frame = draw(effect=9).assign(revenue_before=0.0, n_purchases_before=0.0, bought_before=0.0)
    result = run_experiment(frame, n_draws=199)
    assert result.used == PLAIN
    assert isinstance(result.balance, NotAvailable)
    lined = line_up_estimates(result)
    assert CUPED not in set(lined["estimator"])
    assert result.table().set_index("estimator").loc[CUPED].isna().all()


def transactions(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "basket_id", "ordered_at", "revenue"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"], format="mixed"))


def campaign(randomised=True):
    return Campaign(
        "A", pd.Timestamp("2025-02-01"), pd.Timestamp("2025-02-10"), ("1", "2"), ("3", "4"),
        randomised,
    )  # fmt: skip


def test_outcomes_by_hand():
    bought = transactions(
        ("1", "a", "2025-01-12", 10.0),
        ("1", "b", "2025-01-25", 20.0),
        ("1", "c", "2025-02-03", 7.0),
        ("1", "d", "2025-02-10 23:00", 3.0),
        ("3", "e", "2025-02-11", 99.0),
        ("4", "f", "2025-02-01", 5.0),
    )
    responses = pd.DataFrame({"campaign_id": ["A", "B"], "customer_id": ["2", "1"]})
    frame = gather_outcomes(bought, campaign(), n_pre=4, responses=responses)
    assert frame["revenue"].tolist() == [10, 0, 0, 5]
    assert frame["n_purchases"].tolist() == [2, 0, 0, 1]
    assert frame["bought"].tolist() == [1, 0, 0, 1]
    assert frame["revenue_before"].tolist() == [15, 0, 0, 0]  # two windows of ten days reach
    assert frame["responded"].tolist() == [0, 1, 0, 0]


def test_refusals():
    with pytest.raises(ModelError, match="held nobody back"):
        gather_outcomes(transactions(), campaign(randomised=False))
    with pytest.raises(DataError, match="lack the column 'visits'"):
        run_experiment(draw(), outcome="visits")
    with pytest.raises(DataError, match="lack a value of 'revenue'"):
        run_experiment(draw().assign(revenue=np.nan))
    with pytest.raises(ModelError, match="two each are needed"):
        run_experiment(draw(n=3))
    with pytest.raises(ModelError, match="does not vary"):
        run_experiment(draw().assign(revenue=1.0))
