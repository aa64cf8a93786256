"""Sentences on the criteria that customers can be segmented by."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.segmentation.variables import say_variable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    percent,
    percent_within,
)
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


@passes_absence
def tabulate_criteria(
    criteria: Criteria, spaces: Mapping[str, Space | NotAvailable]
) -> pd.DataFrame:
    """Arrange the variables by block and by what is done to them.

    Returns
    -------
    DataFrame
        ``block``, ``treatment`` (or why a variable is left out), ``variables`` (how many),
        ``which`` (in words), and the largest skewness of a number, in size, ``before`` and
        ``after`` the treatment.
    """
    listed = criteria.variables.assign(treatment=_name_treatments(criteria, spaces))
    rows: list[dict[str, object]] = []
    for (block, treatment), part in listed.groupby(["block", "treatment"], sort=False):
        space = spaces.get(str(block))
        steps = space.steps if isinstance(space, Space) else pd.DataFrame(columns=list(SKEWNESS))
        skew = steps.reindex(part["variable"])[list(SKEWNESS)].astype("float64").abs().max()
        rows.append(
            {
                "block": block,
                "treatment": treatment,
                "variables": len(part),
                "which": ", ".join(say_variable(name) for name in part["variable"]),
                **dict(zip(SKEWNESS.values(), skew, strict=True)),
            }
        )
    return pd.DataFrame(rows)


#: Columns of the steps of a space, and what a reader sees.
SKEWNESS = {"skewness_before": "largest skewness before", "skewness_after": "after"}


def _name_treatments(criteria: Criteria, spaces: Mapping[str, Space | NotAvailable]) -> list[str]:
    """Say of each variable what was done to it, or why it is left out."""
    said = []
    for row in criteria.variables.to_dict("records"):
        space = spaces.get(row["block"])
        if row["left_out"]:
            said.append(f"left out: {plain_reason(_shorten(row['left_out']))}")
        elif isinstance(space, Space):
            step = str(space.steps["reshaped"].loc[row["variable"]])
            said.append(TREATMENTS.get(step, step))
        else:
            said.append("the block cannot be made comparable")
    return said


#: What a reader sees of a step.
TREATMENTS = {
    "no": "as it is",
    "sign(x) log(1 + |x|)": "logarithm",
    "root, sign(x) log(1 + |x|)": "root, then logarithm",
}


def _shorten(reason: str) -> str:
    """Leave out how many customers a variable is known of: it differs between variables."""
    return re.sub(r"^known of [0-9].*", "known of too few", reason)


def _say_blocks(summary: pd.DataFrame) -> str:
    found = summary[summary["variables"] > 0]
    if found.empty:
        return "No block of criteria can be used."
    named = [
        f"{row['block']} ({count_of(int(row['variables']), 'variable')})"
        for _, row in found.iterrows()
    ]
    which = (
        f"All {len(summary)} blocks of criteria can be used"
        if len(found) == len(summary)
        else f"Of the {len(summary)} blocks of criteria {len(found)} can be used"
    )
    return f"{which}: {enumerate_words(named)}."


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
    reasons = out["left_out"].map(_shorten)
    named = [
        f"{say_variable(variable)} ({plain_reason(reason)})"
        for variable, reason in zip(out["variable"].head(MOST_NAMED), reasons, strict=False)
    ]
    rest = len(out) - len(named)
    listed = enumerate_words([*named, count_of(rest, "other")] if rest else named)
    was = "was" if len(out) == 1 else "were"
    return f"{_capital(count_of(len(out), 'variable'))} {was} left out: {listed}."


def plain_reason(reason: str) -> str:
    """Write the names of variables inside a reason as words."""
    return re.sub(r"\w+_\w+", lambda name: say_variable(name[0]), reason)


def _say_gathered(criteria: Criteria) -> str:
    names = criteria.gathered()["variable"].unique().tolist()
    if not names:
        return ""
    listed = enumerate_words([say_variable(name) for name in names])
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
    checks = check_spaces(spaces)
    if not checks:
        return ""
    said = [f"{one.name} fails: {plain_reason(one.consequence)}" for one in failed(checks)]
    if said:
        return f"{_capital('; '.join(said))}."
    largest = percent_within(max(float(one.statistic) for one in checks))
    return f"No single customer makes more than {largest} of the spread of a variable."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
