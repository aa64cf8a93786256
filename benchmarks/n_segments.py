"""How often the number of segments is found, and "no structure" said, where the truth is known.

Clouds of many shapes without segments, and segments of many shapes, 600 customers each. For
every measure: how often it favours the true number. For their vote: the same. For the
verdict: how often it says "structure" of a cloud (wrong), and of segments (right).

Argument: repetitions of each shape; 10 by default (about 8 minutes).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import sklearn.cluster
import sklearn.mixture  # noqa: F401  (loaded before the limit on threads is set)
from threadpoolctl import threadpool_limits

from crmstudy.segmentation.clusters.choice import list_candidates, measure_choice
from crmstudy.segmentation.clusters.recommend import recommend

N = 600
Draw = Callable[[np.random.Generator], np.ndarray]


def correlated(rng: np.random.Generator, n_dimensions: int, r: float) -> np.ndarray:
    covariance = np.full((n_dimensions, n_dimensions), r) + (1 - r) * np.eye(n_dimensions)
    return rng.multivariate_normal(np.zeros(n_dimensions), covariance, N)


def draw_disc(rng: np.random.Generator) -> np.ndarray:
    away = rng.normal(size=(N, 2))
    return away / np.linalg.norm(away, axis=1, keepdims=True) * np.sqrt(rng.random((N, 1)))


def draw_triangle(rng: np.random.Generator) -> np.ndarray:
    pairs = rng.random((N, 2))
    return np.column_stack([pairs.max(axis=1), pairs.min(axis=1)])


def draw_counts(rng: np.random.Generator) -> np.ndarray:
    rate = rng.gamma(2.0, 3.0, (N, 1)) * rng.gamma(4.0, 0.25, (N, 3))
    return np.log1p(rng.poisson(rate))


CLOUDS: dict[str, Draw] = {
    "normal, 2 dimensions": lambda rng: rng.normal(size=(N, 2)),
    "normal, 6 dimensions": lambda rng: rng.normal(size=(N, 6)),
    "normal, correlated .85": lambda rng: correlated(rng, 3, 0.85),
    "uniform box": lambda rng: rng.random((N, 2)) * [3, 1],
    "uniform disc": draw_disc,
    "uniform triangle": draw_triangle,
    "exponential": lambda rng: rng.exponential(size=(N, 3)),
    "lognormal, correlated": lambda rng: np.exp(0.7 * correlated(rng, 3, 0.7)),
    "heavy tails (t, 4 df)": lambda rng: rng.standard_t(4, (N, 3)),
    "shares (Dirichlet 2, 2, 2, 2)": lambda rng: rng.dirichlet([2, 2, 2, 2], N)[:, :3],
    "counts, logged": draw_counts,
    "answers 1 to 5": lambda rng: np.clip(np.round(1.2 * correlated(rng, 4, 0.4) + 3), 1, 5),
    "funnel": lambda rng: (lambda t: np.column_stack([t, np.exp(0.8 * t) * rng.normal(size=N)]))(
        rng.normal(size=N)
    ),
}


def draw_segments(
    rng: np.random.Generator, n_segments: int, n_dimensions: int, apart: float, shape: str
) -> np.ndarray:
    """Draw segments whose two nearest centres are ``apart`` standard deviations."""
    while True:
        centres = rng.normal(size=(n_segments, n_dimensions))
        distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        distances = distances[np.triu_indices(n_segments, 1)]
        if distances.max() < 3 * distances.min():
            break
    centres *= apart / distances.min()
    shares = rng.dirichlet(np.full(n_segments, 4.0)) if shape == "unequal" else None
    own = rng.choice(n_segments, N, p=shares)
    noise = rng.normal(size=(N, n_dimensions))
    if shape == "elongated":
        noise = correlated(rng, n_dimensions, 0.6)
    if shape == "unequal":
        noise *= rng.uniform(0.6, 1.2, n_segments)[own][:, None]
    points = centres[own] + noise
    return np.exp(points / 4) if shape == "skewed" else points


def segments(n: int, dimensions: int, apart: float, shape: str = "round") -> Draw:
    return lambda rng: draw_segments(rng, n, dimensions, apart, shape)


SEGMENTS: dict[str, tuple[int, Draw]] = {
    f"{n} {shape}, {dimensions} dimensions, {apart:g} sd apart": (
        n,
        segments(n, dimensions, apart, shape),
    )
    for n, dimensions, apart, shape in (
        (2, 2, 3, "round"),
        (3, 2, 3, "round"),
        (3, 2, 4, "round"),
        (4, 3, 4, "round"),
        (5, 3, 4, "round"),
        (5, 3, 5, "round"),
        (3, 6, 4, "round"),
        (5, 6, 4, "round"),
        (6, 6, 5, "round"),
        (3, 3, 5, "unequal"),
        (4, 3, 5, "elongated"),
        (3, 3, 5, "skewed"),
    )
}


def judge(draw: Draw, seed: int) -> dict[str, object]:
    points = draw(np.random.default_rng(seed))
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    points = points[np.lexsort(points.T[::-1])]
    choice = measure_choice(
        points, list_candidates(points, 0), seed=seed, n_starts=10, n_replicates=5
    )
    found = recommend(choice)
    favours = found.reasons.set_index("measure")["favours"].to_dict()
    return {
        **favours,
        "vote": found.n_segments,
        "structure": found.verdict == "structure",
        "why": "; ".join(found.why),
    }


def main() -> int:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rows = []
    shapes = {name: (1, draw) for name, draw in CLOUDS.items()} | SEGMENTS
    with threadpool_limits(limits=1):
        for name, (truth, draw) in shapes.items():
            for repetition in range(repetitions):
                rows.append({"shape": name, "truth": truth, **judge(draw, 7_000 + repetition)})
            part = pd.DataFrame(rows[-repetitions:])
            right = (part["vote"] == truth).mean() if truth > 1 else float("nan")
            said = f"structure {part['structure'].mean():4.0%}  vote right {right:4.0%}"
            print(f"{name:<42} {said}", flush=True)
    frame = pd.DataFrame(rows)
    if len(sys.argv) > 2:
        frame.to_csv(sys.argv[2], index=False)
    known = frame[frame["truth"] > 1]
    print(f"\nof {len(known)} data sets with segments, the true number is favoured by")
    for name in frame.columns.drop(["shape", "truth", "structure", "why"]):
        print(f"  {name:<24} {(known[name] == known['truth']).mean():5.1%}")
    clouds = frame[frame["truth"] == 1]
    wrong, right = clouds["structure"].mean(), known["structure"].mean()
    print(f"verdict: structure said of {wrong:.1%} of the clouds, of {right:.1%} of segments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
