"""How a model with latent products is estimated, and how sure its estimates are.

The model without the products is estimated first (:func:`fit_sem`); from its solution, and
from the covariances of the products, Fisher scoring walks to the maximum of the likelihood.
Products of items are not normal, so that standard errors come from the sandwich of expected
information and casewise scores (Satorra & Bentler, 1994; lavaan's ``robust.sem``). They
take the means that were taken out of the items as given.

References
----------
Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in
covariance structure analysis. In A. von Eye & C. C. Clogg (Eds.), Latent Variables Analysis
(pp. 399-419). Sage.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.admissible import check_sample, check_solution, explain
from crmstudy.loyalty.estimation.estimate import _slope, score_to_optimum
from crmstudy.loyalty.estimation.patterns import group_answers
from crmstudy.loyalty.estimation.result import SemResult, Solution
from crmstudy.loyalty.estimation.robust import build_evidence
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.moderation.products import Term, multiply_items, pair_residuals
from crmstudy.loyalty.moderation.tied import TiedStructure, tie_loadings
from crmstudy.statistics.threads import hold_one_thread

LEAST_SHARE = 0.2  # of a product's variance: where starting values are kept away from zero


def fit_products(
    simple: SemResult, *, terms: Sequence[Term], outcome: str, tied: bool = True
) -> SemResult:
    """Add latent products to an estimated model and estimate it anew.

    Parameters
    ----------
    simple : SemResult
        The model without products; its respondents are analysed.
    terms : sequence of Term
        The latent products, each acting on ``outcome``. All products, and whatever no path
        explains, covary.
    tied : bool
        Loadings of the products follow from those of their factors; otherwise they are
        free (the unconstrained approach of Marsh, Wen & Hau, 2004).

    Returns
    -------
    SemResult
        Its structure is a :class:`TiedStructure`; the covariance of its estimates is
        robust already. The divisor is n.

    Raises
    ------
    ModelError
        If the model without products is inadmissible, or there are no more respondents
        than items and products.
    """
    if not simple.admissible:
        raise ModelError(f"without the product, {explain(simple.checks)}")
    model = add_products(simple.model, terms=terms, outcome=outcome)
    if simple.n_used <= len(model.items):
        raise ModelError(
            f"{simple.n_used} complete respondents are too few for {len(model.items)} items and "
            "products of items: their covariance matrix would be singular"
        )
    answers = pd.DataFrame(simple.answers, columns=list(simple.model.items))
    structure = tie_loadings(model, terms=terms if tied else ())
    with hold_one_thread("blas"):
        return _estimate(structure, simple, answers, terms=terms)


def add_products(model: StructuralModel, *, terms: Sequence[Term], outcome: str) -> StructuralModel:
    """Add latent products to a model, each with a path to the outcome."""
    single = {each.items[0] for each in model.constructs if len(each.items) == 1}
    return StructuralModel(
        constructs=(*model.constructs, *(Construct(term.name, term.items) for term in terms)),
        paths=(*model.paths, *(Path(term.name, outcome) for term in terms)),
        name=model.name,
        covariances=(*model.covariances, *pair_residuals(terms, error_free=single)),
    )


def _estimate(
    structure: TiedStructure,
    simple: SemResult,
    answers: pd.DataFrame,
    *,
    terms: Sequence[Term],
) -> SemResult:
    """Estimate in the metric of items with SD 1, check there, and return to the items' units."""
    sd = answers.std(ddof=0)
    pairs = [pair for term in terms for pair in term.pairs]
    scaled = _append_products(answers / sd, pairs, structure)
    sample = np.cov(scaled, rowvar=False, ddof=0)
    checks = check_sample(structure, sample)
    if failed(checks):
        raise ModelError(explain(checks))
    start = _start(structure, simple, sample, sd.to_numpy(), terms=terms)
    theta = score_to_optimum(structure, start, sample)
    checks += check_solution(structure, theta, *_slope(structure, theta, sample))
    raw = _append_products(answers, pairs, structure)
    units = structure.units(np.array([*sd, *(sd[a] * sd[b] for a, b in pairs)]))
    solution: Solution | NotAvailable = NotAvailable(explain(checks))
    if not failed(checks):
        evidence = build_evidence(structure, theta, group_answers(scaled - scaled.mean(axis=0)))
        robust = evidence.satorra_bentler() / len(raw) * np.outer(units, units)
        solution = Solution(theta * units, robust, structure.implied(theta * units))
    return SemResult(
        model=structure.model,
        n_used=len(raw),
        n_dropped=simple.n_dropped,
        divisor="n",
        sample=np.cov(raw, rowvar=False, ddof=0),
        checks=checks,
        notes=simple.notes,
        structure=structure,
        answers=raw,
        solution=solution,
    )


def _append_products(
    answers: pd.DataFrame, pairs: Sequence[tuple[str, str]], structure: CovarianceStructure
) -> Array:
    products = multiply_items(answers, pairs=pairs)
    return pd.concat([answers, products], axis=1)[list(structure.model.items)].to_numpy()


def _start(
    structure: TiedStructure,
    simple: SemResult,
    sample: Array,
    sd: Array,
    *,
    terms: Sequence[Term],
) -> Array:
    """Start at the solution without products, their variances told by their covariances."""
    solution = simple.solution
    assert isinstance(solution, Solution)
    found = solution.theta / simple.structure.units(sd)
    values = dict(zip(simple.structure.parameters, found, strict=True))
    places = {item: k for k, item in enumerate(structure.model.items)}
    for term in terms:
        within = [places[item] for item in term.items]
        values |= _start_term(term, values, sample[np.ix_(within, within)])
    return np.array([values.get(parameter, 0.0) for parameter in structure.parameters])


def _start_term(
    term: Term, values: dict[Parameter, float], sample: Array
) -> dict[Parameter, float]:
    first = [values.get(Parameter(term.first, "=~", a), 1.0) for a, _ in term.pairs]
    second = [values.get(Parameter(term.second, "=~", b), 1.0) for _, b in term.pairs]
    loading = np.multiply(first, second)
    loading = loading / loading[0]
    own = np.diag(sample)
    if len(own) == 1:
        return {Parameter(term.name, "~~", term.name): float(own[0])}
    above = np.triu_indices(len(own), 1)
    shared = np.median(sample[above] / np.outer(loading, loading)[above])
    variance = float(max(shared, LEAST_SHARE * np.median(own / loading**2)))
    left = np.maximum(own - loading**2 * variance, LEAST_SHARE * own)
    started = {Parameter(term.name, "~~", term.name): variance}
    for item, weight, rest in zip(term.items, loading, left, strict=True):
        started |= {Parameter(item, "~~", item): rest, Parameter(term.name, "=~", item): weight}
    return started
