"""The simulated firm as a whole: its tables and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.campaign import draw_campaign, list_responses
from crmstudy.collection.simulate.draws import moments, open_stream
from crmstudy.collection.simulate.ledger import (
    assemble_transactions,
    draw_products,
    draw_purchases,
    split_into_lines,
)
from crmstudy.collection.simulate.panel import WEIGHTS, draw_judgements
from crmstudy.collection.simulate.parameters import FirmParameters, firm_parameters
from crmstudy.collection.simulate.people import (
    SEGMENT_SHARES,
    SEGMENTS,
    draw_customers,
    draw_people,
)
from crmstudy.collection.simulate.service import add_up_costs, draw_contacts
from crmstudy.collection.simulate.survey import (
    ITEMS,
    discretisation_factor,
    draw_latent_scores,
    draw_survey,
    explained_variances,
    path_coefficients,
    score_rates,
    total_effects,
)
from crmstudy.errors import SettingsError

# A parameter that starts with one of these belongs to that model, any other to the firm.
MODELS = ("bg_nbd", "gamma_gamma", "campaign", "service", "cost", "survey", "sem", "panel")

TEMPLATE_SEED = 20240101
TEMPLATE: dict[str, float] = {
    "n_customers": 60,
    "bg_nbd_alpha": 32.0,
    "cost_platform_per_month": 50.0,
    "survey_share": 0.8,
    "survey_anonymous": 34,
    "survey_missing": 0.005,
    "panel_experts": 3,
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
        Canonical tables: customers, products, transactions, campaigns, responses,
        contacts, costs, survey, judgements.
    truth : dict of str to float
        What estimators should find, by names such as ``bg_nbd.r``.
    people : DataFrame of shape (n_customers, 12)
        What no table shows of each customer: segment, prospect, purchase_rate (per
        week), dropout_probability, mean_spend, left_on (day of the purchase after
        which the customer left; missing while active), and the latent scores.
    """

    seed: int
    n_customers: int
    parameters: FirmParameters
    tables: dict[str, pd.DataFrame]
    truth: dict[str, float]
    people: pd.DataFrame

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
    on the seed and on the table's name alone.

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
    day. The campaign adds purchases in the last 12 weeks only; the 92 weeks before
    are the undisturbed process. Amounts are rounded to cents, answers to points of the
    scale, judgements to Saaty's scale, response times to minutes. There is no season
    and no trend beside the growing number of customers.
    """
    _require_whole("seed", seed, lowest=0)
    _require_whole("n_customers", n_customers, lowest=1)
    firm = firm_parameters(**parameters)
    people = draw_people(open_stream(seed, "people"), n_customers, firm)
    rate_score = score_rates(people["purchase_rate"], firm)
    latent = draw_latent_scores(open_stream(seed, "latent scores"), rate_score, firm)
    people = pd.concat([people, latent], axis=1)
    purchases, left_day = draw_purchases(open_stream(seed, "purchases"), people, firm)
    left_on = pd.Series(moments(left_day)).where(left_day >= 0)
    return SimulatedFirm(
        seed=seed,
        n_customers=n_customers,
        parameters=firm,
        tables=_draw_tables(seed, people, purchases, firm),
        truth=_true_values(firm),
        people=people.drop(columns="first_day").assign(left_on=left_on),
    )


def template_tables() -> dict[str, pd.DataFrame]:
    """Simulate the small firm whose tables are the examples of ``data/template``."""
    return simulate_firm(seed=TEMPLATE_SEED, **TEMPLATE).tables  # type: ignore[arg-type]


def _require_whole(name: str, value: int, *, lowest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < lowest:
        raise SettingsError(
            f"simulated firm: {name} = {value!r} must be a whole number, {lowest} or more"
        )


def _draw_tables(
    seed: int, people: pd.DataFrame, purchases: pd.DataFrame, firm: FirmParameters
) -> dict[str, pd.DataFrame]:
    customers = draw_customers(open_stream(seed, "customers"), people)
    people = people.assign(channel=customers["channel"])
    products = draw_products(open_stream(seed, "products"))
    campaigns, extra = draw_campaign(open_stream(seed, "campaigns"), people, firm)
    lines = split_into_lines(
        open_stream(seed, "transactions"),
        purchases,
        people,
        products,
        same_day_share=firm.same_day_share,
    )
    # An added purchase is always one basket, so that the effect on baskets is exact.
    extra_lines = split_into_lines(
        open_stream(seed, "campaign transactions"),
        extra,
        people,
        products,
        same_day_share=0.0,
    )
    contacts = draw_contacts(open_stream(seed, "contacts"), purchases, people, firm)
    return {
        "customers": customers,
        "products": products.drop(columns="list_price"),
        "transactions": assemble_transactions([lines, extra_lines], people, products),
        "campaigns": campaigns,
        "responses": list_responses(extra_lines, people),
        "contacts": contacts,
        "costs": add_up_costs(customers, campaigns, contacts, firm),
        "survey": draw_survey(open_stream(seed, "survey"), people, firm),
        "judgements": draw_judgements(open_stream(seed, "judgements"), firm),
    }


def _true_values(firm: FirmParameters) -> dict[str, float]:
    """Gather what estimators should find, parameters and what follows from them."""
    return {
        **_renamed_parameters(firm),
        **_true_effects(firm),
        **{
            f"segment.{n.replace(' ', '_')}": s
            for n, s in zip(SEGMENTS, SEGMENT_SHARES, strict=True)
        },
        **_true_survey(firm),
        **{
            f"ahp.{matrix}.{name}": weight
            for matrix, weights in WEIGHTS.items()
            for name, weight in weights.items()
        },
    }


def _renamed_parameters(firm: FirmParameters) -> dict[str, float]:
    """Name each parameter ``<model>.<quantity>``: ``bg_nbd_r`` becomes ``bg_nbd.r``."""
    truth = {}
    for known in fields(firm):
        model = next((m for m in MODELS if known.name.startswith(f"{m}_")), "firm")
        truth[f"{model}.{known.name.removeprefix(f'{model}_')}"] = float(getattr(firm, known.name))
    return truth


def _true_effects(firm: FirmParameters) -> dict[str, float]:
    """Work out the campaign's effects per treated customer over its 12 weeks."""
    mean_spend = firm.gamma_gamma_p * firm.gamma_gamma_v / (firm.gamma_gamma_q - 1)
    return {
        "gamma_gamma.mean_spend": mean_spend,
        "did.purchase_effect": float(firm.campaign_purchases),
        "did.revenue_effect": firm.campaign_purchases * mean_spend,
        "campaign.response_rate": float(-np.expm1(-firm.campaign_purchases)),
    }


def _true_survey(firm: FirmParameters) -> dict[str, float]:
    """Work out loadings, explained variances and total effects of the latent model."""
    truth = {}
    for name, item in ITEMS.items():
        observed = item.loading * discretisation_factor(item.mean)
        truth[f"sem.loading.{name.lower()}"] = item.loading
        truth[f"sem.observed_loading.{name.lower()}"] = observed
    paths = path_coefficients(firm)
    truth |= {f"sem.r2.{name}": share for name, share in explained_variances(paths).items()}
    return truth | {
        f"sem.total.{source}_{target}": effect
        for (source, target), effect in total_effects(paths).items()
    }
