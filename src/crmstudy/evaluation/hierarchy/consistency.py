"""Consistency of a whole hierarchy: each matrix counts as much as its criterion weighs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.groups.panel import HierarchyResult

#: The group's own row beside those of the experts.
GROUP = "the group"


def hierarchical_consistency(
    indices: Sequence[float], random_indices: Sequence[float], weights: Sequence[float]
) -> float:
    """Compute the consistency ratio of a hierarchy.

    The sum of consistency indices over that of random indices, each weighed by what its
    matrix is judged under: 1 for the matrix of the criteria, a criterion's weight for
    that of its indicators. Matrices of one or two names have neither; 0 if there are no
    others.

    References
    ----------
    Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill, chapter 4.
    """
    expected = sum(w * r for w, r in zip(weights, random_indices, strict=True))
    found = sum(w * c for w, c in zip(weights, indices, strict=True))
    return found / expected if expected > 0 else 0.0


@passes_absence
def tabulate_hierarchical_consistency(panel: HierarchyResult) -> pd.DataFrame:
    """One row an expert, and the group: consistency ratio of the whole hierarchy.

    Returns
    -------
    DataFrame
        expert, largest consistency ratio, consistency ratio of the hierarchy,
        hierarchy within limit, used.
    """
    rows = [_describe(panel, expert) for expert in panel.experts]
    group = {name: (one.ci, one.cr, 1.0) for name, one in panel.group.items()}
    criteria = panel.group[panel.goal].weights if panel.goal in panel.group else None
    rows.append(_row(panel, GROUP, group, criteria, used=True))
    return pd.DataFrame(rows)


def _describe(panel: HierarchyResult, expert: str) -> dict[str, object]:
    own = panel.consistency[panel.consistency["expert"] == expert].set_index("matrix")
    found = {
        str(name): (
            float(row["consistency index"]),
            float(row["consistency ratio"]),
            float(panel.panels[str(name)].random_index_share[panel.experts.index(expert)]),
        )
        for name, row in own.iterrows()
    }
    goal = panel.priorities.get(panel.goal)
    criteria = None if goal is None else goal.T[expert]
    return _row(panel, expert, found, criteria, used=expert in panel.used)


def _row(
    panel: HierarchyResult,
    name: str,
    found: dict[str, tuple[float, float, float]],
    criteria: pd.Series | None,
    *,
    used: bool,
) -> dict[str, object]:
    weights = [
        1.0 if matrix == panel.goal or criteria is None else float(criteria[matrix])
        for matrix in found
    ]
    expected = [
        share * panel.random_index.of(len(panel.panels[matrix].names))
        for matrix, (_, _, share) in found.items()
    ]
    ratio = hierarchical_consistency([ci for ci, _, _ in found.values()], expected, weights)
    return {
        "expert": name,
        "largest consistency ratio": max(cr for _, cr, _ in found.values()),
        "consistency ratio of the hierarchy": ratio,
        "hierarchy within limit": ratio < panel.cr_limit,
        "used": used,
    }
