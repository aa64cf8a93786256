"""The hypotheses that a chapter decides: registered before, judged after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from statistics import NormalDist
from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.moments import delta_errors
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.resampling.bootstrap import Bootstrap
from crmstudy.loyalty.resampling.effects import evaluate_effects
from crmstudy.loyalty.structure.effects import Effect, find_routes, weigh_effects
from crmstudy.report.exhibits import VERDICTS
from crmstudy.report.verdicts import ANY, collect_verdicts, decide, state_verdict
from crmstudy.settings import Hypothesis

LEVEL = 0.95


def tabulate_register(
    register: Sequence[Hypothesis], *, chapter: str
) -> pd.DataFrame | NotAvailable:
    """Arrange the hypotheses that a chapter decides, as study.yml registered them.

    Returns
    -------
    DataFrame
        ``hypothesis, statement, expected sign, decided by``; not available where the study
        registers none for the chapter.
    """
    rows = [
        {
            "hypothesis": each.id,
            "statement": each.statement,
            "expected sign": each.expected_sign.replace("-", "−"),
            "decided by": each.decided_by.replace("_", " "),
        }
        for each in register
        if each.chapter == chapter
    ]
    if not rows:
        return NotAvailable("study.yml registers no hypothesis for this chapter")
    return pd.DataFrame(rows)


def judge_hypotheses(
    register: Sequence[Hypothesis], rows: pd.DataFrame, *, chapter: str
) -> pd.DataFrame | NotAvailable:
    """Judge each hypothesis of a chapter by the row of its verdicts that decides it.

    Parameters
    ----------
    register : sequence of Hypothesis
    rows : DataFrame
        As :func:`~crmstudy.report.verdicts.collect_verdicts` gives them.
    chapter : str

    Returns
    -------
    DataFrame
        ``hypothesis, statement, expected sign, effect, lower, upper, verdict``; verdicts
        are ``supported``, ``contradicted``, ``undecided`` (the interval holds zero),
        ``withheld: ...`` and ``not tested: ...``, as in chapter 08.
    """
    asked = [each for each in register if each.chapter == chapter]
    if not asked:
        return NotAvailable("study.yml registers no hypothesis for this chapter")
    found = {row["decided by"]: row for row in rows.to_dict("records")}
    judged = [_judge(each, found.get(each.decided_by, found.get(ANY))) for each in asked]
    numbers = dict.fromkeys(("effect", "lower", "upper"), "float64")
    return pd.DataFrame(judged).astype(numbers)


def from_effects(
    fit: SemResult | NotAvailable,
    bootstrap: Bootstrap | NotAvailable | None,
    *,
    through: str = "",
) -> pd.DataFrame:
    """State the verdict on every indirect and total effect, standardised, by 95% limits.

    Rows are named ``indirect_<source>_<target>`` and ``total_<source>_<target>``; limits
    are BCa where there is a bootstrap, else the delta method's.

    Parameters
    ----------
    fit : SemResult
    bootstrap : Bootstrap, NotAvailable or None
    through : str
        Construct that the routes of an indirect effect must pass; empty takes all routes.
    """
    found = fit if isinstance(fit, NotAvailable) else fit.estimates
    if isinstance(fit, NotAvailable) or isinstance(found, NotAvailable):
        assert isinstance(found, NotAvailable)
        return state_verdict(
            ANY, measure="standardised effect", effect=found, lower=found, upper=found
        )
    effects = _list_sums(fit.model, through)
    if not effects:
        none = NotAvailable(f"the model {fit.model.name.replace('_', ' ')} has no paths")
        return state_verdict(
            ANY, measure="standardised effect", effect=none, lower=none, upper=none
        )

    def weigh(theta: Any) -> Any:
        return weigh_effects(fit.structure, theta, effects, standardised=True)

    def weigh_in_stacks(thetas: Any) -> Any:
        return evaluate_effects(fit.structure, effects, thetas, standardised=True)

    estimate = weigh(found.theta)
    if isinstance(bootstrap, Bootstrap):
        limits = bootstrap.bound(weigh_in_stacks, level=LEVEL, stacked=True)
        lower, upper = limits.lower, limits.upper
    else:
        errors = delta_errors(weigh, found.theta, found.covariance)
        reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * errors
        lower, upper = estimate - reach, estimate + reach
    rows = [
        state_verdict(
            f"{each.kind}_{each.source}_{each.target}",
            measure=f"standardised {each.kind} effect",
            effect=estimate[k],
            lower=lower[k],
            upper=upper[k],
        )
        for k, each in enumerate(effects)
    ]
    return collect_verdicts(rows)


def _list_sums(model: StructuralModel, through: str) -> tuple[Effect, ...]:
    """List the indirect and the total effect between every two constructs."""
    sums = []
    for source, target in permutations(model.construct_names, 2):
        routes = find_routes(model, source=source, target=target)
        longer = tuple(r for r in routes if len(r) > 2 and (not through or through in r[1:-1]))
        if longer:
            sums.append(Effect(source, target, "indirect", longer))
        if routes:
            sums.append(Effect(source, target, "total", routes))
    return tuple(sums)


def _judge(entry: Hypothesis, row: Any) -> dict[str, object]:
    said: dict[str, object] = {
        "hypothesis": entry.id,
        "statement": entry.statement,
        "expected sign": entry.expected_sign.replace("-", "−"),
    }
    numbers = {name: None if row is None else row[name] for name in ("effect", "lower", "upper")}
    return said | numbers | {"verdict": _word(entry, row)}


def _word(entry: Hypothesis, row: Any) -> str:
    if row is None:
        return f"not tested: nothing in this study gives {entry.decided_by}"
    why = row["withheld because"]
    reason = why.removeprefix("not available: ") if isinstance(why, str) else ""
    if pd.isna(row["effect"]) or pd.isna(row["lower"]) or pd.isna(row["upper"]):
        return f"not tested: {reason or 'no interval'}"
    if reason:
        return f"withheld: {reason}"
    return decide(entry.expected_sign, row["lower"], row["upper"])


@passes_absence
def count_judged(judged: pd.DataFrame) -> dict[str, float]:
    """Count the verdicts of a chapter, as numbers to record."""
    words = judged["verdict"].str.split(":").str[0].str.replace(" ", "_")
    counts = words.value_counts()
    every = [word.replace(" ", "_") for word in VERDICTS]
    return {f"n_{word}": int(counts.get(word, 0)) for word in every}
