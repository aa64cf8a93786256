"""Sentences on factors, for customer features and questionnaire items alike."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.segmentation.variables import say_variable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)
from crmstudy.statistics.factor_screen import FactorScreen
from crmstudy.statistics.factor_trust import SALIENT
from crmstudy.statistics.factors import FactorResult

# Kaiser (1974): the lowest value that earns the word.
KAISER = ((0.9, "marvellous"), (0.8, "meritorious"), (0.7, "middling"), (0.6, "mediocre"))
MOST_NAMED = 4


def read_factors(screen: FactorScreen | NotAvailable, factors: FactorResult | NotAvailable) -> str:
    """Say whether factors may be looked for, how many there are and what they hold."""
    return compose(
        _say_screen(screen),
        say_left_out(screen),
        _say_number(screen, factors),
        _say_factors(factors),
        _say_trouble(factors),
    )


@passes_absence
def say_left_out(screen: FactorScreen) -> str:
    """Say which variables were left out and why; nothing when none was."""
    left = screen.left_out
    said = []
    for reason, verb in (
        ("determined by others", ""),
        ("equal for all", "equal for all"),
        ("known for too few", "known for too few"),
    ):
        rows = left[left["reason"] == reason]
        if len(rows) and not verb:
            said += [
                f"{say_variable(row['variable'])} (it follows from {_join(row['determined_by'])})"
                for _, row in rows.iterrows()
            ]
        elif len(rows):
            said += [f"{say_variable(name)} ({verb})" for name in rows["variable"]]
    if not said:
        return ""
    return f"Left out before the analysis: {enumerate_words(said)}."


@passes_absence
def _say_screen(screen: FactorScreen) -> str:
    word = next((word for bound, word in KAISER if screen.kmo >= bound), "")
    word = word or ("miserable" if screen.kmo >= 0.5 else "unacceptable")
    related = "related" if screen.sphericity.p_value <= 0.05 else "not shown to be related"
    return (
        f"Of {count_of(screen.n, 'complete row')} with "
        f"{count_of(len(screen.variables), 'variable')} the sampling adequacy is "
        f"{number(screen.kmo)}, in Kaiser's word {word}; by Bartlett's test the variables are "
        f"{related} ({p_value(screen.sphericity.p_value)})."
    )


def _say_number(screen: FactorScreen | NotAvailable, factors: FactorResult | NotAvailable) -> str:
    if isinstance(screen, NotAvailable):
        return ""
    parallel = screen.parallel
    said = (
        f"Parallel analysis keeps {count_of(parallel.n_components, 'component')} and "
        f"{count_of(parallel.n_factors, 'common factor')}"
    )
    if isinstance(factors, NotAvailable):
        return f"{said}."
    used = count_of(factors.n_factors, "factor")
    if not factors.chosen:
        return f"{said}; {used} {'was' if factors.n_factors == 1 else 'were'} asked for."
    if factors.n_factors < parallel.n_components:
        return f"{said}; {used}, the most that the variables can tell apart."
    return f"{said}; the components set the number, {used}."


@passes_absence
def _say_factors(factors: FactorResult) -> str:
    total = float(factors.explained["share_of_variance"].sum())
    said = [f"{name}: {_say_factor(factors, str(name))}" for name in factors.loadings]
    verb = "explains" if factors.n_factors == 1 else "together explain"
    first = f"{count_of(factors.n_factors, 'factor')} {verb} {percent(total)} of the variance"
    between = ""
    if factors.n_factors > 1 and factors.rotation in ("oblimin", "promax"):
        matrix = factors.factor_correlations.to_numpy()
        largest = max(
            (matrix[i, j] for i in range(len(matrix)) for j in range(i)), key=abs, default=0.0
        )
        between = f" The largest correlation between two factors is {number(float(largest))}."
    return f"{first} ({'; '.join(said)}).{between}"


def _say_factor(factors: FactorResult, name: str) -> str:
    loadings = factors.loadings[name]
    salient = loadings[loadings.abs() >= SALIENT].sort_values(key=abs, ascending=False)
    if not len(salient):
        return f"no loading of {SALIENT:g} or more"
    words = [
        f"{say_variable(variable)} {number(float(loading))}"
        for variable, loading in salient.head(MOST_NAMED).items()
    ]
    rest = len(salient) - MOST_NAMED
    more = f" and {count_of(rest, 'other')}" if rest > 0 else ""
    return ", ".join(words) + more


@passes_absence
def _say_trouble(factors: FactorResult) -> str:
    problems = [check for check in factors.checks if not check.passed]
    if not problems:
        return "All checks of the factor analysis hold."
    said = "; ".join(f"{check.name} fails, so {check.consequence}" for check in problems)
    return f"Not all checks of the factor analysis hold: {said}."


def _join(names: object) -> str:
    return enumerate_words([say_variable(name) for name in str(names).split(", ")])
