"""Tickets of the service desk: how long each waited, and on which side of a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.series.windows import When, read_day
from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence

COLUMNS = {"response": "first_response_at", "resolution": "resolved_at"}
LEAST_HOURS = 1 / 60  # times are recorded by the minute


@dataclass(frozen=True)
class Waits:
    """Tickets that can be timed.

    Parameters
    ----------
    tickets : DataFrame
        In order of time: ``customer_id`` (a name of its own where the ticket names none),
        ``opened_at``, ``after``, ``hours`` (waited until done, or until the data end),
        ``done``, and ``channel``, ``topic``, ``complaint`` where known.
    measure : str
        ``"response"`` or ``"resolution"``: what was waited for.
    changed_on, observed_until : Timestamp
        First day after the change; last moment of the table.
    left_out : DataFrame
        ``reason``, ``tickets``: which were left out or could not be told, and how many.
    """

    tickets: pd.DataFrame
    measure: str
    changed_on: pd.Timestamp
    observed_until: pd.Timestamp
    left_out: pd.DataFrame

    @property
    def n_before(self) -> int:
        """Tickets opened before the change."""
        return int((~self.tickets["after"]).sum())

    @property
    def n_after(self) -> int:
        """Tickets opened since."""
        return int(self.tickets["after"].sum())

    @property
    def n(self) -> int:
        """All tickets timed."""
        return len(self.tickets)

    def table(self) -> pd.DataFrame:
        """Arrange one row a reason, those used first."""
        used = pd.DataFrame(
            {
                "reason": ["used, opened before the change", "used, opened since"],
                "tickets": [self.n_before, self.n_after],
            }
        )
        return pd.concat([used, self.left_out], ignore_index=True)


@passes_absence
def time_tickets(contacts: pd.DataFrame, *, changed_on: When, measure: str = "response") -> Waits:
    """Measure how long every ticket waited; open tickets have waited until the data end.

    Parameters
    ----------
    contacts : DataFrame
        Canonical contacts: ``contact_id``, ``customer_id``, ``opened_at``, and
        ``first_response_at`` or ``resolved_at``.
    changed_on : date
        First day after the change; a ticket belongs to the side on which it was opened.
    measure : str
        ``"response"`` or ``"resolution"``.

    Raises
    ------
    SettingsError
        If there is no such measure.
    DataError
        If a ticket has no time of opening column.
    ModelError
        If the times were not recorded, or a side has fewer than two tickets done.
    """
    if measure not in COLUMNS:
        raise SettingsError(f"measure {measure!r} is none of {', '.join(COLUMNS)}")
    if "opened_at" not in contacts:
        raise DataError("contacts lack the column 'opened_at'")
    column = COLUMNS[measure]
    if column not in contacts or contacts[column].isna().all():
        raise ModelError(f"no ticket tells the time of its {measure}")
    day = read_day(changed_on)
    times = contacts[["opened_at", *(c for c in COLUMNS.values() if c in contacts)]]
    end = pd.Timestamp(times.max().max())
    hours = (contacts[column].fillna(end) - contacts["opened_at"]).dt.total_seconds() / 3600
    untimed, backward = contacts["opened_at"].isna(), hours < 0
    kept = ~untimed & ~backward
    tickets = _arrange(contacts[kept], hours[kept], contacts.loc[kept, column].notna(), day)
    done = tickets.groupby("after")["done"].sum().reindex([False, True], fill_value=0)
    if done.min() < 2:
        raise ModelError(
            f"{done[False]} tickets opened before {day:%Y-%m-%d} and {done[True]} since have a "
            f"{measure}: two each are needed"
        )
    left_out = {
        "left out: no time of opening": untimed.sum(),
        f"left out: {measure} before the opening": backward.sum(),
        f"among those used: no {measure} yet (censored)": (~tickets["done"]).sum(),
        "among those used: customer not told (counts as one of its own)": tickets["unnamed"].sum(),
    }
    frame = pd.DataFrame({"reason": list(left_out), "tickets": list(map(int, left_out.values()))})
    return Waits(tickets.drop(columns="unnamed"), measure, day, end, frame)


def _arrange(
    contacts: pd.DataFrame, hours: pd.Series, done: pd.Series, day: pd.Timestamp
) -> pd.DataFrame:
    name = contacts["customer_id"].astype("object")
    unnamed = name.isna()
    own = "ticket " + contacts["contact_id"].astype(str)
    frame = pd.DataFrame(
        {
            "contact_id": contacts["contact_id"].astype(str),
            "customer_id": name.where(~unnamed, own).astype(str),
            "opened_at": contacts["opened_at"],
            "after": contacts["opened_at"] >= day,
            "hours": np.maximum(hours.astype(float), LEAST_HOURS),
            "done": done.astype(bool),
            "unnamed": unnamed,
        }
    )
    for column in ("channel", "topic"):
        if column in contacts:
            frame[column] = (
                contacts[column].astype("object").where(contacts[column].notna(), "(missing)")
            )
    if "complaint" in contacts:
        frame["complaint"] = contacts["complaint"].astype("boolean")
    return frame.sort_values(["opened_at", "contact_id"], ignore_index=True)
