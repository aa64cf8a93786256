"""Chapter 04, customer value: purchase models and lifetime value."""

from crmstudy.value.btyd import (
    BgNbdResult,
    ParetoNbdResult,
    PurchaseResult,
    fit_bg_nbd,
    fit_pareto_nbd,
)
from crmstudy.value.clv import LifetimeValue, lifetime_value
from crmstudy.value.concentration import Concentration, concentrate
from crmstudy.value.expectation import value_customers
from crmstudy.value.gamma_gamma import GammaGammaResult, fit_gamma_gamma
from crmstudy.value.holdout import (
    HoldoutComparison,
    Tracking,
    compare_holdout,
    track_purchases,
)
from crmstudy.value.period import ShareInterval, Split, bootstrap_share, split_period, sum_revenue
from crmstudy.value.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.rivals import compare_models

__all__ = [
    "BgNbdResult",
    "Concentration",
    "GammaGammaResult",
    "HoldoutComparison",
    "LifetimeValue",
    "ParetoNbdResult",
    "PurchaseResult",
    "PurchaseSummary",
    "ShareInterval",
    "Split",
    "Tracking",
    "bootstrap_share",
    "compare_holdout",
    "compare_models",
    "concentrate",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "lifetime_value",
    "split_period",
    "sum_revenue",
    "summarise_purchases",
    "track_purchases",
    "value_customers",
]
