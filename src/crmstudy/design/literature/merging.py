"""The same publication in several databases: found, merged, and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from crmstudy.design.literature.publications import Publication, fold, fold_title
from crmstudy.errors import passes_absence

#: Signs of a title so short that others may have it too ("Editorial"); a Chinese one counts 3.
SHORTEST_TITLE = 12
BY_DOI, BY_TITLE = "same DOI", "same title and year"
DOUBT = "same title and year, but different DOIs: kept apart"


@dataclass(frozen=True)
class MergedLibrary:
    """Publications, each once.

    Parameters
    ----------
    publications : tuple of Publication
        The first record of each, its gaps filled from the others.
    sources : tuple of tuple of str
        For each publication the sources that found it.
    merged : DataFrame
        One row a record taken out: title, year, kept from, taken out of, found by.
    doubtful : DataFrame
        One row a publication that looks like another and was kept: title, year, source, why.
    n_records : int
        Records before.
    """

    publications: tuple[Publication, ...]
    sources: tuple[tuple[str, ...], ...]
    members: tuple[tuple[Publication, ...], ...]
    merged: pd.DataFrame
    doubtful: pd.DataFrame
    n_records: int

    @property
    def n_duplicates(self) -> int:
        """Records taken out."""
        return self.n_records - len(self.publications)

    def table(self) -> pd.DataFrame:
        """Count the publications of each source: source, publications, only there."""
        names = list(dict.fromkeys(name for found in self.sources for name in found))
        rows = [
            {
                "source": name,
                "publications": sum(name in found for found in self.sources),
                "found only there": sum(found == (name,) for found in self.sources),
            }
            for name in names
        ]
        return pd.DataFrame(rows, columns=["source", "publications", "found only there"])


@passes_absence
def merge_duplicates(publications: Sequence[Publication]) -> MergedLibrary:
    """Merge records of one publication: the same DOI, else the same title and year.

    Titles are compared without case, accents, spaces and punctuation. Records with the same
    title and year but with two different DOIs are kept apart, with those that have none,
    and listed; so are short titles, which several publications may have.

    Parameters
    ----------
    publications : sequence of Publication
        In the order in which a record is preferred.
    """
    groups, doubtful = _group(publications)
    members = tuple(tuple(publications[i] for i in group) for group in groups)
    return MergedLibrary(
        publications=tuple(_fill(group) for group in members),
        sources=tuple(tuple(dict.fromkeys(one.source for one in group)) for group in members),
        members=members,
        merged=_list_merged(members),
        doubtful=_list_doubtful([publications[i] for i in doubtful]),
        n_records=len(publications),
    )


def _group(publications: Sequence[Publication]) -> tuple[list[list[int]], list[int]]:
    """Give the groups of records of one publication, and records that look like another."""
    parent = list(range(len(publications)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    def join(places: Sequence[int]) -> None:
        first = min(root(i) for i in places)
        for i in places:
            parent[root(i)] = first

    for places in _alike([one.doi for one in publications]):
        join(places)
    doubtful: list[int] = []
    for places in _alike([_title_key(one) for one in publications]):
        if len({publications[i].doi for i in places} - {""}) > 1:
            doubtful += places
        else:
            join(places)
    groups: dict[int, list[int]] = {}
    for i in range(len(publications)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values()), sorted(doubtful)


def _alike(keys: Sequence[str]) -> list[list[int]]:
    places: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        if key:
            places.setdefault(key, []).append(i)
    return [found for found in places.values() if len(found) > 1]


def _title_key(one: Publication) -> str:
    title = fold_title(one.title)
    length = sum(1 if sign.isascii() else 3 for sign in title)
    return f"{title} {one.year}" if one.year is not None and length >= SHORTEST_TITLE else ""


def _fill(group: Sequence[Publication]) -> Publication:
    """Keep the first record; take what it lacks, and all keywords, from the others."""
    first = group[0]
    words = {fold(word): word for one in reversed(group) for word in reversed(one.keywords)}
    ordered = dict.fromkeys(fold(word) for one in group for word in one.keywords)
    return replace(
        first,
        authors=next((one.authors for one in group if one.authors), ()),
        year=next((one.year for one in group if one.year is not None), None),
        journal=next((one.journal for one in group if one.journal), ""),
        doi=next((one.doi for one in group if one.doi), ""),
        keywords=tuple(words[word] for word in ordered),
        screening=tuple(dict.fromkeys(said for one in group for said in one.screening)),
    )


def _list_merged(members: Sequence[Sequence[Publication]]) -> pd.DataFrame:
    rows = [
        {
            "title": group[0].title,
            "year": group[0].year,
            "kept from": group[0].source,
            "taken out of": one.source,
            "line": one.line,
            "found by": BY_DOI
            if one.doi and one.doi in {k.doi for k in group[:place]}
            else BY_TITLE,
        }
        for group in members
        for place, one in enumerate(group)
        if place
    ]
    columns = ["title", "year", "kept from", "taken out of", "line", "found by"]
    return pd.DataFrame(rows, columns=columns)


def _list_doubtful(records: Sequence[Publication]) -> pd.DataFrame:
    rows = [
        {"title": one.title, "year": one.year, "source": one.source, "doi": one.doi, "why": DOUBT}
        for one in records
    ]
    return pd.DataFrame(rows, columns=["title", "year", "source", "doi", "why"])
