"""Sentences on groups compared: who, how far the items agree, what differs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.invariance.advice import PartialAdvice
from crmstudy.loyalty.invariance.fit import JointFit
from crmstudy.loyalty.invariance.groups import Groups
from crmstudy.loyalty.invariance.joint import LEVELS
from crmstudy.loyalty.invariance.means import LatentMeans
from crmstudy.loyalty.invariance.paths import PathComparison
from crmstudy.loyalty.invariance.steps import Difference, Invariance
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
)

ALPHA = 0.05
#: What a level of invariance allows.
_ALLOWS = {
    "configural": "neither paths nor means of constructs may be compared",
    "metric": "paths may be compared, means of constructs may not",
    "scalar": "paths and means of constructs may be compared",
    "strict": "paths and means of constructs may be compared",
}
#: Bentler & Chou (1987) ask for 5 cases a parameter or more.
ROWS_PER_PARAMETER = 5


@passes_absence
def read_groups(groups: Groups) -> str:
    """Say which groups are compared, where they come from, and who is left out."""
    named = [f"{label} ({n:,})" for label, n in groups.n_complete.items()]
    table = "the survey" if groups.origin == "survey" else "the table of customers"
    cut = f", cut at {groups.cut} (their median)" if groups.cut else ""
    return compose(
        f"The groups are those of '{groups.column}' in {table}{cut}, with so many complete "
        f"respondents: {enumerate_words(named)}.",
        _say_left_out(groups),
        _say_others(groups),
        f"Mind: {groups.warning}." if groups.warning else "",
    )


def read_invariance(
    invariance: Invariance | NotAvailable, advice: PartialAdvice | NotAvailable
) -> str:
    """Say how far the measurement is the same in all groups, and which equality fails."""
    if isinstance(invariance, NotAvailable):
        return compose(invariance)
    if not invariance.admissible:
        return _say_gate(invariance)
    return compose(_say_steps(invariance), _say_sizes(invariance), _say_advice(advice))


def read_groups_compared(
    means: LatentMeans | NotAvailable, paths: PathComparison | NotAvailable, *, power: float
) -> str:
    """Say which means and paths differ between groups, and what could have been missed."""
    return compose(_say_means(means), _say_paths(paths, power=power))


def _say_left_out(groups: Groups) -> str:
    parts = []
    if groups.n_unknown:
        parts.append(f"{groups.n_unknown:,} more whose group is not known")
    if groups.left_out:
        small = [f"{label} ({n:,})" for label, n in groups.left_out.items()]
        parts.append(f"groups of fewer than {groups.fewest} ({enumerate_words(small)})")
    return f"Left out: {enumerate_words(parts)}." if parts else ""


def _say_others(groups: Groups) -> str:
    if not groups.others:
        return ""
    quoted = [f"'{name}'" for name in groups.others]
    return f"Possible instead: {enumerate_words(quoted)}."


def _say_gate(invariance: Invariance) -> str:
    names = {check.name.split(": ")[0] for check in failed(invariance.checks)}
    guilty = [label for label in invariance.labels if label in names]
    whose = f" in {enumerate_words(guilty)}" if guilty else ""
    count = count_of(len(failed(invariance.checks)), "check")
    verb = "fails" if count.startswith("1 ") else "fail"
    return (
        f"Groups cannot be compared: {count} of the gate {verb}{whose}, so the measurement model "
        "may not be shown there, and a joint model rests on every group."
    )


def _say_steps(invariance: Invariance) -> str:
    held = invariance.held
    reached = f"By the rule stated beforehand, invariance reaches the {held} level"
    fit = invariance.levels["configural"].fit
    poor = ""
    if isinstance(fit, JointFit) and (fit.cfi < 0.90 or (fit.rmsea or 0) > 0.08):
        poor = (
            f"Already the configural model fits badly (CFI {number(fit.cfi, 3)}"
            f"{f', RMSEA {number(fit.rmsea, 3)}' if fit.rmsea is not None else ''}); equality of a "
            "form that does not fit says less."
        )
    return compose(
        f"{reached}: {_ALLOWS[held]}.", _say_failing(invariance), _say_chi2(invariance), poor
    )


def _say_failing(invariance: Invariance) -> str:
    order = list(LEVELS)
    if invariance.held == order[-1]:
        return "All four levels hold."
    level = order[order.index(invariance.held) + 1]
    cost = invariance.differences[level]
    if isinstance(cost, NotAvailable):
        return f"The {level} model is inadmissible and is taken as not holding."
    change = "" if cost.rmsea is None else f" and RMSEA by {_signed(cost.rmsea)}"
    return f"The {level} level does not hold: CFI changes by {_signed(cost.cfi)}{change}."


def _say_chi2(invariance: Invariance) -> str:
    """Name the levels at which the chi2 difference says otherwise than the rule."""
    known = {n: c for n, c in invariance.differences.items() if isinstance(c, Difference)}
    strict = [n for n, c in known.items() if c.small and c.p_value < ALPHA]
    lax = [n for n, c in known.items() if not c.small and c.p_value >= ALPHA]
    said = []
    if strict:
        said.append(
            f"The chi-squared difference rejects the equalities of the {enumerate_words(strict)} "
            f"{'level' if len(strict) == 1 else 'levels'}, which the change of fit passes as small."
        )
    if lax:
        said.append(
            f"The chi-squared difference does not reject the equalities of the "
            f"{enumerate_words(lax)} {'level' if len(lax) == 1 else 'levels'}: the loss of fit "
            "there may be chance."
        )
    return " ".join(said)


def _say_sizes(invariance: Invariance) -> str:
    smallest = min(invariance.labels, key=lambda label: len(invariance.answers[label]))
    n = len(invariance.answers[smallest])
    joint = invariance.levels["configural"].joint
    free = joint.n_free // len(joint.index)
    if n >= ROWS_PER_PARAMETER * free:
        return ""
    return (
        f"The smallest group, {smallest}, has {n:,} respondents for {free} parameters; Bentler "
        f"and Chou (1987) ask for {ROWS_PER_PARAMETER} a parameter, and with fewer chi-squared "
        "runs high."
    )


@passes_absence
def _say_advice(advice: PartialAdvice) -> str:
    found = advice.suspects
    typical = number(float(pd.Series(advice.detectable).median()))
    unit = {
        "loading": "standardised units",
        "intercept": "standard deviations of the item",
        "residual variance": "variances of the item",
    }[advice.kind]
    reach = (
        f"A score test of one {advice.kind} finds a difference of about {typical} {unit} with "
        f"power {number(advice.power)}."
    )
    tests = count_of(len(advice.releases), "score test")
    if found.empty:
        return f"None of {tests} singles out one {advice.kind} after Holm's correction. {reach}"
    rows = found.head(3).to_dict("records")
    named = [
        f"{row['item']} in {row['group']} (chi-squared {number(row['chi2'], 1)}, expected "
        f"change {_signed(row['expected change'], 2)})"
        for row in rows
    ]
    more = f", and {len(found) - len(rows)} more" if len(found) > len(rows) else ""
    noun = advice.kind if len(found) == 1 else f"{advice.kind}s"
    return (
        f"Of {tests}, {len(found)} {'points' if len(found) == 1 else 'point'} after Holm's "
        f"correction at the {noun} of {enumerate_words(named)}{more}. That is advice for the next "
        f"questionnaire; nothing was released. {reach}"
    )


@passes_absence
def _say_means(means: LatentMeans) -> str:
    rows = means.table()
    apart = rows[rows["p value, Holm"] < ALPHA]
    count = count_of(len(rows), "difference")
    if apart.empty:
        return f"None of {count} of latent means can be told from zero after Holm's correction."
    named = [_say_mean(row) for row in apart.head(4).to_dict("records")]
    more = len(apart) - len(named)
    return (
        f"Of {count} of latent means, {len(apart)} can be told from zero: {enumerate_words(named)}"
        f"{f', and {more} more' if more else ''}."
    )


def _say_mean(row: dict[Any, Any]) -> str:
    higher = "higher" if row["difference"] > 0 else "lower"
    return (
        f"{row['construct']} is {higher} in group {row['group']} than in group "
        f"{row['compared with']} (by {number(abs(row['effect size']))} standard deviations, "
        f"{p_value(row['p value, Holm'])} by Holm)"
    )


@passes_absence
def _say_paths(paths: PathComparison, *, power: float) -> str | NotAvailable:
    rows, test, reach = paths.differences(), paths.omnibus, paths.detectable(power=power)
    if isinstance(rows, NotAvailable):
        return rows
    if isinstance(test, NotAvailable) or isinstance(reach, NotAvailable):
        return NotAvailable("the model with equal paths is inadmissible: no joint test")
    verdict = "rejected" if test.p_value < ALPHA else "not rejected"
    law = test.distribution.removeprefix("chi2(").removesuffix(")")
    return (
        f"That all paths together are the same in every group is {verdict} (chi-squared "
        f"{number(test.statistic, 1)}, df {law}, {p_value(test.p_value)}). Taken one by one, "
        f"{_differ(rows)} after Holm's correction. At the median standard error a "
        f"difference of {number(reach)} is found with power {number(power)}; a smaller one may be "
        "there unseen."
    )


def _differ(rows: pd.DataFrame) -> str:
    """Name the paths that differ, each with its largest difference."""
    apart = rows[rows["p value, Holm"] < ALPHA]
    named = []
    for path in dict.fromkeys(apart["path"]):
        own = apart[apart["path"] == path].to_dict("records")
        row = max(own, key=lambda each: abs(each["difference"]))
        named.append(f"{path} ({row['groups']}: {_signed(row['difference'], 2)})")
    if not named:
        return "no path differs"
    return f"{enumerate_words(named)} {'differs' if len(named) == 1 else 'differ'}"


def _signed(value: float, decimals: int = 3) -> str:
    return f"{'+' if value > 0 else ''}{number(value, decimals)}"
