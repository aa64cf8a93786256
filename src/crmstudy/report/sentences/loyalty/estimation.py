"""Sentences on the gate, on robust statistics and on missing answers."""

from __future__ import annotations

from crmstudy.checks import Hypothesis, failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.comparisons import MissingComparison, call_constructs
from crmstudy.loyalty.estimation.remedies import PER_PARAMETER, suggest_remedies
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.estimation.robust_fit import RobustFit
from crmstudy.loyalty.estimation.scaling import ScaledFit
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)

LEVEL = 0.05


@passes_absence
def read_gate(fit: SemResult) -> str:
    """Say who was analysed, whether the model may be shown, and if not what to try."""
    return compose(_say_respondents(fit), _say_admission(fit), _say_size(fit))


def _say_respondents(fit: SemResult) -> str:
    if fit.missing == "fiml":
        used = f"{count_of(fit.n_used, 'respondent')} answered at least one item of the model"
        out = f"; {fit.n_dropped:,} answered none and {_were(fit.n_dropped)} left out"
    else:
        used = f"{count_of(fit.n_used, 'respondent')} answered all items of the model"
        out = f"; {fit.n_dropped:,} skipped an item and {_were(fit.n_dropped)} left out"
    return f"{used}{out if fit.n_dropped else ''}."


def _say_admission(fit: SemResult) -> str:
    wrong = failed(fit.gate)
    if not wrong:
        return f"All {len(fit.gate)} checks of the gate pass: the model may be shown."
    names = enumerate_words([f"'{check.name}'" for check in wrong])
    what = (
        "fit and verdicts are withheld, estimates are shown"
        if fit.admissible
        else "estimates, fit and verdicts are withheld"
    )
    advice = suggest_remedies(fit)["what to try"].tolist()
    tried = " ".join(f"{text[0].upper()}{text[1:]}." for text in dict.fromkeys(advice))
    return (
        f"{count_of(len(wrong), 'check')} of the gate {'fails' if len(wrong) == 1 else 'fail'} "
        f"({names}): {what}. What to try next: {tried} A model changed until it passes has been "
        "fitted to these answers and needs new ones for a test."
    )


def _say_size(fit: SemResult) -> str:
    n_free = len(fit.structure.parameters)
    if not fit.admissible or fit.n_used >= PER_PARAMETER * n_free:
        return ""
    return (
        f"There are {number(fit.n_used / n_free, 1)} respondents for each of {n_free} free "
        f"parameters, fewer than the {PER_PARAMETER} that Bentler and Chou (1987) ask for: "
        "standard errors are less sure than they look."
    )


@passes_absence
def read_robust_fit(robust: RobustFit, fit: SemResult) -> str:
    """Say what changes when answers are not taken as normal: the test, the indices, the paths."""
    said = [_say_scaled(robust, each) for each in robust.scaled]
    return compose(*said, _say_paths(fit))


def _say_scaled(robust: RobustFit, scaled: ScaledFit) -> str:
    before, after = robust.normal.p_value < LEVEL, scaled.p_value < LEVEL
    if before == after:
        verdict = f"exact fit is {'rejected' if after else 'not rejected'}, as before"
    else:
        verdict = f"exact fit is {'now rejected' if after else 'no longer rejected'}"
    before_it, after_it = number(robust.normal.chi2, 1), number(scaled.chi2, 1)
    return (
        f"Scaled after {scaled.method} (factor {number(scaled.factor, 3)}), chi-squared is "
        f"{after_it} instead of {before_it} (df {scaled.df}, {p_value(scaled.p_value)}): "
        f"{verdict}; robust CFI is {number(scaled.cfi, 3)}, robust RMSEA "
        f"{number(scaled.rmsea, 3)} with 90% interval from {number(scaled.rmsea_lower, 3)} to "
        f"{number(scaled.rmsea_upper, 3)}."
    )


@passes_absence
def _say_paths(fit: SemResult) -> str:
    normal, robust = fit.paths(), fit.paths(errors="huber-white")
    if isinstance(normal, NotAvailable) or isinstance(robust, NotAvailable) or normal.empty:
        return ""
    moved = (normal["p value"] < LEVEL) != (robust["p value"] < LEVEL)
    n = len(normal)
    if not moved.any():
        which = "the path keeps" if n == 1 else f"all {n} paths keep"
        return f"With robust standard errors (Huber-White) {which} the decision at the 5% level."
    calls = call_constructs(fit.model)
    both = zip(normal[moved].to_dict("records"), robust.loc[moved, "p value"], strict=True)
    names = [
        f"{calls[row['source']]} to {calls[row['target']]} "
        f"({p_value(p)} instead of {p_value(row['p value'])})"
        for row, p in both
    ]
    return (
        f"With robust standard errors (Huber-White) {len(names)} of {count_of(n, 'path')} "
        f"{'changes' if len(names) == 1 else 'change'} the decision at the 5% level: "
        f"{enumerate_words(names)}."
    )


@passes_absence
def read_missing(comparison: MissingComparison) -> str:
    """Say how much is missing, whether it looks random, and whether it matters to the paths."""
    gaps = comparison.n_respondents - comparison.n_complete
    share = percent_within(comparison.share_missing)
    return compose(
        f"Of {count_of(comparison.n_respondents, 'respondent')} {gaps:,} left out an item of the "
        f"model; {share} of the answers are missing.",
        _say_randomness(comparison.randomness),
        _say_changes(comparison),
    )


def _say_randomness(test: Hypothesis | NotAvailable) -> str | NotAvailable:
    if isinstance(test, NotAvailable):
        return NotAvailable(f"Little's test: {test.reason}")
    rejected = test.p_value < LEVEL
    shape = f"{test.distribution.replace('chi2', 'chi-squared')} = {number(test.statistic, 1)}"
    means = (
        "listwise deletion may bend the result, full information only where gaps depend on more "
        "than the answers given"
        if rejected
        else "which does not prove that they are"
    )
    return (
        f"That answers are missing completely at random is {'' if rejected else 'not '}rejected "
        f"by Little's test ({shape}, {p_value(test.p_value)}), {means}."
    )


def _say_changes(comparison: MissingComparison) -> str | NotAvailable:
    table = comparison.table()
    if isinstance(table, NotAvailable):
        return table
    if table.empty:
        return ""
    row = max(table.to_dict("records"), key=lambda entry: abs(entry["change"]))
    error = row["standard error, listwise"]
    larger = abs(row["change"]) > error
    return (
        "Full information instead of listwise deletion moves the standardised path from "
        f"{row['source']} to {row['target']} most, from {number(row['listwise'], 3)} to "
        f"{number(row['full information'], 3)}: {'more' if larger else 'less'} than its standard "
        f"error of {number(error, 3)}."
    )


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
