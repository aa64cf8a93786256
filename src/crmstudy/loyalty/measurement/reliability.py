"""Do the items of a construct measure the same thing, and how well.

Indices take plain numbers; :func:`assess_reliability` puts them into one table. Several
formulas go by the same name and differ in the third decimal, so each says which it is.

References
----------
Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.
Psychometrika, 16(3), 297-334.
Jöreskog, K. G. (1971). Statistical analysis of sets of congeneric tests. Psychometrika,
36(2), 109-133.
Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with
unobservable variables and measurement error. Journal of Marketing Research, 18(1), 39-50.
Nunnally, J. C. (1978). Psychometric Theory (2nd ed.). McGraw-Hill.
Hair, J. F., Black, W. C., Babin, B. J., & Anderson, R. E. (2010). Multivariate Data
Analysis (7th ed.). Pearson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import Construct

CONVENTIONS = {
    "alpha": (">= .70", "Nunnally (1978)"),
    "composite reliability": (">= .70", "Hair et al. (2010)"),
    "average variance extracted": (">= .50", "Fornell & Larcker (1981)"),
}


def cronbach_alpha(answers: ArrayLike) -> float:
    """Cronbach's alpha of the unweighted sum, from covariances (raw alpha).

    Parameters
    ----------
    answers : array of shape (n_respondents, n_items)
        Complete, all items scored in one direction, at least two items.
    """
    values = np.asarray(answers, dtype=float)
    return alpha_from_covariance(np.cov(values, rowvar=False))


def alpha_from_covariance(covariance: ArrayLike) -> float:
    """Cronbach's alpha from the items' covariance matrix; any divisor gives the same."""
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    k = len(matrix)
    if k < 2 or matrix.sum() <= 0.0:
        raise ModelError("alpha needs at least two items whose sum varies")
    return float(k / (k - 1) * (1.0 - np.trace(matrix) / matrix.sum()))


def composite_reliability(loadings: ArrayLike) -> float:
    """Composite reliability (Jöreskog's rho) from standardised loadings.

    ``(sum l)^2 / ((sum l)^2 + sum (1 - l^2))``: the reliability of the unweighted sum
    of standardised items under uncorrelated errors (Fornell & Larcker 1981).
    """
    values = np.asarray(loadings, dtype=float)
    common = values.sum() ** 2
    return float(common / (common + np.sum(1.0 - values**2)))


def average_variance_extracted(loadings: ArrayLike) -> float:
    """Average variance extracted: the mean squared standardised loading."""
    return float(np.mean(np.square(np.asarray(loadings, dtype=float))))


@dataclass(frozen=True)
class Reliability:
    """Reliability of the constructs of one model.

    Attributes
    ----------
    constructs : DataFrame
        One row a construct with several items: ``construct``, ``items``, ``alpha``,
        ``standardised alpha`` (of items with equal variances) and, when the model is
        admissible, ``composite reliability`` and ``average variance extracted``.
    n_used : int
        Respondents, the same as in the model.
    notes : tuple of str
        Constructs left out, and why loadings were not used.
    """

    constructs: pd.DataFrame
    n_used: int
    notes: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row a construct."""
        return self.constructs.copy()

    def conventions(self) -> pd.DataFrame:
        """Return the customary threshold of each index and its source."""
        rows = [(name, *CONVENTIONS[name]) for name in CONVENTIONS if name in self.constructs]
        return pd.DataFrame(rows, columns=["index", "convention", "source"])

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``alpha_quality``."""
        short = {
            "alpha": "alpha",
            "standardised alpha": "std_alpha",
            "composite reliability": "composite_reliability",
            "average variance extracted": "ave",
        }
        return {
            f"{short[index]}_{row['construct'].lower()}": row[index]
            for row in self.constructs.to_dict("records")
            for index in short
            if index in row
        }


@passes_absence
def assess_reliability(result: SemResult) -> Reliability:
    """Assess the reliability of a model's constructs on the respondents it used.

    Parameters
    ----------
    result : SemResult
        Alpha needs its sample covariance alone and is given for an inadmissible model
        too; composite reliability and average variance extracted come from the
        standardised loadings of an admissible one.
    """
    several = [each for each in result.model.constructs if len(each.items) > 1]
    blocks = [_cut_block(result, each) for each in several]
    columns: dict[str, list[Any]] = {
        "construct": [each.name for each in several],
        "items": [len(each.items) for each in several],
        "alpha": [alpha_from_covariance(block) for block in blocks],
        "standardised alpha": [alpha_from_covariance(_correlate(block)) for block in blocks],
    }
    notes = [
        f"{each.name} has one item: its reliability cannot be estimated"
        for each in result.model.constructs
        if len(each.items) == 1
    ]
    loadings = result.loadings()
    if isinstance(loadings, NotAvailable):
        notes.append(f"composite reliability and average variance extracted: {loadings}")
    else:
        of_construct = loadings.groupby("construct")["standardised"]
        groups = [of_construct.get_group(each.name) for each in several]
        columns["composite reliability"] = [composite_reliability(each) for each in groups]
        columns["average variance extracted"] = [average_variance_extracted(g) for g in groups]
    return Reliability(pd.DataFrame(columns), result.n_used, tuple(notes))


def _cut_block(result: SemResult, construct: Construct) -> Array:
    places = [result.model.items.index(item) for item in construct.items]
    return result.sample[np.ix_(places, places)]


def _correlate(covariance: Array) -> Array:
    sd = np.sqrt(np.diag(covariance))
    return covariance / np.outer(sd, sd)
