"""Sentences on the other method where a covariance model is refused."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.measurement.htmt import LIBERAL
from crmstudy.loyalty.partial_least_squares.bootstrap import PlsBootstrap
from crmstudy.loyalty.partial_least_squares.estimate import PlsResult
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, number

WARNING = (
    "These are regressions among weighted sums of items, not among the constructs of the "
    "covariance model: they do not rescue the refused model, no test of fit can refuse them, and "
    "their paths and loadings are not comparable with those of an admissible covariance model."
)


def read_pls(
    result: PlsResult | NotAvailable,
    bootstrap: PlsBootstrap | NotAvailable,
    assessment: pd.DataFrame | NotAvailable,
) -> str:
    """Say what partial least squares finds, and what it may not be taken for."""
    if isinstance(result, NotAvailable):
        return compose(result)
    return compose(_say_what(result), _say_paths(bootstrap), _say_alike(assessment), WARNING)


def _say_what(result: PlsResult) -> str:
    name = result.model.name or "given"
    return (
        f"Partial least squares was applied to the model {name}, which the gate refuses, with "
        f"{count_of(result.n_used, 'respondent')}; its weights settled in "
        f"{count_of(result.n_turns, 'turn')}."
    )


@passes_absence
def _say_paths(bootstrap: PlsBootstrap) -> str:
    rows = bootstrap.table().to_dict("records")
    away = [row for row in rows if row["lower"] > 0.0 or row["upper"] < 0.0]
    if not away:
        return f"No interval of its {count_of(len(rows), 'path')} lies wholly off zero."
    largest = max(away, key=lambda row: abs(row["estimate"]))
    what, verb = ("interval", "lies") if len(away) == 1 else ("intervals", "lie")
    return (
        f"Of {count_of(len(rows), 'path')}, the 95% {what} of {len(away)} {verb} wholly off "
        f"zero, the largest that of {largest['source']} on {largest['target']} "
        f"({number(largest['estimate'])}, from {number(largest['lower'])} to "
        f"{number(largest['upper'])})."
    )


@passes_absence
def _say_alike(assessment: pd.DataFrame) -> str:
    pairs = {
        frozenset((row["construct"], row["with"]))
        for row in assessment.to_dict("records")
        if row["largest HTMT"] is not None and abs(row["largest HTMT"]) >= LIBERAL
    }
    if not pairs:
        return ""
    named = enumerate_words(sorted(" with ".join(sorted(pair)) for pair in pairs))
    return f"Constructs hardly told apart (HTMT of {number(LIBERAL)} or more): {named}."
