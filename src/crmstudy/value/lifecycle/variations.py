"""How much of the stages hangs on the limit of silence and on the threshold of change?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.qualitative.chance import kappa_from_counts
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.value.lifecycle.lapse import choose_lapse, merge_purchases
from crmstudy.value.lifecycle.stages import PROSPECT, STAGES, Lifecycle, stage_customers

#: Multiples of the limit of silence, and shares of change, that are tried.
LIMITS = (0.5, 0.75, 1.5, 2.0)
CHANGES = (0.25, 0.5, 0.75)
SHOWN = ("reactivated", "stable-growing", "stable-mature", "declining", "lost")


@passes_absence
def vary_stages(transactions: pd.DataFrame, lifecycle: Lifecycle) -> pd.DataFrame:
    """Tell the stages again by other limits, thresholds and measures.

    Parameters
    ----------
    transactions : DataFrame
        The ledger behind ``lifecycle``.
    lifecycle : Lifecycle
        The main stages.

    Returns
    -------
    DataFrame
        One row a rule: ``rule``, ``weeks of silence``, the shares of the customers of the
        last period in five stages, ``kappa`` with the main rule over all customers and
        periods (missing where nothing varies). A rule that cannot be applied is left out.
    """
    weeks = lifecycle.lapse.weeks
    other = "purchases" if lifecycle.measure == "spend" else "spend"
    days = merge_purchases(transactions)
    plans = [
        (f"silence {limit:g} times as long", tried, lifecycle.change, lifecycle.measure)
        for limit in LIMITS
        if (tried := max(1, round(weeks * limit))) != weeks
    ]
    plans += [
        (f"change of {share:.0%}", weeks, share, lifecycle.measure)
        for share in CHANGES
        if abs(share - lifecycle.change) > 1e-9
    ]
    plans.append((f"by {other}", weeks, lifecycle.change, other))
    rows = [{"rule": "as in the text", **_describe(lifecycle, lifecycle, weeks)}]
    for name, silence, change, measure in plans:
        try:
            tried_stages = stage_customers(
                days,
                choose_lapse(days, lapse_weeks=silence),
                period=lifecycle.calendar.unit,
                change=change,
                measure=measure,
            )
        except ModelError:
            continue
        rows.append({"rule": name, **_describe(tried_stages, lifecycle, silence)})
    return pd.DataFrame(rows)


def _describe(tried: Lifecycle, main: Lifecycle, weeks: int) -> dict[str, object]:
    """Give the shares of the last period among those who bought, and kappa with the main rule."""
    last = pd.Series(tried.codes[:, -1])
    rated = last[last > PROSPECT]
    shares = {
        stage: float((rated == STAGES.index(stage)).mean()) if len(rated) else None
        for stage in SHOWN
    }
    kappa = _agree(tried, main)
    value = None if isinstance(kappa, NotAvailable) else kappa
    return {"weeks of silence": weeks, **shares, "kappa": value}


def _agree(tried: Lifecycle, main: Lifecycle) -> float | NotAvailable:
    n = min(len(tried.codes), len(main.codes))  # buyers stand first in both
    mine, other = main.codes[:n].ravel(), tried.codes[:n].ravel()
    both = (mine > PROSPECT) & (other > PROSPECT)
    counts = pd.crosstab(mine[both], other[both]).reindex(
        index=range(len(STAGES)), columns=range(len(STAGES)), fill_value=0
    )
    used = counts.index[(counts.sum(axis=1) + counts.sum()) > 0]
    if len(used) < 2:
        return NotAvailable("all customers are in one stage")
    square = counts.loc[used, used].to_numpy(dtype=float)
    return float(kappa_from_counts(square, credit=np.eye(len(square)))[0])
