"""The canonical tables: what each holds, column by column, and how it is usually collected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["id", "text", "number", "integer", "date", "boolean"]

#: What a column says about a person: nothing; a direct identifier; a pseudonym (an id
#: of ours); part of a combination that may single somebody out; something a person
#: would not want known; free words that may hold any of these.
Privacy = Literal["none", "direct", "pseudonym", "quasi", "sensitive", "words"]

#: The five channels through which a firm learns of its customers.
Channel = Literal["interaction", "sales", "research", "web", "public"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    kind : str
        How its text is read: id, text, number, integer, date or boolean.
    meaning : str
        What it holds.
    required : bool
        Whether the table is refused without it.
    nullable : bool
        Whether single values may be missing.
    minimum, maximum : float, optional
        Bounds of a number, inclusive.
    allowed : tuple of str
        The only values a text may take; empty allows any.
    unit : str
        Unit of a number: ``money`` (the study's currency), ``hours``, ``points`` ...
    privacy : str
        What it says about a person, see :data:`Privacy`.
    """

    kind: Kind
    meaning: str
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    unit: str = ""
    privacy: Privacy = "none"


@dataclass(frozen=True)
class Contract:
    """The rules of one canonical table.

    Parameters
    ----------
    name, meaning : str
        Canonical name, and what one row is.
    columns : mapping of str to Column
        Further columns pass as attributes (their names are reported).
    key : tuple of str
        The columns that identify a row; empty where rows may repeat.
    channel : str
        The collection channel it usually comes through.
    frequency, legal_basis : str
        How often it is usually collected, and on which basis of the GDPR (Art. 6).
    order : tuple of (str, str)
        Pairs of columns of which the first must not be later, or greater, than the second.
    """

    name: str
    meaning: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    channel: Channel = "sales"
    frequency: str = ""
    legal_basis: str = ""
    order: tuple[tuple[str, str], ...] = ()

    def required(self) -> list[str]:
        """Name the columns without which the table is refused."""
        return [name for name, column in self.columns.items() if column.required]


def _may(
    kind: Kind,
    meaning: str,
    *,
    allowed: Iterable[str] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
    privacy: Privacy = "none",
) -> Column:
    """Describe a column that may be left out and whose values may be missing."""
    return Column(
        kind, meaning, False, True, minimum, maximum, tuple(allowed), unit=unit, privacy=privacy
    )


CUSTOMER = Column("id", "customer's identifier", privacy="pseudonym")
CUSTOMER_IF_KNOWN = replace(CUSTOMER, nullable=True, required=False)

#: What a record says of the person it is about; used to link records, then taken out.
PERSON = {
    "name": _may("text", "full name", privacy="direct"),
    "email": _may("text", "e-mail address", privacy="direct"),
    "phone": _may("text", "telephone number", privacy="direct"),
    "postcode": _may("text", "postal code of the home", privacy="quasi"),
    "birth_year": _may(
        "integer", "year of birth", minimum=1900, maximum=2026, unit="year", privacy="quasi"
    ),
}

_CONTRACT, _INTEREST, _CONSENT = "contract (6.1b)", "legitimate interest (6.1f)", "consent (6.1a)"
_NO_PERSON = "no personal data"

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        Contract(
            "customers",
            "One row a customer: identifier and attributes.",
            {
                "customer_id": CUSTOMER,
                "registered_on": _may("date", "day of registration"),
                **PERSON,
                "sex": _may("text", "sex or gender", privacy="quasi"),
                "region": _may("text", "region", privacy="quasi"),
                "is_test": _may("boolean", "whether it is a test customer, not a real one"),
            },
            key=("customer_id",),
            channel="interaction",
            frequency="at registration",
            legal_basis=_CONTRACT,
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
                "product_id": _may("id", "product bought"),
                "quantity": _may("number", "units bought", unit="units"),
                "cost": _may("number", "cost of the goods of the line", unit="money"),
                "discount": _may("number", "discount given on the line", unit="money"),
                "coupon_discount": _may(
                    "number", "discount given by coupons, on top of discount", unit="money"
                ),
                "channel": _may("text", "sales channel"),
                "status": _may(
                    "text",
                    "what became of the line; empty = completed",
                    allowed=("completed", "returned", "cancelled"),
                ),
                "currency": _may("text", "currency of the line; empty = the study's"),
            },
            channel="sales",
            frequency="with every purchase",
            legal_basis=_CONTRACT,
        ),
        Contract(
            "products",
            "One row a product.",
            {
                "product_id": Column("id", "product's identifier"),
                "department": _may("text", "department"),
                "category": _may("text", "category"),
                "brand": _may("text", "brand"),
                "unit_cost": _may("number", "cost of a unit", minimum=0, unit="money"),
            },
            key=("product_id",),
            channel="sales",
            frequency="when the range changes",
            legal_basis=_NO_PERSON,
        ),
        Contract(
            "campaigns",
            "One row a customer addressed by a campaign.",
            {
                "campaign_id": Column("id", "campaign's identifier"),
                "customer_id": CUSTOMER,
                "campaign_type": _may("text", "kind of campaign"),
                "start_on": Column("date", "first day"),
                "end_on": Column("date", "last day"),
                "treated": _may("boolean", "false for a held-back control customer"),
            },
            key=("campaign_id", "customer_id"),
            channel="sales",
            frequency="with every campaign",
            legal_basis=_CONSENT,
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
            legal_basis=_CONSENT,
        ),
        Contract(
            "contacts",
            "One row a service ticket.",
            {
                "contact_id": Column("id", "ticket's identifier"),
                "customer_id": replace(CUSTOMER, nullable=True),
                "opened_at": Column("date", "time the ticket was opened"),
                "first_response_at": _may("date", "time of the first answer"),
                "resolved_at": _may("date", "time it was resolved"),
                "channel": _may("text", "service channel"),
                "topic": _may("text", "topic"),
                "complaint": _may("boolean", "whether it is a complaint"),
                "text": _may("text", "the customer's words", privacy="words"),
                **PERSON,
            },
            key=("contact_id",),
            channel="interaction",
            frequency="with every contact",
            legal_basis=_CONTRACT,
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
                "source": _may("text", "where the visitor came from"),
                "product_id": _may("id", "product looked at"),
                "rating": _may("number", "rating given in a review", unit="points"),
                "text": _may("text", "words of a review or a mention", privacy="words"),
            },
            channel="web",
            frequency="continuously",
            legal_basis=_CONSENT,
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
            legal_basis=_NO_PERSON,
        ),
        Contract(
            "survey",
            "One row a respondent; one column an item of the instrument.",
            {
                "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
                "customer_id": replace(
                    CUSTOMER_IF_KNOWN, meaning="customer, when the survey is linked"
                ),
                "answered_on": _may("date", "day or time of the answer"),
                "comment": _may("text", "answer in the respondent's words", privacy="words"),
                **PERSON,
            },
            key=("respondent_id",),
            channel="research",
            frequency="once, or a wave",
            legal_basis=_CONSENT,
        ),
        Contract(
            "invitations",
            "One row a person invited to the survey.",
            {
                "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
                "customer_id": CUSTOMER_IF_KNOWN,
                "invited_on": Column("date", "day of the invitation"),
                "reminded_on": _may("date", "day of the last reminder"),
                "wave": _may("text", "wave of the survey"),
                "outcome": Column(
                    "text",
                    "what became of it",
                    allowed=(
                        "complete",
                        "partial",
                        "refused",
                        "no_contact",
                        "ineligible",
                        "unknown",
                    ),
                ),
            },
            key=("respondent_id",),
            channel="research",
            frequency="once, or a wave",
            legal_basis=_INTEREST,
            order=(("invited_on", "reminded_on"),),
        ),
        Contract(
            "judgements",
            "One row a pairwise judgement of one expert (the upper triangle suffices).",
            {
                "expert": Column("text", "expert"),
                "matrix": Column(
                    "text", "'criteria', or the criterion whose indicators are compared"
                ),
                "row": Column("text", "element that is compared"),
                "column": Column("text", "element that it is compared with"),
                "value": Column("text", "Saaty's 1-9, or a fraction such as 1/3"),
            },
            key=("expert", "matrix", "row", "column"),
            channel="research",
            frequency="once",
            legal_basis=_CONSENT,
        ),
        Contract(
            "interviews",
            "One row a code that one coder gave to one segment of an interview or focus group.",
            {
                "interview_id": Column("id", "interview's or focus group's identifier"),
                "kind": _may("text", "kind of conversation", allowed=("interview", "focus_group")),
                "customer_id": CUSTOMER_IF_KNOWN,
                "segment_id": Column("id", "segment's identifier, unique in its interview"),
                "coder": Column("text", "who coded"),
                "code": Column("text", "code given; empty = read, and no code fits", nullable=True),
                "text": _may("text", "words of the segment", privacy="words"),
            },
            key=("interview_id", "segment_id", "coder", "code"),
            channel="research",
            frequency="once",
            legal_basis=_CONSENT,
        ),
        Contract(
            "mystery_shopping",
            "One row a criterion that one assessor scored at one visit.",
            {
                "visit_id": Column("id", "visit's identifier"),
                "visited_on": Column("date", "day of the visit"),
                "outlet": _may("text", "shop, site or hotline visited"),
                "channel": _may("text", "channel visited"),
                "assessor": Column("text", "who scored"),
                "criterion": Column("text", "criterion of the checklist"),
                "score": Column("number", "points given", minimum=0, unit="points"),
                "maximum": Column("number", "points that can be had", minimum=0, unit="points"),
            },
            key=("visit_id", "assessor", "criterion"),
            channel="research",
            frequency="each wave of visits",
            legal_basis=_INTEREST,
            order=(("score", "maximum"),),
        ),
        Contract(
            "leads",
            "One row a person who showed interest and is not, or not yet, known as a customer.",
            {
                "lead_id": Column("id", "lead's identifier", privacy="pseudonym"),
                "customer_id": CUSTOMER_IF_KNOWN,
                "created_on": Column("date", "day the lead was recorded"),
                "source": _may("text", "where the lead came from"),
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
            legal_basis=_CONSENT,
        ),
        Contract(
            "staff_survey",
            "One row a member of staff; one column an item of the staff instrument.",
            {
                "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
                "department": _may("text", "department", privacy="quasi"),
                "answered_on": _may("date", "day of the answer"),
            },
            key=("respondent_id",),
            channel="research",
            frequency="once, or a wave",
            legal_basis=_CONSENT,
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
        Contract(
            "benchmarks",
            "One row a figure from a public database that the firm is compared with.",
            {
                "indicator": Column("text", "what is measured"),
                "period": Column("text", "period it is for"),
                "value": Column("number", "the figure, in the unit of its row"),
                "unit": Column("text", "unit of the figure"),
                "source": Column("text", "who publishes it"),
            },
            key=("indicator", "period"),
            channel="public",
            frequency="yearly",
            legal_basis=_NO_PERSON,
        ),
    )
}
