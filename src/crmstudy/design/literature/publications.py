"""Publications as all databases export them: one shape for .bib and .ris."""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize

from crmstudy.design.literature.bibtex import Entry
from crmstudy.design.literature.latex import read_latex
from crmstudy.errors import DataError

#: Names of each piece in BibTeX (small letters) and in RIS (capitals), the best first.
TITLE = ("title", "TI", "T1")
YEAR = ("year", "date", "PY", "Y1", "DA")
JOURNAL = ("journal", "journaltitle", "JO", "JF", "T2", "JA", "J2")
DOI = ("doi", "DO")
KEYWORDS = ("keywords", "author_keywords", "keyword", "KW", "DE")
AUTHORS = ("author", "AU", "A1")
SCREENING = ("screening", "C1")
WORKS_WITH_JOURNAL = ("article", "review", "jour", "mgzn", "ejour", "")
NAME_WITH_INITIAL = re.compile(r"^([^,]+),\s*(\S)")


@dataclass(frozen=True)
class Publication:
    """One record of a database.

    Parameters
    ----------
    source : str
        The database that was searched.
    file, line, key, kind : str, int, str, str
        Where the record stands, its name there, and what it is (article, book, ...).
    title, journal, doi : str
        ``journal`` and ``doi`` are empty where the record has none.
    authors, keywords : tuple of str
        In their order; names as "Family, G.", keywords as written.
    year : int or None
        Of publication.
    screening : tuple of str
        What its own fields say of decisions.
    """

    source: str
    file: str
    line: int
    key: str
    kind: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    doi: str = ""
    keywords: tuple[str, ...] = ()
    screening: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Name the record for an error."""
        return f"{self.file}, line {self.line}, entry {self.key or self.title[:40]!r}"


def read_publication(entry: Entry, *, source: str) -> Publication:
    """Take from an entry what the analysis needs.

    Raises
    ------
    DataError
        If it has no title, or a year that holds no four digits.
    """
    title = read_latex(entry.first(*TITLE))
    if not title:
        raise DataError(
            f"{entry.place}: it has no title; give title = {{...}} (.bib) or TI (.ris), "
            "or take the record out"
        )
    return Publication(
        source=source,
        file=entry.file,
        line=entry.line,
        key=entry.key,
        kind=entry.kind,
        title=title.rstrip(". "),
        authors=_authors(entry),
        year=_year(entry),
        journal=_journal(entry),
        doi=clean_doi(entry.first(*DOI)),
        keywords=split_keywords([v for name in KEYWORDS for v in entry.fields.get(name, ())]),
        screening=tuple(v for name in SCREENING for v in entry.fields.get(name, ()) if v),
    )


def _year(entry: Entry) -> int | None:
    written = entry.first(*YEAR)
    if not written:
        return None
    found = re.search(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)", written)
    if not found:
        raise DataError(
            f"{entry.place}: the year is {written!r}; allowed are four digits, as in 2019, or no "
            "year at all"
        )
    return int(found[0])


def _journal(entry: Entry) -> str:
    """Name the journal; books and proceedings have a series or a whole, which is none."""
    name = entry.first(*JOURNAL)
    periodical = entry.kind in WORKS_WITH_JOURNAL or bool(entry.first("journal", "journaltitle"))
    return read_latex(name) if periodical else ""


def clean_doi(doi: str) -> str:
    """Reduce a DOI, or its address, to small letters from 10. on; empty where there is none."""
    found = re.search(r"10\.\d{4,9}/\S+", read_latex(doi.replace("_", r"\_")).lower())
    return found[0].rstrip(".,;") if found else ""


def split_keywords(values: list[str]) -> tuple[str, ...]:
    """Split at semicolons, Western or Chinese; where there is none, at commas.

    A list that repeats a keyword keeps it once.
    """
    words: list[str] = []
    for value in values:
        text = read_latex(value)
        mark = "[;；]" if re.search("[;；]", text) else "[,，、]" if len(values) == 1 else "[;；]"
        words += [word.strip() for word in re.split(mark, text)]
    return tuple(dict.fromkeys(filter(None, words)))


def _authors(entry: Entry) -> tuple[str, ...]:
    names: list[str] = []
    for name in AUTHORS:
        for value in entry.fields.get(name, ()):
            parts = split_names(value) if name == "author" else [value]
            names += [part for text in parts for part in re.split("[;；]", text)]
        if names:
            break
    cleaned = (order_name(read_latex(name)) for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if name and name.lower() != "others"))


def split_names(value: str) -> list[str]:
    """Split the authors of a .bib entry at the word and, unless it stands inside braces."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[{}]|(?<=\s)and(?=\s)", value):
        if found[0] in "{}":
            depth += 1 if found[0] == "{" else -1
        elif depth == 0:
            parts.append(value[start : found.start()])
            start = found.end()
    return [*parts, value[start:]]


def order_name(name: str) -> str:
    """Write a name as family name and given names; one without a comma may be Chinese.

    ``Richard L. Oliver`` becomes ``Oliver, Richard L.``; a name without a space, such as
    that of a Chinese author or of a firm, stays.
    """
    name = " ".join(name.replace("，", ",").split()).strip(" ,")
    if "," in name or " " not in name:
        return name
    given, _, family = name.rpartition(" ")
    particles: list[str] = []
    while given and given.split()[-1].islower():
        given, _, particle = given.rpartition(" ")
        particles.insert(0, particle)
    return f"{' '.join([*particles, family])}, {given}".strip(" ,")


def shorten_name(name: str) -> str:
    """Reduce a name to family name and first initial, the same in every database."""
    found = NAME_WITH_INITIAL.match(name)
    return f"{found[1].strip()}, {found[2].upper()}." if found else name


def fold(text: str) -> str:
    """Write a text for comparison: one width, small letters, single spaces."""
    return " ".join(normalize("NFKC", text).casefold().split())


def fold_title(title: str) -> str:
    """Write a title for comparison: letters and digits only, without accents."""
    plain = normalize("NFKD", fold(title))
    return "".join(sign for sign in plain if sign.isalnum())
