"""Whom the firm should look after now, and what the model looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.statistics.draws import draw_rows, draw_seeds
from crmstudy.value.warning.data import sort_customers
from crmstudy.value.warning.models import hold_one_thread
from crmstudy.value.warning.reasons import share_out
from crmstudy.value.warning.rolling import WarningModels, learn_from_all
from crmstudy.value.warning.rules import Learned
from crmstudy.value.warning.scores import to_chance
from crmstudy.value.warning.terms import ContactTerms, match_values
from crmstudy.value.warning.topics import find_lead, find_topic

Floats = npt.NDArray[np.float64]

STAGE = 125
#: Customers at risk with whom each is compared.
N_BACKGROUND = 60
#: Reasons named of a customer, and the rise of the log odds below which there is none.
MOST_REASONS, SMALLEST_REASON = 3, 0.05
NO_REASON = "nothing stands out"


@dataclass(frozen=True, eq=False)
class AlertList:
    """Customers at risk on the last day, those whose contact brings most first.

    Parameters
    ----------
    day, until : str
        The last day known, and the end of the window foretold.
    event, model : str
        What is foretold, and by which model, trained again on all origins.
    customers : DataFrame
        ``customer``, ``probability``; where contacts can be priced ``value saved by a
        rescue``, ``expected profit of a contact`` and ``contact`` (yes or no); ``reasons``
        in words, of the first customers.
    contributions : DataFrame
        ``customer``, ``topic``, ``contribution`` to the log odds, compared with customers
        at risk on average; all topics of the customers with reasons.
    average : float
        Mean log odds of those with whom they are compared: with the contributions it adds
        up to the customer's own.
    priced : bool
        Whether the list is ordered by profit; else by probability.
    """

    day: str
    until: str
    event: str
    model: str
    customers: pd.DataFrame
    contributions: pd.DataFrame
    average: float
    priced: bool

    @property
    def n_contacts(self) -> int:
        """Customers whom it pays to contact."""
        return int((self.customers["contact"] == "yes").sum()) if self.priced else 0

    def table(self) -> pd.DataFrame:
        """One row a customer at risk."""
        return self.customers.copy()

    def to_metrics(self) -> dict[str, float]:
        """Customers at risk, how many are expected to leave, and whom to contact."""
        numbers: dict[str, float] = {
            "at_risk": len(self.customers),
            "expected_events": float(self.customers["probability"].sum()),
        }
        if self.priced:
            profit = self.customers["expected profit of a contact"]
            numbers |= {
                "contacts": self.n_contacts,
                "expected_profit": float(profit.clip(lower=0).sum()),
            }
        return numbers


def raise_alerts(
    models: WarningModels | NotAvailable,
    terms: ContactTerms | NotAvailable,
    *,
    values: pd.Series | None = None,
    n_explained: int = 50,
) -> AlertList | NotAvailable:
    """List who is at risk on the last day of the data.

    The chosen model learns again, from every origin; the origins choose its setting and
    calibrate it. Reasons are Shapley values in log odds, shared out among topics by
    :func:`crmstudy.value.warning.reasons.share_out`: they say what the model looked at, not
    what makes a customer leave.

    Parameters
    ----------
    models : WarningModels
        From :func:`crmstudy.value.warning.rolling.fit_warnings`.
    terms : ContactTerms
        Of a contact; without them the list is ordered by probability.
    values : Series, optional
        Value saved by a rescue, by customer; by default that of the terms.
    n_explained : int
        Customers of whom reasons are given.
    """
    if isinstance(models, NotAvailable):
        return models
    origin = models.data.plan.alert
    features = sort_customers(models.data.features[origin.day])
    model, choice = learn_from_all(models), models.alert_choices[models.chosen]
    with hold_one_thread():
        matrix = model.prepare(features)
        odds = choice.to_odds(model.score(matrix))
        listed = _list_customers(features, to_chance(odds), terms, values)
        shown = listed.index[:n_explained].to_numpy()
        shares, average = _explain(models, model, matrix, shown)
    reasons = [_say(shares.iloc[i], features.iloc[row], features) for i, row in enumerate(shown)]
    listed["reasons"] = reasons + [""] * (len(listed) - len(reasons))
    shares.insert(0, "customer", features.index[shown])
    return AlertList(
        day=origin.day,
        until=origin.until,
        event=models.event,
        model=models.chosen,
        customers=listed.reset_index(drop=True),
        contributions=shares.melt("customer", var_name="topic", value_name="contribution"),
        average=average,
        priced=not isinstance(terms, NotAvailable),
    )


def _list_customers(
    features: pd.DataFrame,
    chances: Floats,
    terms: ContactTerms | NotAvailable,
    values: pd.Series | None,
) -> pd.DataFrame:
    """Order customers; the index says in which row of the features each stands."""
    frame = pd.DataFrame({"customer": features.index, "probability": chances})
    if isinstance(terms, NotAvailable):
        return frame.sort_values("probability", ascending=False, kind="stable")
    saved = terms.value_saved(features) if values is None else match_values(values, features)
    profit = terms.expect_profit(chances, saved)
    frame["value saved by a rescue"] = saved
    frame["expected profit of a contact"] = profit
    frame["contact"] = np.where(profit > 0, "yes", "no")
    return frame.sort_values("expected profit of a contact", ascending=False, kind="stable")


def _explain(
    models: WarningModels, model: Learned, matrix: Floats, shown: npt.NDArray[np.intp]
) -> tuple[pd.DataFrame, float]:
    """Share out the log odds of the customers shown among topics."""
    choice = models.alert_choices[models.chosen]
    seeds = draw_seeds(models.seed, stage=STAGE, n=2)
    background = matrix[draw_rows(len(matrix), seeds[0], most=N_BACKGROUND)]
    owners = tuple(find_topic(name) for name in model.owners)

    def score(rows: Floats) -> Floats:
        return choice.to_odds(model.score(rows))

    shares = share_out(score, matrix[shown], background, owners, seed=seeds[1])
    return shares, float(score(background).mean())


def _say(shares: pd.Series, own: pd.Series, everybody: pd.DataFrame) -> str:
    """Say in words what raised a customer's chances most."""
    raised = shares[shares > SMALLEST_REASON].sort_values(ascending=False, kind="stable")
    said = [_phrase(str(topic), own, everybody) for topic in raised.index[:MOST_REASONS]]
    return "; ".join(said) or NO_REASON


def _phrase(topic: str, own: pd.Series, everybody: pd.DataFrame) -> str:
    found = find_lead(topic)
    if found is None or found.lead not in everybody or pd.isna(own[found.lead]):
        return topic
    value, known = own[found.lead], everybody[found.lead]
    usual = known.median()
    if value == usual:  # counts often are: the mean tells on which side most of the others lie
        usual = known.mean()
    return topic if value == usual else found.more if value > usual else found.less
