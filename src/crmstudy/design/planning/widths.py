"""How many answers make an interval as narrow as wanted.

References
----------
Cochran, W. G. (1977). Sampling techniques (3rd ed.). Wiley. (Chapter 4.)
Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
J. American Statistical Association, 22(158), 209-212.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable

#: Half widths of a share, in its own unit.
SHARES = (0.5, 0.2, 0.1)
SHARE_HALF, MEAN_HALF = 0.05, 0.1


def find_n_of_mean(half: float, *, level: float = 0.95) -> int:
    """Find n for a mean within ``half`` standard deviations (known, or n large)."""
    from scipy.special import ndtri

    _refuse(half, level)
    return math.ceil((float(ndtri((1 + level) / 2)) / half) ** 2 - 1e-9)


def wilson_half(n: int, share: float, *, level: float = 0.95) -> float:
    """Give half the width of Wilson's interval at an observed share."""
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    return z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)


def find_n_of_share(half: float, share: float, *, level: float = 0.95) -> int:
    """Find the smallest n at which Wilson's interval of a share is narrow enough."""
    from scipy.special import ndtri

    _refuse(half, level)
    if not 0 <= share <= 1:
        raise ModelError(f"a share lies between 0 and 1, found {share:g}")
    # Squaring the half width gives a quadratic in n with one positive root.
    z2, spread = float(ndtri((1 + level) / 2)) ** 2, share * (1 - share)
    linear = z2 * spread - 2 * half**2 * z2
    root = math.sqrt(linear**2 + 4 * half**2 * z2**2 * (0.25 - half**2)) if half < 0.5 else 0.0
    n = max(math.ceil((linear + root) / (2 * half**2) - 1e-9), 1)
    return n if wilson_half(n, share, level=level) <= half + 1e-12 else n + 1


def plan_widths(
    *, level: float = 0.95, half: float = SHARE_HALF, shares: Sequence[float] = SHARES
) -> pd.DataFrame:
    """Plan how many answers estimate a mean and shares with a given precision.

    Returns
    -------
    DataFrame
        ``quantity, half width, unit, n``; one row a quantity.
    """
    rows: list[tuple[str, float, str, int]] = [
        (
            "mean",
            MEAN_HALF,
            "standard deviations",
            find_n_of_mean(MEAN_HALF, level=level),
        )
    ]
    rows += [
        (f"share of {share:.0%}", half, "share", find_n_of_share(half, share, level=level))
        for share in shares
    ]
    return pd.DataFrame(rows, columns=["quantity", "half width", "unit", "n"])


def plan_expert_panel() -> NotAvailable:
    """Say why no number of experts is planned for judgements in pairs."""
    return NotAvailable(
        "no formula tells how many experts a panel of judgements in pairs needs: experts are "
        "no sample of a population; consistency and agreement are checked afterwards"
    )


def _refuse(half: float, level: float) -> None:
    if not 0 < half < math.inf or not 0 < level < 1:
        raise ModelError(
            f"half width {half:g} at level {level:g}: needed are a positive number and a level "
            "between 0 and 1"
        )
