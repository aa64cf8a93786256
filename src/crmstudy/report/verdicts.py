"""From a chapter's result to the verdict on a registered hypothesis.

A verdict is decided by a rule fixed beforehand: the 95% interval of the effect lies on
the expected side of zero (supported), on the other side (contradicted), or holds zero
(undecided). A chapter whose checks forbid the claim records that instead of a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pandas as pd

from crmstudy.analysis import GroupComparison
from crmstudy.case.effects.did import DidResult
from crmstudy.case.returns.benefit import ChosenEstimate
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty import SemResult
from crmstudy.report.exhibits import VERDICTS, link_exhibit
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
        Columns hypothesis, statement, expected sign, chapter, measure, effect, lower, upper, p,
        verdict, reason, exhibit; one row a hypothesis in the order of the register.
        The exhibit links the chapter and its table from the report's folder; it is empty
        where the chapter recorded none.
    """
    if not register:
        return NotAvailable("study.yml registers no hypothesis")
    return pd.DataFrame([_judge(entry, reports) for entry in register])


def _judge(entry: Hypothesis, reports: Path) -> dict[str, object]:
    said = {
        "hypothesis": entry.id,
        "statement": entry.statement,
        "expected sign": entry.expected_sign.replace("-", "−"),
        "chapter": entry.chapter,
    }
    numbers: dict[str, object] = dict.fromkeys(("effect", "lower", "upper", "p"))
    verdicts = read_recorded_table(reports, entry.chapter, "verdicts")
    if isinstance(verdicts, NotAvailable):
        decided = {"verdict": "not tested", "reason": verdicts.reason, "exhibit": ""}
        return {**said, "measure": "", **numbers, **decided}
    named = verdicts["decided by"]
    found = pd.concat([verdicts[named == entry.decided_by], verdicts[named == ANY]])
    exhibit = link_exhibit(f"{entry.chapter}/verdicts")
    if found.empty:
        reason = f"chapter {entry.chapter} has no verdict named {entry.decided_by}"
        decided = {"verdict": "not tested", "reason": reason, "exhibit": exhibit}
        return {**said, "measure": "", **numbers, **decided}
    row = found.iloc[0]
    numbers = {name: row[name] for name in ("measure", *numbers)}
    verdict, reason = _decide_row(entry, row)
    return {**said, **numbers, "verdict": verdict, "reason": reason, "exhibit": exhibit}


def _decide_row(entry: Hypothesis, row: Any) -> tuple[str, str]:
    """Decide by a row of a chapter's verdicts; give the verdict and its reason."""
    withheld = "" if pd.isna(row["withheld because"]) else str(row["withheld because"])
    if row[["effect", "lower", "upper"]].isna().any():
        return "not tested", withheld or f"chapter {entry.chapter} gives no interval"
    if withheld:
        return "withheld", withheld
    return decide(entry.expected_sign, row["lower"], row["upper"]), "95% interval"


@passes_absence
def count_verdicts(verdicts: pd.DataFrame) -> dict[str, float]:
    """Count the verdicts by word, as numbers to record; with the adjusted p-values if any."""
    counts = verdicts["verdict"].value_counts()
    counted: dict[str, float] = {
        word.replace(" ", "_"): int(counts.get(word, 0)) for word in VERDICTS
    }
    if "survives" not in verdicts:
        return counted
    adjusted = verdicts.dropna(subset=["p adjusted"])
    named = zip(adjusted["hypothesis"], adjusted["p adjusted"], strict=True)
    return {
        **counted,
        "decided_and_surviving": int((verdicts["survives"] == "yes").sum()),
        "decided_and_lost": int((verdicts["survives"] == "no").sum()),
        "n_p_values": len(adjusted),
    } | {f"p_adjusted_{name.lower()}": float(p) for name, p in named}


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
    name, measure = "campaign_effect", "difference in differences"
    if isinstance(effect, NotAvailable):
        return state_verdict(name, measure=measure, effect=effect, lower=effect, upper=effect)
    return state_verdict(
        name,
        measure=f"{measure}, {effect.outcome.replace('_', ' ')} per customer and window",
        effect=effect.effect,
        lower=effect.lower,
        upper=effect.upper,
        p=effect.test.p_value,
        withheld="; ".join(f"{check.name} fails" for check in failed(effect.checks)),
    )


@passes_absence
def from_campaign(
    chosen: ChosenEstimate, designs: Mapping[str, Any], *, outcome: str
) -> pd.DataFrame | NotAvailable:
    """State the verdict on a campaign by the design that is carried on.

    Parameters
    ----------
    chosen : ChosenEstimate
        From :func:`~crmstudy.case.returns.benefit.choose_estimate`.
    designs : mapping of str to result
        The designs it was chosen from; one has the checks that may withhold the verdict.
    outcome : str
        What the effect is measured in.
    """
    decided = designs[chosen.method]
    if isinstance(decided, DidResult):
        return from_effect(decided)
    broken = (
        ""
        if chosen.claim_allowed
        else "; ".join(f"{check.name} fails" for check in failed(decided.checks))
    )
    test = getattr(decided, "test", None)  # an experiment's, by Student's t as its interval
    spread = NormalDist().cdf(-abs(chosen.effect) / chosen.standard_error)
    return state_verdict(
        "campaign_effect",
        measure=f"{chosen.method}, {outcome.replace('_', ' ')} per customer and window",
        effect=chosen.effect,
        lower=chosen.lower,
        upper=chosen.upper,
        p=2 * spread if test is None else float(test.p_value),
        withheld=broken,
    )
