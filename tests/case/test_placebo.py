"""Placebo dates and outcomes, and what they do to a claim."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.effects.did import estimate_did
from crmstudy.case.effects.placebos import run_placebos
from crmstudy.case.effects.unmoved import build_unmoved
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.improvement import Case
from tests.case.test_honest import make_panel


def test_placebo_dates_are_did_on_earlier_windows():
    panel = make_panel(1, path=[0, 1, 3, 0, 2])
    found = run_placebos(panel).rows.set_index("name")
    assert found.index.tolist() == ["campaign", "window -3", "window -2", "window -1"]
    assert found.loc["campaign", "estimate"] == pytest.approx(estimate_did(panel).effect)
    for start in (-3, -2, -1):
        early = panel[panel["period"] <= start]
        early = early.assign(post=early["period"] == start)
        assert found.loc[f"window {start}", "estimate"] == pytest.approx(estimate_did(early).effect)
    raised = panel.assign(revenue=panel["revenue"] + 50 * panel["post"] * panel["treated"])
    again = run_placebos(raised).rows.set_index("name")
    assert again["estimate"].iloc[1:].tolist() == pytest.approx(found["estimate"].iloc[1:].tolist())


def test_holm_counts_dates_and_outcomes_and_the_campaign_not():
    panel = make_panel(2, path=[0, 0, 0, 0, 9])
    found = run_placebos(panel, outcomes={"spices": make_panel(3), "fuel": make_panel(4)})
    p = found.placebos["p_value"]
    assert len(p) == 5
    assert found.placebos["p_holm"].min() == pytest.approx(min(1, 5 * p.min()))
    assert np.isnan(found.rows["p_holm"].iloc[0])
    assert found.checks[0].passed
    moved = run_placebos(panel, outcomes={"fuel": make_panel(4, path=[0, 0, 0, 0, 9])})
    assert moved.found["name"].tolist() == ["fuel"]
    assert not moved.checks[0].passed
    refused = estimate_did(panel, placebos=moved)
    assert any(c.name.startswith("placebos are null") for c in refused.checks if not c.passed)
    assert refused.to_metrics()["placebos_found"] == 1


def test_true_nulls_are_found_at_most_as_often_as_the_level():
    found = [len(run_placebos(make_panel(seed)).found) > 0 for seed in range(400)]
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_an_outcome_nobody_ever_bought_is_named():
    empty = make_panel(5).assign(revenue=0.0)
    found = run_placebos(make_panel(5), outcomes={"toys": empty})
    assert found.without == ("toys",)
    absent = run_placebos(make_panel(5), outcomes=NotAvailable("no products"))
    assert len(absent.placebos) == 3


def test_unmoved_products_in_the_windows_of_the_panel():
    days = pd.to_datetime(["2024-01-05", "2024-01-15", "2024-01-25", "2024-01-25"])
    transactions = pd.DataFrame(
        {
            "customer_id": ["a", "b", "a", "c"],
            "basket_id": ["1", "2", "3", "4"],
            "ordered_at": days,
            "product_id": ["p", "q", "q", "p"],
            "revenue": [1.0, 2.0, 4.0, 8.0],
        }
    )
    products = pd.DataFrame({"product_id": ["p", "q"], "department": ["FUEL", "FOOD"]})
    starts = pd.to_datetime(["2024-01-05", "2024-01-15", "2024-01-25"])
    panel = pd.DataFrame(
        {
            "customer_id": np.repeat(["a", "b", "c"], 3),
            "period": [-2, -1, 0] * 3,
            "starts_on": list(starts) * 3,
            "treated": np.repeat([True, False, False], 3),
        }
    )
    longer = pd.concat(
        [transactions, transactions.tail(1).assign(ordered_at=pd.Timestamp("2024-02-05"))]
    )
    built = build_unmoved(longer, products, panel, case=Case(unmoved={"department": ["FUEL"]}))
    assert built["FUEL"]["revenue"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 8]
    assert not build_unmoved(longer, products, panel, case=None)
    with pytest.raises(
        SettingsError, match="no product has department 'FUEK'; did you mean 'FUEL'"
    ):
        build_unmoved(longer, products, panel, case=Case(unmoved={"department": ["FUEK"]}))
    with pytest.raises(SettingsError, match="products have no column 'departmen'"):
        build_unmoved(longer, products, panel, case=Case(unmoved={"departmen": ["FUEL"]}))


def test_refusals():
    panel = make_panel(1)
    with pytest.raises(ModelError, match="a placebo needs two windows before the start"):
        run_placebos(panel[panel["period"] >= -1])
    with pytest.raises(DataError, match="no column 'revenu'"):
        run_placebos(panel, outcome="revenu")
    with pytest.raises(SettingsError, match="level = 0: must be between"):
        run_placebos(panel, level=0)
    assert not run_placebos(NotAvailable("no campaigns"))
