"""From rules and recorded results to recommendations in a stated order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.conclusions import rules_case, rules_customers, rules_improvement
from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.rules import STANDINGS, STRENGTHS, Finding, Rule
from crmstudy.errors import NotAvailable

#: Every rule of the study, in the order of the chapters it reads.
RULES: tuple[Rule, ...] = (*rules_customers.RULES, *rules_improvement.RULES, *rules_case.RULES)


#: Columns of the table of recommendations that are shown; the CSV has all of them.
SHOWN = (
    *("rank", "standing", "action", "who", "value", "lower", "upper"),
    *("unit", "evidence", "exhibit"),
)


@dataclass(frozen=True)
class Advice:
    """A finding with the rule that made it and what must be said of its data."""

    rule: Rule
    finding: Finding
    caveat: str
    data: str = ""

    @property
    def who(self) -> str:
        """Say whom it is for, and of which data set where the study has several."""
        sets = "data sets" if " and " in self.data else "data set"
        return f"{self.finding.who}; {sets} {self.data}" if self.data else self.finding.who


@dataclass(frozen=True)
class Recommendations:
    """What follows for the firm, in order, and which rules could not be judged.

    Parameters
    ----------
    advice : tuple of Advice
        First what is to be done, then what is to be tested, then what is not to be done;
        within each the strongest evidence first, then the largest value in money, then by
        rule and action.
    unjudged : tuple of (Rule, NotAvailable)
        Rules that could not be judged, with the reason.
    """

    advice: tuple[Advice, ...]
    unjudged: tuple[tuple[Rule, NotAvailable], ...]

    def table(self) -> pd.DataFrame | NotAvailable:
        """Arrange the recommendations, one row each.

        Returns
        -------
        DataFrame
            ``rank, standing, action, who, value, lower, upper, unit, evidence, because,
            what forbids it, assumed, data, rule, exhibit``.
        """
        if not self.advice:
            return NotAvailable("no rule finds anything to recommend")
        return pd.DataFrame([_row(place, each) for place, each in enumerate(self.advice, 1)])

    def unjudged_table(self) -> pd.DataFrame | NotAvailable:
        """Arrange the rules that could not be judged: ``rule, condition, why not``."""
        if not self.unjudged:
            return NotAvailable("every rule could be judged")
        rows = [
            {"rule": rule.name, "condition": rule.condition, "why not": why.reason}
            for rule, why in self.unjudged
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Count the recommendations by standing and strength, and the rules without one."""
        told = [each.finding.told for each in self.advice]
        strengths = [each.finding.strength for each in self.advice]
        counted = {f"n_{word.replace(' ', '_')}": told.count(word) for word in STANDINGS}
        by_strength = {
            f"n_{word.replace(' ', '_').replace('-', '_')}": strengths.count(word)
            for word in STRENGTHS
        }
        return {
            **counted,
            **by_strength,
            "n_with_caveat": sum(bool(each.caveat) for each in self.advice),
            "n_rules": len(RULES),
            "n_rules_not_judged": len(self.unjudged),
        }


def recommend(evidence: Evidence, *, rules: Sequence[Rule] = RULES) -> Recommendations:
    """Judge every rule by the recorded results.

    Parameters
    ----------
    evidence : Evidence
    rules : sequence of Rule
        By default all of the study.
    """
    advice, unjudged = [], []
    for rule in rules:
        found = rule.judge(evidence)
        if isinstance(found, NotAvailable):
            unjudged.append((rule, found))
        else:
            advice += [_advise(rule, each, evidence) for each in found]
    return Recommendations(tuple(sorted(advice, key=_order)), tuple(unjudged))


def tabulate_rules(*, rules: Sequence[Rule] = RULES) -> pd.DataFrame:
    """List the rules: ``rule, speaks when, reads``."""
    rows = [
        {
            "rule": rule.name,
            "speaks when": rule.condition,
            "reads": ", ".join(address.replace("_", " ") for address in rule.reads),
        }
        for rule in rules
    ]
    return pd.DataFrame(rows)


def _advise(rule: Rule, finding: Finding, evidence: Evidence) -> Advice:
    chapter, model = finding.exhibit.partition("/")[0], finding.model
    return Advice(
        rule, finding, evidence.caveat(chapter, model), evidence.name_data(chapter, model)
    )


def _order(advice: Advice) -> tuple[int, int, float, str, str, str]:
    finding = advice.finding
    money = finding.value if finding.in_money and finding.value is not None else 0.0
    return (
        STANDINGS.index(finding.told),
        STRENGTHS.index(finding.strength),
        -money,
        advice.rule.name,
        finding.who,
        finding.action,
    )


def _row(place: int, advice: Advice) -> dict[str, object]:
    finding = advice.finding
    return {
        "rank": place,
        "standing": finding.told,
        "action": finding.action,
        "who": advice.who,
        "value": finding.value,
        "lower": finding.lower,
        "upper": finding.upper,
        "unit": finding.unit,
        "evidence": finding.strength,
        "because": finding.because,
        "what forbids it": finding.against,
        "assumed": finding.assumed,
        "data": advice.caveat,
        "rule": advice.rule.name,
        "exhibit": finding.exhibit,
    }
