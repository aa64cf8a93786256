"""Advice to a panel: which expert should look at which judgement again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.evaluation.judgements.panel import JudgementPanel
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import AhpResult, prioritise, prioritise_many
from crmstudy.evaluation.priorities.kernels import Method
from crmstudy.evaluation.priorities.repairs import ADVICE_COLUMNS, RepairAdvice, advise_repairs
from crmstudy.evaluation.priorities.triads import TRIAD_COLUMNS, TriadAnalysis, find_triads

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class PanelAdvice:
    """What to ask which expert again.

    Parameters
    ----------
    n_matrices : int
        Matrices of three names or more, of all experts.
    cr_limit : float
        Limit of the consistency ratio.
    repairs : mapping of (expert, matrix) to RepairAdvice
        For every matrix over the limit, the largest ratio first.
    triads : mapping of (expert, matrix) to TriadAnalysis
        Of the same matrices.
    """

    n_matrices: int
    cr_limit: float
    repairs: Mapping[tuple[str, str], RepairAdvice]
    triads: Mapping[tuple[str, str], TriadAnalysis]

    def table(self) -> pd.DataFrame:
        """One row an inconsistent matrix: expert, matrix, the advice, changes needed."""
        rows = [
            {
                "expert": expert,
                "matrix": matrix,
                **advice.best.iloc[0].to_dict(),
                "pairs that would do": len(advice.mildest),
                "changes needed": len(advice.path) if advice.reached else None,
            }
            for (expert, matrix), advice in self.repairs.items()
            if len(advice.best)
        ]
        columns = ["expert", "matrix", *ADVICE_COLUMNS, "pairs that would do", "changes needed"]
        return pd.DataFrame(rows, columns=columns).astype({"changes needed": "Int64"})

    def option_table(self) -> pd.DataFrame:
        """One row a judgement that alone would bring its matrix under the limit.

        Columns expert, matrix and those of the advice, each with the mildest value that
        does it. A matrix that no single change repairs has no row.
        """
        parts = {key: advice.mildest for key, advice in self.repairs.items()}
        return _join(parts, columns=ADVICE_COLUMNS)

    def triad_table(self) -> pd.DataFrame:
        """One row an inconsistent matrix: expert, matrix, its most inconsistent triad."""
        parts = {key: one.triads.head(1) for key, one in self.triads.items()}
        return _join(parts, columns=TRIAD_COLUMNS)

    def to_metrics(self) -> dict[str, float]:
        """Matrices looked at, those over the limit, those that one change repairs."""
        repaired = [
            advice for advice in self.repairs.values() if len(advice.path) == 1 and advice.reached
        ]
        return {
            "n_matrices": self.n_matrices,
            "n_matrices_over_limit": len(self.repairs),
            "n_repaired_by_one_change": len(repaired),
        }


@passes_absence
def advise_panel(
    panels: Mapping[str, JudgementPanel],
    *,
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
    cr_limit: float = 0.10,
) -> PanelAdvice:
    """Find each expert's contradictions, and the judgement that would repair them.

    A pair that an expert left open and that was filled in is never advised on.

    Parameters
    ----------
    panels : mapping of str to JudgementPanel
        All experts' judgements by matrix, as ``prioritise_hierarchy`` keeps them.
    random_index, method, cr_limit
        As for ``prioritise_hierarchy``.

    Raises
    ------
    ModelError
        If a matrix is larger than the table of random indices.
    """
    over = {
        (expert, panel.matrix): prioritise(
            panel.of(expert),
            random_index=random_index.lessened(float(share)),
            method=method,
            cr_limit=cr_limit,
        )
        for panel in panels.values()
        for expert, share in _find_over(panel, random_index, method, cr_limit)
    }
    worst = sorted(over, key=lambda key: (-round(over[key].cr, 12), *key))
    return PanelAdvice(
        n_matrices=sum(len(one.experts) for one in panels.values() if len(one.names) > 2),
        cr_limit=cr_limit,
        repairs={
            key: advise_repairs(over[key], cr_limit=cr_limit, filled=_find_filled(panels, *key))
            for key in worst
        },
        triads={key: find_triads(over[key]) for key in worst},
    )


def _join(
    frames: Mapping[tuple[str, str], pd.DataFrame], *, columns: Sequence[str]
) -> pd.DataFrame:
    """Put frames under each other, expert and matrix before their columns."""
    parts = [
        one.assign(expert=expert, matrix=matrix)
        for (expert, matrix), one in frames.items()
        if len(one)
    ]
    wanted = ["expert", "matrix", *columns]
    return pd.concat(parts, ignore_index=True)[wanted] if parts else pd.DataFrame(columns=wanted)


def _find_filled(
    panels: Mapping[str, JudgementPanel], expert: str, matrix: str
) -> np.ndarray | None:
    panel = panels[matrix]
    return None if panel.filled is None else panel.filled[panel.experts.index(expert)]


@passes_absence
def find_matrix(matrices: Mapping[str, Result], name: str) -> Result:
    """Take the result of one matrix of a panel.

    Parameters
    ----------
    matrices : mapping of str to result
        Crisp or fuzzy priorities by matrix.
    name : str
        Name of the matrix wanted.

    Raises
    ------
    ModelError
        If nothing was compared under this name, as where one criterion stands alone.
    """
    if name not in matrices:
        raise ModelError(
            f"nothing was compared in matrix {name!r}: what stands alone weighs 1; compared: "
            f"{', '.join(matrices) or 'nothing'}"
        )
    return matrices[name]


@passes_absence
def find_least_consistent(matrices: Mapping[str, AhpResult]) -> AhpResult:
    """Choose the matrix with the largest consistency ratio; of equals the larger, the first.

    Parameters
    ----------
    matrices : mapping of str to AhpResult
        At least one.
    """
    return max(matrices.values(), key=lambda one: (round(one.cr, 12), len(one.weights)))


def _find_over(
    panel: JudgementPanel, random_index: RandomIndex, method: Method, cr_limit: float
) -> list[tuple[str, float]]:
    """Name the experts whose ratio is at the limit or over it, with the random index's share."""
    found = prioritise_many(panel.values, random_index=random_index, method=method).cr
    ratios = panel.correct_ratios(found)
    each = zip(panel.experts, ratios.tolist(), panel.random_index_share.tolist(), strict=True)
    return [(expert, share) for expert, ratio, share in each if ratio >= cr_limit]
