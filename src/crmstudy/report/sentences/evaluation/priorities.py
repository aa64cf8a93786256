"""Sentences on weights from judgements: consistency, methods, advice, fuzziness."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.fuzzy_priorities.hierarchy import FuzzyHierarchy
from crmstudy.evaluation.priorities.advice import PanelAdvice
from crmstudy.evaluation.priorities.compare import MethodComparison
from crmstudy.evaluation.priorities.derive import AhpResult
from crmstudy.evaluation.priorities.triads import TriadAnalysis
from crmstudy.report.priority_steps import write_judgement
from crmstudy.report.sentences.words import count_of, enumerate_words, number, plain

#: Names listed in a sentence before the rest is counted.
MOST_LISTED = 4


@passes_absence
def read_consistency(consistency: pd.DataFrame, *, limit: float) -> str:
    """Say which experts contradict themselves, where, and how much.

    Parameters
    ----------
    consistency : DataFrame
        expert, matrix, size, consistency ratio: one row an expert and matrix.
    limit : float
        Limit of the ratio.
    """
    n_experts = consistency["expert"].nunique()
    open_to = consistency[consistency["size"] > 2]
    if open_to.empty:
        return (
            f"Two names or fewer cannot contradict each other, so the judgements of "
            f"{count_of(n_experts, 'expert')} are consistent by construction, which says nothing "
            "about their care."
        )
    over = open_to[open_to["consistency ratio"] >= limit]
    bound = number(limit)
    if over.empty:
        top = _top(open_to, "consistency ratio")
        whose = "The one expert is" if n_experts == 1 else f"All {n_experts} experts are"
        return (
            f"{whose} under the limit of {bound} in every matrix; the largest consistency ratio "
            f"is {number(top['consistency ratio'], 3)}{_whose(top, n_experts)}. Consistent "
            "judgements need not be right ones."
        )
    each = [
        f"{expert} ({len(rows)} of {_matrices((open_to['expert'] == expert).sum())})"
        for expert, rows in over.groupby("expert", sort=False)
    ]
    worst = _top(over, "consistency ratio")
    largest = f"{number(worst['consistency ratio'])}{_whose(worst, n_experts)}"
    verb = "is" if len(each) == 1 else "are"
    return (
        f"Of {count_of(n_experts, 'expert')} {len(each)} {verb} at or over the limit of {bound}: "
        f"{_list(each)}. The largest ratio is {largest}."
        + (_UNCOUNTED if len(open_to) < len(consistency) else "")
    )


_UNCOUNTED = " Matrices of two names, which cannot be inconsistent, are not counted."


def _matrices(n: int) -> str:
    return count_of(int(n), "matrix", "matrices")


def _top(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Take the row of the largest number, the first of equals."""
    largest: dict[Any, Any] = (
        frame.sort_values(column, ascending=False, kind="stable").iloc[0].to_dict()
    )
    return largest


def _whose(row: Any, n_experts: int) -> str:
    where = f" ({plain(row['matrix'])})"
    return where if n_experts == 1 else f" ({row['expert']}, {plain(row['matrix'])})"


def _list(words: list[str]) -> str:
    """List words, the many cut short."""
    if len(words) <= MOST_LISTED:
        return enumerate_words(words)
    rest = len(words) - MOST_LISTED
    return ", ".join(words[:MOST_LISTED]) + f" and {rest} more"


@passes_absence
def read_methods(comparison: MethodComparison) -> str:
    """Say how far eigenvector, geometric mean and column mean differ, and in what."""
    n = len(comparison.weights)
    if comparison.outlier is None:
        why = (
            "as they must where nothing can be contradicted"
            if n <= 2
            else "as they must on judgements without contradiction, and on some with it"
        )
        return f"Eigenvector, geometric mean and column mean give the same weights, {why}."
    name = plain(str(comparison.differences.idxmax()))
    apart = f"they differ by {number(comparison.largest_difference, 3)} at most, in {name}"
    farthest = f"the {plain(str(comparison.outlier))} stands farthest from the other two"
    if comparison.same_order:
        return (
            f"Eigenvector, geometric mean and column mean put the {n} names in the same order; "
            f"{apart}, and {farthest}. The choice of the method does not decide the ranking."
        )
    pairs = [f"{plain(one)} and {plain(other)}" for one, other in comparison.reversed_pairs]
    places = "places" if len(pairs) == 1 else "their places"
    return (
        f"Eigenvector, geometric mean and column mean do not agree on the order: {_list(pairs)} "
        f"change {places} with the method; {apart}, and {farthest}. What the methods order "
        "differently should not be called ranked."
    )


@passes_absence
def read_methods_by_matrix(table: pd.DataFrame) -> str:
    """Say in how many matrices the methods agree on the order.

    Parameters
    ----------
    table : DataFrame
        As ``compare_matrices`` gives it.
    """
    apart = table[table["largest difference"] > 0]
    if apart.empty:
        return f"The three methods give the same weights in {_each(len(table))}."
    worst = _top(apart, "largest difference")
    at_most = (
        f"they differ by {number(worst['largest difference'], 3)} at most, in {plain(worst['in'])} "
        f"({plain(worst['matrix'])})"
    )
    other = table[table["same order"] == "no"]
    if other.empty:
        return f"The three methods order the names alike in {_each(len(table))}; {at_most}."
    return (
        f"In {len(other)} of {_matrices(len(table))} "
        f"({_list([plain(name) for name in other['matrix']])}) the order of the names depends on "
        f"the method; {at_most}."
    )


def _each(n: int) -> str:
    return "the one matrix" if n == 1 else f"all {n} matrices"


@passes_absence
def read_triads(triads: TriadAnalysis) -> str:
    """Say which three judgements contradict each other most."""
    table = triads.triads
    if table.empty:
        return "With two names or fewer there is no triad that could contradict itself."
    worst = table.iloc[0].to_dict()
    if worst["times off"] == 1:
        if len(table) == 1:
            return "The one triad does not contradict itself."
        return f"None of the {len(table)} triads contradicts itself."
    first, second, third = (plain(str(worst[key])) for key in ("first", "second", "third"))
    one, two, direct = (
        write_judgement(float(worst[f"{a} over {b}"]))
        for a, b in (("first", "second"), ("second", "third"), ("first", "third"))
    )
    share = 100 * float(worst["share of inconsistency"])
    implied, off = write_judgement(float(worst["implied"])), number(worst["times off"], 1)
    said = (
        f"The triad that contradicts itself most: {first} is judged {one} times {second}, and "
        f"{second} {two} times {third}, which makes {implied} for {first} over {third}; judged "
        f"was {direct}, {off} times off."
    )
    if len(table) > 1:
        said += f" It holds {number(share, 0)}% of the inconsistency of {len(table)} triads."
    circles = triads.n_circular
    if circles:
        what = "triad prefers" if circles == 1 else "triads prefer"
        said += f" {circles} {what} in a circle, which no weights can express."
    return said


@passes_absence
def read_advice(advice: PanelAdvice) -> str:
    """Say which judgement to ask again, what it would change, and that nothing was changed."""
    if not advice.n_matrices:
        return "No matrix has three names, so there is nothing to repair."
    if not advice.repairs:
        which = (
            "The one matrix"
            if advice.n_matrices == 1
            else f"Each of the {advice.n_matrices} matrices"
        )
        return (
            f"{which} of three names or more is under the limit of {number(advice.cr_limit)}, so "
            "no judgement has to be asked again."
        )
    metrics = advice.to_metrics()
    over, one = int(metrics["n_matrices_over_limit"]), int(metrics["n_repaired_by_one_change"])
    verb = "is" if over == 1 else "are"
    whole = (
        "The one matrix" if advice.n_matrices == 1 else f"{over} of {advice.n_matrices} matrices"
    )
    return (
        f"{whole} {verb} at the limit of {number(advice.cr_limit)} or over it; "
        f"{_say_repaired(over, one)}. {_say_first(advice)}Nothing was changed: only who judged "
        "can say what was meant."
    )


def _say_repaired(over: int, one: int) -> str:
    if over == 1:
        return "one other judgement would bring it under" if one else "no one judgement is enough"
    if not one:
        return "in none of them is one other judgement enough"
    which = "each of them" if one == over else f"{one} of them"
    return f"one other judgement would bring {which} under"


def _say_first(advice: PanelAdvice) -> str:
    """Name the change for the worst matrix that has one."""
    table = advice.table()
    if table.empty:
        return ""
    row = table.iloc[0].to_dict()
    turned = ", a preference the other way round," if row["reversed"] == "yes" else ""
    said = (
        f"Most would be gained with {row['expert']} in {plain(row['matrix'])}: "
        f"{plain(row['row'])} over {plain(row['column'])} at "
        f"{write_judgement(float(row['advised']))} instead of "
        f"{write_judgement(float(row['judged']))}{turned} would lower the ratio from "
        f"{number(row['ratio before'])} to {number(row['ratio after'])}. "
    )
    options = int(row["pairs that would do"])
    if options > 1:
        said += (
            f"Any of {options} judgements of this matrix could be the slip: each would do alone. "
        )
    return said


@passes_absence
def read_steps(result: AhpResult) -> str:
    """Say in words how a matrix's consistency ratio comes about."""
    n = len(result.weights)
    if n <= 2:
        return (
            f"With {count_of(n, 'name')} there is nothing to contradict: λmax = {n} and the "
            "consistency ratio is 0 by definition."
        )
    start = (
        f"The {n} names have λmax = {number(result.lambda_max, 4)}, so CI = "
        f"({number(result.lambda_max, 4)} − {n}) / {n - 1} = {number(result.ci, 4)}"
    )
    if isinstance(result.cr, NotAvailable):
        return f"{start}. The ratio is {result.cr}."
    index = number(result.random_index.of(n))
    return (
        f"{start}; divided by the random index {index} ({result.random_index.name}) this is a "
        f"consistency ratio of {number(result.cr, 3)}."
    )


@passes_absence
def read_fuzzy(fuzzy: FuzzyHierarchy) -> str:
    """Say what fuzziness changes, and where Chang's method gives no weight."""
    overall = fuzzy.overall_table()
    gap = overall["Buckley less crisp"].abs()
    moved = overall[overall["rank by Buckley"] != overall["rank by crisp"]]
    spread = (
        f"a spread of {write_judgement(fuzzy.spread)} {'step' if fuzzy.spread == 1 else 'steps'}"
    )
    if gap.max() < 1e-9:
        said = f"With {spread} Buckley's overall weights are the crisp ones."
    else:
        name = plain(str(_top(overall.assign(gap=gap), "gap")["indicator"]))
        order = (
            "no indicator changes its rank"
            if moved.empty
            else f"{count_of(len(moved), 'indicator')} of {len(overall)} change their rank"
            if len(moved) > 1
            else f"1 indicator of {len(overall)} changes its rank"
        )
        said = (
            f"With {spread} Buckley's overall weights differ from the crisp ones by "
            f"{number(gap.max(), 3)} at most ({name}); {order}."
        )
    return f"{said} {_say_zeros(fuzzy)}"


def _say_zeros(fuzzy: FuzzyHierarchy) -> str:
    zeros = fuzzy.zeros
    if not zeros:
        return (
            "Chang's extent analysis gives no weight of zero here; its numbers still compare row "
            "sums and are no weights."
        )
    table = fuzzy.zero_table()
    heaviest = _top(table, "crisp")
    names = [plain(name) for _, name in zeros]
    verb = "no weight at all, as if it were irrelevant" if len(names) == 1 else "no weight at all"
    return (
        f"Chang's extent analysis gives {_list(names)} {verb}, against the judgements: "
        f"{plain(str(heaviest['name']))} weighs {number(heaviest['crisp'], 3)} in its matrix by "
        f"the geometric mean and was judged {write_judgement(float(heaviest['judged']))} times as "
        f"important as {plain(str(heaviest['highest against']))}. This is the known flaw of the "
        "method, and no finding."
    )
