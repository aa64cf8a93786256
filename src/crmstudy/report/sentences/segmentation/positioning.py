"""Sentences on positions: the perceptual map, the gaps, the strategies."""

from __future__ import annotations

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    percent_within,
)
from crmstudy.segmentation.positioning.dimensions import ALL, DIMENSIONS
from crmstudy.segmentation.positioning.perceptual import PositionMap
from crmstudy.segmentation.positioning.positioning import PositioningGaps
from crmstudy.segmentation.positioning.strategy import AGREEMENT, STRATEGIES, UNDECIDED, Strategies

CHANCE = 0.05


def read_positioning(
    positions: PositionMap | NotAvailable,
    gaps: PositioningGaps | NotAvailable,
    strategies: Strategies | NotAvailable,
) -> str:
    """Say what sets the segments apart, where they fall short, and which strategy follows."""
    parts = {
        "Map of what is bought": _say_map(positions),
        "Gaps": _say_gaps(gaps),
        "Strategies": _say_strategies(strategies),
    }
    if all(isinstance(part, NotAvailable) for part in parts.values()):
        return compose(*parts.values())
    named = (
        f"{name}: {part}." if isinstance(part, NotAvailable) else part
        for name, part in parts.items()
    )
    basis = _say_basis(strategies)
    return compose(*named, "" if isinstance(basis, NotAvailable) else basis)


@passes_absence
def _say_map(positions: PositionMap) -> str:
    p = positions.difference.p_value
    level = positions.level
    if p > CHANCE:
        return (
            f"By what is bought from each {level} the segments cannot be told apart "
            f"({p_value(p)}, {positions.difference.distribution}): the map draws chance."
        )
    points = positions.points
    among = points[points["kind"] != "segment"]
    first = among.sort_values("contribution", ascending=False, kind="stable").iloc[0]
    segments = points[points["kind"] == "segment"]
    far = segments.iloc[int((segments["x"] ** 2 + segments["y"] ** 2).argmax())]
    shown = f"{percent_within(positions.share_shown, 0)} of the differences"
    if positions.share_shown == 1:
        shown = (
            f"all differences, as it must with {count_of(len(segments), 'segment')} and "
            f"{count_of(len(among), level)}"
        )
    said = (
        f"The segments differ in what they buy from each {level} ({p_value(p)}). The map shows "
        f"{shown}; the {level} that sets the segments apart most is "
        f"{first['name']} ({percent(first['contribution'], 0)} of what is shown), and "
        f"'{far['name']}' is the segment farthest from the average."
    )
    problems = [f"{check.name} fails, so {check.consequence}" for check in failed(positions.checks)]
    return f"{said} But {'; '.join(problems)}." if problems else said


@passes_absence
def word_gaps(gaps: PositioningGaps) -> pd.DataFrame:
    """Put the segments' values beside their reference, with the index of each in brackets.

    Returns
    -------
    DataFrame
        A row a measure and reference: ``dimension``, ``measure``, ``unit``, ``reference``,
        ``its value``, and a column a segment, as in "13.12 (124*)": the star says that the
        interval leaves out the reference. What is not available stands below.
    """
    overview = gaps.overview()
    cells = gaps.gaps.assign(said=[_word_gap(row) for row in gaps.gaps.to_dict("records")])
    keys = ["dimension", "measure", "unit", "reference"]
    wide = cells.pivot_table(index=keys, columns="segment", values="said", aggfunc="first")
    segments = list(overview.columns[len(keys) + 1 :])
    order = pd.MultiIndex.from_frame(overview[keys])
    said = wide.reindex(order)[segments].fillna("–").reset_index()
    said.insert(len(keys), "its value", overview["reference value"].to_numpy())
    said["reference"] = [str(name).split(" (")[0] for name in said["reference"]]
    rest = gaps.absent.rename(columns={"reason": "reference"})
    rest = rest.assign(reference="not available: " + rest["reference"].astype("str"))
    return pd.concat([said, rest], ignore_index=True) if len(rest) else said


def _word_gap(row: dict) -> str:
    if pd.isna(row["value"]):
        return "–"
    if pd.isna(row["index"]):
        return number(row["value"])
    star = "*" if row["reading"] in ("above", "below") else ""
    return f"{number(row['value'])} ({number(row['index'], 0)}{star})"


@passes_absence
def _say_gaps(gaps: PositioningGaps) -> str:
    n, clear = int(gaps.gaps["lower"].notna().sum()), gaps.clear()
    if not n:
        return "No gap could be given an interval: too few customers are counted."
    chance = f"about {number(CHANCE * n, 0)}" if CHANCE * n >= 1 else "none or one"
    counted = (
        f"Of {count_of(n, 'gap')} with an interval {len(clear)} leave{'s' * (len(clear) == 1)} "
        f"out 0, where {chance} would by chance alone."
    )
    largest = [_say_largest(clear[clear["dimension"] == one], one) for one in DIMENSIONS]
    known = set(gaps.gaps["dimension"])
    silent = [one for one in DIMENSIONS if one not in known]
    unknown = f"Nothing could be measured of {enumerate_words(silent)}." if silent else ""
    return " ".join(filter(None, [counted, _join_largest(list(filter(None, largest))), unknown]))


def _say_largest(clear: pd.DataFrame, dimension: str) -> str:
    """Name the largest clear gap of a dimension whose reference gives an index."""
    with_index = clear[clear["index"].notna()]
    if with_index.empty:
        return ""
    row = with_index.iloc[0]
    who = ALL if row["segment"] == ALL else f"'{row['segment']}'"
    beside = str(row["reference"]).split(" (")[0]  # without the source of a benchmark
    against = "" if beside == ALL else f", against {beside}"
    index = number(row["index"], 0)
    return f"{row['measure']} ({dimension}; {who}, index {index}{against})"


def _join_largest(said: list[str]) -> str:
    if not said:
        return ""
    if len(said) == 1:
        return f"The largest is {said[0]}."
    return f"The largest of each dimension are {enumerate_words(said)}."


@passes_absence
def _say_strategies(strategies: Strategies) -> str:
    segments = strategies.segments
    named = [
        f"{strategy} for {_quote(found)}"
        for strategy in STRATEGIES
        if len(found := segments.index[segments["strategy"] == strategy])
    ]
    open_ones = segments[segments["strategy"] == UNDECIDED]
    doubt = ""
    if len(open_ones):
        doubts = [_say_doubt(str(name), row) for name, row in open_ones.iterrows()]
        doubt = f" Undecided {'is' if len(doubts) == 1 else 'are'} {enumerate_words(doubts)}."
    if not named:
        return f"The rule gives no segment a strategy that can be relied on.{doubt}"
    sure = f"in at least {percent(AGREEMENT, 0)} of the bootstrap samples"
    return f"The rule names, {sure}, {'; '.join(named)}.{doubt}"


def _say_doubt(name: str, row: pd.Series) -> str:
    close = str(row["near"]).replace(", ", " and ")
    near = f", near the threshold of {close}" if close else ""
    rival = f" or {row['rival']}" if row["rival"] else ""
    return f"'{name}' ({row['by_rule']}{rival}{near})"


@passes_absence
def _say_basis(strategies: Strategies) -> str:
    weakest = strategies.segments["share_weights"]
    basis = (
        "Strength is measured against figures from outside the firm where there are any, else "
        "against all customers."
        if strategies.benchmarked
        else "Strength is a proxy: no figure of a competitor is known, so a segment is strong "
        "where it responds to the firm better than the average of all customers."
    )
    held = percent_within(float(weakest.min()), 0)
    return f"{basis} With weights drawn at random each name holds in {held} of the draws or more."


def _quote(names: pd.Index) -> str:
    return enumerate_words([f"'{name}'" for name in names])
