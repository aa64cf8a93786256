"""Consistency: records that contradict each other, within a row and across tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.contracts.tables import Contract
from crmstudy.collection.quality.stored import (
    StoredTable,
    ask,
    group_by_dataset,
    has_columns,
    quote,
)
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Money and units differ by rounding; less than half a cent is no contradiction.
CENT = 0.005


@dataclass(frozen=True)
class Rule:
    """Something that records must not say, as conditions of SQL.

    Parameters
    ----------
    name : str
        What is wrong with a record that breaks it.
    table : str
        The table the broken records are counted in.
    needs : mapping of str to tuple of str
        Tables and columns without which it says nothing.
    source : str
        What is looked at; tables in braces.
    compared, broken : str
        Which records can be compared, and which of them break the rule.
    """

    name: str
    table: str
    needs: dict[str, tuple[str, ...]]
    source: str
    compared: str
    broken: str

    def sql(self, tables: dict[str, StoredTable]) -> str:
        """Write the query that counts over the tables of one data set."""
        source = self.source.format(**{name: table.address for name, table in tables.items()})
        return (
            f"SELECT count(*) FILTER ({self.compared}) AS compared, "
            f"count(*) FILTER (({self.compared}) AND ({self.broken})) AS broken FROM {source}"
        )


def _line(name: str, columns: tuple[str, ...], broken: str) -> Rule:
    """Write a rule on single lines of a purchase."""
    compared = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return Rule(name, "transactions", {"transactions": columns}, "{transactions}", compared, broken)


def _after_registration(name: str, table: str, moment: str) -> Rule:
    """Write a rule that a customer's record must not be older than the registration."""
    return Rule(
        name,
        table,
        {table: ("customer_id", moment), "customers": ("customer_id", "registered_on")},
        f"{{{table}}} r JOIN {{customers}} c USING (customer_id)",
        f"r.{moment} IS NOT NULL AND c.registered_on IS NOT NULL",
        f"r.{moment}::DATE < c.registered_on::DATE",
    )


_BASKETS = (
    "(SELECT basket_id, count(DISTINCT customer_id) AS customers, "
    "count(DISTINCT ordered_at::DATE) AS days FROM {transactions} GROUP BY 1)"
)

RULES = (
    _after_registration("purchase before the customer registered", "transactions", "ordered_at"),
    _after_registration("ticket before the customer registered", "contacts", "opened_at"),
    _after_registration(
        "contract begun before the customer registered", "subscriptions", "started_on"
    ),
    Rule(
        "recommended by a customer who registered later",
        "customers",
        {"customers": ("customer_id", "registered_on", "referred_by")},
        "{customers} c JOIN {customers} r ON r.customer_id = c.referred_by",
        "c.registered_on IS NOT NULL AND r.registered_on IS NOT NULL",
        "r.registered_on::DATE > c.registered_on::DATE",
    ),
    _line(
        "revenue and quantity of opposite sign",
        ("revenue", "quantity"),
        f"(revenue > {CENT} AND quantity < 0) OR (revenue < -{CENT} AND quantity > 0)",
    ),
    _line(
        "discount greater than the price before it",
        ("revenue", "discount"),
        f"discount > {CENT} AND revenue < -{CENT}",
    ),
    _line("discount below zero", ("revenue", "discount"), f"discount < -{CENT} AND revenue >= 0"),
    _line(
        "coupons worth more than the whole discount",
        ("discount", "coupon_discount"),
        f"abs(coupon_discount) > abs(discount) + {CENT}",
    ),
    Rule(
        "returned, but revenue above zero",
        "transactions",
        {"transactions": ("status", "revenue")},
        "{transactions}",
        "status = 'returned'",
        f"revenue > {CENT}",
    ),
    Rule(
        "purchase of several customers",
        "transactions",
        {"transactions": ("basket_id", "customer_id")},
        _BASKETS,
        "basket_id IS NOT NULL",
        "customers > 1",
    ),
    Rule(
        "purchase spread over several days",
        "transactions",
        {"transactions": ("basket_id", "ordered_at")},
        _BASKETS,
        "basket_id IS NOT NULL",
        "days > 1",
    ),
    Rule(
        "campaign outside the days of the ledger",
        "campaigns",
        {"campaigns": ("campaign_id", "start_on", "end_on"), "transactions": ("ordered_at",)},
        "(SELECT DISTINCT campaign_id, start_on::DATE AS a, end_on::DATE AS z FROM {campaigns}), "
        "(SELECT min(ordered_at)::DATE AS first, max(ordered_at)::DATE AS last "
        "FROM {transactions})",
        "a IS NOT NULL AND z IS NOT NULL",
        "a < first OR z > last",
    ),
    Rule(
        "response outside the days of its campaign",
        "responses",
        {
            "responses": ("campaign_id", "customer_id", "responded_at"),
            "campaigns": ("campaign_id", "customer_id", "start_on", "end_on"),
        },
        "{responses} r JOIN {campaigns} k USING (campaign_id, customer_id)",
        "r.responded_at IS NOT NULL",
        "r.responded_at::DATE NOT BETWEEN k.start_on::DATE AND k.end_on::DATE",
    ),
    Rule(
        "response of a held-back control customer",
        "responses",
        {
            "responses": ("campaign_id", "customer_id"),
            "campaigns": ("campaign_id", "customer_id", "treated"),
        },
        "{responses} r JOIN {campaigns} k USING (campaign_id, customer_id)",
        "k.treated IS NOT NULL",
        "NOT k.treated",
    ),
    Rule(
        "resolved before the first answer",
        "contacts",
        {"contacts": ("first_response_at", "resolved_at")},
        "{contacts}",
        "first_response_at IS NOT NULL AND resolved_at IS NOT NULL",
        "resolved_at < first_response_at",
    ),
    Rule(
        "answered before the invitation",
        "survey",
        {
            "survey": ("respondent_id", "answered_on"),
            "invitations": ("respondent_id", "invited_on"),
        },
        "{survey} s JOIN {invitations} i USING (respondent_id)",
        "s.answered_on IS NOT NULL",
        "s.answered_on::DATE < i.invited_on::DATE",
    ),
    Rule(
        "complete by the invitations, but not in the survey",
        "invitations",
        {"invitations": ("respondent_id", "outcome"), "survey": ("respondent_id",)},
        "{invitations} i LEFT JOIN (SELECT DISTINCT respondent_id, true AS there FROM {survey}) s "
        "USING (respondent_id)",
        "i.outcome = 'complete'",
        "s.there IS NULL",
    ),
    Rule(
        "lead recorded after the customer registered",
        "leads",
        {"leads": ("customer_id", "created_on"), "customers": ("customer_id", "registered_on")},
        "{leads} l JOIN {customers} c USING (customer_id)",
        "l.created_on IS NOT NULL AND c.registered_on IS NOT NULL",
        "l.created_on::DATE > c.registered_on::DATE",
    ),
    Rule(
        "won lead without a customer",
        "leads",
        {"leads": ("customer_id", "status")},
        "{leads}",
        "status = 'won'",
        "customer_id IS NULL",
    ),
    Rule(
        "one visitor, several customers",
        "web_events",
        {"web_events": ("visitor_id", "customer_id")},
        "(SELECT visitor_id, count(DISTINCT customer_id) AS n FROM {web_events} "
        "WHERE customer_id IS NOT NULL GROUP BY 1)",
        "visitor_id IS NOT NULL",
        "n > 1",
    ),
)


def check_rules(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Count the records that contradict themselves or another table of their data set.

    Beside :data:`RULES` these are the orders that a contract states for two columns of a
    row (a ticket is not resolved before it was opened).

    Returns
    -------
    DataFrame
        Columns data set, table, rule (what is wrong), records compared, breaking, breaking
        share. A rule is left out where a table or column that it needs is missing, or
        where no record can be compared.
    """
    named = [
        (dataset, rule, rule.sql(tables))
        for dataset, tables in group_by_dataset(data).items()
        for rule in (*_row_orders(tables), *RULES)
        if has_columns(tables, rule.needs)
    ]
    if not named:
        return NotAvailable("no two records that could contradict each other")
    counts = ask(data, [sql for _, _, sql in named])
    rows = [
        {
            "data set": dataset,
            "table": rule.table,
            "rule": rule.name,
            "records compared": int(compared),
            "breaking": int(broken),
            "breaking share": broken / compared,
        }
        for (dataset, rule, _), compared, broken in zip(
            named, counts["compared"], counts["broken"], strict=True
        )
        if compared
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("no two records that could be compared")


def _row_orders(tables: dict[str, StoredTable]) -> list[Rule]:
    return [
        Rule(
            _tell_order(table.contract, first, second),
            name,
            {name: (first, second)},
            f"{{{name}}}",
            f"{quote(first)} IS NOT NULL AND {quote(second)} IS NOT NULL",
            f"{quote(first)} > {quote(second)}",
        )
        for name, table in tables.items()
        for first, second in table.contract.order
    ]


def _tell_order(contract: Contract, first: str, second: str) -> str:
    later = "later than" if contract.columns[first].kind == "date" else "above"
    return f"{first.replace('_', ' ')} {later} {second.replace('_', ' ')}"
