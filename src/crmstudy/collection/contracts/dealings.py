"""Tables that dealing with customers leaves behind: sales, service, the web, costs."""

from __future__ import annotations

from dataclasses import replace

from crmstudy.collection.contracts.columns import (
    BY_CONSENT,
    BY_CONTRACT,
    CUSTOMER,
    CUSTOMER_IF_KNOWN,
    NO_PERSON,
    PERSON,
    Column,
    Contract,
    may,
)

DEALINGS: tuple[Contract, ...] = (
    Contract(
        "customers",
        "One row a customer: identifier and attributes.",
        {
            "customer_id": CUSTOMER,
            "registered_on": may("date", "day of registration"),
            **PERSON,
            "sex": may("text", "sex or gender", privacy="quasi"),
            "region": may("text", "region", privacy="quasi"),
            "is_test": may("boolean", "whether it is a test customer, not a real one"),
            "referred_by": may(
                "id", "customer who recommended the shop; empty = nobody known", privacy="pseudonym"
            ),
        },
        key=("customer_id",),
        channel="interaction",
        frequency="at registration",
        legal_basis=BY_CONTRACT,
    ),
    Contract(
        "transactions",
        "One row a line of a purchase.",
        {
            "customer_id": replace(
                CUSTOMER, meaning="customer's identifier; empty = anonymous", nullable=True
            ),
            "ordered_at": Column("date", "day or time of the purchase"),
            "revenue": Column("number", "money paid for the line", unit="money"),
            "basket_id": Column("id", "purchase that the line belongs to", required=False),
            "product_id": may("id", "product bought"),
            "quantity": may("number", "units bought", unit="units"),
            "cost": may("number", "cost of the goods of the line", unit="money"),
            "discount": may("number", "discount given on the line", unit="money"),
            "coupon_discount": may(
                "number", "discount given by coupons, on top of discount", unit="money"
            ),
            "channel": may("text", "sales channel"),
            "status": may(
                "text",
                "what became of the line; empty = completed",
                allowed=("completed", "returned", "cancelled"),
            ),
            "currency": may("text", "currency of the line; empty = the study's"),
        },
        channel="sales",
        frequency="with every purchase",
        legal_basis=BY_CONTRACT,
    ),
    Contract(
        "subscriptions",
        "One row a contract of a customer that runs until it is ended.",
        {
            "subscription_id": Column("id", "contract's identifier"),
            "customer_id": CUSTOMER,
            "plan": may("text", "plan or tariff"),
            "started_on": Column("date", "first day of the contract"),
            "ended_on": may("date", "last day of the contract; empty = still running"),
            "fee": may("number", "money charged for a period", minimum=0, unit="money"),
            "period": may(
                "text", "length of a period; empty = month", allowed=("month", "quarter", "year")
            ),
        },
        key=("subscription_id",),
        channel="sales",
        frequency="with every contract",
        legal_basis=BY_CONTRACT,
        order=(("started_on", "ended_on"),),
    ),
    Contract(
        "products",
        "One row a product.",
        {
            "product_id": Column("id", "product's identifier"),
            "department": may("text", "department"),
            "category": may("text", "category"),
            "brand": may("text", "brand"),
            "unit_cost": may("number", "cost of a unit", minimum=0, unit="money"),
        },
        key=("product_id",),
        channel="sales",
        frequency="when the range changes",
        legal_basis=NO_PERSON,
    ),
    Contract(
        "campaigns",
        "One row a customer addressed by a campaign.",
        {
            "campaign_id": Column("id", "campaign's identifier"),
            "customer_id": CUSTOMER,
            "campaign_type": may("text", "kind of campaign"),
            "start_on": Column("date", "first day"),
            "end_on": Column("date", "last day"),
            "treated": may("boolean", "false for a held-back control customer"),
        },
        key=("campaign_id", "customer_id"),
        channel="sales",
        frequency="with every campaign",
        legal_basis=BY_CONSENT,
        order=(("start_on", "end_on"),),
    ),
    Contract(
        "responses",
        "One row a customer's response to a campaign.",
        {
            "campaign_id": Column("id", "campaign's identifier"),
            "customer_id": CUSTOMER,
            "responded_at": Column("date", "day or time of the response"),
        },
        channel="sales",
        frequency="with every response",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "contacts",
        "One row a service ticket.",
        {
            "contact_id": Column("id", "ticket's identifier"),
            "customer_id": replace(CUSTOMER, nullable=True),
            "opened_at": Column("date", "time the ticket was opened"),
            "first_response_at": may("date", "time of the first answer"),
            "resolved_at": may("date", "time it was resolved"),
            "channel": may("text", "service channel"),
            "topic": may("text", "topic"),
            "complaint": may("boolean", "whether it is a complaint"),
            "fee": may(
                "number",
                "money charged for the service, as a repair or advice",
                minimum=0,
                unit="money",
            ),
            "cost": may("number", "cost of handling the ticket", minimum=0, unit="money"),
            "text": may("text", "the customer's words", privacy="words"),
            **PERSON,
        },
        key=("contact_id",),
        channel="interaction",
        frequency="with every contact",
        legal_basis=BY_CONTRACT,
        order=(("opened_at", "first_response_at"), ("opened_at", "resolved_at")),
    ),
    Contract(
        "web_events",
        "One row an event on the website, in the app or in social media.",
        {
            "visitor_id": Column("id", "visitor's identifier", privacy="pseudonym"),
            "customer_id": CUSTOMER_IF_KNOWN,
            "occurred_at": Column("date", "time of the event"),
            "event": Column(
                "text",
                "what happened",
                allowed=("visit", "view", "search", "cart", "purchase", "review", "mention"),
            ),
            "source": may("text", "where the visitor came from"),
            "product_id": may("id", "product looked at"),
            "rating": may("number", "rating given in a review", unit="points"),
            "text": may("text", "words of a review or a mention", privacy="words"),
        },
        channel="web",
        frequency="continuously",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "costs",
        "One row a booking of relationship cost.",
        {
            "period": Column("date", "first day of the month booked"),
            "cost_type": Column(
                "text",
                "kind of cost",
                allowed=("service", "care", "platform", "campaign", "other"),
            ),
            "amount": Column("number", "cost booked", minimum=0, unit="money"),
            "customer_id": replace(
                CUSTOMER_IF_KNOWN, meaning="customer, when booked to a single one"
            ),
        },
        channel="sales",
        frequency="monthly",
        legal_basis=NO_PERSON,
    ),
    Contract(
        "leads",
        "One row a person who showed interest and is not, or not yet, known as a customer.",
        {
            "lead_id": Column("id", "lead's identifier", privacy="pseudonym"),
            "customer_id": CUSTOMER_IF_KNOWN,
            "created_on": Column("date", "day the lead was recorded"),
            "source": may("text", "where the lead came from"),
            "status": Column(
                "text",
                "how far it has come",
                allowed=("new", "contacted", "qualified", "won", "lost"),
            ),
            **PERSON,
        },
        key=("lead_id",),
        channel="sales",
        frequency="with every enquiry",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "consents",
        "One row a customer's decision on one purpose of use.",
        {
            "customer_id": CUSTOMER,
            "purpose": Column(
                "text",
                "what the data may be used for",
                allowed=("analysis", "marketing", "survey", "sharing"),
            ),
            "given": Column("boolean", "whether consent is given"),
            "decided_on": Column("date", "day of the decision; the last one counts"),
        },
        key=("customer_id", "purpose", "decided_on"),
        channel="interaction",
        frequency="when it changes",
        legal_basis="legal obligation (6.1c)",
    ),
)
