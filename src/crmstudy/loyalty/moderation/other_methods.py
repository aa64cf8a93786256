"""Would another way of estimating the moderation say something else?

Beside the main one (matched pairs, tied loadings) stand

* free loadings, the unconstrained approach of Marsh, Wen & Hau (2004),
* all pairs of items (Foldnes & Hagtvet, 2014),
* the square of satisfaction in the model too: where satisfaction and the moderator go
  together, curvature may pass for moderation (Ganzach, 1997),
* all moderators in one model,
* the regression of item means, without and with the squares of both: it takes means as free
  of error and is therefore biased towards zero.

Latent moderated structural equations (Klein & Moosbrugger, 2000) need numerical integration
and are not offered.

References
----------
Foldnes, N., & Hagtvet, K. A. (2014). The choice of product indicators in latent variable
interaction models: Post hoc analyses. Psychological Methods, 19(3), 444-457.
Ganzach, Y. (1997). Misleading interaction and curvilinear terms. Psychological Methods,
2(3), 235-247.
Klein, A., & Moosbrugger, H. (2000). Maximum likelihood estimation of latent interaction
effects with the LMS method. Psychometrika, 65(4), 457-474.
Marsh, H. W., Wen, Z., & Hau, K.-T. (2004). Structural equation models of latent interactions:
Evaluation of alternative estimation strategies and indicator construction. Psychological
Methods, 9(3), 275-300.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.result import SemResult, wald_columns
from crmstudy.loyalty.moderation.coefficients import Coefficients, standardise_products
from crmstudy.loyalty.moderation.interaction import (
    Interaction,
    Question,
    fit_interaction,
    fit_simple,
    multiply_constructs,
)
from crmstudy.loyalty.moderation.latent_products import fit_products
from crmstudy.loyalty.moderation.scale_means import regress_products
from crmstudy.loyalty.questionnaire.screen import read_numbers

MAIN = "main"  # matched pairs, tied loadings
FREE = "free loadings"
ALL_PAIRS = "all pairs"
CURVED = "square too"
TOGETHER = "all moderators"
MEANS = "item means"
CURVED_MEANS = "item means, squares"
COLUMNS = ["moderator", "method", "n", "effect", "se", "lower", "upper", "p value", "note"]


class Regression(NamedTuple):
    """A product's coefficient by least squares."""

    n: int
    effect: float
    se: float


@dataclass(frozen=True)
class Joint:
    """All moderators in one model.

    Attributes
    ----------
    result : SemResult
        Admissible; standard errors are robust.
    coefficients : Coefficients
        Standardised: satisfaction, moderators, products.
    """

    result: SemResult
    coefficients: Coefficients


Found = Interaction | Joint | Regression | NotAvailable


def fit_joint(answers: pd.DataFrame, questions: Sequence[Question]) -> Joint:
    """Estimate one model with every moderator and every product.

    Raises
    ------
    ModelError
        If moderators share an item, or the model is inadmissible.
    """
    satisfaction, loyalty = questions[0].satisfaction, questions[0].loyalty
    moderators = [each.moderator for each in questions]
    simple = fit_simple(answers, sources=(satisfaction, *moderators), loyalty=loyalty)
    terms = [multiply_constructs(satisfaction, each, simple) for each in moderators]
    result = fit_products(simple, terms=terms, outcome=loyalty.name)
    if not result.admissible:
        raise ModelError(explain(result.checks))
    return Joint(result, standardise_products(result, terms=terms, outcome=loyalty.name))


def compare_methods(
    answers: pd.DataFrame, questions: Mapping[str, Question], *, level: float
) -> tuple[dict[str, Interaction | NotAvailable], pd.DataFrame]:
    """Estimate every moderator in the main way and by every other method.

    The model of all moderators holds those whose own model is admissible.

    Returns
    -------
    interactions : dict
        The main way, by the names of ``questions``; or why there is no result.
    methods : DataFrame
        moderator, method, n, effect, se, lower, upper, p value, note (why a method has no
        number).
    """
    latent = {name: _attempt_latent(answers, asked) for name, asked in questions.items()}
    main = {name: found[MAIN] for name, found in latent.items()}
    together = [questions[name] for name, each in main.items() if isinstance(each, Interaction)]
    joint = _attempt_joint(answers, together)
    rows = []
    for name, asked in questions.items():
        found: dict[str, Found] = {
            **latent[name],
            TOGETHER: joint if asked in together else NotAvailable("not in the model of all"),
            MEANS: _attempt_means(answers, asked, pairs=((0, 1),)),
            CURVED_MEANS: _attempt_means(answers, asked, pairs=((0, 1), (0, 0), (1, 1))),
        }
        rows += [_row(asked, method, each, level=level) for method, each in found.items()]
    return main, pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "note": "str"})


def _attempt_latent(
    answers: pd.DataFrame, asked: Question
) -> dict[str, Interaction | NotAvailable]:
    """Estimate one moderator by every latent method, from one model without product."""
    choices = {MAIN: {}, FREE: {"tied": False}, ALL_PAIRS: {"all_pairs": True}}
    choices |= {CURVED: {"curved": True}}
    if min(len(asked.satisfaction.items), len(asked.moderator.items)) == 1:
        del choices[ALL_PAIRS]  # with a single item the matched pairs are all pairs
    try:
        sources = (asked.satisfaction, asked.moderator)
        simple = fit_simple(answers, sources=sources, loyalty=asked.loyalty)
    except ModelError as error:
        return dict.fromkeys(choices, NotAvailable(str(error)))
    return {
        method: _attempt(answers, asked, simple, **chosen) for method, chosen in choices.items()
    }


def _attempt(
    answers: pd.DataFrame, asked: Question, simple: SemResult, **choices: bool
) -> Interaction | NotAvailable:
    try:
        return fit_interaction(answers, asked, simple=simple, **choices)
    except ModelError as error:
        return NotAvailable(str(error))


def _attempt_joint(answers: pd.DataFrame, questions: Sequence[Question]) -> Joint | NotAvailable:
    if len(questions) < 2:
        return NotAvailable("a model of all moderators needs two that can be estimated")
    try:
        return fit_joint(answers, questions)
    except ModelError as error:
        return NotAvailable(str(error))


def _attempt_means(
    answers: pd.DataFrame, asked: Question, *, pairs: Sequence[tuple[int, int]]
) -> Regression | NotAvailable:
    sources = (asked.satisfaction, asked.moderator)
    items = [item for each in (*sources, asked.loyalty) for item in each.items]
    absent = [item for item in items if item not in answers.columns]
    if absent:
        return NotAvailable(f"item {absent[0]!r} is not a column of the survey")
    complete = read_numbers(answers, items=list(dict.fromkeys(items))).dropna()
    means = [
        complete[list(each.items)].mean(axis=1).to_numpy() for each in (*sources, asked.loyalty)
    ]
    if len(complete) <= len(items) or min(mean.std() for mean in means) == 0.0:
        return NotAvailable(f"{len(complete)} complete respondents, or a mean that is constant")
    effect, covariance = regress_products(means[-1], np.column_stack(means[:2]), pairs)
    return Regression(len(complete), float(effect[2]), float(np.sqrt(covariance[2, 2])))


def _row(asked: Question, method: str, found: Found, *, level: float) -> dict[str, object]:
    row: dict[str, object] = {"moderator": asked.label, "method": method, "note": ""}
    if isinstance(found, NotAvailable):
        return row | {"note": found.reason}
    if isinstance(found, Regression):
        n, effect, se = found
    else:
        product = f"{asked.satisfaction.name}_by_{asked.moderator.name}"
        values, covariance = found.coefficients.select(product)
        n, effect, se = found.result.n_used, float(values[0]), float(np.sqrt(covariance[0, 0]))
    wald = wald_columns(np.array([effect]), np.array([se]), level=level)
    bounds = {name: float(wald[name][0]) for name in ("lower", "upper", "p value")}
    return row | {"n": n, "effect": effect, "se": se, **bounds}
