"""Which purchase model to go on with, by its forecast of what it did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.validation.errors_of_forecasts import (
    bootstrap_differences,
    measure_errors,
    read_cell,
    tabulate_errors,
)
from crmstudy.value.validation.forecasts import Forecasts, Hiatus, forecast_purchases
from crmstudy.value.validation.predictive import knows_counts, predict_counts

STAGE = 90

RULE = (
    "smallest root mean squared error per customer in the hold-out period; among models whose "
    "difference to it has a 95% bootstrap interval that reaches 0, the first in the order given"
)

# Convention: a tenth more or fewer purchases than came is still a usable total.
TOLERABLE_BIAS = 0.1


@dataclass(frozen=True, eq=False)
class ModelChoice:
    """The model to go on with, and all rivals by how well they foretold the hold-out.

    Parameters
    ----------
    best : str
        Name of the chosen model.
    result : PurchaseResult
        The chosen model, fitted on the calibration period.
    smallest : str
        Model with the smallest root mean squared error; differences are taken to it.
    tied : tuple of str
        Models that cannot be told apart from ``smallest``, itself included.
    models : dict of str to PurchaseResult
        All models that were compared, by name.
    scores : DataFrame indexed by forecast
        ``kind`` (model or heuristic), ``parameters``, ``log-likelihood`` (calibration),
        the columns of :func:`measure_errors`, and ``log score`` (mean log probability of
        what a customer did in the hold-out; missing where no distribution is foretold).
    differences : DataFrame indexed by forecast
        From :func:`bootstrap_differences`, against ``smallest``.
    n, n_replicates : int
        Customers, and bootstrap samples.
    holdout_weeks : float
        Length of the hold-out period.
    """

    best: str
    result: PurchaseResult
    smallest: str
    tied: tuple[str, ...]
    models: dict[str, PurchaseResult]
    scores: pd.DataFrame
    differences: pd.DataFrame
    n: int
    n_replicates: int
    holdout_weeks: float
    rule: str = RULE

    @property
    def strongest_heuristic(self) -> str:
        """Heuristic with the smallest root mean squared error."""
        rest = self.scores[self.scores["kind"] == "heuristic"]
        return str(rest["root mean squared error"].idxmin())

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the chosen model is worth its trouble, and its total right."""
        error, rival = (
            read_cell(self.scores, name, "root mean squared error")
            for name in (self.best, self.strongest_heuristic)
        )
        bias = read_cell(self.scores, self.best, "bias")
        return (
            Check(
                name="the chosen model foretells better than every heuristic",
                passed=error < rival,
                statistic=error / rival if rival else np.inf,
                threshold="ratio of root mean squared errors < 1",
                source="Wuebben & Wangenheim (2008)",
                consequence="rank and count customers by the heuristic; use the model for totals",
            ),
            Check(
                name="the total of the hold-out period is foretold",
                passed=abs(bias) <= TOLERABLE_BIAS,
                statistic=bias,
                threshold=f"|expected / made - 1| <= {TOLERABLE_BIAS}",
                source="convention: a tenth",
                consequence="lifetime values are off by about as much",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Every forecast, the models first, with its errors and its distance to the best."""
        table = tabulate_errors(
            self.scores, self.differences, difference="more than the smallest"
        ).rename(columns={"expected": "purchases expected"})
        table["chosen"] = ["yes" if name == self.best else "" for name in table.index]
        return table.reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Errors of the chosen model and of the strongest heuristic, and how many are tied."""
        columns = {
            "bias": "bias",
            "rmse": "root mean squared error",
            "mae": "mean absolute error",
            "rank_correlation": "rank correlation",
            "log_score": "log score",
        }
        metrics = {
            "n": self.n,
            "holdout_weeks": self.holdout_weeks,
            "models": len(self.models),
            "models_not_told_apart": len(self.tied),
            **{name: read_cell(self.scores, self.best, one) for name, one in columns.items()},
            "rmse_strongest_heuristic": read_cell(
                self.scores, self.strongest_heuristic, "root mean squared error"
            ),
            "smallest_mae": float(self.scores["mean absolute error"].min()),
        }
        return {name: value for name, value in metrics.items() if not np.isnan(value)}


def choose_model(
    models: Mapping[str, PurchaseResult | NotAvailable],
    summary: PurchaseSummary | NotAvailable,
    *,
    hiatus: Hiatus | NotAvailable | None = None,
    seed: int,
    n_replicates: int = 200,
) -> ModelChoice | NotAvailable:
    """Choose the purchase model whose expectations came nearest in the hold-out period.

    Lifetime value needs the *expected* number of purchases, and squared error is the loss
    that an expectation minimises. Absolute error is minimised by the median, which for
    most customers is no purchase at all: by it "nobody ever comes back" can win (Gneiting,
    2011). It is reported, not decided by. The log score judges the whole distribution and
    is proper (Gneiting & Raftery, 2007), but point forecasts have none.

    Parameters
    ----------
    models : mapping of str to PurchaseResult
        Fitted on the calibration period, the one to be preferred in a tie first; absent
        ones are left out.
    summary : PurchaseSummary
        Histories with a hold-out period.
    hiatus : Hiatus, optional
        From :func:`~crmstudy.value.validation.forecasts.choose_hiatus`; without it that
        heuristic is left out.
    seed : int
        Seed of the bootstrap.
    n_replicates : int
        Bootstrap samples of customers.

    Raises
    ------
    ModelError
        If there is no hold-out period, nobody bought in it, or no model could be fitted.

    References
    ----------
    Gneiting, T. (2011). Making and evaluating point forecasts. J. American Statistical
    Association, 106(494), 746-762.
    Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and
    estimation. J. American Statistical Association, 102(477), 359-378.
    Wuebben, M. & von Wangenheim, F. (2008). Instant customer base analysis: Managerial
    heuristics often "get it right". Journal of Marketing, 72(3), 82-93.
    """
    if isinstance(summary, NotAvailable):
        return summary
    forecasts = forecast_purchases(models, summary, hiatus=hiatus)
    if not forecasts.actual.any():
        raise ModelError(
            f"none of the {forecasts.actual.size:,} customers bought in the hold-out period of "
            f"{summary.holdout_days:,} days: no model can be judged by it; choose an earlier "
            "end of calibration"
        )
    scores = _score(forecasts, summary)
    errors = scores.loc[list(forecasts.models), "root mean squared error"]
    smallest = str(errors.idxmin())
    differences = bootstrap_differences(
        forecasts.expected,
        forecasts.actual,
        reference=smallest,
        seed=draw_seeds(seed, stage=STAGE, n=1)[0],
        n_replicates=n_replicates,
    )
    tied = tuple(m for m in forecasts.models if read_cell(differences, m, "rmse_lower") <= 0)
    best = tied[0]
    return ModelChoice(
        best=best,
        result=forecasts.models[best],
        smallest=smallest,
        tied=tied,
        models=forecasts.models,
        scores=scores,
        differences=differences,
        n=forecasts.actual.size,
        n_replicates=n_replicates,
        holdout_weeks=summary.holdout_days / 7,
    )


def _score(forecasts: Forecasts, summary: PurchaseSummary) -> pd.DataFrame:
    scores = measure_errors(forecasts.expected, forecasts.actual)
    models = forecasts.models
    scores["log score"] = [
        score_counts(models[name], summary) if name in models else np.nan for name in scores.index
    ]
    parameters = [float(len(m.estimates.values)) for m in models.values()]
    likelihoods = [m.estimates.log_likelihood for m in models.values()]
    rest = [np.nan] * (len(scores) - len(models))
    scores.insert(0, "kind", ["model"] * len(models) + ["heuristic"] * len(rest))
    scores.insert(1, "parameters", parameters + rest)
    scores.insert(2, "log-likelihood", likelihoods + rest)
    return scores


def score_counts(result: PurchaseResult, summary: PurchaseSummary) -> float:
    """Mean log probability that the model gave to each customer's hold-out purchases.

    Missing where the model is none whose distribution of counts is known; larger is better.
    """
    if not knows_counts(result):
        return np.nan
    made = summary.customers["holdout_purchases"].to_numpy(np.float64)
    chance = predict_counts(result, summary.x, summary.t_x, summary.T, summary.holdout, made)
    return float(np.log(np.maximum(chance, np.finfo(float).tiny)).mean())
