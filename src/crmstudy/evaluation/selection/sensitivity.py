"""Under which weight of a criterion another system would lead."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.hierarchy.sensitivity import Sensitivity, WeightTrace, trace_weights
from crmstudy.evaluation.selection.choice import SystemChoice
from crmstudy.evaluation.tabulate import name_metrics


@dataclass(frozen=True, eq=False)
class ChoiceSensitivity:
    """How the ranking depends on the weight of each criterion.

    Parameters
    ----------
    choice : SystemChoice
        The ranking under the weights as given.
    traces : Sensitivity
        Scores in ideal mode as one weight goes from 0 to 1, the others keeping their
        proportions: straight lines, so that every change of place is exact.
    """

    choice: SystemChoice
    traces: Sensitivity

    @property
    def critical(self) -> WeightTrace | None:
        """The criterion whose weight must change least for another system to lead."""
        return self.traces.nearest

    def table(self) -> pd.DataFrame:
        """One row a criterion: weight, leader, leads from, leads to, smallest change, then leads.

        The smallest change carries its sign; where no weight makes another system lead it is
        missing.
        """
        shown = self.traces.table()
        return pd.DataFrame(
            {
                "criterion": [self.choice.performance.label(name) for name in shown["criterion"]],
                "weight": shown["weight"],
                "leader": shown["first"],
                "leads from": shown["first stays from"],
                "leads to": shown["first stays to"],
                "smallest change": shown["smallest change"],
                "then leads": shown["then first"],
            }
        )

    def lines(self) -> pd.DataFrame:
        """One row a criterion, system and end: criterion, system, weight (0 or 1), score."""
        parts = [
            trace.lines[f"score at {end}"]
            .rename("score")
            .rename_axis("system")
            .reset_index()
            .assign(criterion=name, weight=float(end))
            for name, trace in self.traces.traces.items()
            for end in (0, 1)
        ]
        return pd.concat(parts, ignore_index=True)[["criterion", "system", "weight", "score"]]

    def to_metrics(self) -> dict[str, float]:
        """How many weights can change the leader, and between which weights it leads."""
        table = self.traces.table().set_index("criterion")
        changing = [trace for trace in self.traces.traces.values() if trace.change is not None]
        return {
            "n_weights_decisive": len(changing),
            **name_metrics("leads_from", table["first stays from"]),
            **name_metrics("leads_to", table["first stays to"]),
        }


@passes_absence
def trace_choice(choice: SystemChoice) -> ChoiceSensitivity:
    """Move each criterion's weight from 0 to 1, and see who leads.

    Raises
    ------
    ModelError
        If one criterion has all the weight.

    References
    ----------
    Triantaphyllou, E., & Sánchez, A. (1997). A sensitivity analysis approach for some
    deterministic multi-criteria decision-making methods. Decision Sciences, 28(1), 151-194.
    """
    return ChoiceSensitivity(choice, trace_weights(choice.preferences, choice.performance.weights))
