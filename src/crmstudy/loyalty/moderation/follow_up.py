"""What respondents bought before and after they answered."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError

EARLIER_DAYS = 364  # 52 weeks before the answer: what the customer used to buy
NEITHER = ("returned", "cancelled")  # status of lines that are no purchase


@dataclass(frozen=True)
class FollowUp:
    """Respondents whose purchases after the answer are all known.

    Attributes
    ----------
    cases : DataFrame
        Indexed as the survey: ``purchases`` (days with a purchase in the weeks after the
        day of the answer), ``earlier`` (in the 52 weeks up to that day).
    counts : dict
        Respondents by what became of them, in the order in which they were left out:
        ``anonymous``, ``not in the ledger``, ``without a date``, ``second answers``,
        ``followed too briefly``, ``followed``.
    weeks : int
        Length of the follow-up.
    """

    cases: pd.DataFrame
    counts: dict[str, int]
    weeks: int


def follow_respondents(survey: pd.DataFrame, transactions: pd.DataFrame, *, weeks: int) -> FollowUp:
    """Count the purchases of every respondent before and after the answer.

    The day of the answer itself counts as before: which came first is not known. A
    respondent whose follow-up the ledger does not cover to its end is left out, as fewer
    purchases would mean less time, not less loyalty. Of several answers of a customer the
    first counts.

    Parameters
    ----------
    survey : DataFrame
        ``customer_id`` and ``answered_on``.
    transactions : DataFrame
        ``customer_id``, ``ordered_at``, ``revenue``; money handed back is no purchase.
    weeks : int

    Raises
    ------
    ModelError
        If the survey holds no customers or no dates.
    """
    for column in ("customer_id", "answered_on"):
        if column not in survey.columns or survey[column].isna().all():
            raise ModelError(f"the survey has no {column}: answers cannot be joined with purchases")
    bought = _list_purchase_days(transactions)
    if bought.empty:
        raise ModelError("the ledger holds no purchases")
    left = survey[["customer_id", "answered_on"]].copy()
    counts = {}
    for reason, out in (
        ("anonymous", lambda rows: rows["customer_id"].isna()),
        ("not in the ledger", lambda rows: ~rows["customer_id"].isin(bought["customer_id"])),
        ("without a date", lambda rows: rows["answered_on"].isna()),
        ("second answers", _answered_again),
        ("followed too briefly", lambda rows: _ends(rows, weeks) > bought["day"].max()),
    ):
        leaves = out(left)
        counts[reason] = int(leaves.sum())
        left = left[~leaves]
    counts["followed"] = len(left)
    return FollowUp(_count_purchases(left, bought, weeks=weeks), counts, weeks)


def _list_purchase_days(transactions: pd.DataFrame) -> pd.DataFrame:
    """List each customer's days with a purchase, once each."""
    lines = transactions[~(transactions["revenue"] < 0)]
    if "status" in lines.columns:
        lines = lines[~lines["status"].isin(NEITHER)]
    days = pd.to_datetime(lines["ordered_at"]).dt.normalize()
    bought = pd.DataFrame({"customer_id": lines["customer_id"], "day": days})
    return bought.dropna().drop_duplicates(ignore_index=True)


def _answered_again(rows: pd.DataFrame) -> pd.Series:
    order = rows.sort_values("answered_on", kind="stable")
    return order.duplicated("customer_id").reindex(rows.index)


def _ends(rows: pd.DataFrame, weeks: int) -> pd.Series:
    return _days(rows) + pd.Timedelta(weeks=weeks)


def _days(rows: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(rows["answered_on"]).dt.normalize()


def _count_purchases(left: pd.DataFrame, bought: pd.DataFrame, *, weeks: int) -> pd.DataFrame:
    asked = left.assign(row=left.index, answered=_days(left))[["customer_id", "row", "answered"]]
    pairs = asked.merge(bought, on="customer_id")
    gap = (pairs["day"] - pairs["answered"]).dt.days
    after = pairs.loc[(gap > 0) & (gap <= 7 * weeks), "row"].value_counts()
    before = pairs.loc[(gap <= 0) & (gap > -EARLIER_DAYS), "row"].value_counts()
    return pd.DataFrame(
        {
            "purchases": after.reindex(left.index, fill_value=0),
            "earlier": before.reindex(left.index, fill_value=0),
        }
    )
