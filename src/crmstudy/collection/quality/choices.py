"""What other choices of cleaning would have done to each ledger."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.quality.ledgers import list_conditions
from crmstudy.collection.quality.stored import StoredTable, ask, list_tables
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Choice in words -> the oddities (see :func:`list_oddities`) whose lines it would leave out.
CHOICES = {
    "as analysed": (),
    "without returns": ("revenue is negative (a return)", "returned"),
    "without zero prices": ("revenue is zero",),
    "without extremely high lines": ("extremely high revenue",),
    "without extremely low lines": ("extremely low revenue",),
}
ALL = "without any of these"


def vary_choices(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Sum up each ledger under other choices of what to leave out.

    Returns
    -------
    DataFrame
        Columns data set, choice, lines, purchases, customers, revenue, change in revenue
        (share of the revenue as analysed; missing where that is not above zero).
    """
    frames = [_vary(data, table) for table in list_tables(data) if table.name == "transactions"]
    if not frames:
        return NotAvailable("the study has no table transactions")
    return pd.concat(frames, ignore_index=True)


def _vary(data: StudyData, ledger: StoredTable) -> pd.DataFrame:
    conditions = list_conditions(data, ledger)
    kept = {
        choice: " AND ".join(
            f"({conditions[name]}) IS NOT TRUE" for name in names if name in conditions
        )
        or "true"
        for choice, names in CHOICES.items()
    }
    kept[ALL] = " AND ".join(kept.values())
    found = ask(
        data,
        [
            "SELECT count(*) AS lines, count(DISTINCT basket_id) AS purchases, "
            "count(DISTINCT customer_id) AS customers, "
            f"coalesce(sum(revenue), 0)::DOUBLE AS revenue FROM {ledger.address} WHERE {condition}"
            for condition in kept.values()
        ],
    )
    first = float(found["revenue"][0])
    found.insert(0, "choice", list(kept))
    found.insert(0, "data set", ledger.dataset)
    change = found["revenue"] / first - 1 if first > 0 else float("nan")
    return found.assign(**{"change in revenue": change})
