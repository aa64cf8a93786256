"""What estimators should find in the simulated firm's tables."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy.optimize import minimize

from crmstudy.collection.simulate.charges import true_charges
from crmstudy.collection.simulate.consents import final_consent_rates
from crmstudy.collection.simulate.fieldwork import true_fieldwork
from crmstudy.collection.simulate.interviews import true_agreement
from crmstudy.collection.simulate.latent import (
    explained_variances,
    path_coefficients,
    total_effects,
)
from crmstudy.collection.simulate.ledger import returned_share
from crmstudy.collection.simulate.mystery import true_reliability
from crmstudy.collection.simulate.panel import WEIGHTS
from crmstudy.collection.simulate.parameters import FirmParameters
from crmstudy.collection.simulate.people import (
    REGIONS,
    SEGMENT_SHARES,
    SEGMENTS,
    SEXES,
    dropout_at,
    group_pattern,
    group_shares,
)
from crmstudy.collection.simulate.selection import true_selection
from crmstudy.collection.simulate.staff import true_staff
from crmstudy.collection.simulate.subscriptions import true_subscriptions
from crmstudy.collection.simulate.survey import (
    INNOVATION_ITEMS,
    ITEMS,
    MODERATOR_ITEMS,
    discretisation_factor,
    expected_score,
)

# A parameter that starts with one of these, the first that fits, belongs to that model, any
# other to the firm.
MODELS = (
    *("bg_nbd", "churn", "gamma_gamma", "returns", "person", "consent", "campaign"),
    *("service_fee", "service", "referral", "subscription", "cost"),
    *("survey", "sem", "web", "lead", "interview", "mystery", "staff", "panel", "selection"),
)


def true_values(firm: FirmParameters) -> dict[str, float]:
    """Gather the parameters, by names such as ``bg_nbd.r``, and what follows from them."""
    segments = zip(SEGMENTS.categories, SEGMENT_SHARES, strict=True)
    truth = {
        **_renamed_parameters(firm),
        **_true_purchases(firm),
        **_true_churn(firm),
        **{f"segment.{name.replace(' ', '_')}": share for name, share in segments},
        **_true_groups(firm),
        **{f"consent.final.{name}": rate for name, rate in final_consent_rates(firm).items()},
        "service.delay_satisfaction": firm.sem_delay_satisfaction * firm.service_delay_weight,
        **true_charges(firm),
        **true_subscriptions(firm),
        **_true_survey(firm),
        **true_fieldwork(firm),
        **true_agreement(firm),
        **true_reliability(firm),
        **true_staff(firm),
        **{
            f"ahp.{matrix}.{name}": weight
            for matrix, weights in WEIGHTS.items()
            for name, weight in weights.items()
        },
        **true_selection(),
    }
    return {name: float(value) for name, value in truth.items()}


def _renamed_parameters(firm: FirmParameters) -> dict[str, float]:
    """Name each parameter ``<model>.<quantity>``: ``bg_nbd_r`` becomes ``bg_nbd.r``."""
    truth = {}
    for known in fields(firm):
        model = next((m for m in MODELS if known.name.startswith(f"{m}_")), "firm")
        truth[f"{model}.{known.name.removeprefix(f'{model}_')}"] = float(getattr(firm, known.name))
    return truth


def _true_purchases(firm: FirmParameters) -> dict[str, float]:
    """Work out mean spend, returns, and the campaign's effects over its 12 weeks."""
    mean_spend = firm.gamma_gamma_p * firm.gamma_gamma_v / (firm.gamma_gamma_q - 1)
    given_back = returned_share(firm)
    return {
        "gamma_gamma.mean_spend": mean_spend,
        "returns.spend_share": given_back,
        "returns.net_mean_spend": mean_spend * (1 - given_back),
        "did.purchase_effect": firm.campaign_purchases,
        "did.revenue_effect": firm.campaign_purchases * mean_spend,
        "campaign.response_rate": -np.expm1(-firm.campaign_purchases),
    }


def _true_churn(firm: FirmParameters) -> dict[str, float]:
    """Work out how satisfaction moves the hazard to leave at the first repeat purchase.

    ``churn.dropout.low``, ``mean`` and ``high`` are the mean probabilities to leave of
    customers one standard deviation below, at and above mean satisfaction.
    ``churn.hazard_ratio`` is what a proportional hazards model in discrete time
    (complementary log-log) finds per standard deviation among many customers.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    tie = firm.churn_satisfaction

    def leave(satisfaction: np.ndarray) -> np.ndarray:
        scores = tie * satisfaction[:, None] + np.sqrt(1 - tie**2) * nodes
        return np.asarray(dropout_at(scores, firm) @ weights)

    hazard = leave(nodes)

    def loss(coefficients: np.ndarray) -> float:
        log_stay = -np.exp(np.clip(coefficients[0] + coefficients[1] * nodes, -30, 3))
        log_leave = np.log(-np.expm1(log_stay))
        return float(-weights @ (hazard * log_leave + (1 - hazard) * log_stay))

    slope = minimize(loss, np.array([-1.5, 0.0]), method="BFGS", options={"gtol": 1e-9}).x[1]
    low, middle, high = leave(np.array([-1.0, 0.0, 1.0])).tolist()
    return {
        "churn.hazard_ratio": float(np.exp(slope)),
        "churn.dropout.low": low,
        "churn.dropout.mean": middle,
        "churn.dropout.high": high,
    }


def _true_groups(firm: FirmParameters) -> dict[str, float]:
    """Work out share and mean satisfaction of each region and sex."""
    share, pattern = group_shares(), group_pattern()
    truth = {}
    for axis, levels in ((1, REGIONS.categories), (0, SEXES.categories)):
        total = share.sum(axis=axis)
        mean = firm.sem_group_satisfaction * (share * pattern).sum(axis=axis) / total
        for name, part, score in zip(levels, total, mean, strict=True):
            truth[f"group.share.{name}"] = part
            truth[f"group.satisfaction.{name}"] = score
    return truth


def _true_survey(firm: FirmParameters) -> dict[str, float]:
    """Work out loadings, mean answers, explained variances and effects of the latent model."""
    truth = {}
    for name, item in {**ITEMS, **MODERATOR_ITEMS, **INNOVATION_ITEMS}.items():
        observed = item.loading * discretisation_factor(item.mean)
        truth[f"sem.loading.{name.lower()}"] = item.loading
        truth[f"sem.observed_loading.{name.lower()}"] = observed
        truth[f"survey.mean.{name.lower()}"] = expected_score(item.mean)
    paths = path_coefficients(firm)
    truth |= {f"sem.r2.{name}": share for name, share in explained_variances(paths).items()}
    direct, moderation = firm.sem_satisfaction_loyalty, firm.sem_moderation_loyalty
    truth["sem.satisfaction_loyalty_at_weak_rivals"] = direct - moderation
    truth["sem.satisfaction_loyalty_at_strong_rivals"] = direct + moderation
    return truth | {
        f"sem.total.{source}_{target}": effect
        for (source, target), effect in total_effects(paths).items()
    }
