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
# are a hold-out that no campaign has touched, weeks 93-104 are the campaign. The survey
# runs in the five weeks before the campaign.
WINDOW_STARTS_ON = np.datetime64("2024-01-01", "D")
WINDOW_DAYS = 104 * 7
JOINING_DAYS = 52 * 7
CALIBRATION_DAYS = 78 * 7
CAMPAIGN_DAY = 92 * 7
SURVEY_DAY = 87 * 7
REMINDER_DAYS = 14  # from invitation to reminder
SERVICE_CHANGE_DAY = 366  # 2025-01-01: the service desk is reorganised
CALIBRATION_ENDS_ON = WINDOW_STARTS_ON + (CALIBRATION_DAYS - 1)  # 2025-06-29, last day inside
CAMPAIGN_STARTS_ON = WINDOW_STARTS_ON + CAMPAIGN_DAY  # 2025-10-06
SERVICE_CHANGES_ON = WINDOW_STARTS_ON + SERVICE_CHANGE_DAY
SURVEY_STARTS_ON = WINDOW_STARTS_ON + SURVEY_DAY  # 2025-09-01
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

SHARE, SIGNED, NO_LESS = "between 0 and 1", "between -1 and 1", "0 or more"
COUNT = "a whole number, 0 or more"


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
    churn_satisfaction : float
        Correlation of that probability, as a normal score, with latent satisfaction:
        a copula, which leaves the beta distribution as it is.
    gamma_gamma_p, gamma_gamma_q, gamma_gamma_v : float
        Spend of a purchase before returns is gamma(p, rate nu), nu is gamma(q, rate v).
    same_day_share : float
        Share of purchase days on which the customer fills a second basket; the
        spend of the day is split, so purchases must be merged by day.
    returns_share : float
        Probability that one line of a basket of several is given back.
    returns_cancelled_share : float
        Probability that a basket has a further line that was cancelled.
    person_chinese_share : float
        Share of the customers with a Chinese name, who write in Chinese; the others
        have Western names and write in English.
    person_test_share, person_duplicate_share : float
        Share of the customer records that are test customers, and that register a
        person a second time. Neither ever buys, but for the test customers' orders.
    person_email_missing, person_phone_missing : float
        Share of the customers who gave no e-mail address, no telephone number.
    person_typo_share, person_moved_share, person_blank_share : float
        When a person is recorded again (a lead, a second registration): probability
        that the name is written differently; of each of e-mail address and telephone
        number that it is another one; of each of e-mail address, telephone number,
        postcode and year of birth that it is missing.
    consent_analysis, consent_marketing, consent_survey, consent_sharing : float
        Share of the customers who consent to the purpose at registration.
    consent_changed_share : float
        Share of these decisions that are turned round later.
    campaign_share, campaign_treated_share : float
        Share of the buyers in the experiment (only such as consent to marketing), and
        of those the treated.
    campaign_purchases : float
        Mean number of purchases that the campaign adds to a treated customer.
    service_ticket_share : float
        Probability that a purchase day is followed by a service ticket.
    service_response_hours_before, service_response_hours_after : float
        Median hours to the first response before and after the reorganisation, of a
        customer of mean luck.
    service_response_sigma : float
        Standard deviation of the logarithm of response and resolution times.
    service_delay_weight : float
        Correlation of the logarithm of a response time with the customer's latent
        delay, by which some are always served more slowly than others.
    service_resolution_hours : float
        Median hours from first response to resolution.
    service_complaint_intercept, service_complaint_slope : float
        Log odds that a ticket is a complaint, at mean satisfaction and per standard
        deviation of latent satisfaction.
    service_unknown_share : float
        Share of the tickets without a customer_id.
    service_signed_share : float
        Share of the tickets that the customer signs with name and e-mail address.
    service_fee_share : float
        Probability that a question asking for advice is charged; on other topics it is a
        fixed part of it, and complaints are free.
    service_fee_mean, service_fee_shape : float
        Gamma distribution of what is charged: mean and shape.
    cost_service_per_ticket, cost_care_per_customer, cost_platform_per_month, \
    cost_campaign_per_customer : float
        Unit costs of the monthly ledger: per ticket opened, per customer registered
        so far and month, per month, per treated customer. The first is also the mean of
        the cost that stands beside each ticket.
    referral_share : float
        Share of the buyers who came on the recommendation of an earlier buyer, where
        there was one.
    referral_satisfaction : float
        Logarithm of the factor by which the chance to be the one who recommended grows
        with each standard deviation of latent satisfaction.
    subscription_share : float
        Share of the buyers who join the tea club.
    subscription_gamma, subscription_delta : float
        Beta distribution of a contract's probability to be ended at the end of a month.
    survey_share : float
        Share of the buyers who are invited (only such as consent to surveys).
    survey_response_intercept, survey_response_slope : float
        Log odds that an invited customer answers: at the mean of the group pattern,
        and per standard deviation of it (see ``sem_group_satisfaction``).
    survey_partial_share : float
        Share of the answers that break off half-way.
    survey_late_share, survey_late_slope : float
        Share of the answers after the reminder, and the correlation of lateness, as a
        normal score, with satisfaction (negative: the dissatisfied answer late).
    survey_comment_share : float
        Share of the respondents who add a comment.
    survey_anonymous : int
        Further respondents without a customer_id, through an open link.
    survey_missing : float
        Probability that an answer is missing, completely at random.
    sem_<source>_<target> : float
        Standardised path from one latent construct to another.
    sem_alternatives_loyalty, sem_moderation_loyalty : float
        Standardised effect on loyalty of the attractiveness of rivals' offers, and of
        its product with satisfaction; it is independent of the other constructs.
    sem_moderation_innovation : float
        Standardised effect on loyalty of the product of satisfaction and perceived product
        innovation, which by itself acts on nothing and is independent of all constructs.
    sem_rate_loyalty : float
        Standardised effect of the customer's purchase rate (as a normal score) on
        latent loyalty; the rate is independent of the other constructs.
    sem_delay_satisfaction : float
        Standardised effect of the customer's latent delay in service on satisfaction.
    sem_group_satisfaction : float
        Standardised effect on satisfaction of the group pattern, a fixed score of
        region and sex with mean 0 and variance 1.
    web_visits : float
        Mean number of visits without purchase, per customer.
    web_anonymous_share : float
        Further visitors who are no customers, as a share of the customers.
    web_search_share, web_view_share, web_cart_share : float
        Probability that a visit without purchase has a search; that it views a
        product; that the product viewed is put into the cart.
    web_known_share : float
        Probability that a customer is logged in on a visit without purchase.
    web_review_share, web_review_satisfaction : float
        Probability that a basket is reviewed, and correlation of the continuous rating
        with satisfaction.
    lead_share : float
        Leads, as a share of the customers.
    lead_conversion, lead_known_share : float
        Probability that a lead has become a customer, and that its record then names
        the customer.
    interview_count, interview_segments : int
        Interviews, and segments of each.
    interview_sensitivity, interview_false_share : float
        Probability that a coder gives a code that fits, and one that does not.
    interview_satisfaction : float
        Log odds by which satisfaction moves the codes that depend on it.
    mystery_visits : int
        Visits of mystery shoppers.
    mystery_both_share : float
        Share of the visits that both assessors score.
    mystery_visit_sd, mystery_error_sd, mystery_assessor_gap : float
        Standard deviation of a visit's true score and of the error of one criterion,
        and difference between the two assessors, in points.
    staff_count : int
        Members of staff who answer.
    staff_<source>_<target> : float
        Standardised path between constructs of the staff survey.
    panel_experts : int
        Number of experts who compare the criteria and indicators in pairs.
    panel_noise : float
        Standard deviation of the logarithm of a judgement around the true ratio.
    selection_raters : int
        Number of raters who rate CRM systems from 1 to 9.
    selection_rater_sd, selection_error_sd : float
        Standard deviation, in points, of how strict a rater is, and of one rating.
    """

    prospect_share: float = _ruled(0.04, SHARE)
    bg_nbd_r: float = _ruled(0.9)
    bg_nbd_alpha: float = _ruled(14.0)
    bg_nbd_a: float = _ruled(0.7)
    bg_nbd_b: float = _ruled(3.0)
    churn_satisfaction: float = _ruled(-0.4, SIGNED)
    gamma_gamma_p: float = _ruled(6.0)
    gamma_gamma_q: float = _ruled(4.0, "above 1")
    gamma_gamma_v: float = _ruled(15.0)
    same_day_share: float = _ruled(0.03, SHARE)
    returns_share: float = _ruled(0.04, SHARE)
    returns_cancelled_share: float = _ruled(0.01, SHARE)
    person_chinese_share: float = _ruled(0.4, SHARE)
    person_test_share: float = _ruled(0.003, SHARE)
    person_duplicate_share: float = _ruled(0.01, SHARE)
    person_email_missing: float = _ruled(0.05, SHARE)
    person_phone_missing: float = _ruled(0.1, SHARE)
    person_typo_share: float = _ruled(0.15, SHARE)
    person_moved_share: float = _ruled(0.15, SHARE)
    person_blank_share: float = _ruled(0.15, SHARE)
    consent_analysis: float = _ruled(0.96, SHARE)
    consent_marketing: float = _ruled(0.75, SHARE)
    consent_survey: float = _ruled(0.85, SHARE)
    consent_sharing: float = _ruled(0.25, SHARE)
    consent_changed_share: float = _ruled(0.02, SHARE)
    campaign_share: float = _ruled(0.6, SHARE)
    campaign_treated_share: float = _ruled(0.5, SHARE)
    campaign_purchases: float = _ruled(0.25, NO_LESS)
    service_ticket_share: float = _ruled(0.12, SHARE)
    service_response_hours_before: float = _ruled(8.0)
    service_response_hours_after: float = _ruled(4.0)
    service_response_sigma: float = _ruled(0.8)
    service_delay_weight: float = _ruled(0.6, SHARE)
    service_resolution_hours: float = _ruled(24.0)
    service_complaint_intercept: float = _ruled(-0.8, "a number")
    service_complaint_slope: float = _ruled(-0.8, "a number")
    service_unknown_share: float = _ruled(0.08, SHARE)
    service_signed_share: float = _ruled(0.03, SHARE)
    service_fee_share: float = _ruled(0.5, SHARE)
    service_fee_mean: float = _ruled(16.0)
    service_fee_shape: float = _ruled(4.0)
    cost_service_per_ticket: float = _ruled(9.0, NO_LESS)
    cost_care_per_customer: float = _ruled(0.4, NO_LESS)
    cost_platform_per_month: float = _ruled(1200.0, NO_LESS)
    cost_campaign_per_customer: float = _ruled(2.5, NO_LESS)
    referral_share: float = _ruled(0.25, SHARE)
    referral_satisfaction: float = _ruled(0.6, "a number")
    subscription_share: float = _ruled(0.15, SHARE)
    subscription_gamma: float = _ruled(0.9)
    subscription_delta: float = _ruled(6.0)
    survey_share: float = _ruled(0.65, SHARE)
    survey_response_intercept: float = _ruled(-0.2, "a number")
    survey_response_slope: float = _ruled(0.5, "a number")
    survey_partial_share: float = _ruled(0.03, SHARE)
    survey_late_share: float = _ruled(0.35, SHARE)
    survey_late_slope: float = _ruled(-0.25, SIGNED)
    survey_comment_share: float = _ruled(0.2, SHARE)
    survey_anonymous: int = _ruled(0, COUNT)
    survey_missing: float = _ruled(0.002, SHARE)
    sem_expectation_quality: float = _ruled(0.5, SIGNED)
    sem_expectation_value: float = _ruled(0.15, SIGNED)
    sem_quality_value: float = _ruled(0.6, SIGNED)
    sem_expectation_satisfaction: float = _ruled(-0.2, SIGNED)
    sem_quality_satisfaction: float = _ruled(0.6, SIGNED)
    sem_value_satisfaction: float = _ruled(0.3, SIGNED)
    sem_satisfaction_loyalty: float = _ruled(0.65, SIGNED)
    sem_alternatives_loyalty: float = _ruled(-0.15, SIGNED)
    sem_moderation_loyalty: float = _ruled(-0.2, SIGNED)
    sem_moderation_innovation: float = _ruled(0.0, SIGNED)
    sem_rate_loyalty: float = _ruled(0.35, SIGNED)
    sem_delay_satisfaction: float = _ruled(-0.2, SIGNED)
    sem_group_satisfaction: float = _ruled(0.25, SIGNED)
    web_visits: float = _ruled(1.0, NO_LESS)
    web_anonymous_share: float = _ruled(0.5, NO_LESS)
    web_search_share: float = _ruled(0.2, SHARE)
    web_view_share: float = _ruled(0.6, SHARE)
    web_cart_share: float = _ruled(0.2, SHARE)
    web_known_share: float = _ruled(0.6, SHARE)
    web_review_share: float = _ruled(0.05, SHARE)
    web_review_satisfaction: float = _ruled(0.6, SIGNED)
    lead_share: float = _ruled(0.1, SHARE)
    lead_conversion: float = _ruled(0.3, SHARE)
    lead_known_share: float = _ruled(0.4, SHARE)
    interview_count: int = _ruled(24, COUNT)
    interview_segments: int = _ruled(10, COUNT)
    interview_sensitivity: float = _ruled(0.85, SHARE)
    interview_false_share: float = _ruled(0.03, SHARE)
    interview_satisfaction: float = _ruled(0.8, NO_LESS)
    mystery_visits: int = _ruled(60, COUNT)
    mystery_both_share: float = _ruled(0.5, SHARE)
    mystery_visit_sd: float = _ruled(0.9, NO_LESS)
    mystery_error_sd: float = _ruled(1.2, NO_LESS)
    mystery_assessor_gap: float = _ruled(0.4, NO_LESS)
    staff_count: int = _ruled(120, COUNT)
    staff_ease_usefulness: float = _ruled(0.5, SIGNED)
    staff_ease_resistance: float = _ruled(-0.25, SIGNED)
    staff_usefulness_resistance: float = _ruled(-0.4, SIGNED)
    panel_experts: int = _ruled(7, "a whole number, 1 or more")
    panel_noise: float = _ruled(0.25, NO_LESS)
    selection_raters: int = _ruled(8, "a whole number, 1 or more")
    selection_rater_sd: float = _ruled(0.5, NO_LESS)
    selection_error_sd: float = _ruled(0.8, NO_LESS)

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
