"""Sentences on the bootstrap of a model."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.resampling.bootstrap import Bootstrap
from crmstudy.loyalty.resampling.comparison import compare_bootstrap, compare_rules
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)


@passes_absence
def read_bootstrap(bootstrap: Bootstrap, *, level: float = 0.95) -> str:
    """Say how the samples ended, how theory compares, and which paths are told from zero.

    Parameters
    ----------
    bootstrap : Bootstrap
    level : float
        Of the intervals.
    """
    compared = compare_bootstrap(bootstrap, level=level)
    if isinstance(compared, NotAvailable):
        return compose(_say_samples(bootstrap), compared)
    return compose(
        _say_samples(bootstrap),
        _say_rule(bootstrap, level),
        _say_errors(compared),
        _say_zero(compared, level),
    )


def _say_samples(bootstrap: Bootstrap) -> str:
    drawn = (
        f"The model was estimated anew from {count_of(bootstrap.n_draws, 'sample')} of "
        f"{count_of(bootstrap.result.n_used, 'respondent')}, drawn with replacement"
    )
    failed, odd = bootstrap.n_failed, bootstrap.n_inadmissible
    if not failed and not odd:
        return f"{drawn}; every sample gave estimates that pass the gate."
    lost = (
        f"{failed:,} gave no estimates and {'is' if failed == 1 else 'are'} left out"
        if failed
        else "all gave estimates"
    )
    if not odd:
        return f"{drawn}; {lost}."
    share = percent_within(odd / (bootstrap.n_draws - failed))
    verb = "ended" if failed else "of them ended"
    return (
        f"{drawn}; {lost}, and {odd:,} {verb} in a solution that the gate would withhold "
        f"({share} of those with estimates). Such samples are kept: they are part of how far "
        "the estimates move."
    )


def _say_rule(bootstrap: Bootstrap, level: float) -> str | NotAvailable:
    if not bootstrap.n_inadmissible:
        return ""
    rules = compare_rules(bootstrap, level=level)
    if isinstance(rules, NotAvailable):
        return rules
    row = rules.iloc[int(rules["moved"].to_numpy().argmax())]
    return (
        "Without them no limit of a standardised path would move by more than "
        f"{number(row['moved'])} of its standard error (the largest move is that of "
        f"{row['from']} to {row['to']})."
    )


def _say_errors(compared: pd.DataFrame) -> str:
    ratio = compared["se by bootstrap"] / compared["se by theory"] - 1.0
    if ratio.abs().max() < 0.1:
        return (
            "Standard errors of theory and of the bootstrap differ by less than a tenth, for "
            f"{'the path' if len(compared) == 1 else 'every path'}."
        )
    place = int(ratio.abs().to_numpy().argmax())
    row, off = compared.iloc[place], float(ratio.to_numpy()[place])
    side = (
        "larger, as happens when answers are not normal or respondents few"
        if off > 0
        else "smaller"
    )
    return (
        f"The bootstrap's standard error differs most from theory's for {row['from']} to "
        f"{row['to']}: it is {percent_within(abs(off), 0)} {side}."
    )


def _say_zero(compared: pd.DataFrame, level: float) -> str:
    apart = (compared["BCa lower"] > 0) | (compared["BCa upper"] < 0)
    interval = f"The {percent_within(level, 0 if level * 100 % 1 == 0 else 1)} BCa interval"
    if apart.all():
        which = "the only path" if len(compared) == 1 else f"each of the {len(compared)} paths"
        return f"{interval} of {which} leaves out zero."
    open_ = compared[~apart]
    named = enumerate_words([f"{r['from']} to {r['to']}" for r in open_.to_dict("records")])
    return (
        f"{interval} leaves out zero for {int(apart.sum())} of "
        f"{count_of(len(compared), 'path')}; it holds zero for {named}."
    )
