"""Chapter 08, conclusions: verdicts, recommendations, limits and outlook, by stated rules."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.conclusions.evidence import Evidence, collect_caveats
    from crmstudy.conclusions.limits import collect_limits, count_contributions
    from crmstudy.conclusions.multiplicity import adjust_verdicts
    from crmstudy.conclusions.outlook import plan_outlook
    from crmstudy.conclusions.recommendations import SHOWN, recommend, tabulate_rules

_HOME = {
    "Evidence": "evidence",
    "SHOWN": "recommendations",
    "adjust_verdicts": "multiplicity",
    "collect_caveats": "evidence",
    "collect_limits": "limits",
    "count_contributions": "limits",
    "plan_outlook": "outlook",
    "recommend": "recommendations",
    "tabulate_rules": "recommendations",
}

__all__ = [
    "SHOWN",
    "Evidence",
    "adjust_verdicts",
    "collect_caveats",
    "collect_limits",
    "count_contributions",
    "plan_outlook",
    "recommend",
    "tabulate_rules",
]

__getattr__ = lazy_names(__name__, _HOME)
