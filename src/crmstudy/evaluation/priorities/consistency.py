"""Can judgements be trusted: reciprocity, consistency indices, and what random ones would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from crmstudy.checks import Check
from crmstudy.errors import JudgementError, ModelError, NotAvailable
from crmstudy.evaluation.priorities.kernels import split_blocks

Ratio = TypeVar("Ratio", float, np.ndarray)

# A finished matrix is computed, not typed.
RECIPROCITY_TOLERANCE = 1e-6

# Logarithms of consistent judgements add up but for rounding, which is not inconsistency.
LOG_ROUNDING = 1e-12

# Aguarón & Moreno-Jiménez (2003): the values that go with a consistency ratio of .10.
GCI_LIMITS = {3: 0.31, 4: 0.35}
GCI_LIMIT_LARGER = 0.37


@dataclass(frozen=True)
class RandomIndex:
    """Mean consistency index of random reciprocal matrices, by size.

    Parameters
    ----------
    name, source : str
        How the table is called, and who computed it.
    values : tuple of float
        For n = 3, 4, and so on. Matrices of one or two names cannot be inconsistent.
    """

    name: str
    source: str
    values: tuple[float, ...]

    def of(self, size: int) -> float:
        """Return the random index of a matrix with ``size`` names (0 up to 2)."""
        largest = len(self.values) + 2
        if size > largest:
            raise ModelError(
                f"the random index of {self.name} ends at {largest} names, the matrix has {size}; "
                "group the names into a hierarchy or choose a longer table"
            )
        return self.values[size - 3] if size > 2 else 0.0

    def lessened(self, share: float) -> RandomIndex:
        """Return the table for matrices of which pairs were filled in.

        Parameters
        ----------
        share : float
            What remains of the random index (``JudgementPanel.random_index_share``).
        """
        return self if share == 1 else replace(self, values=tuple(share * v for v in self.values))

    def ratio(self, ci: Ratio, *, size: int) -> Ratio:
        """Divide consistency indices by the random index (0 for up to two names).

        Raises
        ------
        ModelError
            If the matrix is larger than the table.
        """
        expected = self.of(size)
        return ci / expected if expected else 0.0 * ci


SAATY_1980 = RandomIndex(
    "Saaty 1980",
    "Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.",
    (0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49),
)
SAATY_2005 = RandomIndex(
    "Saaty 2005",
    "Saaty, T. L. (2005). Theory and Applications of the Analytic Network Process. RWS, p. 31.",
    (0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59),
)

RANDOM_INDICES = {"saaty_1980": SAATY_1980, "saaty_2005": SAATY_2005}


def require_reciprocal(
    values: np.ndarray, *, names: Sequence[str], labels: Sequence[str] | None = None
) -> None:
    """Refuse a stack of matrices of shape (m, n, n) unless all are positive and reciprocal.

    ``labels`` say in the message whose matrix is at fault; without them its number.
    """
    for block in split_blocks(values):
        fault = _find_fault(values[block])
        if fault:
            (at, i, j), what = fault
            at += block.start
            whose = labels[at] if labels is not None else f"matrix {at + 1} of {len(values)}"
            raise JudgementError(
                f"{f'{whose}, ' if len(values) > 1 else ''}row {names[i]!r}, column {names[j]!r}: "
                f"{what}; correct the judgement, or read it with read_judgements, which fills in "
                "reciprocals"
            )


def _find_fault(values: np.ndarray) -> tuple[tuple[int, int, int], str] | None:
    """Return the first cell that is not positive or not reciprocal, and what is wrong."""
    positive = np.isfinite(values) & (values > 0)
    if not positive.all():
        at, i, j = (int(k) for k in np.argwhere(~positive)[0])
        return (at, i, j), f"found {values[at, i, j]:g}; allowed: a positive number"
    product = values * values.swapaxes(1, 2)
    off = np.abs(product - 1) > RECIPROCITY_TOLERANCE
    if not off.any():
        return None
    at, i, j = (int(k) for k in np.argwhere(off)[0])
    return (at, i, j), (
        f"found {values[at, i, j]:g} against {values[at, j, i]:g}, product "
        f"{product[at, i, j]:g}; allowed: product 1"
    )


def geometric_consistency_index(judgements: np.ndarray) -> float:
    """Mean squared log error of a matrix of shape (n, n) against its geometric-mean weights.

    It is a third of the mean squared log error of all triads.

    References
    ----------
    Aguarón, J., & Moreno-Jiménez, J. M. (2003). The geometric consistency index:
    Approximated thresholds. European J. Operational Research, 147(1), 137-145.
    """
    n = len(judgements)
    if n <= 2:
        return 0.0
    logs = np.log(judgements)
    log_weights = logs.mean(axis=1)
    errors = logs - log_weights[:, None] + log_weights[None, :]
    errors[np.abs(errors) < LOG_ROUNDING] = 0.0
    # The sum over all cells counts each pair twice, so the 2 of the formula is there.
    return float((errors**2).sum() / ((n - 1) * (n - 2)))


def limit_gci(size: int) -> float:
    """Limit of the geometric consistency index that goes with a ratio of .10."""
    return GCI_LIMITS.get(size, GCI_LIMIT_LARGER)


def check_consistency(
    size: int,
    cr: float | NotAvailable,
    cr_limit: float,
    random_index: RandomIndex,
    gci: float,
    method: str,
) -> tuple[Check, ...]:
    """Hold the consistency ratio to its limit, and the geometric index to its own.

    The index is looked at for geometric means, which it belongs to, and in place of a
    ratio that the table of random indices is too short for.
    """
    checks = [] if isinstance(cr, NotAvailable) else [_check_ratio(cr, cr_limit, random_index)]
    if size > 2 and (method == "geometric_mean" or not checks):
        checks.append(_check_geometric(gci, limit_gci(size)))
    return tuple(checks)


_ADVICE = "the judgements contradict each other: ask the expert to look at them again"


def _check_ratio(cr: float, cr_limit: float, random_index: RandomIndex) -> Check:
    return Check(
        name=f"judgements are consistent (random index: {random_index.name})",
        passed=cr < cr_limit,
        statistic=cr,
        threshold=f"consistency ratio < {cr_limit:g}",
        source="Saaty (1980)",
        consequence=_ADVICE,
    )


def _check_geometric(gci: float, limit: float) -> Check:
    return Check(
        name="judgements are consistent with their geometric means",
        passed=gci < limit,
        statistic=gci,
        threshold=f"geometric consistency index < {limit:g}",
        source="Aguarón & Moreno-Jiménez (2003)",
        consequence=_ADVICE,
    )
