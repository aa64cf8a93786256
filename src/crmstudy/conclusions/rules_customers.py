"""Rules on customers: whom the budget goes to, who is cared for, who is called back."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.rules import Finding, Rule, say_failures, to_number
from crmstudy.errors import NotAvailable


def judge_budget(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Spend contacts as the best plan does, where it beats drawing customers by lot."""
    plans = evidence.table("segmentation/budget_plans")
    segments = evidence.table("segmentation/budget")
    if isinstance(plans, NotAvailable):
        return plans
    if isinstance(segments, NotAvailable):
        return segments
    by_lot = plans[plans["plan"] == "customers drawn by lot"]
    funded = segments[pd.to_numeric(segments["contacts"], errors="coerce") > 0]
    if by_lot.empty or funded.empty:
        return NotAvailable("the plan contacts nobody, or was not compared with drawing by lot")
    row = by_lot.iloc[0]
    names = [str(name) for name in funded["segment"]]
    return [
        Finding(
            action="send offers by the best plan",
            who=", ".join(names),
            exhibit="segmentation/budget_plans",
            model="budget",
            strength="tested on held-out data",
            value=to_number(row["advantage of the best plan"]),
            lower=to_number(row["advantage, lower"]),
            upper=to_number(row["advantage, upper"]),
            unit=f"{evidence.currency}, profit on held-out offers beyond that of customers drawn "
            "by lot",
            in_money=True,
            because=f"the plan contacts {len(funded)} of {len(segments)} segments",
            forbidden=say_failures(evidence.failures("segmentation/use_checks")),
            assumed=_say_assumed(evidence),
        )
    ]


def _say_assumed(evidence: Evidence) -> str:
    assumptions = evidence.table("segmentation/budget_assumptions")
    if isinstance(assumptions, NotAvailable):
        return ""
    names = assumptions.loc[assumptions["source"] == "assumed", "quantity"]
    return "; ".join(str(name) for name in names)


def judge_care(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Care for each segment by its action of known value, else by that of highest priority."""
    care = evidence.table("segmentation/care_values")
    if isinstance(care, NotAvailable):
        return care
    worth = pd.to_numeric(care["expected value of a contact"], errors="coerce")
    ordered = care.assign(unknown=worth.isna()).sort_values(["unknown", "priority"], kind="stable")
    first = ordered.drop_duplicates("segment").sort_values("priority", kind="stable")
    return [_care_for(row, evidence.currency) for row in first.to_dict("records")]


def _care_for(row: dict[Any, Any], currency: str) -> Finding:
    value = to_number(row["expected value of a contact"])
    reason = str(row["evidence"])
    nothing = str(row["action"]) == "no paid contact"
    return Finding(
        action=str(row["action"]),
        who=str(row["segment"]),
        exhibit="segmentation/care_values",
        model="care",
        strength="association",
        value=value,
        lower=to_number(row["lower"]),
        upper=to_number(row["upper"]),
        unit=f"{currency} a contact" if value is not None else "",
        because="" if value is None else reason,
        forbidden="" if nothing or value is not None else reason.removeprefix("not available: "),
        standing="do" if nothing else "",
    )


def judge_warning(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Contact the customers at risk whom a contact is expected to pay for."""
    policies = evidence.table("customer_value/warning_contacts")
    if isinstance(policies, NotAvailable):
        return policies
    row = policies[policies["policy"] == "contacts expected to pay"]
    if row.empty:
        return NotAvailable("chapter customer value tested no policy of contacts expected to pay")
    found = row.iloc[0]
    contacted = to_number(found["contacted"]) or 0.0
    if contacted == 0:
        return NotAvailable("no contact with a customer at risk is expected to pay")
    return [
        Finding(
            action="contact customers at risk",
            who=f"the customers whose contact is expected to pay ({contacted:,.0f} in the test)",
            exhibit="customer_value/warning_contacts",
            model="warning_contacts",
            strength="tested on held-out data",
            value=to_number(found["profit"]),
            lower=to_number(found["from"]),
            upper=to_number(found["to"]),
            unit=f"{evidence.currency}, profit among the customers of the test",
            in_money=True,
            because=_say_break_even(found),
            forbidden=say_failures(evidence.failures("customer_value/warning_checks")),
            assumed="cost of a contact; share of those contacted who are kept",
        )
    ]


def _say_break_even(row: Any) -> str:
    share = to_number(row["break-even rescue share"])
    if share is None:
        return ""
    return f"it pays as soon as {100 * share:.1f}% of those about to lapse are kept by a contact"


def judge_offers(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Recommend goods by the best method that is more than a baseline; test it first if unsure."""
    methods = evidence.table("customer_value/recommenders")
    if isinstance(methods, NotAvailable):
        return methods
    found = []
    for task, rows in methods.groupby("task", sort=True):
        rivals = rows[rows["against the best baseline"] != "the best baseline"]
        baseline = rows.loc[rows["against the best baseline"] == "the best baseline", "method"]
        if rivals.empty or baseline.empty:
            continue
        best = rivals.sort_values(["NDCG", "method"], ascending=[False, True]).iloc[0]
        found.append(_offer(str(task), best, str(baseline.iloc[0])))
    return found or NotAvailable("no method of recommendation was compared with a baseline")


def _offer(task: str, best: Any, baseline: str) -> Finding:
    said = f"{best['method']} is {best['against the best baseline']} against {baseline} in NDCG"
    return Finding(
        action=f"recommend goods by {best['method']} in place of {baseline}",
        who=f"all customers ({task})",
        exhibit="customer_value/recommenders",
        model="recommendation",
        strength="tested on held-out data",
        value=to_number(best["lead in NDCG"]),
        lower=to_number(best["lead, lower"]),
        upper=to_number(best["lead, upper"]),
        unit="NDCG, lead over the best baseline",
        because=said,
    )


RULES = (
    Rule(
        "budget of contacts",
        "the plan funds a segment, and its lead in profit on held-out offers over customers drawn "
        "by lot has an interval above zero",
        (
            "segmentation/budget_plans",
            "segmentation/budget",
            "segmentation/use_checks",
            "segmentation/budget_assumptions",
        ),
        judge_budget,
    ),
    Rule(
        "care for segments",
        "the care plan names an action for the segment; it is tested first, "
        "because its value is an association or not known; only no paid contact needs no test",
        ("segmentation/care_values",),
        judge_care,
    ),
    Rule(
        "customers at risk",
        "the profit of contacts expected to pay has an interval above zero on the days of the test",
        ("customer_value/warning_contacts", "customer_value/warning_checks"),
        judge_warning,
    ),
    Rule(
        "next offer",
        "the best method of recommendation leads the best baseline in NDCG by an interval above "
        "zero; else the baseline stays, and the method is tested first where the interval holds "
        "zero, left where it lies below",
        ("customer_value/recommenders",),
        judge_offers,
    ),
)
