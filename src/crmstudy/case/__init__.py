"""Chapter 07, case study: background, effect of measures, return, implementation."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.case.background.card import describe_firm
    from crmstudy.case.background.practice import compare_benchmarks
    from crmstudy.case.campaigns.averages import average_groups
    from crmstudy.case.campaigns.campaign import (
        Campaign,
        average_windows,
        find_campaign,
        flag_treated,
        trace_leads,
    )
    from crmstudy.case.campaigns.panel import build_panel
    from crmstudy.case.campaigns.segments import choose_segments
    from crmstudy.case.campaigns.timeline import trace_campaigns
    from crmstudy.case.campaigns.windows import plan_windows
    from crmstudy.case.comparison.adjusted import adjust_comparison, eve_of, rehearse
    from crmstudy.case.comparison.balance import BalanceResult, balance_treated
    from crmstudy.case.comparison.confounding import judge_confounding
    from crmstudy.case.comparison.covariates import gather_covariates
    from crmstudy.case.comparison.propensity import fit_propensity
    from crmstudy.case.effects.did import DidResult, estimate_did
    from crmstudy.case.effects.event import estimate_event
    from crmstudy.case.effects.heterogeneity import compare_segments
    from crmstudy.case.effects.honest import bound_effect
    from crmstudy.case.effects.placebos import run_placebos
    from crmstudy.case.effects.pretest_power import plan_pretest
    from crmstudy.case.effects.pretrend import Pretrend, examine_pretrend
    from crmstudy.case.effects.resampling import resample_effect
    from crmstudy.case.effects.unmoved import build_unmoved
    from crmstudy.case.effects.variations import vary_effect
    from crmstudy.case.experiment.experiment import line_up_estimates, run_experiment
    from crmstudy.case.experiment.outcomes import gather_outcomes, read_intended_share
    from crmstudy.case.implementation.checklist import score_implementation
    from crmstudy.case.implementation.path import list_phases
    from crmstudy.case.implementation.staff import score_staff
    from crmstudy.case.implementation.windows import measure_around
    from crmstudy.case.returns.benefit import choose_estimate, value_effect
    from crmstudy.case.returns.plan import plan_cash_flows
    from crmstudy.case.returns.sensitivity import draw_returns, vary_assumptions, vary_two
    from crmstudy.case.returns.worth import appraise_returns, find_break_even
    from crmstudy.case.series.interruption import fit_interruptions
    from crmstudy.case.series.windows import (
        find_change_day,
        join_series,
        sum_purchases,
        sum_service,
    )
    from crmstudy.case.service.complaints import compare_complaints, list_shares
    from crmstudy.case.service.waiting import compare_waits
    from crmstudy.case.service.waits import time_tickets

_HOME = {
    "BalanceResult": "comparison.balance",
    "Campaign": "campaigns.campaign",
    "DidResult": "effects.did",
    "Pretrend": "effects.pretrend",
    "adjust_comparison": "comparison.adjusted",
    "appraise_returns": "returns.worth",
    "average_groups": "campaigns.averages",
    "average_windows": "campaigns.campaign",
    "balance_treated": "comparison.balance",
    "bound_effect": "effects.honest",
    "build_panel": "campaigns.panel",
    "build_unmoved": "effects.unmoved",
    "choose_estimate": "returns.benefit",
    "choose_segments": "campaigns.segments",
    "compare_benchmarks": "background.practice",
    "compare_complaints": "service.complaints",
    "compare_segments": "effects.heterogeneity",
    "compare_waits": "service.waiting",
    "describe_firm": "background.card",
    "draw_returns": "returns.sensitivity",
    "estimate_did": "effects.did",
    "estimate_event": "effects.event",
    "eve_of": "comparison.adjusted",
    "examine_pretrend": "effects.pretrend",
    "find_break_even": "returns.worth",
    "find_campaign": "campaigns.campaign",
    "find_change_day": "series.windows",
    "fit_interruptions": "series.interruption",
    "fit_propensity": "comparison.propensity",
    "flag_treated": "campaigns.campaign",
    "gather_covariates": "comparison.covariates",
    "gather_outcomes": "experiment.outcomes",
    "join_series": "series.windows",
    "judge_confounding": "comparison.confounding",
    "line_up_estimates": "experiment.experiment",
    "list_phases": "implementation.path",
    "list_shares": "service.complaints",
    "measure_around": "implementation.windows",
    "plan_cash_flows": "returns.plan",
    "plan_pretest": "effects.pretest_power",
    "plan_windows": "campaigns.windows",
    "read_intended_share": "experiment.outcomes",
    "rehearse": "comparison.adjusted",
    "resample_effect": "effects.resampling",
    "run_experiment": "experiment.experiment",
    "run_placebos": "effects.placebos",
    "score_implementation": "implementation.checklist",
    "score_staff": "implementation.staff",
    "sum_purchases": "series.windows",
    "sum_service": "series.windows",
    "time_tickets": "service.waits",
    "trace_campaigns": "campaigns.timeline",
    "trace_leads": "campaigns.campaign",
    "value_effect": "returns.benefit",
    "vary_assumptions": "returns.sensitivity",
    "vary_effect": "effects.variations",
    "vary_two": "returns.sensitivity",
}

__all__ = [
    "BalanceResult",
    "Campaign",
    "DidResult",
    "Pretrend",
    "adjust_comparison",
    "appraise_returns",
    "average_groups",
    "average_windows",
    "balance_treated",
    "bound_effect",
    "build_panel",
    "build_unmoved",
    "choose_estimate",
    "choose_segments",
    "compare_benchmarks",
    "compare_complaints",
    "compare_segments",
    "compare_waits",
    "describe_firm",
    "draw_returns",
    "estimate_did",
    "estimate_event",
    "eve_of",
    "examine_pretrend",
    "find_break_even",
    "find_campaign",
    "find_change_day",
    "fit_interruptions",
    "fit_propensity",
    "flag_treated",
    "gather_covariates",
    "gather_outcomes",
    "join_series",
    "judge_confounding",
    "line_up_estimates",
    "list_phases",
    "list_shares",
    "measure_around",
    "plan_cash_flows",
    "plan_pretest",
    "plan_windows",
    "read_intended_share",
    "rehearse",
    "resample_effect",
    "run_experiment",
    "run_placebos",
    "score_implementation",
    "score_staff",
    "sum_purchases",
    "sum_service",
    "time_tickets",
    "trace_campaigns",
    "trace_leads",
    "value_effect",
    "vary_assumptions",
    "vary_effect",
    "vary_two",
]

__getattr__ = lazy_names(__name__, _HOME)
