"""What came back on the questionnaire, item by item, before any model.

References
----------
Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and kurtosis.
The Statistician, 47(1), 183-189.
Curran, P. J., West, S. G., & Finch, J. F. (1996). The robustness of test statistics to
nonnormality and specification error in confirmatory factor analysis. Psychological
Methods, 1(1), 16-29.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, nearest, passes_absence

Instrument = Mapping[str, Mapping[str, Any]]
MAX_SKEW, MAX_KURTOSIS = 2.0, 7.0  # moderate nonnormality: Curran, West & Finch (1996)


@dataclass(frozen=True)
class ItemScreen:
    """Distribution of every item.

    Attributes
    ----------
    items : DataFrame
        One row an item of the instrument, in its order.
    n_respondents, n_complete : int
        Rows of the survey, and rows without a gap in any item.
    checks : tuple of Check
        Whether maximum likelihood can be trusted with these distributions.
    """

    items: pd.DataFrame
    n_respondents: int
    n_complete: int
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """Return n, missing, mean, sd, skewness, kurtosis, shares at floor and ceiling."""
        return self.items.copy()

    def to_metrics(self) -> dict[str, float]:
        """Counts, and the extremes over the items."""
        return {
            "n_respondents": self.n_respondents,
            "n_complete": self.n_complete,
            "n_items": len(self.items),
            "n_missing_answers": int(self.items["missing"].sum()),
            "max_abs_skewness": float(self.items["skewness"].abs().max()),
            "max_kurtosis": float(self.items["kurtosis"].max()),
            "max_share_at_floor": float(self.items["share at floor"].max()),
            "max_share_at_ceiling": float(self.items["share at ceiling"].max()),
        }


@passes_absence
def screen_items(survey: pd.DataFrame, *, instrument: Instrument) -> ItemScreen:
    """Describe every item and refuse answers that the scale does not have.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        One numeric column per item, NaN where a respondent skipped it.
    instrument : mapping
        ``{item: {"construct": ..., "minimum": 1, "maximum": 10, ...}}``.

    Returns
    -------
    ItemScreen
        Skewness and kurtosis are the unbiased-moment G1 and G2 of Joanes & Gill (as in
        SPSS and SAS; kurtosis is excess, 0 for the normal), empty for an item with
        fewer than four answers or only one distinct answer.

    Raises
    ------
    DataError
        If an item is no column, or an answer is not a number on its scale.
    """
    answers = read_answers(survey, instrument=instrument)
    minimum = pd.Series({item: spec["minimum"] for item, spec in instrument.items()})
    maximum = pd.Series({item: spec["maximum"] for item, spec in instrument.items()})
    defined = (answers.count() >= 4) & (answers.min() < answers.max())
    items = pd.DataFrame(
        {
            "item": list(instrument),
            "construct": [spec.get("construct", "") for spec in instrument.values()],
            "n": answers.count().to_numpy(),
            "missing": answers.isna().sum().to_numpy(),
            "mean": answers.mean().to_numpy(),
            "sd": answers.std(ddof=1).to_numpy(),
            "skewness": answers.skew().where(defined).to_numpy(),
            "kurtosis": answers.kurt().where(defined).to_numpy(),
            "share at floor": (answers.eq(minimum).sum() / answers.count()).to_numpy(),
            "share at ceiling": (answers.eq(maximum).sum() / answers.count()).to_numpy(),
        }
    )
    return ItemScreen(items, len(answers), len(answers.dropna()), _check_normality(items))


@passes_absence
def recode_reversed(survey: pd.DataFrame, *, instrument: Instrument) -> pd.DataFrame:
    """Turn reverse-scored items round, so that more always means more of the construct.

    An answer ``x`` becomes ``minimum + maximum - x``; the survey given is not changed.
    """
    answers = read_answers(survey, instrument=instrument)
    turned = {
        item: spec["minimum"] + spec["maximum"] - answers[item]
        for item, spec in instrument.items()
        if spec.get("reverse")
    }
    return survey.assign(**turned)


def read_answers(survey: pd.DataFrame, *, instrument: Instrument) -> pd.DataFrame:
    """Take the instrument's items as numbers; refuse what is not on their scale.

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
    for item, spec in instrument.items():
        off_scale = numbers[item].notna() & ~numbers[item].between(spec["minimum"], spec["maximum"])
        rule = f"is off the scale {spec['minimum']} to {spec['maximum']}"
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


def _refuse_first(survey: pd.DataFrame, item: str, wrong: pd.Series, rule: str) -> None:
    if wrong.any():
        place = int(np.argmax(wrong))
        row, found = survey.index[place], survey[item].iloc[place]
        raise DataError(f"item {item!r}, row {row}: {found!r} {rule}")


def _check_normality(items: pd.DataFrame) -> tuple[Check, ...]:
    consequence = "read robust standard errors and scaled chi2 beside the normal ones"
    source = "Curran, West & Finch (1996)"
    skew, kurtosis = float(items["skewness"].abs().max()), float(items["kurtosis"].max())
    return (
        Check(
            "items are at most moderately skewed (largest magnitude)",
            skew <= MAX_SKEW,
            skew,
            f"<= {MAX_SKEW:g}",
            source,
            consequence,
        ),
        Check(
            "items have at most moderate kurtosis (largest)",
            kurtosis <= MAX_KURTOSIS,
            kurtosis,
            f"<= {MAX_KURTOSIS:g}",
            source,
            consequence,
        ),
    )
