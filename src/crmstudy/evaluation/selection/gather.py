"""Judgements, ratings and figures of CRM systems brought into one matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from crmstudy.appraisal import SELECTION_MATRIX, SelectionSpec
from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.evaluation.groups.panel import HierarchyResult, OverLimit, prioritise_hierarchy
from crmstudy.evaluation.groups.weighing import Aggregation
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import Method
from crmstudy.evaluation.selection.performance import SystemPerformance
from crmstudy.evaluation.selection.reading import (
    UNDER,
    Ratings,
    Sources,
    read_sources,
)

NO_SYSTEMS = NotAvailable("the study has no table systems")
NO_JUDGEMENTS = NotAvailable("the study has no table judgements")


def gather_performance(
    spec: SelectionSpec,
    *,
    systems: pd.DataFrame | NotAvailable = NO_SYSTEMS,
    judgements: pd.DataFrame | NotAvailable = NO_JUDGEMENTS,
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
    aggregation: Aggregation = "judgements",
    expert_weights: Mapping[str, float] | None = None,
    cr_limit: float = 0.10,
    over_limit: OverLimit = "keep",
) -> SystemPerformance:
    """Bring judgements, ratings and figures of CRM systems into one matrix.

    Parameters
    ----------
    spec : SelectionSpec
        ``selection`` of study.yml: criteria, systems, what to do with missing cells.
    systems : DataFrame, or NotAvailable
        Columns system, criterion, rater (empty for a measured figure) and value.
    judgements : DataFrame, or NotAvailable
        The long table of judgements. Matrix ``selection`` weighs the criteria, matrix
        ``selection.<criterion>`` compares the systems under one of them; others are not
        looked at. Every expert of these matrices must have judged all of them.
    random_index, method, aggregation, expert_weights, cr_limit, over_limit
        As for ``prioritise_hierarchy``. Weights of experts who did not judge the systems
        are not used.

    Raises
    ------
    ModelError
        If study.yml names no criteria, nothing is known of any system, or fewer than two
        systems are left.
    DataError
        If a name is unknown, a value is off its scale, somebody rates the same twice, a
        criterion is judged and rated, or a cell is missing and ``spec.missing`` is
        ``refuse``.
    JudgementError
        As for ``prioritise_hierarchy``.
    """
    known = read_sources(spec, systems=systems, judgements=judgements)
    dropped = {
        name: "neither judged, nor rated, nor measured"
        for name in spec.criteria
        if name not in known.criteria
    }
    kept = [name for name in spec.criteria if name not in dropped]
    left_out = _find_incomplete(known, kept, spec)
    compared = [name for name in known.systems if name not in left_out]
    panel = _judge(
        known,
        list(spec.criteria),
        compared,
        expert_weights=expert_weights,
        random_index=random_index,
        method=method,
        aggregation=aggregation,
        cr_limit=cr_limit,
        over_limit=over_limit,
    )
    weights, weights_origin = _weigh(panel, kept, dropped, known.criteria_judged)
    values, origins = _fill(known, kept, compared, panel)
    rated = {name: frame for name, frame in known.ratings.rated.items() if name in kept}
    return SystemPerformance(
        values=values,
        origins=origins,
        criteria={name: spec.criteria[name] for name in kept},
        directions={c: "larger" if c in known.judged else spec.criteria[c].better for c in kept},
        weights=weights,
        weights_origin=weights_origin,
        judged=known.judged,
        ratings={name: _of(rated[name], compared) for name in kept if name in rated},
        panel=panel,
        criteria_judged=known.criteria_judged,
        left_out=left_out,
        dropped=dropped,
        goal=spec.goal,
    )


def _of(frame: pd.DataFrame, systems: Sequence[str]) -> pd.DataFrame:
    """Keep the systems that are compared, and the raters who rated one of them."""
    return frame.reindex(columns=list(systems)).dropna(how="all")


def _find_incomplete(
    known: Sources, criteria: Sequence[str], spec: SelectionSpec
) -> dict[str, str]:
    """Find systems that lack a criterion, each with what it lacks; refuse them if asked to."""
    left_out = {}
    for system in known.systems:
        lacking = [name for name in criteria if not known.has(system, name)]
        if len(lacking) == len(criteria):
            raise DataError(
                f"system {system!r} is rated on no criterion; rate it, or take it out of study.yml "
                "(selection: systems)"
            )
        if lacking:
            left_out[system] = f"nothing is known of its {', '.join(lacking)}"
    if left_out and spec.missing == "refuse":
        said = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise DataError(
            f"systems lack criteria: {said}; complete the table systems or the judgements, or "
            "let study.yml leave such systems out (selection: missing: leave_out)"
        )
    n = len(known.systems)
    if n - len(left_out) < 2:
        raise ModelError(
            f"{n - len(left_out)} of {n} {'system' if n == 1 else 'systems'} can be compared; a "
            "choice needs two or more"
        )
    return left_out


def _judge(
    known: Sources,
    criteria: Sequence[str],
    systems: Sequence[str],
    *,
    expert_weights: Mapping[str, float] | None,
    **how: Any,
) -> HierarchyResult | NotAvailable:
    """Weigh criteria and judged systems together, as one hierarchy of the same experts."""
    if known.rows.empty:
        return NotAvailable("nobody judged criteria or systems in pairs")
    rows = _as_hierarchy(known, criteria, systems)
    experts = set(rows["expert"])
    weights = {name: one for name, one in (expert_weights or {}).items() if name in experts}
    tree = {
        criterion: [UNDER.format(criterion=criterion, system=system) for system in systems]
        if criterion in known.judged
        else [criterion]
        for criterion in criteria
    }
    return prioritise_hierarchy(
        rows, hierarchy=tree, goal=SELECTION_MATRIX, expert_weights=weights or None, **how
    )


def _as_hierarchy(known: Sources, criteria: Sequence[str], systems: Sequence[str]) -> pd.DataFrame:
    """Rename matrices and systems, so that each name stands once in the hierarchy.

    Where nobody compared the criteria, every expert is taken to hold them equal.
    """
    goal = known.rows[known.rows["matrix"] == SELECTION_MATRIX]
    parts = [goal if known.criteria_judged else _hold_equal(known.rows, criteria)]
    for criterion in known.judged:
        rows = known.under(criterion)
        rows = rows[rows["row"].isin(systems) & rows["column"].isin(systems)]
        renamed = {
            side: [UNDER.format(criterion=criterion, system=name) for name in rows[side]]
            for side in ("row", "column")
        }
        parts.append(rows.assign(matrix=criterion, **renamed))
    return pd.concat(parts, ignore_index=True)


def _hold_equal(rows: pd.DataFrame, criteria: Sequence[str]) -> pd.DataFrame:
    """Say for every expert that all criteria weigh the same."""
    equal = [
        (expert, SELECTION_MATRIX, first, second, "1")
        for expert in rows["expert"].unique()
        for first, second in combinations(criteria, 2)
    ]
    return pd.DataFrame(equal, columns=["expert", "matrix", "row", "column", "value"])


def _weigh(
    panel: HierarchyResult | NotAvailable,
    kept: Sequence[str],
    dropped: Mapping[str, str],
    criteria_judged: bool,
) -> tuple[pd.Series, str]:
    if isinstance(panel, NotAvailable) or not criteria_judged:
        equal = pd.Series(1 / len(kept), index=list(kept), name="weight")
        return equal, "nobody weighed the criteria: all weigh the same"
    weights = panel.weights.criteria[list(kept)]
    n = len(panel.used)
    said = f"judged in pairs by {n} {'expert' if n == 1 else 'experts'}"
    if dropped:
        said += "; brought back to a sum of 1 without " + ", ".join(dropped)
    return (weights / weights.sum()).rename("weight"), said


def _fill(
    known: Sources,
    kept: Sequence[str],
    systems: Sequence[str],
    panel: HierarchyResult | NotAvailable,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill the matrix, and say of each cell where it is from."""
    values = pd.DataFrame(index=list(systems), columns=list(kept), dtype=float)
    origins = pd.DataFrame(index=list(systems), columns=list(kept), dtype=object)
    for criterion in kept:
        if criterion in known.judged:
            assert isinstance(panel, HierarchyResult)
            values[criterion] = panel.weights.local[criterion].to_numpy()
            origins[criterion] = f"judged in pairs by {_count(len(panel.used), 'expert')}"
        else:
            values[criterion], origins[criterion] = _look_up(known.ratings, criterion, systems)
    return values, origins


def _look_up(
    ratings: Ratings, criterion: str, systems: Sequence[str]
) -> tuple[pd.Series, list[str]]:
    """Take figures, else mean ratings; say by how many each system was rated."""
    rated = ratings.rated.get(criterion, pd.DataFrame(dtype=float)).reindex(columns=list(systems))
    measured = ratings.measured.get(criterion, pd.Series(dtype=float)).reindex(list(systems))
    origins = [
        "measured" if told else f"rated by {_count(n, 'rater')}"
        for told, n in zip(measured.notna(), rated.notna().sum(), strict=True)
    ]
    return measured.fillna(rated.mean()), origins


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
