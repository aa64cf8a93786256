"""Chapter 04, customer value: lifetime value, lifecycle, early warning, recommendation."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.value.contractual.contract_value import ContractValue, value_contracts
    from crmstudy.value.contractual.contracts import count_contracts
    from crmstudy.value.contractual.plans import PlanRetention, fit_plans
    from crmstudy.value.contractual.projection import Projection, check_projection
    from crmstudy.value.histories.period import Split, split_period, sum_revenue
    from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
    from crmstudy.value.lifecycle.agreement import StageAgreement, compare_alive, find_alive
    from crmstudy.value.lifecycle.hazards import Hazards, fit_hazards
    from crmstudy.value.lifecycle.lapse import choose_lapse
    from crmstudy.value.lifecycle.lapses import LapseTimes, date_lapses
    from crmstudy.value.lifecycle.stages import Lifecycle, stage_customers
    from crmstudy.value.lifecycle.starts import describe_starts
    from crmstudy.value.lifecycle.survival import (
        GroupSurvival,
        Survival,
        compare_survival,
        estimate_survival,
    )
    from crmstudy.value.lifecycle.transitions import Transitions, estimate_transitions
    from crmstudy.value.lifecycle.variations import vary_stages
    from crmstudy.value.lifetime.clv import LifetimeValue, lifetime_value
    from crmstudy.value.lifetime.expectation import value_customers
    from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult, fit_gamma_gamma
    from crmstudy.value.lifetime.independence import SpendIndependence, examine_independence
    from crmstudy.value.lifetime.intervals import LifetimeIntervals, bound_lifetime_value
    from crmstudy.value.lifetime.parameter_intervals import ParameterIntervals, compare_intervals
    from crmstudy.value.lifetime.planning import plan_value_precision
    from crmstudy.value.lifetime.sensitivity import LifetimeSensitivity, vary_terms
    from crmstudy.value.lifetime.spend_fit import SpendFit, compare_spend
    from crmstudy.value.lifetime.value_map import map_lifetime_value
    from crmstudy.value.purchasing.btyd import (
        BgNbdResult,
        MbgNbdResult,
        ParetoNbdResult,
        PurchaseResult,
        fit_bg_nbd,
        fit_mbg_nbd,
        fit_pareto_nbd,
    )
    from crmstudy.value.purchasing.parameters import (
        tabulate_fit_checks,
        tabulate_heterogeneity,
        tabulate_parameters,
    )
    from crmstudy.value.recommendation.ab_test import (
        ConversionPlan,
        collect_base_rates,
        plan_conversion_test,
        trace_sample_size,
    )
    from crmstudy.value.recommendation.campaign_groups import CampaignTests, compare_campaign_groups
    from crmstudy.value.recommendation.recommend import Recommendations, recommend_items
    from crmstudy.value.recommendation.trial import RecommendationTrial, try_recommenders
    from crmstudy.value.recommendation.trial_windows import plan_recommendation_trial
    from crmstudy.value.validation.choice import ModelChoice, choose_model
    from crmstudy.value.validation.conditional import (
        AliveCalibration,
        calibrate_alive,
        expect_by_group,
    )
    from crmstudy.value.validation.forecasts import choose_hiatus
    from crmstudy.value.validation.holdout import (
        HoldoutComparison,
        Tracking,
        compare_holdout,
        track_purchases,
    )
    from crmstudy.value.validation.refit import WholePeriod, refit
    from crmstudy.value.validation.revenue import RevenueTest, compare_revenue
    from crmstudy.value.validation.rolling import RollingChoice, roll_origins
    from crmstudy.value.validation.tracking import track_models
    from crmstudy.value.warning.alerts import AlertList, raise_alerts
    from crmstudy.value.warning.contacts import ContactPlan, plan_contacts
    from crmstudy.value.warning.data import build_warning_data
    from crmstudy.value.warning.judging import Assessment, assess_warnings
    from crmstudy.value.warning.reasons import rank_importance
    from crmstudy.value.warning.rolling import WarningModels, fit_warnings
    from crmstudy.value.warning.terms import price_contacts
    from crmstudy.value.worth.concentration import Concentration, concentrate
    from crmstudy.value.worth.decompose import decompose_value
    from crmstudy.value.worth.decomposition import ValueDecomposition
    from crmstudy.value.worth.margin import Margin, observe_margin
    from crmstudy.value.worth.top_share import ConcentrationBounds, bound_concentration
    from crmstudy.value.worth.whale import WhaleCurve, trace_whale

_HOME = {
    "plan_value_precision": "lifetime.planning",
    "AlertList": "warning.alerts",
    "AliveCalibration": "validation.conditional",
    "Assessment": "warning.judging",
    "BgNbdResult": "purchasing.btyd",
    "CampaignTests": "recommendation.campaign_groups",
    "Concentration": "worth.concentration",
    "ConcentrationBounds": "worth.top_share",
    "ContactPlan": "warning.contacts",
    "ContractValue": "contractual.contract_value",
    "ConversionPlan": "recommendation.ab_test",
    "GammaGammaResult": "lifetime.gamma_gamma",
    "GroupSurvival": "lifecycle.survival",
    "Hazards": "lifecycle.hazards",
    "HoldoutComparison": "validation.holdout",
    "LapseTimes": "lifecycle.lapses",
    "Lifecycle": "lifecycle.stages",
    "LifetimeIntervals": "lifetime.intervals",
    "LifetimeSensitivity": "lifetime.sensitivity",
    "LifetimeValue": "lifetime.clv",
    "Margin": "worth.margin",
    "MbgNbdResult": "purchasing.btyd",
    "ModelChoice": "validation.choice",
    "ParameterIntervals": "lifetime.parameter_intervals",
    "ParetoNbdResult": "purchasing.btyd",
    "PlanRetention": "contractual.plans",
    "Projection": "contractual.projection",
    "PurchaseResult": "purchasing.btyd",
    "PurchaseSummary": "histories.purchases",
    "RecommendationTrial": "recommendation.trial",
    "Recommendations": "recommendation.recommend",
    "RevenueTest": "validation.revenue",
    "RollingChoice": "validation.rolling",
    "SpendFit": "lifetime.spend_fit",
    "SpendIndependence": "lifetime.independence",
    "Split": "histories.period",
    "StageAgreement": "lifecycle.agreement",
    "Survival": "lifecycle.survival",
    "Tracking": "validation.holdout",
    "Transitions": "lifecycle.transitions",
    "ValueDecomposition": "worth.decomposition",
    "WarningModels": "warning.rolling",
    "WhaleCurve": "worth.whale",
    "WholePeriod": "validation.refit",
    "assess_warnings": "warning.judging",
    "bound_concentration": "worth.top_share",
    "bound_lifetime_value": "lifetime.intervals",
    "build_warning_data": "warning.data",
    "calibrate_alive": "validation.conditional",
    "check_projection": "contractual.projection",
    "choose_hiatus": "validation.forecasts",
    "choose_lapse": "lifecycle.lapse",
    "choose_model": "validation.choice",
    "collect_base_rates": "recommendation.ab_test",
    "compare_alive": "lifecycle.agreement",
    "compare_campaign_groups": "recommendation.campaign_groups",
    "compare_holdout": "validation.holdout",
    "compare_intervals": "lifetime.parameter_intervals",
    "compare_revenue": "validation.revenue",
    "compare_spend": "lifetime.spend_fit",
    "compare_survival": "lifecycle.survival",
    "concentrate": "worth.concentration",
    "count_contracts": "contractual.contracts",
    "date_lapses": "lifecycle.lapses",
    "decompose_value": "worth.decompose",
    "describe_starts": "lifecycle.starts",
    "estimate_survival": "lifecycle.survival",
    "estimate_transitions": "lifecycle.transitions",
    "examine_independence": "lifetime.independence",
    "expect_by_group": "validation.conditional",
    "find_alive": "lifecycle.agreement",
    "fit_bg_nbd": "purchasing.btyd",
    "fit_gamma_gamma": "lifetime.gamma_gamma",
    "fit_hazards": "lifecycle.hazards",
    "fit_mbg_nbd": "purchasing.btyd",
    "fit_pareto_nbd": "purchasing.btyd",
    "fit_plans": "contractual.plans",
    "fit_warnings": "warning.rolling",
    "lifetime_value": "lifetime.clv",
    "map_lifetime_value": "lifetime.value_map",
    "observe_margin": "worth.margin",
    "plan_contacts": "warning.contacts",
    "plan_conversion_test": "recommendation.ab_test",
    "plan_recommendation_trial": "recommendation.trial_windows",
    "price_contacts": "warning.terms",
    "raise_alerts": "warning.alerts",
    "rank_importance": "warning.reasons",
    "recommend_items": "recommendation.recommend",
    "refit": "validation.refit",
    "roll_origins": "validation.rolling",
    "split_period": "histories.period",
    "stage_customers": "lifecycle.stages",
    "sum_revenue": "histories.period",
    "summarise_purchases": "histories.purchases",
    "tabulate_fit_checks": "purchasing.parameters",
    "tabulate_heterogeneity": "purchasing.parameters",
    "tabulate_parameters": "purchasing.parameters",
    "trace_sample_size": "recommendation.ab_test",
    "trace_whale": "worth.whale",
    "track_models": "validation.tracking",
    "track_purchases": "validation.holdout",
    "try_recommenders": "recommendation.trial",
    "value_contracts": "contractual.contract_value",
    "value_customers": "lifetime.expectation",
    "vary_stages": "lifecycle.variations",
    "vary_terms": "lifetime.sensitivity",
}

__all__ = [
    "AlertList",
    "AliveCalibration",
    "Assessment",
    "BgNbdResult",
    "CampaignTests",
    "Concentration",
    "ConcentrationBounds",
    "ContactPlan",
    "ContractValue",
    "ConversionPlan",
    "GammaGammaResult",
    "GroupSurvival",
    "Hazards",
    "HoldoutComparison",
    "LapseTimes",
    "Lifecycle",
    "LifetimeIntervals",
    "LifetimeSensitivity",
    "LifetimeValue",
    "Margin",
    "MbgNbdResult",
    "ModelChoice",
    "ParameterIntervals",
    "ParetoNbdResult",
    "PlanRetention",
    "Projection",
    "PurchaseResult",
    "PurchaseSummary",
    "RecommendationTrial",
    "Recommendations",
    "RevenueTest",
    "RollingChoice",
    "SpendFit",
    "SpendIndependence",
    "Split",
    "StageAgreement",
    "Survival",
    "Tracking",
    "Transitions",
    "ValueDecomposition",
    "WarningModels",
    "WhaleCurve",
    "WholePeriod",
    "assess_warnings",
    "bound_concentration",
    "bound_lifetime_value",
    "build_warning_data",
    "calibrate_alive",
    "check_projection",
    "choose_hiatus",
    "choose_lapse",
    "choose_model",
    "collect_base_rates",
    "compare_alive",
    "compare_campaign_groups",
    "compare_holdout",
    "compare_intervals",
    "compare_revenue",
    "compare_spend",
    "compare_survival",
    "concentrate",
    "count_contracts",
    "date_lapses",
    "decompose_value",
    "describe_starts",
    "estimate_survival",
    "estimate_transitions",
    "examine_independence",
    "expect_by_group",
    "find_alive",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_hazards",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "fit_plans",
    "fit_warnings",
    "lifetime_value",
    "map_lifetime_value",
    "observe_margin",
    "plan_contacts",
    "plan_conversion_test",
    "plan_recommendation_trial",
    "plan_value_precision",
    "price_contacts",
    "raise_alerts",
    "rank_importance",
    "recommend_items",
    "refit",
    "roll_origins",
    "split_period",
    "stage_customers",
    "sum_revenue",
    "summarise_purchases",
    "tabulate_fit_checks",
    "tabulate_heterogeneity",
    "tabulate_parameters",
    "trace_sample_size",
    "trace_whale",
    "track_models",
    "track_purchases",
    "try_recommenders",
    "value_contracts",
    "value_customers",
    "vary_stages",
    "vary_terms",
]

__getattr__ = lazy_names(__name__, _HOME)
