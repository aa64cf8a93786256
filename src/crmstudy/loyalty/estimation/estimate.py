"""How the model is estimated: maximum likelihood by semopy, finished by Fisher scoring.

semopy finds the solution; a few Fisher scoring steps then bring it to the optimum to
rounding, where semopy's own stopping rule leaves the fourth digit open. Items are scaled
to standard deviation 1 while the optimisers run (the estimator is equivariant), so that
convergence does not depend on their units. Standard errors come from the expected
information.

References
----------
Jöreskog, K. G. (1969). A general approach to confirmatory maximum likelihood factor
analysis. Psychometrika, 34(2), 183-202.
Meshcheryakov, G., Igolkina, A. A., & Samsonova, M. G. (2021). semopy 2: A structural
equation modeling package with random effects in Python. arXiv:2106.01140.
"""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pandas as pd

from crmstudy.checks import Check, failed
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import (
    check_coverage,
    check_sample,
    check_size,
    check_solution,
    explain,
    root_diagonal,
    scale_gradient,
)
from crmstudy.loyalty.estimation.fit import discrepancy, multiplier
from crmstudy.loyalty.estimation.incomplete import climb
from crmstudy.loyalty.estimation.likelihood import Likelihood
from crmstudy.loyalty.estimation.patterns import group_answers
from crmstudy.loyalty.estimation.respondents import (
    collect_answers,
    note_assumptions,
    refuse_degenerate,
    refuse_strangers,
)
from crmstudy.loyalty.estimation.result import Divisor, Means, Missing, SemResult, Solution
from crmstudy.loyalty.estimation.saturated import estimate_saturated, fill_gaps
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter, lay_out
from crmstudy.loyalty.model.specify import StructuralModel, write_semopy
from crmstudy.statistics.threads import hold_one_thread

_SLOPES, _LOADINGS = 0, 1  # places of beta and lambda among semopy's matrices


@passes_absence
def fit_sem(
    survey: pd.DataFrame,
    *,
    model: StructuralModel,
    divisor: Divisor = "n",
    missing: Missing = "listwise",
) -> SemResult:
    """Estimate a structural equation model by maximum likelihood.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        One numeric column per item of the model, NaN where a respondent skipped it.
    model : StructuralModel
    divisor : {"n", "n-1"}
        ``"n"``: normal likelihood, chi2 = n F (lavaan, Mplus). ``"n-1"``: Wishart
        likelihood on the unbiased covariance, chi2 = (n - 1) F (LISREL, AMOS, EQS).
        Full information has the first only.
    missing : {"listwise", "fiml"}
        ``"listwise"``: respondents with a gap in the model's items are left out and
        counted. ``"fiml"``: all that was answered is used (full information); right when
        gaps depend on nothing but the answers given (missing at random).

    Returns
    -------
    SemResult
        With the admissibility gate; of an inadmissible model no number is shown.

    Raises
    ------
    ModelError
        If the survey lacks an item, an item is constant, no more respondents are usable
        than there are items, or nobody answered both of two items.
    DataError
        If an item holds something that is not a number.
    """
    _refuse_unknown(divisor, missing)
    answers = collect_answers(survey, model)
    if missing == "fiml":
        return _fit_incomplete(answers, model=model, divisor=divisor)
    complete = answers.dropna()
    n_dropped = len(answers) - len(complete)
    refuse_degenerate(complete, model, n_dropped=n_dropped)
    structure = lay_out(model)
    ddof = 0 if divisor == "n" else 1
    sample = np.atleast_2d(np.cov(complete.to_numpy(), rowvar=False, ddof=ddof))
    checks = (check_size(structure, len(complete)), *check_sample(structure, sample))
    solution: Solution | NotAvailable = NotAvailable(explain(checks))
    if not failed(checks):
        n = multiplier(len(complete), divisor)
        solution, more = _estimate(structure, complete, sample=sample, n=n)
        checks += more
    return SemResult(
        model=model,
        n_used=len(complete),
        n_dropped=n_dropped,
        divisor=divisor,
        sample=sample,
        checks=checks,
        notes=note_assumptions(model),
        structure=structure,
        answers=complete.to_numpy(),
        solution=solution,
    )


def _fit_incomplete(
    answers: pd.DataFrame, *, model: StructuralModel, divisor: Divisor
) -> SemResult:
    """Estimate by full information."""
    used = answers.dropna(how="all")
    n_dropped = len(answers) - len(used)
    refuse_degenerate(used, model, n_dropped=n_dropped)
    given = used.to_numpy()
    centre, sd = np.nanmean(given, axis=0), np.nanstd(given, axis=0)
    patterns = group_answers((given - centre) / sd)
    coverage = patterns.coverage()
    refuse_strangers(coverage, model)
    structure = lay_out(model)
    with hold_one_thread("blas"):
        saturated = estimate_saturated(patterns)
    sample = saturated.implied * np.outer(sd, sd)
    checks = (
        check_size(structure, len(used)),
        check_coverage(coverage, model.items),
        *check_sample(structure, sample),
    )
    solution: Solution | NotAvailable = NotAvailable(explain(checks))
    means = Means(*(centre + sd * saturated.mean,) * 2)
    if not failed(checks):
        solution, shift, more = _estimate_incomplete(structure, saturated, sd=sd)
        means = Means(centre + sd * shift, means.saturated)
        checks += more
    wishart = ("full information has no divisor n - 1: n is used",) if divisor != "n" else ()
    return SemResult(
        model=model,
        n_used=len(used),
        n_dropped=n_dropped,
        divisor="n",
        sample=sample,
        checks=checks,
        notes=(*note_assumptions(model), *wishart),
        structure=structure,
        answers=given,
        solution=solution,
        missing="fiml",
        means=means,
    )


def _refuse_unknown(divisor: str, missing: str) -> None:
    if divisor not in get_args(Divisor):
        raise ModelError(f"the divisor is 'n' or 'n-1', not {divisor!r}")
    if missing not in get_args(Missing):
        raise ModelError(f"missing is 'listwise' or 'fiml', not {missing!r}")


def _estimate_incomplete(
    structure: CovarianceStructure, saturated: Likelihood, *, sd: Array
) -> tuple[Solution, Array, tuple[Check, ...]]:
    """Estimate from answers with gaps, given in units of ``sd``; also the model's means."""
    patterns, p = saturated.patterns, len(sd)
    filled = pd.DataFrame(fill_gaps(saturated), columns=list(structure.model.items))
    near, _ = _estimate(structure, filled, sample=saturated.implied, n=patterns.n)
    with hold_one_thread("blas"):
        found = climb(structure, patterns, theta=near.theta, mean=saturated.mean)
        inverse = _invert(found.curvature)[p:, p:]
    units = structure.units(sd)
    theta = found.theta * units
    covariance = 2.0 / patterns.n * inverse * np.outer(units, units)
    solution = Solution(theta, covariance, structure.implied(theta))
    checks = check_solution(structure, found.theta, found.gradient, found.curvature)
    return solution, found.point.mean, checks


def _estimate(
    structure: CovarianceStructure, complete: pd.DataFrame, *, sample: Array, n: int
) -> tuple[Solution, tuple[Check, ...]]:
    """Estimate in the metric of items with SD 1, check there, and return to the items' units."""
    sd = np.sqrt(np.diag(sample))
    correlation = sample / np.outer(sd, sd)
    # Matrices this small gain nothing from BLAS threads, and on a busy machine the threads'
    # waiting costs ten times the work; one thread also gives the same bytes everywhere.
    with hold_one_thread("blas"):
        start = _solve_with_semopy(structure, complete.div(sd, axis=1), correlation)
        theta = score_to_optimum(structure, start, correlation)
        gradient, information = _slope(structure, theta, correlation)
    units = structure.units(sd)
    covariance = 2.0 / n * _invert(information) * np.outer(units, units)
    solution = Solution(theta * units, covariance, structure.implied(theta * units))
    return solution, check_solution(structure, theta, gradient, information)


def _invert(information: Array) -> Array:
    """Invert the information; of an unidentified model, which is withheld, as far as it goes."""
    scale = root_diagonal(information)
    outer = np.outer(scale, scale)
    return np.linalg.pinv(information / outer, hermitian=True) / outer


def score_to_optimum(
    structure: CovarianceStructure, theta: Array, sample: Array, *, max_steps: int = 500
) -> Array:
    """Walk from a start to the maximum of the likelihood by Fisher scoring.

    Parameters
    ----------
    structure : CovarianceStructure
    theta : array of shape (n_parameters,)
        A start at which the implied covariance matrix is positive definite.
    sample : array of shape (n_items, n_items)
        Observed covariance matrix.
    max_steps : int
        Whether the walk arrived is judged by the slope at its end, not here.
    """
    for _ in range(max_steps):
        gradient, information = _slope(structure, theta, sample)
        if scale_gradient(gradient, information).max() < 1e-10:
            break
        step = np.linalg.lstsq(information, gradient)[0]
        reached = discrepancy(sample, structure.implied(theta))
        for share in 0.5 ** np.arange(12):
            trial = theta - share * step
            implied = structure.implied(trial)
            if np.linalg.eigvalsh(implied)[0] > 0.0 and (
                discrepancy(sample, implied) <= reached + 1e-12  # rounding at the optimum
            ):
                break
        else:
            break
        theta = trial
    return theta


def _slope(structure: CovarianceStructure, theta: Array, sample: Array) -> tuple[Array, Array]:
    """Return gradient and expected Hessian of the discrepancy F."""
    inverse = np.linalg.inv(structure.implied(theta))
    weighted = inverse @ structure.jacobian(theta)
    misfit = np.eye(len(sample)) - inverse @ sample
    flat = weighted.reshape(len(theta), -1)
    mirrored = weighted.transpose(0, 2, 1).reshape(len(theta), -1)
    return np.einsum("kij,ji->k", weighted, misfit), flat @ mirrored.T


def _solve_with_semopy(
    structure: CovarianceStructure, answers: pd.DataFrame, correlation: Array
) -> Array:
    """Find the maximum likelihood solution with semopy, from a fresh model object."""
    semopy = _import_semopy()
    engine = semopy.Model(write_semopy(structure.model))
    items = list(structure.model.items)
    engine.load(answers, cov=pd.DataFrame(correlation, items, items))
    # Model.fit() without its warning: on failure that would install a handler on the
    # caller's root logger, and the gate judges convergence by itself.
    solved = semopy.solver.Solver(
        "SLSQP",
        engine.obj_mlw,
        engine.grad_mlw,
        engine.param_vals,
        bounds=engine.get_bounds(),
        options={"ftol": 1e-10, "maxiter": 1000},
    ).scipy_solve()
    found = dict(zip(_name_parameters(engine), solved.x, strict=True))
    if found.keys() != {_unordered(each) for each in structure.parameters}:
        raise ModelError(f"semopy reads another model than {structure.model.name!r}")
    return np.array([found[_unordered(each)] for each in structure.parameters])


def _name_parameters(engine: Any) -> list[Parameter]:
    """Name semopy's free parameters, in its order, by where they stand in its matrices."""
    named = []
    for parameter in engine.parameters.values():
        if parameter.active:
            place = parameter.locations[0]
            which = [matrix is place.matrix for matrix in engine.matrices].index(True)
            rows, columns = engine.names[which]
            row, column = rows[place.indices[0]], columns[place.indices[1]]
            if which == _LOADINGS:
                named.append(Parameter(column, "=~", row))
            else:
                op = "~" if which == _SLOPES else "~~"
                named.append(_unordered(Parameter(row, op, column)))
    return named


def _unordered(parameter: Parameter) -> Parameter:
    left, op, right = parameter
    return Parameter(min(left, right), op, max(left, right)) if op == "~~" else parameter


def _import_semopy() -> ModuleType:
    """Import semopy without letting it reseed the global random numbers (it sets 123)."""
    state = random.getstate()
    try:
        import semopy
    finally:
        random.setstate(state)
    return semopy
