"""Can the segments be trusted? Resampling, and comparison with no structure at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crmstudy.checks import Check, Hypothesis

# A method of clustering: points and a seed in, a function that assigns points out.
Assign = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[np.ndarray, int], Assign]
Quality = Callable[[np.ndarray, np.ndarray], float]

SILHOUETTE_LIMIT = 0.25
STABILITY_LIMIT = 0.65
SMALLEST_SHARE = 0.02
ALPHA = 0.05


def draw_seeds(seed: int, *, stage: int, n: int) -> list[int]:
    """Derive ``n`` independent seeds for one stage of the work from the study's seed."""
    children = np.random.SeedSequence(seed, spawn_key=(stage,)).spawn(n)
    return [int(child.generate_state(1)[0]) for child in children]


def bootstrap_stability(
    points: np.ndarray, labels: np.ndarray, *, fit: Fit, seeds: list[int]
) -> np.ndarray:
    """Compare the segments with those found in bootstrap samples.

    Each replicate draws as many customers with replacement, clusters them anew,
    assigns **all** customers by the new centres, and compares with ``labels``.

    Parameters
    ----------
    points : array of shape (n_customers, n_features)
        Sorted, so that equal customers are neighbours; each sample keeps the order.
    labels : array of shape (n_customers,)
        The segments to be judged.
    fit : callable
        ``fit(points, seed)`` returns a function that assigns points to clusters.
    seeds : list of int
        One for each replicate.

    Returns
    -------
    array of shape (n_replicates,)
        Adjusted Rand index: 1 the same segments, 0 no better than chance.

    References
    ----------
    Hubert, L., & Arabie, P. (1985). Comparing partitions. J. of Classification, 2, 193-218.
    Dolnicar, S., & Leisch, F. (2010). Evaluation of structure and reproducibility of
    cluster solutions using the bootstrap. Marketing Letters, 21, 83-101.
    """
    from sklearn.metrics import adjusted_rand_score

    agreement = np.empty(len(seeds))
    for replicate, seed in enumerate(seeds):
        drawn = np.sort(np.random.default_rng(seed).integers(len(points), size=len(points)))
        agreement[replicate] = adjusted_rand_score(labels, fit(points[drawn], seed)(points))
    return agreement


def compare_with_no_structure(
    points: np.ndarray,
    observed: float,
    *,
    fit: Fit,
    quality: Quality,
    n_points: int,
    seeds: list[int],
) -> Hypothesis:
    """Ask whether one unbroken cloud would give segments of the same quality.

    The silhouette of a long cloud can be high although it has no gap anywhere.
    Here clouds are drawn from one normal distribution with the mean and covariance of the
    data and clustered into the same number of segments. A cloud that is itself skewed
    or cut off can still beat the normal one: the test guards against the covariance,
    not against every shape.

    Parameters
    ----------
    points : array of shape (n_customers, n_features)
        The transformed features.
    observed : float
        Quality reached on the data.
    fit, quality : callable
        The method, and ``quality(points, labels)``, larger is better.
    n_points : int
        Size of each cloud.
    seeds : list of int
        One for each cloud; with 19 the smallest p-value is .05.

    Returns
    -------
    Hypothesis
        Monte Carlo test whose statistic is ``observed``.

    References
    ----------
    Hennig, C., & Lin, C.-J. (2015). Flexible parametric bootstrap for testing homogeneity
    against clustering and assessing the number of clusters. Statistics and Computing,
    25, 821-833.
    """
    mean, covariance = points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))
    reached = np.empty(len(seeds))
    for replicate, seed in enumerate(seeds):
        draw = np.random.default_rng(seed).multivariate_normal
        cloud = draw(mean, covariance, size=n_points, method="eigh")
        reached[replicate] = quality(cloud, fit(cloud, seed)(cloud))
    p_value = (1 + np.count_nonzero(reached >= observed)) / (1 + len(seeds))
    return Hypothesis(
        null="the customers are one normal cloud without segments",
        statistic=observed,
        p_value=float(p_value),
        distribution=f"Monte Carlo, {len(seeds)} clouds",
    )


def check_structure(
    *, silhouette: float, stability: float, homogeneity: Hypothesis, smallest_share: float
) -> tuple[Check, ...]:
    """Judge whether the segments are structure or a cut through a continuum."""
    return (
        Check(
            name="segments are apart (average silhouette)",
            passed=silhouette > SILHOUETTE_LIMIT,
            statistic=silhouette,
            threshold=f"> {SILHOUETTE_LIMIT}",
            source="Kaufman & Rousseeuw (1990), ch. 2",
            consequence="no substantial structure: read the segments as a convenient cut only",
        ),
        Check(
            name="silhouette is beyond that of one normal cloud (p-value)",
            passed=homogeneity.p_value <= ALPHA,
            statistic=homogeneity.p_value,
            threshold=f"<= {ALPHA}",
            source="after Hennig & Lin (2015)",
            consequence="the segments cut a continuum: do not call them types of customers",
        ),
        Check(
            name="segments are found again in bootstrap samples (mean adjusted Rand index)",
            passed=stability >= STABILITY_LIMIT,
            statistic=stability,
            threshold=f">= {STABILITY_LIMIT}",
            source="Steinley (2004): below .65 poor",
            consequence="another sample gives other segments: ask for fewer",
        ),
        Check(
            name="the smallest segment is substantial (share of customers)",
            passed=smallest_share >= SMALLEST_SHARE,
            statistic=smallest_share,
            threshold=f">= {SMALLEST_SHARE}",
            source="rule of this study",
            consequence="the segment may be a few outliers: look at them before naming it",
        ),
    )
