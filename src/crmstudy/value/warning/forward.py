"""One model in the order of time: scores of each origin by what was learnt before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.value.warning.models import Recipe, learn
from crmstudy.value.warning.rules import Learned
from crmstudy.value.warning.scores import fit_sigmoid, measure_log_loss, take_log_loss, to_chance

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """What the origins before a day chose for a model.

    Parameters
    ----------
    size : float
        Value of the model's setting.
    intercept, slope : float
        From the model's scores to log odds.
    log_loss : float
        Of the forecasts on the origins before, out of time.
    """

    size: float
    intercept: float
    slope: float
    log_loss: float

    def to_odds(self, scores: Floats) -> Floats:
        """Turn scores into log odds."""
        return self.intercept + self.slope * scores


Rows = Sequence[tuple[pd.DataFrame, Floats]]


class Rolling:
    """One model on all origins: scores out of time, by value of its setting."""

    def __init__(self, recipe: Recipe, rows: Rows, first: int, seed: int) -> None:
        self.recipe, self.first = recipe, first
        self.events = [events for _, events in rows]
        self.scores: dict[float, dict[int, Floats]] = {size: {} for size in recipe.grid}
        self.learned: dict[float, Learned] = {}
        for size in recipe.grid:
            for place in range(first, len(rows)):
                self.learned[size] = learn_rows(recipe, rows[:place], size, seed)
                self.scores[size][place] = self.learned[size].foretell(rows[place][0])

    def choose(self, place: int) -> Choice:
        """Choose by the origins before a place."""
        before = range(self.first, place)
        events = np.concatenate([self.events[i] for i in before])
        found = []
        for size in self.recipe.grid:
            scores = np.concatenate([self.scores[size][i] for i in before])
            intercept, slope = calibrate(scores, events)
            chances = to_chance(intercept + slope * scores)
            loss = measure_log_loss(events, chances, np.ones(len(events)))
            found.append(Choice(size, intercept, slope, loss))
        return min(found, key=lambda choice: choice.log_loss)

    def lose(self, place: int, choice: Choice) -> Floats:
        """Give each forecast on the origins before a place its log loss."""
        before = range(self.first, place)
        scores = np.concatenate([self.scores[choice.size][i] for i in before])
        events = np.concatenate([self.events[i] for i in before])
        return take_log_loss(events, to_chance(choice.to_odds(scores)))


def choose_simplest(losses: Mapping[str, Floats]) -> str:
    """Choose the first model that is within one standard error of the one with least loss.

    Parameters
    ----------
    losses : mapping of str to array of shape (n,)
        Loss of each forecast, the same forecasts for every model, the simplest model first.

    References
    ----------
    Hastie, T., Tibshirani, R., & Friedman, J. (2009). The Elements of Statistical Learning
    (2nd ed.), section 7.10 (one-standard-error rule). Springer.
    """
    best = min(losses, key=lambda name: float(losses[name].mean()))
    for name, loss in losses.items():
        apart = loss - losses[best]
        if apart.mean() <= apart.std(ddof=1) / np.sqrt(len(apart)):
            return name
    return best


def learn_rows(recipe: Recipe, rows: Rows, size: float, seed: int) -> Learned:
    """Learn from the rows of several origins together."""
    features = pd.concat([features for features, _ in rows])
    return learn(recipe, features, np.concatenate([events for _, events in rows]), size, seed)


def calibrate(scores: Floats, events: Floats) -> tuple[float, float]:
    """Turn scores into log odds, events drawn a little towards each other as Platt does.

    A score that pointed the wrong way says nothing: everybody gets the base rate.
    """
    n_with = float(events.sum())
    n_without = len(events) - n_with
    drawn = np.where(events > 0, (n_with + 1) / (n_with + 2), 1 / (n_without + 2))
    intercept, slope = fit_sigmoid(scores, drawn)
    return (intercept, slope) if slope >= 0 else fit_sigmoid(np.zeros(len(drawn)), drawn)
