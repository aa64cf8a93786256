"""Sentences of chapter 01 on its survey, interviews and mystery shopping."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection import (
    AssessorAgreement,
    CodeAgreement,
    CodeCounts,
    EarlyLate,
    FrameComparison,
    MysteryScores,
    RespondentWeights,
    ResponseRates,
)
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)

#: A weighted share that is nearer to the population's than this is met.
MET = 1e-6
UNDEFINED = NotAvailable("the visits do not differ, so no correlation is defined")


def read_fieldwork(
    rates: ResponseRates | NotAvailable,
    late: EarlyLate | NotAvailable,
    frame: FrameComparison | NotAvailable,
    weights: RespondentWeights | NotAvailable,
) -> str:
    """Say who answered, whether late ones answer otherwise, and what weighting costs."""
    return compose(
        _absent("Response rate", rates) or _say_rates(rates),
        _absent("Early and late respondents", late) or _say_late(late),
        _absent("Respondents and population", frame) or _say_frame(frame),
        _absent("Weights", weights) or _say_weights(weights),
    )


def _absent(subject: str, value: object) -> str:
    return f"{subject}: {value}." if isinstance(value, NotAvailable) else ""


@passes_absence
def _say_rates(rates: ResponseRates) -> str:
    value = rates.rate("RR2")
    if isinstance(value, NotAvailable):
        return _absent("Response rate RR2", value)
    row = rates.rates.set_index("rate").to_dict("index")["RR2"]
    return (
        f"Of {count_of(rates.n, 'person')} invited {int(row['denominator']):,} belong, or may "
        f"belong, to the population; {percent_within(row['value'])} of these answered in full or "
        f"in part (RR2; {rates.confidence:.0%} interval {percent(row['lower'])} to "
        f"{percent(row['upper'])})."
    )


@passes_absence
def _say_late(late: EarlyLate) -> str:
    opening = (
        f"{late.n_early:,} early and {count_of(late.n_late, 'late respondent')} ({late.rule}): "
        f"{late.verdict}"
    )
    known = late.items.dropna(subset=["d"])
    if known.empty:
        return f"{opening}."
    largest = known.iloc[int(known["d"].abs().argmax())]
    return (
        f"{opening}; the largest effect is d = {number(float(largest['d']))} ({largest['item']})."
    )


@passes_absence
def _say_frame(frame: FrameComparison) -> str:
    apart = [check.name for check in frame.checks if not check.passed]
    variables = frame.tests["variable"].tolist()
    if not apart:
        return (
            f"Respondents do not differ significantly from the population in "
            f"{enumerate_words(variables)}."
        )
    differ = frame.tests.loc[frame.tests["p_holm"] < frame.level, "variable"].tolist()
    largest = frame.tests.iloc[int(frame.tests["cramer_v"].argmax())]
    return (
        f"Respondents differ from the population in {enumerate_words(differ)} (largest "
        f"Cramér's V {number(float(largest['cramer_v']))}, {largest['variable']})."
    )


@passes_absence
def _say_weights(weights: RespondentWeights) -> str:
    met = "bring the shares in line"
    if weights.largest_gap >= MET:
        gap = percent_within(weights.largest_gap)
        met = f"bring the shares nearer to the population's (largest gap left: {gap})"
    return (
        f"Weights from {number(float(weights.weights.min()))} to "
        f"{number(float(weights.weights.max()))} {met}; they make "
        f"{count_of(len(weights.weights), 'respondent')} count like "
        f"{number(weights.effective_n, 0)} (design effect {number(weights.design_effect)})."
    )


def read_qualitative(
    codes: CodeCounts | NotAvailable,
    coding: CodeAgreement | NotAvailable,
    scores: MysteryScores | NotAvailable,
    assessors: AssessorAgreement | NotAvailable,
) -> str:
    """Say what was found in interviews and visits, and whether two people saw the same."""
    return compose(
        _absent("Interviews", codes) or _say_codes(codes),
        "" if isinstance(codes, NotAvailable) else _absent("Agreement of coders", coding),
        _say_coding(coding) if not isinstance(coding, NotAvailable) else "",
        _absent("Mystery shopping", scores) or _say_scores(scores),
        "" if isinstance(scores, NotAvailable) else _absent("Agreement of assessors", assessors),
        _say_assessors(assessors) if not isinstance(assessors, NotAvailable) else "",
    )


@passes_absence
def _say_codes(codes: CodeCounts) -> str:
    opening = (
        f"{count_of(codes.n_segments, 'segment')} of "
        f"{count_of(codes.n_interviews, 'conversation')} "
        f"{'was' if codes.n_segments == 1 else 'were'} read"
    )
    if codes.codes.empty:
        return f"{opening}; no code was given."
    top = codes.codes.iloc[0]
    share = percent_within(float(top["share_of_segments"]))
    return f"{opening}; the most frequent code is {top['code']} ({share} of segments)."


@passes_absence
def _say_coding(coding: CodeAgreement) -> str:
    known = coding.codes.dropna(subset=["alpha"])
    if known.empty:
        return "For no code can the agreement of coders be computed."
    weak = known[known["alpha"] < 2 / 3]
    lowest = known.iloc[int(known["alpha"].argmin())]
    opening = (
        f"On {count_of(coding.n_units, 'segment')} read by two coders or more Krippendorff's alpha "
        f"is lowest for {lowest['code']} ({number(float(lowest['alpha']))}{_say_interval(lowest)})"
    )
    if weak.empty:
        return f"{opening}; every code reaches the least limit of .667."
    return (
        f"{opening}; {len(weak)} of {count_of(len(known), 'code')} "
        f"{'stays' if len(weak) == 1 else 'stay'} below .667."
    )


def _say_interval(row: pd.Series) -> str:
    lower, upper = float(row["alpha_lower"]), float(row["alpha_upper"])
    if lower != lower or upper != upper:
        return ""
    return f", 95% interval {number(lower)} to {number(upper)}"


@passes_absence
def _say_scores(scores: MysteryScores) -> str:
    ranked = scores.levels.sort_values("share", kind="stable")
    share = percent_within(scores.to_metrics()["mystery_share"])
    opening = f"{count_of(scores.n_visits, 'mystery visit')} won {share} of the points"
    if ranked["share"].nunique() < 2:
        return f"{opening}."
    low, high = ranked.iloc[0], ranked.iloc[-1]
    return (
        f"{opening}; lowest is {low['level']} ({percent(float(low['share']))}), highest "
        f"{high['level']} ({percent(float(high['share']))})."
    )


@passes_absence
def _say_assessors(assessors: AssessorAgreement) -> str:
    metrics = assessors.to_metrics()
    value = metrics.get("mystery_icc_a1", metrics.get("mystery_icc_1"))
    if value is None:
        reason = assessors.whole if isinstance(assessors.whole, NotAvailable) else UNDEFINED
        return _absent("Agreement of assessors", reason)
    form = "ICC(A,1)" if "mystery_icc_a1" in metrics else "ICC(1)"
    return (
        f"Two assessors or more saw {count_of(assessors.n_visits, 'visit')}: the intraclass "
        f"correlation of their scores is {number(value)} ({form})."
    )
