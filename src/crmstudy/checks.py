"""Assumptions and test statistics as objects that a reader can question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import passes_absence


@dataclass(frozen=True)
class Check:
    """One assumption, looked at.

    Parameters
    ----------
    name : str
        The assumption in words, for instance ``"latent covariance is positive definite"``.
    passed : bool
        Whether it holds.
    statistic : float
        The number it was judged by.
    threshold : str
        The rule, for instance ``"> 0"``.
    source : str
        Who says so: a short citation or the reason in a few words.
    consequence : str
        What follows when the check fails.
    """

    name: str
    passed: bool
    statistic: float
    threshold: str
    source: str
    consequence: str


@dataclass(frozen=True)
class Hypothesis:
    """A test statistic with its null hypothesis in words.

    Parameters
    ----------
    null : str
        What is assumed when the p-value is computed.
    statistic, p_value : float
        Value of the statistic, and the probability of one at least as extreme.
    distribution : str
        Reference distribution with its degrees of freedom, e.g. ``"chi2(24)"``.
    """

    null: str
    statistic: float
    p_value: float
    distribution: str


@passes_absence
def tabulate_checks(checks: Iterable[Check]) -> pd.DataFrame:
    """Arrange checks as a tidy frame, one row a check, in the order given."""
    rows = [
        {
            "assumption": check.name,
            "holds": "yes" if check.passed else "no",
            "statistic": check.statistic,
            "rule": check.threshold,
            "source": check.source,
            "if it fails": check.consequence,
        }
        for check in checks
    ]
    columns = ["assumption", "holds", "statistic", "rule", "source", "if it fails"]
    return pd.DataFrame(rows, columns=columns)


def failed(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Keep the checks that did not pass."""
    return tuple(check for check in checks if not check.passed)
