"""Weights and consistency ratios of 1,000 experts on 12 criteria: prioritise_many against ahpy.

Both get their judgements ready made (an array, dictionaries), derive the principal
eigenvector and Saaty's consistency ratio under the 2005 table, and validate what they get.
ahpy squares each matrix until ``precision`` decimals stand still and rounds to them; at its
default of 4 it does less work and agrees to 5e-5 only, so 12 are asked for. Both settings are
timed; the ratio reported is the one of equal answers.
"""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np

from crmstudy.evaluation import SAATY_2005, prioritise_many

N_EXPERTS, N_CRITERIA, REPEATS = 1_000, 12, 7
PRECISION = 12
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

    def ours() -> tuple[np.ndarray, np.ndarray]:
        batch = prioritise_many(matrices, random_index=SAATY_2005)
        return batch.weights, batch.cr

    def theirs(precision: int) -> tuple[np.ndarray, np.ndarray]:
        compared = [
            ahpy.Compare("panel", one, precision=precision, random_index="saaty")
            for one in dictionaries
        ]
        weights = np.array([[one.local_weights[name] for name in names] for one in compared])
        return weights, np.array([one.consistency_ratio for one in compared])

    equal = f"ahpy, {PRECISION} decimals"
    engines = {
        "crmstudy": ours,
        equal: lambda: theirs(PRECISION),
        "ahpy, 4 decimals": lambda: theirs(4),
    }
    answers = {name: engine() for name, engine in engines.items()}
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(REPEATS):
        for name, engine in engines.items():
            start = perf_counter()
            engine()
            best[name] = min(best[name], perf_counter() - start)

    (our_weights, our_ratios), (weights, ratios) = answers["crmstudy"], answers[equal]
    agreement = max(
        float(np.abs(our_weights / weights - 1).max()),
        float(np.abs(our_ratios / ratios - 1).max()),
    )
    mine = best["crmstudy"]
    print(f"{'engine':<20} {'seconds':>9} {'times ours':>11}")
    for name, seconds in best.items():
        print(f"{name:<20} {seconds:>9.5f} {seconds / mine:>11.1f}")
    if agreement > 1e-9:
        print("the engines disagree", file=sys.stderr)
    print(f"ahp ratio {best[equal] / mine:.1f} agreement {agreement:.1e}")
    return int(agreement > 1e-9)


if __name__ == "__main__":
    raise SystemExit(main())
