"""Tables that a firm collects by asking and observing, and figures it is compared with."""

from __future__ import annotations

from dataclasses import replace

from crmstudy.collection.contracts.columns import (
    BY_CONSENT,
    BY_INTEREST,
    CUSTOMER_IF_KNOWN,
    NO_PERSON,
    PERSON,
    Column,
    Contract,
    may,
)

RESEARCH: tuple[Contract, ...] = (
    Contract(
        "survey",
        "One row a respondent; one column an item of the instrument.",
        {
            "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
            "customer_id": replace(
                CUSTOMER_IF_KNOWN, meaning="customer, when the survey is linked"
            ),
            "answered_on": may("date", "day or time of the answer"),
            "comment": may("text", "answer in the respondent's words", privacy="words"),
            **PERSON,
        },
        key=("respondent_id",),
        channel="research",
        frequency="once, or a wave",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "invitations",
        "One row a person invited to the survey.",
        {
            "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
            "customer_id": CUSTOMER_IF_KNOWN,
            "invited_on": Column("date", "day of the invitation"),
            "reminded_on": may("date", "day of the last reminder"),
            "wave": may("text", "wave of the survey"),
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
        legal_basis=BY_INTEREST,
        order=(("invited_on", "reminded_on"),),
    ),
    Contract(
        "interviews",
        "One row a code that one coder gave to one segment of an interview or focus group.",
        {
            "interview_id": Column("id", "interview's or focus group's identifier"),
            "kind": may("text", "kind of conversation", allowed=("interview", "focus_group")),
            "customer_id": CUSTOMER_IF_KNOWN,
            "segment_id": Column("id", "segment's identifier, unique in its interview"),
            "coder": Column("text", "who coded"),
            "code": Column("text", "code given; empty = read, and no code fits", nullable=True),
            "text": may("text", "words of the segment", privacy="words"),
        },
        key=("interview_id", "segment_id", "coder", "code"),
        channel="research",
        frequency="once",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "mystery_shopping",
        "One row a criterion that one assessor scored at one visit.",
        {
            "visit_id": Column("id", "visit's identifier"),
            "visited_on": Column("date", "day of the visit"),
            "outlet": may("text", "shop, site or hotline visited"),
            "channel": may("text", "channel visited"),
            "assessor": Column("text", "who scored"),
            "criterion": Column("text", "criterion of the checklist"),
            "score": Column("number", "points given", minimum=0, unit="points"),
            "maximum": Column("number", "points that can be had", minimum=0, unit="points"),
        },
        key=("visit_id", "assessor", "criterion"),
        channel="research",
        frequency="each wave of visits",
        legal_basis=BY_INTEREST,
        order=(("score", "maximum"),),
    ),
    Contract(
        "staff_survey",
        "One row a member of staff; one column an item of the staff instrument.",
        {
            "respondent_id": Column("id", "respondent's identifier", privacy="pseudonym"),
            "department": may("text", "department", privacy="quasi"),
            "answered_on": may("date", "day of the answer"),
        },
        key=("respondent_id",),
        channel="research",
        frequency="once, or a wave",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "judgements",
        "One row a pairwise judgement of one expert (the upper triangle suffices).",
        {
            "expert": Column("text", "expert"),
            "matrix": Column("text", "'criteria', or the criterion whose indicators are compared"),
            "row": Column("text", "element that is compared"),
            "column": Column("text", "element that it is compared with"),
            "value": Column("text", "Saaty's 1-9, or a fraction such as 1/3"),
        },
        key=("expert", "matrix", "row", "column"),
        channel="research",
        frequency="once",
        legal_basis=BY_CONSENT,
    ),
    Contract(
        "systems",
        "One row a rating, or a measured figure, of one CRM system on one criterion.",
        {
            "system": Column("text", "CRM system that is compared"),
            "criterion": Column("text", "criterion of the choice, as study.yml calls it"),
            "rater": Column(
                "text", "who rated; empty = a measured or quoted figure", nullable=True
            ),
            "value": Column("number", "rating or figure, in the unit of its criterion"),
        },
        key=("system", "criterion", "rater"),
        channel="research",
        frequency="once",
        legal_basis=BY_CONSENT,
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
        legal_basis=NO_PERSON,
    ),
)
