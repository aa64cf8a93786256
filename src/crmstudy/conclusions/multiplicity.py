"""Several hypotheses at once: p-values from intervals, adjusted for their number."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.statistics.multiplicity import adjust_p_values

Correction = Literal["holm", "benjamini-hochberg"]
#: Columns in which adjusted p-values of each correction come.
COLUMNS = {"holm": "p_holm", "benjamini-hochberg": "p_bh"}
#: Level of the intervals in the chapters' tables of verdicts.
LEVEL = 0.95
#: Farthest that an estimate may lie from the middle of a normal interval, in half-widths.
MOST_SKEWED = 0.01


def derive_p(effect: float, lower: float, upper: float, *, level: float = LEVEL) -> float | None:
    """Derive a two-sided p-value from an interval that is symmetric around its estimate.

    Parameters
    ----------
    effect, lower, upper : float
        Estimate and its interval, in one unit.
    level : float
        Confidence of the interval.

    Returns
    -------
    float or None
        ``2 (1 - Phi(|effect| / se))`` with ``se`` the half-width over the normal quantile;
        None where the interval is not symmetric (of a bootstrap, of a share), because its
        form is then not known. An interval by t gives a p-value that is a little too small
        where few cases stand behind it.

    References
    ----------
    Altman, D. G., & Bland, J. M. (2011). How to obtain the P value from a confidence
    interval. BMJ, 343, d2304.
    """
    half = (upper - lower) / 2
    if not np.isfinite([effect, lower, upper]).all() or half <= 0:
        return None
    if abs(effect - (lower + upper) / 2) > MOST_SKEWED * half:
        return None
    normal = NormalDist()
    z = abs(effect) / half * normal.inv_cdf((1 + level) / 2)
    return 2 * normal.cdf(-z)


@passes_absence
def adjust_verdicts(verdicts: pd.DataFrame, *, correction: Correction = "holm") -> pd.DataFrame:
    """Adjust the p-values of judged hypotheses for their number.

    The family is every hypothesis that was tested and has a p-value, also one whose claim
    is withheld: that it was looked at does not hang on what its checks said.

    Parameters
    ----------
    verdicts : DataFrame
        With columns effect, lower, upper, p and verdict, one row a hypothesis.
    correction : str
        ``holm`` keeps the chance of one false finding at 5%, ``benjamini-hochberg`` the
        expected share of false findings.

    Returns
    -------
    DataFrame
        The frame with further columns ``p used``, ``p from`` (its chapter, its interval, or
        why there is none), ``p adjusted``, ``survives`` (yes or no of what is supported or
        contradicted; empty otherwise).

    References
    ----------
    Holm, S. (1979). Scandinavian Journal of Statistics, 6(2), 65-70.
    Benjamini, Y., & Hochberg, Y. (1995). J. R. Stat. Soc. B, 57(1), 289-300.
    """
    sources = [_find_p(row) for row in verdicts.to_dict("records")]
    used = pd.Series([p for p, _ in sources], dtype=float)
    adjusted = adjust_p_values(used)[COLUMNS[correction]].to_numpy()
    words = zip(verdicts["verdict"], adjusted, strict=True)
    further = pd.DataFrame(
        {
            "p used": used.to_numpy(),
            "p from": [source for _, source in sources],
            "p adjusted": adjusted,
            "survives": [_survives(word, p) for word, p in words],
        },
        index=verdicts.index,
    )
    return pd.concat([verdicts, further], axis=1)


def _find_p(row: Any) -> tuple[float | None, str]:
    if pd.isna(row["lower"]) or pd.isna(row["upper"]):
        return None, "not tested"
    if not pd.isna(row["p"]):
        return float(row["p"]), "its chapter"
    derived = derive_p(row["effect"], row["lower"], row["upper"])
    return derived, "the interval is not symmetric" if derived is None else "its normal interval"


def _survives(verdict: str, adjusted: float) -> str:
    if verdict not in ("supported", "contradicted") or not np.isfinite(adjusted):
        return ""
    return "yes" if adjusted < 1 - LEVEL else "no"
