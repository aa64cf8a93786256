"""Sentences of chapter 01, made from its results."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, percent

#: From this share of empty cells on a table's gaps are pointed out.
NOTABLE_GAP = 0.05


def read_collection(
    sources: pd.DataFrame,
    completeness: pd.DataFrame,
    links: pd.DataFrame | NotAvailable,
    ledgers: pd.DataFrame | NotAvailable,
) -> str:
    """Say what was collected and what limits its use."""
    read, kept = int(sources["rows read"].sum()), int(sources["rows kept"].sum())
    gone = read - kept
    left_out = f"{count_of(gone, 'row')} {'was' if gone == 1 else 'were'} left out"
    left_out = left_out if gone else "nothing was left out"
    tables = count_of(len(sources), "table")
    datasets = count_of(sources["data set"].nunique(), "data set")
    opening = f"The study holds {tables} in {datasets}: {read:,} rows were read and {left_out}."
    return compose(opening, _say_gaps(completeness), _say_links(links), _say_zero(ledgers))


def _say_gaps(completeness: pd.DataFrame) -> str:
    gaps = completeness[completeness["its empty share"] >= NOTABLE_GAP]
    if gaps.empty:
        return f"No column is empty for {percent(NOTABLE_GAP, 0)} of its rows or more."
    said = [
        f"{row['emptiest column']} in {row['data set']}.{row['table']} "
        f"({percent(row['its empty share'])})"
        for row in gaps.to_dict("records")
    ]
    return f"Notable gaps: {enumerate_words(said)}."


@passes_absence
def _say_links(links: pd.DataFrame) -> str:
    partial = links[links["match rate"] < 1]
    if partial.empty:
        return "Every identifier is found in the table it points to."
    worst = partial.sort_values("match rate", kind="stable").iloc[0]
    whole = len(links) - len(partial)
    return (
        f"Of {count_of(len(links), 'link')} between tables {whole or 'none'} "
        f"{'matches' if whole < 2 else 'match'} completely; the weakest is {worst['link']} in "
        f"{worst['data set']} with {percent(worst['match rate'])}, so "
        "results that need both tables speak of the matched part only."
    )


@passes_absence
def _say_zero(ledgers: pd.DataFrame) -> str:
    zero = int(ledgers["revenue is zero"].sum())
    lines = int(ledgers["lines"].sum())
    if not zero:
        return "No purchase line has a revenue of zero."
    return (
        f"{zero:,} of {count_of(lines, 'purchase line')} ({percent(zero / lines, 2)}) "
        f"{'has' if zero == 1 else 'have'} a revenue of zero."
    )


@passes_absence
def count_ledgers(ledgers: pd.DataFrame) -> dict[str, float]:
    """Name each ledger's counts and sums as ``<data set>.ledger.<quantity>``."""
    named: dict[str, float] = {}
    for row in ledgers.to_dict("records"):
        for quantity in ("customers", "purchases", "lines"):
            named[f"{row['data set']}.ledger.{quantity}"] = int(row[quantity])
        named[f"{row['data set']}.ledger.revenue"] = float(row["revenue"])
    return named
