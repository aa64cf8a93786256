"""Next period's value: does a network foresee more than a line, a tree, or the segments?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.networks.forecasters import (
    MOST_EPOCHS,
    average_segments,
    fit_line,
    fit_network,
    fit_tree,
)
from crmstudy.segmentation.networks.later_value import match_outcome, modulus_log, undo_modulus_log
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]

FEWEST = 100  # customers
Z = 1.959963984540054  # of a 95% interval

MEAN, SEGMENTS, LINE, TREE, NETWORK = (
    "mean of all",
    "mean of the segment",
    "linear regression",
    "decision tree",
    "neural network",
)


@dataclass(frozen=True)
class ForecastComparison:
    """How well models foresee next period's value of customers they did not see.

    Parameters
    ----------
    models : DataFrame indexed by model
        ``r2`` (share of the variance of the logged value that is foreseen, 0 for the mean
        of all, negative when worse) and ``mae`` (mean absolute error in the value's own
        unit), each with its 95% interval ``_lower``, ``_upper``.
    against : DataFrame indexed by baseline
        The network against every other model: ``difference`` (its R2 less the other's) with
        its 95% interval ``lower``, ``upper``.
    sizes : Series of int
        How often each size of the network was chosen, by fold.
    checks : tuple of Check
        Whether all networks were stopped by held-out customers.
    predicted : DataFrame indexed by customer
        Each model's prediction for customers it did not see, in the value's own unit, and
        ``value``, what came.
    n_customers, n_left_out, n_silent, n_folds : int
        Customers predicted; left out for want of an outcome or a segment; predicted and
        without any value in the next period; folds.
    value : str
        What was predicted.
    name : str
        The block of criteria that predicts.
    """

    models: pd.DataFrame
    against: pd.DataFrame
    sizes: pd.Series
    checks: tuple[Check, ...]
    predicted: pd.DataFrame
    n_customers: int
    n_left_out: int
    n_silent: int
    n_folds: int
    value: str
    name: str

    def table(self) -> pd.DataFrame:
        """Arrange the models, the mean of all first."""
        return self.models.reset_index().rename(
            columns={
                "r2": "R²",
                "r2_lower": "R² 95% lower",
                "r2_upper": "R² 95% upper",
                "mae": "mean absolute error",
                "mae_lower": "error 95% lower",
                "mae_upper": "error 95% upper",
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Give R2 and mean absolute error of each model."""
        metrics: dict[str, float] = {"n_customers": self.n_customers, "n_silent": self.n_silent}
        for model, row in self.models.iterrows():
            key = str(model).replace(" ", "_")
            metrics[f"r2_{key}"], metrics[f"mae_{key}"] = float(row["r2"]), float(row["mae"])
        return metrics


def compare_forecasts(
    space: Space | NotAvailable,
    outcome: pd.Series | NotAvailable,
    *,
    seed: int,
    segments: pd.Series | NotAvailable | None = None,
    n_leaves: int = 8,
    n_folds: int = 5,
) -> ForecastComparison | NotAvailable:
    """Foresee next period's value by a neural network and by its baselines.

    Models are fitted to ``sign(y) log(1 + |y|)`` of the value ``y`` in ``n_folds - 1`` folds
    of the customers and predict the remaining one. The cross-validation is nested: size and
    epochs of the network are chosen inside the training folds by 15% of their customers.
    Differences between models are averaged over the customers; their intervals are normal
    ones for means of paired differences and take the fitted models as given.

    Parameters
    ----------
    space : Space
        Criteria known at the end of the first period.
    outcome : Series indexed by customer
        Value in the period after; 0 for who bought nothing.
    seed : int
        Seed of folds and networks.
    segments : Series indexed by customer or NotAvailable, optional
        Segments of the first period, RFM segments for instance; without them, that model
        is left out.
    n_leaves : int
        Leaves of the decision tree, at most.
    n_folds : int
        Folds of the outer cross-validation.

    Raises
    ------
    DataError
        If ``outcome`` holds a customer twice, or a value that is infinite.
    ModelError
        If fewer than 100 customers have an outcome, or all outcomes are equal.

    References
    ----------
    Stone, M. (1974). Cross-validatory choice and assessment of statistical predictions.
    J. Royal Statistical Society B, 36, 111-147.
    """
    # Loaded before the limit is set, which holds only for libraries that are there.
    import sklearn.neural_network
    import sklearn.tree  # noqa: F401

    from crmstudy.statistics.threads import hold_one_thread

    if isinstance(space, NotAvailable):
        return space
    if isinstance(outcome, NotAvailable):
        return outcome
    given = None if isinstance(segments, NotAvailable) else segments
    known, value, segment = _match(space, outcome, given)
    order = np.lexsort((value, *known.points.T[::-1]))
    points, logged = known.points[order], modulus_log(value[order])
    codes = None if segment is None else np.unique(segment[order], return_inverse=True)[1]
    draw = np.random.default_rng(draw_seeds(seed, stage=41, n=1)[0])
    fold = draw.permutation(len(points)) % n_folds
    with hold_one_thread():  # sums of several threads differ in the last digit
        predicted, chosen, stopped = _cross_validate(points, logged, fold, codes, seed, n_leaves)
    money = pd.DataFrame(
        {name: undo_modulus_log(column) for name, column in predicted.items()},
        index=known.customers[order],
    ).assign(value=value[order])
    return ForecastComparison(
        models=_measure(predicted, logged, money),
        against=_compare(predicted, logged),
        sizes=pd.Series(chosen).value_counts().sort_index().rename_axis("hidden units"),
        checks=(_check_stopped(stopped),),
        predicted=money.loc[known.customers],
        n_customers=len(known.customers),
        n_left_out=len(space.customers) - len(known.customers),
        n_silent=int(np.count_nonzero(value == 0)),
        n_folds=n_folds,
        value=str(outcome.name or "value"),
        name=space.name,
    )


def _match(
    space: Space, outcome: pd.Series, segments: pd.Series | None
) -> tuple[Space, Floats, npt.NDArray[np.str_] | None]:
    known, value = match_outcome(space, outcome)
    segment = None
    if segments is not None:
        found = segments.reindex(known.customers)
        rows = np.flatnonzero(found.notna())
        known, value = known.take(rows), value[rows]
        segment = found.iloc[rows].astype(str).to_numpy(dtype=str)
    if len(value) < FEWEST:
        raise ModelError(
            f"foreseeing the next period needs {FEWEST} customers with an outcome, not {len(value)}"
        )
    if not (value != value[0]).any():
        raise ModelError("the outcome is equal for all customers: there is nothing to foresee")
    return known, value, segment


def _cross_validate(
    points: Floats,
    logged: Floats,
    fold: npt.NDArray[np.intp],
    segment: npt.NDArray[np.intp] | None,
    seed: int,
    n_leaves: int,
) -> tuple[dict[str, Floats], list[str], list[bool]]:
    names = [MEAN, *([SEGMENTS] if segment is not None else []), LINE, TREE, NETWORK]
    predicted = {name: np.zeros(len(points)) for name in names}
    chosen, stopped = [], []
    for held, start in enumerate(draw_seeds(seed, stage=42, n=int(fold.max()) + 1)):
        old, new = fold != held, fold == held
        seen, y = points[old], logged[old]
        predicted[MEAN][new] = y.mean()
        if segment is not None:
            predicted[SEGMENTS][new] = average_segments(segment[old], y)(segment[new])
        predicted[LINE][new] = fit_line(seen, y)(points[new])
        predicted[TREE][new] = fit_tree(seen, y, n_leaves, start)(points[new])
        network, size, ended = fit_network(seen, y, start)
        predicted[NETWORK][new] = network(points[new])
        chosen.append(size)
        stopped.append(ended)
    return predicted, chosen, stopped


def _measure(predicted: dict[str, Floats], logged: Floats, money: pd.DataFrame) -> pd.DataFrame:
    total = (logged - predicted[MEAN]) ** 2
    rows = {}
    for name, column in predicted.items():
        # 1 less a ratio of means: its standard error by linearisation.
        squared = (logged - column) ** 2
        ratio = squared.mean() / total.mean()
        reach = _reach(squared - ratio * total) / total.mean()
        absolute = (money["value"] - money[name]).abs().to_numpy(dtype=np.float64)
        miss, around = absolute.mean(), _reach(absolute)
        rows[name] = {
            "r2": 1 - ratio,
            "r2_lower": 1 - ratio - reach,
            "r2_upper": 1 - ratio + reach,
            "mae": miss,
            "mae_lower": miss - around,
            "mae_upper": miss + around,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def _compare(predicted: dict[str, Floats], logged: Floats) -> pd.DataFrame:
    total = (logged - predicted[MEAN]) ** 2
    own = (logged - predicted[NETWORK]) ** 2
    rows = {}
    for name, column in predicted.items():
        if name == NETWORK:
            continue
        gain = (logged - column) ** 2 - own
        ratio = gain.mean() / total.mean()
        reach = _reach(gain - ratio * total) / total.mean()
        rows[name] = {"difference": ratio, "lower": ratio - reach, "upper": ratio + reach}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("baseline")


def _reach(values: Floats) -> float:
    return float(Z * values.std(ddof=1) / np.sqrt(len(values)))


def _check_stopped(stopped: list[bool]) -> Check:
    return Check(
        name="forecasting network: held-out customers ended the training (share of networks)",
        passed=all(stopped),
        statistic=float(np.mean(stopped)),
        threshold="= 1",
        source=f"at most {MOST_EPOCHS} epochs",
        consequence="a network could still improve: it may be better than shown",
    )
