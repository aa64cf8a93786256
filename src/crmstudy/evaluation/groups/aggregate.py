"""Many experts made one: the mean of their judgements (AIJ) or of their priorities (AIP)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, JudgementError, nearest, passes_absence
from crmstudy.evaluation.priorities.consistency import require_reciprocal
from crmstudy.evaluation.require import require_choice, require_weights

Mean = Literal["arithmetic", "geometric"]
Framed = TypeVar("Framed", pd.DataFrame, pd.Series)


@passes_absence
def aggregate_judgements(
    judgements: Sequence[pd.DataFrame] | Mapping[str, pd.DataFrame],
    *,
    expert_weights: Mapping[str, float] | Sequence[float] | None = None,
) -> pd.DataFrame:
    """Make one matrix of many by the weighted geometric mean of each judgement (AIJ).

    The geometric mean is the one mean that keeps the group's matrix reciprocal.

    Parameters
    ----------
    judgements : sequence or mapping of DataFrame
        Positive reciprocal matrices over the same names, by expert.
    expert_weights : mapping or sequence of float, optional
        One weight an expert, summing to 1; equal without it.

    Raises
    ------
    JudgementError
        If names differ between experts or a matrix is not reciprocal.
    DataError
        If the experts' weights do not sum to 1.

    References
    ----------
    Aczél, J., & Saaty, T. L. (1983). Procedures for synthesizing ratio judgements.
    J. Mathematical Psychology, 27(1), 93-102.
    Forman, E., & Peniwati, K. (1998). Aggregating individual judgments and priorities with
    the analytic hierarchy process. European J. Operational Research, 108(1), 165-169.
    """
    by_expert = _by_expert(judgements)
    experts, names = list(by_expert), list(next(iter(by_expert.values())).index)
    aligned = [_align(one, names, expert).loc[:, names] for expert, one in by_expert.items()]
    values = np.stack([one.to_numpy(dtype=float) for one in aligned])
    require_reciprocal(values, names=names, labels=[f"expert {expert!r}" for expert in experts])
    pooled = pool_judgements(values, share_experts(experts, expert_weights))
    return pd.DataFrame(pooled, index=names, columns=names)


@passes_absence
def aggregate_priorities(
    priorities: Sequence[pd.Series] | Mapping[str, pd.Series],
    *,
    expert_weights: Mapping[str, float] | Sequence[float] | None = None,
    mean: Mean = "arithmetic",
) -> pd.Series:
    """Make one set of weights of many by the mean of each expert's weights (AIP).

    Parameters
    ----------
    priorities : sequence or mapping of Series
        Weights over the same names that sum to 1, by expert.
    expert_weights
        As for :func:`aggregate_judgements`.
    mean : {"arithmetic", "geometric"}
        Forman & Peniwati (1998) hold both to be sound; the geometric one is brought back
        to a sum of 1.
    """
    require_choice(mean, Mean, "mean")
    by_expert = _by_expert(priorities)
    names = list(next(iter(by_expert.values())).index)
    for expert, one in by_expert.items():
        require_weights(one, of=f"expert {expert!r}")
    aligned = [_align(one, names, expert) for expert, one in by_expert.items()]
    values = np.stack([one.to_numpy(dtype=float) for one in aligned])
    shares = share_experts(list(by_expert), expert_weights)
    return pd.Series(pool_priorities(values, shares, mean), index=names, name="weight")


def _by_expert(given: Sequence[Framed] | Mapping[str, Framed]) -> dict[str, Framed]:
    """Name experts by key, or by number where there are no keys."""
    pairs = given.items() if isinstance(given, Mapping) else enumerate(given, start=1)
    by_expert = {str(expert): one for expert, one in pairs}
    if not by_expert:
        raise JudgementError("there is no expert; give at least one")
    return by_expert


def _align(one: Framed, names: Sequence[str], expert: str) -> Framed:
    """Put an expert's rows into the order of the first expert's names."""
    for name in (*one.index, *names):
        if name not in names or name not in one.index or len(one) != len(names):
            raise JudgementError(
                f"expert {expert!r} judged {', '.join(map(str, one.index))}; "
                f"allowed: {', '.join(names)}, as the first expert, each once"
            )
    return one.loc[list(names)]


def share_experts(
    experts: Sequence[str], expert_weights: Mapping[str, float] | Sequence[float] | None
) -> np.ndarray:
    """Weight of each expert; they sum to 1."""
    if expert_weights is None:
        return np.full(len(experts), 1 / len(experts))
    if not isinstance(expert_weights, Mapping):
        expert_weights = {str(i): share for i, share in enumerate(expert_weights, start=1)}
    shares = pd.Series({str(expert): float(share) for expert, share in expert_weights.items()})
    strangers = [name for name in shares.index if name not in experts]
    forgotten = [name for name in experts if name not in shares.index]
    if strangers or forgotten:
        wrong = [f"no expert {name!r} judged{nearest(name, experts)}" for name in strangers]
        wrong += [f"expert {name!r} has none" for name in forgotten]
        raise DataError(
            f"weights of experts are given for {', '.join(shares.index)}; "
            f"allowed: {', '.join(experts)}; {'; '.join(wrong)}: correct the names, give every "
            "expert a weight, or give none (study.yml, judgements: expert_weights)"
        )
    require_weights(shares, of="the experts")
    return shares[list(experts)].to_numpy()


def pool_judgements(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Weighted geometric mean of matrices of shape (m, n, n)."""
    return np.exp(np.tensordot(shares, np.log(values), axes=1))


def pool_priorities(values: np.ndarray, shares: np.ndarray, mean: Mean) -> np.ndarray:
    """Weighted mean of weights of shape (m, n)."""
    if mean == "arithmetic":
        return shares @ values
    pooled = np.prod(values ** shares[:, None], axis=0)
    return pooled / pooled.sum()
