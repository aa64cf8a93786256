"""Whether what study.yml names is in the data: found by `check`, before a chapter stumbles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from crmstudy.collection.contract import Problem
from crmstudy.collection.load import Loaded
from crmstudy.errors import CrmStudyError, nearest
from crmstudy.evaluation import prioritise_hierarchy
from crmstudy.paths import SETTINGS_FILE
from crmstudy.settings import Scalar, Study


def check_meaning(
    study: Study, loaded: Iterable[Loaded], parameters: Mapping[str, Mapping[str, Scalar]]
) -> list[Problem]:
    """Compare the names in study.yml with the tables that were loaded.

    Returns
    -------
    list of Problem
        An attribute to compare by, a case or a judged element that the data do not hold.
    """
    tables = {one.table: one.frame for one in loaded if not one.problems}
    return [
        *_check_group(tables, parameters.get("customer_analysis", {})),
        *_check_case(study, tables),
        *_check_judgements(study, tables),
    ]


def _named(column: str, found: str, known: list[str]) -> Problem:
    return Problem(
        file=SETTINGS_FILE,
        row=None,
        column=column,
        found=repr(found),
        allowed=", ".join(known[:12]) or "none: the table has no attribute",
        remedy=nearest(found, known).removeprefix("; "),
    )


def _check_group(
    tables: Mapping[str, pd.DataFrame], values: Mapping[str, Scalar]
) -> Iterator[Problem]:
    if "customers" in tables and "GROUP" in values:
        known = [str(name) for name in tables["customers"] if name != "customer_id"]
        if values["GROUP"] not in known:
            yield _named("chapters.customer_analysis.GROUP", str(values["GROUP"]), known)


def _check_case(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    case = study.settings.case
    if case is not None and "campaigns" in tables:
        known = sorted(map(str, tables["campaigns"]["campaign_id"].unique()))
        if case.campaign_id not in known:
            yield _named("case.campaign_id", case.campaign_id, known)


def _check_judgements(study: Study, tables: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    if "judgements" not in tables or not study.settings.judgements.hierarchy:
        return
    try:
        prioritise_hierarchy(tables["judgements"], hierarchy=study.settings.judgements.hierarchy)
    except CrmStudyError as error:
        yield Problem(
            file="judgements",
            row=None,
            column="",
            found=str(error),
            allowed="each pair of the hierarchy in study.yml, once an expert",
            remedy="",
        )
