"""Targeting by segment: lift and gains on a later period, and on the answers to later campaigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.segmentation.rfm.rfm import score_rfm
from crmstudy.segmentation.use.judging import Verdict, judge_rankings
from crmstudy.segmentation.use.rates import learn_segment_rates
from crmstudy.segmentation.use.responses import OfferTrial

FEWEST_POSITIVE = 50  # rows with an outcome below which a lift is an anecdote
#: Outcome of a later period -> what segments are ranked by beforehand.
OUTCOMES = {"revenue": "revenue", "margin": "margin", "bought": "n_purchases"}
WORDS = {"revenue": "revenue", "margin": "margin", "bought": "customers who bought"}


@dataclass(frozen=True)
class TargetingResult:
    """How well segments say beforehand who will buy or respond.

    Parameters
    ----------
    outcome : str
        What is gained, in words.
    unit : {"customer", "offer"}
        What a row is: a customer may get several offers.
    learnt_on, judged_on : str
        In words.
    segments : DataFrame
        Indexed by segment, in the order in which they would be targeted: ``score``
        (what was learnt), ``n_customers``, ``n_rows``, ``share_rows``, ``mean`` (of the
        outcome), ``share_outcome``, ``lift`` with ``lower`` and ``upper``.
    methods : DataFrame
        Indexed by ranking, "segments" first: ``gini`` (0 chance, 1 perfect) with
        ``gini_lower`` and ``gini_upper``; ``lift_10``, ``lift_20``, ``lift_30`` with
        limits; ``lead``, the Gini of the segments less that of this ranking, with limits.
    curves : DataFrame
        ``method``, ``targeted``, ``gained``, ``lower``, ``upper``: shares.
    checks : tuple of Check
    is_share : bool
        Whether the outcome is 0 or 1; then ``(1 + gini) / 2`` is the area under the ROC
        curve.
    n_rows, n_customers, n_left_out, n_replicates : int
        Rows judged, their customers, rows left out for want of a segment or feature;
        bootstrap samples.
    """

    outcome: str
    unit: str
    learnt_on: str
    judged_on: str
    segments: pd.DataFrame
    methods: pd.DataFrame
    curves: pd.DataFrame
    checks: tuple[Check, ...]
    is_share: bool
    n_rows: int
    n_customers: int
    n_left_out: int
    n_replicates: int

    def table(self) -> pd.DataFrame:
        """Arrange the segments: what was learnt, what came, and the lift with its interval."""
        names = {
            "score": "rate learnt",
            "n_customers": "customers",
            "n_rows": f"{self.unit}s",
            "share_rows": f"share of {self.unit}s",
            "mean": "rate found" if self.is_share else "mean found",
            "share_outcome": f"share of {self.outcome}",
        }
        table = self.segments.drop(columns="n_rows" if self.unit == "customer" else [])
        return table.rename(columns=names).reset_index()

    def compare(self) -> pd.DataFrame:
        """Arrange the rankings: Gini, lift among the best tenths, lead of the segments."""
        names = {
            "gini": "Gini",
            "gini_lower": "lower",
            "gini_upper": "upper",
            "lift_10": "lift at 10%",
            "lift_20": "lift at 20%",
            "lift_30": "lift at 30%",
            "lead": "lead of the segments",
            "lead_lower": "lead, lower",
            "lead_upper": "lead, upper",
        }
        table = self.methods[list(names)].rename(columns=names).astype("object")
        table.loc["segments", ["lead of the segments", "lead, lower", "lead, upper"]] = "–"
        return table.rename_axis("ranked by").reset_index()

    def stakes(self) -> pd.DataFrame:
        """Give what a customer of each segment brought, with the limits of its lift."""
        mean = self.segments["mean"]
        scale = mean / self.segments["lift"].where(self.segments["lift"] != 0, 1.0)
        limits = self.segments[["lower", "upper"]].mul(scale, axis=0)
        return pd.DataFrame({"value": mean, **limits})

    def to_metrics(self) -> dict[str, float]:
        """Give Gini and lift of every ranking."""
        metrics: dict[str, float] = {"n_rows": self.n_rows, "n_customers": self.n_customers}
        for method, row in self.methods.iterrows():
            name = str(method).replace(" ", "_").lower()
            for column in ("gini", "gini_lower", "gini_upper", "lift_10", "lift_20", "lift_30"):
                metrics[f"{name}_{column}"] = float(row[column])
        return metrics


@passes_absence
def rank_rivals(before: pd.DataFrame) -> pd.DataFrame:
    """Score each customer alone, without segments: by RFM, recency, frequency and revenue.

    Parameters
    ----------
    before : DataFrame indexed by customer
        ``days_since_last_purchase``, ``n_purchases``, ``revenue`` up to the cut day.

    Returns
    -------
    DataFrame indexed by customer
        Larger is better: ``RFM score`` (sum of the three; absent where customers are
        too few to score), ``recency``, ``frequency``, ``revenue``.
    """
    rivals = pd.DataFrame(
        {
            "recency": -before["days_since_last_purchase"].astype(float),
            "frequency": before["n_purchases"].astype(float),
            "revenue": before["revenue"].astype(float),
        }
    )
    try:
        scores = score_rfm(before).scores
    except ModelError:
        return rivals
    columns = ["recency_score", "frequency_score", "money_score"]
    rivals.insert(0, "RFM score", scores[columns].sum(axis=1).astype(float))
    return rivals


@passes_absence
def target_outcomes(
    segments: pd.Series,
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    cut_day: str,
    seed: int,
    outcome: str = "revenue",
    n_replicates: int = 500,
) -> TargetingResult | NotAvailable:
    """Ask how much of a later period's purchases the best segments of the earlier one bring.

    Segments are ranked by their mean before the cut day and judged by what their
    customers did after it.

    Parameters
    ----------
    segments : Series
        Labels indexed by customer, made from data up to the cut day.
    before, after : DataFrame indexed by customer
        Purchase features up to the cut day; ``n_purchases``, ``revenue``[, ``margin``]
        after it, 0 for who bought nothing.
    cut_day : str
        ISO date.
    seed, n_replicates : int
        Of the bootstrap; above 40,000 rows fewer samples are drawn, 50 at least.
    outcome : {"revenue", "margin", "bought"}

    Raises
    ------
    SettingsError
        If the outcome is none of the three.
    ModelError
        If nothing was bought after the cut day, or all did alike.
    """
    if outcome not in OUTCOMES:
        raise SettingsError(f"outcome = {outcome!r}: allowed are {', '.join(OUTCOMES)}")
    learnt_by = OUTCOMES[outcome]
    if learnt_by not in before or (outcome != "bought" and outcome not in after):
        return NotAvailable(f"the data have no {outcome}")
    labels = _check_labels(segments)
    bought = after["n_purchases"].gt(0) if outcome == "bought" else after[outcome]
    rows = pd.DataFrame({"segment": labels}).join(rank_rivals(before), how="left")
    rows["outcome"] = bought.astype(float).reindex(rows.index)
    n_left_out = int(rows.isna().any(axis=1).sum())
    rows = rows.dropna()
    known = before[learnt_by].astype(float).reindex(labels.index)
    score = known.groupby(labels).mean().dropna()
    verdict = judge_rankings(
        rows.rename_axis("customer_id").reset_index(),
        score,
        what=f"{WORDS[outcome]} after {cut_day}",
        seed=seed,
        n_replicates=n_replicates,
    )
    return _conclude(
        verdict,
        outcome=WORDS[outcome],
        unit="customer",
        learnt_on=f"purchases up to {cut_day}",
        judged_on=f"purchases after {cut_day}",
        n_left_out=n_left_out,
    )


@passes_absence
def target_responses(
    trial: OfferTrial, before: pd.DataFrame, *, seed: int, n_replicates: int = 500
) -> TargetingResult:
    """Ask how many of the answers to later campaigns the best segments give.

    Segments are ranked by their response rate in the campaigns that were over by the
    cut day, drawn towards the common rate; every offer of a later campaign is a row.
    Intervals resample customers, not offers, as one customer answers several campaigns.
    Whom the firm addressed was not left to chance: this is a lift among those
    addressed, about prediction and not about what an offer causes.

    Parameters
    ----------
    trial : OfferTrial
        From :func:`crmstudy.segmentation.use.responses.hold_out_offers`.
    before : DataFrame indexed by customer
        Purchase features up to the cut day.
    seed, n_replicates : int
        Of the bootstrap.

    Raises
    ------
    ModelError
        If nobody, or everybody, answered the later campaigns.
    """
    learnt = trial.learn.groupby("segment")["responded"].agg(["sum", "size"])
    every = sorted(trial.segments.unique())
    learnt = learnt.reindex(every, fill_value=0)
    score = learn_segment_rates(learnt["sum"], learnt["size"])
    rows = trial.test[["customer_id", "campaign_id", "segment"]].join(
        rank_rivals(before), on="customer_id"
    )
    rows["outcome"] = trial.test["responded"].astype(float)
    n_left_out = int(rows.isna().any(axis=1).sum())
    verdict = judge_rankings(
        rows.dropna(),
        score,
        what="responses",
        seed=seed,
        n_replicates=n_replicates,
    )
    words = {
        "later campaigns": ("campaigns over by {}", "campaigns begun after {}"),
        "other customers": ("one half of the customers", "the other half of the customers"),
    }
    learnt_on, judged_on = (text.format(trial.cut_day) for text in words[trial.kind])
    return _conclude(
        verdict,
        outcome="responses",
        unit="offer",
        learnt_on=learnt_on,
        judged_on=judged_on,
        n_left_out=n_left_out + trial.n_unlabelled,
    )


def _check_labels(segments: pd.Series) -> pd.Series:
    if segments.index.has_duplicates:
        twice = segments.index[segments.index.duplicated()][0]
        raise DataError(f"segments hold customer {twice!r} twice; one label a customer is needed")
    return segments.dropna().astype("str")


def _conclude(
    verdict: Verdict,
    *,
    outcome: str,
    unit: str,
    learnt_on: str,
    judged_on: str,
    n_left_out: int,
) -> TargetingResult:
    return TargetingResult(
        outcome=outcome,
        unit=unit,
        learnt_on=learnt_on,
        judged_on=judged_on,
        segments=verdict.segments,
        methods=verdict.methods,
        curves=verdict.curves,
        checks=_check(verdict, unit),
        is_share=verdict.is_share,
        n_rows=verdict.n_rows,
        n_customers=verdict.n_customers,
        n_left_out=n_left_out,
        n_replicates=verdict.n_replicates,
    )


def _check(verdict: Verdict, unit: str) -> tuple[Check, ...]:
    found = verdict.segments["mean"].to_numpy()
    scores = verdict.segments["score"].to_numpy()
    before, after = np.sign(np.subtract.outer(scores, scores)), np.subtract.outer(found, found)
    pairs = int(np.count_nonzero(before > 0))
    share = int(np.count_nonzero((before > 0) & (after > 0))) / pairs if pairs else 1.0
    lower = float(verdict.methods["gini_lower"].iloc[0])
    return (
        Check(
            name=f"enough {unit}s with an outcome to judge by",
            passed=verdict.n_positive >= FEWEST_POSITIVE,
            statistic=float(verdict.n_positive),
            threshold=f">= {FEWEST_POSITIVE}",
            source="rule of this study",
            consequence="the lift rests on few cases: read its interval, not its value",
        ),
        Check(
            name="the segments rank better than chance (lower limit of the Gini)",
            passed=lower > 0,
            statistic=lower,
            threshold="> 0",
            source="bootstrap by customer",
            consequence="targeting by segment is not shown to be better than drawing lots",
        ),
        Check(
            name="segments keep their order (share of the pairs in the order learnt)",
            passed=share == 1.0,
            statistic=share,
            threshold="= 1",
            source="rule of this study",
            consequence="some segment did better than one ranked above it: see its interval",
        ),
    )
