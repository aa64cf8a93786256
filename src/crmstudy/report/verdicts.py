"""From a chapter's result to the verdict on a registered hypothesis.

A verdict is decided by a rule fixed beforehand: the 95% interval of the effect lies on
the expected side of zero (supported), on the other side (contradicted), or holds zero
(undecided). A chapter whose checks forbid the claim records that instead of a decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

import pandas as pd

from crmstudy.analysis import GroupComparison
from crmstudy.case import DidResult
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty import SemResult
from crmstudy.report.record import read_recorded_table
from crmstudy.settings import Hypothesis
from crmstudy.value import ConcentrationBounds

#: Name of a verdict that stands for all of its chapter: nothing could be estimated.
ANY = "any"
COLUMNS = ["decided by", "measure", "effect", "lower", "upper", "p", "withheld because"]


def state_verdict(
    decided_by: str,
    *,
    measure: str,
    effect: float | NotAvailable,
    lower: float | NotAvailable,
    upper: float | NotAvailable,
    p: float | NotAvailable | None = None,
    withheld: str = "",
) -> pd.DataFrame:
    """Write one row of a chapter's ``verdicts`` table.

    Parameters
    ----------
    decided_by : str
        Name that the register in study.yml refers to.
    measure : str
        What the effect is, with its unit.
    effect, lower, upper : float
        Estimate and its 95% interval; one that is not available makes the row say why.
    withheld : str
        Why the result may not be claimed; empty when it may.
    """
    absent = [v for v in (effect, lower, upper, p) if isinstance(v, NotAvailable)]
    if absent:
        row: list[object] = [decided_by, measure, None, None, None, None, str(absent[0])]
    else:
        row = [decided_by, measure, effect, lower, upper, p, withheld]
    kinds = dict.fromkeys(("effect", "lower", "upper", "p"), "float64")
    return pd.DataFrame([row], columns=COLUMNS).astype(kinds)


def collect_verdicts(rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put rows of :func:`state_verdict` under each other."""
    kept = [row.astype({"withheld because": "str"}) for row in rows]
    return pd.concat(kept, ignore_index=True)


def decide(sign: str, lower: float, upper: float) -> str:
    """Decide one hypothesis by its interval: supported, contradicted or undecided.

    Raises
    ------
    ValueError
        If the interval has no ends, or in the wrong order.
    """
    if not lower <= upper:
        raise ValueError(f"no interval from {lower} to {upper}")
    if lower <= 0 <= upper:
        return "undecided"
    return "supported" if (lower > 0) == (sign == "+") else "contradicted"


def judge_register(register: Sequence[Hypothesis], reports: Path) -> pd.DataFrame | NotAvailable:
    """Look up each registered hypothesis in the chapters' recorded verdicts.

    Returns
    -------
    DataFrame
        Columns hypothesis, statement, chapter, measure, effect, lower, upper, p,
        verdict, reason; one row a hypothesis in the order of the register.
    """
    if not register:
        return NotAvailable("study.yml registers no hypothesis")
    return pd.DataFrame([_judge(entry, reports) for entry in register])


def _judge(entry: Hypothesis, reports: Path) -> dict[str, object]:
    said = {"hypothesis": entry.id, "statement": entry.statement, "chapter": entry.chapter}
    none = {"measure": "", "effect": None, "lower": None, "upper": None, "p": None}
    verdicts = read_recorded_table(reports, entry.chapter, "verdicts")
    if isinstance(verdicts, NotAvailable):
        return {**said, **none, "verdict": "not tested", "reason": verdicts.reason}
    named = verdicts["decided by"]
    found = pd.concat([verdicts[named == entry.decided_by], verdicts[named == ANY]])
    if found.empty:
        reason = f"chapter {entry.chapter} has no verdict named {entry.decided_by}"
        return {**said, **none, "verdict": "not tested", "reason": reason}
    row = found.iloc[0]
    numbers = {name: row[name] for name in none}
    withheld = "" if pd.isna(row["withheld because"]) else str(row["withheld because"])
    if row[["effect", "lower", "upper"]].isna().any():
        reason = withheld or f"chapter {entry.chapter} gives no interval"
        return {**said, **numbers, "verdict": "not tested", "reason": reason}
    if withheld:
        return {**said, **numbers, "verdict": "withheld", "reason": withheld}
    verdict = decide(entry.expected_sign, row["lower"], row["upper"])
    return {**said, **numbers, "verdict": verdict, "reason": "95% interval"}


@passes_absence
def count_verdicts(verdicts: pd.DataFrame) -> dict[str, float]:
    """Count the verdicts by word, as numbers to record."""
    counts = verdicts["verdict"].value_counts()
    words = ("supported", "contradicted", "undecided", "withheld", "not tested")
    return {word.replace(" ", "_"): int(counts.get(word, 0)) for word in words}


def from_groups(comparison: GroupComparison | NotAvailable) -> pd.DataFrame:
    """State the verdict on a difference between groups by the pair told apart best."""
    name, measure = "group_difference", "difference between two group means"
    pairs = comparison.pairs
    if isinstance(pairs, NotAvailable):
        return state_verdict(name, measure=measure, effect=pairs, lower=pairs, upper=pairs)
    pair = pairs.sort_values("p_adjusted", kind="stable").iloc[0]
    turned = -1 if pair["difference"] < 0 else 1
    lower, upper = sorted((turned * pair["lower"], turned * pair["upper"]))
    high, low = (pair["group"], pair["compared_with"])[::turned]
    return state_verdict(
        name,
        measure=(
            f"mean {comparison.outcome.replace('_', ' ')}, {high} less {low}: the pair told apart "
            f"best ({comparison.post_hoc.title()})"
        ),
        effect=abs(pair["difference"]),
        lower=lower,
        upper=upper,
        p=pair["p_adjusted"],
    )


def from_concentration(bounds: ConcentrationBounds | NotAvailable) -> pd.DataFrame:
    """State the verdict on concentration: the share of the largest fifth beyond one half."""
    name, measure = "concentration", "revenue share of the largest fifth, less one half"
    if isinstance(bounds, NotAvailable):
        return state_verdict(name, measure=measure, effect=bounds, lower=bounds, upper=bounds)
    share, lower, upper = bounds.interval(0.2)
    return state_verdict(
        name, measure=measure, effect=share - 0.5, lower=lower - 0.5, upper=upper - 0.5
    )


def bound_paths(fit: SemResult | NotAvailable, *, level: float = 0.95) -> pd.DataFrame:
    """Bound each standardised path by its own delta-method standard error."""
    paths = fit.paths()
    if isinstance(paths, NotAvailable):
        return paths  # type: ignore[return-value]
    reach = NormalDist().inv_cdf((1 + level) / 2) * paths["standardised se"]
    return pd.DataFrame(
        {
            "key": paths["source"] + "_" + paths["target"],
            "path": paths["source"] + " → " + paths["target"],
            "standardised": paths["standardised"],
            "lower": paths["standardised"] - reach,
            "upper": paths["standardised"] + reach,
            "p": paths["p value"],
        }
    )


def from_paths(fit: SemResult | NotAvailable) -> pd.DataFrame:
    """State the verdict on every path of a structural model."""
    bounded: pd.DataFrame | NotAvailable = bound_paths(fit)
    if not isinstance(bounded, NotAvailable) and bounded.empty:
        bounded = NotAvailable(f"the model {fit.model.name.replace('_', ' ')} has no paths")
    if isinstance(bounded, NotAvailable):
        return state_verdict(
            ANY, measure="standardised path", effect=bounded, lower=bounded, upper=bounded
        )
    rows = [
        state_verdict(
            row["key"],
            measure="standardised path",
            effect=row["standardised"],
            lower=row["lower"],
            upper=row["upper"],
            p=row["p"],
            withheld=str(fit.withheld),
        )
        for row in bounded.to_dict("records")
    ]
    return collect_verdicts(rows)


def from_effect(effect: DidResult | NotAvailable) -> pd.DataFrame:
    """State the verdict on a campaign; withheld where a check forbids to claim an effect."""
    name, measure = "campaign_effect", "difference in differences, money a window"
    if isinstance(effect, NotAvailable):
        return state_verdict(name, measure=measure, effect=effect, lower=effect, upper=effect)
    return state_verdict(
        name,
        measure=measure,
        effect=effect.effect,
        lower=effect.lower,
        upper=effect.upper,
        p=effect.test.p_value,
        withheld="; ".join(f"{check.name} fails" for check in failed(effect.checks)),
    )
