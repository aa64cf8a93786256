"""What is assumed of the simulated firm: its parameters and its calendar."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np

from crmstudy.errors import SettingsError, nearest

# The calendar: 104 weeks from a Monday. Customers join in the first half. Weeks 79-92
# are a hold-out that no campaign has touched, weeks 93-104 are the campaign.
WINDOW_STARTS_ON = np.datetime64("2024-01-01", "D")
WINDOW_DAYS = 104 * 7
JOINING_DAYS = 52 * 7
CALIBRATION_DAYS = 78 * 7
CAMPAIGN_DAY = 92 * 7
SERVICE_CHANGE_DAY = 366  # 2025-01-01: the service desk is reorganised
CALIBRATION_ENDS_ON = WINDOW_STARTS_ON + (CALIBRATION_DAYS - 1)  # 2025-06-29, last day inside
CAMPAIGN_STARTS_ON = WINDOW_STARTS_ON + CAMPAIGN_DAY  # 2025-10-06
SERVICE_CHANGES_ON = WINDOW_STARTS_ON + SERVICE_CHANGE_DAY
WINDOW_ENDS_ON = WINDOW_STARTS_ON + (WINDOW_DAYS - 1)  # 2025-12-28

_RULES: dict[str, Callable[[float], bool]] = {
    "a number": lambda value: True,
    "positive": lambda value: value > 0,
    "above 1": lambda value: value > 1,
    "0 or more": lambda value: value >= 0,
    "between 0 and 1": lambda value: 0 <= value <= 1,
    "between -1 and 1": lambda value: -1 <= value <= 1,
    "a whole number, 0 or more": lambda value: value >= 0 and value == int(value),
    "a whole number, 1 or more": lambda value: value >= 1 and value == int(value),
}


def _ruled(default: float, rule: str = "positive") -> Any:
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class FirmParameters:
    """Every number the simulated firm is made from, with a default for each.

    Parameters
    ----------
    prospect_share : float
        Share of the registered customers who never buy.
    bg_nbd_r, bg_nbd_alpha : float
        Shape and rate of the gamma distribution of purchase rates, per week.
    bg_nbd_a, bg_nbd_b : float
        Beta distribution of the probability to leave after a repeat purchase.
    gamma_gamma_p, gamma_gamma_q, gamma_gamma_v : float
        Spend of a purchase is gamma(p, rate nu), nu is gamma(q, rate v).
    same_day_share : float
        Share of purchase days on which the customer fills a second basket; the
        spend of the day is split, so purchases must be merged by day.
    campaign_share, campaign_treated_share : float
        Share of the buyers in the experiment, and of those the treated.
    campaign_purchases : float
        Mean number of purchases that the campaign adds to a treated customer.
    service_ticket_share : float
        Probability that a purchase day is followed by a service ticket.
    service_response_hours_before, service_response_hours_after : float
        Median hours to the first response before and after the reorganisation.
    service_response_sigma : float
        Standard deviation of the logarithm of response and resolution times.
    service_resolution_hours : float
        Median hours from first response to resolution.
    service_complaint_intercept, service_complaint_slope : float
        Log odds that a ticket is a complaint, at mean satisfaction and per standard
        deviation of latent satisfaction.
    service_chinese_share : float
        Share of the customers who write in Chinese, the others in English.
    cost_service_per_ticket, cost_care_per_customer, cost_platform_per_month, \
    cost_campaign_per_customer : float
        Unit costs of the monthly ledger: per ticket opened, per customer registered
        so far and month, per month, per treated customer.
    survey_share : float
        Share of the buyers who answer the survey.
    survey_anonymous : int
        Further respondents without a customer_id.
    survey_missing : float
        Probability that an answer is missing, completely at random.
    sem_<source>_<target> : float
        Standardised path from one latent construct to another.
    sem_rate_loyalty : float
        Standardised effect of the customer's purchase rate (as a normal score) on
        latent loyalty; the rate is independent of the other constructs.
    panel_experts : int
        Number of experts who compare the criteria and indicators in pairs.
    panel_noise : float
        Standard deviation of the logarithm of a judgement around the true ratio.
    """

    prospect_share: float = _ruled(0.04, "between 0 and 1")
    bg_nbd_r: float = _ruled(0.9)
    bg_nbd_alpha: float = _ruled(14.0)
    bg_nbd_a: float = _ruled(0.7)
    bg_nbd_b: float = _ruled(3.0)
    gamma_gamma_p: float = _ruled(6.0)
    gamma_gamma_q: float = _ruled(4.0, "above 1")
    gamma_gamma_v: float = _ruled(15.0)
    same_day_share: float = _ruled(0.03, "between 0 and 1")
    campaign_share: float = _ruled(0.6, "between 0 and 1")
    campaign_treated_share: float = _ruled(0.5, "between 0 and 1")
    campaign_purchases: float = _ruled(0.25, "0 or more")
    service_ticket_share: float = _ruled(0.12, "between 0 and 1")
    service_response_hours_before: float = _ruled(8.0)
    service_response_hours_after: float = _ruled(4.0)
    service_response_sigma: float = _ruled(0.8)
    service_resolution_hours: float = _ruled(24.0)
    service_complaint_intercept: float = _ruled(-0.8, "a number")
    service_complaint_slope: float = _ruled(-0.8, "a number")
    service_chinese_share: float = _ruled(0.4, "between 0 and 1")
    cost_service_per_ticket: float = _ruled(9.0, "0 or more")
    cost_care_per_customer: float = _ruled(0.4, "0 or more")
    cost_platform_per_month: float = _ruled(1200.0, "0 or more")
    cost_campaign_per_customer: float = _ruled(2.5, "0 or more")
    survey_share: float = _ruled(0.25, "between 0 and 1")
    survey_anonymous: int = _ruled(0, "a whole number, 0 or more")
    survey_missing: float = _ruled(0.002, "between 0 and 1")
    sem_expectation_quality: float = _ruled(0.5, "between -1 and 1")
    sem_expectation_value: float = _ruled(0.15, "between -1 and 1")
    sem_quality_value: float = _ruled(0.6, "between -1 and 1")
    sem_expectation_satisfaction: float = _ruled(-0.2, "between -1 and 1")
    sem_quality_satisfaction: float = _ruled(0.6, "between -1 and 1")
    sem_value_satisfaction: float = _ruled(0.3, "between -1 and 1")
    sem_satisfaction_loyalty: float = _ruled(0.65, "between -1 and 1")
    sem_rate_loyalty: float = _ruled(0.35, "between -1 and 1")
    panel_experts: int = _ruled(7, "a whole number, 1 or more")
    panel_noise: float = _ruled(0.25, "0 or more")

    def __post_init__(self) -> None:
        for known in fields(self):
            value, rule = getattr(self, known.name), known.metadata["rule"]
            if not _obeys(value, rule):
                raise SettingsError(f"simulated firm: {known.name} = {value!r} must be {rule}")


def _obeys(value: Any, rule: str) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return number and _RULES[rule](value)


def firm_parameters(**parameters: float) -> FirmParameters:
    """Build the parameters from those that differ from the defaults.

    Raises
    ------
    SettingsError
        If a name is unknown or a value breaks its rule.
    """
    known = [known.name for known in fields(FirmParameters)]
    for name in parameters:
        if name not in known:
            raise SettingsError(f"simulated firm: unknown parameter {name!r}{nearest(name, known)}")
    return FirmParameters(**parameters)  # type: ignore[arg-type]
