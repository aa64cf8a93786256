"""What to try when the gate trips: the usual causes of each failure, most usual first.

References
----------
Bollen, K. A. (1989). Structural Equations with Latent Variables. Wiley. Ch. 7.
Chen, F., Bollen, K. A., Paxton, P., Curran, P. J., & Kirby, J. B. (2001). Improper solutions
in structural equation models: Causes, consequences, and strategies. Sociological Methods &
Research, 29(4), 468-508.
Bentler, P. M., & Chou, C.-P. (1987). Practical issues in structural modeling. Sociological
Methods & Research, 16(1), 78-117.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from crmstudy.checks import Check, failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import root_diagonal
from crmstudy.loyalty.estimation.result import SemResult

PER_PARAMETER = 5  # Bentler & Chou (1987): at least so many respondents a free parameter


@passes_absence
def suggest_remedies(result: SemResult) -> pd.DataFrame | NotAvailable:
    """Say for each check of the gate that failed what to try next.

    Parameters
    ----------
    result : SemResult

    Returns
    -------
    DataFrame or NotAvailable
        Columns failed check, found, what to try; not available when every check passed.
        They are suggestions: a model that is changed until it passes has been fitted to
        its data, and needs new ones for a test.
    """
    rows = [
        {
            "failed check": check.name,
            "found": check.statistic,
            "what to try": _advise(check, result),
        }
        for check in failed(result.gate)
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("every check of the gate passed")


def _advise(check: Check, result: SemResult) -> str:
    for beginning, advise in _ADVICE.items():
        if check.name.startswith(beginning):
            return advise(check, result)
    return "look for the item or path that the check names, and leave it out"


def _free_fewer(check: Check, result: SemResult) -> str:
    return (
        "give every construct three items or more, or leave out paths or covariances until the "
        f"model has {len(result.structure.parameters) + int(min(check.statistic, 0))} free "
        "parameters or fewer"
    )


def _ask_more(check: Check, result: SemResult) -> str:
    n_free = len(result.structure.parameters)
    return (
        f"ask more respondents ({PER_PARAMETER * n_free} or more for {n_free} free parameters, "
        f"Bentler & Chou, 1987), use MISSING = 'fiml' where gaps cost respondents, or a model "
        "of fewer constructs"
    )


def _answer_together(check: Check, result: SemResult) -> str:
    return "leave out one of the two items, or ask both of the same respondents"


def _drop_redundant(check: Check, result: SemResult) -> str:
    return f"leave out one of the items that say the same: {_closest_items(result)}"


def _identify(check: Check, result: SemResult) -> str:
    return (
        "leave out a path or covariance between constructs that are related already, or give "
        "constructs of one or two items more items"
    )


def _restart(check: Check, result: SemResult) -> str:
    return (
        "a flat or endless likelihood: leave out what the other checks name, give weak "
        "constructs more items, or ask more respondents"
    )


def _mend_variance(check: Check, result: SemResult) -> str:
    name = check.name.rpartition(": ")[2].rstrip(")")
    if name in result.model.items:
        return (
            f"leave out {name} or give its construct a third item; with few respondents a "
            "variance near zero can fall below it by chance: ask more"
        )
    return f"the paths into {name} explain more than all of it: leave one out"


def _merge(check: Check, result: SemResult) -> str:
    return (
        f"merge {_closest_constructs(result)}, which the answers cannot tell apart, or leave one "
        "out; or estimate by partial least squares, which makes constructs of weighted items"
    )


def _free_residuals(check: Check, result: SemResult) -> str:
    return "leave out a covariance between items of the same wording, or one of the items"


def _restrict(check: Check, result: SemResult) -> str:
    return "leave out a path, or add an item: a model has to leave something that could be wrong"


_ADVICE: dict[str, Callable[[Check, SemResult], str]] = {
    "degrees of freedom are not negative": _free_fewer,
    "more respondents": _ask_more,
    "items were answered together": _answer_together,
    "sample covariance": _drop_redundant,
    "parameters are identified": _identify,
    "estimates are at an optimum": _restart,
    "unexplained variances": _mend_variance,
    "latent covariance": _merge,
    "standardised loadings": _merge,
    "residual covariance": _free_residuals,
    "the model can be tested": _restrict,
}


def _closest_constructs(result: SemResult) -> str:
    """Name the two constructs with the largest correlation, or what stands in its place."""
    solution = result.solution
    if isinstance(solution, NotAvailable) or len(result.model.constructs) < 2:
        return "constructs"
    covariance = result.structure.latent_covariance(solution.theta)
    return _closest(covariance, [c.label or c.name for c in result.model.constructs])


def _closest_items(result: SemResult) -> str:
    return _closest(result.sample, list(result.model.items))


def _closest(covariance: np.ndarray, names: list[str]) -> str:
    scale = root_diagonal(covariance)
    size = np.abs(covariance / np.outer(scale, scale))
    np.fill_diagonal(size, -1.0)
    left, right = sorted(divmod(int(np.argmax(size)), len(names)))
    return f"{names[left]} and {names[right]}"
