"""What no table of the simulated firm shows: who its customers are, and whose records are whose."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import Integers, moments, number_ids

_LATENT = (
    *("expectation", "quality", "value", "satisfaction", "loyalty"),
    *("alternatives", "delay", "innovation"),
)


def reveal_people(
    people: pd.DataFrame, left_day: Integers, contracts: pd.DataFrame, *, first_visitor: int
) -> pd.DataFrame:
    """Show what no table shows of each customer.

    Parameters
    ----------
    people, left_day, contracts
        As they were drawn; see :func:`ledger.draw_purchases` and
        :func:`subscriptions.draw_subscriptions`.
    first_visitor : int
        Number of the first customer among all visitors.
    """
    left_on = pd.Series(moments(left_day)).where(left_day >= 0)
    churn = contracts.set_index("owner")["churn_probability"]
    names = people["customer_id"]
    first_record = pd.Series(names.array.take(people["duplicate_of"], allow_fill=True))
    columns = ("customer_id", "segment", "prospect", "is_test")
    rates = ("purchase_rate", "dropout_probability", "mean_spend")
    return pd.DataFrame(
        {
            **{name: people[name] for name in columns},
            "duplicate_of": first_record,
            "visitor_id": number_ids("V", first_visitor + np.arange(len(people))),
            **{name: people[name] for name in (*rates, *_LATENT)},
            "left_on": left_on,
            "churn_probability": churn.reindex(range(len(people))).to_numpy(),
        }
    )


def reveal_links(
    people: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    leads: pd.DataFrame,
    tickets: pd.DataFrame,
) -> pd.DataFrame:
    """Show to which customers the records belong that another record must be linked to.

    Parameters
    ----------
    people, leads, tickets : DataFrame
        As they were drawn.
    tables : mapping of str to DataFrame
        As they were written: leads and contacts give the identifiers of the records.
    """
    customers = people["customer_id"]
    again = np.flatnonzero(people["duplicate_of"] >= 0)
    original = people["duplicate_of"].to_numpy()[again]
    asked = tickets["owner"].where(tickets["unknown"], -1).to_numpy()
    parts = [
        ("customers", customers.iloc[again], original, np.zeros(again.size, dtype=bool)),
        ("leads", tables["leads"]["lead_id"], leads["owner"], leads["known"]),
        ("contacts", tables["contacts"]["contact_id"], asked, np.zeros(asked.size, dtype=bool)),
    ]
    frames = []
    for table, record, owner, named in parts:
        linked = np.flatnonzero(np.asarray(owner) >= 0)
        frames.append(
            pd.DataFrame(
                {
                    "table": pd.Series([table] * linked.size, dtype="str"),
                    "record_id": record.array[linked],
                    "customer_id": customers.array[np.asarray(owner)[linked]],
                    "named": np.asarray(named)[linked],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
