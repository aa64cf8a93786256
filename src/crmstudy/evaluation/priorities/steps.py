"""Every step from the judgements to the consistency ratio, as tables to be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import AhpResult, prioritise
from crmstudy.evaluation.priorities.kernels import Method

# Three decimals stand still when no weight moves by more than this.
SETTLED = 5e-5
MOST_ITERATIONS = 50


@dataclass(frozen=True, eq=False)
class Steps:
    """Tables of one matrix, in the order in which they are computed.

    Parameters
    ----------
    result : AhpResult
        What the steps lead to.
    judgements : DataFrame
        name, one column a name, and a last row with the sums of the columns.
    normalised : DataFrame
        Each judgement over the sum of its column; row sum; mean (the column-mean weight).
    roots : DataFrame
        name, row product, root (its n-th root), geometric-mean weight.
    iterations : DataFrame
        step, one column a name: row sums brought to a sum of 1, then each vector
        multiplied by the matrix and brought to a sum of 1; largest change; estimate of
        lambda max.
    weights : DataFrame
        name, and the weight by eigenvector, geometric mean, column mean.
    products : DataFrame
        name, weight (of the result's method), A w, A w / w, and a last row with the mean.
    consistency : DataFrame
        quantity, how it is found, statistic: from n to the consistency ratio.
    """

    result: AhpResult
    judgements: pd.DataFrame
    normalised: pd.DataFrame
    roots: pd.DataFrame
    iterations: pd.DataFrame
    weights: pd.DataFrame
    products: pd.DataFrame
    consistency: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by what they show, in their order."""
        return {
            "judgements": self.judgements,
            "normalised judgements": self.normalised,
            "geometric means": self.roots,
            "power iteration": self.iterations,
            "weights": self.weights,
            "products": self.products,
            "consistency": self.consistency,
        }

    def table(self) -> pd.DataFrame:
        """The last step: from n to the consistency ratio."""
        return self.consistency

    def to_metrics(self) -> dict[str, float]:
        """Numbers of the result the steps lead to."""
        return self.result.to_metrics()


@passes_absence
def show_steps(
    judged: AhpResult | pd.DataFrame,
    *,
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
) -> Steps:
    """Lay open every step from a judgement matrix to its weights and consistency.

    Parameters
    ----------
    judged : AhpResult or DataFrame
        A result, whose method and random index are then used; or a positive reciprocal
        matrix.
    random_index, method
        Used for a matrix only.

    Raises
    ------
    JudgementError
        As for :func:`~crmstudy.evaluation.priorities.derive.prioritise`.
    """
    result = (
        judged
        if isinstance(judged, AhpResult)
        else prioritise(judged, random_index=random_index, method=method)
    )
    matrix = result.judgements
    means, roots = _normalise(matrix), _take_roots(matrix)
    eigen = prioritise(matrix, random_index=result.random_index).weights
    names = list(matrix.index)
    return Steps(
        result=result,
        judgements=_name_rows(_add_sums(matrix)),
        normalised=means,
        roots=roots,
        iterations=_iterate(matrix),
        weights=pd.DataFrame(
            {
                "name": names,
                "eigenvector": eigen.to_numpy(),
                "geometric mean": roots["geometric-mean weight"].to_numpy(),
                "column mean": means["mean"].to_numpy()[: len(names)],
            }
        ),
        products=_multiply(result),
        consistency=_ratio_steps(result),
    )


def _add_sums(matrix: pd.DataFrame) -> pd.DataFrame:
    sums = pd.DataFrame([matrix.sum().to_numpy()], index=["sum"], columns=matrix.columns)
    return pd.concat([matrix, sums])


def _name_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the row names into a column of their own, safe from names that repeat one."""
    named = frame.copy()
    named.insert(0, "name", list(frame.index), allow_duplicates=True)
    return named.reset_index(drop=True)


def _normalise(matrix: pd.DataFrame) -> pd.DataFrame:
    shares = matrix / matrix.sum()
    means = shares.mean(axis=1)
    table = shares.copy()
    table.insert(len(matrix), "row sum", shares.sum(axis=1), allow_duplicates=True)
    table.insert(len(matrix) + 1, "mean", means, allow_duplicates=True)
    return _name_rows(_add_sums(table))


def _take_roots(matrix: pd.DataFrame) -> pd.DataFrame:
    products = matrix.prod(axis=1).to_numpy()
    roots = products ** (1 / len(matrix))
    return pd.DataFrame(
        {
            "name": list(matrix.index),
            "row product": products,
            "root": roots,
            "geometric-mean weight": roots / roots.sum(),
        }
    )


def _iterate(matrix: pd.DataFrame) -> pd.DataFrame:
    """Multiply and normalise until three decimals stand still."""
    values = matrix.to_numpy(dtype=float)
    weights = values.sum(axis=1) / values.sum()
    rows = [[0.0, *weights, np.nan, float((values @ weights).sum())]]
    for step in range(1, MOST_ITERATIONS + 1):
        before, product = weights, values @ weights
        weights = product / product.sum()
        moved = float(np.abs(weights - before).max())
        rows.append([float(step), *weights, moved, float((values @ weights).sum())])
        if moved < SETTLED:
            break
    columns = ["step", *matrix.index, "largest change", "lambda max"]
    return pd.DataFrame(rows, columns=columns)


def _multiply(result: AhpResult) -> pd.DataFrame:
    weights = result.weights.to_numpy()
    product = result.judgements.to_numpy(dtype=float) @ weights
    rows = pd.DataFrame(
        {
            "name": list(result.weights.index),
            "weight": weights,
            "A w": product,
            "A w / w": product / weights,
        }
    )
    mean = pd.DataFrame(
        {
            "name": ["sum; mean of A w / w"],
            "weight": [weights.sum()],
            "A w": [product.sum()],
            "A w / w": [(product / weights).mean()],
        }
    )
    return pd.concat([rows, mean], ignore_index=True)


def _ratio_steps(result: AhpResult) -> pd.DataFrame:
    size = len(result.weights)
    largest = len(result.random_index.values) + 2
    known = size <= largest
    rows: list[tuple[str, str, float | None]] = [
        ("n", "names compared", float(size)),
        ("lambda max", "mean of A w / w", result.lambda_max),
        ("CI", "(lambda max − n) / (n − 1)", result.ci),
        ("RI", f"table of {result.random_index.name}", _index_of(result) if known else None),
        ("CR", "CI / RI; 0 for n up to 2", None if _absent(result.cr) else result.cr),
        ("GCI", "2 / ((n − 1)(n − 2)) × sum over i < j of ln²(aij wj / wi)", result.gci),
    ]
    return pd.DataFrame(
        {
            "quantity": [row[0] for row in rows],
            "how it is found": [row[1] for row in rows],
            "statistic": pd.array([row[2] for row in rows], dtype="Float64").to_numpy(
                dtype=float, na_value=np.nan
            ),
        }
    )


def _index_of(result: AhpResult) -> float:
    return result.random_index.of(len(result.weights))


def _absent(value: float | NotAvailable) -> bool:
    return isinstance(value, NotAvailable)
