"""Wilson's interval of a share, for every room that counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def wilson_limits(
    successes: npt.ArrayLike, n: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bound shares ``successes / n`` by Wilson's score interval.

    Parameters
    ----------
    successes, n : array_like
        Cases that count, and all cases (above 0); broadcast together.
    confidence : float
        Coverage of each interval.

    Returns
    -------
    lower, upper : ndarray
        Exactly 0 where there is no success, exactly 1 where all are.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical
    inference. J. American Statistical Association, 22(158), 209-212.
    """
    from scipy.special import ndtri

    count, size = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    z = float(ndtri(0.5 + confidence / 2))
    share, shrink = count / size, 1 + z**2 / size
    centre = (share + z**2 / (2 * size)) / shrink
    reach = z / shrink * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    lower = np.where(count <= 0, 0.0, centre - reach)
    return lower, np.where(count >= size, 1.0, centre + reach)
