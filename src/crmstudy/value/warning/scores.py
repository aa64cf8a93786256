"""How good probabilities of an event are: measures as functions of plain numbers.

Every function takes the events (0 or 1), what was foretold, and optionally how often each
row counts, so that a bootstrap sample is the same rows with other weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Probabilities are held inside these limits where their logarithm is taken.
SMALLEST = 1e-12
MOST_STEPS = 50


@dataclass(frozen=True)
class Cuts:
    """Rows in falling order of a score, those of equal score together.

    Parameters
    ----------
    order : array of shape (n,)
        Positions of the rows, the highest score first.
    starts : array of shape (n_distinct,)
        Where in ``order`` each distinct score begins.
    """

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    def count(self, events: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Count rows and events at or above each distinct score, from none to all."""
        rows = np.cumsum(np.add.reduceat(weights[self.order], self.starts))
        hits = np.cumsum(np.add.reduceat((weights * events)[self.order], self.starts))
        return np.concatenate([[0.0], rows]), np.concatenate([[0.0], hits])


def rank_scores(scores: npt.ArrayLike) -> Cuts:
    """Rank rows by falling score."""
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    return Cuts(order, np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])))


def measure_auc(rows: Floats, hits: Floats) -> float:
    """Measure the area under the ROC curve, ties counted half; from :meth:`Cuts.count`.

    References
    ----------
    Hanley, J. A., & McNeil, B. J. (1982). The meaning and use of the area under a receiver
    operating characteristic (ROC) curve. Radiology, 143(1), 29-36.
    """
    misses = rows - hits
    area = float((np.diff(misses) * (hits[1:] + hits[:-1])).sum()) / 2
    return area / float(hits[-1] * misses[-1])


def measure_precision(rows: Floats, hits: Floats) -> float:
    """Measure average precision, the area under the precision-recall curve by steps.

    References
    ----------
    Davis, J., & Goadrich, M. (2006). The relationship between precision-recall and ROC
    curves. Proceedings of the 23rd International Conference on Machine Learning, 233-240.
    """
    # A sample may hold none of the highest rows: nothing over nothing adds nothing.
    precision = np.divide(hits[1:], rows[1:], out=np.zeros(len(rows) - 1), where=rows[1:] > 0)
    return float((np.diff(hits) * precision).sum() / hits[-1])


def measure_lift(rows: Floats, hits: Floats, *, depth: float = 0.1) -> float:
    """Divide the share of events among the highest ``depth`` of the rows by that of all."""
    caught = float(np.interp(depth * rows[-1], rows, hits))
    return caught / float(hits[-1]) / depth


def measure_brier(events: Floats, chances: Floats, weights: Floats) -> float:
    """Average the squared distance of probability and event (Brier, 1950)."""
    return float(weights @ (chances - events) ** 2 / weights.sum())


def take_log_loss(events: Floats, chances: Floats) -> Floats:
    """Take minus the log of the probability that was given to what happened."""
    held = np.clip(chances, SMALLEST, 1 - SMALLEST)
    return -np.where(events > 0, np.log(held), np.log1p(-held))


def measure_log_loss(events: Floats, chances: Floats, weights: Floats) -> float:
    """Average minus the log of the probability that was given to what happened."""
    return float(weights @ take_log_loss(events, chances) / weights.sum())


@dataclass(frozen=True)
class Decomposition:
    """Brier score = reliability - resolution + uncertainty + what varies within bins."""

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def decompose_brier(events: Floats, chances: Floats, bins: npt.NDArray[np.intp]) -> Decomposition:
    """Split the Brier score over bins of probability.

    Parameters
    ----------
    bins : array of shape (n,)
        Number of each row's bin, from 0 on.

    References
    ----------
    Murphy, A. H. (1973). A new vector partition of the probability score. Journal of Applied
    Meteorology, 12(4), 595-600. Stephenson, D. B., Coelho, C. A. S., & Jolliffe, I. T. (2008).
    Two extra components in the Brier score decomposition. Weather and Forecasting, 23(4),
    752-757 (what varies within bins).
    """
    n, base = len(events), float(events.mean())
    sizes = np.bincount(bins).astype(np.float64)
    filled = np.maximum(sizes, 1.0)
    happened, said = np.bincount(bins, events) / filled, np.bincount(bins, chances) / filled
    apart = chances - said[bins]
    return Decomposition(
        reliability=float(sizes @ (said - happened) ** 2) / n,
        resolution=float(sizes @ (happened - base) ** 2) / n,
        uncertainty=base * (1 - base),
        within=float((apart**2).sum() - 2 * (apart * (events - happened[bins])).sum()) / n,
    )


def take_log_odds(chances: npt.ArrayLike) -> Floats:
    """Turn probabilities into log odds."""
    held = np.clip(np.asarray(chances, dtype=np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(held) - np.log1p(-held)


def to_chance(log_odds: npt.ArrayLike) -> Floats:
    """Turn log odds into probabilities."""
    from scipy.special import expit

    return np.asarray(expit(np.asarray(log_odds, dtype=np.float64)))


def fit_sigmoid(
    scores: Floats, events: Floats, weights: Floats | None = None
) -> tuple[float, float]:
    """Fit ``P(event) = 1 / (1 + exp(-(a + b score)))`` by maximum likelihood.

    Parameters
    ----------
    scores : array of shape (n,)
        Anything that orders the rows; a constant one gets slope 0.
    events : array of shape (n,)
        0 or 1, or a probability between.

    Returns
    -------
    a, b : float
        Of perfectly separated rows, where no maximum exists, those of the last step.
    """
    counted = np.ones(len(scores)) if weights is None else weights
    centre = float(counted @ scores / counted.sum())
    width = float(np.sqrt(counted @ (scores - centre) ** 2 / counted.sum()))
    base = take_log_odds(float(counted @ events / counted.sum()))
    if width <= 1e-9 * max(abs(centre), 1.0):
        return float(base), 0.0
    points = np.column_stack([np.ones(len(scores)), (scores - centre) / width])
    beta = _climb(points, events, counted, np.array([float(base), 0.0]))
    slope = float(beta[1]) / width
    return float(beta[0]) - slope * centre, slope


def _climb(points: Floats, events: Floats, weights: Floats, beta: Floats) -> Floats:
    """Newton's method, a step halved until the likelihood rises."""
    height = _log_likelihood(points @ beta, events, weights)
    for _ in range(MOST_STEPS):
        chance = to_chance(points @ beta)
        slope = points.T @ (weights * (events - chance))
        bend = (points * (weights * chance * (1 - chance))[:, None]).T @ points
        # A ridge far below what the data say keeps separated rows from dividing by nothing.
        step = np.linalg.solve(bend + 1e-10 * weights.sum() * np.eye(len(beta)), slope)
        for _ in range(30):
            higher = _log_likelihood(points @ (beta + step), events, weights)
            if higher >= height:
                break
            step = step / 2
        beta, gained, height = beta + step, higher - height, higher
        if gained <= 1e-13 * max(abs(height), 1.0):
            break
    return beta


def _log_likelihood(odds: Floats, events: Floats, weights: Floats) -> float:
    return float(weights @ (events * odds - np.logaddexp(0.0, odds)))


def measure_calibration(
    events: Floats, chances: Floats, weights: Floats | None = None
) -> tuple[float, float]:
    """Measure calibration in the large and the calibration slope.

    Returns
    -------
    intercept : float
        Log odds to be added to every forecast so that their mean is right: 0 is perfect,
        above 0 events were more frequent than foretold.
    slope : float
        Of the regression of the event on the log odds foretold: 1 is perfect, below 1 the
        forecasts are too extreme; 0 where all forecasts are equal.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika,
    45(3/4), 562-565. Steyerberg, E. W. et al. (2010). Assessing the performance of prediction
    models. Epidemiology, 21(1), 128-138.
    """
    counted = np.ones(len(events)) if weights is None else weights
    odds = take_log_odds(chances)
    return _shift(odds, events, counted), fit_sigmoid(odds, events, counted)[1]


def _shift(odds: Floats, events: Floats, weights: Floats) -> float:
    """Find the constant that makes the mean forecast equal to the share of events."""
    constant, wanted = 0.0, float(weights @ events)
    for _ in range(MOST_STEPS):
        chance = to_chance(odds + constant)
        step = (wanted - float(weights @ chance)) / float(weights @ (chance * (1 - chance)))
        constant += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    return constant
