"""One choice of the main segmentation changed at a time, each as something still to be tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd

from crmstudy.errors import CrmStudyError, ModelError, NotAvailable
from crmstudy.segmentation.clusters.choice import fit_kmeans
from crmstudy.segmentation.criteria.outliers import OUTLYING, measure_distances
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.transform import (
    RFM_FEATURES,
    Log,
    Standardise,
    TransformedFeatures,
    transform_features,
)
from crmstudy.statistics.draws import draw_seeds, sort_points

#: ``fit(space, n_segments=, seed=, target=None)`` returns a function that assigns a space.
Method = Callable[..., Callable[[Space], np.ndarray]]

SILHOUETTE_SAMPLE = 5_000  # customers; all of them where the main choice took all
LOGS: dict[Log, str] = {
    "none": "no logarithm",
    "all": "logarithm of all features",
    "skewed": "logarithm of skewed features only",
    "yeo-johnson": "Yeo-Johnson instead of the logarithm",
}
SCALES: dict[Standardise, str] = {
    "zscore": "scaled by mean and standard deviation",
    "robust": "scaled by median and interquartile range",
}
WINSORISED = (0.01, 0.05)  # of the customers on each side


@dataclass(frozen=True)
class Setting:
    """How a solution is made.

    Parameters
    ----------
    columns, log, winsorise, standardise
        As of :func:`~crmstudy.segmentation.criteria.transform.transform_features`.
    n_segments, seed, n_starts : int
        Of k-means; other methods take the first two.
    method : callable, optional
        Another method than k-means.
    """

    columns: tuple[str, ...] = RFM_FEATURES
    log: bool | Log = True
    standardise: Standardise = "zscore"
    n_segments: int = 2
    seed: int = 0
    n_starts: int = 5
    winsorise: float = 0.0
    method: Method | None = None


@dataclass(frozen=True)
class Solution:
    """Segments of customers, and how far apart they are in the space that made them."""

    labels: pd.Series
    silhouette: float

    @property
    def n_segments(self) -> int:
        """Segments that have members."""
        return int(self.labels.nunique())


Trial = Callable[[], Solution]
Trials = dict[tuple[str, str], Trial]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let one thread compute: sums of several differ in the last digit."""
    # Loaded first: a limit holds only for libraries that are there when it is set.
    import sklearn.cluster
    import sklearn.metrics  # noqa: F401

    from crmstudy.statistics.threads import hold_one_thread

    with hold_one_thread():
        yield


def solve(frame: pd.DataFrame, setting: Setting, *, fitted: pd.Index | None = None) -> Solution:
    """Form segments of the customers of a frame.

    Parameters
    ----------
    frame : DataFrame indexed by customer
        Complete features in their own units.
    setting : Setting
        How.
    fitted : Index, optional
        The customers from whom transformation and segments are learnt; all are assigned.

    Raises
    ------
    ModelError
        If the customers are too few or too much alike.
    """
    columns = list(setting.columns)
    absent = [name for name in columns if name not in frame]
    if absent:
        raise ModelError(f"the features lack {absent[0].replace('_', ' ')}")
    learnt = frame[columns] if fitted is None else frame.loc[fitted, columns]
    transformed = transform_features(
        learnt, log=setting.log, winsorise=setting.winsorise, standardise=setting.standardise
    )
    near = transformed.values.sort_values(columns, kind="stable")
    if len(near.drop_duplicates()) < setting.n_segments:
        raise ModelError(f"fewer than {setting.n_segments} customers differ")
    points = transformed.apply(frame[columns])
    found = _fit(near, points, transformed, setting)
    labels = pd.Series(np.asarray(found).astype("int64"), index=points.index)
    return Solution(labels, _measure_silhouette(points.to_numpy(), labels.to_numpy()))


def take(frame: pd.DataFrame, setting: Setting, labels: pd.Series) -> Solution:
    """Take segments that are there already, and measure them in the space of a setting."""
    columns = list(setting.columns)
    points = transform_features(
        frame[columns],
        log=setting.log,
        winsorise=setting.winsorise,
        standardise=setting.standardise,
    ).values.to_numpy()
    known = labels.reindex(frame.index)
    return Solution(known, _measure_silhouette(points, pd.factorize(known, sort=True)[0]))


def _fit(
    near: pd.DataFrame, points: pd.DataFrame, transformed: TransformedFeatures, setting: Setting
) -> np.ndarray:
    if setting.method is None:
        assign = fit_kmeans(
            near.to_numpy(), setting.seed, n_segments=setting.n_segments, n_starts=setting.n_starts
        )
        return assign(points.to_numpy())
    fit = setting.method(
        _as_space(near, transformed),
        n_segments=setting.n_segments,
        seed=setting.seed,
        target=None,
    )
    if isinstance(fit, NotAvailable):
        raise ModelError(fit.reason)
    return fit(_as_space(points, transformed))


def _as_space(points: pd.DataFrame, transformed: TransformedFeatures) -> Space:
    none = pd.DataFrame(index=points.index)
    return Space("RFM", points.to_numpy(), points, none, transformed.steps.reset_index(), 0)


def _measure_silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Average over customers evenly spread through the sorted points."""
    from sklearn.metrics import silhouette_score

    order = sort_points(points)
    places = np.linspace(0, len(order) - 1, min(len(order), SILHOUETTE_SAMPLE)).astype(int)
    sample = order[places]
    n_met = len(np.unique(labels[sample]))
    if not 1 < n_met < len(sample):
        return 0.0
    return float(silhouette_score(points[sample], labels[sample]))


def vary_setting(frame: pd.DataFrame, setting: Setting) -> Trials:
    """Change the logarithm, the ends, the scale, the number of segments and the seed."""
    rule = {True: "all", False: "none"}.get(cast(Any, setting.log), setting.log)
    changes: dict[tuple[str, str], dict[str, Any]] = {
        ("logarithm", name): {"log": log} for log, name in LOGS.items() if log != rule
    }
    for share in WINSORISED:
        changes["outliers", f"{share:.0%} winsorised on each side"] = {"winsorise": share}
    for scale, name in SCALES.items():
        if scale != setting.standardise:
            changes["scale", name] = {"standardise": scale}
    for k in (setting.n_segments - 1, setting.n_segments + 1):
        if k >= 2:
            changes["number", f"{k} segments"] = {"n_segments": k}
    changes["seed", "another seed"] = {"seed": draw_seeds(setting.seed, stage=31, n=1)[0]}
    return {
        key: partial(solve, frame, replace(setting, **change)) for key, change in changes.items()
    }


def vary_features(
    frame: pd.DataFrame, setting: Setting, alternatives: Mapping[str, Sequence[str]]
) -> Trials:
    """Cluster by other features."""
    return {
        ("features", name): partial(solve, frame, replace(setting, columns=tuple(columns)))
        for name, columns in alternatives.items()
    }


def vary_methods(frame: pd.DataFrame, setting: Setting, methods: Mapping[str, Method]) -> Trials:
    """Cluster by other methods."""
    return {
        ("method", name): partial(solve, frame, replace(setting, method=method))
        for name, method in methods.items()
    }


def vary_customers(
    frame: pd.DataFrame, setting: Setting, shorter: pd.DataFrame | NotAvailable | None
) -> Trials:
    """Learn the segments without the outliers, from half the customers, from half the period."""
    trials: Trials = {
        ("outliers", "outliers left out"): partial(_leave_out, frame, setting),
        ("customers", "learnt from a random half"): partial(_halve, frame, setting),
    }
    if shorter is not None:
        trials["period", "half the period only"] = partial(_shorten, shorter, setting)
    return trials


def _leave_out(frame: pd.DataFrame, setting: Setting) -> Solution:
    from scipy.stats import chi2

    columns = list(setting.columns)
    values = transform_features(
        frame[columns], log=setting.log, standardise=setting.standardise
    ).values
    distances = measure_distances(values.sort_values(columns, kind="stable"), seed=setting.seed)
    near = distances.index[distances <= chi2.ppf(OUTLYING, len(columns))]
    return solve(frame.loc[frame.index.isin(near)], setting)


def _halve(frame: pd.DataFrame, setting: Setting) -> Solution:
    drawn = np.random.default_rng(draw_seeds(setting.seed, stage=32, n=1)[0])
    half = np.sort(drawn.choice(len(frame), size=len(frame) // 2, replace=False))
    return solve(frame, setting, fitted=frame.index[half])


def _shorten(shorter: pd.DataFrame | NotAvailable, setting: Setting) -> Solution:
    if isinstance(shorter, NotAvailable):
        raise ModelError(shorter.reason)
    columns = list(setting.columns)
    return solve(shorter[columns].dropna().sort_values(columns, kind="stable"), setting)


def attempt_trial(trial: Trial) -> Solution | NotAvailable:
    """Try one choice; what the study refuses on purpose is said, anything else is an error."""
    try:
        return trial()
    except CrmStudyError as reason:
        return NotAvailable(str(reason))
