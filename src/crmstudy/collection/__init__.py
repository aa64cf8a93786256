"""Chapter 01, data collection: from files to a validated customer database."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.collection.attributes import join_attribute
    from crmstudy.collection.quality import (
        list_drops,
        list_hypotheses,
        list_sources,
        match_links,
        measure_completeness,
        summarise_ledgers,
    )
    from crmstudy.collection.study import StudyData, open_study

__all__ = [
    "StudyData",
    "join_attribute",
    "list_drops",
    "list_hypotheses",
    "list_sources",
    "match_links",
    "measure_completeness",
    "open_study",
    "summarise_ledgers",
]

# The runner looks at inputs in a few milliseconds; pandas and Ibis wait for their use.
__getattr__ = lazy_names(
    __name__,
    dict.fromkeys(__all__, "quality")
    | {"join_attribute": "attributes", "open_study": "study", "StudyData": "study"},
)
