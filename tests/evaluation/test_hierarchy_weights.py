"""Hierarchies without some indicators: what is dropped, why, and where its weight goes."""

import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, rebuild_hierarchy

TREE = {"satisfaction": ("product", "service"), "cost": ("care", "platform"), "value": ("clv",)}
WEIGHTS = HierarchyWeights(
    pd.Series({"satisfaction": 0.5, "cost": 0.3, "value": 0.2}),
    {
        "satisfaction": pd.Series({"product": 0.8, "service": 0.2}),
        "cost": pd.Series({"care": 0.4, "platform": 0.6}),
        "value": pd.Series({"clv": 1.0}),
    },
)
NO_LEDGER = NotAvailable("no cost ledger")


def test_nothing_missing_changes_nothing():
    rebuilt = rebuild_hierarchy(TREE, ["product", "service", "care", "platform", "clv"])
    assert rebuilt.hierarchy == TREE
    assert rebuilt.dropped == {}
    pd.testing.assert_series_equal(rebuilt.reweigh(WEIGHTS).overall, WEIGHTS.overall)


def test_reasons_are_kept_and_weights_renormalised():
    found = {"product": 1.0, "service": NotAvailable("no item"), "clv": 3.0}
    rebuilt = rebuild_hierarchy(TREE, {**found, "care": NO_LEDGER, "platform": NO_LEDGER})
    assert rebuilt.hierarchy == {"satisfaction": ("product",), "value": ("clv",)}
    assert rebuilt.dropped_criteria == ("cost",)
    table = rebuilt.table().set_index("indicator")
    assert table.loc["care", "reason"] == "no cost ledger"
    assert list(table["used"]) == ["yes", "no", "no", "no", "yes"]
    weights = rebuilt.reweigh(WEIGHTS)
    # The criteria keep their proportion 5 to 2; what is alone under one has its whole weight.
    assert weights.overall.to_dict() == pytest.approx({"product": 5 / 7, "clv": 2 / 7})
    assert rebuilt.to_metrics() == {
        "n_indicators": 2,
        "n_indicators_dropped": 3,
        "n_criteria": 2,
        "n_criteria_dropped": 1,
    }


def test_an_unmeasured_indicator_is_said_so():
    rebuilt = rebuild_hierarchy(TREE, {"product": 1.0})
    assert rebuilt.dropped["clv"] == "not measured"


def test_refusals():
    with pytest.raises(ModelError, match="no indicator of the hierarchy can be measured"):
        rebuild_hierarchy(TREE, {"product": NO_LEDGER})
    with pytest.raises(ModelError, match=r"study\.yml names no hierarchy of criteria"):
        rebuild_hierarchy({}, [])
    weightless = HierarchyWeights(pd.Series({"value": 0.0, "cost": 1.0}), WEIGHTS.local)
    with pytest.raises(ModelError, match="what remains under the goal has no weight"):
        rebuild_hierarchy(TREE, ["clv"]).reweigh(weightless)


def test_hands_on_what_is_not_available():
    assert rebuild_hierarchy(TREE, NO_LEDGER) is NO_LEDGER
    assert rebuild_hierarchy(TREE, ["clv"]).reweigh(NO_LEDGER) is NO_LEDGER
