"""Sentences of chapter 01 on the database, made from its results."""

from __future__ import annotations

import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    percent_within,
    plain,
)

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
    came = f"{count_of(read, 'row')} {'was' if read == 1 else 'were'}"
    tables = count_of(len(sources), "table")
    datasets = count_of(sources["data set"].nunique(), "data set")
    opening = f"The study holds {tables} in {datasets}: {came} read and {left_out}."
    return compose(
        opening,
        _say_gaps(completeness),
        _absent("Links between tables", links) or _say_links(links),
        _absent("Purchases", ledgers) or _say_zero(ledgers),
    )


def _say_gaps(completeness: pd.DataFrame) -> str:
    gaps = completeness[completeness["its empty share"] >= NOTABLE_GAP]
    if gaps.empty:
        return f"No column is empty for {percent(NOTABLE_GAP, 0)} of its rows or more."
    said = [
        f"{row['emptiest column']} in {row['data set']}.{row['table']} "
        f"({percent_within(row['its empty share'])})"
        for row in gaps.to_dict("records")
    ]
    return f"Notable gaps, the emptiest column of a table: {enumerate_words(said)}."


@passes_absence
def _say_links(links: pd.DataFrame) -> str:
    links = links[links["every id expected"]]
    if links.empty:
        return ""
    partial = links[links["match rate"] < 1]
    if partial.empty:
        return "Every identifier is found in the table it points to."
    worst = partial.sort_values("match rate", kind="stable").iloc[0]
    whole = len(links) - len(partial)
    matching = f"{whole or 'none'} {'matches' if whole < 2 else 'match'} completely; the weakest is"
    opening = f"Of {len(links)} links between tables {matching}"
    if len(links) == 1:
        opening = "The one link between tables does not match completely:"
    return (
        f"{opening} {worst['link']} in {worst['data set']} with "
        f"{percent_within(worst['match rate'])}, so results that need both tables speak of the "
        "matched part only."
    )


@passes_absence
def _say_zero(ledgers: pd.DataFrame) -> str:
    zero = int(ledgers["revenue is zero"].sum())
    lines = int(ledgers["lines"].sum())
    if not zero:
        return "No purchase line has a revenue of zero."
    return (
        f"{zero:,} of {count_of(lines, 'purchase line')} ({percent_within(zero / lines, 2)}) "
        f"{'has' if zero == 1 else 'have'} a revenue of zero."
    )


def read_unified(
    linked: pd.DataFrame | NotAvailable,
    duplicates: pd.DataFrame | NotAvailable,
    conflicts: pd.DataFrame | NotAvailable,
    accounts: Check | NotAvailable,
) -> str:
    """Say how the tables were brought together, and whether the books balance."""
    return compose(
        _absent("Record linkage", linked) or _say_linked(linked),
        _absent("Duplicate customers", duplicates) or _say_duplicates(duplicates),
        _absent("Conflicts", conflicts) or _say_conflicts(conflicts),
        _say_accounts(accounts),
    )


def _absent(subject: str, value: object) -> str:
    return f"{subject}: {value}." if isinstance(value, NotAvailable) else ""


@passes_absence
def _say_linked(linked: pd.DataFrame) -> str:
    said = []
    for (dataset, source), part in linked.groupby(["data set", "source"], sort=False):
        counts = part.set_index("method")["records"].astype(int).to_dict()
        review, left = counts["of these: for review"], counts["not linked"]
        whole = counts["all methods"]
        if not whole + left:
            said.append(f"{dataset}.{source} holds no record")
            continue
        share = percent_within(whole / (whole + left))
        subject = f"{count_of(whole, 'record')} of {dataset}.{source} ({share})"
        said.append(f"{subject} {_have(whole)} a customer, {_say_left(left, review)}")
    return f"{'; '.join(said)}."


def _say_left(left: int, review: int) -> str:
    if not left:
        return "none stays without one"
    rest = f"{left:,} {'stays' if left == 1 else 'stay'} without one"
    return rest + (f", {review:,} of them for review" if review else "")


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


@passes_absence
def _say_duplicates(duplicates: pd.DataFrame) -> str:
    sums = duplicates.drop(columns="data set").sum()
    surplus, customers = int(sums["surplus customers"]), int(sums["customers"])
    among = f"Among {count_of(customers, 'customer')}"
    if not surplus:
        return f"{among} none is there twice."
    wrong = float(sums["expected false pairs"])
    expected = "less than 0.1" if wrong < 0.05 else number(wrong, 1)
    return (
        f"{among} {count_of(surplus, 'record')} probably "
        f"{'is' if surplus == 1 else 'are'} of somebody who is there already "
        f"(pairs expected to be wrong: {expected} of {int(sums['pairs one person']):,})."
    )


@passes_absence
def _say_conflicts(conflicts: pd.DataFrame) -> str:
    worst = conflicts.sort_values("conflict rate", ascending=False, kind="stable").iloc[0]
    if not worst["conflict"]:
        return "Linked records contradict their customers in no attribute."
    return (
        f"Linked records contradict their customers most often in {plain(worst['attribute'])} "
        f"({worst['source']}: {int(worst['conflict']):,} of {int(worst['compared']):,}, "
        f"{percent_within(worst['conflict rate'])})."
    )


@passes_absence
def _say_accounts(accounts: Check) -> str:
    if accounts.passed:
        return (
            "Every row of the sources is accounted for in the database, and so is every sum of "
            "the ledgers as they were read."
        )
    return (
        f"The books do not balance: up to {number(accounts.statistic)} went without an "
        f"explanation; {accounts.consequence}."
    )


def read_quality(
    scores: pd.DataFrame | NotAvailable,
    broken: pd.DataFrame | NotAvailable,
    oddities: pd.DataFrame | NotAvailable,
) -> str:
    """Say where the quality is lowest, which rules are broken, and what deserves a look."""
    return compose(
        _absent("Scores", scores) or _say_lowest(scores),
        _absent("Rules between columns", broken) or _say_broken(broken),
        _absent("Unusual purchase lines", oddities) or _say_odd(oddities),
    )


@passes_absence
def _say_lowest(scores: pd.DataFrame) -> str:
    below = scores[scores["score"] < 1].sort_values("score", kind="stable")
    if below.empty:
        return "Every dimension that can be counted is met in full by every table."
    row = below.iloc[0]
    return (
        f"The lowest score is {percent_within(float(row['score']))}, {row['dimension']} of "
        f"{row['data set']}.{row['table']}; {len(below)} of {count_of(len(scores), 'score')} "
        f"{'is' if len(below) == 1 else 'are'} below 100%."
    )


@passes_absence
def _say_broken(rules: pd.DataFrame) -> str:
    broken = rules[rules["breaking"] > 0]
    if broken.empty:
        whole = f"None of {len(rules)} rules" if len(rules) != 1 else "The one rule"
        verb = "is broken" if len(rules) != 1 else "is not broken"
        return f"{whole} between columns and tables {verb}."
    worst = broken.sort_values("breaking share", ascending=False, kind="stable").iloc[0]
    return (
        f"Of {count_of(len(rules), 'rule')} between columns and tables {len(broken)} "
        f"{'is' if len(broken) == 1 else 'are'} broken somewhere, most often: "
        f"{worst['rule']} ({worst['data set']}, {int(worst['breaking']):,} of "
        f"{int(worst['records compared']):,})."
    )


@passes_absence
def _say_odd(oddities: pd.DataFrame) -> str:
    extreme = oddities[oddities["oddity"] == "extremely high revenue"]
    said = [
        f"{int(row['lines']):,} in {row['data set']} "
        f"({percent_within(row['share of revenue'])} of revenue)"
        for row in extreme.to_dict("records")
        if row["lines"]
    ]
    if not said:
        return "No purchase line is extremely high."
    return f"Extremely high purchase lines, kept: {enumerate_words(said)}."


def read_privacy(
    pseudonyms: pd.DataFrame | NotAvailable,
    masked: pd.DataFrame | NotAvailable,
    consents: pd.DataFrame | NotAvailable,
    fields: pd.DataFrame | NotAvailable,
) -> str:
    """Say how persons were protected."""
    return compose(
        _absent("Pseudonyms", pseudonyms) or _say_pseudonyms(pseudonyms),
        _say_taken_out(fields),
        _absent("Consent", consents) or _say_consents(consents),
        _absent("Masking", masked) or _say_masked(masked),
    )


@passes_absence
def _say_pseudonyms(pseudonyms: pd.DataFrame) -> str:
    tables = len(pseudonyms[["data set", "table"]].drop_duplicates())
    return (
        f"Identifiers in {count_of(len(pseudonyms), 'column')} of {count_of(tables, 'table')} "
        "were replaced by keyed pseudonyms."
    )


def _say_taken_out(fields: pd.DataFrame | NotAvailable) -> str:
    if isinstance(fields, NotAvailable):
        return ""
    gone = fields[fields["what becomes of it"].str.startswith("taken out")]
    if gone.empty:
        return ""
    names = [plain(name) for name in dict.fromkeys(gone["column"])]
    return f"Taken out of the tables: {enumerate_words(names)}."


@passes_absence
def _say_consents(consents: pd.DataFrame) -> str:
    counts = consents.groupby(["purpose", "decision"], sort=False)["customers"].sum()
    purpose = str(consents["purpose"].iloc[0])
    parts = {name: int(counts.get((purpose, name), 0)) for name in ("consented", "refused")}
    silent = int(counts.get((purpose, "undecided"), 0))
    if not parts["refused"] + silent:
        return f"Every customer consented to {purpose}."
    return (
        f"{count_of(parts['consented'], 'customer')} consented to {purpose}; "
        f"{parts['refused']:,} who refused and {silent:,} without a decision were left out."
    )


@passes_absence
def _say_masked(masked: pd.DataFrame) -> str:
    counts = masked.groupby("kind", sort=True)["places"].sum()
    said = [f"{int(count):,} x {kind}" for kind, count in counts.items()]
    return f"Masked in texts: {enumerate_words(said)}."


@passes_absence
def say_randomness(test: Hypothesis) -> str:
    """Say what Little's test allows one to say of the missing answers."""
    found = f"{test.distribution} = {number(test.statistic, 1)}, {p_value(test.p_value)}"
    if test.p_value < 0.05:
        return (
            f"Little's test: {found}. Who left out an item answers the others differently; "
            "complete cases do not stand for all respondents."
        )
    return (
        f"Little's test: {found}. The answers do not contradict that they are missing "
        "completely at random."
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


@passes_absence
def count_linked(linked: pd.DataFrame) -> dict[str, float]:
    """Name each source's match rate as ``<data set>_<source>_match_rate``."""
    whole = linked[linked["method"] == "all methods"]
    return {
        f"{row['data set']}_{row['source']}_match_rate": float(row["match rate"])
        for row in whole.to_dict("records")
    }
