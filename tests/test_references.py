"""The study's literature: entries whole and verified, and in step with what notebooks cite."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from crmstudy.design.literature.bibtex import Entry, parse_bibtex
from crmstudy.design.literature.latex import read_latex

ROOT = Path(__file__).resolve().parents[1]
LISTED = ROOT / "docs" / "unverified-references.md"
NEEDED = {
    "article": {"journal", "volume", "pages"},
    "book": {"publisher"},
    "incollection": {"booktitle", "publisher"},
    "inproceedings": {"booktitle"},
    "techreport": {"institution"},
}
ENTRIES = parse_bibtex((ROOT / "references.bib").read_text(encoding="utf-8"), file="references.bib")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def fold(text: str) -> str:
    """Keep letters and digits without accents, words set apart by one space."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o"))
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", kept).split())


def name_first(entry: Entry) -> str:
    """Give the family name of the first author."""
    return fold(read_latex(entry.first("author").split(" and ")[0].split(",")[0]))


def cite_lines(notebook: Path) -> list[str]:
    """Give the reference lines of a notebook in its order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    lists = [
        found[1]
        for text in prose
        if (found := re.search(r"^## References$(.*)", text, re.M | re.S))
    ]
    lines = [line for text in lists for line in text.splitlines()]
    return [line[2:].strip() for line in lines if re.match(r"- .+ \(\d{4}[a-z]?\)\. ", line)]


NAMED = [(entry, name_first(entry), fold(read_latex(entry.first("title")))) for entry in ENTRIES]


def find_entry(line: str) -> Entry | None:
    """Find the entry of a reference line by first author, year and title."""
    authors, year, rest = re.match(r"(.+?) \((\d{4})[a-z]?\)\. (.*)", line).groups()
    family, words = fold(authors.split(",")[0]), fold(rest)
    book = re.match(r"\*([^*]+)\*", rest)
    for entry, first, title in NAMED:
        start = " ".join(title.split()[:5])
        same = first == family or family.startswith(first)
        # A notebook may leave out the subtitle of a book.
        short = bool(book) and title.startswith(fold(book[1]))
        if entry.first("year") == year and same and (short or words.startswith(start)):
            return entry
    return None


ISSUE = re.compile(r"\W+|_?suppl.*")
LINES = {line: notebook.stem for notebook in NOTEBOOKS for line in cite_lines(notebook)}


def test_keys_are_unique_and_tell_author_and_year():
    keys = [entry.key for entry in ENTRIES]
    assert len(keys) == len(set(keys))
    for entry in ENTRIES:
        assert re.fullmatch(rf"[a-z]+{entry.first('year')}[a-z0-9]*", entry.key), entry.key
        start = fold(name_first(entry)).replace(" ", "")
        assert entry.key.startswith(start) or entry.fields["author"][0].startswith("{"), entry.key


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_an_entry_is_whole_and_says_where_it_was_seen(entry):
    present = {name for name, values in entry.fields.items() if values[0].strip()}
    assert entry.kind in NEEDED
    assert {"author", "title", "year", "verified"} | NEEDED[entry.kind] <= present
    assert re.fullmatch(r"(1[89]|20)\d\d", entry.first("year"))
    pages = entry.first("pages")
    assert not re.search(r"\d–\d|\d-\d", pages.replace("--", "")), "write pages with --"
    if re.fullmatch(r"\d+--\d+", pages):
        first, last = map(int, pages.split("--"))
        assert first <= last


def test_no_two_entries_are_one_work():
    seen = [
        (name_first(entry), entry.first("year"), fold(read_latex(entry.first("title"))))
        for entry in ENTRIES
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("study", ["open", "simulated", "template"])
def test_references_of_hypotheses_are_known(study):
    text = (ROOT / "data" / study / "study.yml").read_text(encoding="utf-8")
    cited = set(re.findall(r"^\s*reference: (\w+)", text, flags=re.M))
    assert cited <= {entry.key for entry in ENTRIES}


def test_a_reference_line_agrees_with_its_entry():
    """Volume, issue and pages of a notebook are those of the verified entry."""
    differing = []
    for line, chapter in LINES.items():
        entry = find_entry(line)
        if entry is None or entry.kind != "article":
            continue
        numbers = re.search(r", (\d+)\*(?:\(([^)]+)\))?, ([\w–-]+)", line)
        assert numbers, line
        said = [numbers[1], numbers[2] or "", numbers[3].replace("–", "--").replace("-", "--")]
        known = [entry.first("volume"), read_latex(entry.first("number")), entry.first("pages")]
        said[1], known[1] = (ISSUE.sub("", issue) for issue in (said[1], known[1]))
        said[2] = said[2].replace("----", "--")
        pairs = zip(said, known, strict=True)
        # An issue or a last page that the source did not give says nothing against the line.
        if any(left and right and left != right for left, right in pairs):
            differing.append(f"{chapter}: {line} / {known}")
    assert not differing


def test_what_is_not_verified_is_listed_and_nothing_else():
    """Nothing is silent: a line without an entry stands in the list with the reason."""
    rows = [
        [cell.strip() for cell in row.strip("|\n ").split(" | ")]
        for row in LISTED.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| \d\d", row)
    ]
    assert all(len(row) == 3 and row[2] for row in rows)
    listed = {row[1] for row in rows}
    without = {line for line in LINES if find_entry(line) is None}
    assert without - listed == set(), "cited, neither verified nor listed as unverified"
    assert listed - without == set(), "listed as unverified, but verified or not cited any more"


def cites(prose: str, family: str, year: str) -> bool:
    """Tell whether a family name stands not far before a year."""
    at = prose.find(f" {family} ")
    while at >= 0 and not re.search(rf" {year}[a-z]?(?= )", prose[at : at + 220]):
        at = prose.find(f" {family} ", at + 1)
    return at >= 0


def test_every_entry_is_used():
    """An entry is cited in a notebook or a docstring, or named by its key."""
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "data").glob("*/study.yml")]
    texts = [file.read_text(encoding="utf-8") for file in files]
    prose = fold(" ".join([*texts, *(book.read_text(encoding="utf-8") for book in NOTEBOOKS)]))
    keys = " ".join(texts)
    unused = [
        entry.key
        for entry in ENTRIES
        if entry.key not in keys
        and not cites(prose, name_first(entry), entry.first("year"))
        # A body may be cited by its initials, as the key has them.
        and not cites(prose, entry.key.partition(entry.first("year"))[0], entry.first("year"))
    ]
    assert unused == []
