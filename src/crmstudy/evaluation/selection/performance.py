"""How every CRM system stands on every criterion, where each figure is from, and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.appraisal import SelectionCriterion
from crmstudy.errors import NotAvailable
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.evaluation.weighting.decisions import Direction

MONEY = "money"
PREFERENCE = "preference, all systems = 1"


@dataclass(frozen=True, eq=False)
class SystemPerformance:
    """Systems by criteria, and the weights of the criteria.

    Parameters
    ----------
    values : DataFrame of shape (n_systems, n_criteria)
        Local priorities where systems were judged in pairs, mean ratings where they were
        rated, figures where they were measured; no value is missing.
    origins : DataFrame of shape (n_systems, n_criteria)
        Where each value is from, in words.
    criteria : mapping of str to SelectionCriterion
        The criteria that are left, as study.yml describes them.
    directions : mapping of str to {"larger", "smaller"}
        Which is better, by criterion. Of judged preferences more is better whatever
        study.yml says: the experts were asked which system is the better one.
    weights : Series
        Weight of each criterion; they sum to 1.
    weights_origin : str
        Who weighed the criteria, in words.
    judged : tuple of str
        Criteria under which the systems were compared in pairs.
    ratings : mapping of str to DataFrame
        By rated criterion: raters in rows, systems in columns, NaN where one did not rate.
    panel : HierarchyResult, or NotAvailable
        The experts' judgements of criteria and systems.
    criteria_judged : bool
        Whether anybody weighed the criteria; otherwise all weigh the same.
    left_out : mapping of str to str
        Systems that cannot be compared, and why.
    dropped : mapping of str to str
        Criteria that nobody said anything about, and why.
    goal : str
        What is chosen.
    """

    values: pd.DataFrame
    origins: pd.DataFrame
    criteria: Mapping[str, SelectionCriterion]
    directions: Mapping[str, Direction]
    weights: pd.Series
    weights_origin: str
    judged: tuple[str, ...]
    ratings: Mapping[str, pd.DataFrame]
    panel: HierarchyResult | NotAvailable
    criteria_judged: bool
    left_out: Mapping[str, str]
    dropped: Mapping[str, str]
    goal: str

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that are compared."""
        return tuple(map(str, self.values.index))

    @property
    def money(self) -> tuple[str, ...]:
        """The criteria measured in money: the cost side of benefit and cost."""
        return tuple(
            name
            for name, criterion in self.criteria.items()
            if criterion.unit == MONEY and name not in self.judged
        )

    def label(self, criterion: str) -> str:
        """Name a criterion for a reader."""
        return self.criteria[criterion].label or criterion.replace("_", " ")

    def table(self, currency: str = MONEY) -> pd.DataFrame:
        """One row a system and criterion: value, unit, better, origin, system by system."""
        rows = [
            {
                "system": system,
                "criterion": self.label(criterion),
                "value": self.values.loc[system, criterion],
                "unit": self.unit(criterion, currency),
                "better": self.directions[criterion],
                "origin": self.origins.loc[system, criterion],
            }
            for system in self.systems
            for criterion in self.criteria
        ]
        return pd.DataFrame(rows)

    def matrix(self, currency: str = MONEY) -> pd.DataFrame:
        """One row a criterion: weight, unit, better, origin, and a column for each system."""
        described = pd.DataFrame(
            {
                "criterion": [self.label(name) for name in self.criteria],
                "weight": self.weights.to_numpy(),
                "unit": [self.unit(name, currency) for name in self.criteria],
                "better": [self.directions[name] for name in self.criteria],
                "origin": ["; ".join(dict.fromkeys(self.origins[n])) for n in self.criteria],
            }
        )
        values = self.values.T.reset_index(drop=True)
        return pd.concat([described, values], axis=1)

    def unit(self, criterion: str, currency: str = MONEY) -> str:
        """Name the unit of a criterion's values; money by its currency."""
        if criterion in self.judged:
            return PREFERENCE
        unit = self.criteria[criterion].unit
        return currency if unit == MONEY else unit

    def missing(self) -> pd.DataFrame:
        """One row a system or criterion that is left out: what, name, reason."""
        rows = [("system", name, reason) for name, reason in self.left_out.items()]
        rows += [("criterion", name, reason) for name, reason in self.dropped.items()]
        return pd.DataFrame(rows, columns=["left out", "name", "reason"])

    def to_metrics(self) -> dict[str, float]:
        """Systems and criteria compared and left out, raters, experts, weights."""
        raters = {rater for frame in self.ratings.values() for rater in frame.index}
        experts = 0 if isinstance(self.panel, NotAvailable) else len(self.panel.used)
        return {
            "n_systems": len(self.systems),
            "n_systems_left_out": len(self.left_out),
            "n_criteria": len(self.criteria),
            "n_criteria_dropped": len(self.dropped),
            "n_criteria_judged": len(self.judged),
            "n_raters": len(raters),
            "n_experts": experts,
            **name_metrics("weight", self.weights),
        }
