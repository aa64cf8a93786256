"""Expert judgements: from the long table to positive reciprocal matrices, or a refusal.

A judgement ``a_ij`` says how many times ``i`` outweighs ``j``, on Saaty's scale from
1/9 to 9. The long table has one row per pair; the other half of a matrix is its reciprocal.
Pairs that an expert left open are filled in (see ``completion``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.appraisal import SELECTION_MATRIX
from crmstudy.errors import DataError, JudgementError, nearest, passes_absence
from crmstudy.evaluation.judgements.completion import Completion, complete_matrices
from crmstudy.evaluation.judgements.faults import (
    RECIPROCITY_TOLERANCE_TYPED,
    SCALE_HIGHEST,
    SCALE_LOWEST,
    JudgementFault,
    find_cell_faults,
    find_conflict_faults,
    find_direction_faults,
    find_link_faults,
    find_missing_faults,
    refuse_faults,
)
from crmstudy.evaluation.judgements.panel import JudgementPanel
from crmstudy.evaluation.require import require_choice

__all__ = [
    "RECIPROCITY_TOLERANCE_TYPED",
    "SCALE_HIGHEST",
    "SCALE_LOWEST",
    "JudgementFault",
    "JudgementPanel",
    "OpenPairs",
    "read_judgements",
    "read_panel",
    "read_panels",
]

COLUMNS = ("expert", "matrix", "row", "column", "value")

#: What becomes of pairs that were left open: filled in by one of two rules, or refused.
OpenPairs = Literal[Completion, "refuse"]

#: Signs in other scripts that stand for those of a number or a fraction.
PLAIN_SIGNS = str.maketrans("０１２３４５６７８９．，,／⁄", "0123456789...//")


@passes_absence
def read_judgements(
    judgements_long: pd.DataFrame,
    *,
    matrix: str,
    expert: str | None = None,
    open_pairs: OpenPairs = "eigenvalue",
) -> pd.DataFrame:
    """Build one expert's judgement matrix from the long table.

    Parameters
    ----------
    judgements_long : DataFrame
        Columns expert, matrix, row, column, value. One row per pair suffices; a value
        is a number or a fraction in text such as ``"1/3"``. Where both directions of a
        pair are given, the larger counts and the other is its exact reciprocal.
    matrix : str
        Which matrix: ``"criteria"``, or a criterion for the matrix of its indicators.
    expert : str, optional
        Whose judgements; may be left out when the matrix was judged by one expert only.
    open_pairs : {"eigenvalue", "log_least_squares", "refuse"}
        What becomes of pairs that were not judged: see :func:`complete_matrices`.

    Returns
    -------
    DataFrame of shape (n, n)
        Positive reciprocal, names in order of first appearance.

    Raises
    ------
    JudgementError
        Conflicting duplicates, values that are no number, not positive or off Saaty's
        scale, a pair whose two directions are not reciprocal, judgements that do not link
        all names. All faults are listed, each with expert, matrix, row, column, found,
        allowed and remedy.
    """
    experts = _experts(_tidy(judgements_long), matrix)
    if expert is None and len(experts) > 1:
        raise JudgementError(
            f"matrix {matrix!r} was judged by {len(experts)} experts ({', '.join(experts)}); "
            "say which one with expert="
        )
    chosen = experts[0] if expert is None else expert
    panel = read_panel(judgements_long, matrix=matrix, experts=[chosen], open_pairs=open_pairs)
    return panel.of(chosen)


@passes_absence
def read_panel(
    judgements_long: pd.DataFrame,
    *,
    matrix: str,
    names: Sequence[str] | None = None,
    experts: Sequence[str] | None = None,
    open_pairs: OpenPairs = "eigenvalue",
) -> JudgementPanel:
    """Build the matrices of a whole panel of experts.

    Parameters
    ----------
    judgements_long : DataFrame
        As for :func:`read_judgements`.
    matrix : str
        Which matrix.
    names : sequence of str, optional
        What had to be judged, in the order wanted. Without it the first expert's names
        are the rule for all.
    experts : sequence of str, optional
        Who had to judge. Without it everybody who judged this matrix.
    open_pairs
        As for :func:`read_judgements`.

    Raises
    ------
    JudgementError
        As for :func:`read_judgements`; also names that differ between experts, and an
        expert who did not judge this matrix.
    """
    table = _tidy(judgements_long)
    known = _experts(table, matrix)
    chosen = tuple(known if experts is None else map(str, experts))
    absent = sorted(set(chosen) - set(known))
    if absent:
        raise JudgementError(
            f"expert {absent[0]!r} did not judge matrix {matrix!r}; "
            f"judged by: {', '.join(known)}{nearest(absent[0], known)}"
        )
    panel, faults = _build(table, matrix, names, chosen, open_pairs)
    refuse_faults(faults)
    return panel


@passes_absence
def read_panels(
    judgements_long: pd.DataFrame,
    *,
    names: Mapping[str, Sequence[str]],
    open_pairs: OpenPairs = "eigenvalue",
) -> dict[str, JudgementPanel]:
    """Build every matrix of a hierarchy; each expert must have judged them all.

    Parameters
    ----------
    judgements_long : DataFrame
        As for :func:`read_judgements`. Matrices on the choice of a CRM system (those called
        ``selection`` and ``selection.<criterion>``) are passed over unless ``names`` asks
        for some of them; then the others are.
    names : mapping of str to sequence of str
        For each matrix what is judged in it. A matrix of one name needs no judgements
        and is left out of the answer.
    open_pairs
        As for :func:`read_judgements`.

    Raises
    ------
    JudgementError
        As for :func:`read_panel`, the faults of all matrices in one list; also for a
        matrix that is not in ``names``.
    """
    table = _tidy(judgements_long)
    about_choice = {_is_choice(matrix) for matrix in names}
    table = table[table["matrix"].map(_is_choice).isin(about_choice)]
    present = [str(matrix) for matrix in table["matrix"].unique()]
    _refuse_unknown(present, names)
    experts = tuple(str(expert) for expert in table["expert"].unique())
    wanted = [matrix for matrix in names if len(names[matrix]) > 1 or matrix in present]
    if wanted and not present:
        _experts(table, wanted[0])
    panels: dict[str, JudgementPanel] = {}
    faults: list[JudgementFault | str] = []
    for matrix in wanted:
        judged = set(table.loc[table["matrix"] == matrix, "expert"])
        faults += [_not_judged(expert, matrix) for expert in experts if expert not in judged]
        rest = [expert for expert in experts if expert in judged]
        if rest:
            panels[matrix], more = _build(table, matrix, names[matrix], rest, open_pairs)
            faults += more
    refuse_faults(faults)
    return panels


def _refuse_unknown(present: Iterable[str], names: Mapping[str, Sequence[str]]) -> None:
    lines = [
        f"matrix {matrix!r} is not in the hierarchy; "
        f"allowed: {', '.join(names)}{nearest(matrix, names)}"
        for matrix in present
        if matrix not in names
    ]
    if lines:
        raise JudgementError("\n".join(lines))


def _is_choice(matrix: str) -> bool:
    """Whether a matrix is about the choice of a CRM system."""
    return matrix == SELECTION_MATRIX or matrix.startswith(f"{SELECTION_MATRIX}.")


def _not_judged(expert: str, matrix: str) -> str:
    return (
        f"expert {expert!r} did not judge matrix {matrix!r}; allowed: every matrix judged by "
        "every expert; add the judgements, or take the expert out of the other matrices"
    )


def _build(
    table: pd.DataFrame,
    matrix: str,
    names: Sequence[str] | None,
    experts: Sequence[str],
    open_pairs: OpenPairs,
) -> tuple[JudgementPanel, list[JudgementFault]]:
    """Build one panel, and list what is wrong with it; a faulty one has no values."""
    require_choice(open_pairs, OpenPairs, "open_pairs")
    experts = tuple(experts)
    frame = table[table["matrix"].eq(matrix) & table["expert"].isin(experts)]
    frame = frame.assign(value=_parse(frame["typed"]))
    wanted = tuple(map(str, names)) if names is not None else _first_names(frame)
    faults = list(find_cell_faults(frame, matrix, wanted))
    if not faults:
        given, conflicts = _scatter(frame, experts, wanted)
        look = find_missing_faults if open_pairs == "refuse" else find_link_faults
        faults = [
            *find_conflict_faults(conflicts, matrix),
            *find_direction_faults(given, matrix, experts, wanted),
            *look(given, matrix, experts, wanted),
        ]
    if faults:
        return JudgementPanel(matrix, experts, wanted, np.empty((0, 0, 0))), faults
    method: Completion = "eigenvalue" if open_pairs == "refuse" else open_pairs
    values, filled = complete_matrices(_mirror(given), method=method)
    return JudgementPanel(matrix, experts, wanted, values, filled), []


def _tidy(judgements_long: pd.DataFrame) -> pd.DataFrame:
    """Take the five columns, names as stripped text, values as they were typed."""
    missing = [column for column in COLUMNS if column not in judgements_long.columns]
    if missing:
        raise DataError(
            f"the table of judgements lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
        )
    table = judgements_long[list(COLUMNS)].rename(columns={"value": "typed"})
    return table.assign(**{c: table[c].astype(str).str.strip() for c in COLUMNS[:-1]})


def _experts(table: pd.DataFrame, matrix: str) -> list[str]:
    """List who judged a matrix, in order of appearance."""
    experts = [str(expert) for expert in table.loc[table["matrix"] == matrix, "expert"].unique()]
    if not experts:
        known = [str(name) for name in table["matrix"].unique()]
        raise JudgementError(
            f"no judgements on matrix {matrix!r}; there are judgements on: "
            f"{', '.join(known) or 'nothing'}{nearest(matrix, known)}"
        )
    return experts


def _parse(typed: pd.Series) -> np.ndarray:
    """Turn numbers and fractions in text into floats; what is neither becomes NaN."""
    numbers = pd.to_numeric(typed, errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    text = typed[np.isnan(numbers)].astype("string").str.translate(PLAIN_SIGNS)
    parts = text.str.extract(r"^\s*([\d.]+)\s*(?:/\s*([\d.]+)\s*)?$")
    above, below = (
        pd.to_numeric(parts[side], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        for side in (0, 1)
    )
    below = np.where(parts[1].isna(), 1.0, below)
    numbers[np.isnan(numbers)] = np.divide(
        above, below, out=np.full(len(parts), np.nan), where=below > 0
    )
    return numbers


def _first_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """Names the first expert judged, in order of first appearance."""
    first = frame[frame["expert"] == frame["expert"].iloc[0]]
    pairs = first[["row", "column"]].to_numpy(dtype=object)
    return tuple(dict.fromkeys(pairs.ravel()))


def _scatter(
    frame: pd.DataFrame, experts: Sequence[str], names: Sequence[str]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Lay the rows out as matrices, NaN where nothing was said; return conflicting repeats."""
    keys = ["expert", "row", "column"]
    spread = frame.groupby(keys, sort=False)["value"].agg(["min", "max"]).reset_index()
    given = np.full((len(experts), len(names), len(names)), np.nan)
    at = [
        pd.Index(known).get_indexer(pd.Index(spread[key]))
        for key, known in zip(keys, (experts, names, names), strict=True)
    ]
    given[tuple(at)] = spread["min"]
    diagonal = np.arange(len(names))
    given[:, diagonal, diagonal] = 1.0
    return given, spread[spread["min"] != spread["max"]]


def _mirror(given: np.ndarray) -> np.ndarray:
    """Fill in reciprocals; of two directions the larger counts."""
    mirrored = given.swapaxes(1, 2)
    upper = np.triu(np.ones(given.shape[1:], dtype=bool), 1)
    larger = (given > mirrored) | ((given == mirrored) & upper)
    values = np.where(np.isnan(mirrored) | larger, given, 1 / mirrored)
    diagonal = np.arange(given.shape[1])
    values[:, diagonal, diagonal] = 1.0
    return values
