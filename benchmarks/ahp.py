"""Weights and consistency ratios of 1,000 experts on 12 criteria: prioritise_many against ahpy.

Both get their judgements ready made (an array, dictionaries), derive the principal
eigenvector and Saaty's consistency ratio under the 2005 table, and validate what they get.
ahpy squares each matrix until ``precision`` decimals stand still and rounds to them; at its
default of 4 it does less work and agrees to 5e-5 only, so 12 are asked for. Both settings are
timed; the ratio reported is the one of equal answers. ahpy knows no other method, so our
geometric and column means are checked against a plain loop over the experts.

Last, the eigenvectors of 100,000 matrices, as Monte Carlo draws need them: seconds, and memory
beyond the matrices themselves.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from time import perf_counter

import numpy as np

from crmstudy.evaluation.priorities.consistency import SAATY_2005
from crmstudy.evaluation.priorities.derive import Method, prioritise_many

N_EXPERTS, N_CRITERIA, REPEATS = 1_000, 12, 7
PRECISION = 12
N_DRAWS = 100_000
LEAST_RATIO, MOST_DISAGREEMENT, MOST_MEGABYTES = 50, 1e-9, 50
SAATY_SCALE = np.array([1 / k for k in range(9, 1, -1)] + [float(k) for k in range(1, 10)])


def draw_judgements(seed: int = 20261123) -> np.ndarray:
    """Draw experts who judge the same weights with noise, on Saaty's scale."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(N_CRITERIA, 4.0))
    rows, columns = np.triu_indices(N_CRITERIA, 1)
    logs = np.log(weights[rows] / weights[columns])
    logs = logs + 0.3 * rng.standard_normal((N_EXPERTS, len(rows)))
    judged = SAATY_SCALE[np.abs(logs[:, :, None] - np.log(SAATY_SCALE)).argmin(axis=2)]
    matrices = np.ones((N_EXPERTS, N_CRITERIA, N_CRITERIA))
    matrices[:, rows, columns] = judged
    matrices[:, columns, rows] = 1 / judged
    return matrices


def average_in_loop(matrices: np.ndarray, method: Method) -> np.ndarray:
    """Geometric-mean or column-mean weights, one expert after the other."""
    weights = []
    for one in matrices:
        means = (
            one.prod(axis=1) ** (1 / len(one))
            if method == "geometric_mean"
            else (one / one.sum(axis=0)).sum(axis=1)
        )
        weights.append(means / means.sum())
    return np.array(weights)


def time_best(engines: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest of several runs, the engines taking turns."""
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(REPEATS):
        for name, engine in engines.items():
            start = perf_counter()
            engine()
            best[name] = min(best[name], perf_counter() - start)
    return best


def measure_draws(matrices: np.ndarray) -> tuple[float, float]:
    """Seconds and megabytes that the eigenvectors of many matrices take."""
    many = np.tile(matrices, (N_DRAWS // len(matrices), 1, 1))
    start = perf_counter()
    prioritise_many(many)
    seconds = perf_counter() - start
    tracemalloc.start()
    prioritise_many(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / 1e6


def main() -> int:
    try:
        import ahpy  # type: ignore[import-untyped]
    except ImportError:
        print("ahp skipped: install ahpy")
        return 0
    matrices = draw_judgements()
    names = [f"c{k:02d}" for k in range(N_CRITERIA)]
    pairs = [(i, j) for i in range(N_CRITERIA) for j in range(i + 1, N_CRITERIA)]
    dictionaries = [{(names[i], names[j]): one[i, j] for i, j in pairs} for one in matrices]

    def ours(method: Method) -> tuple[np.ndarray, np.ndarray]:
        batch = prioritise_many(matrices, random_index=SAATY_2005, method=method)
        return batch.weights, batch.cr

    def theirs(precision: int) -> tuple[np.ndarray, np.ndarray]:
        compared = [
            ahpy.Compare("panel", one, precision=precision, random_index="saaty")
            for one in dictionaries
        ]
        weights = np.array([[one.local_weights[name] for name in names] for one in compared])
        return weights, np.array([one.consistency_ratio for one in compared])

    mine, equal = "crmstudy, eigenvector", f"ahpy, {PRECISION} decimals"
    best = time_best(
        {
            mine: lambda: ours("eigenvector"),
            "crmstudy, geometric mean": lambda: ours("geometric_mean"),
            "crmstudy, column mean": lambda: ours("column_mean"),
            equal: lambda: theirs(PRECISION),
            "ahpy, 4 decimals": lambda: theirs(4),
        }
    )
    agreement = max(
        float(np.abs(one / other - 1).max())
        for one, other in zip(ours("eigenvector"), theirs(PRECISION), strict=True)
    )
    averages: tuple[Method, ...] = ("geometric_mean", "column_mean")
    means = max(
        float(np.abs(ours(method)[0] / average_in_loop(matrices, method) - 1).max())
        for method in averages
    )
    ratio = best[equal] / best[mine]
    print(f"{'engine':<26} {'seconds':>9} {'times ours':>11}")
    for name, seconds in best.items():
        print(f"{name:<26} {seconds:>9.5f} {seconds / best[mine]:>11.1f}")
    print(f"geometric and column means against a loop: agreement {means:.1e}")
    seconds, megabytes = measure_draws(matrices)
    print(f"{N_DRAWS:,} matrices: {seconds:.2f} s, {megabytes:.0f} MB beyond the matrices")
    sound = ratio >= LEAST_RATIO and megabytes <= MOST_MEGABYTES
    if max(agreement, means) > MOST_DISAGREEMENT:
        print("the engines disagree", file=sys.stderr)
        sound = False
    print(f"ahp ratio {ratio:.1f} agreement {agreement:.1e}")
    return 0 if sound else 1


if __name__ == "__main__":
    raise SystemExit(main())
