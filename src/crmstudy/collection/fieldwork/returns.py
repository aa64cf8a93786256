"""The survey in the field: when the answers came back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.fieldwork.intervals import require_columns
from crmstudy.collection.fieldwork.rates import name_waves
from crmstudy.errors import ModelError, NotAvailable, passes_absence


@dataclass(frozen=True)
class Returns:
    """Answers over time.

    Parameters
    ----------
    days : DataFrame
        One row a wave and day with an answer or a reminder: ``wave``, ``date``, ``day`` (days
        since the wave's first invitation), ``returns``, ``cumulative_returns``,
        ``share_of_invited`` (cumulative), ``reminders``.
    n_returns : int
        Answers with a date and an invitation.
    n_undated, n_uninvited : int
        Answers of invited persons without a date; answers without an invitation.
    n_unanswered : int
        Invitations called complete or partial for which the survey holds no answer.
    n_early : int
        Answers dated before their invitation; left out.
    median_days : float or NotAvailable
        Median of days from a person's invitation to the answer.
    """

    days: pd.DataFrame
    n_returns: int
    n_undated: int
    n_uninvited: int
    n_unanswered: int
    n_early: int
    median_days: float | NotAvailable

    def table(self) -> pd.DataFrame:
        """Arrange one row a wave and day."""
        return self.days.rename(columns=lambda name: str(name).replace("_", " "))


@passes_absence
def trace_returns(survey: pd.DataFrame, invitations: pd.DataFrame) -> Returns:
    """Add up the answers day by day since the invitations went out.

    Parameters
    ----------
    survey : DataFrame
        Canonical survey with ``respondent_id`` and ``answered_on``.
    invitations : DataFrame
        Canonical invitations of the same respondents.

    Raises
    ------
    DataError
        If a column is absent.
    ModelError
        If no answer has both a date and an invitation.
    """
    joined = join_invitations(survey, invitations)
    invited = joined["invited_on"].notna()
    dated = joined["answered_on"].notna()
    waiting = (joined["answered_on"] - joined["invited_on"]).dt.days
    used = joined[invited & dated & (waiting >= 0)]
    if used.empty:
        raise ModelError("no answer of the survey has both a date and an invitation")
    returned = invitations["outcome"].isin(["complete", "partial"])
    answered = invitations["respondent_id"].isin(survey["respondent_id"])
    return Returns(
        days=_add_up(used, invitations),
        n_returns=len(used),
        n_undated=int((invited & ~dated).sum()),
        n_uninvited=int((~invited).sum()),
        n_unanswered=int((returned & ~answered).sum()),
        n_early=int((waiting < 0).sum()),
        median_days=float(waiting[used.index].median()),
    )


def join_invitations(survey: pd.DataFrame, invitations: pd.DataFrame) -> pd.DataFrame:
    """Put each respondent's invitation beside the answers; days only, times are cut.

    Returns
    -------
    DataFrame
        The survey's rows with ``invited_on``, ``reminded_on`` and ``wave`` (empty where
        there was no invitation).
    """
    require_columns(survey, ["respondent_id", "answered_on"], table="survey")
    require_columns(invitations, ["respondent_id", "invited_on"], table="invitations")
    wave = invitations.assign(wave=name_waves(invitations))
    if "reminded_on" not in wave:
        wave["reminded_on"] = pd.NaT
    kept = wave[["respondent_id", "invited_on", "reminded_on", "wave"]]
    mine = survey.drop(columns=["invited_on", "reminded_on", "wave"], errors="ignore")
    joined = mine.merge(kept, on="respondent_id", how="left", validate="one_to_one")
    for column in ("answered_on", "invited_on", "reminded_on"):
        joined[column] = pd.to_datetime(joined[column]).dt.normalize()
    return joined


def _add_up(used: pd.DataFrame, invitations: pd.DataFrame) -> pd.DataFrame:
    waves = name_waves(invitations)
    sent = pd.to_datetime(invitations["invited_on"]).dt.normalize()
    starts, invited = sent.groupby(waves).min(), waves.value_counts()
    returns = used.groupby(["wave", "answered_on"]).size().rename("returns")
    days = returns.to_frame()
    if "reminded_on" in invitations:
        told = pd.to_datetime(invitations["reminded_on"]).dt.normalize()
        reminders = told.groupby([waves.rename("wave"), told.rename("answered_on")]).size()
        days = days.join(reminders.rename("reminders"), how="outer")
    else:
        days["reminders"] = 0
    days = days.fillna(0).astype("int64").sort_index().reset_index()
    days["cumulative_returns"] = days.groupby("wave")["returns"].cumsum()
    days["share_of_invited"] = days["cumulative_returns"] / days["wave"].map(invited)
    days["day"] = (days["answered_on"] - days["wave"].map(starts)).dt.days
    order = ["wave", "date", "day", "returns", "cumulative_returns", "share_of_invited"]
    return days.rename(columns={"answered_on": "date"})[[*order, "reminders"]]
