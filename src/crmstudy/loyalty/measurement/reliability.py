"""Do the items of a construct measure the same thing, and how well.

References
----------
Nunnally, J. C. (1978). Psychometric Theory (2nd ed.). McGraw-Hill.
Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with
unobservable variables and measurement error. Journal of Marketing Research, 18(1), 39-50.
Hair, J. F., Black, W. C., Babin, B. J., & Anderson, R. E. (2010). Multivariate Data
Analysis (7th ed.). Pearson.
Eisinga, R., te Grotenhuis, M., & Pelzer, B. (2013). The reliability of a two-item scale:
Pearson, Cronbach, or Spearman-Brown? Int. J. Public Health, 58(4), 637-642.
Feldt (1965), McDonald (1999), Raykov (2002): see :mod:`.coefficients` and :mod:`.omega`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.coefficients import (
    alpha_from_covariance,
    average_variance_extracted,
    composite_reliability,
    feldt_interval,
    standardised_alpha,
)
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.measurement.omega import fit_omega
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import Construct

LOWEST_RELIABILITY, LOWEST_EXTRACTED = 0.70, 0.50
CONVENTIONS = {
    "alpha": (">= .70", "Nunnally (1978)"),
    "omega": (">= .70", "as alpha"),
    "composite reliability": (">= .70", "Hair et al. (2010)"),
    "average variance extracted": (">= .50", "Fornell & Larcker (1981)"),
}
SHORT = {
    "alpha": "alpha",
    "alpha lower": "alpha_lower",
    "alpha upper": "alpha_upper",
    "standardised alpha": "std_alpha",
    "omega": "omega",
    "omega lower": "omega_lower",
    "omega upper": "omega_upper",
    "composite reliability": "composite_reliability",
    "average variance extracted": "ave",
}


@dataclass(frozen=True)
class Reliability:
    """Reliability of the constructs of one model.

    Attributes
    ----------
    constructs : DataFrame
        One row a construct with several items, by name: ``construct``, ``items``,
        ``alpha`` with ``alpha lower`` and ``alpha upper`` (Feldt 1965), ``standardised
        alpha`` (of items with equal variances), ``omega`` with its interval (of a
        one-factor model of the construct alone; empty where notes say why) and, when the
        model is admissible, ``composite reliability`` and ``average variance extracted``
        (from the model's standardised loadings).
    n_used : int
        Respondents, the same as in the model.
    level : float
        Confidence of the intervals.
    model : str
        Whose loadings were used.
    labels : dict
        Name of each construct to what it is called in print.
    notes : tuple of str
        Constructs left out, and why something is not there.
    """

    constructs: pd.DataFrame
    n_used: int
    level: float
    model: str
    labels: dict[str, str]
    notes: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row a construct, called by its label."""
        return self.constructs.assign(construct=self.constructs["construct"].map(self.labels))

    def conventions(self) -> pd.DataFrame:
        """Return the customary threshold of each index and its source."""
        rows = [(name, *CONVENTIONS[name]) for name in CONVENTIONS if name in self.constructs]
        return pd.DataFrame(rows, columns=["index", "convention", "source"])

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``alpha_quality``."""
        return {
            f"{short}_{row['construct'].lower()}": row[index]
            for row in self.constructs.to_dict("records")
            for index, short in SHORT.items()
            if index in row and math.isfinite(row[index])
        }


@passes_absence
def assess_reliability(result: SemResult, *, level: float = 0.95) -> Reliability:
    """Assess the reliability of a model's constructs on the respondents it used.

    Parameters
    ----------
    result : SemResult
        Alpha needs its sample covariance alone, omega a model of each construct alone:
        both are given for an inadmissible model too. Composite reliability and average
        variance extracted come from the standardised loadings of an admissible one.
    level : float
        Confidence of the intervals of alpha and omega.
    """
    labels = name_in_print(result.model.constructs)
    several = [each for each in result.model.constructs if len(each.items) > 1]
    blocks = [_cut_block(result, each) for each in several]
    alphas = [alpha_from_covariance(block) for block in blocks]
    bounds = [
        feldt_interval(alpha, n=result.n_used, k=len(block), level=level)
        for alpha, block in zip(alphas, blocks, strict=True)
    ]
    omegas, reasons = _collect_omegas(result, several, labels, level=level)
    columns: dict[str, list[Any]] = {
        "construct": [each.name for each in several],
        "items": [len(each.items) for each in several],
        "alpha": alphas,
        "alpha lower": [lower for lower, _ in bounds],
        "alpha upper": [upper for _, upper in bounds],
        "standardised alpha": [standardised_alpha(block) for block in blocks],
        **omegas,
    }
    convergent, more = _collect_convergent(result, several)
    return Reliability(
        constructs=pd.DataFrame(columns | convergent),
        n_used=result.n_used,
        level=level,
        model=result.model.name,
        labels=labels,
        notes=(*_note_few_items(result, labels), *reasons, *more),
    )


def _note_few_items(result: SemResult, labels: dict[str, str]) -> list[str]:
    single, double = (
        [labels[each.name] for each in result.model.constructs if len(each.items) == k]
        for k in (1, 2)
    )
    notes = []
    if single:
        notes.append(f"one item, so that reliability cannot be estimated: {'; '.join(single)}")
    if double:
        notes.append(
            "two items, so that omega is not identified and the standardised alpha is the "
            f"Spearman-Brown coefficient: {'; '.join(double)}"
        )
    return notes


def _collect_omegas(
    result: SemResult, several: list[Construct], labels: dict[str, str], *, level: float
) -> tuple[dict[str, list[float]], list[str]]:
    """Estimate omega of each construct; empty numbers and a reason where it is not there."""
    answers = pd.DataFrame(result.answers, columns=list(result.model.items))
    columns: dict[str, list[float]] = {"omega": [], "omega lower": [], "omega upper": []}
    reasons = []
    for each in several:
        found = fit_omega(
            answers,
            construct=each,
            level=level,
            divisor=result.divisor,
            missing=result.missing,
        )
        if isinstance(found, NotAvailable):
            numbers = (np.nan, np.nan, np.nan)
            if len(each.items) > 2:
                reasons.append(f"omega of {labels[each.name]}: {found}")
        else:
            numbers = (found.value, found.lower, found.upper)
        for name, number in zip(columns, numbers, strict=True):
            columns[name].append(number)
    return columns, reasons


def _collect_convergent(
    result: SemResult, several: list[Construct]
) -> tuple[dict[str, list[float]], list[str]]:
    loadings = result.loadings()
    if isinstance(loadings, NotAvailable):
        return {}, [f"composite reliability and average variance extracted: {loadings}"]
    of_construct = loadings.groupby("construct")["standardised"]
    groups = [of_construct.get_group(each.name) for each in several]
    columns = {
        "composite reliability": [composite_reliability(group) for group in groups],
        "average variance extracted": [average_variance_extracted(group) for group in groups],
    }
    return columns, []


def _cut_block(result: SemResult, construct: Construct) -> Array:
    places = [result.model.items.index(item) for item in construct.items]
    return result.sample[np.ix_(places, places)]
