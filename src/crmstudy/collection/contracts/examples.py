"""An example of every column of the contracts, as it stands in a CSV file; all invented."""

from __future__ import annotations

#: Examples by column, for every table that has it.
COMMON = {
    "customer_id": "C1001",
    "name": "Li Wei 李伟",
    "email": "li.wei@example.org",
    "phone": "+86 10 5550 0123",
    "postcode": "100871",
    "birth_year": "1987",
    "product_id": "P042",
    "campaign_id": "LOYALTY-2025",
    "respondent_id": "R017",
    "department": "groceries",
    "category": "coffee",
    "brand": "house brand",
}

EXAMPLES: dict[str, dict[str, str]] = {
    "customers": {
        "registered_on": "2024-03-15",
        "sex": "female",
        "region": "north",
        "is_test": "no",
        "referred_by": "C0987",
    },
    "transactions": {
        "ordered_at": "2025-01-31 14:05",
        "revenue": "17.90",
        "basket_id": "B20250131-7",
        "quantity": "2",
        "cost": "11.40",
        "discount": "2.00",
        "coupon_discount": "0.50",
        "channel": "web",
        "status": "completed",
        "currency": "EUR",
    },
    "subscriptions": {
        "subscription_id": "S204",
        "plan": "tea club, small",
        "started_on": "2025-02-01",
        "ended_on": "2025-07-31",
        "fee": "12.90",
        "period": "month",
    },
    "products": {"unit_cost": "5.70"},
    "campaigns": {
        "campaign_type": "coupon",
        "start_on": "2025-10-06",
        "end_on": "2025-11-30",
        "treated": "yes",
    },
    "responses": {"responded_at": "2025-10-22 09:12"},
    "contacts": {
        "contact_id": "T5003",
        "opened_at": "2025-02-03 10:15",
        "first_response_at": "2025-02-03 14:40",
        "resolved_at": "2025-02-05 09:00",
        "channel": "telephone",
        "topic": "delivery",
        "complaint": "yes",
        "fee": "0",
        "cost": "8.50",
        "text": "My order is late.",
    },
    "web_events": {
        "visitor_id": "V88210",
        "occurred_at": "2025-01-30 20:41",
        "event": "view",
        "source": "search engine",
        "rating": "4",
        "text": "Fast delivery, good coffee.",
    },
    "costs": {"period": "2025-01-01", "cost_type": "service", "amount": "1250.00"},
    "survey": {"answered_on": "2025-06-12", "comment": "I would like longer opening hours."},
    "invitations": {
        "invited_on": "2025-06-02",
        "reminded_on": "2025-06-09",
        "wave": "2025 summer",
        "outcome": "complete",
    },
    "judgements": {
        "expert": "expert 1",
        "matrix": "criteria",
        "row": "satisfaction",
        "column": "loyalty",
        "value": "1/3",
    },
    "systems": {
        "system": "System A",
        "criterion": "usability",
        "rater": "rater 1",
        "value": "7",
    },
    "interviews": {
        "interview_id": "I03",
        "kind": "interview",
        "segment_id": "12",
        "coder": "coder A",
        "code": "waiting time",
        "text": "I waited twenty minutes for an answer.",
    },
    "mystery_shopping": {
        "visit_id": "M07",
        "visited_on": "2025-05-20",
        "outlet": "shop north",
        "channel": "store",
        "assessor": "assessor 1",
        "criterion": "greeting",
        "score": "3",
        "maximum": "5",
    },
    "leads": {
        "lead_id": "L310",
        "created_on": "2025-04-11",
        "source": "trade fair",
        "status": "qualified",
    },
    "staff_survey": {"department": "customer service", "answered_on": "2025-06-20"},
    "consents": {"purpose": "analysis", "given": "yes", "decided_on": "2024-03-15"},
    "benchmarks": {
        "indicator": "customer satisfaction index, retail",
        "period": "2025",
        "value": "78.2",
        "unit": "points of 100",
        "source": "national statistical office",
    },
}


def example_of(table: str, column: str) -> str:
    """Give an example of a column as its file would hold it; empty for an unknown one."""
    return EXAMPLES.get(table, {}).get(column, COMMON.get(column, ""))
