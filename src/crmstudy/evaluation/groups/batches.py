"""The weights of a hierarchy many times over, experts counting differently each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from crmstudy.evaluation.groups.aggregate import Mean
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.judgements.reading import JudgementPanel
from crmstudy.evaluation.priorities.derive import prioritise_many

Floats = npt.NDArray[np.float64]

#: Cells of matrices that are in memory at a time: about 16 megabytes.
CELLS_AT_A_TIME = 2_000_000


def weigh_batch(
    panel: HierarchyResult,
    shares: Floats,
    *,
    counts: npt.NDArray[np.intp] | None = None,
    noise: float = 0.0,
    seeds: Sequence[int] = (),
) -> dict[str, Floats]:
    """Weigh every matrix of a hierarchy once for each row of shares.

    Parameters
    ----------
    panel : HierarchyResult
        Whose judgements, method and aggregation.
    shares : ndarray of shape (n, n_used)
        How much each used expert counts, experts sorted by name; rows sum to 1.
    counts : ndarray of int, shape (n, n_used), optional
        How many people of an expert's opinion a row holds; one without it.
    noise : float
        Standard deviation of a normal error of a judgement's logarithm. Each of several
        people of one opinion errs for himself, so their common error is smaller by the
        root of their number.
    seeds : sequence of int
        One a matrix, matrices sorted by name; not needed without noise.

    Returns
    -------
    dict of str to ndarray of shape (n, n_names)
        Weights by matrix, in the order of its names; rows sum to 1.
    """
    experts = sorted(panel.used)
    ordered = sorted(panel.panels)
    numbers = list(seeds) or [0] * len(ordered)
    people = np.ones(shares.shape) if counts is None else np.maximum(counts, 1)
    errors = noise / np.sqrt(people)
    return {
        matrix: _weigh_matrix(panel, matrix, experts, shares, errors, np.random.default_rng(one))
        for matrix, one in zip(ordered, numbers, strict=True)
    }


def _weigh_matrix(
    panel: HierarchyResult,
    matrix: str,
    experts: list[str],
    shares: Floats,
    errors: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Weights of one matrix in every draw, in the order of its names."""
    judged = panel.panels[matrix]
    names = sorted(judged.names)
    pairs = _log_pairs(judged, experts, names)
    draw = _draw_judgements if panel.aggregation == "judgements" else _draw_priorities
    weights = np.empty((len(shares), len(names)))
    cells = len(names) ** 2 * (1 if panel.aggregation == "judgements" else len(experts))
    for block in _blocks(len(shares), cells):
        weights[block] = draw(panel, pairs, shares[block], errors[block], rng)
    return weights[:, [names.index(name) for name in judged.names]]


def _log_pairs(judged: JudgementPanel, experts: list[str], names: list[str]) -> Floats:
    """Logarithms of the judgements above the diagonal, shape (experts, pairs).

    Experts and names are sorted, so that no draw depends on their order in the file.
    """
    rows = [judged.experts.index(expert) for expert in experts]
    columns = [judged.names.index(name) for name in names]
    values = judged.values[np.ix_(rows, columns, columns)]
    return np.log(values[:, *np.triu_indices(len(names), 1)])


def _draw_judgements(
    panel: HierarchyResult, pairs: Floats, shares: Floats, errors: Floats, rng: np.random.Generator
) -> Floats:
    """Weights of pooled matrices; the errors of several experts pool to one normal error."""
    pooled = shares @ pairs
    if errors.any():
        spread = np.sqrt(((shares * errors) ** 2).sum(axis=1, keepdims=True))
        pooled = pooled + spread * rng.standard_normal(pooled.shape)
    return _weigh(panel, pooled)


def _draw_priorities(
    panel: HierarchyResult, pairs: Floats, shares: Floats, errors: Floats, rng: np.random.Generator
) -> Floats:
    """Pooled weights of the experts' own perturbed matrices."""
    if not errors.any():
        own = np.broadcast_to(_weigh(panel, pairs), (len(shares), len(pairs), _side(pairs)))
    else:
        judged = pairs + errors[:, :, None] * rng.standard_normal((len(shares), *pairs.shape))
        own = _weigh(panel, judged.reshape(-1, pairs.shape[1]))
        own = own.reshape(len(shares), len(pairs), -1)
    return _pool(own, shares, panel.mean)


def _pool(own: Floats, shares: Floats, mean: Mean) -> Floats:
    if mean == "arithmetic":
        return np.einsum("dm,dmk->dk", shares, own)
    return to_one(np.exp(np.einsum("dm,dmk->dk", shares, np.log(own))))


def _weigh(panel: HierarchyResult, pairs: Floats) -> Floats:
    """Weights of matrices given by the logarithms above their diagonal."""
    side = _side(pairs)
    rows, columns = np.triu_indices(side, 1)
    logs = np.zeros((len(pairs), side, side))
    logs[:, rows, columns] = pairs
    logs[:, columns, rows] = -pairs
    return prioritise_many(
        np.exp(logs), random_index=panel.random_index, method=panel.method
    ).weights


def _side(pairs: Floats) -> int:
    """Names of a matrix with so many pairs."""
    return round((1 + np.sqrt(1 + 8 * pairs.shape[1])) / 2)


def _blocks(n: int, cells: int) -> Iterator[slice]:
    step = max(CELLS_AT_A_TIME // cells, 1)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def to_one(weights: Floats) -> Floats:
    """Bring every row back to a sum of 1."""
    return weights / weights.sum(axis=1, keepdims=True)
