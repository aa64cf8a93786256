"""Chapter 01, data collection: from files to a validated customer database."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.collection.attributes import join_attribute
    from crmstudy.collection.fieldwork.frame import FrameComparison
    from crmstudy.collection.fieldwork.nonresponse import EarlyLate
    from crmstudy.collection.fieldwork.rates import ResponseRates, response_rates
    from crmstudy.collection.fieldwork.returns import trace_returns
    from crmstudy.collection.fieldwork.surveyed import (
        compare_late,
        compare_respondents,
        number_customers,
        weigh_means,
        weigh_respondents,
    )
    from crmstudy.collection.fieldwork.weighting import RespondentWeights
    from crmstudy.collection.privacy.published import judge_published
    from crmstudy.collection.qualitative.agreement import CodeAgreement, agree_on_codes
    from crmstudy.collection.qualitative.assessors import AssessorAgreement, compare_assessors
    from crmstudy.collection.qualitative.coding import CodeCounts, cooccurrence, count_codes
    from crmstudy.collection.qualitative.joint import joint_display
    from crmstudy.collection.qualitative.mystery import MysteryScores, summarise_scores
    from crmstudy.collection.quality import (
        list_hypotheses,
        list_sources,
    )
    from crmstudy.collection.quality.entities import Entities, list_entities
    from crmstudy.collection.quality.missingness import Patterns
    from crmstudy.collection.quality.plan import plan_collection
    from crmstudy.collection.study import StudyData, open_study
    from crmstudy.collection.unified.findings import check_accounts, read_findings

_HOME = {
    "AssessorAgreement": "qualitative.assessors",
    "CodeAgreement": "qualitative.agreement",
    "CodeCounts": "qualitative.coding",
    "EarlyLate": "fieldwork.nonresponse",
    "Entities": "quality.entities",
    "FrameComparison": "fieldwork.frame",
    "MysteryScores": "qualitative.mystery",
    "Patterns": "quality.missingness",
    "RespondentWeights": "fieldwork.weighting",
    "ResponseRates": "fieldwork.rates",
    "StudyData": "study",
    "agree_on_codes": "qualitative.agreement",
    "check_accounts": "unified.findings",
    "compare_assessors": "qualitative.assessors",
    "compare_late": "fieldwork.surveyed",
    "compare_respondents": "fieldwork.surveyed",
    "cooccurrence": "qualitative.coding",
    "count_codes": "qualitative.coding",
    "join_attribute": "attributes",
    "joint_display": "qualitative.joint",
    "judge_published": "privacy.published",
    "list_entities": "quality.entities",
    "list_hypotheses": "quality.sources",
    "list_sources": "quality.sources",
    "number_customers": "fieldwork.surveyed",
    "open_study": "study",
    "plan_collection": "quality.plan",
    "read_findings": "unified.findings",
    "response_rates": "fieldwork.rates",
    "summarise_scores": "qualitative.mystery",
    "trace_returns": "fieldwork.returns",
    "weigh_means": "fieldwork.surveyed",
    "weigh_respondents": "fieldwork.surveyed",
}

__all__ = [
    "AssessorAgreement",
    "CodeAgreement",
    "CodeCounts",
    "EarlyLate",
    "Entities",
    "FrameComparison",
    "MysteryScores",
    "Patterns",
    "RespondentWeights",
    "ResponseRates",
    "StudyData",
    "agree_on_codes",
    "check_accounts",
    "compare_assessors",
    "compare_late",
    "compare_respondents",
    "cooccurrence",
    "count_codes",
    "join_attribute",
    "joint_display",
    "judge_published",
    "list_entities",
    "list_hypotheses",
    "list_sources",
    "number_customers",
    "open_study",
    "plan_collection",
    "read_findings",
    "response_rates",
    "summarise_scores",
    "trace_returns",
    "weigh_means",
    "weigh_respondents",
]

# The runner looks at inputs in a few milliseconds; pandas and Ibis wait for their use.
__getattr__ = lazy_names(__name__, _HOME)
