"""Chapter 01, data collection: from files to a validated customer database."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.collection.agreement import CodeAgreement, agree_on_codes
    from crmstudy.collection.assessors import AssessorAgreement, compare_assessors
    from crmstudy.collection.attributes import join_attribute
    from crmstudy.collection.coding import CodeCounts, cooccurrence, count_codes
    from crmstudy.collection.entities import Entities, list_entities
    from crmstudy.collection.fieldwork import ResponseRates, response_rates
    from crmstudy.collection.findings import check_accounts, read_findings
    from crmstudy.collection.frame import FrameComparison
    from crmstudy.collection.joint import joint_display
    from crmstudy.collection.missingness import Patterns
    from crmstudy.collection.mystery import MysteryScores, summarise_scores
    from crmstudy.collection.nonresponse import EarlyLate
    from crmstudy.collection.plan import plan_collection
    from crmstudy.collection.published import judge_published
    from crmstudy.collection.quality import (
        list_hypotheses,
        list_sources,
    )
    from crmstudy.collection.returns import trace_returns
    from crmstudy.collection.study import StudyData, open_study
    from crmstudy.collection.surveyed import (
        compare_late,
        compare_respondents,
        number_customers,
        weigh_means,
        weigh_respondents,
    )
    from crmstudy.collection.weighting import RespondentWeights

_HOME = {
    "AssessorAgreement": "assessors",
    "CodeAgreement": "agreement",
    "CodeCounts": "coding",
    "EarlyLate": "nonresponse",
    "Entities": "entities",
    "FrameComparison": "frame",
    "MysteryScores": "mystery",
    "Patterns": "missingness",
    "RespondentWeights": "weighting",
    "ResponseRates": "fieldwork",
    "StudyData": "study",
    "agree_on_codes": "agreement",
    "check_accounts": "findings",
    "compare_assessors": "assessors",
    "compare_late": "surveyed",
    "compare_respondents": "surveyed",
    "cooccurrence": "coding",
    "count_codes": "coding",
    "join_attribute": "attributes",
    "joint_display": "joint",
    "judge_published": "published",
    "list_entities": "entities",
    "list_hypotheses": "quality",
    "list_sources": "quality",
    "number_customers": "surveyed",
    "open_study": "study",
    "plan_collection": "plan",
    "read_findings": "findings",
    "response_rates": "fieldwork",
    "summarise_scores": "mystery",
    "trace_returns": "returns",
    "weigh_means": "surveyed",
    "weigh_respondents": "surveyed",
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
