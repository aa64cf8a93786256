"""Does one moderator bend the path from satisfaction to loyalty?

``loyalty ~ satisfaction + moderator + satisfaction x moderator``, as a model of its own: the
items of a moderator may measure another construct of the study's main model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.moderation.asked import name_label
from crmstudy.loyalty.moderation.coefficients import (
    Coefficients,
    Region,
    add_explained,
    find_region,
    slope_at,
    standardise_products,
)
from crmstudy.loyalty.moderation.latent_products import fit_products
from crmstudy.loyalty.moderation.products import Term, cross_items, match_items

AT = (-1.0, 0.0, 1.0)  # standard deviations of the moderator: simple slopes (Aiken & West, 1991)
REACH = 2.0  # standard deviations of satisfaction to either side in pictures


class Question(NamedTuple):
    """What is asked of one moderator.

    ``sign`` is the registered direction of the product's effect, ``"+"`` or ``"-"``.
    """

    moderator: Construct
    satisfaction: Construct
    loyalty: Construct
    sign: str

    @property
    def label(self) -> str:
        """The moderator in print."""
        return name_label(self.moderator)


@dataclass(frozen=True)
class Interaction:
    """One moderator's model.

    Attributes
    ----------
    question : Question
    term : Term
        The latent product and its pairs of items.
    result : SemResult
        Admissible; standard errors are robust.
    coefficients : Coefficients
        Standardised: satisfaction, moderator, product.
    added : float
        Share of loyalty's variance that the product adds.
    """

    question: Question
    term: Term
    result: SemResult
    coefficients: Coefficients
    added: float

    @property
    def label(self) -> str:
        """The moderator in print."""
        return self.question.label

    def effect(self, *, level: float = 0.95) -> dict[str, float]:
        """Effect, se, p value, lower and upper of the standardised product."""
        table = self.coefficients.table(level=level)
        row = table[table["source"] == self.term.name].iloc[0]
        wanted = ("effect", "se", "p value", "lower", "upper")
        return {name: float(row[name]) for name in wanted}

    def slopes(self, *, level: float = 0.95) -> pd.DataFrame:
        """Path from satisfaction to loyalty where the moderator is low, at its mean, high."""
        at = np.array(AT)
        path, se = slope_at(*self._path(), at)
        reach = _reach(level) * se
        return pd.DataFrame(
            {
                "moderator": self.label,
                "at (SD)": at,
                "path": path,
                "se": se,
                "lower": path - reach,
                "upper": path + reach,
            }
        )

    def region(self, *, level: float = 0.95) -> Region:
        """Where along the moderator the path is told apart from zero."""
        return find_region(*self._path(), level=level)

    def lines(self, *, level: float = 0.95, points: int = 41) -> pd.DataFrame:
        """Loyalty over satisfaction with a low, a mean and a high moderator.

        Standard deviations throughout; the band bounds the line as a difference from mean
        loyalty at mean satisfaction and moderator.
        """
        satisfaction = np.linspace(-REACH, REACH, points)
        names = (self.term.first, self.term.second, self.term.name)
        values, covariance = self.coefficients.select(*names)
        parts = []
        for at in AT:
            design = np.column_stack([satisfaction, np.full(points, at), satisfaction * at])
            line = design @ values
            variance = np.einsum("ki,ij,kj->k", design, covariance, design)
            reach = _reach(level) * np.sqrt(np.maximum(variance, 0.0))
            columns = {"satisfaction": satisfaction, "loyalty": line}
            parts.append(pd.DataFrame({**columns, "lower": line - reach, "upper": line + reach}))
        drawn = pd.concat(parts, keys=AT, names=["at"]).reset_index(level="at")
        return drawn.assign(moderator=self.label, n=self.result.n_used).reset_index(drop=True)

    def _path(self) -> tuple[np.ndarray, np.ndarray]:
        return self.coefficients.select(self.term.first, self.term.name)


def fit_interaction(
    answers: pd.DataFrame,
    question: Question,
    *,
    simple: SemResult | None = None,
    all_pairs: bool = False,
    tied: bool = True,
    curved: bool = False,
) -> Interaction:
    """Estimate the model of one moderator.

    Parameters
    ----------
    answers : DataFrame
        One column an item, reverse-scored items turned round; respondents with a gap in an
        item of the model are left out and counted.
    simple : SemResult, optional
        The model without the product, where it is known already (:func:`fit_simple`).
    all_pairs : bool
        Multiply every item of one construct with every item of the other, instead of
        matching them (:func:`~crmstudy.loyalty.moderation.products.match_items`).
    tied : bool
        As in :func:`~crmstudy.loyalty.moderation.latent_products.fit_products`.
    curved : bool
        Let the square of satisfaction act on loyalty too.

    Raises
    ------
    ModelError
        If the model is inadmissible with or without the product, or cannot be estimated.
    """
    moderator, satisfaction, loyalty, _ = question
    if simple is None:
        simple = fit_simple(answers, sources=(satisfaction, moderator), loyalty=loyalty)
    term = multiply_constructs(satisfaction, moderator, simple, all_pairs=all_pairs)
    terms = [term, square_construct(satisfaction)] if curved else [term]
    result = fit_products(simple, terms=terms, outcome=loyalty.name, tied=tied)
    if not result.admissible:
        raise ModelError(explain(result.checks))
    return Interaction(
        question=question,
        term=term,
        result=result,
        coefficients=standardise_products(result, terms=terms, outcome=loyalty.name),
        added=add_explained(result, term=term, outcome=loyalty.name),
    )


def fit_simple(
    answers: pd.DataFrame, *, sources: Sequence[Construct], loyalty: Construct
) -> SemResult:
    """Estimate loyalty by satisfaction and moderators without any product.

    Raises
    ------
    ModelError
        If that model is inadmissible or cannot be estimated.
    """
    model = StructuralModel(
        constructs=(*sources, loyalty),
        paths=tuple(Path(source.name, loyalty.name) for source in sources),
        name="moderation",
    )
    simple = fit_sem(answers, model=model)
    if not simple.admissible:
        raise ModelError(f"without the product, {explain(simple.checks)}")
    return simple


def multiply_constructs(
    first: Construct, second: Construct, simple: SemResult, *, all_pairs: bool = False
) -> Term:
    """Name the product of two constructs, and match their items.

    Items are ranked, where they have to be, by the reliabilities that the model without
    products gives them.
    """
    explained = simple.r_squared()
    assert not isinstance(explained, NotAvailable)
    known = dict(zip(explained["variable"], explained["r squared"], strict=True))
    reliability = {item: known.get(item, 1.0) for item in simple.model.items}
    pairs = (
        cross_items(first.items, second.items)
        if all_pairs
        else match_items(first.items, second.items, reliability=reliability)
    )
    return Term(f"{first.name}_by_{second.name}", first.name, second.name, pairs)


def square_construct(construct: Construct) -> Term:
    """Name the square of a construct; every item is multiplied with itself."""
    pairs = tuple((item, item) for item in construct.items)
    return Term(f"{construct.name}_squared", construct.name, construct.name, pairs)


def _reach(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2.0))
