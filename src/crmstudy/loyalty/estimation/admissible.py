"""May the solution be shown: the gate between an optimiser and a finding.

An optimiser reports success on models that are not identified, on negative variances
and on constructs that the data cannot tell apart. Each such case is a
:class:`~crmstudy.checks.Check` here; one failure withholds every number of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from crmstudy.checks import Check, failed
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter

SINGULAR = 1e-8  # eigenvalues below are rounding: square root of the machine's precision
FLAT = 1e-6  # largest scaled slope of F at an optimum
LEAST_COVERAGE = 0.10  # Mplus refuses less
WITHHELD = "estimates and fit are withheld"


def check_sample(structure: CovarianceStructure, sample: Array) -> tuple[Check, ...]:
    """Check what must hold before estimation: enough moments, no redundant item."""
    return (
        Check(
            "degrees of freedom are not negative",
            structure.df >= 0,
            float(structure.df),
            ">= 0",
            "t rule: Bollen (1989), ch. 7",
            "more parameters than moments: not identified, nothing is estimated",
        ),
        _check_definite(
            "sample covariance of the items is positive definite",
            sample,
            "an item is a combination of others: nothing is estimated",
            "Wothke (1993), in Bollen & Long (Eds.)",
        ),
    )


def check_size(structure: CovarianceStructure, n_used: int) -> Check:
    """Check that there are more respondents than free parameters."""
    n_free = len(structure.parameters)
    return Check(
        f"more respondents than free parameters ({n_free})",
        n_used > n_free,
        float(n_used),
        f"> {n_free}",
        "house rule; Bentler & Chou (1987) ask for 5 respondents a parameter",
        "n too small: nothing is estimated",
    )


def check_coverage(coverage: Array, items: Sequence[str]) -> Check:
    """Check that enough respondents answered both of any two items.

    Parameters
    ----------
    coverage : array of shape (n_items, n_items)
        Share of respondents who answered both items.
    items : sequence of str
    """
    left, right = divmod(int(np.argmin(coverage)), len(items))
    pair = items[left] if left == right else f"{items[left]} and {items[right]}"
    smallest = float(coverage[left, right])
    return Check(
        f"items were answered together by enough respondents (smallest share: {pair})",
        smallest >= LEAST_COVERAGE,
        smallest,
        f">= {LEAST_COVERAGE:g}",
        "default of Mplus: Muthén & Muthén (2017), Mplus User's Guide",
        "too little was answered: nothing is estimated",
    )


def check_testable(structure: CovarianceStructure) -> Check:
    """Check that the model leaves degrees of freedom by which it could be refuted."""
    return Check(
        "the model can be tested (degrees of freedom)",
        structure.df > 0,
        float(structure.df),
        "> 0",
        "t rule: Bollen (1989), ch. 7",
        "fit and verdicts are withheld: a model without degrees of freedom fits any data",
    )


def check_solution(
    structure: CovarianceStructure, theta: Array, gradient: Array, information: Array
) -> tuple[Check, ...]:
    """Check a solution in the metric of items with standard deviation 1.

    Parameters
    ----------
    structure : CovarianceStructure
    theta : array of shape (n_parameters,)
    gradient, information : arrays of shape (n_parameters,) and its square
        Slope and expected curvature of the discrepancy at ``theta``.
    """
    checks = (
        _check_optimum(gradient, information),
        _check_definite(
            "parameters are identified (smallest eigenvalue of the scaled information)",
            information,
            f"not identified: {WITHHELD}",
            "local identification: Bollen (1989), ch. 7",
        ),
        _check_variances(structure, theta),
        _check_definite(
            "latent covariance is positive definite",
            structure.latent_covariance(theta),
            f"constructs correlate beyond 1: {WITHHELD}",
            "Wothke (1993), in Bollen & Long (Eds.)",
        ),
        _check_standardised(structure, theta),
    )
    errors = structure.matrices(theta).errors
    if np.all(errors == np.diag(np.diag(errors))):
        return checks
    measured = np.diag(errors) != 0.0  # a construct's only item has no residual
    residual = _check_definite(
        "residual covariance of the items is positive definite",
        errors[np.ix_(measured, measured)],
        f"residuals correlate beyond 1: {WITHHELD}",
        "Wothke (1993), in Bollen & Long (Eds.)",
    )
    return (*checks, residual)


def scale_gradient(gradient: Array, information: Array) -> Array:
    """Divide each slope by the root of its information, so that units drop out.

    Times ``sqrt(n / 2)`` this is the score statistic z of each parameter.
    """
    return np.abs(gradient) / root_diagonal(information)


def root_diagonal(matrix: Array) -> Array:
    """Return what scales a matrix to a unit diagonal, sign and zeros left as they are."""
    root = np.sqrt(np.abs(np.diag(matrix)))
    return np.where(root > 0.0, root, 1.0)


def explain(checks: Iterable[Check]) -> str:
    """Say in a line which checks failed, by which number and against which rule."""
    said = (
        f"'{check.name}' fails at {_write_statistic(check.statistic)}, rule {check.threshold}"
        for check in failed(checks)
    )
    return "the model is inadmissible: " + "; ".join(said)


def _write_statistic(value: float) -> str:
    """Write what a check was judged by; what is zero but for rounding as 0."""
    return "0" if abs(value) < SINGULAR else f"{value:.4g}".replace("-", "−")


def name_failures(checks: Iterable[Check]) -> str:
    """Say which checks failed, each by its name in quotes."""
    return "; ".join(f"'{check.name}' fails" for check in failed(checks))


def _check_optimum(gradient: Array, information: Array) -> Check:
    slope = float(scale_gradient(gradient, information).max())
    return Check(
        "estimates are at an optimum (largest scaled slope of F)",
        slope <= FLAT,
        slope,
        f"<= {FLAT:g}",
        "house rule; lavaan accepts 1e-3",
        f"not converged: {WITHHELD}",
    )


def _check_variances(structure: CovarianceStructure, theta: Array) -> Check:
    places = {parameter: k for k, parameter in enumerate(structure.parameters)}
    magnitudes = zip(structure.reported, _magnitudes(structure, theta), strict=True)
    shares = {
        parameter.left: float(np.copysign(magnitude, theta[places[parameter]]))
        for parameter, magnitude in magnitudes
        if parameter.op == "~~" and parameter.left == parameter.right
    }
    smallest = min(shares, key=lambda name: shares[name])
    return Check(
        "unexplained variances are positive (smallest share: "
        f"{_call_variables(structure).get(smallest, smallest)})",
        shares[smallest] > SINGULAR,
        shares[smallest],
        "> 0 beyond rounding (1e-8)",
        "Heywood case: Bollen (1989), ch. 7",
        WITHHELD,
    )


def _check_standardised(structure: CovarianceStructure, theta: Array) -> Check:
    magnitudes = zip(structure.reported, _magnitudes(structure, theta), strict=True)
    calls = _call_variables(structure)
    directed = {
        _draw_arrow(p, calls): float(magnitude) for p, magnitude in magnitudes if p.op != "~~"
    }
    largest = max(directed, key=lambda name: directed[name])
    return Check(
        f"standardised loadings and paths stay within 1 (largest: {largest})",
        directed[largest] <= 1.0 + SINGULAR,
        directed[largest],
        "<= 1 in magnitude",
        "house rule; Jöreskog (1999) reads more than 1 as collinear constructs",
        f"the constructs cannot be told apart: {WITHHELD}",
    )


def _draw_arrow(parameter: Parameter, calls: Mapping[str, str]) -> str:
    ends = [calls.get(name, name) for name in (parameter.left, parameter.right)]
    return " → ".join(reversed(ends) if parameter.op == "~" else ends)


def _call_variables(structure: CovarianceStructure) -> dict[str, str]:
    # Constructs by their labels, where these tell them apart; items by their names.
    labels = {each.name: each.label or each.name for each in structure.model.constructs}
    every = list(labels.values())
    return {name: label for name, label in labels.items() if every.count(label) == 1}


def _check_definite(name: str, matrix: Array, consequence: str, source: str) -> Check:
    scale = root_diagonal(matrix)
    smallest = float(np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0])
    return Check(
        name, smallest > SINGULAR, smallest, "> 0 beyond rounding (1e-8)", source, consequence
    )


def _magnitudes(structure: CovarianceStructure, theta: Array) -> Array:
    # Complex, so that a negative variance gives a magnitude and not a NaN.
    return np.abs(structure.standardise(theta.astype(complex)))
