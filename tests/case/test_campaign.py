"""Finding a campaign and its groups."""

import pandas as pd
import pytest

from crmstudy.case import average_windows, find_campaign, flag_treated
from crmstudy.errors import ModelError, SettingsError


@pytest.fixture
def campaigns():
    return pd.DataFrame(
        {
            "campaign_id": ["A", "A", "A", "B"],
            "customer_id": ["1", "2", "3", "4"],
            "start_on": pd.Timestamp("2025-03-01"),
            "end_on": pd.Timestamp("2025-03-28"),
        }
    )


@pytest.fixture
def transactions():
    return pd.DataFrame({"customer_id": ["1", "2", "4", "5", "5"]})


def test_the_largest_campaign_against_all_other_buyers(campaigns, transactions):
    found = find_campaign(campaigns, transactions)
    assert found.campaign_id == "A"
    assert found.treated_ids == ("1", "2", "3")
    assert found.control_ids == ("4", "5")
    assert not found.randomised
    assert (found.days, found.eve) == (28, "2025-02-28")


def test_customers_held_back_are_the_control_group(campaigns, transactions):
    campaigns["treated"] = [True, False, pd.NA, True]
    found = find_campaign(campaigns.astype({"treated": "boolean"}), transactions, campaign_id="A")
    assert found.treated_ids == ("1", "3")
    assert found.control_ids == ("2",)
    assert found.randomised


def test_an_unknown_campaign(campaigns, transactions):
    with pytest.raises(SettingsError, match="no campaign 'C'; known: A, B; set CAMPAIGN_ID"):
        find_campaign(campaigns, transactions, campaign_id="C")


def test_nobody_to_compare_with(campaigns):
    with pytest.raises(ModelError, match="leaves nobody to compare"):
        find_campaign(campaigns, pd.DataFrame({"customer_id": ["1"]}), campaign_id="A")


def test_features_are_flagged(campaigns, transactions):
    found = find_campaign(campaigns, transactions)
    flagged = flag_treated(pd.DataFrame({"x": [1, 2, 3]}, index=["1", "4", "9"]), found)
    assert flagged["treated"].to_dict() == {"1": True, "4": False}


def test_window_means():
    panel = pd.DataFrame(
        {"period": [0, 0, 0, 1], "treated": [True, True, False, False], "revenue": [1.0, 3, 5, 7]}
    )
    means = average_windows(panel)
    assert means.loc[0].to_dict() == {"addressed": 2.0, "compared": 5.0}
