"""Chapter 04, customer value: lifetime value, lifecycle, early warning, recommendation."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.value.histories.period import (
        ShareInterval,
        Split,
        bootstrap_share,
        split_period,
        sum_revenue,
    )
    from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
    from crmstudy.value.lifetime.clv import LifetimeValue, lifetime_value
    from crmstudy.value.lifetime.expectation import value_customers
    from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult, fit_gamma_gamma
    from crmstudy.value.purchasing.btyd import (
        BgNbdResult,
        ParetoNbdResult,
        PurchaseResult,
        fit_bg_nbd,
        fit_pareto_nbd,
    )
    from crmstudy.value.purchasing.rivals import compare_models
    from crmstudy.value.validation.holdout import (
        HoldoutComparison,
        Tracking,
        compare_holdout,
        track_purchases,
    )
    from crmstudy.value.worth.concentration import Concentration, concentrate

_HOME = {
    "BgNbdResult": "purchasing.btyd",
    "Concentration": "worth.concentration",
    "GammaGammaResult": "lifetime.gamma_gamma",
    "HoldoutComparison": "validation.holdout",
    "LifetimeValue": "lifetime.clv",
    "ParetoNbdResult": "purchasing.btyd",
    "PurchaseResult": "purchasing.btyd",
    "PurchaseSummary": "histories.purchases",
    "ShareInterval": "histories.period",
    "Split": "histories.period",
    "Tracking": "validation.holdout",
    "bootstrap_share": "histories.period",
    "compare_holdout": "validation.holdout",
    "compare_models": "purchasing.rivals",
    "concentrate": "worth.concentration",
    "fit_bg_nbd": "purchasing.btyd",
    "fit_gamma_gamma": "lifetime.gamma_gamma",
    "fit_pareto_nbd": "purchasing.btyd",
    "lifetime_value": "lifetime.clv",
    "split_period": "histories.period",
    "sum_revenue": "histories.period",
    "summarise_purchases": "histories.purchases",
    "track_purchases": "validation.holdout",
    "value_customers": "lifetime.expectation",
}

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

__getattr__ = lazy_names(__name__, _HOME)
