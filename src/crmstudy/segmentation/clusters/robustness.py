"""What each choice does to the segments: every one is changed alone, all else kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.clusters.matching import measure_agreement
from crmstudy.segmentation.clusters.variations import (
    Method,
    Setting,
    Solution,
    attempt_trial,
    one_thread,
    solve,
    take,
    vary_customers,
    vary_features,
    vary_methods,
    vary_setting,
)
from crmstudy.segmentation.criteria.transform import RFM_FEATURES, Log, Standardise, keep_complete
from crmstudy.statistics.draws import draw_rows, draw_seeds

MOST_CUSTOMERS = 20_000  # clustered for the table; the shares of such a sample are within 1%
#: Adjusted Rand index from which two partitions are much alike, and its grades: Steinley (2004).
ALIKE = 0.80
GRADES = ((0.90, "excellent"), (ALIKE, "good"), (0.65, "moderate"))
#: What is changed, in the order in which a study chooses it.
KINDS = (
    *("main", "features", "logarithm", "outliers", "scale"),
    *("number", "method", "seed", "customers", "period"),
)
#: Other features tried where the data hold them.
ALTERNATIVES = {
    "mean basket instead of revenue": ("days_since_last_purchase", "n_purchases", "mean_basket")
}


@dataclass(frozen=True)
class Robustness:
    """The main segments beside those that other choices give.

    Parameters
    ----------
    comparison : DataFrame
        One row a choice, the main one first: ``kind`` (what was changed), ``choice``,
        ``n_customers`` (in both solutions), ``n_segments``, ``adjusted_rand`` with the
        main segments, ``silhouette`` (in the choice's own space), ``largest_change`` (of a
        segment's share of customers), ``order_holds`` (1 if the segments keep their
        order by value, else 0), ``note`` (why a choice could not be tried; its numbers
        are missing then).
    n_segments, n_customers : int
        Of the main solution; at most 20,000 customers are compared.
    value : str
        The feature that orders the segments.
    """

    comparison: pd.DataFrame
    n_segments: int
    n_customers: int
    value: str

    @property
    def tried(self) -> pd.DataFrame:
        """The choices that could be tried, without the main one."""
        others = self.comparison.iloc[1:]
        return others[others["adjusted_rand"].notna()]

    @property
    def matters(self) -> pd.DataFrame:
        """The choices under which the segments are no longer much the same."""
        return self.tried[self.tried["adjusted_rand"] < ALIKE]

    def table(self) -> pd.DataFrame:
        """Arrange the comparison with the grade of each agreement."""
        held = {1.0: "yes", 0.0: "no"}
        table = self.comparison.assign(
            grade=[grade_agreement(value) for value in self.comparison["adjusted_rand"]],
            order_holds=[held.get(value, "–") for value in self.comparison["order_holds"]],
        )
        names = {
            "kind": "changed",
            "n_customers": "customers",
            "n_segments": "segments",
            "adjusted_rand": "adjusted Rand index",
            "largest_change": "largest change of a share",
            "order_holds": f"order by {self.value.replace('_', ' ')} holds",
        }
        columns = ["kind", "choice", "n_customers", "n_segments", "adjusted_rand", "grade"]
        columns += ["silhouette", "largest_change", "order_holds"]
        columns += ["note"] if table["note"].any() else []
        return table[columns].rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give the least and the median agreement, and how many choices matter."""
        tried = self.tried
        counts: dict[str, float] = {"n_choices": len(tried), "n_matter": len(self.matters)}
        if tried.empty:
            return counts
        return counts | {
            "n_order_kept": int(tried["order_holds"].sum()),
            "adjusted_rand_minimum": float(tried["adjusted_rand"].min()),
            "adjusted_rand_median": float(tried["adjusted_rand"].median()),
        }


def grade_agreement(adjusted_rand: float) -> str:
    """Put an adjusted Rand index into Steinley's words; a dash for none."""
    if np.isnan(adjusted_rand):
        return "–"
    return next((word for least, word in GRADES if adjusted_rand >= least), "poor")


def compare_choices(
    features: pd.DataFrame | NotAvailable,
    labels: pd.Series | NotAvailable | None = None,
    *,
    seed: int,
    n_segments: int = 0,
    columns: Sequence[str] = RFM_FEATURES,
    value: str = "revenue",
    log: bool | Log = True,
    standardise: Standardise = "zscore",
    alternatives: Mapping[str, Sequence[str]] = ALTERNATIVES,
    methods: Mapping[str, Method] | None = None,
    shorter: pd.DataFrame | NotAvailable | None = None,
    n_starts: int = 10,
) -> Robustness | NotAvailable:
    """Change one choice at a time and compare the segments with the main ones.

    Parameters
    ----------
    features : DataFrame indexed by customer
        The features clustered, the value, and those of ``alternatives``.
    labels : Series indexed by customer, optional
        The main segments. Without them k-means at ``n_segments`` makes them here.
    seed : int
        Seed of starts, samples and halves.
    n_segments : int
        Segments of the main solution; 0 counts them in ``labels``.
    columns, log, standardise
        The main choices; each is changed in turn.
    value : str
        The feature that orders the segments.
    alternatives : mapping of str to sequences of str
        Other features to cluster by, named in words.
    methods : mapping of str to callables
        Other methods by name: ``fit(space, n_segments=, seed=, target=None)`` returns the
        function that assigns a space.
    shorter : DataFrame indexed by customer, optional
        The same features over half the period.
    n_starts : int
        Starts of each k-means.

    Returns
    -------
    Robustness
        A choice that cannot be tried says why and has no numbers. Not available where
        the features or the main segments are not.

    Raises
    ------
    SettingsError
        If neither labels nor a number of segments is given.
    ModelError
        If the main choices themselves cannot be clustered.

    References
    ----------
    Steinley, D. (2004). Properties of the Hubert-Arabie adjusted Rand index.
    Psychological Methods, 9, 386-396.
    """
    if isinstance(features, NotAvailable):
        return features
    if isinstance(labels, NotAvailable):
        return labels
    k = n_segments or (0 if labels is None else int(labels.nunique()))
    if k < 2:
        raise SettingsError(f"n_segments = {n_segments}: two segments, or labels, are needed")
    frame = _draw_customers(features, list(dict.fromkeys([*columns, value])), labels, seed)
    first = draw_seeds(seed, stage=30, n=1)[0]
    setting = Setting(tuple(columns), log, standardise, k, first, n_starts)
    with one_thread():
        main = solve(frame, setting) if labels is None else take(frame, setting, labels)
        trials = {("main", "as chosen"): lambda: main}
        trials |= vary_setting(frame, setting) | vary_customers(frame, setting, shorter)
        trials |= vary_features(frame, setting, alternatives)
        trials |= vary_methods(frame, setting, methods or {})
        rows = [
            {
                "kind": kind,
                "choice": choice,
                **_compare(attempt_trial(trial), main.labels, frame[value]),
            }
            for (kind, choice), trial in trials.items()
        ]
    return Robustness(_sort(pd.DataFrame(rows)), k, len(frame), value)


def _draw_customers(
    features: pd.DataFrame, columns: Sequence[str], labels: pd.Series | None, seed: int
) -> pd.DataFrame:
    """Take complete customers with a segment, sorted by their features; a sample of very many."""
    complete, _ = keep_complete(features, columns)
    known = complete if labels is None else complete[complete.index.isin(labels.dropna().index)]
    if known.empty:
        raise ModelError("no customer has both the features and a segment")
    ordered = known.sort_values(list(columns), kind="stable").index
    drawn = draw_rows(len(ordered), draw_seeds(seed, stage=33, n=1)[0], most=MOST_CUSTOMERS)
    return features.loc[ordered[drawn]]


def _compare(
    solution: Solution | NotAvailable, main: pd.Series, value: pd.Series
) -> dict[str, object]:
    if not isinstance(solution, NotAvailable):
        try:
            agreement = measure_agreement(main, solution.labels, value)
        except ModelError as reason:
            solution = NotAvailable(str(reason))
    if isinstance(solution, NotAvailable):
        return {"note": solution.reason}
    return {
        "n_customers": agreement.n_customers,
        "n_segments": solution.n_segments,
        "adjusted_rand": agreement.adjusted_rand,
        "silhouette": solution.silhouette,
        "largest_change": agreement.largest_change,
        "order_holds": float(agreement.order_holds),
        "note": "",
    }


def _sort(rows: pd.DataFrame) -> pd.DataFrame:
    """Put choices of one kind together, the kinds in the order in which a study makes them."""
    order = rows["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    columns = ["kind", "choice", "n_customers", "n_segments", "adjusted_rand", "silhouette"]
    arranged = rows.reindex(columns=[*columns, "largest_change", "order_holds", "note"])
    return arranged.loc[order.sort_values(kind="stable").index].reset_index(drop=True)
