"""A care plan: what to do for each segment, why, for how much, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, NotAvailable, SettingsError, nearest, passes_absence
from crmstudy.segmentation.use.care_rules import (
    CARE_RULES,
    OTHERWISE,
    UNPAID,
    CareRule,
    choose_rules,
    list_skipped,
    say_reason,
)


@dataclass(frozen=True)
class CarePlan:
    """Actions for the segments.

    Parameters
    ----------
    actions : DataFrame
        One row an action of a segment, in the order of priority: ``priority``, ``segment``,
        ``action``, ``reason``, ``channel``, ``n_customers``, ``cost``, ``stake`` with
        ``stake_lower`` and ``stake_upper`` (later revenue a customer), ``expected_value`` (a
        contact, or NotAvailable) with ``lower`` and ``upper``, ``evidence``,
        ``share_budget`` (of the segment, or NotAvailable).
    profile : DataFrame of shape (n_segments, n_features)
        Mean rank among all customers, 0 lowest, 1 highest, .5 average.
    skipped : tuple of str
        Rules that could not be asked, for want of a feature.
    """

    actions: pd.DataFrame
    profile: pd.DataFrame
    skipped: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Arrange what to do for whom, why and through which channel."""
        columns = ["priority", "segment", "action", "reason", "channel", "n_customers"]
        return _dash(self.actions[columns]).rename(columns={"n_customers": "customers"})

    def values(self) -> pd.DataFrame:
        """Arrange what each action costs and is expected to bring, and how that is known."""
        names = {
            "priority": "priority",
            "segment": "segment",
            "action": "action",
            "cost": "cost of a contact",
            "stake": "later revenue a customer",
            "expected_value": "expected value of a contact",
            "lower": "lower",
            "upper": "upper",
            "share_budget": "segment's share of the budget",
            "evidence": "evidence",
        }
        table = _dash(self.actions[list(names)])
        table["evidence"] = [
            str(value) if isinstance(value, NotAvailable) else said
            for value, said in zip(
                self.actions["expected_value"], self.actions["evidence"], strict=True
            )
        ]
        return table.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Count actions, and those whose value is known."""
        known = [not isinstance(value, NotAvailable) for value in self.actions["expected_value"]]
        return {"n_actions": float(len(known)), "n_with_value": float(sum(known))}


@passes_absence
def rank_profile(features: pd.DataFrame, segments: pd.Series) -> pd.DataFrame:
    """Average the percentile ranks of each segment's customers among all customers.

    A rank does not change under a logarithm and does not heed outliers. Equal values
    share their mean rank; customers without a value are left out of that feature.

    Parameters
    ----------
    features : DataFrame indexed by customer
        Columns that are not numbers are left out.
    segments : Series
        Labels indexed by customer.

    Returns
    -------
    DataFrame of shape (n_segments, n_features)
        From 0 to 1; .5 is average.
    """
    known = features[segments.reindex(features.index).notna()]
    numbers = known.select_dtypes("number").astype(float)
    numbers = numbers.loc[:, numbers.notna().any()]
    ranks = (numbers.rank() - 0.5) / numbers.notna().sum()
    labels = segments.reindex(known.index).astype("str")
    return ranks.groupby(labels).mean().rename_axis("segment")


def plan_care(
    features: pd.DataFrame | NotAvailable,
    segments: pd.Series | NotAvailable,
    *,
    cost_per_contact: float,
    stakes: pd.DataFrame | NotAvailable | None = None,
    evidence: Mapping[str, pd.DataFrame | NotAvailable] | None = None,
    shares: pd.Series | NotAvailable | None = None,
) -> CarePlan | NotAvailable:
    """Choose actions for each segment by the printed rules, and put them in order.

    Every segment gets the first two actions whose conditions its profile fulfils. First
    come the actions that the rules name first, and among equal ones the segment with
    more at stake.

    Parameters
    ----------
    features : DataFrame indexed by customer
        What the conditions compare; ``main_channel`` names the channel.
    segments : Series
        Labels indexed by customer.
    cost_per_contact : float
        Currency.
    stakes : DataFrame, optional
        Indexed by segment: ``mean``, ``lower``, ``upper``, later revenue a customer.
    evidence : mapping of str to DataFrame, optional
        Action -> frame indexed by segment with ``value``, ``lower``, ``upper`` (expected
        value of a contact, currency) and ``source`` in words.
    shares : Series, optional
        Share of the contact budget, indexed by segment.

    Raises
    ------
    SettingsError
        If evidence is given for an action that no rule names.
    DataError
        If no customer with features has a segment.
    """
    known = {rule.action for rule in (*CARE_RULES, OTHERWISE)}
    for action in evidence or {}:
        if action not in known:
            raise SettingsError(f"no action {action!r}{nearest(action, known)}")
    if isinstance(features, NotAvailable) or isinstance(segments, NotAvailable):
        return features if isinstance(features, NotAvailable) else segments  # type: ignore[return-value]
    seen = _Seen.prepare(features, segments)
    rows = []
    for segment in seen.profile.index:
        stake = _look_up(stakes, segment, "later purchases were not looked at")
        share = _share(shares, segment)
        for rule in choose_rules(*seen.of(segment)):
            worth = _look_up((evidence or {}).get(rule.action), segment, _no_evidence(rule.action))
            rows.append(
                {
                    **seen.describe(segment, rule, share),
                    "cost": 0.0 if rule.action in UNPAID else cost_per_contact,
                    "stake": stake["value"],
                    "stake_lower": stake["lower"],
                    "stake_upper": stake["upper"],
                    "expected_value": worth["value"],
                    "lower": worth["lower"],
                    "upper": worth["upper"],
                    "evidence": worth["source"],
                    "share_budget": share,
                }
            )
    return CarePlan(_prioritise(rows), seen.profile, list_skipped(seen.profile))


@dataclass(frozen=True)
class _Seen:
    """What is known of the segments: ranks and means beside those of all customers."""

    profile: pd.DataFrame
    means: pd.DataFrame
    overall: pd.Series
    labels: pd.Series
    features: pd.DataFrame

    @classmethod
    def prepare(cls, features: pd.DataFrame, segments: pd.Series) -> _Seen:
        profile = rank_profile(features, segments)
        if profile.empty:
            raise DataError("no customer with features has a segment: there is nothing to plan")
        used = features[segments.reindex(features.index).notna()]
        labels = segments.reindex(used.index).astype("str")
        numbers = used.select_dtypes("number").astype(float)
        return cls(profile, numbers.groupby(labels).mean(), numbers.mean(), labels, used)

    def of(self, segment: object) -> tuple[pd.Series, pd.Series, pd.Series]:
        """Ranks and means of a segment, and the means of all."""
        place = list(self.profile.index).index(segment)
        return self.profile.iloc[place], self.means.iloc[place], self.overall

    def describe(self, segment: object, rule: CareRule, share: object) -> dict[str, object]:
        """Say what to do, for how many, why, and through which channel."""
        member = self.labels == segment
        reason = say_reason(rule, *self.of(segment))
        if rule.action in UNPAID and isinstance(share, float) and share > 0:
            reason += "; yet the budget plan pays for contacts here, and goes before the rule"
        return {
            "urgency": [*CARE_RULES, OTHERWISE].index(rule),
            "segment": segment,
            "action": rule.action,
            "reason": reason,
            "channel": _name_channel(self.features, member),
            "n_customers": int(member.sum()),
        }


def _dash(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("object").map(lambda v: "–" if isinstance(v, NotAvailable) else v)


def _no_evidence(action: str) -> str:
    if action in UNPAID:
        return "nothing is bought, so nothing is expected of it"
    return "no campaign of this kind was observed"


def _look_up(
    frame: pd.DataFrame | NotAvailable | None, segment: object, reason: str
) -> dict[str, object]:
    nothing = frame if isinstance(frame, NotAvailable) else NotAvailable(reason)
    if not isinstance(frame, pd.DataFrame) or segment not in frame.index:
        return dict.fromkeys(("value", "lower", "upper", "source"), nothing)
    row = frame[frame.index == segment].iloc[0]
    return {name: row.get(name, "") for name in ("value", "lower", "upper", "source")}


def _share(shares: pd.Series | NotAvailable | None, segment: object) -> object:
    if isinstance(shares, pd.Series) and segment in shares.index:
        return float(shares[shares.index == segment].iloc[0])
    return shares if isinstance(shares, NotAvailable) else NotAvailable("no budget was planned")


def _name_channel(features: pd.DataFrame, member: pd.Series) -> object:
    if "main_channel" not in features:
        return NotAvailable("the data have no channel")
    counts = features.loc[member, "main_channel"].dropna().astype("str").value_counts()
    if counts.empty:
        return NotAvailable("no purchase of the segment has a channel")
    return min(counts.index[counts == counts.max()])


def _prioritise(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    stake = [0.0 if isinstance(v, NotAvailable) else float(v) for v in frame["stake"]]
    frame["total"] = np.array(stake) * frame["n_customers"]
    order = ["urgency", "total", "n_customers", "segment"]
    frame = frame.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
    frame.insert(0, "priority", np.arange(1, len(frame) + 1))
    return frame.drop(columns=["urgency", "total"])
