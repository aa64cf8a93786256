"""Which judgements contradict each other: all triads of names, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.priorities.consistency import LOG_ROUNDING
from crmstudy.evaluation.priorities.derive import AhpResult

# A judgement of 1 may be a computed one.
EQUAL = LOG_ROUNDING

TRIAD_COLUMNS = (
    "first",
    "second",
    "third",
    "first over second",
    "second over third",
    "first over third",
    "implied",
    "times off",
    "share of inconsistency",
    "circular",
)


@dataclass(frozen=True, eq=False)
class TriadAnalysis:
    """All triads of a judgement matrix, and what each adds to the inconsistency.

    Parameters
    ----------
    result : AhpResult
        The matrix with its weights and consistency.
    triads : DataFrame
        One row a triad, the most inconsistent first: first, second, third (names);
        first over second, second over third, first over third (judgements); implied (what
        the first two make of the third); times off (implied over judged, or the reverse,
        at least 1); share of inconsistency; circular (yes or no).
    """

    result: AhpResult
    triads: pd.DataFrame

    @property
    def n_circular(self) -> int:
        """Triads that prefer in a circle: a over b, b over c, c over a."""
        return int(self.triads["circular"].eq("yes").sum())

    @property
    def koczkodaj(self) -> float:
        """Koczkodaj's index: how far the worst triad is off, from 0 to below 1."""
        return koczkodaj_index(self.result.judgements.to_numpy(dtype=float))

    def table(self) -> pd.DataFrame:
        """One row a triad, the most inconsistent first."""
        return self.triads

    def to_metrics(self) -> dict[str, float]:
        """Triads counted, those in a circle, and the worst."""
        worst = float(self.triads["times off"].iloc[0]) if len(self.triads) else 1.0
        return {
            "n_triads": len(self.triads),
            "n_circular_triads": self.n_circular,
            "worst_triad_times_off": worst,
            "koczkodaj_index": self.koczkodaj,
        }


@passes_absence
def find_triads(result: AhpResult) -> TriadAnalysis:
    """List the triads of a judgement matrix by how far they contradict themselves.

    Judging ``i`` three times ``j`` and ``j`` twice ``k`` implies six times for ``i`` over
    ``k``; a triad is off by the ratio of what is implied to what was judged. The geometric
    consistency index is a third of the mean of the squared logarithms of these ratios, so
    each triad's share of the inconsistency is its squared logarithm over the sum.

    Within a triad the names stand in the order of preference, so that all judgements shown
    are 1 or more; in a circle the third is the reverse. Ties follow the alphabet, so that
    the order of the names in the matrix does not matter.

    Parameters
    ----------
    result : AhpResult
        Any result of ``prioritise``; up to 15 names make 455 triads.

    References
    ----------
    Koczkodaj, W. W. (1993). A new definition of consistency of pairwise comparisons.
    Mathematical and Computer Modelling, 18(7), 79-84.
    Aguarón, J., & Moreno-Jiménez, J. M. (2003). The geometric consistency index:
    Approximated thresholds. European J. Operational Research, 147(1), 137-145.
    Kendall, M. G., & Babington Smith, B. (1940). On the method of paired comparisons.
    Biometrika, 31(3/4), 324-345.
    """
    values = result.judgements.to_numpy(dtype=float)
    names = np.array(result.judgements.index, dtype=object)
    members, circular = _order_triads(values, np.argsort(np.argsort(names.astype(str))))
    first, second, third = members.T
    one, two, direct = values[first, second], values[second, third], values[first, third]
    errors = np.abs(np.log(one * two / direct))
    errors[errors < LOG_ROUNDING] = 0.0
    total = float((errors**2).sum())
    triads = pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            "third": names[third],
            "first over second": one,
            "second over third": two,
            "first over third": direct,
            "implied": one * two,
            "times off": np.exp(errors),
            "share of inconsistency": errors**2 / total if total else errors,
            "circular": np.where(circular, "yes", "no"),
        },
        columns=list(TRIAD_COLUMNS),
    )
    # Rounding first: equal triads must not change places by the order of the sum.
    by_name = triads[["third", "second", "first"]].astype(str).to_numpy().T
    order = np.lexsort((*by_name, -np.round(errors, 12)))
    return TriadAnalysis(result, triads.iloc[order].reset_index(drop=True))


def koczkodaj_index(judgements: np.ndarray) -> float:
    """Koczkodaj's index of a matrix of shape (n, n): ``1 - 1 / times off`` of the worst triad."""
    if len(judgements) <= 2:
        return 0.0
    i, j, k = _index_triads(len(judgements)).T
    logs = np.log(judgements)
    errors = np.abs(logs[i, j] + logs[j, k] - logs[i, k])
    return float(-np.expm1(-errors.max()))


def _index_triads(size: int) -> np.ndarray:
    """Positions of the members of all triads, shape (n_triads, 3)."""
    return np.array(list(combinations(range(size), 3)), dtype=int).reshape(-1, 3)


def _order_triads(values: np.ndarray, alphabet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the members of each triad in the order of preference; tell which go in a circle.

    ``alphabet`` holds each name's place in the alphabet.
    """
    members = _index_triads(len(values))
    members = np.take_along_axis(members, np.argsort(alphabet[members], axis=1), axis=1)
    inside = members[:, :, None], members[:, None, :]
    logs = np.round(np.log(values), 12)
    wins = np.sign(logs)[inside].sum(axis=2)
    order = np.lexsort((-logs[inside].sum(axis=2), -wins), axis=1)
    ordered = np.take_along_axis(members, order, axis=1)
    # A circle has no first: begin with the alphabet's and go round as preferred.
    preferred = values > 1 + EQUAL
    circular = (wins == 0).all(axis=1) & (preferred[inside].sum(axis=(1, 2)) == 3)
    backwards = preferred[members[:, 1], members[:, 0]]
    round_trip = np.where(backwards[:, None], members[:, [0, 2, 1]], members)
    return np.where(circular[:, None], round_trip, ordered), circular
