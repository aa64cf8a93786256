"""Targeting by segment: lift and gains on a later period, and on the answers to later campaigns."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.segmentation.rfm.rfm import score_rfm
from crmstudy.segmentation.use.judging import judge_rankings
from crmstudy.segmentation.use.rates import learn_segment_rates
from crmstudy.segmentation.use.responses import OfferTrial
from crmstudy.segmentation.use.targeting_result import TargetingResult, conclude

#: Outcome of a later period -> what segments are ranked by beforehand.
OUTCOMES = {"revenue": "revenue", "margin": "margin", "bought": "n_purchases"}
WORDS = {"revenue": "revenue", "margin": "margin", "bought": "customers who bought"}


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
    return conclude(
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
    return conclude(
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
