"""One block of customers of the simulated firm: all that is drawn of them, table by table.

Customers are drawn in blocks, each with random streams of its own, so that a firm of any size
fits into memory and its first customers do not depend on how many follow. What is no one
customer's (products, experts, CRM systems, staff, mystery shopping, interviews, the branch)
is drawn with the first block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.campaign import draw_campaign, list_responses
from crmstudy.collection.simulate.charges import draw_charges
from crmstudy.collection.simulate.consents import draw_consents
from crmstudy.collection.simulate.draws import (
    Booleans,
    category,
    moments,
    number_ids,
    open_stream,
    pick,
)
from crmstudy.collection.simulate.fieldwork import draw_invitations, write_invitations
from crmstudy.collection.simulate.hidden import reveal_links, reveal_people
from crmstudy.collection.simulate.interviews import draw_interviews
from crmstudy.collection.simulate.latent import draw_latent_scores
from crmstudy.collection.simulate.leads import draw_leads, write_leads
from crmstudy.collection.simulate.ledger import (
    draw_products,
    draw_purchases,
    draw_reversals,
    draw_test_orders,
    number_baskets,
    split_into_lines,
    write_transactions,
)
from crmstudy.collection.simulate.mystery import draw_mystery_shopping
from crmstudy.collection.simulate.panel import draw_judgements
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.people import (
    draw_dropout,
    draw_people,
    draw_profiles,
    group_pattern,
    score_rates,
)
from crmstudy.collection.simulate.persons import draw_persons, record_again
from crmstudy.collection.simulate.public import write_benchmarks
from crmstudy.collection.simulate.referrals import draw_referrals
from crmstudy.collection.simulate.selection import draw_selection_judgements, draw_systems
from crmstudy.collection.simulate.service import (
    CostDrivers,
    count_cost_drivers,
    draw_contacts,
    write_contacts,
)
from crmstudy.collection.simulate.staff import draw_staff_survey
from crmstudy.collection.simulate.subscriptions import draw_subscriptions, write_subscriptions
from crmstudy.collection.simulate.survey import draw_survey, write_survey
from crmstudy.collection.simulate.web import count_visitors, draw_web_events, write_web_events

#: Customers drawn at a time. Another size gives another firm.
BLOCK_SIZE = 50_000

#: The tables in the order in which they are kept; costs are added up after the last block.
TABLES = (
    *("customers", "products", "transactions", "campaigns", "responses", "contacts"),
    *("subscriptions", "web_events", "costs", "survey", "invitations", "judgements", "interviews"),
    *("mystery_shopping", "leads", "staff_survey", "consents", "systems", "benchmarks"),
)


@dataclass(frozen=True)
class Numbers:
    """The numbers that the next record of each kind gets, from 1 on."""

    customers: int = 1
    baskets: int = 1
    tickets: int = 1
    respondents: int = 1
    leads: int = 1
    visitors: int = 1
    subscriptions: int = 1


@dataclass(frozen=True)
class Block:
    """What is drawn of one block of customers.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Rows of the canonical tables; texts that repeat are categories.
    people, links : DataFrame
        What no table shows, see :class:`~crmstudy.collection.simulate.SimulatedFirm`.
    drivers : CostDrivers
        What the ledger of costs is added up from.
    next_numbers : Numbers
        Where the next block goes on.
    """

    tables: dict[str, pd.DataFrame]
    people: pd.DataFrame
    links: pd.DataFrame
    drivers: CostDrivers
    next_numbers: Numbers


def draw_blocks(seed: int, n_customers: int, firm: FirmParameters) -> Iterator[Block]:
    """Draw the firm block by block."""
    numbers = Numbers()
    for place, start in enumerate(range(0, n_customers, BLOCK_SIZE)):
        size = min(BLOCK_SIZE, n_customers - start)
        block = _BlockDrawer(seed, place, size, numbers, firm).draw()
        numbers = block.next_numbers
        yield block


class _BlockDrawer:
    """Draws one block; every table has a stream of its own."""

    def __init__(
        self, seed: int, place: int, size: int, numbers: Numbers, firm: FirmParameters
    ) -> None:
        self.seed, self.place, self.size = seed, place, size
        self.numbers, self.firm = numbers, firm

    def stream(self, table: str) -> np.random.Generator:
        """Open the random stream of one table in this block."""
        return open_stream(self.seed, table, self.place)

    def draw(self) -> Block:
        """Draw all tables."""
        self.products = draw_products(open_stream(self.seed, "products"))
        self.people = self._draw_people()
        self.ids = category(self.people["customer_id"].array)
        self.persons = self._draw_persons()
        consents, self.standing = draw_consents(
            self.stream("consents"), self.people, self.ids, self.firm
        )
        tables = {"customers": self._write_customers(), "consents": consents}
        tables |= self._draw_purchases() | self._draw_fieldwork() | self._draw_leads()
        tables |= self._draw_subscriptions()
        tables |= self._draw_shared() if self.place == 0 else {}
        return Block(
            tables={name: tables[name] for name in TABLES if name in tables},
            people=reveal_people(
                self.people, self.left_day, self.contracts, first_visitor=self.numbers.visitors
            ),
            links=reveal_links(self.people, tables, self.leads, self.tickets),
            drivers=count_cost_drivers(self.people, tables["campaigns"], self.tickets),
            next_numbers=self._count_on(),
        )

    def _draw_people(self) -> pd.DataFrame:
        firm = self.firm
        people = draw_people(self.stream("people"), self.numbers.customers, self.size, firm)
        people = pd.concat([people, draw_profiles(self.stream("customers"), people)], axis=1)
        groups = people["region"].cat.codes.to_numpy(), people["sex"].cat.codes.to_numpy()
        people["pattern"] = group_pattern()[groups]
        latent = draw_latent_scores(
            self.stream("latent scores"),
            self.stream("innovation"),
            score_rates(people["purchase_rate"], firm),
            people["pattern"].to_numpy(),
            firm,
        )
        people = pd.concat([people, latent], axis=1)
        satisfaction = people["satisfaction"].to_numpy()
        people["dropout_probability"] = draw_dropout(self.stream("dropout"), satisfaction, firm)
        return people

    def _draw_persons(self) -> pd.DataFrame:
        """Draw what records say of the customers; a second record of a person has mistakes."""
        rng = self.stream("persons")
        first = self.numbers.customers
        persons = draw_persons(rng, self.people, self.firm, first_number=first)
        again = np.flatnonzero(self.people["duplicate_of"] >= 0)
        original = self.people["duplicate_of"].to_numpy()[again]
        second = record_again(rng, persons.take(original), self.firm, mark="d")
        persons.iloc[again] = second.to_numpy()
        return persons

    def _write_customers(self) -> pd.DataFrame:
        rng, people, firm = self.stream("gaps"), self.people, self.firm
        recommender = draw_referrals(self.stream("referrals"), people, firm)
        known = self.persons.copy()
        for column in ("email", "phone"):
            share = getattr(firm, f"person_{column}_missing")
            known[column] = known[column].mask(rng.random(self.size) < share)
        return pd.DataFrame(
            {
                "customer_id": people["customer_id"],
                "registered_on": moments(people["registered_day"].to_numpy()),
                **known,
                **{name: people[name] for name in ("age", "sex", "region", "channel", "is_test")},
                "referred_by": pick(recommender, self.ids),
            }
        )

    def _draw_purchases(self) -> dict[str, pd.DataFrame]:
        """Draw purchases, what the campaign adds, and what happens around them."""
        firm, people, products = self.firm, self.people, self.products
        purchases, self.left_day = draw_purchases(self.stream("purchases"), people, firm)
        campaigns, extra = draw_campaign(
            self.stream("campaigns"), people, self.ids, self.standing["marketing"], firm
        )
        lines = self._split("transactions", purchases, same_day_share=firm.same_day_share)
        # An added purchase is always one basket, and nothing of it is given back, so that
        # the effects on baskets and revenue are exact.
        added = self._split("campaign transactions", extra, same_day_share=0.0)
        reversals = draw_reversals(self.stream("reversals"), lines, firm)
        tests = draw_test_orders(self.stream("test orders"), people, products)
        regular = pd.concat([lines, reversals], ignore_index=True)
        self.lines = number_baskets([regular, added, tests], first_number=self.numbers.baskets)
        self.tickets = draw_contacts(self.stream("contacts"), purchases, people, firm)
        charges = draw_charges(self.stream("service charges"), self.tickets, firm)
        contacts = write_contacts(
            self.tickets, self.persons, self.ids, first_number=self.numbers.tickets
        )
        return {
            "transactions": write_transactions(self.lines, self.ids, products),
            "campaigns": campaigns,
            "responses": list_responses(added, self.ids),
            "contacts": pd.concat([contacts, charges], axis=1),
            "web_events": self._draw_web(),
        }

    def _split(
        self, stream: str, purchases: pd.DataFrame, *, same_day_share: float
    ) -> pd.DataFrame:
        rng = self.stream(stream)
        return split_into_lines(
            rng, purchases, self.people, self.products, same_day_share=same_day_share
        )

    def _draw_web(self) -> pd.DataFrame:
        events = draw_web_events(
            self.stream("web events"),
            self.lines,
            self.people,
            self.firm,
            n_products=len(self.products),
        )
        return write_web_events(
            events,
            self.ids,
            self.products,
            n_visitors=count_visitors(self.size, self.firm),
            first_number=self.numbers.visitors,
        )

    def _draw_fieldwork(self) -> dict[str, pd.DataFrame]:
        firm = self.firm
        consenting: Booleans = self.standing["survey"]
        invited = draw_invitations(self.stream("invitations"), self.people, consenting, firm)
        n_anonymous = int(firm.survey_anonymous) if self.place == 0 else 0
        answers = draw_survey(
            self.stream("survey"),
            self.stream("survey innovation"),
            self.people,
            invited,
            firm,
            n_anonymous=n_anonymous,
        )
        self.n_respondents = len(invited) + n_anonymous
        first = self.numbers.respondents
        names = pd.Series(number_ids("R", first + np.arange(self.n_respondents)))
        row = answers["invitation"].to_numpy(copy=True)
        row[row < 0] = len(invited) + np.arange(n_anonymous)
        respondents = names.take(row).reset_index(drop=True)
        return {
            "survey": write_survey(answers, respondents, self.ids),
            "invitations": write_invitations(invited, names[: len(invited)], self.ids),
        }

    def _draw_leads(self) -> dict[str, pd.DataFrame]:
        first = self.numbers.leads
        self.leads = draw_leads(
            self.stream("leads"), self.people, self.persons, self.firm, first_number=first
        )
        return {"leads": write_leads(self.leads, self.ids, first_number=first)}

    def _draw_subscriptions(self) -> dict[str, pd.DataFrame]:
        self.contracts = draw_subscriptions(self.stream("subscriptions"), self.people, self.firm)
        first = self.numbers.subscriptions
        return {"subscriptions": write_subscriptions(self.contracts, self.ids, first_number=first)}

    def _draw_shared(self) -> dict[str, pd.DataFrame]:
        """Draw what is no one customer's."""
        firm = self.firm
        return {
            "products": self.products.drop(columns="list_price"),
            "judgements": self._draw_judgements(),
            "systems": draw_systems(self.stream("systems"), firm),
            "interviews": draw_interviews(self.stream("interviews"), self.people, self.ids, firm),
            "mystery_shopping": draw_mystery_shopping(self.stream("mystery shopping"), firm),
            "staff_survey": draw_staff_survey(self.stream("staff survey"), firm),
            "benchmarks": write_benchmarks(),
        }

    def _draw_judgements(self) -> pd.DataFrame:
        """Draw what experts say of indicators, then of CRM systems."""
        indicators = draw_judgements(self.stream("judgements"), self.firm)
        systems = draw_selection_judgements(self.stream("selection judgements"), self.firm)
        return pd.concat([indicators, systems], ignore_index=True)

    def _count_on(self) -> Numbers:
        before = self.numbers
        baskets = int(self.lines["number"].iloc[-1]) + 1 if len(self.lines) else before.baskets
        return Numbers(
            customers=before.customers + self.size,
            baskets=baskets,
            tickets=before.tickets + len(self.tickets),
            respondents=before.respondents + self.n_respondents,
            leads=before.leads + len(self.leads),
            visitors=before.visitors + count_visitors(self.size, self.firm),
            subscriptions=before.subscriptions + len(self.contracts),
        )
