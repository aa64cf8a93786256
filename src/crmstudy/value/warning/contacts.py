"""Whom to contact: not the likeliest to leave, but those whose contact pays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.warning.judging import FEWEST_SAMPLES, MOST_DRAWS
from crmstudy.value.warning.measures import DEPTH, LIMITS
from crmstudy.value.warning.rolling import WarningModels
from crmstudy.value.warning.terms import ContactTerms, match_values

Floats = npt.NDArray[np.float64]

STAGE = 123
#: Points of the profit curve.
MOST_POINTS = 200
BEST = "contacts expected to pay"


@dataclass(frozen=True, eq=False)
class ContactPlan:
    """What contacts would have brought on the test origin.

    Parameters
    ----------
    terms : ContactTerms
        Cost, rescue share and value.
    policies : DataFrame
        ``policy``, ``contacted``, ``with the event``, ``expected profit`` (by the
        probabilities), ``profit`` (by what happened) with ``from`` and ``to``, ``less than
        the best list`` with its limits, ``break-even rescue share`` with its upper limit
        (missing where nobody is contacted or none of them had the event).
    curve : DataFrame
        ``contacted``, ``expected``, ``profit``, ``lower``, ``upper``: in order of expected
        profit, from nobody to all.
    n, n_events, n_replicates : int
        Customers at risk, those with the event, bootstrap samples.
    """

    terms: ContactTerms
    policies: pd.DataFrame
    curve: pd.DataFrame
    n: int
    n_events: int
    n_replicates: int

    def table(self) -> pd.DataFrame:
        """One row a policy."""
        return self.policies.copy()

    def to_metrics(self) -> dict[str, float]:
        """The best list and what it would have brought."""
        best = self.policies.iloc[0]
        numbers = {
            "contacted": int(best["contacted"]),
            "contacted_share": float(best["contacted"]) / self.n,
            "profit": float(best["profit"]),
            "profit_lower": float(best["from"]),
            "profit_upper": float(best["to"]),
        }
        if np.isfinite(best["break-even rescue share"]):
            numbers["break_even_rescue_share"] = float(best["break-even rescue share"])
        return numbers


@passes_absence
def plan_contacts(
    models: WarningModels,
    terms: ContactTerms,
    *,
    values: pd.Series | None = None,
    n_replicates: int = 200,
) -> ContactPlan:
    """Choose whom to contact on the test origin, and count what it would have brought.

    A contact is expected to bring ``chance x rescue share x value saved - cost``; the best
    list holds everybody of whom this is above 0, so that each customer has a threshold of
    probability of their own. What happened then replaces the chance. That a contact rescues
    the share assumed remains an assumption: only an experiment can tell.

    Parameters
    ----------
    models : WarningModels
        The chosen model's probabilities are used.
    terms : ContactTerms
        From :func:`crmstudy.value.warning.terms.price_contacts`.
    values : Series, optional
        Value saved by a rescue, by customer, known on the test day; by default that of the
        terms.
    n_replicates : int
        Bootstrap samples of customers.

    Raises
    ------
    DataError
        If ``values`` lacks a customer at risk.

    References
    ----------
    Lemmens, A., & Gupta, S. (2020). Managing churn to maximize profits. Marketing Science,
    39(5), 956-973. Verbeke, W., Dejaeger, K., Martens, D., Hur, J., & Baesens, B. (2012). New
    insights into churn prediction in the telecommunication sector: A profit driven data
    mining approach. European Journal of Operational Research, 218(1), 211-229.
    """
    test = models.test
    saved = (
        terms.value_saved(test.features) if values is None else match_values(values, test.features)
    )
    chances = test.chances[models.chosen]
    expected = terms.expect_profit(chances, saved)
    happened = terms.expect_profit(test.events, saved)
    lists = _list_policies(chances, expected)
    seed = draw_seeds(models.seed, stage=STAGE, n=1)[0]
    n, wanted = len(chances), min(n_replicates, max(FEWEST_SAMPLES, MOST_DRAWS // len(chances)))
    generator = np.random.default_rng(seed)
    drawn = [
        np.bincount(generator.integers(n, size=n), minlength=n).astype(np.float64)
        for _ in range(wanted)
    ]
    weights = np.array(drawn)
    return ContactPlan(
        terms=terms,
        policies=_describe(lists, test.events, saved, expected, happened, weights, terms),
        curve=_trace(expected, happened, weights),
        n=n,
        n_events=int(test.events.sum()),
        n_replicates=wanted,
    )


def _list_policies(chances: Floats, expected: Floats) -> dict[str, npt.NDArray[np.bool_]]:
    return {
        BEST: expected > 0,
        "tenth with the highest expected profit": _take_top(expected),
        "tenth with the highest probability": _take_top(chances),
        "everybody at risk": np.ones(len(chances), dtype=bool),
        "nobody": np.zeros(len(chances), dtype=bool),
    }


def _take_top(scores: Floats) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.argsort(-scores, kind="stable")[: round(DEPTH * len(scores))]] = True
    return chosen


def _describe(
    lists: dict[str, npt.NDArray[np.bool_]],
    events: Floats,
    saved: Floats,
    expected: Floats,
    happened: Floats,
    weights: Floats,
    terms: ContactTerms,
) -> pd.DataFrame:
    rows = []
    best = weights @ (lists[BEST] * happened)
    for name, chosen in lists.items():
        profits = weights @ (chosen * happened)
        less = best - profits
        reached = weights @ (chosen * events * saved)
        row: dict[str, object] = {
            "policy": name,
            "contacted": int(chosen.sum()),
            "with the event": int(events[chosen].sum()),
            "expected profit": float(expected[chosen].sum()),
            "profit": float(happened[chosen].sum()),
        }
        row["from"], row["to"] = _limit(profits)
        row["less than the best list"] = float(happened[lists[BEST]].sum() - happened[chosen].sum())
        row["less, from"], row["less, to"] = _limit(less)
        value = float(events[chosen] @ saved[chosen])
        even = terms.contact_cost * chosen.sum() / value if value > 0 else np.nan
        row["break-even rescue share"] = float(even)
        row["break-even, to"] = _bound(terms.contact_cost * (weights @ chosen), reached)
        rows.append(row)
    return pd.DataFrame(rows)


def _bound(costs: Floats, reached: Floats) -> float:
    """Bound costs by what they reached from above; missing where samples reached nothing."""
    ratio = np.divide(costs, reached, out=np.full(len(costs), np.inf), where=reached > 0)
    upper = float(np.sort(ratio)[int(np.ceil(LIMITS[1] * len(ratio))) - 1])
    return upper if np.isfinite(upper) else np.nan


def _limit(drawn: Floats) -> tuple[float, float]:
    lower, upper = np.quantile(drawn, LIMITS)
    return float(lower), float(upper)


def _trace(expected: Floats, happened: Floats, weights: Floats) -> pd.DataFrame:
    """Add up profit over the customers, the best contact first."""
    n = len(expected)
    order = np.argsort(-expected, kind="stable")
    points = np.unique(np.linspace(0, n, min(n, MOST_POINTS) + 1).round().astype(int))

    def add_up(profits: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(profits[order])])[points]

    drawn = np.array([add_up(row * happened) for row in weights])
    lower, upper = np.quantile(drawn, LIMITS, axis=0)
    return pd.DataFrame(
        {
            "contacted": points,
            "expected": add_up(expected),
            "profit": add_up(happened),
            "lower": lower,
            "upper": upper,
        }
    )
