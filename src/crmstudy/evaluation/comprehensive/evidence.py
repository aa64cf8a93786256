"""Which indicators of a hierarchy a study's survey can grade, and over which time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable

#: Role of a survey item that grades an indicator of another name.
GRADED_BY_ROLE = {"recommendation_rate": "recommendation"}
YEAR = pd.Timedelta(days=365)


def match_items(
    hierarchy: Mapping[str, Sequence[str]], roles: Mapping[str, str]
) -> dict[str, str | NotAvailable]:
    """Find for each indicator the survey item that grades it.

    Parameters
    ----------
    hierarchy : mapping
        Criteria and their indicators.
    roles : mapping of str to str
        Role to item, from the instrument; an indicator's role has its own name, but
        for those in ``GRADED_BY_ROLE``.

    Returns
    -------
    dict
        Item by indicator; :class:`NotAvailable` where no item asks for it.
    """
    names = [name for indicators in hierarchy.values() for name in indicators]
    absent = NotAvailable(
        "no survey item grades it, and no grade limits are set for a measured value"
    )
    return {name: roles.get(GRADED_BY_ROLE.get(name, name), absent) for name in names}


def keep_items(items: Mapping[str, str | NotAvailable]) -> dict[str, str]:
    """Keep the indicators that have an item.

    Raises
    ------
    ModelError
        If none has.
    """
    kept = {name: item for name, item in items.items() if isinstance(item, str)}
    if not kept:
        raise ModelError("no survey item has a role that grades an indicator")
    return kept


def choose_window(
    tables: Mapping[str, pd.DataFrame | NotAvailable],
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Choose the year that indicators are measured over: the last one of the purchases.

    Without dated tables the year before the epoch stands in; nothing is measured in it.
    """
    transactions = tables.get("transactions", NotAvailable("no transactions"))
    if isinstance(transactions, NotAvailable):
        return pd.Timestamp("1969-01-01"), pd.Timestamp("1970-01-01")
    end = transactions["ordered_at"].max().normalize() + pd.Timedelta("1D")
    return end - YEAR, end
