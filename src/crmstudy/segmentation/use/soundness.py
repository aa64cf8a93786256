"""How far a contact plan can be trusted: other samples, other assumptions, thin evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError
from crmstudy.segmentation.use.allocation import Plan, Terms, fill_greedily, value_contacts
from crmstudy.segmentation.use.backtest import EQUAL
from crmstudy.segmentation.use.gains import draw_counts
from crmstudy.segmentation.use.responses import OfferTrial
from crmstudy.segmentation.use.units import Learner

FEWEST_OFFERS = 5  # learnt from, below which the value of a unit is the segment's
MOST_BLIND = 0.1  # share of the contacts that may go to such units
LIMITS = (0.025, 0.975)
#: Change of an assumption: factors of the cost of a contact and of the margin of a response.
CHANGES = (
    ("as planned", 1.0, 1.0),
    ("cost of a contact halved", 0.5, 1.0),
    ("cost of a contact doubled", 2.0, 1.0),
    ("margin of a response halved", 1.0, 0.5),
    ("margin of a response doubled", 1.0, 2.0),
)


@dataclass(frozen=True)
class PlanSamples:
    """Plans of the bootstrap samples: a row a sample, a column a unit."""

    contacts: npt.NDArray[np.float64]
    rates: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    shadow: npt.NDArray[np.float64]


def resample_plans(learner: Learner, terms: Terms, *, seed: int, n_replicates: int) -> PlanSamples:
    """Learn and plan anew in bootstrap samples of the customers who were addressed."""
    contacts, rates, values, shadow = [], [], [], []
    for counts in draw_counts(learner.n_customers, seed=seed, n_replicates=n_replicates):
        try:
            units = learner.learn(counts)
        except ModelError:  # a sample without a response teaches no margin
            continue
        plan = fill_greedily(units, terms)
        contacts.append(plan.contacts)
        rates.append(units["rate"].to_numpy())
        values.append(units["value"].to_numpy())
        shadow.append(plan.shadow_price)
    if not contacts:
        raise ModelError("no bootstrap sample holds a response: the plan cannot be judged")
    return PlanSamples(np.array(contacts), np.array(rates), np.array(values), np.array(shadow))


def sum_segments(units: pd.DataFrame, terms: Terms, samples: PlanSamples) -> pd.DataFrame:
    """Add the plan up by segment; columns as in ``BudgetResult.segments``."""
    names = list(dict.fromkeys(units["segment"]))
    member = np.array([(units["segment"] == name).to_numpy() for name in names], dtype=float)
    size = member @ units["n_customers"].to_numpy(dtype=float)
    contacts, drawn = member @ units["contacts"].to_numpy(), samples.contacts @ member.T
    spent = np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    weights = member * units["n_customers"].to_numpy(dtype=float) / size[:, None]
    share = np.quantile(drawn / spent, LIMITS, axis=0)
    value = np.quantile(samples.values @ weights.T, LIMITS, axis=0)
    own = [_profit_of(units[units["segment"] == name], terms) for name in names]
    total = contacts.sum()
    frame = pd.DataFrame(
        {
            "n_customers": size.astype("int64"),
            "contacts": contacts,
            "share_contacted": contacts / size,
            "spent": contacts * terms.cost_per_contact,
            "share_budget": contacts / total if total > 0 else np.zeros(len(names)),
            "share_lower": share[0],
            "share_upper": share[1],
            "value": weights @ units["value"].to_numpy(),
            "value_lower": value[0],
            "value_upper": value[1],
            "profit": own,
            "funded": (drawn >= 1).mean(axis=0),
        },
        index=pd.Index(names, name="segment"),
    )
    return frame.sort_values("profit", ascending=False, kind="stable")


def _profit_of(units: pd.DataFrame, terms: Terms) -> float:
    contacts = units["contacts"].to_numpy(dtype=float)
    return value_contacts(units, terms, contacts) - terms.cost_per_contact * float(contacts.sum())


def vary_assumptions(units: pd.DataFrame, terms: Terms, plan: Plan) -> pd.DataFrame:
    """Plan again, the budget in money unchanged, with one assumption halved or doubled."""
    rows = []
    for change, dearer, richer in CHANGES:
        cost = dearer * terms.cost_per_contact
        coverage = terms.minimum_coverage / max(dearer, 1.0)  # what the budget still pays for
        changed = replace(terms, cost_per_contact=cost, minimum_coverage=coverage)
        found = fill_greedily(units.assign(value=richer * units["value"]), changed)
        common = float(np.minimum(found.contacts, plan.contacts).sum())
        fewer = min(found.contacts.sum(), plan.contacts.sum())
        rows.append(
            {
                "change": change,
                "contacts": float(found.contacts.sum()),
                "spent": found.spent,
                "profit": found.profit,
                "shadow_price": found.shadow_price,
                "overlap": common / fewer if fewer > 0 else 1.0,
            }
        )
    return pd.DataFrame(rows)


def list_assumptions(
    terms: Terms, trial: OfferTrial, *, margin_share: float, budget_share: float, priced: str
) -> pd.DataFrame:
    """State what the plan rests on: measured or assumed."""
    has_margin = "margin" in trial.learn
    sold = float(trial.learn["revenue"].sum())
    rows = [
        ("cost of a contact", terms.cost_per_contact, priced),
        (
            "margin, share of the revenue of a response",
            float(trial.learn["margin"].sum() / max(sold, 1e-300)) if has_margin else margin_share,
            _name_margin_source(sold) if has_margin else "assumed",
        ),
        ("budget, share of the cost of one contact to everybody", budget_share, "assumed"),
        ("budget", terms.budget, "follows"),
        ("contacts a customer may get", float(terms.most_contacts), "assumed"),
        ("share of each segment to be contacted at least", terms.minimum_coverage, "assumed"),
    ]
    if terms.most_contacts > 1:
        rows.append(
            ("value of a further contact, of the one before", terms.repeat_value, "assumed")
        )
    return pd.DataFrame(rows, columns=["quantity", "value", "source"])


def _name_margin_source(sold: float) -> str:
    if sold == 0:
        return "nothing was bought on the days of a response"
    return "revenue less cost of goods on the days of a response"


def check_plan(
    units: pd.DataFrame, terms: Terms, plan: Plan, comparison: pd.DataFrame
) -> tuple[Check, ...]:
    """Judge the solution, the evidence behind it, and its lead over an even distribution."""
    greedy = fill_greedily(units, terms)
    apart = abs(plan.profit - greedy.profit) / max(abs(greedy.profit), terms.cost_per_contact)
    thin = units["n_offers"] < FEWEST_OFFERS
    total = units["contacts"].sum()
    blind = float(units.loc[thin, "contacts"].sum() / total) if total > 0 else 0.0
    lower = float(comparison["advantage_lower"].loc[[EQUAL]].iloc[0])
    return (
        Check(
            name="linear programming and the greedy rule agree (relative difference of profit)",
            passed=apart <= 1e-6,
            statistic=apart,
            threshold="<= 1e-6",
            source="both are optimal where all contacts cost the same",
            consequence="the solver stopped early: do not use the plan",
        ),
        Check(
            name=f"contacts go where {FEWEST_OFFERS} or more offers were learnt from "
            "(share that does not)",
            passed=blind <= MOST_BLIND,
            statistic=blind,
            threshold=f"<= {MOST_BLIND}",
            source="rule of this study",
            consequence="these contacts rest on the rate of the whole segment: test them first",
        ),
        Check(
            name="the best plan beats equal shares on held-out offers (lower limit of the gain)",
            passed=lower > 0,
            statistic=lower,
            threshold="> 0",
            source="bootstrap by customer",
            consequence="the plan is not shown to be better than an even distribution",
        ),
    )
