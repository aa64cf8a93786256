"""What is known of the systems: the table of ratings and figures, and pairwise judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.appraisal import SELECTION_MATRIX, SelectionSpec
from crmstudy.errors import DataError, ModelError, NotAvailable, nearest

COLUMNS = ("system", "criterion", "rater", "value")
#: Names of systems in a matrix of the hierarchy, which may hold each name once.
UNDER = "{criterion}: {system}"


@dataclass(frozen=True, eq=False)
class Ratings:
    """The table ``systems``, laid out.

    Parameters
    ----------
    rated : mapping of str to DataFrame
        By criterion: raters in rows, systems in columns, NaN where one did not rate.
    measured : mapping of str to Series
        By criterion: figures without a rater, by system.
    systems : tuple of str
        Every system with a rating or a figure, sorted.
    """

    rated: Mapping[str, pd.DataFrame]
    measured: Mapping[str, pd.Series]
    systems: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sources:
    """All that is known of the systems, checked against study.yml.

    Parameters
    ----------
    systems : tuple of str
        The systems that are to be compared.
    ratings : Ratings
        The table ``systems``.
    rows : DataFrame
        Judgements on the choice of a system.
    judged : tuple of str
        Criteria under which the systems were compared in pairs.
    """

    systems: tuple[str, ...]
    ratings: Ratings
    rows: pd.DataFrame
    judged: tuple[str, ...]

    @property
    def criteria(self) -> set[str]:
        """The criteria on which something is known of some system."""
        return {*self.judged, *self.ratings.rated, *self.ratings.measured}

    @property
    def criteria_judged(self) -> bool:
        """Whether anybody weighed the criteria."""
        return bool((self.rows["matrix"] == SELECTION_MATRIX).any())

    def under(self, criterion: str) -> pd.DataFrame:
        """Return the judgements of the systems under one criterion."""
        return self.rows[self.rows["matrix"] == f"{SELECTION_MATRIX}.{criterion}"]

    def has(self, system: str, criterion: str) -> bool:
        """Whether something is known of a system on a criterion."""
        if criterion in self.judged:
            return system in set(self.under(criterion)[["row", "column"]].to_numpy().ravel())
        rated, measured = (
            known.get(criterion) for known in (self.ratings.rated, self.ratings.measured)
        )
        return (rated is not None and system in rated) or (
            measured is not None and system in measured
        )


def read_sources(
    spec: SelectionSpec,
    *,
    systems: pd.DataFrame | NotAvailable,
    judgements: pd.DataFrame | NotAvailable,
) -> Sources:
    """Read both tables and hold their names against study.yml.

    Raises
    ------
    ModelError
        If study.yml names no criteria, or nothing is known of any system.
    DataError
        If a name or value is wrong, or a criterion is both judged and rated.
    """
    if not spec.criteria:
        raise ModelError("study.yml names no criteria of a selection (selection: criteria)")
    rows = judged_matrices(judgements)
    ratings = read_ratings(systems, spec=spec)
    names = name_systems(ratings, rows, spec=spec)
    judged = list_judged(rows, spec=spec)
    require_judged_systems(rows, criteria=judged, systems=names)
    for criterion in judged:
        if criterion in ratings.rated or criterion in ratings.measured:
            raise DataError(
                f"criterion {criterion!r} is judged in pairs (matrix {SELECTION_MATRIX}."
                f"{criterion}) and stands in the table systems; keep one of the two"
            )
    return Sources(names, ratings, rows, judged)


def judged_matrices(judgements: pd.DataFrame | NotAvailable) -> pd.DataFrame:
    """Keep the judgements on the choice of a system: matrix ``selection`` and those below it."""
    if isinstance(judgements, NotAvailable):
        return pd.DataFrame(columns=["expert", "matrix", "row", "column", "value"])
    texts = {
        name: judgements[name].astype("str").str.strip()
        for name in ("expert", "matrix", "row", "column")
    }
    matrix = texts["matrix"]
    chosen = (matrix == SELECTION_MATRIX) | matrix.str.startswith(f"{SELECTION_MATRIX}.")
    return judgements.assign(**texts)[chosen.to_numpy(dtype=bool)]


def read_ratings(systems: pd.DataFrame | NotAvailable, *, spec: SelectionSpec) -> Ratings:
    """Check the table ``systems`` against study.yml and lay it out.

    Raises
    ------
    DataError
        If a criterion or a system is unknown, a value is no number or off its scale, one
        rater (or nobody) rates the same twice, or a cell is measured and rated.
    """
    if isinstance(systems, NotAvailable):
        return Ratings({}, {}, ())
    table = _tidy(systems)
    for row in table.to_dict("records"):
        _check_row(row, spec)
    again = table.duplicated(["system", "criterion", "rater"])
    if again.any():
        _refuse(table[again].iloc[0].to_dict(), "a second time", "one value a rater", "keep one")
    rated, measured = {}, {}
    for criterion, rows in table.groupby("criterion", sort=True):
        figures = rows[rows["rater"] == ""].set_index("system")["value"]
        ratings = rows[rows["rater"] != ""]
        both = sorted(set(figures.index) & set(ratings["system"]))
        if both:
            raise DataError(
                f"table systems: {both[0]!r} is both measured (no rater) and rated on "
                f"{criterion!r}; keep one of the two"
            )
        if len(ratings):
            cells = ratings.set_index(["rater", "system"])["value"]
            rated[str(criterion)] = cells.unstack().sort_index()  # noqa: PD010
        if len(figures):
            measured[str(criterion)] = figures.sort_index()
    return Ratings(rated, measured, tuple(sorted(map(str, table["system"].unique()))))


def _tidy(systems: pd.DataFrame) -> pd.DataFrame:
    lacking = [name for name in COLUMNS if name not in systems and name != "rater"]
    if lacking:
        raise DataError(
            f"the table systems lacks {', '.join(lacking)}; it needs system, criterion, "
            "rater (may be empty) and value"
        )
    rater = systems["rater"] if "rater" in systems else pd.Series("", index=systems.index)
    texts = {"system": systems["system"], "criterion": systems["criterion"], "rater": rater}
    return pd.DataFrame(
        {
            **{
                name: values.astype("str").where(values.notna(), "").str.strip()
                for name, values in texts.items()
            },
            "value": pd.to_numeric(systems["value"], errors="coerce").astype(float),
        }
    )


def _check_row(row: Mapping[Any, Any], spec: SelectionSpec) -> None:
    criterion, system = str(row["criterion"]), str(row["system"])
    if criterion not in spec.criteria:
        _refuse(
            row,
            f"criterion {criterion!r}",
            f"one of {', '.join(spec.criteria)}",
            "correct it, or name it in study.yml (selection: criteria)"
            + nearest(criterion, spec.criteria),
        )
    if spec.systems and system not in spec.systems:
        _refuse(
            row,
            f"system {system!r}",
            f"one of {', '.join(spec.systems)}",
            "correct it, or name it in study.yml (selection: systems)"
            + nearest(system, spec.systems),
        )
    low, high = spec.criteria[criterion].bounds
    value = float(row["value"])
    if not np.isfinite(value) or not low <= value <= high:
        allowed = (
            f"a number from {low:g} to {high:g}"
            if np.isfinite(high)
            else (f"a number of at least {low:g}")
        )
        _refuse(
            row, f"{value:g}", allowed, "correct it, or give the criterion a scale in study.yml"
        )


def _refuse(row: Mapping[Any, Any], found: str, allowed: str, remedy: str) -> None:
    rater = f", rater {row['rater']!r}" if row["rater"] else ""
    raise DataError(
        f"table systems, system {row['system']!r}, criterion {row['criterion']!r}{rater}: found "
        f"{found}; allowed: {allowed}; {remedy}"
    )


def name_systems(ratings: Ratings, judged: pd.DataFrame, *, spec: SelectionSpec) -> tuple[str, ...]:
    """Name the systems that are compared: study.yml's, else the table's, else the judged ones."""
    if spec.systems:
        return tuple(spec.systems)
    if ratings.systems:
        return ratings.systems
    below = judged[judged["matrix"] != SELECTION_MATRIX]
    names = sorted({str(name).strip() for name in below[["row", "column"]].to_numpy().ravel()})
    if len(names) < 2:
        raise ModelError("no table systems and no judgements of systems")
    return tuple(names)


def list_judged(judged: pd.DataFrame, *, spec: SelectionSpec) -> tuple[str, ...]:
    """Name the criteria under which systems were compared in pairs, in study.yml's order.

    Raises
    ------
    DataError
        If a matrix names no criterion of study.yml.
    """
    known = [f"{SELECTION_MATRIX}.{name}" for name in spec.criteria]
    matrices = set(judged["matrix"]) - {SELECTION_MATRIX}
    for matrix in sorted(matrices):
        if matrix not in known:
            raise DataError(
                f"judgements: matrix {matrix!r} is unknown; allowed: "
                f"{', '.join([SELECTION_MATRIX, *known])}{nearest(matrix, known)}"
            )
    return tuple(name for name in spec.criteria if f"{SELECTION_MATRIX}.{name}" in matrices)


def require_judged_systems(
    judged: pd.DataFrame, *, criteria: Sequence[str], systems: Sequence[str]
) -> None:
    """Refuse judgements of a system that is not compared.

    Raises
    ------
    DataError
        If a row or a column names one; with the nearest name.
    """
    for criterion in criteria:
        matrix = f"{SELECTION_MATRIX}.{criterion}"
        for row in judged[judged["matrix"] == matrix].to_dict("records"):
            for side in ("row", "column"):
                name = str(row[side]).strip()
                if name not in systems:
                    raise DataError(
                        f"judgements, expert {row['expert']!r}, matrix {matrix!r}, {side}: found "
                        f"system {name!r}; allowed: {', '.join(systems)}; correct it, or add the "
                        f"system to the table systems{nearest(name, systems)}"
                    )
