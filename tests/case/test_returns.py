"""Net present value, internal rates, payback: published, hand-computed, and laws."""

import numpy as np
import pytest

from crmstudy.case.returns.appraisal import (
    annualise,
    count_sign_changes,
    equivalent_annual,
    internal_rates,
    modified_rate,
    net_present_value,
    payback,
)
from crmstudy.errors import ModelError, NotAvailable


def test_present_value_by_hand():
    # -100 + 60 / 1.1 + 60 / 1.21
    assert net_present_value([-100, 60, 60], rate=0.1) == pytest.approx(4.132231404958677)
    middle = net_present_value([-100, 60, 60], rate=0.21, times=[0, 0.5, 1.5])
    assert middle == pytest.approx(-100 + 60 / 1.1 + 60 / 1.331)


@pytest.mark.parametrize(
    ("flows", "printed"),
    [
        ([-100, 39, 59, 55, 20], 0.28095),
        ([-100, 0, 0, 74], -0.0955),
        ([-100, 100, 0, 7], 0.06206),
        ([-70_000, 12_000, 15_000, 18_000, 21_000, 26_000], 0.0866),
    ],
)
def test_published_internal_rates(flows, printed):
    """Examples of numpy-financial's irr (Gitman 2003, p. 348) and of Excel's IRR."""
    (rate,) = internal_rates(flows)
    assert rate == pytest.approx(printed, abs=5e-5)


def test_several_internal_rates_are_all_found():
    """numpy-financial prints -0.0833 and 0.0886 for these, the root nearest to 0."""
    lower, upper = internal_rates([-100, 100, 0, -7])
    assert upper == pytest.approx(-0.0833, abs=5e-5)
    assert lower < upper
    assert any(abs(rate - 0.0886) < 5e-5 for rate in internal_rates([-5, 10.5, 1, -8, 1]))
    # (1 - 1.1 x)(1 - 1.2 x)(1 - 1.3 x) has its roots at 10, 20 and 30 per cent.
    assert internal_rates([1, -3.6, 4.31, -1.716]) == pytest.approx([0.1, 0.2, 0.3])


def test_a_double_root_is_one_rate():
    assert internal_rates([-1, 2.2, -1.21]) == pytest.approx([0.1], abs=1e-6)


def test_no_internal_rate():
    assert internal_rates([100, 50, 20]) == ()
    assert internal_rates([-1, 2, -3]) == ()


@pytest.mark.parametrize("seed", range(10))
def test_the_present_value_at_every_internal_rate_is_zero(seed):
    rng = np.random.default_rng(seed)
    flows, times = rng.normal(0, 100, 9), np.append(0, np.arange(8) + 0.5)
    rates = internal_rates(flows, times=times)
    assert len(rates) <= count_sign_changes(flows)
    for rate in rates:
        discounted = np.abs(flows * (1 + rate) ** -times).sum()
        assert abs(net_present_value(flows, rate=rate, times=times)) < 1e-8 * discounted


def test_published_modified_rates():
    """Excel's example of MIRR (12.61 and 13.48 per cent) and numpy-financial's tests."""
    excel = [-120_000, 39_000, 30_000, 21_000, 37_000, 46_000]
    assert modified_rate(excel, finance_rate=0.1, reinvest_rate=0.12) == pytest.approx(
        0.1261, abs=5e-5
    )
    assert modified_rate(excel, finance_rate=0.1, reinvest_rate=0.14) == pytest.approx(
        0.1348, abs=5e-5
    )
    flows = [-4500, -800, 800, 800, 600, 600, 800, 800, 700, 3000]
    assert modified_rate(flows, finance_rate=0.08, reinvest_rate=0.055) == pytest.approx(
        0.066597, abs=5e-7
    )
    assert modified_rate([100, 200, -50, 300, -200], finance_rate=0.05, reinvest_rate=0.06) == (
        pytest.approx(0.342823, abs=5e-7)
    )


def test_modified_rate_of_two_flows_is_the_internal_one():
    flows = [-100, 0, 130]
    (rate,) = internal_rates(flows)
    assert modified_rate(flows, finance_rate=0.3, reinvest_rate=0.01) == pytest.approx(rate)


def test_payback_by_hand():
    assert payback([-100, 60, 60]) == pytest.approx(1 + 40 / 60)
    # 60 / 1.1 leaves 45.4545 to come from 60 / 1.21 = 49.5868.
    assert payback([-100, 60, 60], rate=0.1) == pytest.approx(1 + 45.4545454 / 49.5867768)
    assert payback([-100, 60, 60], times=[0, 0.5, 1.5]) == pytest.approx(0.5 + 40 / 60)
    assert payback([10, 20]) == 0


def test_payback_is_for_good():
    """The money is back in period 1, gone again in 2, and back in 3."""
    assert payback([-10, 20, -30, 40]) == pytest.approx(2.5)


def test_no_payback():
    assert isinstance(payback([-100, 60, 30]), NotAvailable)
    assert isinstance(payback([-100, 60, 60], rate=0.2), NotAvailable)


def test_equivalent_annual_amount():
    # 10% over 3 years: annuity factor 2.48685 (Brealey, Myers & Allen, appendix table 3: 2.487).
    assert 1 / equivalent_annual(1, rate=0.1, years=3) == pytest.approx(2.487, abs=5e-4)
    assert equivalent_annual(30, rate=0, years=3) == 10


def test_laws_of_scale():
    flows = np.array([-100.0, 30, 50, 60])
    assert net_present_value(flows, rate=0) == flows.sum()
    assert net_present_value(7 * flows, rate=0.1) == pytest.approx(
        7 * net_present_value(flows, rate=0.1)
    )
    assert internal_rates(7 * flows) == pytest.approx(internal_rates(flows))
    assert payback(7 * flows) == pytest.approx(payback(flows))
    assert annualise(0.01, periods_per_year=12) == pytest.approx(0.12682503)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: net_present_value([-1, 2], rate=-1), "above -1"),
        (lambda: net_present_value([-1, 2], rate=0.1, times=[0]), "one length"),
        (lambda: net_present_value([-1, np.nan], rate=0.1), "not a finite number"),
        (lambda: internal_rates([-1, 2], times=[0, 0.3]), "whole or half periods"),
        (lambda: internal_rates([0, 0]), "all cash flows are 0"),
        (lambda: modified_rate([1, 2], finance_rate=0, reinvest_rate=0), "money spent"),
        (lambda: equivalent_annual(1, rate=0.1, years=0), "needs a horizon"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ModelError, match=message):
        call()
