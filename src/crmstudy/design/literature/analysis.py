"""The literature of a study from its files to what chapter 00 shows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.study import StudyData
from crmstudy.design.literature.counting import (
    Keywords,
    count_productivity,
    count_years,
    normalise_keywords,
    rank_authors,
    rank_journals,
)
from crmstudy.design.literature.merging import MergedLibrary, merge_duplicates
from crmstudy.design.literature.networks import KeywordNetwork, relate_keywords
from crmstudy.design.literature.screening import ScreeningFlow, flow_screening
from crmstudy.design.literature.sources import Library, read_library
from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.paths import project_root
from crmstudy.statistics.draws import draw_seeds


@dataclass(frozen=True)
class Literature:
    """What was found, how often, and how it hangs together.

    Parameters
    ----------
    library : Library
        Every record.
    merged : MergedLibrary
        Every publication once.
    years, journals, authors, productivity : DataFrame or NotAvailable
        See :mod:`crmstudy.design.literature.counting`.
    keywords : Keywords or NotAvailable
    periods : DataFrame or NotAvailable
        Share of publications with a term by period.
    network : KeywordNetwork or NotAvailable
    screening : ScreeningFlow or NotAvailable
    """

    library: Library
    merged: MergedLibrary
    years: pd.DataFrame | NotAvailable
    journals: pd.DataFrame | NotAvailable
    authors: pd.DataFrame | NotAvailable
    productivity: pd.DataFrame | NotAvailable
    keywords: Keywords | NotAvailable
    periods: pd.DataFrame | NotAvailable
    network: KeywordNetwork | NotAvailable
    screening: ScreeningFlow | NotAvailable

    @property
    def n_publications(self) -> int:
        """Different publications."""
        return len(self.merged.publications)

    @property
    def n_without_year(self) -> int:
        """Publications that the counts per year cannot hold."""
        return sum(one.year is None for one in self.merged.publications)

    @property
    def name(self) -> str:
        """Say which literature it is, for captions."""
        if self.library.example:
            return "the bibliography of this project"
        return "the literature found by the study's searches"

    def table(self) -> pd.DataFrame:
        """Count each source: records, with DOI, year, keywords, publications, only there."""
        return self.library.table().merge(self.merged.table(), on="source", how="left")

    def to_metrics(self) -> dict[str, float]:
        """Give the counts as plain numbers."""
        found = {
            "records": float(len(self.library.publications)),
            "duplicates": float(self.merged.n_duplicates),
            "publications": float(self.n_publications),
        }
        if not isinstance(self.years, NotAvailable):
            named = self.years.set_index("year")["publications"]
            found |= {"first_year": int(named.index.min()), "last_year": int(named.index.max())}
            found["most_in_a_year"] = int(named.max())
            found["most_in_year"] = int(self.years["year"].iloc[int(named.argmax())])
        if not isinstance(self.journals, NotAvailable):
            found["journals"] = len(self.journals)
        if not isinstance(self.keywords, NotAvailable):
            found["terms"] = len(self.keywords.table())
        for part in (self.network, self.screening):
            if not isinstance(part, NotAvailable):
                found |= part.to_metrics()
        return found


@passes_absence
def open_literature(data: StudyData) -> Library | NotAvailable:
    """Read the literature that the study names, else the project's own references."""
    return read_library(
        data.settings.literature, folder=data.study.paths.inputs, root=project_root()
    )


@passes_absence
def study_literature(library: Library, *, seed: int) -> Literature:
    """Merge duplicates and count what there is; what cannot be had is NotAvailable.

    Parameters
    ----------
    library : Library
        As :func:`open_literature` gives it.
    seed : int
        Of the study; for the resamples behind kappa.
    """
    spec = library.spec
    merged = merge_duplicates(library.publications)
    works = merged.publications
    authors = attempt(rank_authors, works)
    keywords = attempt(normalise_keywords, works, synonyms=spec.synonyms, ignored=spec.ignored)
    return Literature(
        library=library,
        merged=merged,
        years=attempt(count_years, works),
        journals=attempt(rank_journals, works),
        authors=authors,
        productivity=count_productivity(authors),
        keywords=keywords,
        periods=_follow(keywords, spec.period_years),
        network=attempt(
            relate_keywords,
            keywords,
            similarity=spec.similarity,
            least_count=spec.least_count,
            most_keywords=spec.most_keywords,
        ),
        screening=attempt(
            flow_screening, merged, library.decisions, seed=draw_seeds(seed, stage=460, n=1)[0]
        ),
    )


@passes_absence
def _follow(keywords: Keywords, years: int) -> pd.DataFrame | NotAvailable:
    try:
        return keywords.periods(years=years)
    except ModelError as error:
        return NotAvailable(str(error))
