"""Gaps in the answers: how many a respondent left, and whom a model loses by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.loyalty.questionnaire.reading import Instrument, read_answers

#: Upper ends of the classes in which skipped items are counted; the last is open.
CLASSES = ((0, "none"), (1, "1"), (2, "2"), (5, "3 to 5"), (10, "6 to 10"))


@dataclass(frozen=True)
class Gaps:
    """Missing answers by model, by respondent and by pattern.

    Attributes
    ----------
    by_model : DataFrame
        ``items of, items, complete, left out, share left out``: all items first, then
        those of every model; ``complete`` counts respondents without a gap in them.
    by_respondent : DataFrame
        ``items skipped`` (in classes), ``respondents, share``.
    patterns : DataFrame
        ``items skipped, respondents, share``: which items were skipped together, most
        frequent first, ``none`` among them.
    n_respondents : int
        Rows of the survey.
    n_gaps : int
        Missing answers.
    """

    by_model: pd.DataFrame
    by_respondent: pd.DataFrame
    patterns: pd.DataFrame
    n_respondents: int
    n_gaps: int

    def table(self) -> pd.DataFrame:
        """Return who is complete in which items."""
        return self.by_model.copy()

    def to_metrics(self) -> dict[str, float]:
        """Respondents, gaps, complete respondents and patterns."""
        return {
            "n_respondents": self.n_respondents,
            "n_gaps": self.n_gaps,
            "n_complete": int(self.by_model["complete"].iloc[0]),
            "n_patterns": len(self.patterns),
        }


@passes_absence
def count_gaps(survey: pd.DataFrame, *, instrument: Instrument, models: Mapping[str, Any]) -> Gaps:
    """Count the answers that are missing.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        At least one row.
    instrument : mapping
        Items with their scales and missing codes.
    models : mapping
        ``constructs`` and ``models`` as study.yml gives them.

    Raises
    ------
    DataError
        If an item is no column, or an answer is not a number on its scale.
    """
    gaps = read_answers(survey, instrument=instrument).isna()
    asked = {"all items": [*instrument], **_items_of_models(models)}
    rows = [
        {"items of": name, "items": len(items), "complete": int((~gaps[items].any(axis=1)).sum())}
        for name, items in asked.items()
    ]
    by_model = pd.DataFrame(rows)
    by_model["left out"] = len(gaps) - by_model["complete"]
    by_model["share left out"] = by_model["left out"] / len(gaps)
    return Gaps(
        by_model, _class_gaps(gaps), _find_patterns(gaps), len(gaps), int(gaps.to_numpy().sum())
    )


def _items_of_models(models: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    known = models["constructs"]
    asked: dict[str, Sequence[str]] = {}
    for name, spec in models["models"].items():
        own = spec.get("items") or {}
        chosen = spec.get("constructs") or [*known]
        asked[name] = [item for each in chosen for item in own.get(each) or known[each]["items"]]
    return asked


def _class_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    edges = [-1, *(end for end, _ in CLASSES), max(gaps.shape[1], CLASSES[-1][0] + 1)]
    names = [*(name for _, name in CLASSES), f"more than {CLASSES[-1][0]}"]
    classes = pd.cut(gaps.sum(axis=1), edges, labels=names)
    counts = classes.value_counts(sort=False)
    return _share_out(counts[counts > 0], len(gaps))


def _find_patterns(gaps: pd.DataFrame) -> pd.DataFrame:
    counted = gaps.value_counts(sort=False)
    words = [
        ", ".join(item for item, missing in zip(gaps.columns, row, strict=True) if missing)
        for row in counted.index
    ]
    counts = pd.Series(counted.to_numpy(), index=[text or "none" for text in words])
    # ties in the order of their names, whatever the order of the respondents
    return _share_out(counts.sort_index().sort_values(ascending=False, kind="stable"), len(gaps))


def _share_out(counts: pd.Series, n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "items skipped": [str(name) for name in counts.index],
            "respondents": counts.to_numpy(dtype=int),
            "share": counts.to_numpy(dtype=float) / n,
        }
    )
