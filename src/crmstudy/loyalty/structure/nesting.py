"""Is one model a special case of another, or the same under another name?

A model is nested in another when every covariance matrix that it can imply, the other can
imply too. Whether this holds is not always seen from the parameters: one factor is nested
in three correlated ones. The check is Bentler & Satorra's (2010): the larger model is
fitted to what the smaller one implies; it is nested when the fit is perfect.

References
----------
Bentler, P. M., & Satorra, A. (2010). Testing model nesting and equivalence. Psychological
Methods, 15(2), 111-123.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.estimate import score_to_optimum
from crmstudy.loyalty.estimation.fit import FitMeasures, discrepancy
from crmstudy.loyalty.estimation.result import SemResult, Solution
from crmstudy.loyalty.model.moments import Array
from crmstudy.statistics.threads import hold_one_thread

Relation = Literal["nested", "equivalent", "separate"]
#: Discrepancy up to which a fit is perfect but for rounding.
PERFECT = 1e-7


def relate_models(one: SemResult, other: SemResult) -> Relation:
    """Say whether a model is nested in another one that has no more degrees of freedom.

    Parameters
    ----------
    one, other : SemResult
        Admissible models of the same items; ``one`` has as many degrees of freedom as
        ``other``, or more.

    Returns
    -------
    {"nested", "equivalent", "separate"}
        ``equivalent``: with as many parameters, both imply the same matrices, so that no
        data tell them apart.
    """
    contained = set(one.structure.parameters) <= set(other.structure.parameters)
    as_many = one.structure.df == other.structure.df
    whole = other.structure.df == 0  # can imply any matrix
    if not (contained or whole) and _misfit(one, other) > PERFECT:
        return "separate"
    return "equivalent" if as_many else "nested"


def require_solution(result: SemResult) -> Solution:
    """Return the solution of an admissible model.

    Raises
    ------
    ModelError
        If it is not admissible: then it is compared with nothing.
    """
    if isinstance(result.estimates, NotAvailable):
        raise ModelError(f"model {result.model.name!r} is compared, but {result.estimates.reason}")
    return result.estimates


def require_fit(result: SemResult) -> FitMeasures:
    """Return the fit of an admissible model with degrees of freedom.

    Raises
    ------
    ModelError
        If it has none.
    """
    if isinstance(result.fit, NotAvailable):
        raise ModelError(f"model {result.model.name!r} is compared, but {result.fit.reason}")
    return result.fit


def _misfit(one: SemResult, other: SemResult) -> float:
    """Fit one model to the covariance matrix that another implies."""
    places = {item: k for k, item in enumerate(one.model.items)}
    order = [places[item] for item in other.model.items]
    ours, theirs = require_solution(one), require_solution(other)
    implied = ours.implied[np.ix_(order, order)]
    sd = np.sqrt(np.diag(implied))
    target: Array = implied / np.outer(sd, sd)
    start = theirs.theta / other.structure.units(np.sqrt(np.diag(theirs.implied)))
    with hold_one_thread("blas"):
        reached = score_to_optimum(other.structure, start, target)
    return discrepancy(target, other.structure.implied(reached))
