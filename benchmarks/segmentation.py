"""The whole choice of the number of segments: crmstudy against scikit-learn on all rows.

1,000,000 customers x 6 features from five overlapping normal groups, k = 2 to 10. Both sides
compute inertia with 10 starts, the silhouette of a sample, the gap statistic of 10 uniform
clouds, and the bootstrap stability of 10 draws. The peer does so plainly: KMeans on all rows,
on uniform data of as many rows, and on bootstrap samples of as many rows (one start for clouds
and samples, where crmstudy takes three), and chooses k by the gap statistic, by the silhouette
where the gap names one segment. crmstudy chooses by its vote and does more (a second kind of
cloud, mixtures, 20 clouds of each kind, Jaccard by segment).

Arguments: numbers of customers (100,000, 300,000 and 1,000,000 by default; the peer runs on
the last one only); ``--alone`` leaves the peer out; ``--once`` repeats nothing. Seconds are
those of the clock, seconds of processor beside them.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from crmstudy.segmentation.clusters.cluster import cluster_kmeans

CANDIDATES = range(2, 11)
COLUMNS = [f"x{place}" for place in range(6)]
N_STARTS, N_DRAWS, N_CLOUDS, SAMPLE = 10, 10, 10, 5_000
MOST_GIGABYTES = 4.0


def draw_customers(n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw five groups whose nearest centres are four standard deviations apart."""
    rng = np.random.default_rng(20261123)
    centres = rng.normal(size=(5, 6))
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    centres *= 4 / distances[np.triu_indices(5, 1)].min()
    truth = rng.choice(5, n, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    points = centres[truth] + rng.normal(size=(n, 6))
    index = pd.RangeIndex(n, name="customer_id")
    return pd.DataFrame(points, columns=COLUMNS, index=index).assign(x0=points[:, 0] + 50), truth


def choose_with_scikit_learn(features: pd.DataFrame) -> tuple[int, np.ndarray, dict[str, float]]:
    """Do the same with scikit-learn on all rows; the number favoured by the gap is taken."""
    points = ((features - features.mean()) / features.std()).to_numpy()
    rng = np.random.default_rng(1)
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        work()
        seconds[name] = time.perf_counter() - began
        print(f"    scikit-learn, {name:<28} {seconds[name]:7.1f} s", flush=True)

    models: dict[int, KMeans] = {}
    silhouettes: dict[int, float] = {}
    logs = np.empty((N_CLOUDS, len(CANDIDATES) + 1))
    agreement: dict[int, float] = {}

    def fit_all() -> None:
        for k in CANDIDATES:
            models[k] = KMeans(k, n_init=N_STARTS, random_state=1).fit(points)
            silhouettes[k] = silhouette_score(
                points, models[k].labels_, sample_size=SAMPLE, random_state=1
            )

    def measure_gap() -> None:
        low, high = points.min(axis=0), points.max(axis=0)
        for place in range(N_CLOUDS):
            cloud = rng.uniform(low, high, size=points.shape)
            sums = [((cloud - cloud.mean(axis=0)) ** 2).sum()]
            sums += [KMeans(k, n_init=1, random_state=1).fit(cloud).inertia_ for k in CANDIDATES]
            logs[place] = np.log(sums)

    def resample() -> None:
        for k in CANDIDATES:
            again = []
            for _ in range(N_DRAWS):
                drawn = points[rng.integers(len(points), size=len(points))]
                labels = KMeans(k, n_init=1, random_state=1).fit(drawn).predict(points)
                again.append(adjusted_rand_score(models[k].labels_, labels))
            agreement[k] = float(np.mean(again))

    timed("inertia and silhouette", fit_all)
    timed("gap statistic", measure_gap)
    timed("bootstrap stability", resample)
    within = [((points - points.mean(axis=0)) ** 2).sum(), *[m.inertia_ for m in models.values()]]
    gaps = logs.mean(axis=0) - np.log(within)
    errors = logs.std(axis=0, ddof=1) * np.sqrt(1 + 1 / N_CLOUDS)
    enough = np.flatnonzero(gaps[:-1] >= gaps[1:] - errors[1:])
    k = int(enough[0]) + 1 if len(enough) else max(CANDIDATES)
    if k == 1:
        k = max(silhouettes, key=lambda one: silhouettes[one])
    print(f"    gap favours {k}, silhouette {max(silhouettes, key=lambda s: silhouettes[s])}")
    return k, models[k].labels_, seconds


def measure(n: int, repeats: int) -> tuple[float, int, np.ndarray]:
    """Time crmstudy's whole choice; the best of several runs."""
    features, truth = draw_customers(n)
    best = float("inf")
    for _ in range(repeats):
        wall, used = time.perf_counter(), time.process_time()
        result = cluster_kmeans(
            features,
            seed=1,
            columns=COLUMNS,
            value="x0",
            log=False,
            n_starts=N_STARTS,
            n_replicates=N_DRAWS,
        )
        wall, used = time.perf_counter() - wall, time.process_time() - used
        best = min(best, wall)
        print(
            f"  {n:>9,} customers {wall:7.1f} s ({used:5.1f} s of processor), "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:4.2f} GB, "
            f"k = {result.n_segments}, {result.recommendation.verdict}, "
            f"agreement with the truth {adjusted_rand_score(truth, result.labels):.3f}",
            flush=True,
        )
    return best, result.n_segments, result.labels.to_numpy()


def main() -> int:
    """Measure, compare, and end with the line that names ratio and agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    draw_customers(1_000)
    print("crmstudy: k-means, two gaps, silhouette, mixtures, bootstrap for k = 2 to 10")
    seconds: dict[int, float] = {}
    for n in options.sizes:
        seconds[n], k, labels = measure(n, 1 if options.once else 2)
    largest, smallest = options.sizes[-1], options.sizes[0]
    growth = seconds[largest] / seconds[smallest] / (largest / smallest)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"growth of time over growth of customers {growth:.2f} (1 is linear)")
    print(f"memory {gigabytes:.2f} GB (allowed {MOST_GIGABYTES:.0f})")
    sound = growth <= 1.0 and gigabytes < MOST_GIGABYTES
    if options.alone:
        return 0 if sound else 1
    features, _ = draw_customers(largest)
    began = time.perf_counter()
    peer_k, peer_labels, _ = choose_with_scikit_learn(features)
    peer = time.perf_counter() - began
    agreement = adjusted_rand_score(peer_labels, labels) if peer_k == k else 0.0
    print(f"scikit-learn on all rows {peer:7.1f} s, k = {peer_k}; crmstudy k = {k}")
    print(f"segmentation ratio {peer / seconds[largest]:.1f} agreement {agreement:.4f}")
    return 0 if sound and peer_k == k and agreement >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
