"""Chapter 07, case study: the effect of improvement measures."""

from crmstudy.case.campaigns.campaign import (
    Campaign,
    average_windows,
    find_campaign,
    flag_treated,
    trace_leads,
)
from crmstudy.case.campaigns.panel import build_panel
from crmstudy.case.comparison.balance import BalanceResult, balance_treated
from crmstudy.case.effects.did import DidResult, estimate_did
from crmstudy.case.effects.pretrend import Pretrend, examine_pretrend

__all__ = [
    "BalanceResult",
    "Campaign",
    "DidResult",
    "Pretrend",
    "average_windows",
    "balance_treated",
    "build_panel",
    "estimate_did",
    "examine_pretrend",
    "find_campaign",
    "flag_treated",
    "trace_leads",
]
