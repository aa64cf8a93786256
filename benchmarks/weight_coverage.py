"""Do the intervals of the experts' weights hold the truth as often as they say?

Panels of several sizes judge the simulated firm's hierarchy, whose weights are known. In one
half of the cases experts differ by errors of judgement only, in the other half also in what
they hold important (standard deviation of the logarithm of a weight: 0.5). Printed is the
share of the twelve overall weights that lie in their 95% intervals, from resampled experts
alone and from resampled experts and judgement noise together, as chapter 06 draws them.
"""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.panel import WEIGHTS
from crmstudy.evaluation import draw_weights, prioritise_hierarchy

SIZES, DIFFERENCES = (2, 3, 5, 7, 15), (0.0, 0.5)
REPLICATIONS, N_DRAWS, ERROR, NOISE, LEVEL = 150, 1_000, 0.25, 0.2, 0.95
HIERARCHY = {matrix: list(names) for matrix, names in WEIGHTS.items() if matrix != "criteria"}
PAIRS = [(matrix, *pair) for matrix, names in WEIGHTS.items() for pair in combinations(names, 2)]
SCALE = np.array([1 / k for k in range(9, 1, -1)] + [float(k) for k in range(1, 10)])
TRUTH = np.array([WEIGHTS["criteria"][c] * WEIGHTS[c][i] for c in HIERARCHY for i in HIERARCHY[c]])


def draw_panel(n_experts: int, difference: float, rng: np.random.Generator) -> pd.DataFrame:
    """Draw what the experts judge, on Saaty's scale."""
    rows = []
    for expert in range(n_experts):
        own = {
            (matrix, name): np.log(weight) + difference * rng.standard_normal()
            for matrix, names in WEIGHTS.items()
            for name, weight in names.items()
        }
        for matrix, row, column in PAIRS:
            log = own[matrix, row] - own[matrix, column] + ERROR * rng.standard_normal()
            judged = SCALE[np.abs(log - np.log(SCALE)).argmin()]
            rows.append((f"E{expert}", matrix, row, column, judged))
    return pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])


def measure_coverage(n_experts: int, difference: float, noise: float) -> float:
    """Share of weights that lie in their intervals, over all replications."""
    held = []
    for seed in range(REPLICATIONS):
        table = draw_panel(n_experts, difference, np.random.default_rng(seed))
        panel = prioritise_hierarchy(table, hierarchy=HIERARCHY)
        drawn = draw_weights(panel, n_draws=N_DRAWS, seed=seed, noise=noise).overall
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        held.append((low <= TRUTH) & (high >= TRUTH))
    return float(np.mean(held))


def main() -> int:
    print(f"share of weights in their {LEVEL:.0%} intervals, {REPLICATIONS} panels each")
    for difference in DIFFERENCES:
        for n_experts in SIZES:
            alone = measure_coverage(n_experts, difference, 0.0)
            both = measure_coverage(n_experts, difference, NOISE)
            print(
                f"experts differ by {difference:g}, {n_experts:2} of them: "
                f"resampled {alone:.3f}, with judgement noise {both:.3f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
