"""Which judgement to look at again: advice that is computed, never applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.priorities.consistency import RandomIndex
from crmstudy.evaluation.priorities.derive import AhpResult, prioritise_many
from crmstudy.evaluation.priorities.kernels import Method
from crmstudy.evaluation.priorities.scale import SAATY_SCALE, locate_judgements

# A change that gains less than rounding is none.
LEAST_GAIN = 1e-9

BEST_FIRST, MILDEST_FIRST = ("ratio after", "steps"), ("steps", "ratio after")

ADVICE_COLUMNS = (
    "row",
    "column",
    "judged",
    "advised",
    "others imply",
    "steps",
    "reversed",
    "ratio before",
    "ratio after",
    "within limit after",
)


@dataclass(frozen=True, eq=False)
class RepairAdvice:
    """Single judgements whose change would make a matrix more consistent.

    Every frame has the columns row, column, judged (1 or more: the row is the preferred
    name), advised (a value of Saaty's scale), others imply (the geometric mean of all
    indirect judgements of the pair), steps (between judged and advised on the scale),
    reversed (yes when the advice turns the preference round, as after a slip in its
    direction), ratio before, ratio after (consistency ratio), within limit after.

    Parameters
    ----------
    result : AhpResult
        The matrix as judged.
    cr_limit : float
        Limit of the consistency ratio.
    best : DataFrame
        One row a pair with the value that lowers the ratio most; the best pair first.
        Pairs that no value improves are left out.
    mildest : DataFrame
        One row a pair that can bring the ratio under the limit alone, with the value that
        does it in the fewest steps; the fewest first. Empty when none can, or none need.
    path : DataFrame
        Best changes one after the other until the ratio is under the limit, each pair
        once. Empty when the matrix is consistent enough as it is.
    """

    result: AhpResult
    cr_limit: float
    best: pd.DataFrame
    mildest: pd.DataFrame
    path: pd.DataFrame

    @property
    def needed(self) -> bool:
        """Whether the matrix is at the limit or over it."""
        return self.result.cr >= self.cr_limit

    @property
    def reached(self) -> bool:
        """Whether the path ends under the limit."""
        return not self.needed or bool(
            len(self.path) and self.path["within limit after"].iloc[-1] == "yes"
        )

    def table(self) -> pd.DataFrame:
        """One row a pair with its best value, the best pair first."""
        return self.best

    def to_metrics(self) -> dict[str, float]:
        """Ratios before and after the best single change, and how many changes are needed."""
        after = float(self.best["ratio after"].iloc[0]) if len(self.best) else self.result.cr
        return {
            "consistency_ratio_before": self.result.cr,
            "consistency_ratio_after_best_change": after,
            "n_changes_to_limit": len(self.path),
            "n_pairs_that_suffice": len(self.mildest),
        }


@passes_absence
def advise_repairs(
    result: AhpResult, *, cr_limit: float = 0.10, filled: np.ndarray | None = None
) -> RepairAdvice:
    """Try every value of Saaty's scale for every pair, and say which would repair most.

    The ratios are those of the result's own method and random index. The matrix is never
    changed: a more consistent matrix is not a truer one (Saaty & Tran, 2007), and what the
    expert meant only the expert knows. The advice says what to ask again. In a matrix of
    three names every judgement is implied by the other two, so that any of the three may be
    the slip; of equally good changes the alphabet decides which stands first.

    Parameters
    ----------
    result : AhpResult
        Any result of ``prioritise``.
    cr_limit : float
        Judgements with a consistency ratio of this or more are called inconsistent.
    filled : ndarray of bool, shape (n, n), optional
        Pairs nobody judged; they are left as they are.

    Raises
    ------
    ModelError
        If the matrix is larger than the table of random indices.

    References
    ----------
    Saaty, T. L., & Tran, L. T. (2007). On the invalidity of fuzzifying numerical judgments
    in the analytic hierarchy process. Mathematical and Computer Modelling, 46(7-8), 962-975.
    Harker, P. T. (1987). Derivatives of the Perron root of a positive reciprocal matrix:
    With application to the analytic hierarchy process. Applied Mathematics and
    Computation, 22(2-3), 217-232.
    """
    values = result.judgements.to_numpy(dtype=float)
    result.random_index.of(len(values))
    spared = _pairs_of(np.zeros_like(values, dtype=bool) if filled is None else filled)
    trials = _try_all(values, result.method, result.random_index, spared)
    names = result.judgements.index
    best = _sort(_describe(trials.pick_best(), values, names, result.cr, cr_limit), BEST_FIRST)
    needed = result.cr >= cr_limit
    mildest = trials.pick_mildest(cr_limit) if needed else trials.none()
    return RepairAdvice(
        result=result,
        cr_limit=cr_limit,
        best=best[best["ratio before"] - best["ratio after"] > LEAST_GAIN].reset_index(drop=True),
        mildest=_sort(_describe(mildest, values, names, result.cr, cr_limit), MILDEST_FIRST),
        path=_walk(result, cr_limit, spared),
    )


@dataclass(frozen=True, eq=False)
class _Trials:
    """Consistency ratios of a matrix with one pair changed.

    ``pairs`` has shape (n_pairs, 2), ``ratios`` and ``steps`` (n_pairs, 17), one column a
    value of the scale.
    """

    pairs: np.ndarray
    ratios: np.ndarray
    steps: np.ndarray

    def none(self) -> pd.DataFrame:
        return self._choose(np.empty(0, dtype=int), np.empty(0, dtype=int))

    def pick_best(self) -> pd.DataFrame:
        """For each pair the value of the lowest ratio, of equals the nearest."""
        at = np.lexsort((self.steps, np.round(self.ratios, 12)), axis=1)[:, 0]
        return self._choose(np.arange(len(self.pairs)), at)

    def pick_mildest(self, cr_limit: float) -> pd.DataFrame:
        """For each pair the nearest value under the limit, pairs without one left out."""
        reach = np.where(self.ratios < cr_limit, self.steps, np.inf)
        at = np.lexsort((np.round(self.ratios, 12), reach), axis=1)[:, 0]
        can = np.flatnonzero(np.isfinite(reach).any(axis=1))
        return self._choose(can, at[can])

    def _choose(self, rows: np.ndarray, at: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "i": self.pairs[rows, 0],
                "j": self.pairs[rows, 1],
                "advised": SAATY_SCALE[at],
                "steps": self.steps[rows, at],
                "after": self.ratios[rows, at],
            }
        )


def _try_all(
    values: np.ndarray,
    method: Method,
    random_index: RandomIndex,
    spared: frozenset[tuple[int, int]],
) -> _Trials:
    """Put every value of the scale into every pair that is not ``spared``, one at a time."""
    size = len(values)
    pairs = np.array(
        [(i, j) for i in range(size) for j in range(i + 1, size) if (i, j) not in spared], dtype=int
    ).reshape(-1, 2)
    shape = (len(pairs), len(SAATY_SCALE))
    changed = np.broadcast_to(values, (*shape, size, size)).copy()
    at = np.arange(len(pairs))[:, None], np.arange(len(SAATY_SCALE))[None, :]
    rows, columns = pairs[:, :1], pairs[:, 1:]
    changed[(*at, rows, columns)] = SAATY_SCALE
    changed[(*at, columns, rows)] = 1 / SAATY_SCALE
    batch = prioritise_many(
        changed.reshape(-1, size, size), random_index=random_index, method=method
    )
    judged = values[pairs[:, 0], pairs[:, 1]]
    steps = np.abs(locate_judgements(SAATY_SCALE) - locate_judgements(judged)[:, None])
    return _Trials(pairs, batch.cr.reshape(shape), steps)


def _describe(
    chosen: pd.DataFrame, values: np.ndarray, names: pd.Index, cr: float, cr_limit: float
) -> pd.DataFrame:
    """Write changes for a reader, the preferred name of each pair in the row."""
    i, j = chosen["i"].to_numpy(), chosen["j"].to_numpy()
    judged, advised = values[i, j], chosen["advised"].to_numpy()
    turned = (judged < 1) | ((judged == 1) & (advised < 1))
    first, second = np.where(turned, j, i), np.where(turned, i, j)
    shown = np.where(turned, 1 / advised, advised)
    labels = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "row": labels[first],
            "column": labels[second],
            "judged": values[first, second],
            # The scale's own value: the reciprocal of a reciprocal is off by rounding.
            "advised": SAATY_SCALE[np.abs(SAATY_SCALE - shown[:, None]).argmin(axis=1)],
            "others imply": _imply(values)[first, second],
            "steps": chosen["steps"].to_numpy(),
            "reversed": np.where((values[first, second] > 1) & (shown < 1), "yes", "no"),
            "ratio before": np.full(len(chosen), cr),
            "ratio after": chosen["after"].to_numpy(),
            "within limit after": np.where(chosen["after"] < cr_limit, "yes", "no"),
        },
        columns=list(ADVICE_COLUMNS),
    )


def _sort(advice: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sort by numbers that are equal but for rounding alike, then by the alphabet."""
    numbers = [advice[key].astype(float).round(12) for key in by]
    letters = [advice[key].astype(str).to_numpy() for key in ("row", "column")]
    order = np.lexsort([*letters[::-1], *(key.to_numpy() for key in numbers[::-1])])
    return advice.iloc[order].reset_index(drop=True)


def _imply(values: np.ndarray) -> np.ndarray:
    """Geometric mean of ``a_ik a_kj`` over the other names ``k``; the judgement if none."""
    size = len(values)
    if size <= 2:
        return values.copy()
    logs = np.log(values)
    detours = logs.sum(axis=1)[:, None] + logs.sum(axis=0)[None, :] - 2 * logs
    implied: np.ndarray = np.exp(detours / (size - 2))
    return implied


def _pairs_of(cells: np.ndarray) -> frozenset[tuple[int, int]]:
    return frozenset((int(i), int(j)) for i, j in np.argwhere(np.triu(cells, 1)))


def _walk(result: AhpResult, cr_limit: float, spared: frozenset[tuple[int, int]]) -> pd.DataFrame:
    """Take the best change again and again, each pair once, until under the limit."""
    values, names = result.judgements.to_numpy(dtype=float), result.judgements.index
    cr, tried, steps = result.cr, spared, []
    while cr >= cr_limit and len(tried) < len(values) * (len(values) - 1) // 2:
        trials = _try_all(values, result.method, result.random_index, tried)
        found = _describe(trials.pick_best(), values, names, cr, cr_limit)
        best = _sort(found, BEST_FIRST).head(1)
        change = best.iloc[0]
        if cr - change["ratio after"] <= LEAST_GAIN:
            break
        steps.append(best)
        i, j = (list(names).index(change[key]) for key in ("row", "column"))
        values = values.copy()
        values[i, j], values[j, i] = change["advised"], 1 / change["advised"]
        cr, tried = float(change["ratio after"]), tried | {(min(i, j), max(i, j))}
    columns = list(ADVICE_COLUMNS)
    return pd.concat(steps, ignore_index=True) if steps else pd.DataFrame(columns=columns)
