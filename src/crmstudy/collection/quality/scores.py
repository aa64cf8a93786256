"""One score for each table and dimension of data quality, with what it was counted from.

The dimensions are those of DAMA UK (2013), five of six: accuracy, whether a value is
true of the customer, needs a second look at the world and cannot be counted in the data.
Wang & Strong (1996) showed that users judge data by more than accuracy; ISO/IEC 25012
(2008) names 15 characteristics, among them completeness, consistency and currentness.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from crmstudy.collection.quality.completeness import measure_completeness
from crmstudy.collection.quality.consistency import check_rules
from crmstudy.collection.quality.links import find_matches
from crmstudy.collection.quality.stored import list_tables
from crmstudy.collection.quality.timeliness import RUNNING, measure_timeliness
from crmstudy.collection.quality.uniqueness import measure_uniqueness
from crmstudy.collection.quality.validity import measure_validity
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable, passes_absence

Counts = tuple[pd.Series, pd.Series]

#: Dimension, what it asks, what is counted, out of what.
DIMENSIONS = {
    "completeness": (
        "Is everything there that could be?",
        "filled cells",
        "rows times columns",
    ),
    "validity": (
        "Does every value obey the type, range and words of its column?",
        "cells that obey",
        "cells of columns with a rule",
    ),
    "uniqueness": (
        "Does every thing stand once only?",
        "rows that repeat no other row's key (without a key: no other row)",
        "rows",
    ),
    "timeliness": (
        "Do the records reach to the present, without silent periods?",
        "periods (weeks, or longer where records are few) with a record",
        "periods from a running table's first record to the newest of its data set",
    ),
    "consistency": (
        "Do records that belong together agree?",
        "identifiers found, and records that break no rule",
        "rows with an identifier expected elsewhere, and records compared by rules",
    ),
}
_COLUMNS = ["data set", "table", "dimension", "counted", "out of", "score"]


def define_dimensions() -> pd.DataFrame:
    """Say what each dimension of data quality asks, and how its score is counted.

    Returns
    -------
    DataFrame
        Columns dimension, question, numerator, denominator; accuracy stands at the end,
        with why it has no score.

    References
    ----------
    DAMA UK Working Group (2013). The six primary dimensions for data quality assessment.
    Wang, R. Y., & Strong, D. M. (1996). J. Management Information Systems, 12(4), 5-33.
    ISO/IEC 25012:2008. Software product Quality Requirements and Evaluation: data quality model.
    """
    rows = [(name, *words) for name, words in DIMENSIONS.items()]
    rows.append(
        ("accuracy", "Is the value true of the customer?", "not counted", "needs a second source")
    )
    return pd.DataFrame(rows, columns=["dimension", "question", "numerator", "denominator"])


def score_quality(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Score every table on the five dimensions that can be counted.

    Returns
    -------
    DataFrame
        One row a table and dimension that applies to it: columns data set, table,
        dimension, counted, out of, score (their ratio, 1 is best). Timeliness applies to
        tables that a running firm adds to all the time, consistency where something can
        be compared. Tables in the order of study.yml, dimensions in that of DIMENSIONS.
    """
    parts = [
        _score(measure_completeness(data), "completeness", _count_filled),
        _score(measure_validity(data), "validity", _count_valid),
        _score(measure_uniqueness(data), "uniqueness", _count_unique),
        _score(measure_timeliness(data), "timeliness", _count_periods),
        _score_consistency(data),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return NotAvailable("no table of the study holds a row")
    scores = pd.concat(parts, ignore_index=True)
    tables = {(table.dataset, table.name): i for i, table in enumerate(list_tables(data))}
    dimensions = {name: i for i, name in enumerate(DIMENSIONS)}
    order = scores.assign(
        _table=[tables[key] for key in zip(scores["data set"], scores["table"], strict=True)],
        _dimension=scores["dimension"].map(dimensions),
    ).sort_values(["_table", "_dimension"])
    return order[_COLUMNS].reset_index(drop=True)


@passes_absence
def spread_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Put the scores of a table side by side, for a heat map and for reading.

    Returns
    -------
    DataFrame
        Index table (``<data set>.<table>``), a column a dimension; a score that does
        not apply is missing.
    """
    named = scores.assign(table=scores["data set"] + "." + scores["table"])
    wide = named.set_index(["table", "dimension"])["score"].unstack()  # noqa: PD010
    columns = [name for name in DIMENSIONS if name in wide]
    return wide.reindex(index=named["table"].drop_duplicates(), columns=columns).rename_axis(
        columns=None
    )


def _score(
    frame: pd.DataFrame | NotAvailable, dimension: str, counts: Callable[[pd.DataFrame], Counts]
) -> pd.DataFrame:
    if isinstance(frame, NotAvailable):
        return pd.DataFrame(columns=_COLUMNS)
    counted, out_of = counts(frame)
    scores = pd.DataFrame(
        {
            "data set": frame["data set"],
            "table": frame["table"],
            "dimension": dimension,
            "counted": counted,
            "out of": out_of,
        }
    )
    scores = scores[scores["out of"] > 0].astype({"counted": "int64", "out of": "int64"})
    return scores.assign(score=scores["counted"] / scores["out of"])


def _count_filled(frame: pd.DataFrame) -> Counts:
    return frame["filled cells"], frame["rows"] * frame["columns"]


def _count_valid(frame: pd.DataFrame) -> Counts:
    return frame["cells checked"] - frame["cells breaking a rule"], frame["cells checked"]


def _count_unique(frame: pd.DataFrame) -> Counts:
    repeats = frame["repeated keys"].fillna(frame["repeated rows"]).astype("int64")
    return frame["rows"] - repeats, frame["rows"]


def _count_periods(frame: pd.DataFrame) -> Counts:
    running = frame[frame["table"].isin(RUNNING)]
    counted = running["periods spanned"] - running["periods without a record"]
    return counted, running["periods to the newest record"]


def _score_consistency(data: StudyData) -> pd.DataFrame:
    counts = [
        (match.dataset, match.link.child, match.rows - match.orphans, match.rows)
        for match in find_matches(data)
        if match.link.reference
    ]
    rules = check_rules(data)
    if not isinstance(rules, NotAvailable):
        agreeing = rules["records compared"] - rules["breaking"]
        columns = (rules["data set"], rules["table"], agreeing, rules["records compared"])
        counts += list(zip(*columns, strict=True))
    frame = pd.DataFrame(counts, columns=["data set", "table", "counted", "out of"])
    summed = frame.groupby(["data set", "table"], as_index=False).sum()
    return _score(summed, "consistency", lambda sums: (sums["counted"], sums["out of"]))
