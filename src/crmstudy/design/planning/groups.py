"""How many cases a comparison needs, before data are collected."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from crmstudy.errors import SettingsError

#: Cohen (1988, pp. 25-27): standardised differences of two means.
COHEN_D: Mapping[str, float] = {"small": 0.2, "medium": 0.5, "large": 0.8}


def plan_two_groups(
    effects: Mapping[str, float] = COHEN_D, *, alpha: float = 0.05, power: float = 0.80
) -> pd.DataFrame:
    """Find the size of each of two groups for a two-sided t test.

    Parameters
    ----------
    effects : mapping of str to float
        Standardised differences of means by name, all positive.
    alpha, power : float
        Probability of a false alarm, and of finding the difference when it is there.

    Returns
    -------
    DataFrame
        Columns difference, standardised difference, customers a group, both groups.

    Raises
    ------
    SettingsError
        If a difference is not positive.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.).
    """
    from statsmodels.stats.power import TTestIndPower

    rows = []
    for name, effect in effects.items():
        if effect <= 0:
            raise SettingsError(f"a standardised difference must be positive; {name} is {effect}")
        size = TTestIndPower().solve_power(effect_size=effect, alpha=alpha, power=power)
        needed = math.ceil(float(size))
        rows.append(
            {
                "difference": name,
                "standardised difference": effect,
                "customers a group": needed,
                "both groups": 2 * needed,
            }
        )
    return pd.DataFrame(rows)
