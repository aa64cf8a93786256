"""Segments, and customers addressed and others before and after a campaign."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.appraisal import EvaluationSpec
from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, SettingsError
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.periods.compare import compare_groups
from crmstudy.evaluation.periods.evaluate import evaluate_groups, evaluate_segments
from crmstudy.evaluation.periods.plan import plan_evaluation
from crmstudy.evaluation.periods.units import quarter_spending
from crmstudy.indicators.measure import gather_evidence

RATES = ["repeat_purchase_rate", "retention_rate"]
LIMITS = {name: [0.0, 1.0] for name in RATES}
YEAR = {"window_start": "2025-01-01", "window_end": "2026-01-01"}
CAMPAIGN = {"campaign_start": "2025-04-01", "campaign_end": "2025-06-30"}


@pytest.fixture
def panel(long):
    table = long(RATES, [1.0], matrix="loyalty")
    return prioritise_hierarchy(table, hierarchy={"loyalty": RATES})


@pytest.fixture(scope="module")
def firm():
    return simulate_firm(seed=5, n_customers=900).tables


def plan_for(tables, panel, **settings):
    settings = {"n_draws": 300, "noise": 0.0, "seed": 1} | settings
    return plan_evaluation(tables, panel, spec=EvaluationSpec(limits=LIMITS), **settings)


def shop(orders):
    """So many orders of each customer in three quarters of 2025."""
    rows = [
        (customer, pd.Timestamp(start) + pd.Timedelta(days=i), 5.0)
        for customer, counts in orders.items()
        for start, many in zip(("2025-01-02", "2025-04-02", "2025-07-02"), counts, strict=True)
        for i in range(many)
    ]
    rows += [("first", pd.Timestamp("2024-10-02"), 1.0)]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


def test_the_difference_of_the_changes_by_hand(panel):
    # Retention needs the quarter before the quarter before: the log begins in October 2024
    # with one purchase, and nobody of the groups has bought then; it is left out.
    treated = {"t1": (1, 2, 1), "t2": (1, 2, 1), "t3": (1, 1, 1), "t4": (2, 2, 1)}
    control = {"u1": (1, 1, 1), "u2": (1, 2, 1), "u3": (2, 1, 1), "u4": (2, 2, 1)}
    plan = plan_for({"transactions": shop({**treated, **control})}, panel)
    sides = {"treated_ids": tuple(treated), "control_ids": tuple(control)}
    found = compare_groups(evaluate_groups(plan, **sides, **CAMPAIGN))
    # Repeat rates: treated 1/4 to 3/4, others 2/4 to 2/4, each point 4 scores.
    assert found.changes["addressed"].change == pytest.approx(4 * (3 / 4 - 1 / 4))
    assert found.changes["compared"].change == pytest.approx(0)
    assert found.difference == pytest.approx(2)
    turned = compare_groups(
        evaluate_groups(
            plan, treated_ids=sides["control_ids"], control_ids=sides["treated_ids"], **CAMPAIGN
        )
    )
    assert turned.difference == pytest.approx(-found.difference)
    assert "retention_rate" in found.changes["addressed"].evaluated.rebuilt.dropped


def test_equal_groups_change_alike(panel):
    alike = {f"{side}{i}": (1 + i % 2, 1 + i % 3, 1) for side in "tu" for i in range(30)}
    plan = plan_for({"transactions": shop(alike)}, panel)
    groups = evaluate_groups(
        plan,
        treated_ids=[name for name in alike if name[0] == "t"],
        control_ids=[name for name in alike if name[0] == "u"],
        **CAMPAIGN,
    )
    found = compare_groups(groups)
    assert found.difference == pytest.approx(0)
    assert found.lower < 0 < found.upper
    assert 0.35 < found.p_higher < 0.65


def test_quarters_of_earlier_spending_are_equally_large(firm):
    evidence = gather_evidence(firm, "2025-01-01", "2026-01-01", None, None)
    groups = quarter_spending(evidence)
    sizes = groups["earlier spending"].value_counts()
    assert len(sizes) == 4
    assert sizes.max() - sizes.min() <= 2
    spent = evidence.ledger.between(*evidence.earlier).groupby("customer_id")["revenue"].sum()
    by = groups.set_index("customer_id")["earlier spending"]
    ends = spent.reindex(by.index).groupby(by).agg(["min", "max"])
    assert ends.loc["lowest quarter", "max"] <= ends.loc["second quarter", "min"]
    assert ends.loc["third quarter", "max"] <= ends.loc["highest quarter", "min"]


def test_segments_by_earlier_spending_and_by_a_column(firm, panel):
    plan = plan_for(firm, panel)
    quarters = evaluate_segments(plan, **YEAR)
    assert quarters.names == (
        *("lowest quarter", "second quarter", "third quarter", "highest quarter"),
    )
    assert "no earlier spending" in quarters.units.left_out
    regions = evaluate_segments(plan, column="region", **YEAR)
    assert set(regions.names) <= set(firm["customers"]["region"].dropna().unique())
    assert regions.table()["score"].between(1, 5).all()


def test_a_segment_alone_is_the_firm_of_its_customers(firm, panel):
    regions = evaluate_segments(plan_for(firm, panel), column="region", **YEAR)
    region = regions.names[0]
    people = firm["customers"]
    inside = people.loc[people["region"] == region, "customer_id"]
    lines = firm["transactions"]
    bought = lines[lines["customer_id"].isin(inside) & ~(lines["revenue"] < 0)]
    year = bought[bought["ordered_at"] >= "2025-01-01"]
    orders = year.groupby("customer_id")["basket_id"].nunique()
    value = regions.tables[region].measured["repeat_purchase_rate"].value
    assert value == pytest.approx(float((orders >= 2).mean()))


def test_costs_of_the_firm_are_no_segments(firm, long):
    names = ["repeat_purchase_rate", "service_cost"]
    table = long(names, [1.0], matrix="both")
    panel = prioritise_hierarchy(table, hierarchy={"both": names})
    spec = EvaluationSpec(limits={"repeat_purchase_rate": [0, 1], "service_cost": [9, 0]})
    plan = plan_evaluation(firm, panel, spec=spec, n_draws=100, seed=1)
    found = evaluate_segments(plan, column="region", **YEAR)
    assert "booked to the firm as a whole" in found.rebuilt.dropped["service_cost"]
    assert found.lost_weight == pytest.approx(0.5)


def test_the_draws_are_the_same_every_time(firm, panel):
    one, two = (evaluate_segments(plan_for(firm, panel, noise=0.2), **YEAR) for _ in range(2))
    np.testing.assert_array_equal(one.scores, two.scores)


def test_what_is_refused(firm, panel):
    plan = plan_for(firm, panel)
    with pytest.raises(SettingsError, match=r"no column 'regio' of customers; known: .*region"):
        evaluate_segments(plan, column="regio", **YEAR)
    with pytest.raises(ModelError, match="comparing needs two"):
        evaluate_segments(plan, column="region", at_least=100_000, **YEAR)
    with pytest.raises(ModelError, match="nobody of the group 'addressed' has bought"):
        evaluate_groups(plan, treated_ids=["nobody"], control_ids=[], **CAMPAIGN)
    with pytest.raises(ModelError, match="do not cover"):
        evaluate_groups(
            plan,
            treated_ids=["nobody"],
            control_ids=[],
            campaign_start="2027-01-01",
            campaign_end="2027-02-01",
        )
