"""Expert judgements: from the long table to positive reciprocal matrices, or a refusal.

A judgement ``a_ij`` says how many times ``i`` outweighs ``j``, on Saaty's scale from
1/9 to 9. The long table has one row per pair; the other half of a matrix is its reciprocal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, JudgementError, nearest, passes_absence

COLUMNS = ("expert", "matrix", "row", "column", "value")

# 1/9 is often typed as 0.11, and 1/8 as 0.12 or 0.13: two decimals are let pass.
SCALE_LOWEST, SCALE_HIGHEST = 1 / 9 - 0.005, 9.0
RECIPROCITY_TOLERANCE_TYPED = 0.05

SHOWN_FAULTS = 20


@dataclass(frozen=True)
class JudgementFault:
    """One thing wrong in the table of judgements, with where it stands and what to do."""

    expert: str
    matrix: str
    row: str
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        pair = f", row {self.row!r}, column {self.column!r}" if self.row else ""
        return (
            f"expert {self.expert!r}, matrix {self.matrix!r}{pair}: found {self.found}; "
            f"allowed: {self.allowed}; {self.remedy}"
        )


@dataclass(frozen=True, eq=False)
class JudgementPanel:
    """All experts' judgements on one matrix.

    Parameters
    ----------
    matrix : str
        Name of the matrix.
    experts, names : tuple of str
        Who judged, and what was judged.
    values : ndarray of shape (n_experts, n_names, n_names)
        Positive reciprocal matrices in the order of ``experts``.
    """

    matrix: str
    experts: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray

    def of(self, expert: str) -> pd.DataFrame:
        """Return one expert's matrix with its names."""
        values = self.values[self.experts.index(expert)]
        return pd.DataFrame(values, index=list(self.names), columns=list(self.names))


@passes_absence
def read_judgements(
    judgements_long: pd.DataFrame, *, matrix: str, expert: str | None = None
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

    Returns
    -------
    DataFrame of shape (n, n)
        Positive reciprocal, names in order of first appearance.

    Raises
    ------
    JudgementError
        Conflicting duplicates, missing pairs, values that are no number, not positive or
        off Saaty's scale, a pair whose two directions are not reciprocal. All faults are
        listed, each with expert, matrix, row, column, found, allowed and remedy.
    """
    experts = _experts(_tidy(judgements_long), matrix)
    if expert is None and len(experts) > 1:
        raise JudgementError(
            f"matrix {matrix!r} was judged by {len(experts)} experts ({', '.join(experts)}); "
            "say which one with expert="
        )
    chosen = experts[0] if expert is None else expert
    return read_panel(judgements_long, matrix=matrix, experts=[chosen]).of(chosen)


@passes_absence
def read_panel(
    judgements_long: pd.DataFrame,
    *,
    matrix: str,
    names: Sequence[str] | None = None,
    experts: Sequence[str] | None = None,
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
    frame = table[table["matrix"].eq(matrix) & table["expert"].isin(chosen)]
    frame = frame.assign(value=_parse(frame["typed"]))
    wanted = tuple(map(str, names)) if names is not None else _first_names(frame)
    faults = list(_cell_faults(frame, matrix, wanted))
    if not faults:
        given, conflicts = _scatter(frame, chosen, wanted)
        faults = [
            *_conflict_faults(conflicts, matrix),
            *_pair_faults(given, matrix, chosen, wanted),
        ]
    if faults:
        raise JudgementError(_list_faults(faults))
    return JudgementPanel(matrix, chosen, wanted, _complete(given))


@passes_absence
def read_panels(
    judgements_long: pd.DataFrame, *, names: Mapping[str, Sequence[str]]
) -> dict[str, JudgementPanel]:
    """Build every matrix of a hierarchy; each expert must have judged them all.

    Parameters
    ----------
    judgements_long : DataFrame
        As for :func:`read_judgements`.
    names : mapping of str to sequence of str
        For each matrix what is judged in it. A matrix of one name needs no judgements
        and is left out of the answer.

    Raises
    ------
    JudgementError
        As for :func:`read_panel`; also for a matrix that is not in ``names``.
    """
    table = _tidy(judgements_long)
    present = [str(matrix) for matrix in table["matrix"].unique()]
    for matrix in present:
        if matrix not in names:
            raise JudgementError(
                f"matrix {matrix!r} is not in the hierarchy; "
                f"allowed: {', '.join(names)}{nearest(matrix, names)}"
            )
    experts = [str(expert) for expert in table["expert"].unique()]
    wanted = [matrix for matrix in names if len(names[matrix]) > 1 or matrix in present]
    return {
        matrix: read_panel(judgements_long, matrix=matrix, names=names[matrix], experts=experts)
        for matrix in wanted
    }


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
    text = typed[np.isnan(numbers)].astype("string").str.replace("／", "/")
    parts = text.str.extract(r"^\s*([\d.]+)\s*/\s*([\d.]+)\s*$")
    above, below = (
        pd.to_numeric(parts[side], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        for side in (0, 1)
    )
    numbers[np.isnan(numbers)] = np.divide(
        above, below, out=np.full(len(parts), np.nan), where=below > 0
    )
    return numbers


def _first_names(frame: pd.DataFrame) -> tuple[str, ...]:
    """Names the first expert judged, in order of first appearance."""
    first = frame[frame["expert"] == frame["expert"].iloc[0]]
    pairs = first[["row", "column"]].to_numpy(dtype=object)
    return tuple(dict.fromkeys(pairs.ravel()))


def _cell_faults(
    frame: pd.DataFrame, matrix: str, names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find what is wrong with single rows: names, numbers, range, diagonal."""
    value = frame["value"].to_numpy()
    diagonal = (frame["row"] == frame["column"]).to_numpy()
    good = (value >= SCALE_LOWEST) & (value <= SCALE_HIGHEST) & ~(diagonal & (value != 1))
    good &= frame[["row", "column"]].isin(list(names)).all(axis=1).to_numpy()
    for row in frame[~good].itertuples():
        found, allowed, remedy = _explain_cell(row, names)
        yield JudgementFault(row.expert, matrix, row.row, row.column, found, allowed, remedy)


def _explain_cell(row: Any, names: Sequence[str]) -> tuple[str, str, str]:
    for name in (row.row, row.column):
        if name not in names:
            hint = nearest(name, names).removeprefix("; ")
            return f"name {name!r}", ", ".join(names), hint or "correct the name"
    if pd.isna(row.typed):
        return "nothing", "a number or a fraction such as 1/3", "fill in the judgement"
    found = repr(row.typed) if isinstance(row.typed, str) else f"{row.value:g}"
    if np.isnan(row.value):
        return found, "a number or a fraction such as 1/3", "correct the judgement"
    if row.value <= 0:
        return found, "a positive number", "write the reciprocal (1/3) where j outweighs i"
    if row.row == row.column:
        return found, "1 on the diagonal", "leave the row out"
    return found, "Saaty's scale from 1/9 to 9", "judge the pair again on that scale"


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
    return given, spread[spread["min"] != spread["max"]]


def _conflict_faults(conflicts: pd.DataFrame, matrix: str) -> Iterator[JudgementFault]:
    for row in conflicts.to_dict("records"):
        yield JudgementFault(
            row["expert"],
            matrix,
            row["row"],
            row["column"],
            f"{row['min']:g} and {row['max']:g}",
            "one judgement a pair",
            "keep one of the two",
        )


def _pair_faults(
    given: np.ndarray, matrix: str, experts: Sequence[str], names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find pairs nobody judged, and pairs whose two directions contradict each other."""
    mirrored = given.swapaxes(1, 2)
    upper = np.triu(np.ones(given.shape[1:], dtype=bool), 1)
    missing = np.isnan(given) & np.isnan(mirrored) & upper
    # NaN compares false, so only pairs with both directions can be off.
    off = (np.abs(given * mirrored - 1) > RECIPROCITY_TOLERANCE_TYPED) & upper
    for at, i, j in np.argwhere(missing | off):
        forth, back = given[at, i, j], given[at, j, i]
        found = "no judgement" if np.isnan(forth) else f"{forth:g} against {back:g}"
        allowed = "one judgement a pair" if np.isnan(forth) else "reciprocals, such as 3 and 1/3"
        remedy = (
            f"add the judgement of {names[i]!r} against {names[j]!r}"
            if np.isnan(forth)
            else "keep one of the two"
        )
        yield JudgementFault(experts[at], matrix, names[i], names[j], found, allowed, remedy)


def _complete(given: np.ndarray) -> np.ndarray:
    """Fill in reciprocals; of two directions the larger counts."""
    mirrored = given.swapaxes(1, 2)
    upper = np.triu(np.ones(given.shape[1:], dtype=bool), 1)
    larger = (given > mirrored) | ((given == mirrored) & upper)
    values = np.where(np.isnan(mirrored) | larger, given, 1 / mirrored)
    diagonal = np.arange(given.shape[1])
    values[:, diagonal, diagonal] = 1.0
    return values


def _list_faults(faults: Sequence[JudgementFault]) -> str:
    lines = [str(fault) for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"... and {len(faults) - SHOWN_FAULTS} more")
    return "\n".join(lines)
