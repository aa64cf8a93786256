"""How well events were foretold on the test origin, with intervals over its customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.warning.measures import (
    LIMITS,
    MEASURES,
    Measure,
    draw_samples,
    trace_gains,
    trace_recall,
)
from crmstudy.value.warning.rolling import WarningModels
from crmstudy.value.warning.scores import decompose_brier, measure_precision, rank_scores

Floats = npt.NDArray[np.float64]

STAGE = 121
#: Rows drawn in all samples together, and samples drawn however many rows there are.
MOST_DRAWS, FEWEST_SAMPLES = 5_000_000, 50
N_BINS = 10


@dataclass(frozen=True, eq=False)
class Assessment:
    """Every model on the test origin.

    Parameters
    ----------
    chosen : str
        The model chosen before the test.
    models : tuple of str
        In the order of the tables.
    values : array of shape (n_models, n_measures)
        On the customers themselves; missing where a measure is not defined, as the
        calibration slope of equal forecasts.
    drawn : array of shape (n_replicates, n_models, n_measures)
        On bootstrap samples of the customers.
    calibration : DataFrame
        Of the chosen model, a row for each tenth of the customers: ``customers``,
        ``foretold``, ``happened``, ``lower``, ``upper`` (Wilson).
    decomposition : DataFrame
        ``model``, ``reliability``, ``resolution``, ``uncertainty``, ``within bins``.
    recall : DataFrame
        ``model``, ``recall``, ``precision``, ``lower``, ``upper`` (limits of the chosen
        model only); models that warn of all alike are not in it.
    gains : DataFrame
        ``method``, ``targeted``, ``gained``, ``lower``, ``upper``, likewise.
    origins : DataFrame
        A row for each origin forecast: ``forecast on``, ``at risk``, ``base rate``, and
        the average precision of every model.
    event : str
        What is foretold.
    n, n_events, n_replicates : int
        Customers, those with the event, and samples that held both kinds.
    """

    chosen: str
    models: tuple[str, ...]
    values: Floats
    drawn: Floats
    calibration: pd.DataFrame
    decomposition: pd.DataFrame
    recall: pd.DataFrame
    gains: pd.DataFrame
    origins: pd.DataFrame
    event: str
    n: int
    n_events: int
    n_replicates: int

    @property
    def base_rate(self) -> float:
        """Share of the customers with the event: average precision of no model at all."""
        return self.n_events / self.n

    def value(self, measure: str, model: str = "") -> tuple[float, float, float]:
        """Return a measure of a model, the chosen one if none is named, with its limits."""
        place = self.models.index(model or self.chosen), list(MEASURES).index(measure)
        lower, upper = np.quantile(self.drawn[:, place[0], place[1]], LIMITS)
        return float(self.values[place]), float(lower), float(upper)

    def table(self) -> pd.DataFrame:
        """One row a model: every measure, with the limits of its 95% interval."""
        lower, upper = np.quantile(self.drawn, LIMITS, axis=0)
        columns: dict[str, object] = {
            "model": [f"{m} (chosen)" if m == self.chosen else m for m in self.models]
        }
        for place, name in enumerate(MEASURES):
            columns[name] = self.values[:, place]
            columns[f"{name} from"] = lower[:, place]
            columns[f"{name} to"] = upper[:, place]
        parts = self.decomposition.drop(columns="model")
        return pd.concat([pd.DataFrame(columns), parts], axis=1)

    def compare(self, reference: str = "") -> pd.DataFrame:
        """Compare every other model with one, the chosen if none is named, on the same samples.

        Returns
        -------
        DataFrame
            ``model``, then for average precision and log loss the difference from the
            reference with its limits, and ``verdict``: better or worse where the interval
            of the log loss leaves 0 out, else not told apart.
        """
        base = self.models.index(reference or self.chosen)
        named = ("average precision", "log loss")
        columns = [f"{name}{part}" for name in named for part in (", difference", " from", " to")]
        rows: list[dict[str, object]] = []
        for place, model in enumerate(self.models):
            if place == base:
                continue
            row: dict[str, object] = {"model": model}
            for name in named:
                at = list(MEASURES).index(name)
                apart = self.drawn[:, place, at] - self.drawn[:, base, at]
                row[f"{name}, difference"] = self.values[place, at] - self.values[base, at]
                lower, upper = (float(limit) for limit in np.quantile(apart, LIMITS))
                row[f"{name} from"], row[f"{name} to"] = lower, upper
            row["verdict"] = _judge(lower, upper)  # by the log loss, the last of the two
            rows.append(row)
        return pd.DataFrame(rows, columns=["model", *columns, "verdict"])

    def to_metrics(self) -> dict[str, float]:
        """What the chosen model achieved, and the base rate."""
        numbers: dict[str, float] = {"base_rate": self.base_rate}
        for name in MEASURES:
            value, lower, upper = self.value(name)
            key = name.lower().replace(" ", "_").replace("-", "_")
            if np.isfinite([value, lower, upper]).all():
                numbers |= {key: value, f"{key}_lower": lower, f"{key}_upper": upper}
        return numbers


def _judge(lower: float, upper: float) -> str:
    # Of a loss less is better.
    return "better" if upper < 0 else "worse" if lower > 0 else "not told apart"


@passes_absence
def assess_warnings(models: WarningModels, *, n_replicates: int = 200) -> Assessment:
    """Judge every model by the test origin.

    Intervals are percentiles over bootstrap samples of the test's customers, the same
    samples for every model, so that differences are paired; what was learnt stays fixed.
    Of very many customers fewer samples are drawn than asked for, 50 at least.

    Parameters
    ----------
    models : WarningModels
        From :func:`crmstudy.value.warning.rolling.fit_warnings`.
    n_replicates : int
        Samples.

    References
    ----------
    Saito, T., & Rehmsmeier, M. (2015). The precision-recall plot is more informative than
    the ROC plot when evaluating binary classifiers on imbalanced datasets. PLoS ONE, 10(3),
    e0118432.
    """
    test = models.test
    events, n = test.events, len(test.events)
    measure = Measure(events, test.chances)
    seed = draw_seeds(models.seed, stage=STAGE, n=1)[0]
    wanted = min(n_replicates, max(FEWEST_SAMPLES, MOST_DRAWS // n))
    samples = list(draw_samples(events, seed=seed, n_replicates=wanted))
    drawn = np.array([measure(weights) for weights in samples])
    chosen = test.chances[models.chosen]
    return Assessment(
        chosen=models.chosen,
        models=tuple(test.chances),
        values=measure(np.ones(n)),
        drawn=drawn,
        calibration=tabulate_calibration(events, chosen),
        decomposition=_decompose(models),
        recall=trace_recall(measure, models.chosen, samples),
        gains=trace_gains(measure, models.chosen, samples),
        origins=_tabulate_origins(models),
        event=models.event,
        n=n,
        n_events=int(events.sum()),
        n_replicates=len(samples),
    )


def bin_chances(chances: Floats, *, n_bins: int = N_BINS) -> npt.NDArray[np.intp]:
    """Number bins of about equally many rows, equal chances in one bin, from 0 on."""
    edges = np.unique(np.quantile(chances, np.arange(1, n_bins) / n_bins))
    return np.unique(np.searchsorted(edges, chances, side="left"), return_inverse=True)[1]


def tabulate_calibration(events: Floats, chances: Floats) -> pd.DataFrame:
    """Compare what was foretold with what happened, by tenths of the customers."""
    bins = bin_chances(chances)
    sizes = np.bincount(bins)
    happened = np.bincount(bins, events)
    lower, upper = wilson_limits(happened, sizes)
    return pd.DataFrame(
        {
            "customers": sizes,
            "foretold": np.bincount(bins, chances) / sizes,
            "happened": happened / sizes,
            "lower": lower,
            "upper": upper,
        }
    )


def _decompose(models: WarningModels) -> pd.DataFrame:
    rows = []
    for name, chances in models.test.chances.items():
        parts = decompose_brier(models.test.events, chances, bin_chances(chances))
        rows.append(
            {
                "model": name,
                "reliability": parts.reliability,
                "resolution": parts.resolution,
                "uncertainty": parts.uncertainty,
                "within bins": parts.within,
            }
        )
    return pd.DataFrame(rows)


def _tabulate_origins(models: WarningModels) -> pd.DataFrame:
    rows = []
    for forecast in models.forecasts:
        ones = np.ones(len(forecast.events))
        row: dict[str, object] = {
            "forecast on": forecast.origin.day,
            "at risk": len(ones),
            "base rate": float(forecast.events.mean()),
        }
        for name, chances in forecast.chances.items():
            if 0 < forecast.events.sum() < len(ones):
                counts = rank_scores(chances).count(forecast.events, ones)
                row[name] = measure_precision(*counts)
        rows.append(row)
    return pd.DataFrame(rows)
