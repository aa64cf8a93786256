"""Whether what study.yml names is in the data: found by `check`, before a chapter stumbles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from crmstudy.case.implementation.checklist import STAFF
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.intake.load import Loaded
from crmstudy.collection.privacy.keys import protected_datasets
from crmstudy.errors import CrmStudyError
from crmstudy.evaluation import prioritise_hierarchy
from crmstudy.evaluation.selection.gather import (
    NO_JUDGEMENTS,
    NO_SYSTEMS,
    gather_performance,
)
from crmstudy.evaluation.selection.reading import judged_matrices
from crmstudy.indicators import INDICATORS, SUPPLEMENTS
from crmstudy.paths import SETTINGS_FILE
from crmstudy.settings import Scalar, Study

#: A study is about purchases, answers or judgements; other tables say more of these.
NEEDED = {"transactions", "survey", "judgements"}


def check_meaning(
    study: Study, loaded: Iterable[Loaded], parameters: Mapping[str, Mapping[str, Scalar]]
) -> list[Problem]:
    """Compare the names in study.yml with the tables that were loaded.

    Returns
    -------
    list of Problem
        An attribute to compare by, a case or a judged element that the data do not hold.
    """
    loaded = list(loaded)
    tables = {one.table: one for one in loaded if not one.problems}
    return [
        *_check_needed(study),
        *_check_consents(study, loaded),
        *_check_columns(study, tables),
        *_check_group(tables, parameters.get("customer_analysis", {})),
        *_check_case(study, tables),
        *_check_investment(study, tables),
        *_check_implementation(study),
        *_check_judgements(study, tables),
        *_check_selection(study, tables),
    ]


def _named(column: str, found: str, known: list[str]) -> Problem:
    return Problem(
        file=SETTINGS_FILE,
        row=None,
        column=column,
        found=repr(found),
        allowed=Message("one of", words=tuple(known[:12])) if known else Message("nothing to name"),
        remedy=Message("correct name", near=hint(found, known)),
    )


def _check_group(tables: Mapping[str, Loaded], values: Mapping[str, Scalar]) -> Iterator[Problem]:
    if "customers" in tables and "GROUP" in values:
        known = [name for name in tables["customers"].columns if name != "customer_id"]
        if values["GROUP"] not in known:
            yield _named("chapters.customer_analysis.GROUP", str(values["GROUP"]), known)


def _check_needed(study: Study) -> Iterator[Problem]:
    tables = tuple(dict.fromkeys(table for _, table in study.table_sources()))
    if not set(tables) & NEEDED:
        texts = Message("one table needed"), Message("add a table")
        yield Problem(SETTINGS_FILE, None, "tables", Message("only tables", words=tables), *texts)


def _check_consents(study: Study, loaded: Iterable[Loaded]) -> Iterator[Problem]:
    purpose = study.settings.privacy.purpose
    for dataset in protected_datasets(study) if purpose else ():
        ours = [one for one in loaded if one.dataset == dataset]
        told = any(one.table == "consents" for one in ours)
        if not told and any("customer_id" in one.columns for one in ours):
            found = Message("purpose without consents", purpose=purpose, dataset=dataset)
            texts = found, Message("consents for purpose"), Message("add consents")
            yield Problem(SETTINGS_FILE, None, "privacy.purpose", *texts)


def _check_columns(study: Study, tables: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Look for the columns of customers that privacy and fieldwork name."""
    if "customers" not in tables:
        return
    customers = list(tables["customers"].columns)
    persons = [*customers, *(tables["survey"].columns if "survey" in tables else ())]
    privacy, fieldwork = study.settings.privacy, study.settings.fieldwork
    named = {
        "privacy.quasi_identifiers": (privacy.quasi_identifiers, customers),
        "privacy.sensitive": (privacy.sensitive, customers),
        "fieldwork.weight_by": (fieldwork.weight_by, persons),
    }
    for place, (names, known) in named.items():
        yield from (_named(place, name, known) for name in names if name not in known)


def _check_case(study: Study, tables: Mapping[str, Loaded]) -> Iterator[Problem]:
    case = study.settings.case
    if case is not None and case.campaign_id and "campaigns" in tables:
        campaigns = tables["campaigns"].frame(["campaign_id"])
        known = sorted(map(str, campaigns["campaign_id"].unique()))
        if case.campaign_id not in known:
            yield _named("case.campaign_id", case.campaign_id, known)


def _check_investment(study: Study, tables: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Look for the types of cost that the investment counts on."""
    investment = study.settings.investment
    if investment is not None and investment.cost_types and "costs" in tables:
        known = sorted(map(str, tables["costs"].frame(["cost_type"])["cost_type"].unique()))
        for name in investment.cost_types:
            if name not in known:
                yield _named("investment.cost_types", name, known)


def _check_implementation(study: Study) -> Iterator[Problem]:
    """Look for the indicators and the constructs of the staff survey that tasks name."""
    spec = study.settings.implementation
    constructs = [f"{STAFF}{name}" for name in study.settings.staff_instrument.constructs]
    known = [*INDICATORS, *SUPPLEMENTS, *constructs]
    for phase, tasks in spec.phases.items() if spec else ():
        for task in tasks:
            if task.indicator and task.indicator not in known:
                near = [*get_close_matches(task.indicator, known, n=len(known), cutoff=0.0)]
                yield _named(f"implementation.phases.{phase}", task.indicator, near)


def _check_judgements(study: Study, tables: Mapping[str, Loaded]) -> Iterator[Problem]:
    hierarchy = study.settings.judgements.hierarchy
    if "judgements" not in tables or not hierarchy:
        return
    try:
        prioritise_hierarchy(tables["judgements"].frame(), hierarchy=hierarchy)
    except CrmStudyError as error:
        yield Problem(
            file=tables["judgements"].source,
            row=None,
            column="",
            found=str(error),
            allowed=Message("each pair"),
            remedy=Message("judge hierarchy"),
        )


def _check_selection(study: Study, tables: Mapping[str, Loaded]) -> Iterator[Problem]:
    """See whether CRM systems can be compared, where there is something said of them."""
    systems = tables["systems"].frame() if "systems" in tables else NO_SYSTEMS
    judgements = tables["judgements"].frame() if "judgements" in tables else NO_JUDGEMENTS
    if "systems" not in tables and judged_matrices(judgements).empty:
        return
    try:
        gather_performance(study.settings.selection, systems=systems, judgements=judgements)
    except CrmStudyError as error:
        yield Problem(
            file=tables["systems" if "systems" in tables else "judgements"].source,
            row=None,
            column="",
            found=str(error),
            allowed=Message("each cell"),
            remedy=Message("complete systems"),
        )
