"""Complaints before and after a change: per ticket, per purchase, and kind by kind.

References
----------
Newcombe, R. G. (1998). Interval estimation for the difference between independent
proportions. Statistics in Medicine, 17(8), 873-890.
Simpson, E. H. (1951). The interpretation of interaction in contingency tables. J. Royal
Statistical Society B, 13(2), 238-241.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.service.waits import Waits
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.shares import wilson_limits
from crmstudy.statistics.two_shares import Arm, ShareComparison, compare_shares

KINDS = ("channel", "topic")


@dataclass(frozen=True)
class ComplaintResult:
    """Share of complaints before and after.

    Parameters
    ----------
    per_ticket : ShareComparison
        Tickets that complain; treated is after, control before.
    per_purchase : ShareComparison or NotAvailable
        Complaints over purchases of the same days.
    kinds : DataFrame
        ``of``, ``kind``, ``n before``, ``share before``, ``n after``, ``share after``,
        ``difference``, ``lower``, ``upper``: by channel and topic.
    odds_ratio, odds_lower, odds_upper : float or NotAvailable
        Odds of a complaint, after over before, among tickets of one channel; errors by
        customer.
    reversed_in : tuple of str
        What the tickets are divided by where every kind moves against the whole (Simpson).
    n_unknown : int
        Tickets that do not tell whether they complain; left out.
    confidence : float
    """

    per_ticket: ShareComparison
    per_purchase: ShareComparison | NotAvailable
    kinds: pd.DataFrame
    odds_ratio: float | NotAvailable
    odds_lower: float | NotAvailable
    odds_upper: float | NotAvailable
    reversed_in: tuple[str, ...]
    n_unknown: int
    confidence: float

    @property
    def n(self) -> int:
        """Tickets that tell."""
        return self.per_ticket.treated.n + self.per_ticket.control.n

    def table(self) -> pd.DataFrame:
        """Arrange one row a base: complaints, cases and shares on both sides, difference."""
        bases = {"per ticket": self.per_ticket, "per purchase": self.per_purchase}
        rows = []
        for name, found in bases.items():
            if isinstance(found, NotAvailable):
                continue
            before, after = found.control, found.treated
            rows.append(
                {
                    "complaints": name,
                    "n before": before.n,
                    "share before": before.share,
                    "before, lower": before.limits(self.confidence)[0],
                    "before, upper": before.limits(self.confidence)[1],
                    "n after": after.n,
                    "share after": after.share,
                    "after, lower": after.limits(self.confidence)[0],
                    "after, upper": after.limits(self.confidence)[1],
                    "difference": found.difference,
                    "lower": found.difference_limits[0],
                    "upper": found.difference_limits[1],
                    "p-value": found.test.p_value,
                }
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Give shares, their difference, and the odds ratio at equal channels."""
        metrics = {
            "share_before": self.per_ticket.control.share,
            "share_after": self.per_ticket.treated.share,
            "difference": self.per_ticket.difference,
            "difference_lower": self.per_ticket.difference_limits[0],
            "difference_upper": self.per_ticket.difference_limits[1],
            "p_value": self.per_ticket.test.p_value,
            "n_tickets": self.n,
        }
        if not isinstance(self.odds_ratio, NotAvailable):
            metrics["odds_ratio_adjusted"] = self.odds_ratio
        if not isinstance(self.per_purchase, NotAvailable):
            metrics["purchase_difference"] = self.per_purchase.difference
        return metrics


def compare_complaints(
    waits: Waits | NotAvailable,
    *,
    transactions: pd.DataFrame | NotAvailable | None = None,
    confidence: float = 0.95,
) -> ComplaintResult | NotAvailable:
    """Compare the share of complaints before a change and since.

    Per ticket the share also moves when customers ask more or less; per purchase it
    also moves with how often they buy. Both are given. The odds ratio holds the channel
    fixed; not the topic, which may follow from the complaint itself.

    Parameters
    ----------
    waits : Waits
        With the column ``complaint``.
    transactions : DataFrame, optional
        Canonical transactions, for complaints per purchase.
    confidence : float

    Raises
    ------
    ModelError
        If no ticket tells whether it complains, or a side has none.
    """
    # Not @passes_absence: absent transactions leave the share per ticket.
    if isinstance(waits, NotAvailable):
        return waits
    tickets = waits.tickets
    if "complaint" not in tickets or tickets["complaint"].isna().all():
        raise ModelError("no ticket tells whether it is a complaint")
    known = tickets[tickets["complaint"].notna()]
    known = known.assign(complaint=known["complaint"].astype(bool))
    if known["after"].nunique() < 2:
        raise ModelError("tickets that tell whether they complain lie on one side of the change")
    per_ticket = compare_shares(_arm(known, True), _arm(known, False), confidence=confidence)
    kinds = _divide(known, confidence)
    odds = attempt(_fit_odds, known, confidence)
    bounds: tuple[Any, Any, Any] = odds if isinstance(odds, tuple) else (odds, odds, odds)
    return ComplaintResult(
        per_ticket=per_ticket,
        per_purchase=_per_purchase(known, transactions, waits.changed_on, confidence),
        kinds=kinds,
        odds_ratio=bounds[0],
        odds_lower=bounds[1],
        odds_upper=bounds[2],
        reversed_in=_find_reversals(kinds, per_ticket.difference),
        n_unknown=len(tickets) - len(known),
        confidence=confidence,
    )


def _arm(tickets: pd.DataFrame, after: bool) -> Arm:
    side = tickets.loc[tickets["after"] == after, "complaint"]
    return Arm(int(side.sum()), len(side))


def _per_purchase(
    tickets: pd.DataFrame,
    transactions: pd.DataFrame | NotAvailable | None,
    changed_on: pd.Timestamp,
    confidence: float,
) -> ShareComparison | NotAvailable:
    if not isinstance(transactions, pd.DataFrame):
        return NotAvailable("purchases are not given beside the tickets")
    baskets = transactions.groupby("basket_id")["ordered_at"].min()
    after = baskets >= changed_on
    arms = []
    for side in (True, False):
        n = int((after == side).sum())
        successes = _arm(tickets, side).successes
        if n < 1 or successes > n:
            return NotAvailable(f"{successes} complaints stand against {n} purchases")
        arms.append(Arm(successes, n))
    return compare_shares(*arms, confidence=confidence)


def _divide(tickets: pd.DataFrame, confidence: float) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for column in (name for name in KINDS if name in tickets):
        for kind, part in tickets.groupby(column, sort=True):
            if part["after"].nunique() < 2:
                continue
            found = compare_shares(_arm(part, True), _arm(part, False), confidence=confidence)
            rows.append(
                {
                    "of": column,
                    "kind": str(kind),
                    "n before": found.control.n,
                    "share before": found.control.share,
                    "n after": found.treated.n,
                    "share after": found.treated.share,
                    "difference": found.difference,
                    "lower": found.difference_limits[0],
                    "upper": found.difference_limits[1],
                }
            )
    columns = ["of", "kind", "n before", "share before", "n after", "share after"]
    return pd.DataFrame(rows, columns=[*columns, "difference", "lower", "upper"])


def _find_reversals(kinds: pd.DataFrame, whole: float) -> tuple[str, ...]:
    """Name what divides the tickets so that every kind moves against the whole."""
    found = []
    for column, part in kinds.groupby("of"):
        signs = np.sign(part["difference"].to_numpy(dtype=float))
        if whole and len(part) > 1 and (signs == -np.sign(whole)).all():
            found.append(str(column))
    return tuple(found)


def _fit_odds(tickets: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    import statsmodels.api as sm

    if "channel" not in tickets or tickets["channel"].nunique() < 2:
        raise ModelError("the tickets come by one channel or tell none: nothing to hold fixed")
    cells = tickets.groupby(["channel", "after"])["complaint"].mean()
    if tickets.groupby("after")["complaint"].nunique().min() < 2 or cells.isin([0.0, 1.0]).any():
        raise ModelError("on one side of a channel every ticket or none complains")
    dummies = pd.get_dummies(tickets["channel"], drop_first=True, dtype=float)
    design = sm.add_constant(pd.concat([tickets["after"].astype(float), dummies], axis=1))
    groups = pd.factorize(tickets["customer_id"])[0]
    fit = sm.Logit(tickets["complaint"].astype(float), design).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": groups}
    )
    low, high = np.exp(fit.conf_int(alpha=1 - confidence).loc["after"].to_numpy(dtype=float))
    return float(np.exp(fit.params["after"])), float(low), float(high)


@passes_absence
def list_shares(complaints: ComplaintResult) -> pd.DataFrame:
    """List the shares to draw: all tickets, then every channel, before and after.

    Returns
    -------
    DataFrame
        ``label``, ``period`` ("before", "after"), ``share``, ``lower``, ``upper``, ``n``.
    """
    kinds = complaints.kinds
    channels = kinds[kinds["of"] == "channel"]
    whole: dict[str, Any] = {
        "kind": "all tickets",
        "n before": complaints.per_ticket.control.n,
        "share before": complaints.per_ticket.control.share,
        "n after": complaints.per_ticket.treated.n,
        "share after": complaints.per_ticket.treated.share,
    }
    rows = []
    every: list[Any] = [whole, *channels.to_dict("records")]
    for row in every:
        for period in ("before", "after"):
            n, share = int(row[f"n {period}"]), float(row[f"share {period}"])
            lower, upper = wilson_limits(round(share * n), n, confidence=complaints.confidence)
            rows.append(
                {
                    "label": row["kind"],
                    "period": period,
                    "share": share,
                    "lower": float(lower),
                    "upper": float(upper),
                    "n": n,
                }
            )
    return pd.DataFrame(rows)
