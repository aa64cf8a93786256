"""What a case study is told: the measure, what it costs, how it was put in place."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from crmstudy.strict_yaml import Strict


class Case(Strict):
    """The improvement measures that chapter 07 judges.

    ``campaign_id`` names a campaign of the data, which addressed some customers and not
    others. ``changed_on`` is the first day of a measure that reached everybody at once
    (``change`` says what it was): nobody is left to compare with, so time itself is.
    ``background`` says in the author's words what the tables cannot.
    """

    campaign_id: str = ""
    description: str = ""
    changed_on: dt.date | None = None
    change: str = ""
    background: str = ""


class InvestmentSpec(Strict):
    """What a measure costs and what its returns are assumed to be."""

    annual_discount_rate: float = Field(default=0.10, ge=0, lt=1)


class ImplementationSpec(Strict):
    """The path by which a CRM system is put in place: five phases, each with its tasks."""

    phases: dict[str, str] = {}
