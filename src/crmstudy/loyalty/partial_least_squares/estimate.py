"""Partial least squares path modelling: what was estimated, and its tables.

A named alternative where the covariance model is inadmissible, not a repair of it: it
explains composites, weighted sums with all the errors of their items, and not what the
items have in common. Its paths are smaller than those among error-free constructs, its
loadings larger, and no test of fit can refuse it.

References
----------
Tenenhaus, M., Esposito Vinzi, V., Chatelin, Y.-M., & Lauro, C. (2005). PLS path modeling.
Computational Statistics & Data Analysis, 48(1), 159-205.
Rönkkö, M., & Evermann, J. (2013). A critical examination of common beliefs about partial
least squares path modeling. Organizational Research Methods, 16(3), 425-448.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.coefficients import correlate_items
from crmstudy.loyalty.measurement.constructs import collect_complete, name_in_print
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.partial_least_squares.algorithm import (
    MOST_TURNS,
    Design,
    Scheme,
    lay_out_design,
    regress,
    weigh_items,
)
from crmstudy.loyalty.resampling.draws import order_answers
from crmstudy.statistics.threads import hold_one_thread


@dataclass(frozen=True)
class PlsResult:
    """Composites of one model and the regressions among them.

    Attributes
    ----------
    model : StructuralModel
    scheme : {"path", "factorial", "centroid"}
    n_used, n_dropped : int
        Respondents analysed, and left out because they skipped an item of the model.
    correlation : array of shape (n_items, n_items)
        Of the items, in the model's order.
    weights, cross_loadings : arrays of shape (n_items, n_constructs)
    composite_correlation : array of shape (n_constructs, n_constructs)
    slopes : array of shape (n_constructs, n_constructs)
        Standardised paths, row the target, column the source.
    n_turns : int
        Turns until no weight changed by 1e-10.
    design : Design
    answers : array of shape (n_used, n_items)
    """

    model: StructuralModel
    scheme: Scheme
    n_used: int
    n_dropped: int
    correlation: Array
    weights: Array
    cross_loadings: Array
    composite_correlation: Array
    slopes: Array
    n_turns: int
    design: Design = field(repr=False)
    answers: Array = field(repr=False, compare=False)

    def paths(self) -> pd.DataFrame:
        """One row a path, in the model's order: ``source``, ``target``, ``label``, ``estimate``."""
        place = self.model.construct_names.index
        rows = [
            (p.source, p.target, p.label, self.slopes[place(p.target), place(p.source)])
            for p in self.model.paths
        ]
        return pd.DataFrame(rows, columns=["source", "target", "label", "estimate"])

    def outer(self) -> pd.DataFrame:
        """One row an item: ``construct``, ``item``, ``weight``, ``loading``."""
        rows, columns = np.nonzero(self.design.blocks)
        return pd.DataFrame(
            {
                "construct": [self.model.construct_names[column] for column in columns],
                "item": [self.model.items[row] for row in rows],
                "weight": self.weights[rows, columns],
                "loading": self.cross_loadings[rows, columns],
            }
        )

    def cross(self) -> pd.DataFrame:
        """Correlations of every item (rows) with every composite (columns, by label)."""
        names = list(name_in_print(self.model.constructs).values())
        frame = pd.DataFrame(self.cross_loadings, columns=names)
        frame.insert(0, "item", list(self.model.items))
        return frame

    def r_squared(self) -> pd.DataFrame:
        """Share of the variance of each endogenous composite that its paths explain."""
        explained = self.explained()
        rows = [(name, explained[name]) for name in self.model.endogenous]
        return pd.DataFrame(rows, columns=["construct", "r squared"])

    def explained(self) -> dict[str, float]:
        """R squared by construct."""
        shares = np.sum(self.slopes * self.composite_correlation, axis=1)
        return dict(zip(self.model.construct_names, shares.tolist(), strict=True))

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``pls_image_loyalty`` and ``pls_r2_loyalty``."""
        explained = self.explained()
        metrics: dict[str, float] = {"n_used": self.n_used, "n_turns": self.n_turns}
        for row in self.paths().to_dict("records"):
            metrics[f"pls_{row['source']}_{row['target']}".lower()] = row["estimate"]
        return metrics | {f"pls_r2_{k.lower()}": explained[k] for k in self.model.endogenous}


@passes_absence
def fit_pls(survey: pd.DataFrame, *, model: StructuralModel, scheme: Scheme = "path") -> PlsResult:
    """Estimate a path model of composites by partial least squares, mode A.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        One numeric column per item, NaN where a respondent skipped it; respondents with a
        gap in the model's items are left out and counted.
    model : StructuralModel
        Its residual covariances have no meaning here and are ignored; constructs of a
        single item are that item.
    scheme : {"path", "factorial", "centroid"}

    Raises
    ------
    ModelError
        If the survey lacks an item, an item is constant, no more respondents are complete
        than there are items, a construct has no path, or the weights do not settle.
    DataError
        If an item holds something that is not a number.
    """
    complete = collect_complete(survey, model.constructs)
    n_dropped = len(survey) - len(complete)
    return _estimate(complete.to_numpy(), model=model, scheme=scheme, n_dropped=n_dropped)


@passes_absence
def fit_pls_of(result: SemResult, *, scheme: Scheme = "path") -> PlsResult | NotAvailable:
    """Estimate the model of a covariance result by PLS, on the same respondents.

    Not available of a model estimated from incomplete answers.

    Raises
    ------
    ModelError
        As :func:`fit_pls`.
    """
    answers = result.complete
    if isinstance(answers, NotAvailable):
        return answers
    ordered = order_answers(answers)
    return _estimate(ordered, model=result.model, scheme=scheme, n_dropped=result.n_dropped)


def find_refused(results: Iterable[SemResult | NotAvailable]) -> SemResult | NotAvailable:
    """Pick the first result that the gate of admissibility refused."""
    estimated = [result for result in results if isinstance(result, SemResult)]
    for result in estimated:
        if not result.admissible:
            return result
    if not estimated:
        return NotAvailable("no covariance model could be estimated, so none was refused")
    return NotAvailable(
        "no covariance model was refused among the main model and its rival, so no other method "
        "is called for"
    )


def _estimate(
    answers: Array, *, model: StructuralModel, scheme: Scheme, n_dropped: int
) -> PlsResult:
    design = lay_out_design(model)
    correlation = correlate_items(np.cov(answers, rowvar=False))
    np.fill_diagonal(correlation, 1.0)  # not up to rounding
    with hold_one_thread("blas"):
        found = weigh_items(correlation[None], design, scheme=scheme)
        slopes = regress(found.correlations, design.sources)
    if not np.isfinite(slopes).all() or not found.converged[0]:
        raise ModelError(
            f"the weights of partial least squares do not settle within {MOST_TURNS} turns, or "
            "composites of the model are collinear"
        )
    return PlsResult(
        model=model,
        scheme=scheme,
        n_used=len(answers),
        n_dropped=n_dropped,
        correlation=correlation,
        weights=found.weights[0],
        cross_loadings=found.cross_loadings[0],
        composite_correlation=found.correlations[0],
        slopes=slopes[0],
        n_turns=found.n_turns,
        design=design,
        answers=answers,
    )
