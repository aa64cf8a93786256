"""Sample size against Cohen's table."""

import pytest

from crmstudy.design import plan_two_groups
from crmstudy.errors import SettingsError


def test_cohen_table():
    """Cohen (1988), Table 2.4.1 as repeated in Cohen (1992), Table 2: 393, 64, 26 a group."""
    plan = plan_two_groups().set_index("difference")["customers a group"]
    assert plan["medium"] == 64
    assert plan["large"] == 26
    assert abs(plan["small"] - 393) <= 1  # Cohen's approximation; the exact noncentral t gives 394


def test_more_power_and_smaller_differences_need_more():
    loose, strict = plan_two_groups(power=0.8), plan_two_groups(power=0.95)
    assert (strict["customers a group"] > loose["customers a group"]).all()
    assert loose["customers a group"].is_monotonic_decreasing


def test_a_difference_must_be_positive():
    with pytest.raises(SettingsError, match="must be positive; none is 0"):
        plan_two_groups({"none": 0.0})
