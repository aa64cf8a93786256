"""Does loyalty grow with satisfaction along a straight line?

Two looks: the square of latent satisfaction in the model of loyalty, measured by squared
items in the manner of a latent product; and mean loyalty in bands of satisfaction, which
assumes no shape. A scale that ends at its top bends the line down by itself: answers of
the most satisfied cannot rise. Curvature found here is therefore no proof of a zone of
indifference; the bands show where the line is flat.

References
----------
Heskett, J. L., Jones, T. O., Loveman, G. W., Sasser, W. E., & Schlesinger, L. A. (1994). Putting
the service-profit chain to work. Harvard Business Review, 72(2), 164-174.
Ngobo, P.-V. (1999). Decreasing returns in customer loyalty: Does it really matter to delight
the customers? Advances in Consumer Research, 26, 469-476.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.specify import Construct, StructuralModel
from crmstudy.loyalty.moderation.asked import find_construct, name_label
from crmstudy.loyalty.moderation.bands import average_by_band, cut_bands
from crmstudy.loyalty.moderation.coefficients import (
    Coefficients,
    add_explained,
    standardise_products,
)
from crmstudy.loyalty.moderation.interaction import fit_simple, square_construct
from crmstudy.loyalty.moderation.latent_products import fit_products
from crmstudy.loyalty.moderation.products import Term
from crmstudy.loyalty.moderation.scale_means import score_points

LEAST_IN_BAND = 20  # respondents: fewer give a mean that says little


@dataclass(frozen=True)
class SquaredModel:
    """Loyalty by satisfaction and its square.

    Attributes
    ----------
    result : SemResult
        Admissible; standard errors are robust.
    term : Term
    coefficients : Coefficients
        Standardised: satisfaction, its square.
    added : float
        Share of loyalty's variance that the square adds.
    """

    result: SemResult
    term: Term
    coefficients: Coefficients
    added: float


@dataclass(frozen=True)
class Curvature:
    """How the line from satisfaction to loyalty bends.

    Attributes
    ----------
    squared : SquaredModel or NotAvailable
    bands : DataFrame
        Mean loyalty by band of satisfaction, both in points from 0 to 100: from, to, n,
        mean, lower, upper.
    n_used : int
        Respondents with both scores.
    satisfaction, loyalty : str
        The constructs in print.
    level : float
        Level of every interval.
    """

    squared: SquaredModel | NotAvailable
    bands: pd.DataFrame
    n_used: int
    satisfaction: str
    loyalty: str
    level: float

    def effect(self) -> dict[str, float] | NotAvailable:
        """Effect, se, p value, lower and upper of the standardised square."""
        if isinstance(self.squared, NotAvailable):
            return self.squared
        table = self.squared.coefficients.table(level=self.level)
        row = table[table["source"] == self.squared.term.name].iloc[0]
        wanted = ("effect", "se", "p value", "lower", "upper")
        return {name: float(row[name]) for name in wanted}

    def table(self) -> pd.DataFrame | NotAvailable:
        """Two rows: the line and what bends it, standardised."""
        if isinstance(self.squared, NotAvailable):
            return self.squared
        table = self.squared.coefficients.table(level=self.level)
        named = {self.squared.term.first: "straight", self.squared.term.name: "squared"}
        table["source"] = table["source"].map(named)
        return table.rename(columns={"source": "part of the line"}).assign(
            n=self.squared.result.n_used
        )

    def to_metrics(self) -> dict[str, float]:
        """The square's effect, and the bands at the two ends."""
        metrics: dict[str, float] = {"n_used": self.n_used, "n_bands": len(self.bands)}
        effect = self.effect()
        if isinstance(effect, dict) and isinstance(self.squared, SquaredModel):
            metrics |= {
                "effect_squared": effect["effect"],
                "se_squared": effect["se"],
                "p_squared": effect["p value"],
                "added_r2_squared": self.squared.added,
            }
        return metrics | {
            "loyalty_lowest_band": float(self.bands["mean"].iloc[0]),
            "loyalty_highest_band": float(self.bands["mean"].iloc[-1]),
        }


def bend_loyalty(
    answers: pd.DataFrame | NotAvailable,
    *,
    instrument: Mapping[str, Any],
    scales: Mapping[str, Mapping[str, Any]],
    model: StructuralModel | NotAvailable | None = None,
    level: float = 0.95,
) -> Curvature | NotAvailable:
    """Ask whether loyalty grows with satisfaction along a straight line.

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One column an item, reverse-scored items turned round.
    instrument : mapping
        ``constructs`` and ``focus`` as study.yml gives them.
    scales : mapping
        Item to its ``minimum`` and ``maximum`` (the table of the instrument).
    model : StructuralModel, optional
        The chapter's model, whose items of both constructs are used.

    Raises
    ------
    ModelError
        If study.yml does not name both constructs, or fewer than two respondents have
        both scores.
    """
    if isinstance(answers, NotAvailable):
        return answers
    satisfaction = find_construct(instrument, "satisfaction", model=model)
    loyalty = find_construct(instrument, "loyalty", model=model)
    scores = pd.DataFrame(
        {
            "satisfaction": score_points(answers, items=satisfaction.items, scales=scales),
            "loyalty": score_points(answers, items=loyalty.items, scales=scales),
        }
    ).dropna()
    if len(scores) < 2:
        raise ModelError(f"{len(scores)} respondents have a score of satisfaction and of loyalty")
    edges = cut_bands(scores["satisfaction"].to_numpy(), least=LEAST_IN_BAND)
    return Curvature(
        squared=_attempt_square(answers, satisfaction, loyalty),
        bands=average_by_band(
            scores["satisfaction"].to_numpy(), scores["loyalty"].to_numpy(), edges, level=level
        ),
        n_used=len(scores),
        satisfaction=name_label(satisfaction),
        loyalty=name_label(loyalty),
        level=level,
    )


def fit_square(
    answers: pd.DataFrame, *, satisfaction: Construct, loyalty: Construct
) -> SquaredModel:
    """Estimate loyalty by satisfaction and its square.

    Raises
    ------
    ModelError
        If the model is inadmissible with or without the square.
    """
    simple = fit_simple(answers, sources=(satisfaction,), loyalty=loyalty)
    term = square_construct(satisfaction)
    result = fit_products(simple, terms=[term], outcome=loyalty.name)
    if not result.admissible:
        raise ModelError(explain(result.checks))
    return SquaredModel(
        result=result,
        term=term,
        coefficients=standardise_products(result, terms=[term], outcome=loyalty.name),
        added=add_explained(result, term=term, outcome=loyalty.name),
    )


def _attempt_square(
    answers: pd.DataFrame, satisfaction: Construct, loyalty: Construct
) -> SquaredModel | NotAvailable:
    try:
        return fit_square(answers, satisfaction=satisfaction, loyalty=loyalty)
    except ModelError as error:
        return NotAvailable(str(error))
