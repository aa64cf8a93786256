"""The simulated firm as a whole: its tables and the truth behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.block import TABLES, Block, draw_blocks
from crmstudy.collection.simulate.draws import write_out
from crmstudy.collection.simulate.parameters import FirmParameters, firm_parameters
from crmstudy.collection.simulate.service import add_up_costs
from crmstudy.collection.simulate.truth import true_values
from crmstudy.errors import SettingsError

TEMPLATE_SEED = 21  # few customers, and yet every model of the study can be estimated
TEMPLATE: dict[str, float] = {
    "n_customers": 300,
    "bg_nbd_alpha": 8.0,
    "campaign_purchases": 0.6,
    "cost_platform_per_month": 120.0,
    "person_test_share": 0.007,
    "survey_share": 0.8,
    "survey_response_intercept": 0.6,
    "survey_anonymous": 20,
    "survey_missing": 0.005,
    "lead_share": 0.2,
    "interview_count": 8,
    "interview_segments": 6,
    "mystery_visits": 24,
    "staff_count": 60,
    "panel_experts": 3,
    "selection_raters": 4,
}


@dataclass(frozen=True)
class SimulatedFirm:
    """A simulated firm and the truth it was made from.

    Parameters
    ----------
    seed, n_customers : int
        What it was drawn with.
    parameters : FirmParameters
        Every number it was made from.
    tables : dict of str to DataFrame
        All canonical tables.
    truth : dict of str to float
        What estimators should find, by names such as ``bg_nbd.r``.
    people : DataFrame of shape (n_customers, 19)
        What no table shows of each customer: segment, prospect (never buys), is_test,
        duplicate_of (customer_id of the person's first record), visitor_id,
        purchase_rate (per week), dropout_probability, mean_spend, the latent scores
        (constructs, ``alternatives``, ``delay``, ``innovation``), left_on (day of the
        purchase after which the customer left; missing while active), churn_probability
        (that the contract is ended at the end of a month; missing without one).
    links : DataFrame
        Which customer a record belongs to: ``table, record_id, customer_id, named``
        (whether the record says so itself). Second registrations, leads that became
        customers, tickets that do not name the customer.
    """

    seed: int
    n_customers: int
    parameters: FirmParameters
    tables: dict[str, pd.DataFrame]
    truth: dict[str, float]
    people: pd.DataFrame
    links: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """List the true values, one row each."""
        return pd.DataFrame({"quantity": list(self.truth), "true value": list(self.truth.values())})

    def to_metrics(self) -> dict[str, float]:
        """Return the true values by name."""
        return dict(self.truth)


def simulate_firm(*, seed: int, n_customers: int = 3000, **parameters: float) -> SimulatedFirm:
    """Simulate one firm over 104 weeks.

    Purchases come from the BG/NBD model, spend from the gamma-gamma model, the survey
    from a latent structural model, one campaign from a randomised experiment, the
    experts from true weights. Every table has its own random stream, which depends
    on the seed, the table's name and the block of customers alone.

    Parameters
    ----------
    seed : int
        0 or more; the same seed gives the same bytes.
    n_customers : int
        Registered customers, those included who never buy.
    **parameters : float
        What differs from the defaults of :class:`FirmParameters`.

    Raises
    ------
    SettingsError
        If a parameter is unknown or breaks its rule.

    Notes
    -----
    One purchase is one purchase day: a share of them (``same_day_share``) shows as two
    baskets, so recovery of the purchase and spend models needs purchases merged by
    day. Test customers order for cents and never belong to a model. Returns are rows
    of negative revenue on the day of the purchase they belong to; cancelled lines are
    not earned; leaving out both gives the spend of the model, leaving out the
    cancelled alone gives spend after returns. The campaign adds purchases in the last
    12 weeks only; the 92 weeks before are the undisturbed process. Amounts are rounded
    to cents, answers to points of the scale, judgements to Saaty's scale, response
    times to minutes. What is charged for service and for the tea club is not among the
    purchases. A ticket's cost is drawn around the unit cost of the ledger: the tickets of
    a month cost about what the ledger books as service, which is the same money and not
    further cost. There is no season and no trend beside the growing number of
    customers. Customers are drawn in blocks of 50,000: transactions and web events are
    in order of time, customers in order of joining, within each block.
    """
    check_size(seed, n_customers)
    firm = firm_parameters(**parameters)
    return _collect(seed, n_customers, firm, list(draw_blocks(seed, n_customers, firm)))


def _collect(
    seed: int, n_customers: int, firm: FirmParameters, blocks: Sequence[Block]
) -> SimulatedFirm:
    tables = {
        name: _join([block.tables[name] for block in blocks if name in block.tables])
        for name in TABLES
        if name != "costs"
    }
    tables["costs"] = add_up_costs(reduce(add, (block.drivers for block in blocks)), firm)
    return SimulatedFirm(
        seed=seed,
        n_customers=n_customers,
        parameters=firm,
        tables={name: tables[name] for name in TABLES},
        truth=true_values(firm),
        people=_join([block.people for block in blocks]),
        links=_join([block.links for block in blocks]),
    )


def _join(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    plain = [write_out(part) for part in parts]
    return plain[0] if len(plain) == 1 else pd.concat(plain, ignore_index=True)


def template_firm() -> SimulatedFirm:
    """Simulate the small firm whose tables are the examples of ``data/template``."""
    return simulate_firm(seed=TEMPLATE_SEED, **TEMPLATE)  # type: ignore[arg-type]


def template_tables() -> dict[str, pd.DataFrame]:
    """Return the example tables of ``data/template``."""
    return template_firm().tables


def check_size(seed: int, n_customers: int) -> None:
    """Refuse a seed or a number of customers that is none."""
    for name, value, lowest in (("seed", seed, 0), ("n_customers", n_customers, 1)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < lowest:
            raise SettingsError(
                f"simulated firm: {name} = {value!r} must be a whole number, {lowest} or more"
            )
