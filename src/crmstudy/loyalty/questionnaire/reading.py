"""Answers read from a survey: numbers on their scale, gaps, items turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, nearest, passes_absence

#: ``{item: {"construct", "minimum", "maximum", "reverse", "missing", ...}}``.
Instrument = Mapping[str, Mapping[str, Any]]


@passes_absence
def recode_reversed(survey: pd.DataFrame, *, instrument: Instrument) -> pd.DataFrame:
    """Turn reverse-scored items round, so that more always means more of the construct.

    An answer ``x`` becomes ``minimum + maximum - x`` and a missing code a gap; the survey
    given is not changed.
    """
    answers = read_answers(survey, instrument=instrument)
    changed = {item: answers[item] for item, spec in instrument.items() if spec.get("missing")}
    for item, spec in instrument.items():
        if spec.get("reverse"):
            changed[item] = spec["minimum"] + spec["maximum"] - answers[item]
    return survey.assign(**changed)


def read_answers(survey: pd.DataFrame, *, instrument: Instrument) -> pd.DataFrame:
    """Take the instrument's items as numbers; refuse what is not on their scale.

    Codes that mean no answer become gaps before the scale is looked at.

    Raises
    ------
    DataError
        Naming item, row, what was found and what is allowed.
    """
    for item in instrument:
        if item not in survey.columns:
            hint = nearest(item, map(str, survey.columns))
            raise DataError(f"item {item!r} of the instrument is not a column of the survey{hint}")
    numbers = read_numbers(survey, items=list(instrument))
    numbers = numbers.mask(_find_codes(numbers, instrument))
    for item, spec in instrument.items():
        off_scale = numbers[item].notna() & ~numbers[item].between(spec["minimum"], spec["maximum"])
        rule = f"is off the scale {spec['minimum']:g} to {spec['maximum']:g}"
        _refuse_first(survey, item, off_scale, f"{rule}; correct it or mark it missing")
    return numbers


def read_numbers(survey: pd.DataFrame, *, items: Sequence[str]) -> pd.DataFrame:
    """Take columns of a survey as floats, NaN where an answer is missing.

    Raises
    ------
    DataError
        If an answer is neither missing nor a finite number.
    """
    answers = survey.loc[:, list(items)]
    numbers = answers.apply(pd.to_numeric, errors="coerce").astype(float)
    spoilt = (numbers.isna() & answers.notna()) | np.isinf(numbers)
    for item in items:
        _refuse_first(survey, item, spoilt[item], "is not a finite number")
    return numbers


def count_codes(survey: pd.DataFrame, *, instrument: Instrument) -> pd.Series:
    """Count, item by item, the answers that are a missing code."""
    return _find_codes(read_numbers(survey, items=list(instrument)), instrument).sum()


def _find_codes(numbers: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    return pd.DataFrame(
        {
            item: numbers[item].isin(list(spec.get("missing", ())))
            for item, spec in instrument.items()
        },
        index=numbers.index,
    )


def _refuse_first(survey: pd.DataFrame, item: str, wrong: pd.Series, rule: str) -> None:
    if wrong.any():
        place = int(np.argmax(wrong))
        row, found = survey.index[place], survey[item].iloc[place]
        raise DataError(f"item {item!r}, row {row}: {found!r} {rule}")
