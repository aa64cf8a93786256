"""Four ways to put units in order: weighted sum, TOPSIS, VIKOR, grey relational analysis.

A method takes the values of all units, shape (n_units, n_criteria) or many draws of them,
shape (n_draws, n_units, n_criteria), and weights, shape (n_draws, n_criteria); one of either
goes with many of the other. It gives scores of shape (n_draws, n_units), larger better
throughout: VIKOR's ``Q``, better small, is turned into ``1 - Q``.

TOPSIS is pymcdm's with vector normalisation, as Hwang and Yoon wrote it (pymcdm's own
default is min-max). VIKOR is ours: pymcdm's divides by zero where all units share ``S`` or
``R``, ranks by rounding errors where they nearly do, and knows no conditions of acceptance;
it is the reference of our tests. Grey relational analysis it has not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.evaluation.weighting.decisions import ROUNDING, Decisions, Flags, Floats, scale

#: Weight of the group's utility against the worst regret in VIKOR (Opricovic & Tzeng, 2004).
MAJORITY = 0.5
#: Distinguishing coefficient of grey relational analysis (Deng's usual choice).
DISTINGUISHING = 0.5


@dataclass(frozen=True)
class Method:
    """One way to rank.

    Parameters
    ----------
    name : str
        As printed.
    score : callable
        Values, which criteria are better larger, and weights -> (n_draws, n_units).
    steps : callable
        Decisions and one set of weights -> every step as a frame, by name.
    """

    name: str
    score: Callable[[Floats, Flags, Floats], Floats]
    steps: Callable[[Decisions, Floats], dict[str, pd.DataFrame]]


def score_by_sum(values: Floats, better_larger: Flags, weights: Floats) -> Floats:
    """Weighted sum of values brought to 0-1 between worst and best unit."""
    return _sum(scale(values, better_larger), weights)


def score_by_topsis(values: Floats, better_larger: Flags, weights: Floats) -> Floats:
    """Relative closeness to the ideal: distance from the worst by both distances.

    References
    ----------
    Hwang, C. L., & Yoon, K. (1981). Multiple attribute decision making. Springer.
    """
    from pymcdm.methods import TOPSIS
    from pymcdm.normalizations import vector_normalization

    method, types = TOPSIS(vector_normalization), np.where(better_larger, 1, -1)
    n_draws = max(len(weights), len(values) if values.ndim == 3 else 1)
    drawn = np.broadcast_to(values, (n_draws, *values.shape[-2:]))
    # pymcdm's validation warns of dominated units, which are no fault of the data.
    pairs = zip(drawn, np.broadcast_to(weights, (n_draws, weights.shape[1])), strict=True)
    return np.array([method(one, weight, types, validation=False) for one, weight in pairs])


def score_by_vikor(values: Floats, better_larger: Flags, weights: Floats) -> Floats:
    """Compromise between the group's utility and the worst regret, as ``1 - Q``.

    References
    ----------
    Opricovic, S., & Tzeng, G.-H. (2004). Compromise solution by MCDM methods: A comparative
    analysis of VIKOR and TOPSIS. European J. Operational Research, 156(2), 445-455.
    """
    return 1 - compromise(*measure_regret(values, better_larger, weights))


def measure_regret(values: Floats, better_larger: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Sum ``S`` and largest ``R`` of each unit's weighted distances from the best value."""
    lacking = 1 - scale(values, better_larger)
    largest = np.zeros(())
    # Criterion by criterion: all at once would need as many times the memory.
    for column in range(lacking.shape[-1]):
        largest = np.maximum(largest, lacking[..., column] * weights[:, [column]])
    return _sum(lacking, weights), largest


def compromise(utility: Floats, regret: Floats, *, majority: float = MAJORITY) -> Floats:
    """Weigh ``S`` and ``R``, each brought to 0-1 over the units, into ``Q``.

    Where all units share one of the two, it tells nothing and counts as 0.
    """
    return majority * _to_unit(utility) + (1 - majority) * _to_unit(regret)


def score_by_grey(values: Floats, better_larger: Flags, weights: Floats) -> Floats:
    """Grey relational grade: weighted mean of each criterion's likeness to the best.

    References
    ----------
    Deng, J. (1989). Introduction to grey system theory. J. Grey System, 1(1), 1-24.
    Kuo, Y., Yang, T., & Huang, G.-W. (2008). The use of grey relational analysis in solving
    multiple attribute decision-making problems. Computers & Industrial Engineering, 55(1),
    80-93.
    """
    return _sum(relate(values, better_larger), weights)


def relate(
    values: Floats, better_larger: Flags, *, distinguishing: float = DISTINGUISHING
) -> Floats:
    """Grey relational coefficients: 1 where a unit is best, small where it is far from it.

    With values brought to 0-1, the smallest distance from the best is 0 and the largest 1.
    """
    return distinguishing / (1 - scale(values, better_larger) + distinguishing)


def _sum(parts: Floats, weights: Floats) -> Floats:
    """Add up parts of shape (n_units, n_criteria), or many draws of them, by weight."""
    if parts.ndim == 2:
        return weights @ parts.T
    return np.asarray((parts @ weights[:, :, None])[..., 0])


def _to_unit(values: Floats) -> Floats:
    low, high = values.min(axis=-1, keepdims=True), values.max(axis=-1, keepdims=True)
    spread = high - low
    told = spread > ROUNDING * np.abs(high)
    return np.where(told, (values - low) / np.where(told, spread, 1.0), 0.0)


def _explain_sum(decisions: Decisions, weights: Floats) -> dict[str, pd.DataFrame]:
    scaled = decisions.scaled
    return {
        "scaled to 0-1": scaled,
        "weighted": scaled * weights,
        "score": _column(decisions, "score", score_by_sum(*decisions.arrays, weights[None])[0]),
    }


def _explain_topsis(decisions: Decisions, weights: Floats) -> dict[str, pd.DataFrame]:
    from pymcdm.methods import TOPSIS
    from pymcdm.normalizations import vector_normalization

    told = TOPSIS(vector_normalization)(
        decisions.values.to_numpy(), weights, decisions.types, validation=False, verbose=True
    )
    found = {table.desc.label: np.asarray(table.data, dtype=float) for table in told.results}
    ends = [found["pis"], found["nis"]]
    return {
        "normalised": _like(decisions, found["nmatrix"]),
        "weighted": _like(decisions, found["wnmatrix"]),
        "ideal": pd.DataFrame(ends, index=["best", "worst"], columns=decisions.values.columns),
        "score": _column(decisions, "distance from best", found["dpis"]).assign(
            **{"distance from worst": found["dnis"], "closeness": found["pref"]}
        ),
    }


def _explain_vikor(decisions: Decisions, weights: Floats) -> dict[str, pd.DataFrame]:
    utility, regret = measure_regret(*decisions.arrays, weights[None])
    lacking = 1 - decisions.scaled
    return {
        "distance from best": lacking,
        "weighted": lacking * weights,
        "score": _column(decisions, "S", utility[0]).assign(
            R=regret[0], Q=compromise(utility, regret)[0]
        ),
    }


def _explain_grey(decisions: Decisions, weights: Floats) -> dict[str, pd.DataFrame]:
    coefficients = _like(decisions, relate(*decisions.arrays))
    grades = score_by_grey(*decisions.arrays, weights[None])[0]
    return {
        "scaled to 0-1": decisions.scaled,
        "relational coefficient": coefficients,
        "weighted": coefficients * weights,
        "score": _column(decisions, "grade", grades),
    }


def _like(decisions: Decisions, values: Floats) -> pd.DataFrame:
    return pd.DataFrame(values, index=decisions.values.index, columns=decisions.values.columns)


def _column(decisions: Decisions, name: str, values: Floats) -> pd.DataFrame:
    return pd.DataFrame({name: values}, index=decisions.values.index)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("weighted sum", score_by_sum, _explain_sum),
        Method("TOPSIS", score_by_topsis, _explain_topsis),
        Method("VIKOR", score_by_vikor, _explain_vikor),
        Method("grey relational", score_by_grey, _explain_grey),
    )
}
