"""Maximum likelihood for models with a few positive parameters.

A likelihood is a callable that takes the parameters and gives its logarithm with
exact first and second derivatives. It is maximised over the logarithms of the
parameters by a trust-region Newton method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from crmstudy.checks import Check
from crmstudy.errors import ModelError

Floats = NDArray[np.float64]
Derivatives = tuple[float, Floats, Floats]
Likelihood = Callable[[Floats], Derivatives]
Explanation = Callable[..., str]

# A parameter that moves so many orders of magnitude away from its start value (which is
# on the scale of the data) is running to 0 or infinity; the search ends soon after.
BOUNDARY = np.log(1e4)
SEARCH_LIMIT = np.log(1e6)
# Largest derivative of the mean log-likelihood by a log parameter at a maximum.
CONVERGED = 1e-5
# Standard error of a log parameter from which on its 95% interval spans a factor of more
# than 300 to either side: the data say nothing about it.
UNDETERMINED = 3.0


@dataclass(frozen=True, eq=False)
class Estimates:
    """Maximum-likelihood estimates of positive parameters.

    Parameters
    ----------
    names : tuple of str
        Parameters in the order of the arrays.
    values : array of shape (n_parameters,)
        Estimates.
    covariance : array of shape (n_parameters, n_parameters)
        Inverse of the observed information.
    log_likelihood : float
        At the estimates.
    n : int
        Number of customers.
    checks : tuple of Check
        Whether this is a maximum, and how well it is determined.
    """

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    log_likelihood: float
    n: int
    checks: tuple[Check, ...] = ()

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    def to_dict(self) -> dict[str, float]:
        """Estimates by name."""
        return dict(zip(self.names, self.values.tolist(), strict=True))

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``2 k - 2 log-likelihood``."""
        return 2 * self.values.size - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, ``k log(n) - 2 log-likelihood``."""
        return self.values.size * float(np.log(self.n)) - 2 * self.log_likelihood

    @property
    def standard_errors(self) -> Floats:
        """Square roots of the diagonal of the covariance."""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Wald interval for the logarithm of each parameter, taken back: it stays positive."""
        spread = ndtri((1 + level) / 2) * self.standard_errors / self.values
        return self.values * np.exp(-spread), self.values * np.exp(spread)

    def table(self, *, units: Mapping[str, str], level: float = 0.95) -> pd.DataFrame:
        """One row a parameter, with its unit."""
        lower, upper = self.interval(level)
        return pd.DataFrame(
            {
                "parameter": self.names,
                "estimate": self.values,
                "standard error": self.standard_errors,
                f"{100 * level:g}% lower": lower,
                f"{100 * level:g}% upper": upper,
                "unit": [units.get(name, "none") for name in self.names],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Estimates, their standard errors, log-likelihood and n, for the record."""
        errors = zip(self.names, self.standard_errors.tolist(), strict=True)
        return {
            **self.to_dict(),
            **{f"{name}_standard_error": error for name, error in errors},
            "log_likelihood": self.log_likelihood,
            "n": self.n,
        }


def maximise(
    likelihood: Likelihood,
    start: Mapping[str, float],
    *,
    n: int,
    explain: Explanation | None = None,
) -> Estimates:
    """Maximise a likelihood over positive parameters.

    Parameters
    ----------
    likelihood : callable
        Maps the parameters to the log-likelihood, its gradient and its Hessian.
    start : mapping of str to float
        Names and start values, on the scale of the data.
    n : int
        Number of customers behind the likelihood.
    explain : callable, optional
        Takes the parameters by name and says what they mean for the data (or nothing);
        asked when the maximum is refused.

    Raises
    ------
    ModelError
        If there is no interior maximum, none is found, or the data leave a parameter
        undetermined.

    References
    ----------
    Conn, A. R., Gould, N. I. M. & Toint, P. L. (2000). Trust Region Methods. SIAM
    (section 7.3, as implemented in SciPy's ``trust-exact``).
    """
    names, origin = tuple(start), np.log(list(start.values()))
    loss = _LogScaleLoss(likelihood, origin, n)
    try:
        return _search(loss, names, origin, explain)
    except _RefusedError as refusal:
        # Besides its maximum the likelihood may have a ridge to the edge, or a flat hill.
        for step in _other_starts(len(names)):
            with suppress(_RefusedError):
                found = _search(loss, names, origin + step, explain)
                if found.log_likelihood >= refusal.log_likelihood:
                    return found
        raise ModelError(str(refusal)) from refusal


class _RefusedError(ModelError):
    """A search that ended where there is no usable maximum, and how high it came."""

    def __init__(self, reason: str, log_likelihood: float) -> None:
        super().__init__(reason)
        self.log_likelihood = log_likelihood


def _other_starts(n_parameters: int) -> list[Floats]:
    """Half of the corners of a cube around the start: each parameter times or through 4.5."""
    corners = product((1.0, -1.0), repeat=n_parameters)
    return [1.5 * np.array(corner) for corner in corners if np.prod(corner) > 0]


def _search(
    loss: _LogScaleLoss, names: tuple[str, ...], start: Floats, explain: Explanation | None
) -> Estimates:
    found = minimize(
        loss.value,
        start,
        jac=loss.gradient,
        hess=loss.hessian,
        method="trust-exact",
        callback=loss.stop_at_boundary,
        options={"gtol": 1e-6, "maxiter": 200},
    )
    moved = found.x - loss.origin
    best = found.x if np.abs(moved).max() > BOUNDARY else _refine(loss, found.x)
    gradient = float(np.abs(loss.gradient(best)).max())
    information = loss.n * loss.hessian(best)
    covariance = _invert(information)
    values, log_likelihood = np.exp(best), -loss.n * float(loss.value(best))
    refusal = _refuse(names, best - loss.origin, gradient, information, covariance)
    if refusal:
        words = explain(**dict(zip(names, values.tolist(), strict=True))) if explain else ""
        words = words or "more customers or longer histories would tell"
        raise _RefusedError(f"{refusal}; {words}", log_likelihood)
    return Estimates(
        names=names,
        values=values,
        covariance=np.asarray(covariance * np.outer(values, values)),
        log_likelihood=log_likelihood,
        n=loss.n,
        checks=_convergence_checks(gradient, information, covariance),
    )


def _refine(loss: _LogScaleLoss, point: Floats) -> Floats:
    """Newton steps for the last digits.

    So close to the maximum the likelihood itself changes by less than its rounding, and a
    trust region can judge no step by it; the gradient still can.
    """
    for _ in range(3):
        gradient, hessian = loss.gradient(point), loss.hessian(point)
        step = np.linalg.lstsq(hessian, gradient)[0]
        if np.abs(step).max() > 0.1:  # not close to a maximum at all
            return point
        if np.abs(loss.gradient(point - step)).max() >= np.abs(gradient).max():
            return point
        point = point - step
    return point


class _LogScaleLoss:
    """Minus the mean log-likelihood as a function of log parameters, evaluated once a point."""

    def __init__(self, likelihood: Likelihood, origin: Floats, n: int) -> None:
        self._likelihood, self.origin, self.n = likelihood, origin, n
        self._point: Floats | None = None
        self._found: tuple[Any, Any, Any] = (np.inf, None, None)

    def _evaluate(self, log_values: Floats) -> tuple[Any, Any, Any]:
        if self._point is None or not np.array_equal(self._point, log_values):
            self._point = log_values.copy()
            self._found = self._derivatives(np.exp(log_values))
        return self._found

    def _derivatives(self, values: Floats) -> tuple[Any, Any, Any]:
        value, gradient, hessian = self._likelihood(values)
        gradient = values * gradient
        hessian = np.outer(values, values) * hessian + np.diag(gradient)
        return -value / self.n, -gradient / self.n, -hessian / self.n

    def stop_at_boundary(self, log_values: Floats) -> None:
        if np.abs(log_values - self.origin).max() > BOUNDARY:
            raise StopIteration

    def value(self, log_values: Floats) -> float:
        if np.abs(log_values - self.origin).max() > SEARCH_LIMIT:
            return np.inf
        return self._evaluate(log_values)[0]

    def gradient(self, log_values: Floats) -> Floats:
        return self._evaluate(log_values)[1]

    def hessian(self, log_values: Floats) -> Floats:
        return self._evaluate(log_values)[2]


def _refuse(
    names: tuple[str, ...],
    moved: Floats,
    gradient: float,
    information: Floats,
    covariance: Floats,
) -> str:
    """Why the end of a search is no maximum to be used; empty if it is one."""
    furthest = int(np.abs(moved).argmax())
    if abs(moved[furthest]) > BOUNDARY:
        limit = "infinity" if moved[furthest] > 0 else "0"
        return f"the likelihood has no maximum inside: {names[furthest]} runs to {limit}"
    if gradient > CONVERGED:
        return f"the search for the maximum did not converge (gradient {gradient:.0e})"
    if not np.sqrt(np.diag(covariance)).max() <= UNDETERMINED:
        flattest = np.linalg.eigh(information)[1][:, 0]
        name = names[int(np.abs(flattest).argmax())]
        return f"the data do not determine {name}: the likelihood is flat along it"
    return ""


def _invert(information: Floats) -> Floats:
    """Covariance of the log parameters, infinite where the likelihood has no curvature."""
    if np.linalg.eigvalsh(information)[0] > 0:
        return np.asarray(np.linalg.inv(information))
    return np.full_like(information, np.inf)


def _convergence_checks(
    gradient: float, information: Floats, log_covariance: Floats
) -> tuple[Check, ...]:
    smallest = float(np.linalg.eigvalsh(information)[0])
    log_error = float(np.sqrt(np.diag(log_covariance)).max())
    return (
        Check(
            name="the likelihood is flat at the estimates",
            passed=gradient < 1e-6,
            statistic=gradient,
            threshold="largest gradient by log parameter and customer < 1e-6",
            source="first-order condition",
            consequence="the estimates are not the maximum",
        ),
        Check(
            name="the observed information is positive definite",
            passed=smallest > 0,
            statistic=smallest,
            threshold="smallest eigenvalue > 0",
            source="second-order condition",
            consequence="no standard errors",
        ),
        Check(
            name="every parameter is determined by the data",
            passed=log_error < 1,
            statistic=log_error,
            threshold="largest standard error of a log parameter < 1",
            source="convention: a 95% interval within a factor of 7 either way",
            consequence="read predictions, not parameters",
        ),
    )
