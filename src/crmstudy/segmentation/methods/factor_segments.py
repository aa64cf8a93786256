"""Segments from factor scores: variables into few factors first, customers into groups next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmstudy.segmentation.clusters.kmeans import fit_kmeans
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.partition import Assign
from crmstudy.statistics.draws import draw_rows, sort_points
from crmstudy.statistics.factors import fit_factors, score_factors

N_STARTS = 10  # of k-means
N_DRAWS = 200  # random matrices of the parallel analysis, anew in every sample
MOST_FITTED = 100_000  # customers on whom the centres are found; all are assigned


def fit_factor_segments(
    space: Space,
    *,
    n_segments: int,
    seed: int,
    target: npt.NDArray[np.float64] | None = None,
) -> Assign:
    """Cluster customers by their scores on the common factors of the block's numbers.

    Parallel analysis sets the number of factors, minimum residuals estimate them,
    Thurstone's regression gives the scores; k-means groups the scores as they are, so that
    a factor counts by how well the variables determine it. Rotation by varimax makes the
    factors readable and changes no distance. Categories are not used.

    Factors that describe most of the variance need not be those in which groups differ
    (Arabie & Hubert 1994 warn of this "tandem"): compare with k-means on the variables.

    Parameters
    ----------
    space : Space
        Customers with three numbers or more.
    n_segments, seed : int
        Segments to find; seed of the random eigenvalues and of the starts.
    target : ignored
        For the common signature.

    Raises
    ------
    ModelError
        If the numbers have no common factor, or too few are usable.

    References
    ----------
    Arabie, P., & Hubert, L. (1994). Cluster analysis in marketing research. In R. P. Bagozzi
    (Ed.), Advanced Methods of Marketing Research (pp. 160-189). Blackwell.
    """
    import sklearn.cluster  # noqa: F401  (a limit holds only for libraries that are there)

    from crmstudy.statistics.threads import hold_one_thread

    factors = fit_factors(space.numeric, seed=seed, rotation="varimax", n_draws=N_DRAWS)
    scores = factors.scores.to_numpy()
    scores = scores[sort_points(scores)][draw_rows(len(scores), seed, most=MOST_FITTED)]
    with hold_one_thread():
        group = fit_kmeans(scores, seed, n_segments=n_segments, n_starts=N_STARTS)

    def assign(others: Space) -> npt.NDArray[np.int64]:
        return np.asarray(group(score_factors(others.numeric, factors).to_numpy()), dtype=np.int64)

    return assign
