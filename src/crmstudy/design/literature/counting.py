"""Counts of a literature: years, journals, authors, keywords and their periods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.design.literature.publications import Publication, fold, shorten_name
from crmstudy.errors import ModelError, passes_absence

#: Small words that say nothing of a title's subject.
SMALL_WORDS = (
    "a about after all also an and are as at be between beyond but by can case do does for "
    "from get has have how if in into is it its more new non not of on one or other some "
    "should study than that the their them they this through to toward towards two under up "
    "use used using versus via was we what when where which who whom why will with within "
    "without you your approach based"
)
STOP_WORDS = frozenset(SMALL_WORDS.split(" "))


@passes_absence
def count_years(publications: Sequence[Publication]) -> pd.DataFrame:
    """Count publications per year from the first to the last, years without any as 0.

    Returns
    -------
    DataFrame
        Columns year, publications, cumulative publications; publications without a year are
        not in it.

    Raises
    ------
    ModelError
        If no publication has a year.
    """
    years = Counter(one.year for one in publications if one.year is not None)
    if not years:
        raise ModelError("no publication has a year")
    span = range(min(years), max(years) + 1)
    counts = pd.Series([years[year] for year in span], dtype="int64")
    frame = pd.DataFrame({"year": list(span), "publications": counts})
    return frame.assign(**{"cumulative publications": counts.cumsum()})


@passes_absence
def rank_journals(publications: Sequence[Publication]) -> pd.DataFrame:
    """Rank journals by publications, and cut the ranking in three zones of about a third each.

    The first zone holds the fewest journals that together have a third of the publications,
    the second those up to two thirds. Journals with equal counts stand in order of names.

    Returns
    -------
    DataFrame
        Columns journal, publications, share, cumulative share, zone.

    Raises
    ------
    ModelError
        If no publication is in a journal.
    """
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for one in publications:
        if one.journal:
            key = fold(one.journal).removeprefix("the ").replace("&", "and")
            written[key] = min(written.get(key, one.journal), one.journal)
            counts[key] += 1
    if not counts:
        raise ModelError("no publication is in a journal")
    ranked = sorted(counts, key=lambda key: (-counts[key], key))
    frame = pd.DataFrame(
        {"journal": [written[key] for key in ranked], "publications": [counts[k] for k in ranked]}
    )
    total = int(frame["publications"].sum())
    before = (frame["publications"].cumsum() - frame["publications"]) * 3
    return frame.assign(
        share=frame["publications"] / total,
        **{
            "cumulative share": frame["publications"].cumsum() / total,
            "zone": (before // total + 1).astype(int),
        },
    )


@passes_absence
def rank_authors(publications: Sequence[Publication]) -> pd.DataFrame:
    """Rank authors by publications; names are compared by family name and first initial.

    Returns
    -------
    DataFrame
        Columns author, publications, first author; equal counts in order of names.

    Raises
    ------
    ModelError
        If no publication names an author.
    """
    all_of, first_of = Counter[str](), Counter[str]()
    for one in publications:
        names = list(dict.fromkeys(shorten_name(name) for name in one.authors))
        all_of.update(names)
        first_of.update(names[:1])
    if not all_of:
        raise ModelError("no publication names an author")
    ranked = sorted(all_of, key=lambda name: (-all_of[name], name))
    return pd.DataFrame(
        {
            "author": ranked,
            "publications": [all_of[name] for name in ranked],
            "first author": [first_of[name] for name in ranked],
        }
    )


@passes_absence
def count_productivity(authors: pd.DataFrame) -> pd.DataFrame:
    """Count authors by their number of publications: publications, authors, share of authors."""
    counts = authors["publications"].value_counts().sort_index()
    return pd.DataFrame(
        {
            "publications": counts.index.astype(int),
            "authors": counts.to_numpy(),
            "share": counts.to_numpy() / counts.sum(),
        }
    )


@dataclass(frozen=True)
class Keywords:
    """What each publication is about, in normalised words.

    Parameters
    ----------
    words : tuple of tuple of str
        For each publication its different terms.
    kind : str
        ``"keywords"``, or ``"words of titles"`` where no record has keywords.
    years : tuple of int or None
        Year of each publication.
    """

    words: tuple[tuple[str, ...], ...]
    kind: str
    years: tuple[int | None, ...]

    @property
    def n_with(self) -> int:
        """Publications with at least one term."""
        return sum(bool(words) for words in self.words)

    def table(self) -> pd.DataFrame:
        """Rank terms by publications: term, publications, share of those with any."""
        counts = Counter(word for words in self.words for word in words)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        numbers = [counts[word] for word in ranked]
        shares = [n / self.n_with for n in numbers]
        return pd.DataFrame({"term": ranked, "publications": numbers, "share": shares})

    def periods(self, *, years: int, most: int = 8) -> pd.DataFrame:
        """Give the share of publications with each of the most frequent terms by period.

        Periods of equal length end with the last year; only those with a publication that
        has a term are shown.

        Returns
        -------
        DataFrame
            Columns term, period, publications, of (publications of the period with any
            term), share.
        """
        dated = [(y, w) for y, w in zip(self.years, self.words, strict=True) if y is not None and w]
        if not dated:
            raise ModelError("no publication with a year has a term")
        last = max(year for year, _ in dated)
        chosen = self.table()["term"].head(most)
        periods: dict[int, list[tuple[str, ...]]] = {}
        for year, words in dated:
            periods.setdefault((last - year) // years, []).append(words)
        rows = [
            {
                "term": term,
                "period": _name_period(last - years * (place + 1) + 1, last - years * place),
                "publications": sum(term in words for words in periods[place]),
                "of": len(periods[place]),
            }
            for term in chosen
            for place in sorted(periods, reverse=True)
        ]
        frame = pd.DataFrame(rows, columns=["term", "period", "publications", "of"])
        return frame.assign(share=frame["publications"] / frame["of"])


def _name_period(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


@passes_absence
def normalise_keywords(
    publications: Sequence[Publication],
    *,
    synonyms: Mapping[str, Sequence[str]] | None = None,
    ignored: Iterable[str] = (),
) -> Keywords:
    """Bring keywords to one spelling: width and case of letters, and stated synonyms.

    Nothing is guessed: singular and plural are two keywords unless ``synonyms`` says they
    are one. Where no record has keywords, words of titles stand in, without small words.

    Parameters
    ----------
    synonyms : mapping of str to sequence of str
        A keyword, and the spellings counted as it.
    ignored : iterable of str
        Keywords left out, after synonyms.

    Raises
    ------
    ModelError
        If there are neither keywords nor titles with words.
    """
    same = {fold(word): fold(name) for name, group in (synonyms or {}).items() for word in group}
    left_out = {fold(word) for word in ignored}
    has_keywords = any(one.keywords for one in publications)
    found = []
    for one in publications:
        raw = [fold(word) for word in one.keywords] if has_keywords else _title_words(one.title)
        words = dict.fromkeys(same.get(word, word) for word in raw)
        found.append(tuple(word for word in words if word not in left_out))
    if not any(found):
        raise ModelError("no publication has a keyword, nor a title that can be split into words")
    kind = "keywords" if has_keywords else "words of titles"
    return Keywords(tuple(found), kind, tuple(one.year for one in publications))


def _title_words(title: str) -> list[str]:
    """Split a title at spaces and signs; one in Chinese has no spaces and gives none."""
    text = fold(title).replace("’", "'").replace("'s ", " ").replace("‐", "-")
    words = "".join(sign if sign.isalnum() or sign == "-" else " " for sign in text).split()
    plain = (word.strip("-") for word in words)
    return [
        w
        for w in plain
        if len(w) > 2 and w not in STOP_WORDS and not w.isdigit() and ord(max(w)) < 0x2E80
    ]
