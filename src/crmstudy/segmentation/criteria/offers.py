"""What all sources together offer as criteria, under names that do not clash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from crmstudy.collection.features.mix import ProductMix
from crmstudy.errors import NotAvailable, SettingsError, nearest
from crmstudy.instrument import Instrument
from crmstudy.segmentation.criteria.candidates import (
    Candidate,
    offer_answers,
    offer_behaviour,
    offer_further_value,
    offer_mix,
    offer_persons,
)

Absence = NotAvailable | None


def gather_offers(
    features: pd.DataFrame,
    customers: pd.DataFrame | Absence,
    mix: ProductMix | Absence,
    survey: pd.DataFrame | Absence,
    instrument: Instrument | None,
    value: pd.DataFrame | pd.Series | Absence,
    geographic: Sequence[str] | None,
) -> tuple[list[Candidate], dict[str, str]]:
    """Take what every source offers, and note why one offers nothing."""
    index = features.index
    offers = list(offer_behaviour(features))
    absent: dict[str, str] = {}
    if isinstance(customers, pd.DataFrame):
        _check_places(customers, geographic)
        offers += offer_persons(customers, index, geographic=geographic)
    else:
        absent["customers"] = _say(customers, "no attributes of customers were given")
    if isinstance(mix, ProductMix):
        offers += offer_mix(mix, index)
    else:
        absent["products"] = _say(mix, "no product mix was given")
    answers: list[Candidate] | Absence = survey if isinstance(survey, NotAvailable) else None
    if isinstance(survey, pd.DataFrame) and instrument is not None:
        answers = offer_answers(survey, instrument, index)
    if isinstance(answers, list):
        offers += answers
    else:
        absent["survey"] = _say(answers, "no survey with its instrument was given")
    if isinstance(value, (pd.DataFrame, pd.Series)):
        offers += offer_further_value(value, index)
    elif isinstance(value, NotAvailable):
        absent["handed in"] = f"no lifetime value ({value.reason})"
    return offers, absent


def _say(absence: object, otherwise: str) -> str:
    return absence.reason if isinstance(absence, NotAvailable) else otherwise


def _check_places(customers: pd.DataFrame, geographic: Sequence[str] | None) -> None:
    known = list(map(str, customers.columns))
    for name in geographic or ():
        if name not in known:
            raise SettingsError(
                f"geographic names {name!r}, which customers do not have"
                f"{nearest(name, known)}; they have: {', '.join(known)}"
            )


def distinguish_names(offers: Iterable[Candidate]) -> list[Candidate]:
    """Give another name to a variable that is called like one of another table."""
    first: dict[str, str] = {}
    named = []
    for one in offers:
        source = first.setdefault(one.name, one.source)
        clash = source != one.source
        name = f"{one.source}_{one.name}".replace(" ", "_") if clash else one.name
        named.append(replace(one, name=name))
    return named


def drop_unwanted(offers: list[Candidate], unwanted: Sequence[str]) -> list[Candidate]:
    """Leave out the variables that are not wanted.

    Raises
    ------
    SettingsError
        If one of them is no variable.
    """
    known = [one.name for one in offers]
    for name in unwanted:
        if name not in known:
            raise SettingsError(
                f"leave_out names {name!r}, which is no variable{nearest(name, known)}; "
                f"known: {', '.join(dict.fromkeys(known))}"
            )
    return [one for one in offers if one.name not in unwanted]
