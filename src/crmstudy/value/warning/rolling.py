"""Forecasts in the order of time: learnt before, chosen before, judged later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.warning.data import (
    EVENTS,
    FEWEST_IN_TEST,
    FEWEST_IN_TRAINING,
    Target,
    WarningData,
)
from crmstudy.value.warning.forward import Choice, Rolling, Rows, choose_simplest, learn_rows
from crmstudy.value.warning.models import RECIPES, hold_one_thread
from crmstudy.value.warning.origins import Origin
from crmstudy.value.warning.rules import Learned
from crmstudy.value.warning.scores import to_chance

Floats = npt.NDArray[np.float64]

STAGE = 120
#: Events, and customers without one, that the first training set needs.
FEWEST_AT_FIRST = 10


@dataclass(frozen=True, eq=False)
class Forecast:
    """Chances of an event on one origin, by every model, beside what happened.

    Parameters
    ----------
    origin : Origin
        The day, and the window foretold.
    features : DataFrame
        Customers at risk.
    events : array of shape (n,)
        1 where the event came.
    chances : dict of str to array of shape (n,)
        Probability of the event by model.
    choices : dict of str to Choice
        What the origins before had chosen.
    """

    origin: Origin
    features: pd.DataFrame
    events: Floats
    chances: Mapping[str, Floats]
    choices: Mapping[str, Choice]


@dataclass(frozen=True, eq=False)
class WarningModels:
    """Models that foretell a lapse or a drop in spend, and their forecasts in time order.

    Parameters
    ----------
    data : WarningData
        The origins.
    target : {"lapse", "drop"}
        What is foretold.
    chosen : str
        The simplest model within one standard error of the smallest log loss on the origins
        before the test.
    forecasts : tuple of Forecast
        Of the origins that had others to learn and to choose on; the last is the test.
    learned : mapping of str to Learned
        The models as they stood on the test day.
    alert_choices : mapping of str to Choice
        What all origins choose, for the alerts.
    seed : int
        Of the study.
    """

    data: WarningData
    target: Target
    chosen: str
    forecasts: tuple[Forecast, ...]
    learned: Mapping[str, Learned]
    alert_choices: Mapping[str, Choice]
    seed: int

    @property
    def test(self) -> Forecast:
        """The forecast on the last origin whose window is over."""
        return self.forecasts[-1]

    @property
    def event(self) -> str:
        """What is foretold, in words."""
        share = f" by {100 * self.data.drop_share:g}% or more" * (self.target == "drop")
        return f"{EVENTS[self.target]}{share}"

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether training ended, and whether there is enough to learn from and to test."""
        plan, events = self.data.plan, self.test.events
        unfinished = [name for name, model in self.learned.items() if not model.converged]
        before = [self.data.rows(origin, self.target)[1] for origin in plan.observed[:-1]]
        trained = np.concatenate(before)
        rarer = min(trained.sum(), len(trained) - trained.sum())
        columns = max(len(model.owners) for model in self.learned.values())
        overlap = sum(a.until > b.day for a, b in pairwise(plan.observed))
        return (
            Check(
                "the training of every model came to its end",
                not unfinished,
                len(unfinished),
                "no model stopped early",
                "convergence of the optimiser",
                f"forecasts of {', '.join(unfinished) or 'such models'} may be improved on",
            ),
            Check(
                "windows learnt from are over before the day of the forecast",
                overlap == 0,
                overlap,
                "no window overlaps a later origin",
                "Tashman (2000)",
                "forecasts know what came later",
            ),
            Check(
                "the test holds enough events",
                min(events.sum(), len(events) - events.sum()) >= 100,
                float(min(events.sum(), len(events) - events.sum())),
                ">= 100 with and 100 without",
                "Collins, Ogundimu & Altman (2016)",
                "read the intervals, not the numbers",
            ),
            Check(
                "training holds enough events for the columns of the models",
                rarer >= 10 * columns,
                float(rarer) / columns,
                ">= 10 a column",
                "Peduzzi et al. (1996)",
                "penalties decide more than the data",
            ),
        )

    def to_metrics(self) -> dict[str, float]:
        """Sizes, and the log loss of the chosen model on the origins before the test."""
        return {
            "at_risk": len(self.test.events),
            "events": int(self.test.events.sum()),
            "base_rate": float(self.test.events.mean()),
            "inner_log_loss": self.test.choices[self.chosen].log_loss,
        }

    def table(self) -> pd.DataFrame:
        """One row a model: its setting, and how it did on the origins before the test."""
        rows = [
            {
                "model": recipe.name,
                "setting": recipe.setting or "none",
                "chosen value": self.test.choices[recipe.name].size if recipe.setting else None,
                "log loss before the test": self.test.choices[recipe.name].log_loss,
                "chosen": "yes" if recipe.name == self.chosen else "no",
            }
            for recipe in RECIPES
        ]
        return pd.DataFrame(rows)


@passes_absence
def fit_warnings(data: WarningData, *, target: Target = "lapse", seed: int) -> WarningModels:
    """Fit every model in the order of time, and choose among them before the test.

    On every origin each model, with each value of its setting, has learnt from the origins
    before, and from nothing else. What such forecasts were worth on the origins before a
    day chooses the setting for that day, turns scores into probabilities (Platt, 1999) and,
    before the test, chooses the model: the simplest within one standard error of the best.
    The validation is nested because time is.

    Parameters
    ----------
    data : WarningData
        From :func:`crmstudy.value.warning.data.build_warning_data`.
    target : {"lapse", "drop"}
        No purchase in the window, or a drop in spend.
    seed : int
        Of the study.

    Raises
    ------
    ModelError
        If there are too few events, or too few customers without one.

    References
    ----------
    Platt, J. C. (1999). Probabilistic outputs for support vector machines and comparisons to
    regularized likelihood methods. In Advances in Large Margin Classifiers (pp. 61-74). MIT
    Press. Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: An analysis and
    review. International Journal of Forecasting, 16(4), 437-450.
    """
    rows = [data.rows(origin, target) for origin in data.plan.observed]
    first = _require_events(rows, target)
    seeds = dict(
        zip((r.name for r in RECIPES), draw_seeds(seed, stage=STAGE, n=len(RECIPES)), strict=True)
    )
    with hold_one_thread():
        rolled = {r.name: Rolling(r, rows, first, seeds[r.name]) for r in RECIPES}
    last = len(rows) - 1
    forecasts = tuple(_forecast(data, rows, rolled, place) for place in range(first + 1, last + 1))
    choices = forecasts[-1].choices
    losses = {name: roll.lose(last, choices[name]) for name, roll in rolled.items()}
    return WarningModels(
        data=data,
        target=target,
        chosen=choose_simplest(losses),
        forecasts=forecasts,
        learned={name: roll.learned[choices[name].size] for name, roll in rolled.items()},
        alert_choices={name: roll.choose(last + 1) for name, roll in rolled.items()},
        seed=seed,
    )


def learn_from_all(models: WarningModels) -> Learned:
    """Train the chosen model again on every origin, for the alerts."""
    recipe = next(recipe for recipe in RECIPES if recipe.name == models.chosen)
    seeds = draw_seeds(models.seed, stage=STAGE, n=len(RECIPES))
    rows = [models.data.rows(origin, models.target) for origin in models.data.plan.observed]
    size = models.alert_choices[models.chosen].size
    with hold_one_thread():
        return learn_rows(recipe, rows, size, seeds[RECIPES.index(recipe)])


def _forecast(data: WarningData, rows: Rows, rolled: Mapping[str, Rolling], place: int) -> Forecast:
    choices = {name: roll.choose(place) for name, roll in rolled.items()}
    chances = {
        name: to_chance(choices[name].to_odds(roll.scores[choices[name].size][place]))
        for name, roll in rolled.items()
    }
    features, events = rows[place]
    return Forecast(data.plan.observed[place], features, events, chances, choices)


def _require_events(rows: Rows, target: Target) -> int:
    """Find the first origin that others before it can be learnt for; refuse too few events."""
    counts = np.array([[events.sum(), len(events) - events.sum()] for _, events in rows])
    learnt, tested = counts[:-1].sum(axis=0), counts[-1]
    for name, number, fewest in (
        ("to learn from", learnt, FEWEST_IN_TRAINING),
        ("to test on", tested, FEWEST_IN_TEST),
    ):
        if number.min() < fewest:
            raise ModelError(
                f"early warning needs {fewest} customers with and {fewest} without the event "
                f"({EVENTS[target]}) {name}; there are {number[0]:,.0f} and {number[1]:,.0f}"
            )
    enough = np.flatnonzero((counts.cumsum(axis=0) >= FEWEST_AT_FIRST).all(axis=1))
    first = int(enough[0]) + 1
    if first > len(rows) - 2:
        raise ModelError(
            "early warning needs two origins before the test with events to learn from; "
            f"the events ({EVENTS[target]}) come too late in the data"
        )
    return first
