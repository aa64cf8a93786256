"""How far two partitions of the same customers agree, segment by segment."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError


@dataclass(frozen=True)
class Agreement:
    """Two partitions compared over the customers that both hold.

    Parameters
    ----------
    adjusted_rand : float
        1 the same segments, 0 no better than chance.
    largest_change : float
        Of a main segment's share of customers, when every other segment is counted as
        the main segment with which it shares most customers.
    order_holds : bool
        Whether these main segments never rise in value while the others fall.
    n_customers : int
        Customers that both hold.
    """

    adjusted_rand: float
    largest_change: float
    order_holds: bool
    n_customers: int


def measure_agreement(main: pd.Series, other: pd.Series, value: pd.Series) -> Agreement:
    """Compare a partition with the main one.

    Parameters
    ----------
    main, other : Series indexed by customer
        Segment of each customer, by any labels.
    value : Series indexed by customer
        What orders the segments; holds every customer that both hold.

    Raises
    ------
    ModelError
        If no customer is in both.
    """
    from sklearn.metrics import adjusted_rand_score

    both = pd.DataFrame({"main": main, "other": other}).dropna()
    if both.empty:
        raise ModelError("no customer is in both solutions")
    both["value"] = value.loc[both.index]
    first, second = (rank_segments(both[name], both["value"]) for name in ("main", "other"))
    overlap = pd.crosstab(first, second)
    home = overlap.idxmax()  # the main segment, the more valuable of two, of each other segment
    shares = first.value_counts(normalize=True)
    found = second.map(home).value_counts(normalize=True)
    largest = float(shares.sub(found, fill_value=0.0).abs().max())
    return Agreement(
        adjusted_rand=float(adjusted_rand_score(first, second)),
        largest_change=largest,
        order_holds=bool(home.sort_index().is_monotonic_increasing),
        n_customers=len(both),
    )


def rank_segments(labels: pd.Series, value: pd.Series) -> pd.Series:
    """Number segments 1, 2, ... by falling mean value."""
    means = value.groupby(labels).mean().sort_values(ascending=False, kind="stable")
    return labels.map(pd.Series(range(1, len(means) + 1), index=means.index)).astype("int64")
