"""Sentences on the structural model: fit, paths, effects, advice, rivals, verdicts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty import SemResult
from crmstudy.loyalty.structure.intervals import RouteContrasts
from crmstudy.loyalty.structure.mediation import Mediation
from crmstudy.loyalty.structure.modification import MISFIT, Modifications
from crmstudy.loyalty.structure.residuals import LARGE, Residuals
from crmstudy.loyalty.structure.rivals import COMPARED, ModelComparison
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)

MOST_NAMED = 3
NOTHING = 1e-8  # a residual correlation that is zero but for rounding


def read_hypotheses(judged: pd.DataFrame | NotAvailable) -> str:
    """Say how many registered hypotheses of the chapter came out how."""
    if isinstance(judged, NotAvailable):
        return compose(judged)
    words = judged["verdict"].str.split(":").str[0]
    said = [
        f"{enumerate_words(judged.loc[words == word, 'hypothesis'].tolist())} {_be(n)} {word}"
        for word, n in words.value_counts(sort=False).items()
    ]
    head = f"Of {count_of(len(judged), 'registered hypothesis', 'registered hypotheses')}"
    if len(judged) == 1:
        return f"The one registered hypothesis, {judged['hypothesis'].iloc[0]}, is {words.iloc[0]}."
    return f"{head}, {enumerate_words(said)}."


def read_paths(fit: SemResult | NotAvailable, *, level: float = 0.95) -> str:
    """Say which paths are told apart from zero, and how much is explained."""
    return compose(_say_paths(fit, level), _say_explained(fit))


@passes_absence
def _say_paths(fit: SemResult, level: float) -> str | NotAvailable:
    paths = fit.paths(level=level)
    if isinstance(paths, NotAvailable):
        return paths
    if paths.empty:
        return "The model has no paths between constructs."
    label = {c.name: c.label or c.name for c in fit.model.constructs}
    sure = paths[paths["p value"] < 1.0 - level]
    rest = len(paths) - len(sure)
    if sure.empty:
        some = "the only path is" if len(paths) == 1 else f"none of the {len(paths)} paths is"
        return f"{some[0].upper()}{some[1:]} told apart from zero."
    top = _take_largest(sure, "standardised")
    arrow = f"{label[top['source']]} → {label[top['target']]} ({number(top['standardised'])})"
    if len(paths) == 1:
        return f"The only path, {arrow}, is told apart from zero."
    told = f"All {len(paths)} paths" if not rest else f"{len(sure)} of {len(paths)} paths"
    be = "is" if len(sure) == 1 and rest else "are"
    strongest = "it is" if be == "is" else "the strongest is"
    return f"{told} {be} told apart from zero; {strongest} {arrow}."


@passes_absence
def _say_explained(fit: SemResult) -> str:
    table = fit.r_squared()
    if isinstance(table, NotAvailable) or not fit.model.endogenous:
        return ""
    label = {c.name: c.label or c.name for c in fit.model.constructs}
    rows = table[table["kind"] == "construct"].to_dict("records")
    said = [f"{percent_within(r['r squared'], 0)} of {label[r['variable']]}" for r in rows]
    return f"The paths explain {enumerate_words(said)}."


def read_effects(
    effects: pd.DataFrame | NotAvailable, contrasts: RouteContrasts | NotAvailable
) -> str:
    """Say what acts through others, and by which route more."""
    return compose(_say_effects(effects), _say_contrasts(contrasts))


@passes_absence
def _say_effects(effects: pd.DataFrame) -> str:
    through = effects[effects["effect"] == "indirect"]
    if through.empty:
        return "No effect runs through another construct."
    kind = "BCa" if "BCa lower" in effects else "delta"
    apart = (through[f"{kind} lower"] > 0) | (through[f"{kind} upper"] < 0)
    top = _take_largest(through, "estimate")
    limits = f"{number(top[f'{kind} lower'])} to {number(top[f'{kind} upper'])}"
    told = int(apart.sum())
    if len(through) == 1:
        head = f"The only indirect effect is {'' if told else 'not '}told apart from zero: "
    else:
        head = (
            f"{told} of {len(through)} indirect effects {'is' if told == 1 else 'are'} told apart "
            "from zero; the largest leads "
        )
    head = "All " + head.split(" of ", 1)[1] if told == len(through) > 1 else head
    return (
        f"{head}from {top['from']} through {top['through']} to {top['to']}, "
        f"{number(top['estimate'])} ({limits})."
    )


@passes_absence
def _say_contrasts(contrasts: RouteContrasts) -> str:
    table = contrasts.table()
    apart = table[table["larger"] != "not told apart"]
    if apart.empty:
        none = "The only two parallel routes are not" if len(table) == 1 else "No two of them are"
        head = "" if len(table) == 1 else f"There are {len(table)} pairs of parallel routes. "
        return f"{head}{none} told apart in size."
    row = _take_largest(apart, "difference")
    other = row["or through"] if row["larger"] == row["through"] else row["through"]
    more = (
        f"the effect of {row['from']} on {row['to']} through {row['larger']} exceeds that through "
        f"{other}"
    )
    if len(table) == 1:
        return f"{more[0].upper()}{more[1:]}."
    return (
        f"Of {len(table)} pairs of parallel routes {len(apart)} {_be(len(apart))} told apart in "
        f"size; the widest gap: {more}."
    )


def read_misfit(
    modifications: Modifications | NotAvailable, residuals: Residuals | NotAvailable
) -> str:
    """Say where the model misfits, and what may not be done about it."""
    return compose(_say_residuals(residuals), _say_modifications(modifications))


@passes_absence
def _say_residuals(residuals: Residuals) -> str:
    table = residuals.table()
    if table.empty:
        return ""
    sizes = table["residual correlation"].abs()
    large = table[sizes > LARGE]
    if sizes.max() < NOTHING:
        return "The model implies the observed correlations exactly: no residual is left."
    pairs = count_of(len(table), "pair")
    top = table.iloc[0]
    largest = f"{top['item']} with {top['with']}: {number(top['residual correlation'])}"
    if large.empty:
        return f"No residual correlation of {pairs} of items exceeds {LARGE} (largest, {largest})."
    return (
        f"{count_of(len(large), 'residual correlation')} of {pairs} of items "
        f"{'exceeds' if len(large) == 1 else 'exceed'} {LARGE} (largest, {largest})."
    )


@passes_absence
def _say_modifications(modifications: Modifications) -> str:
    table = modifications.table()
    if table.empty:
        return "No single parameter could be freed."
    stand = table[table["p Holm"] < 0.05]
    tried = count_of(len(table), "parameter")
    if stand.empty:
        return f"Of {tried} that could be freed none stands out once all are counted (Holm)."
    named = [
        f"{row['freed']} ({number(row['modification index'], 1)}, expected change "
        f"{number(row['standardised change'])} standardised)"
        for row in stand.head(MOST_NAMED).to_dict("records")
    ]
    more = len(stand) - len(named)
    rest = f", and {more} more" if more else ""
    judged = int((stand["reading"] == MISFIT).sum())
    serious = (
        "none large enough to matter"
        if not judged
        else "a misfit by size and power"
        if len(stand) == 1
        else f"{'all' if judged == len(stand) else judged} of them a misfit by size and power"
    )
    return (
        f"Of {tried} that could be freed {len(stand)} {_stand(len(stand))} out once all are "
        f"counted (Holm), {serious}: {enumerate_words(named) if not more else ', '.join(named)}"
        f"{rest}. None was freed: "
        "what a sample suggests needs a reason from outside it and other respondents to test it."
    )


def read_rivals(
    comparison: ModelComparison | NotAvailable, mediation: Mediation | NotAvailable
) -> str:
    """Say which model the respondents speak for, and whether satisfaction mediates."""
    return compose(_say_standing(comparison), _say_nested(comparison), _say_mediation(mediation))


@passes_absence
def _say_standing(comparison: ModelComparison) -> str:
    compared = list(comparison.compared)
    withheld = [name for name, standing in comparison.standing.items() if standing != COMPARED]
    words = [f"{plain(name)} ({comparison.standing[name]})" for name in withheld]
    left = f"Left out of the comparison: {enumerate_words(words)}." if words else ""
    if not compared:
        return compose("No model could be compared.", left)
    if len(compared) == 1:
        return compose(f"Only the model {plain(compared[0])} can be shown.", left)
    rows = comparison.table().dropna(subset=["AIC"]).sort_values("AIC").to_dict("records")
    if len(rows) < 2:
        return left
    best, second = rows[0], rows[1]
    if second["delta AIC"] < 1e-6:
        return compose("The models fit exactly alike: no data tell them apart.", left)
    return compose(
        f"Of {len(rows)} models of the same items {plain(best['model'])} has the lowest AIC, "
        f"by {number(second['delta AIC'], 1)} before {plain(second['model'])} (Akaike weight "
        f"{percent_within(best['Akaike weight'], 0)}).",
        _say_vuong(comparison, {best["model"], second["model"]}),
        left,
    )


def _say_vuong(comparison: ModelComparison, pair: set[str]) -> str:
    """Temper the criteria where the respondents do not tell the two best models apart."""
    for gap in comparison.gaps:
        if {gap.one, gap.other} != pair or isinstance(gap.vuong, NotAvailable):
            continue
        if gap.nearer in pair:
            return ""
        return (
            "Respondent by respondent the two are not told apart (Vuong's test, "
            f"{p_value(gap.vuong.p_value)}), so that other respondents may turn the order round."
        )
    return ""


@passes_absence
def _say_nested(comparison: ModelComparison) -> str:
    said = []
    for each in comparison.differences:
        test = each.deciding
        verb = "is kept beside" if each.kept == each.restricted else "is rejected against"
        scaled = "" if test is each.test else "scaled "
        said.append(
            f"{plain(each.restricted)} {verb} {plain(each.larger)} ({scaled}chi-squared difference "
            f"{number(test.statistic, 1)}, df {each.df}, {p_value(test.p_value)})"
        )
    same = [f"{plain(a)} and {plain(b)}" for a, b in comparison.equivalent]
    tests = f"{said[0][0].upper()}{'; '.join(said)[1:]}." if said else ""
    alike = f"No data tell apart: {enumerate_words(same)}." if same else ""
    return compose(tests, alike)


@passes_absence
def _say_mediation(mediation: Mediation) -> str:
    table = mediation.table()
    if isinstance(table, NotAvailable):
        return f"Mediation by {mediation.mediator} is not tested: {table.reason}."
    rows = table.to_dict("records")
    said = [f"{row['cause']}: {row['verdict']} ({row['kind']})" for row in rows]
    return f"Through {mediation.mediator} to {mediation.outcome}: {'; '.join(said)}."


@passes_absence
def read_direction(fit: SemResult) -> str:
    """Say what no fit can show: the direction of the arrows."""
    if not fit.model.paths:
        return ""
    return (
        "Fit does not decide directions: models with some arrows turned round can imply the same "
        "covariances and then fit exactly as well, so that the order of the constructs rests on "
        "theory and on what was asked when."
    )


def _take_largest(table: pd.DataFrame, column: str) -> dict[str, Any]:
    rows: list[Any] = table.to_dict("records")
    return max(rows, key=lambda row: abs(row[column]))


def plain(name: str) -> str:
    """Quote a model's name as a reader sees it."""
    return f"'{name.replace('_', ' ')}'"


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def _stand(n: int) -> str:
    return "stands" if n == 1 else "stand"
