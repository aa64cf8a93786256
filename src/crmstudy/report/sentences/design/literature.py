"""Sentences on the literature: what was found, what it is about, what was screened out."""

from __future__ import annotations

import pandas as pd

from crmstudy.design.literature.analysis import Literature
from crmstudy.design.literature.counting import Keywords
from crmstudy.design.literature.merging import MergedLibrary
from crmstudy.design.literature.networks import KeywordNetwork
from crmstudy.design.literature.screening import ScreeningFlow
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)

#: Authors, journals and terms that a sentence names at most.
MOST_NAMED = 3


@passes_absence
def read_literature(literature: Literature) -> str:
    """Say what the sources hold, what was merged, when it appeared, and where."""
    return compose(
        _say_found(literature),
        _say_merged(literature.merged),
        _say_years(literature.years, literature.n_without_year),
        _say_journals(literature.journals),
    )


def _say_found(literature: Literature) -> str:
    records = count_of(len(literature.library.publications), "record")
    if literature.library.example:
        return (
            "The study names no search of literature; the bibliography of this project, "
            f"{records}, shows the method. It lists what the chapters cite and is no sample of a "
            "field: its counts say nothing of where research stands."
        )
    sources = literature.library.table()
    parts = [
        f"{name} {count_of(n, 'record')}"
        for name, n in zip(sources["source"], sources["records"], strict=True)
    ]
    if len(parts) == 1:
        return f"One source was searched, {sources['source'].iloc[0]}, which gave {records}."
    return f"The searches gave {records}: {enumerate_words(parts)}."


def _say_merged(merged: MergedLibrary) -> str:
    n = len(merged.publications)
    if not merged.n_duplicates:
        verb = "is" if n == 1 else "are"
        said = f"No record stands twice, so there {verb} {count_of(n, 'publication')}."
    else:
        said = (
            f"{count_of(merged.n_duplicates, 'record')} "
            f"{'repeats' if merged.n_duplicates == 1 else 'repeat'} another one; "
            f"{count_of(n, 'publication')} {'is' if n == 1 else 'are'} left."
        )
    doubtful = len(merged.doubtful)
    if doubtful:
        said += (
            f" {count_of(doubtful, 'record')} share title and year but not the DOI; they were kept "
            "apart and should be looked at."
        )
    return said


def _say_years(years: pd.DataFrame | NotAvailable, n_without: int) -> str | NotAvailable:
    if isinstance(years, NotAvailable):
        return years
    first, last = int(years["year"].iloc[0]), int(years["year"].iloc[-1])
    most = int(years["publications"].max())
    top = [str(y) for y in years.loc[years["publications"] == most, "year"]]
    without = (
        f" {count_of(n_without, 'publication')} without a year "
        f"{'is' if n_without == 1 else 'are'} not counted."
        if n_without
        else ""
    )
    if first == last:
        return f"All that have a year appeared in {first}.{without}"
    if len(top) > MOST_NAMED:
        peak = f"no year has more than {most}, and {len(top)} years have that many"
    else:
        peak = f"the most in one year, {most}, in {enumerate_words(top)}"
    empty = int((years["publications"] == 0).sum())
    gaps = (
        f"; {count_of(empty, 'year')} between them {'has' if empty == 1 else 'have'} none"
        if empty
        else ""
    )
    return f"They appeared from {first} to {last}, {peak}{gaps}.{without}"


def _say_journals(journals: pd.DataFrame | NotAvailable) -> str | NotAvailable:
    if isinstance(journals, NotAvailable):
        return journals
    core = journals[journals["zone"] == 1]
    n, total = len(core), len(journals)
    if total == 1:
        return f"All articles are in one journal, {journals['journal'].iloc[0]}."
    share = percent(float(core["share"].sum()), 0)
    named = [str(name) for name in core["journal"].head(MOST_NAMED)]
    list_of = enumerate_words(named) if n <= MOST_NAMED else f"{', '.join(named)} and others"
    return (
        f"Of {count_of(total, 'journal')} the core, {count_of(n, 'journal')} ({list_of}), "
        f"{'holds' if n == 1 else 'hold'} {share} of the articles."
    )


@passes_absence
def read_keyword_network(network: KeywordNetwork, keywords: Keywords) -> str:
    """Say what the terms are, which clusters they form, and how clearly.

    Parameters
    ----------
    network : KeywordNetwork
    keywords : Keywords
        All terms, from which the network was made.
    """
    return compose(_say_terms(keywords), _say_network(network), _say_clusters(network))


def _say_terms(keywords: Keywords) -> str:
    ranked = keywords.table()
    most = int(ranked["publications"].max())
    top = [f"'{term}'" for term in ranked.loc[ranked["publications"] == most, "term"]]
    share = percent_within(most / keywords.n_with, 0)
    words = (
        "No record has keywords; words of titles stand in for them. "
        if keywords.kind != "keywords"
        else ""
    )
    noun = "publication" if keywords.n_with == 1 else "publications"
    if len(top) > MOST_NAMED:
        return (
            f"{words}{len(top)} of {len(ranked):,} different terms are equally frequent, each in "
            f"{most} of {keywords.n_with:,} {noun} ({share})."
        )
    verb = "is" if len(top) == 1 else "are"
    return (
        f"{words}Of {count_of(len(ranked), 'different term')} {enumerate_words(top)} {verb} the "
        f"most frequent, in {most} of {keywords.n_with:,} {noun} ({share})."
    )


def _say_network(network: KeywordNetwork) -> str:
    one = len(network.links) == 1
    rule = (
        f"{'goes' if one else 'go'} together more often than independent terms would"
        if network.similarity == "association"
        else f"{'shares' if one else 'share'} {percent(network.threshold, 0)} or more of the "
        "publications with either"
    )
    alone = network.n_isolated
    left = (
        f"; {count_of(alone, 'other')} {'goes' if alone == 1 else 'go'} with none" if alone else ""
    )
    return (
        f"Among terms with {count_of(network.least, 'publication')} or more, "
        f"{count_of(len(network.links), 'pair')} of {len(network.terms)} terms {rule}{left}."
    )


def _say_clusters(network: KeywordNetwork) -> str:
    n = network.n_clusters
    if n == 1:
        return "They form one cluster: the terms do not fall into separate subjects."
    leading = network.terms.groupby("cluster")["term"].first().head(MOST_NAMED)
    names = enumerate_words([f"'{term}'" for term in leading])
    largest = "" if n <= MOST_NAMED else ", the largest"
    return (
        f"They form {n} clusters{largest} around {names} (modularity "
        f"{number(network.modularity)}; 0 is what chance links would give). A cluster says which "
        "terms stand together, not that the works agree."
    )


@passes_absence
def read_screening(flow: ScreeningFlow) -> str:
    """Say how many records became how many publications, why others fell out, and agreement."""
    return compose(_say_flow(flow), _say_reasons(flow), _say_agreement(flow))


def _say_flow(flow: ScreeningFlow) -> str:
    found = sum(flow.identified.values())
    read = next(iter(flow.entered.values()))
    texts = flow.entered.get("eligibility")
    stage = (
        f", {count_of(texts, 'full text')} {'was' if texts == 1 else 'were'} read"
        if texts is not None
        else ""
    )
    end = (
        "none is"
        if not flow.included
        else f"{flow.included:,} {'is' if flow.included == 1 else 'are'}"
    )
    return (
        f"Of {count_of(found, 'record')} {flow.duplicates:,} "
        f"{'was a duplicate' if flow.duplicates == 1 else 'were duplicates'}; "
        f"{count_of(read, 'title')} {'was' if read == 1 else 'were'} screened{stage}, and {end} "
        "included. The counts add up at every step."
    )


def _say_reasons(flow: ScreeningFlow) -> str:
    reasons: dict[str, int] = {}
    for found in flow.excluded.values():
        for reason, n in found.items():
            reasons[reason] = reasons.get(reason, 0) + n
    if not reasons:
        return "No publication was excluded."
    most = max(reasons.values())
    top = [f"'{reason}'" for reason, n in reasons.items() if n == most]
    if len(top) > MOST_NAMED:
        return f"{len(top)} reasons of exclusion are equally frequent ({most} each)."
    if len(reasons) == 1:
        return f"The one reason of exclusion is {top[0]} ({most})."
    label = "reason" if len(top) == 1 else "reasons"
    verb = "is" if len(top) == 1 else "are"
    return f"The most frequent {label} of exclusion {verb} {enumerate_words(top)} ({most}{' each' if len(top) > 1 else ''})."  # noqa: E501


def _say_agreement(flow: ScreeningFlow) -> str:
    said = []
    for stage, one in flow.agreement.items():
        if isinstance(one, NotAvailable):
            continue
        name = "titles and abstracts" if stage == "screening" else "full texts"
        shared = f"on {percent_within(one.agreement, 0)} of {one.n:,} {name}"
        if isinstance(one.kappa, NotAvailable):
            said.append(f"Two screeners agreed {shared}; kappa cannot be had: {one.kappa.reason}.")
        else:
            said.append(f"Two screeners agreed {shared} (kappa {number(one.kappa)}).")
    if not said:
        return (
            "The decisions of one reader, or of readers without names, have no agreement to "
            "report: how far another reader would decide alike is not known."
        )
    return " ".join(said)
