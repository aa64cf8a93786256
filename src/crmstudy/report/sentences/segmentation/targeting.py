"""Sentences on the use of segments: targeting, budget, care."""

from __future__ import annotations

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)
from crmstudy.segmentation.use.budget import BudgetResult
from crmstudy.segmentation.use.care import CarePlan
from crmstudy.segmentation.use.care_rules import UNPAID
from crmstudy.segmentation.use.targeting_result import TargetingResult
from crmstudy.segmentation.use.uplift import ALL, UpliftResult


def read_targeting(*results: TargetingResult | NotAvailable) -> str:
    """Say how well segments rank customers, and whether customers alone rank better."""
    known = any(not isinstance(result, NotAvailable) for result in results)
    return compose(
        *(
            f"By another outcome nothing could be judged: {result.reason}."
            if known and isinstance(result, NotAvailable)
            else compose(*_say_targeting(result))
            for result in results
        )
    )


def read_uplift(uplift: UpliftResult | NotAvailable) -> str:
    """Say what the campaign caused, and whether the segments differ."""
    return compose(_say_uplift(uplift), _say_homogeneity(uplift))


def read_budget(budget: BudgetResult | NotAvailable) -> str:
    """Say who gets the money, what more of it would bring, and how the plan stood the test."""
    return compose(_say_plan(budget), _say_shadow(budget), _say_trial(budget), _say_limits(budget))


def read_care(care: CarePlan | NotAvailable) -> str:
    """Say what the care plan starts with, and of how much of it the value is known."""
    return compose(_say_care(care))


def _say_targeting(result: TargetingResult | NotAvailable) -> tuple[str | NotAvailable, ...]:
    if isinstance(result, NotAvailable):
        return (result,)
    return _say_best(result), _say_gini(result), _say_rivals(result)


def _say_best(result: TargetingResult) -> str:
    segments = result.segments
    top = segments.iloc[0]
    if len(segments) == 1:
        n = count_of(result.n_rows, result.unit)
        return f"Judged by {result.judged_on} ({n}), there is one segment only: it ranks nobody."
    return (
        f"Judged by {result.judged_on} ({count_of(result.n_rows, result.unit)}), the segment "
        f"ranked first, '{segments.index[0]}', holds {percent_within(top['share_rows'])} of the "
        f"{result.unit}s and {percent_within(top['share_outcome'])} of the {result.outcome}: a "
        f"lift of {number(top['lift'])} {_interval(top['lower'], top['upper'])}."
    )


def _say_gini(result: TargetingResult) -> str:
    row = result.methods.iloc[0]
    limits = _interval(row["gini_lower"], row["gini_upper"])
    said = f"The Gini coefficient of the segments is {number(row['gini'])} {limits}"
    if row["gini_lower"] > 0:
        return f"{said}: they rank better than chance."
    if row["gini_upper"] < 0:
        return f"{said}: they rank worse than chance."
    return f"{said}: they are not shown to rank better than chance."


def _say_rivals(result: TargetingResult) -> str:
    rivals = result.methods.iloc[1:]
    better = list(rivals.index[rivals["lead_upper"] < 0])
    worse = list(rivals.index[rivals["lead_lower"] > 0])
    same = [name for name in rivals.index if name not in (*better, *worse)]
    parts = []
    if better:
        parts.append(f"{_quote(better)} {_verb(better, 'ranks', 'rank')} better than the segments")
    if worse:
        parts.append(f"{_quote(worse)} {_verb(worse, 'ranks', 'rank')} worse")
    if same:
        parts.append(f"{_quote(same)} {_verb(same, 'is', 'are')} not told apart from them")
    return f"Of the rankings of single customers, {'; '.join(parts)}." if parts else ""


@passes_absence
def _say_uplift(uplift: UpliftResult) -> str:
    row = uplift.segments[uplift.segments.index == ALL].iloc[0]
    limits = _interval(row["lower"], row["upper"])
    n = count_of(int(row["n_addressed"] + row["n_held_back"]), "customer")
    if len(uplift.campaigns) > 1:
        n += ", counted once in each campaign"
    said = (
        f"Compared with customers held back by lot ({n}), those addressed brought "
        f"{number(abs(row['uplift']))} {'less' if row['uplift'] < 0 else 'more'} {uplift.outcome} "
        f"each (difference {limits})"
    )
    if row["lower"] <= 0 <= row["upper"]:
        said += ", which may be chance"
    return f"{said}; {percent_within(row['response_rate'])} of the offers were answered."


@passes_absence
def _say_homogeneity(uplift: UpliftResult) -> str | NotAvailable:
    test = uplift.homogeneity
    if isinstance(test, NotAvailable):
        return ""
    said = p_value(test.p_value)
    if test.p_value < 0.05:
        return f"The effect differs between segments ({said})."
    return f"The data do not show that the effect differs between segments ({said})."


@passes_absence
def _say_plan(budget: BudgetResult) -> str:
    funded = budget.segments[budget.segments["contacts"] >= 1]
    money = f"a budget of {number(budget.terms.budget)}"
    if funded.empty:
        why = (
            "it pays for no contact"
            if budget.terms.budget < budget.terms.cost_per_contact
            else ("no contact is expected to bring more than it costs")
        )
        return f"With {money} the best plan makes no contact: {why}."
    shares = funded.sort_values("share_budget", ascending=False, kind="stable")["share_budget"]
    said = enumerate_words([f"'{name}' {percent_within(share)}" for name, share in shares.items()])
    n = round(float(budget.plan.contacts.sum()))
    return (
        f"With {money} the best plan makes {count_of(n, 'contact')} and spends "
        f"{number(budget.plan.spent)}, by segment: {said}."
    )


@passes_absence
def _say_shadow(budget: BudgetResult) -> str:
    price = budget.plan.shadow_price
    if price <= 0:
        made = float(budget.plan.contacts.sum()) > 0
        return f"More money would not bring more{': every contact that pays is made' * made}."
    return (
        f"One more unit of money is expected to bring {number(price)} in profit "
        f"{_interval(budget.shadow_lower, budget.shadow_upper)}."
    )


@passes_absence
def _say_trial(budget: BudgetResult) -> str:
    rivals = budget.comparison.iloc[1:]
    ahead = list(rivals.index[rivals["advantage_lower"] > 0])
    behind = list(rivals.index[rivals["advantage_upper"] < 0])
    same = [name for name in rivals.index if name not in (*ahead, *behind)]
    n = count_of(budget.n_held_out, "offer")
    parts = []
    if ahead:
        parts.append(f"earns more than {_quote(ahead)}")
    if behind:
        parts.append(f"earns less than {_quote(behind)}")
    if same:
        parts.append(f"is not told apart from {_quote(same)}")
    return f"On the {n} held out the best plan {'; it '.join(parts)}." if parts else ""


@passes_absence
def _say_limits(budget: BudgetResult) -> str:
    problems = failed(budget.checks)
    said = "; ".join(f"{check.name} fails, so {check.consequence}" for check in problems)
    return f"Not all checks hold: {said}." if problems else ""


@passes_absence
def _say_care(care: CarePlan) -> str:
    actions = care.actions
    first = actions.iloc[0]
    paid = actions[~actions["action"].isin(UNPAID)]
    known = sum(not isinstance(value, NotAvailable) for value in paid["expected_value"])
    said = (
        f"The care plan holds {count_of(len(actions), 'action')} for "
        f"{count_of(actions['segment'].nunique(), 'segment')} and begins with '{first['action']}' "
        f"for the segment '{first['segment']}' ({count_of(int(first['n_customers']), 'customer')})."
    )
    if paid.empty:
        said += " None of them costs anything."
    elif known == len(paid):
        said += (
            f" The expected value is known for every {'paid ' * (len(paid) < len(actions))}action."
        )
    elif known:
        said += (
            f" Of {count_of(len(paid), 'action')} to be paid for, the expected value is known for "
            f"{known}; the {'other needs' if known == len(paid) - 1 else 'others need'} a test "
            "first."
        )
    else:
        which = "paid " * (len(paid) < len(actions))
        said += f" The data give no expected value for any {which}action: each needs a test first."
    if care.skipped:
        verb = _verb(care.skipped, "was", "were")
        said += f" {_quote(care.skipped)} {verb} not considered: the data lack what the rule asks."
    return said


def _interval(lower: float, upper: float) -> str:
    return f"[{number(lower)}, {number(upper)}]"


def _quote(names: list[str] | tuple[str, ...] | pd.Index) -> str:
    return enumerate_words([f"'{name}'" for name in names])


def _verb(names: list[str] | tuple[str, ...], one: str, several: str) -> str:
    return one if len(names) == 1 else several
