"""Sentences on the criteria that customers can be segmented by."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, percent, plain
from crmstudy.segmentation.criteria.criteria import Criteria
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.spaces import check_spaces

MOST_NAMED = 5


@passes_absence
def read_criteria(
    criteria: Criteria, spaces: Mapping[str, Space | NotAvailable] | None = None
) -> str:
    """Say which blocks of criteria there are, for whom, and what was left out and why.

    Parameters
    ----------
    criteria : Criteria
        What customers may be segmented by.
    spaces : mapping of str to Space or NotAvailable, optional
        The blocks made comparable: customers left out, and single ones that dominate.
    """
    summary = criteria.summary()
    return compose(
        _say_blocks(summary),
        *_say_absent(summary),
        _say_cover(summary),
        _say_left_out(criteria),
        _say_gathered(criteria),
        *(_say_comparable(name, space, summary) for name, space in (spaces or {}).items()),
        _say_dominating(spaces or {}),
    )


def _say_blocks(summary: pd.DataFrame) -> str:
    found = summary[summary["variables"] > 0]
    if found.empty:
        return "No block of criteria can be used."
    named = [
        f"{row['block']} ({count_of(int(row['variables']), 'variable')})"
        for _, row in found.iterrows()
    ]
    return (
        f"Of the {len(summary)} blocks of criteria {len(found)} can be used: "
        f"{enumerate_words(named)}."
    )


def _say_absent(summary: pd.DataFrame) -> list[str]:
    absent = summary[summary["variables"] == 0]
    return [f"There are {plain_reason(reason)}." for reason in absent["missing"]]


def _say_cover(summary: pd.DataFrame) -> str:
    part = summary[(summary["customers"] > 0) & (summary["share of customers"] < 1)]
    said = [
        f"the {row['block']} criteria are known of {count_of(int(row['customers']), 'customer')} "
        f"only ({percent(row['share of customers'])}), and segments by them are segments of these"
        for _, row in part.iterrows()
    ]
    return f"{_capital('; '.join(said))}." if said else ""


def _say_left_out(criteria: Criteria) -> str:
    """Name variables left out of blocks that have others; those of the rest are named above."""
    usable = set(criteria.variables.loc[criteria.variables["left_out"] == "", "block"])
    out = criteria.variables[
        (criteria.variables["left_out"] != "") & criteria.variables["block"].isin(usable)
    ]
    if out.empty:
        return ""
    reasons = out["left_out"].str.replace(r"^known of [0-9].*", "known of too few", regex=True)
    named = [
        f"{plain(str(variable))} ({plain_reason(reason)})"
        for variable, reason in zip(out["variable"].head(MOST_NAMED), reasons, strict=False)
    ]
    rest = len(out) - len(named)
    listed = enumerate_words([*named, count_of(rest, "other")] if rest else named)
    was = "was" if len(out) == 1 else "were"
    return f"{_capital(count_of(len(out), 'variable'))} {was} left out: {listed}."


def plain_reason(reason: str) -> str:
    """Write the names of variables inside a reason as words."""
    return re.sub(r"\w+_\w+", lambda name: plain(name[0]), reason)


def _say_gathered(criteria: Criteria) -> str:
    names = criteria.gathered()["variable"].unique().tolist()
    if not names:
        return ""
    listed = enumerate_words([plain(str(name)) for name in names])
    return f"Rare levels of {listed} were gathered."


def _say_comparable(name: str, space: Space | NotAvailable, summary: pd.DataFrame) -> str:
    if isinstance(space, NotAvailable):
        usable = summary.loc[summary["variables"] > 0, "block"].tolist()
        said = f"The {name} block cannot be made comparable: {space.reason}."
        return said if name in usable else ""
    if not space.n_left_out:
        return ""
    lack, are = ("lacks", "is") if space.n_left_out == 1 else ("lack", "are")
    return (
        f"{count_of(space.n_left_out, 'customer')} of the {name} block {lack} a "
        f"number and {are} left out of it."
    )


def _say_dominating(spaces: Mapping[str, Space | NotAvailable]) -> str:
    problems = failed(check_spaces(spaces))
    said = [f"{one.name} fails: {plain_reason(one.consequence)}" for one in problems]
    return f"{_capital('; '.join(said))}." if said else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
