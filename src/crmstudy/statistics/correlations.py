"""Variables fit to be correlated: complete rows, no constant, none determined by others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError

Matrix = npt.NDArray[np.float64]

KNOWN_SHARE = 0.8  # of the rows; a variable known for fewer would cost too many of them
REDUNDANT = 0.99  # squared multiple correlation with earlier variables: a hundredfold variance
LEFT_OUT = ("variable", "reason", "determined_by", "r_squared", "share_known")


@dataclass(frozen=True)
class Correlations:
    """Correlations of the variables that can be analysed together.

    Parameters
    ----------
    matrix : DataFrame of shape (n_variables, n_variables)
        Pearson correlations of the complete rows.
    mean, sd : Series
        Of each variable (denominator ``n - 1``).
    values : DataFrame
        The complete rows, in the order given.
    left_out : DataFrame
        One row a variable that was left out: ``variable``, ``reason``, ``determined_by``
        (names, empty unless it is redundant), ``r_squared`` (with them), ``share_known``.
    n_left_out : int
        Rows left out for a missing value.
    """

    matrix: pd.DataFrame
    mean: pd.Series
    sd: pd.Series
    values: pd.DataFrame
    left_out: pd.DataFrame
    n_left_out: int

    @property
    def n(self) -> int:
        """Complete rows."""
        return len(self.values)

    @property
    def variables(self) -> list[str]:
        """Names of the variables kept, in the order given."""
        return _names(self.matrix)


def correlate(frame: pd.DataFrame, *, drop_redundant: bool = True) -> Correlations:
    """Correlate numeric columns and leave out, with the reason, what cannot be used.

    A variable known for less than 80% of the rows is left out, then the rows that
    still have a gap, then a variable equal in all of them. Last, of variables that
    determine one another the one given last is left out: one whose squared multiple
    correlation with those kept before it is .99 or more.

    Parameters
    ----------
    frame : DataFrame
        Numbers, one row a case.
    drop_redundant : bool
        Whether to leave out variables that others determine.

    Raises
    ------
    DataError
        If a name stands twice, or a column is not numeric or infinite.
    ModelError
        If fewer than two variables or three complete rows remain.
    """
    numbers = _as_numbers(frame)
    known = {name: float(numbers[name].notna().mean()) for name in _names(numbers)}
    rare = [name for name in known if known[name] < KNOWN_SHARE]
    values = numbers.drop(columns=rare).dropna()
    constant = [n for n in _names(values) if values[n].min() == values[n].max()]
    values = values.drop(columns=constant)
    _require_enough(values)
    matrix, mean, sd = _correlate_sorted(values)
    redundant = _find_redundant(matrix) if drop_redundant else {}
    kept = [name for name in _names(values) if name not in redundant]
    rows: list[tuple[str, str, str, float, float]] = [
        *((name, "known for too few", "", np.nan, known[name]) for name in rare),
        *((name, "equal for all", "", np.nan, known[name]) for name in constant),
        *(
            (name, "determined by others", ", ".join(by), r_squared, known[name])
            for name, (by, r_squared) in redundant.items()
        ),
    ]
    return Correlations(
        matrix=matrix.loc[kept, kept],
        mean=mean.loc[kept],
        sd=sd.loc[kept],
        values=values[kept],
        left_out=pd.DataFrame(rows, columns=list(LEFT_OUT)),
        n_left_out=len(numbers) - len(values),
    )


def squared_multiple_correlations(matrix: Matrix) -> Matrix:
    """Share of each variable's variance that all others explain (Guttman 1953)."""
    return 1.0 - 1.0 / np.diag(np.linalg.inv(matrix))


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"the variable {twice!r} stands twice; give each column a name of its own")
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(
                f"the variable {name!r} is {frame[name].dtype}, not a number; leave it out"
            )
    numbers = frame.astype("float64").rename(columns=str)
    for name in numbers.columns[np.isinf(numbers.to_numpy()).any(axis=0)]:
        raise DataError(f"the variable {name!r} holds an infinite value")
    return numbers


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def _require_enough(values: pd.DataFrame) -> None:
    if len(values) < 3 or values.shape[1] < 2:
        raise ModelError(
            "correlations need two variables that vary and three complete rows; variables: "
            f"{values.shape[1]}, complete rows: {len(values):,}"
        )


def _correlate_sorted(values: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    # Sorted rows and one thread: sums come out equal to the last bit in any order of the rows.
    from crmstudy.statistics.threads import hold_one_thread

    array = values.to_numpy()
    array = array[np.lexsort(array.T)]
    mean = array.mean(axis=0)
    sd = array.std(axis=0, ddof=1)
    standard = (array - mean) / sd
    with hold_one_thread():
        matrix = standard.T @ standard / (len(array) - 1)
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    names = values.columns
    frame = pd.DataFrame(matrix, index=names, columns=names)
    return frame, pd.Series(mean, index=names), pd.Series(sd, index=names)


def _find_redundant(matrix: pd.DataFrame) -> dict[str, tuple[list[str], float]]:
    """Find the variables that those before them determine, and by which of them."""
    kept: list[str] = []
    redundant: dict[str, tuple[list[str], float]] = {}
    for name in _names(matrix):
        if kept and _explained(matrix, name, kept) >= REDUNDANT:
            by = _fewest(matrix, name, kept)
            redundant[name] = (by, min(_explained(matrix, name, by), 1.0))
        else:
            kept.append(name)
    return redundant


def _explained(matrix: pd.DataFrame, name: str, by: list[str]) -> float:
    cross = matrix.loc[by, name].to_numpy()
    return float(cross @ np.linalg.solve(matrix.loc[by, by].to_numpy(), cross))


def _fewest(matrix: pd.DataFrame, name: str, by: list[str]) -> list[str]:
    """Drop the least useful determinant as long as the rest still determines."""
    while len(by) > 1:
        shares = {one: _explained(matrix, name, [b for b in by if b != one]) for one in by}
        least = max(by, key=lambda one: shares[one])
        if shares[least] < REDUNDANT:
            break
        by = [b for b in by if b != least]
    return by
