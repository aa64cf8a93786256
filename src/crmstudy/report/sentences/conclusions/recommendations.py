"""Sentences on what follows for the firm, what limits it, and what would decide the rest."""

from __future__ import annotations

import pandas as pd

from crmstudy.conclusions.limits import ORDER, UNREAL, Limits
from crmstudy.conclusions.outlook import MOST_TIMES, Outlook
from crmstudy.conclusions.recommendations import Advice, Recommendations
from crmstudy.errors import passes_absence
from crmstudy.report.exhibits import link_exhibit
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, number

#: Values below it are written with more decimals.
SMALL = 0.1
#: How each standing begins a line.
BEGINS = {"do": "Do", "test first": "Test first", "do not": "Do not"}


@passes_absence
def read_recommendations(recommendations: Recommendations) -> str:
    """Say what follows for the firm: one sentence a recommendation, with all it rests on."""
    told = [each.finding.told for each in recommendations.advice]
    if not told:
        return "No rule finds anything to recommend in what was recorded."
    counts = [f"{told.count(word)} to {_verb(word)}" for word in BEGINS if word in told]
    head = f"The rules give {count_of(len(told), 'recommendation')}: {enumerate_words(counts)}."
    lines = [
        f"{place}. {_say_advice(each)}" for place, each in enumerate(recommendations.advice, 1)
    ]
    return "\n".join([head, "", *lines, *_say_unjudged(recommendations)])


def _verb(standing: str) -> str:
    return {"do": "follow", "test first": "test first", "do not": "leave"}[standing]


def _say_advice(advice: Advice) -> str:
    finding = advice.finding
    parts = [
        f"**{BEGINS[finding.told]}: {finding.action}** for {advice.who}",
        _say_value(advice),
        f"evidence: {finding.strength}",
        f"because {finding.because}" if finding.because else "",
        f"against it: {finding.against}" if finding.against else "",
        f"assumed, not measured: {finding.assumed}" if finding.assumed else "",
        _say_caveat(advice.caveat),
    ]
    said = "; ".join(filter(None, parts))
    return f"{said} ({link_exhibit(finding.exhibit)})."


def _say_caveat(caveat: str) -> str:
    """Say what the data are; of made-up data, that nothing real follows from them."""
    if not caveat:
        return ""
    unreal = UNREAL.search(caveat)
    return f"its data: {caveat}" + ("; it is no advice to a real firm" if unreal else "")


def _say_value(advice: Advice) -> str:
    finding = advice.finding
    if finding.value is None:
        return "what it is worth is not known"
    decimals = 2 if abs(finding.value) >= SMALL else 4
    said = number(finding.value, decimals)
    if finding.lower is not None and finding.upper is not None:
        said += f" [{number(finding.lower, decimals)}, {number(finding.upper, decimals)}]"
    return f"{said} {finding.unit}"


def _say_unjudged(recommendations: Recommendations) -> list[str]:
    unjudged = recommendations.unjudged
    if not unjudged:
        return []
    count = count_of(len(unjudged), "rule")
    head = f"{count} cannot be judged:" if len(unjudged) > 1 else "One rule cannot be judged:"
    return ["", head, "", *(f"- *{rule.name}*: {why.reason}." for rule, why in unjudged)]


@passes_absence
def read_limits(limits: Limits) -> str:
    """Say how many limits of which kind there are, and how the checks stand."""
    if limits.found.empty:
        return "No check fails and nothing is missing."
    counted = limits.found["kind"].value_counts()
    kinds = [f"{counted[kind]} of {kind}" for kind in ORDER if kind in counted]
    counts = limits.to_metrics()
    checks, fail = int(counts["n_checks"]), int(counts["n_checks_that_fail"])
    return compose(
        f"{count_of(len(limits.found), 'limit')} "
        f"{'was' if len(limits.found) == 1 else 'were'} found: {enumerate_words(kinds)}.",
        f"Of {count_of(checks, 'recorded check')}, {fail or 'none'} "
        f"{'fails' if fail == 1 else 'fail'}; a check that holds is no proof of its assumption."
        if checks
        else "No chapter recorded a check.",
    )


@passes_absence
def read_outlook(outlook: Outlook) -> str:
    """Say of every open hypothesis what would decide it, and which tables are wanted most."""
    if outlook.open.empty:
        return compose("No registered hypothesis is open.", _say_wanted(outlook))
    head = (
        f"{count_of(len(outlook.open), 'hypothesis', 'hypotheses')} "
        f"{'is' if len(outlook.open) == 1 else 'are'} open."
    )
    lines = [
        f"- **{row['hypothesis']}** ({row['verdict']}): {row['what would decide it']}"
        f"{_say_times(row['times as many cases'], outlook.power)}."
        for row in outlook.open.to_dict("records")
    ]
    return "\n".join([head, "", *lines, "", _say_wanted(outlook)]).rstrip()


def _say_times(times: float, power: float) -> str:
    if pd.isna(times):
        return ""
    if times > MOST_TIMES:
        return f" (more than {MOST_TIMES:.0f} times as many for a power of {power:g})"
    return f" ({number(times, 1)} times as many for a power of {power:g})"


def _say_wanted(outlook: Outlook) -> str:
    if outlook.wanted.empty:
        return ""
    most = int(outlook.wanted["results that wait for it"].max())
    names = outlook.wanted.loc[outlook.wanted["results that wait for it"] == most, "table"]
    many = len(names) > 1
    return (
        f"Most results wait for the table{'s' if many else ''} "
        f"{enumerate_words([str(name) for name in names])}: "
        f"{count_of(most, 'result')}{' each' if many else ''}."
    )
