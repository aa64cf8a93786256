"""Who judged, what was judged, and how much of it: the panel before any weight is derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.appraisal import CRITERIA_MATRIX
from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.evaluation.judgements.panel import JudgementPanel
from crmstudy.evaluation.judgements.reading import OpenPairs, read_panels


@dataclass(frozen=True, eq=False)
class JudgementOverview:
    """A panel's judgements on a whole hierarchy.

    Parameters
    ----------
    panels : mapping of str to JudgementPanel
        By matrix, in the order of the hierarchy; every expert in each.
    """

    panels: Mapping[str, JudgementPanel]

    @property
    def experts(self) -> tuple[str, ...]:
        """Who judged."""
        return next(iter(self.panels.values())).experts

    @property
    def n_pairs(self) -> int:
        """Pairs that one expert was asked to judge."""
        return sum(panel.n_pairs for panel in self.panels.values())

    @property
    def n_filled(self) -> np.ndarray:
        """Pairs filled in for each expert, in all matrices."""
        return np.sum([panel.n_filled for panel in self.panels.values()], axis=0)

    def table(self) -> pd.DataFrame:
        """How many pairs each expert judged in each matrix.

        Returns
        -------
        DataFrame
            One row an expert: expert, one column a matrix with the pairs judged in it, all,
            filled in. The last row, called asked, counts the pairs that were asked.
        """
        columns: dict[str, list[object]] = {"expert": [*self.experts, "asked"]}
        for name, panel in self.panels.items():
            columns[name] = [*(panel.n_pairs - panel.n_filled).tolist(), panel.n_pairs]
        columns["all"] = [*(self.n_pairs - self.n_filled).tolist(), self.n_pairs]
        columns["filled in"] = [*self.n_filled.tolist(), 0]
        return pd.DataFrame(columns)

    def completeness(self) -> pd.DataFrame:
        """One row an expert and matrix: see :meth:`JudgementPanel.completeness`."""
        parts = [panel.completeness() for panel in self.panels.values()]
        # Same experts in the same order in every part, so a stable sort by position groups them.
        return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)

    def judgements(self) -> pd.DataFrame:
        """Every pair once for every expert: see :meth:`JudgementPanel.table`."""
        return pd.concat([panel.table() for panel in self.panels.values()], ignore_index=True)

    def pairs(self) -> pd.DataFrame:
        """How far the experts agree on each pair.

        Returns
        -------
        DataFrame
            Columns matrix, first, second, experts (who judged the pair), smallest,
            geometric mean, largest (how many times the first outweighs the second), spread
            (standard deviation of the logarithms; 0 for one expert), both sides (whether some
            hold the first for more important and others the second). What was filled in
            does not count; a pair nobody judged has no values.
        """
        return pd.concat([_describe(panel) for panel in self.panels.values()], ignore_index=True)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether everybody judged everything."""
        missing = int(self.n_filled.sum())
        asked = self.n_pairs * len(self.experts)
        return (
            Check(
                name="every expert judged every pair",
                passed=missing == 0,
                statistic=1 - missing / asked,
                threshold="share of pairs judged = 1",
                source="Bozóki, Fülöp & Rónyai (2010)",
                consequence=(
                    "open pairs were filled in by what the others imply; the consistency of "
                    "such a matrix looks better than it is"
                ),
            ),
        )

    def to_metrics(self) -> dict[str, float]:
        """Experts, matrices, pairs asked of one expert, pairs judged and filled in by all."""
        filled = int(self.n_filled.sum())
        asked = self.n_pairs * len(self.experts)
        pairs = self.pairs()
        return {
            "n_experts": len(self.experts),
            "n_matrices": len(self.panels),
            "n_pairs_asked": self.n_pairs,
            "n_judged": asked - filled,
            "n_filled": filled,
            "share_judged": 1 - filled / asked,
            "n_pairs_on_both_sides": int(pairs["both sides"].sum()),
        }


@passes_absence
def review_judgements(
    judgements_long: pd.DataFrame,
    *,
    hierarchy: Mapping[str, Sequence[str]],
    goal: str = CRITERIA_MATRIX,
    open_pairs: OpenPairs = "eigenvalue",
) -> JudgementOverview:
    """Read a panel's judgements on a hierarchy, and count what was judged.

    Parameters
    ----------
    judgements_long : DataFrame
        Columns expert, matrix, row, column, value (see ``read_judgements``).
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators.
    goal : str
        Name of the matrix of the criteria.
    open_pairs
        What becomes of pairs that were not judged, as for ``read_judgements``.

    Raises
    ------
    ModelError
        If the hierarchy is empty, or has nothing to compare.
    JudgementError
        As for ``read_panels``.
    """
    if not hierarchy:
        raise ModelError("study.yml names no hierarchy of criteria (judgements: hierarchy)")
    panels = read_panels(
        judgements_long, names={goal: tuple(hierarchy), **hierarchy}, open_pairs=open_pairs
    )
    compared = {name: panel for name, panel in panels.items() if panel.n_pairs}
    if not compared:
        raise ModelError("the hierarchy has one criterion with one indicator: nothing to compare")
    return JudgementOverview(compared)


def _describe(panel: JudgementPanel) -> pd.DataFrame:
    """Describe the judgements of one matrix, pair by pair."""
    rows, columns = np.triu_indices(len(panel.names), 1)
    logs = np.log(panel.values[:, rows, columns])
    if panel.filled is not None:
        logs = np.where(panel.filled[:, rows, columns], np.nan, logs)
    judged = pd.DataFrame(logs)
    names = np.array(panel.names, dtype=object)
    return pd.DataFrame(
        {
            "matrix": panel.matrix,
            "first": names[rows],
            "second": names[columns],
            "experts": judged.count(),
            "smallest": np.exp(judged.min()),
            "geometric mean": np.exp(judged.mean()),
            "largest": np.exp(judged.max()),
            "spread": judged.std().where(judged.count() > 1, judged.mean() * 0),
            "both sides": (judged.min() < -_EVEN) & (judged.max() > _EVEN),
        }
    )


# A typed 1.00 may come back with its last bit off.
_EVEN = 1e-9
