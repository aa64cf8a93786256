"""Rankings judged by an outcome that came later: segments beside customers ranked alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.segmentation.use.gains import (
    draw_counts,
    measure_gini,
    normalise_gini,
    order_rows,
    rank_rows,
    read_lift,
    require_spread,
)
from crmstudy.shares import wilson_limits

Floats = npt.NDArray[np.float64]

DEPTHS = (0.1, 0.2, 0.3)
GRID = np.linspace(0.0, 1.0, 101)
LIMITS = (0.025, 0.975)
MOST_DRAWS, FEWEST_SAMPLES = 20_000_000, 50  # rows drawn in all samples together
NOT_SCORES = ("customer_id", "campaign_id", "segment", "outcome")


@dataclass(frozen=True)
class Verdict:
    """What the rows say of every ranking; fields as in ``TargetingResult``."""

    segments: pd.DataFrame
    methods: pd.DataFrame
    curves: pd.DataFrame
    is_share: bool
    n_rows: int
    n_customers: int
    n_positive: int
    n_replicates: int


@dataclass(frozen=True)
class _Draw:
    """One sample's numbers: of each ranking and of each segment."""

    gini: Floats  # (n_rankings,)
    lift: Floats  # (n_rankings, n_depths)
    curve: Floats  # (n_rankings, n_grid)
    segment_lift: Floats  # (n_segments,)


def judge_rankings(
    rows: pd.DataFrame, score: pd.Series, *, what: str, seed: int, n_replicates: int
) -> Verdict:
    """Measure gains, Gini and lift of the segments and of their rivals, with intervals.

    Intervals are the 2.5 and 97.5 % points over bootstrap samples of customers, each
    with all its rows; what was learnt beforehand stays fixed. A sample in which nothing
    was gained is left out.

    Parameters
    ----------
    rows : DataFrame
        ``customer_id``, ``segment``, ``outcome``; ``campaign_id`` where a customer has
        several rows; every further column is a rival's score, larger is better.
    score : Series
        What was learnt of each segment, indexed by label.
    what : str
        The outcome in words, for messages.
    seed, n_replicates : int
        Of the bootstrap.

    Raises
    ------
    ModelError
        If nothing was gained, or the same from every row.
    """
    require_spread(rows["outcome"].to_numpy(), name=what)
    rows = _order(rows.assign(segments=rows["segment"].map(score).astype(float)))
    rivals = [name for name in rows.columns if name not in (*NOT_SCORES, "segments")]
    names = ["segments", *rivals]
    ranking = score[score.index.isin(rows["segment"].unique())]
    order = ranking.sort_index().sort_values(ascending=False, kind="stable").index
    measure = _Measure(rows, names, order)
    customer = pd.factorize(rows["customer_id"])[0]
    point = measure(np.ones(len(rows)))
    n_customers = int(customer.max()) + 1
    n_replicates = min(n_replicates, max(FEWEST_SAMPLES, MOST_DRAWS // len(rows)))
    draws = [
        measure(counts[customer])
        for counts in draw_counts(n_customers, seed=seed, n_replicates=n_replicates)
        if counts[customer] @ measure.outcome > 0
    ]
    is_share = bool(rows["outcome"].isin([0.0, 1.0]).all())
    return Verdict(
        segments=_describe_segments(rows, ranking.loc[order], point, draws, is_share=is_share),
        methods=_describe_methods(names, point, draws),
        curves=_describe_curves(names, point, draws),
        is_share=is_share,
        n_rows=len(rows),
        n_customers=n_customers,
        n_positive=int((rows["outcome"] > 0).sum()),
        n_replicates=len(draws),
    )


class _Measure:
    """The rows ranked once; called with the weight of each row."""

    def __init__(self, rows: pd.DataFrame, names: list[str], order: pd.Index) -> None:
        self.outcome = rows["outcome"].to_numpy()
        self.rankings = [rank_rows(rows[name].to_numpy()) for name in names]
        self.perfect = rank_rows(self.outcome)
        self.segment = order.get_indexer(pd.Index(rows["segment"]))
        self.n_segments = len(order)

    def __call__(self, weights: Floats) -> _Draw:
        traced = [ranking.trace(weights, self.outcome) for ranking in self.rankings]
        best = measure_gini(*self.perfect.trace(weights, self.outcome))
        sizes = np.bincount(self.segment, weights, self.n_segments)
        gained = np.bincount(self.segment, weights * self.outcome, self.n_segments)
        mean = gained.sum() / sizes.sum()
        with np.errstate(invalid="ignore"):  # a sample can miss a small segment
            lift = gained / sizes / mean
        return _Draw(
            gini=np.array([normalise_gini(measure_gini(*t), best) if best else 0 for t in traced]),
            lift=np.array([[read_lift(*t, depth=depth) for depth in DEPTHS] for t in traced]),
            curve=np.array([np.interp(GRID, *t) for t in traced]),
            segment_lift=lift,
        )


def _order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort customers by scores and outcomes, and the rows of each by campaign."""
    scores = [name for name in rows.columns if name not in ("customer_id", "campaign_id")]
    if "campaign_id" not in rows:
        return rows.iloc[order_rows(rows[scores])]
    fixed = rows.groupby("customer_id")[[name for name in scores if name != "outcome"]].first()
    answers = rows.pivot_table("outcome", "customer_id", "campaign_id", "first").fillna(-1.0)
    keys = fixed.join(answers.set_axis([f"answer {c}" for c in answers.columns], axis=1))
    place = pd.Series(np.arange(len(keys)), index=keys.index[order_rows(keys)])
    key = pd.DataFrame(
        {
            "customer": rows["customer_id"].map(place).to_numpy(),
            "campaign": rows["campaign_id"].to_numpy(),
        }
    )
    return rows.iloc[order_rows(key)]


def _limits(values: Floats) -> Floats:
    """Percentile limits down the first axis, over the samples that have a value."""
    return np.asarray(np.nanquantile(values, LIMITS, axis=0))


def _describe_segments(
    rows: pd.DataFrame, score: pd.Series, point: _Draw, draws: list[_Draw], *, is_share: bool
) -> pd.DataFrame:
    groups = rows.groupby("segment")
    total = rows["outcome"].sum()
    frame = pd.DataFrame({"score": score})
    frame["n_customers"] = groups["customer_id"].nunique()
    frame["n_rows"] = groups.size()
    frame["share_rows"] = frame["n_rows"] / len(rows)
    frame["mean"] = groups["outcome"].mean()
    frame["share_outcome"] = groups["outcome"].sum() / total
    frame["lift"] = point.segment_lift
    lower, upper = _limits(np.array([draw.segment_lift for draw in draws]))
    if is_share:  # samples of a segment in which nobody (everybody) answered are all alike
        wilson = wilson_limits(groups["outcome"].sum()[frame.index], frame["n_rows"])
        alike = frame["mean"].isin([0.0, 1.0]).to_numpy()
        lower = np.where(alike, wilson[0] / rows["outcome"].mean(), lower)
        upper = np.where(alike, wilson[1] / rows["outcome"].mean(), upper)
    return frame.assign(lower=lower, upper=upper).rename_axis("segment")


def _describe_methods(names: list[str], point: _Draw, draws: list[_Draw]) -> pd.DataFrame:
    frame = pd.DataFrame({"gini": point.gini}, index=pd.Index(names, name="method"))
    drawn = np.array([draw.gini for draw in draws])
    frame["gini_lower"], frame["gini_upper"] = _limits(drawn)
    lifts = np.array([draw.lift for draw in draws])
    for position, depth in enumerate(DEPTHS):
        name = f"lift_{round(100 * depth)}"
        frame[name] = point.lift[:, position]
        frame[f"{name}_lower"], frame[f"{name}_upper"] = _limits(lifts[:, :, position])
    frame["lead"] = point.gini[0] - point.gini
    frame["lead_lower"], frame["lead_upper"] = _limits(drawn[:, :1] - drawn)
    return frame


def _describe_curves(names: list[str], point: _Draw, draws: list[_Draw]) -> pd.DataFrame:
    lower, upper = _limits(np.array([draw.curve for draw in draws]))
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "method": name,
                    "targeted": GRID,
                    "gained": point.curve[position],
                    "lower": lower[position],
                    "upper": upper[position],
                }
            )
            for position, name in enumerate(names)
        ],
        ignore_index=True,
    )
