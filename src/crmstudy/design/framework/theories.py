"""What the study rests on: theories, the constructs they speak of, and where they are used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.study import StudyData
from crmstudy.instrument import FocusSpec, Instrument


@dataclass(frozen=True)
class Theory:
    """A theory: its letter in the drawing, what it says, who says so.

    ``chapters`` are the two-digit numbers of those that use it.
    """

    letter: str
    name: str
    says: str
    sources: tuple[str, ...]
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class Concept:
    """A construct: its definition, the letter of its theory, who defines it."""

    name: str
    definition: str
    theory: str
    source: str
    chapter: str


THEORIES = (
    Theory(
        "a",
        "Customer lifecycle",
        "Relations are begun, grow, decline and end; a customer's value is summed over them.",
        ("dwyer1987", "reinartz2003"),
        ("03", "04"),
    ),
    Theory(
        "b",
        "Satisfaction models",
        "Expectation and experience make satisfaction, and satisfaction makes loyalty.",
        ("oliver1980", "parasuraman1988", "fornell1996"),
        ("05",),
    ),
    Theory(
        "c",
        "Relationship marketing",
        "Lasting exchange rests on commitment and trust, which pay both sides.",
        ("morgan1994",),
        ("05", "07"),
    ),
    Theory(
        "d",
        "Value chain",
        "Activities make value and cost; inner service makes outer service and profit.",
        ("porter1985", "heskett1994"),
        ("06", "07"),
    ),
    Theory(
        "e",
        "Technology acceptance",
        "Staff use a system that they find useful and easy.",
        ("davis1989",),
        ("07",),
    ),
)

#: By question of the focus, or by the usual name of a construct in study.yml.
CONCEPTS = {
    "expectation": Concept(
        "expectation", "Standard that customers bring along", "b", "oliver1980", "05"
    ),
    "experience": Concept(
        "experience", "Judgement of what was received", "b", "parasuraman1988", "05"
    ),
    "satisfaction": Concept(
        "satisfaction", "Response to experience held against expectation", "b", "oliver1980", "05"
    ),
    "loyalty": Concept(
        "loyalty", "Deeply held commitment to buy again in spite of rivals", "c", "oliver1999", "05"
    ),
    "quality": Concept("quality", "Judgement of what was received", "b", "parasuraman1988", "05"),
    "value": Concept("value", "What is received for what is given", "b", "zeithaml1988", "05"),
    "image": Concept("image", "What the firm's name stands for", "b", "tenenhaus2005", "05"),
    "complaints": Concept(
        "complaints", "Dissatisfaction voiced to the firm", "b", "fornell1996", "05"
    ),
    "trust": Concept("trust", "Confidence in a partner's reliability", "c", "morgan1994", "05"),
    "commitment": Concept(
        "commitment", "Belief that a relation is worth every effort", "c", "morgan1994", "05"
    ),
}

STAFF = {
    "ease": Concept("ease", "Belief that using the system takes no effort", "e", "davis1989", "07"),
    "usefulness": Concept(
        "usefulness", "Belief that the system makes work better", "e", "davis1989", "07"
    ),
}

#: What no questionnaire measures, with the tables that do.
BEHAVIOUR: tuple[tuple[Concept, tuple[str, ...]], ...] = (
    (
        Concept("Segment", "Customers alike in what they buy", "a", "reinartz2003", "03"),
        ("transactions",),
    ),
    (
        Concept(
            "Lifetime value",
            "Discounted margin still to come of a customer",
            "a",
            "fader2005rfm",
            "04",
        ),
        ("transactions",),
    ),
    (
        Concept("Repurchase", "Purchases after the answer", "c", "oliver1999", "05"),
        ("survey", "transactions"),
    ),
    (
        Concept("CRM performance", "Indicators weighed by experts", "d", "payne2005", "06"),
        ("judgements",),
    ),
    (
        Concept("Measure", "What the firm did to better a relation", "d", "payne2005", "07"),
        ("transactions", "campaigns"),
    ),
)
OWN = "defined by its items"
COLUMNS = ["construct", "definition", "theory", "source", "measured here by", "chapter"]


def tabulate_theories() -> pd.DataFrame:
    """List the theories.

    Returns
    -------
    DataFrame
        ``letter, theory, what it says, sources, chapters``; sources are keys of
        references.bib.
    """
    rows = [
        (one.letter, one.name, one.says, ", ".join(one.sources), ", ".join(one.chapters))
        for one in THEORIES
    ]
    return pd.DataFrame(rows, columns=["letter", "theory", "what it says", "sources", "chapters"])


def tabulate_constructs(data: StudyData) -> pd.DataFrame:
    """List the constructs of a study and what of its data measures them.

    Returns
    -------
    DataFrame
        ``construct, definition, theory, source, measured here by, chapter``; one row a
        construct of the instruments, then those that tables measure.
    """
    surveyed = bool(data.study.datasets_with("survey"))
    asked = bool(data.study.datasets_with("staff_survey"))
    rows = [
        *_list_items(data.settings.instrument, CONCEPTS, asked=surveyed, chapter="05"),
        *_list_items(data.settings.staff_instrument, STAFF, asked=asked, chapter="07"),
    ]
    for concept, tables in BEHAVIOUR:
        rows.append(_row(concept.name, concept, _join_tables(data, tables)))
    return pd.DataFrame(rows, columns=COLUMNS)


def cite_keys() -> tuple[str, ...]:
    """List every key of references.bib that theories and constructs cite."""
    keys = [key for one in THEORIES for key in one.sources]
    keys += [one.source for one in (*CONCEPTS.values(), *STAFF.values())]
    keys += [concept.source for concept, _ in BEHAVIOUR]
    return tuple(dict.fromkeys(keys))


def find_concept(name: str, focus: FocusSpec) -> Concept | None:
    """Find what is meant by a construct of the instrument: by its question, or its name."""
    asked = {construct: question for question, construct in focus.model_dump().items() if construct}
    return CONCEPTS.get(asked.get(name, name))


def _list_items(
    instrument: Instrument, known: dict[str, Concept], *, asked: bool, chapter: str
) -> Iterator[tuple[str, ...]]:
    for name, spec in instrument.constructs.items():
        concept = find_concept(name, instrument.focus) if known is CONCEPTS else known.get(name)
        by = f"items {', '.join(spec.items)}" if asked else "not measured: no answers"
        yield _row(spec.label, concept or Concept(name, OWN, "", "", chapter), by)


def _row(label: str, concept: Concept, by: str) -> tuple[str, ...]:
    theory = next((one.name for one in THEORIES if one.letter == concept.theory), "none")
    return (label, concept.definition, theory, concept.source or "none", by, concept.chapter)


def _join_tables(data: StudyData, tables: tuple[str, ...]) -> str:
    """Name the tables where one data set has them all."""
    having = [set(data.study.datasets_with(table)) for table in tables]
    if set.intersection(*having):
        return f"table{'' if len(tables) == 1 else 's'} {' and '.join(tables)}"
    return f"not measured: no data set has {' and '.join(tables)}"
