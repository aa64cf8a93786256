"""Is the simulated firm's campaign effect found, and does a 95% interval hold it in 95%?

Small firms of one truth, simulated many times over: purchases and revenue per treated customer by
the plain difference, CUPED, regression (Lin, 2013) and difference-in-differences; the response
rate by Wilson's interval; the median response hours of the service desk before and after, and
their ratio, by customers drawn with replacement. Printed per estimator: bias with its standard
error, spread of the estimates over the error told, and coverage with Wilson's 95% interval. The
number of firms is the first argument (default 200, some two and a half minutes).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from time import perf_counter

import numpy as np

from crmstudy.case.campaigns.campaign import find_campaign
from crmstudy.case.campaigns.panel import build_panel
from crmstudy.case.effects.did import estimate_did
from crmstudy.case.experiment.experiment import CUPED, PLAIN, REGRESSION, run_experiment
from crmstudy.case.experiment.outcomes import gather_outcomes
from crmstudy.case.service.waiting import compare_waits
from crmstudy.case.service.waits import time_tickets
from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.shares import wilson_limits

FIRMS, N_CUSTOMERS = 200, 1500
CHANGED_ON = "2025-01-01"
Rows = dict[str, tuple[float, float, float, float, float]]  # estimate, error, lower, upper, truth


def try_firm(seed: int) -> Rows:
    """Estimate everything from one firm."""
    firm = simulate_firm(seed=seed, n_customers=N_CUSTOMERS)
    bought, truth = firm.tables["transactions"], firm.truth
    campaign = find_campaign(firm.tables["campaigns"], bought)
    customers = gather_outcomes(bought, campaign, responses=firm.tables["responses"])
    panel = build_panel(
        bought,
        treated_ids=campaign.treated_ids,
        control_ids=campaign.control_ids,
        campaign_start=campaign.start,
        campaign_end=campaign.end,
    )
    rows: Rows = {}
    net = 1 - truth["returns.spend_share"]
    targets = {
        "n_purchases": truth["did.purchase_effect"],
        "revenue": truth["did.revenue_effect"] * net,
    }
    for outcome, true in targets.items():
        result = run_experiment(customers, outcome=outcome, n_draws=99, seed=seed)
        for name in (PLAIN, CUPED, REGRESSION):
            found = result.estimates[name]
            if not isinstance(found, NotAvailable):
                bounds = (found.standard_error, found.lower, found.upper)
                rows[f"{outcome}, {name}"] = (found.estimate, *bounds, true)
        did = estimate_did(panel, outcome=outcome)
        error = did.standard_error
        rows[f"{outcome}, DiD"] = (did.effect, error, did.lower, did.upper, true)
    treated = customers[customers["treated"]]
    n, responded = len(treated), float(treated["responded"].sum())
    low, high = (float(end) for end in wilson_limits(responded, n))
    rate = responded / n
    error = float(np.sqrt(rate * (1 - rate) / n))
    rows["response rate"] = (rate, error, low, high, truth["campaign.response_rate"])
    return rows | _try_service(firm.tables["contacts"], truth, seed)


def _try_service(contacts: object, truth: dict[str, float], seed: int) -> Rows:
    waits = time_tickets(contacts, changed_on=CHANGED_ON)
    table = compare_waits(waits, n_draws=400, seed=seed).table().iloc[1]
    before, after = (truth[f"service.response_hours_{side}"] for side in ("before", "after"))
    return {
        f"median hours {side}": (
            table[side],
            (table[f"{side}, upper"] - table[f"{side}, lower"]) / 3.92,
            table[f"{side}, lower"],
            table[f"{side}, upper"],
            true,
        )
        for side, true in (("before", before), ("after", after))
    } | {
        "ratio of median hours": (
            table["after / before"],
            (table["ratio, upper"] - table["ratio, lower"]) / 3.92,
            table["ratio, lower"],
            table["ratio, upper"],
            after / before,
        )
    }


def main() -> int:
    firms = int(sys.argv[1]) if len(sys.argv) > 1 else FIRMS
    start, found, refused = perf_counter(), defaultdict(list), 0
    for seed in range(firms):
        try:
            rows_of_firm = try_firm(10_000 + seed)
        except ModelError:  # nobody bought on the campaign's last day: the window is not whole
            refused += 1
            continue
        for name, row in rows_of_firm.items():
            found[name].append(row)
    print(
        f"{firms} firms of {N_CUSTOMERS:,} customers ({refused} refused), "
        f"{perf_counter() - start:.0f} s"
    )
    print(f"{'':<44} {'truth':>7} {'bias':>8} {'(s.e.)':>8} {'ratio':>6}  held")
    for name, rows in found.items():
        estimate, error, lower, upper, truth = np.array(rows, dtype=float).T
        held = int(((lower <= truth) & (truth <= upper)).sum())
        low, high = (float(end) for end in wilson_limits(held, len(rows)))
        bias, spread = float((estimate - truth).mean()), float(estimate.std(ddof=1))
        print(
            f"{name:<44} {truth.mean():7.3f} {bias:8.3f} {spread / len(rows) ** 0.5:8.3f} "
            f"{spread / error.mean():6.2f}  {held / len(rows):.1%} [{low:.1%}, {high:.1%}]"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
