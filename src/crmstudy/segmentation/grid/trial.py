"""One method on one block of criteria: fitted, resampled, and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.grid.measures import (
    Estimate,
    average,
    average_replicates,
    choose_top,
    measure_lift,
    measure_r_squared,
    measure_widths,
    separate_variables,
)
from crmstudy.segmentation.grid.standing import Cell
from crmstudy.segmentation.methods.methods import Method
from crmstudy.segmentation.methods.partition import Assign, Floats, Integers

Rows = npt.NDArray[np.intp]
Measured = dict[str, Estimate | NotAvailable]

N_FOLDS = 5


@dataclass(frozen=True)
class Trial:
    """One block, ready for any method.

    Parameters
    ----------
    name : str
        The block of criteria.
    space : Space
        Its customers, in an order that does not depend on that of the data.
    places : array of int
        Their places among the ``n_stage`` customers of all blocks.
    held : list of DataFrame
        Variables of each other block, by customer.
    value : array or NotAvailable
        Value of each customer in the later period.
    sample, distances
        Customers of the silhouette, and the distances between them.
    folds : array of int
        Fold of each customer, 0 to 4.
    n_segments : int
        Segments that every method is asked for.
    seeds : tuple of int
        Of the fit, then of each bootstrap sample.
    """

    name: str
    space: Space
    places: Rows
    n_stage: int
    held: list[pd.DataFrame]
    value: Floats | NotAvailable
    sample: Rows
    distances: Floats
    folds: Rows
    n_segments: int
    seeds: tuple[int, ...]

    def run(self, method: Method) -> Cell:
        """Fit one method and measure it; a method that cannot says why."""
        n = len(self.space.customers)
        try:
            labels = self._fit(method, np.arange(n), self.seeds[0])(self.space)
        except ModelError as error:
            return Cell(self.name, method.name, method.family, 0, 0, {}, str(error))
        n_found = len(np.unique(labels))
        if n_found < 2:
            reason = f"{method.name} finds one segment only"
            return Cell(self.name, method.name, method.family, 0, 0, {}, reason)
        forecast = _attempt_estimates(lambda: self._forecast(method), ("r_squared", "lift"))
        stability = _attempt_estimates(
            lambda: {"stability": self._repeat(method, labels)}, ("stability",)
        )
        measures = {
            "silhouette": self._place(self._measure_silhouette(labels)),
            **stability,
            "separation": self._separate(labels),
            **forecast,
        }
        return Cell(self.name, method.name, method.family, n, n_found, measures)

    def _fit(self, method: Method, rows: Rows, seed: int) -> Assign:
        target = None if isinstance(self.value, NotAvailable) else _log(self.value)[rows]
        space = self.space.take(rows)
        return method.fit(space, n_segments=self.n_segments, seed=seed, target=target)

    def _place(self, estimate: Estimate) -> Estimate:
        """Put the parts of the block's customers at their places among all."""
        return estimate.spread(self.places, self.n_stage)

    def _measure_silhouette(self, labels: Integers) -> Estimate:
        widths = measure_widths(self.distances, labels[self.sample])
        return average(widths).spread(self.sample, len(labels))

    def _repeat(self, method: Method, labels: Integers) -> Estimate:
        from sklearn.metrics import adjusted_rand_score

        agreement = []
        for seed in self.seeds[1:]:
            drawn = np.random.default_rng(seed).integers(len(labels), size=len(labels))
            again = self._fit(method, np.sort(drawn), seed)(self.space)
            agreement.append(adjusted_rand_score(labels, again))
        return average_replicates(np.array(agreement))

    def _separate(self, labels: Integers) -> Estimate | NotAvailable:
        values, parts = [], []
        for frame in self.held:
            rows = np.flatnonzero(self.space.customers.isin(frame.index))
            if frame.shape[1] == 0 or len(rows) <= len(np.unique(labels)):
                continue
            known = frame.loc[self.space.customers[rows]]
            found, errors = separate_variables(known, labels[rows])
            if len(found):
                values.append(float(found.mean()))
                part = np.zeros(self.n_stage)
                part[self.places[rows]] = errors.mean(axis=1)
                parts.append(part)
        if not values:
            return NotAvailable("no other block has a variable that varies")
        return Estimate(float(np.mean(values)), np.mean(parts, axis=0))

    def _forecast(self, method: Method) -> Measured:
        """Learn segments and their means in four folds, forecast the fifth."""
        if isinstance(self.value, NotAvailable):
            return {"r_squared": self.value, "lift": self.value}
        logged, n = _log(self.value), len(self.value)
        predicted, baseline, weights = np.empty(n), np.empty(n), np.empty(n)
        for fold in range(N_FOLDS):
            train, test = np.flatnonzero(self.folds != fold), np.flatnonzero(self.folds == fold)
            assign = self._fit(method, train, self.seeds[0])
            learnt, met = assign(self.space.take(train)), assign(self.space.take(test))
            predicted[test] = _average_by(learnt, logged[train], met)
            baseline[test] = logged[train].mean()
            weights[test] = choose_top(_average_by(learnt, self.value[train], met))
        lift = measure_lift(self.value, weights)
        return {
            "r_squared": self._place(measure_r_squared(logged, predicted, baseline)),
            "lift": lift if isinstance(lift, NotAvailable) else self._place(lift),
        }


def _attempt_estimates(estimate: Callable[[], Measured], names: tuple[str, ...]) -> Measured:
    try:
        return estimate()
    except ModelError as error:
        return dict.fromkeys(names, NotAvailable(str(error)))


def _log(value: Floats) -> Floats:
    """John and Draper's modulus logarithm: 0 stays 0, losses stay below it."""
    return np.asarray(np.sign(value) * np.log1p(np.abs(value)))


def _average_by(learnt: Integers, value: Floats, met: Integers) -> Floats:
    """Give each customer met the mean value of the segment among those learnt from."""
    size = int(max(learnt.max(), met.max())) + 1
    counts = np.bincount(learnt, minlength=size)
    sums = np.bincount(learnt, weights=value, minlength=size)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), value.mean())
    return np.asarray(means[met])
