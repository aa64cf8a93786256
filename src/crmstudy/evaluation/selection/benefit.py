"""Benefit against cost: what the criteria that are not money are worth, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.evaluation.selection.choice import SystemChoice
from crmstudy.evaluation.selection.draws import draw_performance
from crmstudy.evaluation.selection.performance import MONEY
from crmstudy.evaluation.selection.shares import find_dominated, synthesise_ideal
from crmstudy.evaluation.tabulate import name_metrics

#: A system that is best on every criterion of benefit has so many points.
MOST_POINTS = 100.0


@dataclass(frozen=True, eq=False)
class BenefitCost:
    """Benefit and cost of each system.

    Parameters
    ----------
    choice : SystemChoice
        The comparison they are taken from.
    benefit : Series
        Points of 100, by system: the score on all criteria but the costs.
    lower, upper : Series or NotAvailable
        Interval of the benefit.
    cost : Series
        Sum of the criteria measured in money, by system, in ``currency``.
    costs, benefits : tuple of str
        The criteria on each side.
    dominated : mapping of str to tuple of str
        Systems that another one matches in benefit and cost and beats in one of them.
    currency, unit : str
        Of the cost, and for how long it is where study.yml says so.
    confidence : float
        Level of the interval.
    """

    choice: SystemChoice
    benefit: pd.Series
    lower: pd.Series | NotAvailable
    upper: pd.Series | NotAvailable
    cost: pd.Series
    costs: tuple[str, ...]
    benefits: tuple[str, ...]
    dominated: dict[str, tuple[str, ...]]
    currency: str
    confidence: float

    @property
    def order(self) -> tuple[str, ...]:
        """Systems from the cheapest to the dearest; of equal cost the better first."""
        keys = {name: (self.cost[name], -self.benefit[name], name) for name in self.cost.index}
        return tuple(sorted(map(str, self.cost.index), key=lambda name: keys[name]))

    @property
    def frontier(self) -> tuple[str, ...]:
        """Systems that no other one dominates, from the cheapest to the dearest."""
        return tuple(name for name in self.order if name not in self.dominated)

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step up the frontier: from, to, further points, further cost, per point."""
        rows = [
            {
                "from": one,
                "to": other,
                "further points": self.benefit[other] - self.benefit[one],
                "further cost": self.cost[other] - self.cost[one],
            }
            for one, other in zip(self.frontier[:-1], self.frontier[1:], strict=True)
            if self.cost[other] > self.cost[one]
        ]
        columns = ["from", "to", "further points", "further cost"]
        table = pd.DataFrame(rows, columns=columns)
        return table.assign(**{"cost of a point": table["further cost"] / table["further points"]})

    def table(self) -> pd.DataFrame:
        """One row a system from the cheapest up: benefit, lower, upper, cost, ratio, dominated."""
        order = list(self.order)
        ratio = (self.benefit / self.benefit.sum()) / (self.cost / self.cost.sum())
        shown = pd.DataFrame({"system": order, "benefit": self.benefit[order].to_numpy()})
        if isinstance(self.lower, pd.Series) and isinstance(self.upper, pd.Series):
            shown["lower"] = self.lower[order].to_numpy()
            shown["upper"] = self.upper[order].to_numpy()
        shown[f"cost, {self.currency}"] = self.cost[order].to_numpy()
        shown["benefit to cost"] = ratio[order].to_numpy()
        shown["dominated by"] = [", ".join(self.dominated.get(name, ())) for name in order]
        return shown

    def to_metrics(self) -> dict[str, float]:
        """Benefit and cost by system, and how many systems are worth a look."""
        return {
            "n_on_frontier": len(self.frontier),
            **name_metrics("benefit", self.benefit),
            **name_metrics("cost", self.cost),
            **name_metrics(
                "cost_of_a_point", self.steps.set_index("to")["cost of a point"].astype(float)
            ),
        }


@passes_absence
def compare_benefit_cost(
    choice: SystemChoice,
    *,
    currency: str = MONEY,
    n_draws: int = 0,
    seed: int = 0,
    noise: float = 0.2,
    confidence: float = 0.95,
) -> BenefitCost:
    """Set the score on all other criteria against what is measured in money.

    Costs are the criteria of unit ``money`` of which less is better. The weights of the
    others are brought back to a sum of 1, so that the weight of cost is of no effect: what
    a point of benefit is worth is left to who pays.

    Parameters
    ----------
    choice : SystemChoice
        Result of ``choose_system``.
    currency : str
        The study's, for the labels.
    n_draws, seed, noise, confidence
        For the interval of the benefit, as in ``weigh_chances``; no draw, no interval.

    Raises
    ------
    ModelError
        If no criterion is a cost in money, all are, or those left have no weight.
    """
    performance = choice.performance
    costs = tuple(c for c in performance.money if performance.directions[c] == "smaller")
    benefits = tuple(name for name in performance.criteria if name not in costs)
    if not costs:
        raise ModelError(
            "no cost is measured in money (study.yml, selection: criteria: unit: money), so "
            "benefit cannot be set against it"
        )
    weights = performance.weights[list(benefits)]
    if not benefits or weights.sum() <= 0:
        raise ModelError("all criteria with weight are costs, so there is no benefit to compare")
    weights = weights / weights.sum()
    benefit = MOST_POINTS * synthesise_ideal(choice.preferences[list(benefits)], weights)
    cost = performance.values[list(costs)].sum(axis=1)
    lower, upper = _bound(choice, benefits, n_draws, seed, noise, confidence)
    pairs = pd.DataFrame({"benefit": benefit, "cost": cost})
    return BenefitCost(
        choice=choice,
        benefit=benefit.rename("benefit"),
        lower=lower,
        upper=upper,
        cost=cost.rename("cost"),
        costs=costs,
        benefits=benefits,
        dominated=find_dominated(pairs, {"benefit": "larger", "cost": "smaller"}),
        currency=currency,
        confidence=confidence,
    )


def _bound(
    choice: SystemChoice,
    benefits: tuple[str, ...],
    n_draws: int,
    seed: int,
    noise: float,
    confidence: float,
) -> tuple[pd.Series | NotAvailable, pd.Series | NotAvailable]:
    if not n_draws:
        absent = NotAvailable("no draws were asked for")
        return absent, absent
    draws = draw_performance(choice.performance, n_draws=n_draws, seed=seed, noise=noise)
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = MOST_POINTS * np.quantile(draws.score(benefits), levels, axis=0)
    names = list(choice.scores.index)
    return pd.Series(ends[0], names, name="lower"), pd.Series(ends[1], names, name="upper")
