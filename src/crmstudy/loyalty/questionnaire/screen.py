"""What came back on the questionnaire, item by item, before any model.

References
----------
Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and kurtosis.
The Statistician, 47(1), 183-189.
Curran, P. J., West, S. G., & Finch, J. F. (1996). The robustness of test statistics to
nonnormality and specification error in confirmatory factor analysis. Psychological
Methods, 1(1), 16-29.
Terwee, C. B., Bot, S. D. M., de Boer, M. R., van der Windt, D. A. W. M., Knol, D. L.,
Dekker, J., Bouter, L. M., & de Vet, H. C. W. (2007). Quality criteria were proposed for
measurement properties of health status questionnaires. Journal of Clinical Epidemiology,
60(1), 34-42.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import passes_absence
from crmstudy.loyalty.questionnaire.reading import (
    Instrument,
    count_codes,
    read_answers,
    read_numbers,
    recode_reversed,
)

__all__ = [
    "MAX_AT_END",
    "MAX_KURTOSIS",
    "MAX_SKEW",
    "Instrument",
    "ItemScreen",
    "read_answers",
    "read_numbers",
    "recode_reversed",
    "screen_items",
]

MAX_SKEW, MAX_KURTOSIS = 2.0, 7.0  # moderate nonnormality: Curran, West & Finch (1996)
MAX_AT_END = 0.15  # floor and ceiling effects: Terwee et al. (2007)


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
        Whether maximum likelihood can be trusted with these distributions, and whether
        answers pile up at an end of the scale.
    """

    items: pd.DataFrame
    n_respondents: int
    n_complete: int
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """Return counts, range, moments, and shares at floor and ceiling, an item a row."""
        return self.items.copy()

    def to_metrics(self) -> dict[str, float]:
        """Counts, and the extremes over the items (0 where no item has the measure)."""
        at_ends = self.items[["share at floor", "share at ceiling"]].max(axis=1)
        return {
            "n_respondents": self.n_respondents,
            "n_complete": self.n_complete,
            "n_items": len(self.items),
            "n_missing_answers": int(self.items["missing"].sum()),
            "max_abs_skewness": _largest(self.items["skewness"].abs()),
            "max_kurtosis": _largest(self.items["kurtosis"]),
            "max_share_at_floor": _largest(self.items["share at floor"]),
            "max_share_at_ceiling": _largest(self.items["share at ceiling"]),
            "n_items_at_floor_or_ceiling": int((at_ends > MAX_AT_END).sum()),
        }


@passes_absence
def screen_items(survey: pd.DataFrame, *, instrument: Instrument) -> ItemScreen:
    """Describe every item and refuse answers that the scale does not have.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        One numeric column per item, NaN or a missing code where a respondent skipped it.
    instrument : mapping
        ``{item: {"construct": ..., "minimum": 1, "maximum": 10, "missing": (99,), ...}}``.

    Returns
    -------
    ItemScreen
        Columns ``item, construct, n, missing, lowest, highest, mean, sd, skewness,
        kurtosis, share at floor, share at ceiling``, and ``missing by code`` where the
        survey holds codes (codes of a file are gaps already). Skewness and kurtosis are
        the unbiased-moment G1 and G2 of Joanes & Gill (as in SPSS and SAS; kurtosis is
        excess, 0 for the normal), empty for an item with fewer than four answers or only
        one distinct answer.

    Raises
    ------
    DataError
        If an item is no column, or an answer is not a number on its scale.
    """
    answers = read_answers(survey, instrument=instrument)
    minimum = pd.Series({item: spec["minimum"] for item, spec in instrument.items()})
    maximum = pd.Series({item: spec["maximum"] for item, spec in instrument.items()})
    defined = (answers.count() >= 4) & (answers.min() < answers.max())
    answered = answers.count().where(lambda count: count > 0)
    described: dict[str, pd.Series] = {
        "construct": pd.Series({item: name_construct(spec) for item, spec in instrument.items()}),
        "n": answers.count(),
        "missing": answers.isna().sum(),
        "lowest": answers.min(),
        "highest": answers.max(),
        "mean": answers.mean(),
        "sd": answers.std(ddof=1),
        "skewness": answers.skew().where(defined),
        "kurtosis": answers.kurt().where(defined),
        "share at floor": answers.eq(minimum).sum() / answered,
        "share at ceiling": answers.eq(maximum).sum() / answered,
    }
    items = pd.concat(described, axis=1).rename_axis("item").reset_index()
    coded = count_codes(survey, instrument=instrument)
    if coded.any():
        items.insert(4, "missing by code", coded.to_numpy())
    return ItemScreen(items, len(answers), len(answers.dropna()), _check_items(items))


def name_construct(spec: Mapping[str, Any]) -> str:
    """Return how an item's construct is called in print; ``none`` for an item without one."""
    return str(spec.get("label") or spec.get("construct") or "none")


def _largest(values: pd.Series) -> float:
    return 0.0 if values.isna().all() else float(values.max())


def _check_items(items: pd.DataFrame) -> tuple[Check, ...]:
    consequence = "read robust standard errors and scaled chi2 beside the normal ones"
    source = "Curran, West & Finch (1996)"
    skew, kurtosis = _largest(items["skewness"].abs()), _largest(items["kurtosis"])
    at_end = max(_largest(items["share at floor"]), _largest(items["share at ceiling"]))
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
        Check(
            "no item piles up at an end of its scale (largest share of answers)",
            at_end <= MAX_AT_END,
            at_end,
            f"<= {MAX_AT_END:g}",
            "Terwee et al. (2007), for whole scales",
            "the item tells the respondents at that end apart badly, and its correlations shrink",
        ),
    )
