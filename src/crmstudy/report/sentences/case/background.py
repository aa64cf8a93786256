"""Sentences on the firm of the case: what is known, how it grew, where it stands beside others."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from crmstudy.case.background.card import FirmCard
from crmstudy.case.background.practice import (
    ABOVE,
    BELOW,
    UNCOMPARED,
    UNDECIDED,
    BenchmarkComparison,
)
from crmstudy.case.background.years import WHOLE
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    plain,
)

LESS = ", less is better"


@passes_absence
def read_firm_card(card: FirmCard) -> str:
    """Say who the firm is in the author's words, what was counted, and what no table tells."""
    return compose(
        _end(card.case.background),
        _say_purchases(card),
        _say_concentration(card),
        _say_absent(card),
    )


@passes_absence
def read_measures(card: FirmCard) -> str:
    """Say in the author's words which measures the case judges."""
    case = card.case
    if not (case.description or case.change or case.changed_on):
        return "study.yml describes no measure; what is judged is the campaign that the data name."
    changed = ""
    if case.changed_on:
        changed = f"From {case.changed_on:%Y-%m-%d} on something changed for everybody"
        changed += f": {_end(case.change)}" if case.change else "."
    elif case.change:
        changed = _end(case.change)
    if not card.elsewhere:
        return compose(_end(case.description), changed)
    said = (
        f"Campaign {case.campaign_id}, which study.yml describes, is not in the tables of "
        f"{card.dataset}."
    )
    return compose(said, changed)


@passes_absence
def read_growth(card: FirmCard) -> str | NotAvailable:
    """Say how customers and revenue changed from one whole year to the next."""
    years = card.years
    if isinstance(years, NotAvailable):
        return years
    whole = years[years["covered"] == WHOLE]
    told = years[years["growth of customers"].notna()]
    if told.empty:
        found = count_of(len(whole), "calendar year")
        return (
            f"The purchases cover {found} whole, and no two in a row; growth cannot be told."
            if len(whole) != 1
            else "The purchases cover one calendar year whole; growth cannot be told."
        )
    return compose(*(_say_year(row) for row in told.to_dict("records")))


@passes_absence
def read_practice(benchmarks: BenchmarkComparison) -> str:
    """Say where the firm stands beside published figures, and which cannot be compared."""
    rows = benchmarks.compared
    left = benchmarks.rows[benchmarks.rows["own is"] == UNCOMPARED]
    if rows.empty:
        text = f"Of {count_of(len(left), 'published figure')} none can be set beside a figure of "
        return text + "the firm's own; the table says why."
    parts = [
        _say_standing(rows, word, said)
        for word, said in (
            (ABOVE, "above"),
            (BELOW, "below"),
            (UNDECIDED, "not told apart from"),
        )
    ]
    lacking = (
        f"{count_of(len(left), 'published figure')} {'has' if len(left) == 1 else 'have'} no "
        "counterpart of the same definition and period."
        if len(left)
        else ""
    )
    caution = (
        "A published figure is taken for exact; who publishes it may define it in a way that its "
        "name does not tell."
    )
    return compose(*parts, lacking, caution)


def _say_purchases(card: FirmCard) -> str:
    customers = card.value("customers", "with a purchase")
    orders = card.value("purchases", "orders")
    if isinstance(customers, NotAvailable) or isinstance(orders, NotAvailable):
        return "No table holds purchases of customers that are known."
    first, last = card.value("period", "first purchase"), card.value("period", "last purchase")
    text = (
        f"From {first} to {last}, {count_of(int(customers), 'customer')} placed "
        f"{count_of(int(orders), 'order')}"
    )
    revenue = card.value("purchases", "revenue, less returns")
    if isinstance(revenue, NotAvailable):
        return f"{text}."
    return f"{text} for {amount(float(revenue), card.currency)}, less what was handed back."


def _say_concentration(card: FirmCard) -> str:
    found = [one for one in card.facts if one.fact.startswith("share of the largest ")]
    shares = [one for one in found if one.about == "purchases"]
    if not shares:
        return ""
    who = shares[0].fact.removeprefix("share of ")
    return f"To the revenue, {who} contribute {percent(float(shares[0].value))}."


def _say_absent(card: FirmCard) -> str:
    if not card.absent:
        return "Every table that the case asks for is there."
    names = enumerate_words([plain(name) for name in card.absent])
    text = f"The study has no table of {names} of this firm; what they would tell is not told"
    if len(card.absent) == 1:
        text = f"The study has no table of {names} of this firm; what it would tell is not told"
    return f"{text}, and nothing is put in its place."


def _say_year(row: dict[Hashable, Any]) -> str:
    parts = [
        f"{said} {_moved(float(row[f'growth of {what}']))}"
        for what, said in (("customers", "the number of customers"), ("revenue", "revenue"))
        if not pd.isna(row[f"growth of {what}"])
    ]
    return f"From the year before to {row['year']}, {enumerate_words(parts)}."


def _moved(growth: float) -> str:
    if abs(growth) < 0.0005:
        return "stayed the same"
    return f"{'rose' if growth > 0 else 'fell'} by {percent(abs(growth))}"


def _say_standing(rows: pd.DataFrame, word: str, said: str) -> str:
    chosen = rows[rows["own is"] == word]
    if chosen.empty:
        return ""
    names = [
        f"{row['indicator']} of {row['period']} ({_precise(row['own'])} beside "
        f"{_precise(row['benchmark'])}{LESS if row['better'] == 'smaller' else ''})"
        for row in chosen.to_dict("records")
    ]
    level = "the published figure" if len(names) == 1 else "the published figures"
    verb = "lies" if len(names) == 1 else "lie"
    if word == UNDECIDED:
        verb = "is" if len(names) == 1 else "are"
    return f"The firm's {enumerate_words(names)} {verb} {said} {level}."


def _precise(value: float) -> str:
    """Write a share with one more decimal than an amount."""
    return number(float(value), 3 if abs(value) < 1 else 2)


def _end(text: str) -> str:
    """End a sentence of the author's with a full stop."""
    said = " ".join(text.split())
    return said if not said or said[-1] in ".!?。！？" else f"{said}."
