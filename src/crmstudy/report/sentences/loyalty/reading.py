"""Sentences of chapter 05, made from its results."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty import Effects, FitMeasures, Reliability, SemResult
from crmstudy.loyalty.estimation.admissible import name_failures
from crmstudy.loyalty.moderation.defectors import SatisfiedDefectors
from crmstudy.loyalty.moderation.moderators import ModerationResult
from crmstudy.loyalty.priorities.map import PriorityMap
from crmstudy.report.sentences.loyalty.measurement import say_extracted
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)


def read_loyalty(
    fit: SemResult | NotAvailable,
    effects: Effects | NotAvailable,
    reliability: Reliability | NotAvailable,
    rival: SemResult | NotAvailable,
    *,
    moderation: ModerationResult | NotAvailable,
    defectors: SatisfiedDefectors | NotAvailable,
    priorities: PriorityMap | NotAvailable,
) -> str:
    """Sum up the chapter: gate, fit, what acts on what, moderators, defectors, priority, rival."""
    return compose(
        _say_gate(fit),
        _say_fit(fit),
        _say_paths(fit),
        _say_indirect(effects, fit),
        say_extracted(reliability),
        _say_moderation(moderation),
        _say_defectors(defectors),
        _say_priority(priorities),
        "" if _is_same(fit, rival) else _say_rival(rival),
    )


def _is_same(fit: SemResult | NotAvailable, rival: SemResult | NotAvailable) -> bool:
    known = not isinstance(fit, NotAvailable) and not isinstance(rival, NotAvailable)
    return known and fit.model.name == rival.model.name


@passes_absence
def _say_gate(fit: SemResult) -> str:
    amount = "at least one item" if fit.missing == "fiml" else "all items"
    used = f"{count_of(fit.n_used, 'respondent')} answered {amount} of the model"
    left = "was" if fit.n_dropped == 1 else "were"
    dropped = f" ({fit.n_dropped:,} {left} left out)" if fit.n_dropped else ""
    if fit.admissible:
        return f"{used}{dropped}; the solution is admissible."
    return (
        f"{used}{dropped}; the solution is not admissible: {name_failures(fit.checks)}. No "
        "estimate of the model is shown."
    )


@passes_absence
def _say_fit(fit: SemResult) -> str | NotAvailable:
    found = fit.fit
    if isinstance(found, NotAvailable):
        return "" if not fit.admissible else found
    m = found.to_metrics()
    exact = "rejects" if m["p_value"] < 0.05 else "does not reject"
    return (
        f"The test of exact fit {exact} the model (chi-squared {number(m['chi2'], 1)}, "
        f"df {int(m['df'])}, {p_value(m['p_value'])}); CFI is {number(m['cfi'], 3)}, RMSEA "
        f"{number(m['rmsea'], 3)} with 90% interval from {number(m['rmsea_lower'], 3)} to "
        f"{number(m['rmsea_upper'], 3)}, SRMR {number(m['srmr'], 3)}. "
        f"{_say_conventions(found)}"
    )


def _say_conventions(fit: FitMeasures) -> str:
    judged = fit.table()
    judged = judged[judged["met"].isin(["yes", "no"])]
    missed = judged.loc[judged["met"] == "no", "index"].tolist()
    if not missed:
        return f"All {len(judged)} measures with a conventional threshold meet it."
    verb = "misses" if len(missed) == 1 else "miss"
    return (
        f"Of {len(judged)} measures with a conventional threshold {len(missed)} {verb} it "
        f"({enumerate_words(missed)}); read the paths with that in mind."
    )


@passes_absence
def _say_paths(fit: SemResult) -> str:
    paths = fit.paths()
    if isinstance(paths, NotAvailable) or paths.empty:
        return ""
    called = _name_constructs(fit)
    said = []
    for row in paths.to_dict("records"):
        sure = "" if row["p value"] < 0.05 else " (not told apart from zero)"
        ends = f"{called[row['source']]} to {called[row['target']]}"
        said.append(f"{ends} {number(row['standardised'])}{sure}")
    strongest = max(paths.to_dict("records"), key=lambda row: abs(row["standardised"]))
    return (
        f"Standardised paths: {enumerate_words(said)}. The strongest runs from "
        f"{called[strongest['source']]} to {called[strongest['target']]}."
    )


def _name_constructs(fit: SemResult) -> dict[str, str]:
    return {each.name: each.label or each.name for each in fit.model.constructs}


@passes_absence
def _say_indirect(effects: Effects, fit: SemResult) -> str:
    table = effects.table()
    totals = table[table["effect"] == "total indirect"].to_dict("records")
    if not totals:
        return "No effect runs through another construct."
    row = max(totals, key=lambda entry: abs(entry["standardised"]))
    called = _name_constructs(fit)
    return (
        f"The largest indirect effect runs from {called[row['source']]} to "
        f"{called[row['target']]}: "
        f"{number(row['standardised'])} standardised, {number(row['estimate'])} in the units of "
        f"the items (standard error {number(row['se'])})."
    )


@passes_absence
def _say_rival(rival: SemResult) -> str:
    name = rival.model.name.replace("_", " ")
    if rival.admissible:
        return (
            f"The rival model '{name}' is admissible too; the table of rival models holds its fit."
        )
    count = count_of(len(failed(rival.checks)), "check")
    return (
        f"The rival model '{name}' is refused: {count} of the gate "
        f"{'fails' if count.startswith('1 ') else 'fail'}, so it yields no finding, whatever "
        "an optimiser reports."
    )


@passes_absence
def _say_moderation(moderation: ModerationResult) -> str:
    table = moderation.table()
    told = table["verdict"].str.split(":").str[0]
    parts = [
        f"{enumerate_words(table.loc[told == word, 'moderator'].tolist())} {word}"
        for word in ("supported", "contradicted", "undecided", "not tested")
        if (told == word).any()
    ]
    return f"As moderators of the path from satisfaction to loyalty: {'; '.join(parts)}."


@passes_absence
def _say_defectors(defectors: SatisfiedDefectors) -> str | NotAvailable:
    found = defectors.share()
    if isinstance(found, NotAvailable):
        return found
    satisfied = count_of(int(found["n"]), "satisfied respondent")
    return (
        f"Of {satisfied}, {percent(found['share'])} [{percent(found['lower'])}, "
        f"{percent(found['upper'])}] are not loyal."
    )


@passes_absence
def _say_priority(priorities: PriorityMap) -> str:
    ranked = priorities.ranked
    target = priorities.target_label
    if ranked.empty:
        return f"No construct surely raises {target}, so no improvement is ranked first."
    row = ranked.iloc[0]
    tied = [name for name in priorities.tied if name != row["construct"]]
    beside = f"; {enumerate_words(tied)} not surely behind" if tied else ""
    return f"For {target} most is to be gained with {row['construct']}{beside}."
