"""Do the rule and the purchase model call the same customers lost?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.collection.qualitative.kappa import Kappa, cohen_kappa
from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.purchases import DateLike, summarise_purchases
from crmstudy.value.lifecycle.stages import PROSPECT, STAGES, Lifecycle
from crmstudy.value.purchasing.btyd import PurchaseResult

STAGE = 111  # of the random draws of this room
#: Stages by how sure the relationship is, from both definitions.
GROUPS = ("active", "at risk", "lost")
RISK_STAGES = {"declining": "at risk", "lost": "lost"}
TRIED = (0.1, 0.25, 0.5, 0.75, 0.9)


@passes_absence
def find_alive(
    purchases: PurchaseResult, transactions: pd.DataFrame, *, until: DateLike
) -> pd.Series:
    """Give the probability that each customer is still active on a day.

    Parameters
    ----------
    purchases : PurchaseResult
        A fitted purchase model; its parameters stay, the histories go on to ``until``.
    transactions : DataFrame
        Columns ``customer_id`` and ``ordered_at``.
    until : str, date or Timestamp
        Last day that is looked at.

    Returns
    -------
    Series indexed by customer_id
        ``probability_alive`` of those who had bought by then.
    """
    histories = summarise_purchases(
        transactions, calibration_end=until, unit_days=purchases.unit_days
    )
    alive = purchases.probability_alive(histories.x, histories.t_x, histories.T)
    index = pd.Index(histories.customers["customer_id"], name="customer_id")
    return pd.Series(alive, index=index, name="probability_alive")


@dataclass(frozen=True, eq=False)
class StageAgreement:
    """The stages of the last period beside those that P(alive) tells.

    Parameters
    ----------
    counts : DataFrame
        Customers by stage of the rule (rows) and group by P(alive) (columns).
    mean_alive : Series
        Mean P(alive) of the customers in each stage of the rule.
    kappa : Kappa
        Agreement of both in three groups: active, at risk, lost; quadratic weights.
    lost_kappa : Kappa
        Agreement on who is lost, alone.
    thresholds : DataFrame
        P(alive) below which a customer counts as lost, customers, and kappa with the rule.
    lost_below, risk_below : float
        The thresholds of the groups.
    expected_lost : float
        Share of customers whom the model expects to have left.
    n_sure : int
        Customers lost by rule whose P(alive) is 1: models in which nobody leaves before a
        repeat purchase give it to everyone who bought once.
    n, n_left_out : int
        Customers compared; customers without a stage or without P(alive).
    """

    counts: pd.DataFrame
    mean_alive: pd.Series
    kappa: Kappa
    lost_kappa: Kappa
    thresholds: pd.DataFrame
    lost_below: float
    risk_below: float
    expected_lost: float
    n_sure: int
    n: int
    n_left_out: int

    def table(self) -> pd.DataFrame:
        """Arrange customers by stage of the rule and group by P(alive), with its mean."""
        return self.counts.assign(
            **{"customers": self.counts.sum(axis=1), "mean P(alive)": self.mean_alive}
        ).reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give the size, shares lost by both, and both kappas where they exist."""
        metrics: dict[str, float] = {
            "n": self.n,
            "lost_by_rule": float(self.counts[self.counts.index == "lost"].to_numpy().sum())
            / self.n,
            "lost_by_model": float(self.counts["lost"].sum()) / self.n,
            "expected_lost": self.expected_lost,
        }
        for name, found in (("kappa", self.kappa), ("kappa_lost", self.lost_kappa)):
            if not isinstance(found.kappa, NotAvailable):
                metrics[name] = found.kappa
        return metrics


@passes_absence
def compare_alive(
    lifecycle: Lifecycle,
    alive: pd.Series,
    *,
    seed: int,
    lost_below: float = 0.5,
    risk_below: float = 0.8,
) -> StageAgreement:
    """Compare the stages of the last period with groups by P(alive).

    Parameters
    ----------
    lifecycle : Lifecycle
        Stages by rule.
    alive : Series indexed by customer_id
        P(alive) at the end of the last period, ``lifecycle.until``.
    seed : int
        Seed of the study, for the bootstrap behind the intervals of kappa.
    lost_below, risk_below : float
        P(alive) below which a customer counts as lost, and as at risk.

    Raises
    ------
    SettingsError
        If the thresholds are out of order.
    ModelError
        If no customer has both.

    References
    ----------
    Cohen, J. (1968). Weighted kappa. Psychological Bulletin, 70(4), 213-220.
    """
    if not 0 < lost_below < risk_below <= 1:
        raise SettingsError(
            f"lost_below = {lost_below} and risk_below = {risk_below} must rise within 0 to 1"
        )
    codes = pd.Series(lifecycle.codes[:, -1], index=lifecycle.customers)
    rated = codes[codes > PROSPECT]
    both = pd.concat(
        [rated.rename("code"), alive.rename("alive").dropna()], axis=1, join="inner"
    ).sort_index()
    if both.empty:
        raise ModelError("no customer has both a stage and a probability of being active")
    stage = both["code"].map(dict(enumerate(STAGES)))
    rule = stage.map(RISK_STAGES).fillna("active")
    model = pd.Series(
        np.select(
            [both["alive"] < lost_below, both["alive"] < risk_below], ["lost", "at risk"], ""
        ),
        index=both.index,
    ).replace("", "active")
    seeds = draw_seeds(seed, stage=STAGE, n=2 + len(TRIED))
    present = [name for name in STAGES if (stage == name).any()]
    counts = pd.crosstab(stage, model).reindex(index=present, columns=list(GROUPS), fill_value=0)
    return StageAgreement(
        counts=counts.rename_axis(index="stage by rule", columns=None),
        mean_alive=both["alive"].groupby(stage).mean().reindex(present),
        kappa=cohen_kappa(
            pd.DataFrame({"rule": rule, "model": model}),
            seed=seeds[0],
            weights="quadratic",
            categories=list(GROUPS),
        ),
        lost_kappa=_agree_on_lost(rule, both["alive"], lost_below, seeds[1]),
        thresholds=_try_thresholds(rule, both["alive"], seeds[2:]),
        lost_below=lost_below,
        risk_below=risk_below,
        expected_lost=float(1 - both["alive"].mean()),
        n_sure=int(((rule == "lost") & (both["alive"] > 1 - 1e-12)).sum()),
        n=len(both),
        n_left_out=len(rated.index.union(alive.index)) - len(both),
    )


def _agree_on_lost(rule: pd.Series, alive: pd.Series, below: float, seed: int) -> Kappa:
    names = {True: "lost", False: "not lost"}
    pair = pd.DataFrame({"rule": (rule == "lost").map(names), "model": (alive < below).map(names)})
    return cohen_kappa(pair, seed=seed, categories=["not lost", "lost"])


def _try_thresholds(rule: pd.Series, alive: pd.Series, seeds: list[int]) -> pd.DataFrame:
    rows = []
    for below, seed in zip(TRIED, seeds, strict=True):
        found = _agree_on_lost(rule, alive, below, seed)
        rows.append(
            {
                "lost if P(alive) is below": below,
                "customers lost by model": int((alive < below).sum()),
                "customers lost by rule": int((rule == "lost").sum()),
                "agreement": found.agreement,
                "kappa": None if isinstance(found.kappa, NotAvailable) else found.kappa,
            }
        )
    return pd.DataFrame(rows).astype({"kappa": "float64"})
