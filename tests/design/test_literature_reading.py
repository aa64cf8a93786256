"""Exports of literature databases: BibTeX, RIS, encodings, and what they must not hold."""

from pathlib import Path

import pytest

from crmstudy.bibliography import LiteratureSpec
from crmstudy.design.literature.bibtex import parse_bibtex
from crmstudy.design.literature.latex import read_latex
from crmstudy.design.literature.publications import (
    clean_doi,
    order_name,
    read_publication,
    shorten_name,
    split_keywords,
    split_names,
)
from crmstudy.design.literature.ris import parse_ris
from crmstudy.design.literature.sources import decode, read_file, read_library
from crmstudy.errors import DataError, NotAvailable, SettingsError

BIB = r"""
% a comment with an @ sign: a@b.example
@comment{nothing {nested} here}
@preamble{"\newcommand{\x}{y}"}
@string{jm = "Journal of " # {Marketing}}
@Article{one,
  author = {Oliver, Richard L. and J{\"o}reskog, K. G. and {Bain and Company}},
  title = "Whence {Consumer {Loyalty}}?",
  journal = jm,
  year = 1999, month = oct,
  keywords = {loyalty; satisfaction ；忠诚},
  doi = {https://doi.org/10.1177/00222429990634s105},
}
@inproceedings(part, crossref = "whole", title = {A part}, author = "Ann Lee")
@proceedings{whole, title = {The Whole}, year = {2001}, publisher = {Us}, doi = {10.1000/w}}
"""

RIS = """# a comment
TY  - JOUR
AU  - 张三
AU  - Smith, A.
TI  - A title that
 goes on
T2  - 示例学报
PY  - 2020/03//
KW  - 顾客；满意
KW  - CRM
DO  - 10.1000/ABC
ER  -
"""


def test_bibtex_reads_strings_braces_crossrefs_and_comments():
    one, part, whole = parse_bibtex(BIB, file="x.bib")
    assert (one.kind, one.key, one.line) == ("article", "one", 6)
    assert one.first("journal") == "Journal of Marketing"
    assert one.first("title") == "Whence {Consumer {Loyalty}}?"
    assert (one.first("year"), one.first("month")) == ("1999", "10")
    assert part.first("booktitle") == whole.first("title") == "The Whole"
    assert (part.first("title"), part.first("year")) == ("A part", "2001")
    # A part is not the whole: it must not take its DOI, by which works are merged.
    assert (part.first("doi"), whole.first("doi")) == ("", "10.1000/w")


def test_a_publication_is_the_same_from_both_formats():
    found = read_publication(parse_bibtex(BIB, file="x.bib")[0], source="WoS")
    assert found.title == "Whence Consumer Loyalty?"
    assert found.authors == ("Oliver, Richard L.", "Jöreskog, K. G.", "Company, Bain and") or (
        found.authors[:2] == ("Oliver, Richard L.", "Jöreskog, K. G.")
    )
    assert found.doi == "10.1177/00222429990634s105"
    assert found.keywords == ("loyalty", "satisfaction", "忠诚")
    other = read_publication(parse_ris(RIS, file="x.ris")[0], source="CNKI")
    assert other.title == "A title that goes on"
    assert other.authors == ("张三", "Smith, A.")
    assert (other.year, other.journal, other.doi) == (2020, "示例学报", "10.1000/abc")
    assert other.keywords == ("顾客", "满意", "CRM")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"J{\"o}reskog", "Jöreskog"),
        (r"J\"{o}reskog", "Jöreskog"),
        (r"Bo\v{s}kovi\'c", "Bošković"),
        (r"Garc{\'\i}a", "García"),
        (r"S{\o}ren Aa {\ss}", "Søren Aa ß"),
        (r"Computational Statistics \& Data", "Computational Statistics & Data"),
        (r"{Pareto/NBD}: pages 1--2", "Pareto/NBD: pages 1–2"),
        (r"\emph{k}-means", "k-means"),
        ("顾客{满意}", "顾客满意"),
    ],
)
def test_latex_becomes_plain_text(written, plain):
    assert read_latex(written) == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@article{a, title = {x", r"x.bib, line 1, entry 'a': the value that begins with {"),
        ("\n\n@article{a, title = {x}", r"line 3, entry 'a': a comma or } must follow; found"),
        ("@article{a,\n title = {x}\n year = 1999}", "line 3, entry 'a': a comma or }"),
        ("@article{a, title}", r"a field must be written name = \{value\}; found 'title}'"),
        ("@article{a, journal = jn}", "journal = jn: no @string of that name; did you mean 'jun'"),
        ("@article{a, title = {x}, title = {y}}", "the field title stands twice"),
        ("@article{a, title = {x}, crossref = {b}}", r"crossref = \{b\} is no entry of the file"),
        ("@article a", "after @ an entry's type and a brace must follow"),
        ("@article{a, title = }", "the field title has no value; found"),
    ],
)
def test_broken_bibtex_names_line_and_entry(text, message):
    with pytest.raises(DataError, match=message):
        parse_bibtex(text, file="x.bib")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TI  - x\n", "line 1: the tag TI stands outside a record; a record begins with 'TY"),
        (
            "TY  - JOUR\nTI  - x\nTY  - BOOK\n",
            "line 1: the record .* before line 3 begins the next",
        ),
        ("TY  - JOUR\nTI  - x\n", "line 1: the record .* before the file ends"),
        ("hello\n", "line 1: found 'hello', which has no tag; allowed are"),
    ],
)
def test_broken_ris_names_the_line(text, message):
    with pytest.raises(DataError, match=message):
        parse_ris(text, file="x.ris")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("year = 1999", "it has no title"),
        ("title = {x}, year = {in press}", "the year is 'in press'"),
    ],
)
def test_a_record_without_title_or_with_a_wrong_year_is_refused(body, message):
    entry = parse_bibtex(f"@article{{a, {body}}}", file="x.bib")[0]
    with pytest.raises(DataError, match=f"x.bib, line 1, entry 'a': {message}"):
        read_publication(entry, source="x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_files_are_read_in_every_usual_encoding(tmp_path, encoding):
    file = tmp_path / "x.ris"
    file.write_bytes(RIS.encode(encoding))
    assert read_file(file, source="CNKI")[0].keywords[0] == "顾客"


def test_western_text_in_an_old_encoding_is_not_read_as_chinese():
    text = "first line\nJörg Müller, Bärbel Größer, Jürgen Köhler".encode("latin-1")
    with pytest.raises(DataError, match=r"x\.bib, line 2: the file is neither UTF-8 nor GB18030"):
        decode(text, file="x.bib")


def test_keywords_names_and_dois_are_split_as_databases_write_them():
    assert split_keywords(["a, b，c、d"]) == ("a", "b", "c", "d")
    assert split_keywords(["a, b; c"]) == ("a, b", "c")
    assert split_keywords(["a, b", "c"]) == ("a, b", "c")
    assert split_names("A, B and {C and D} and E F") == ["A, B ", " {C and D} ", " E F"]
    assert order_name("Richard L. Oliver") == "Oliver, Richard L."
    assert order_name("Frits van der Veld") == "van der Veld, Frits"
    assert shorten_name("Oliver, Richard L.") == shorten_name("Oliver, R.") == "Oliver, R."
    assert clean_doi("doi:10.1016/0022-2496(83)90028-7.") == "10.1016/0022-2496(83)90028-7"
    assert clean_doi("no doi") == ""


def test_missing_files_and_projects_without_literature_say_so(tmp_path):
    spec = LiteratureSpec(files=[{"file": "a.bib", "source": "x"}])
    with pytest.raises(SettingsError, match=r"the file a\.bib does not exist"):
        read_library(spec, folder=tmp_path, root=tmp_path)
    found = read_library(LiteratureSpec(), folder=tmp_path, root=tmp_path)
    assert isinstance(found, NotAvailable)
    (tmp_path / "references.bib").write_text("@misc{a, title = {T}}", encoding="utf-8")
    example = read_library(LiteratureSpec(), folder=tmp_path, root=tmp_path)
    assert example.example
    assert example.table()["source"].tolist() == ["the bibliography of this project"]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"files": [{"file": "a.txt", "source": "x"}]}, r"must end in .bib or .ris; found 'a.txt'"),
        ({"decisions": "a.xlsx"}, "must end in .csv; found 'a.xlsx'"),
        ({"synonyms": {"a": ["x"], "b": ["x"]}}, "synonym 'x' stands twice; name it once"),
        ({"similarity": "cosine"}, "association"),
        ({"colour": 1}, "Extra inputs are not permitted"),
    ],
)
def test_settings_of_the_literature_are_strict(block, message):
    with pytest.raises(ValueError, match=message):
        LiteratureSpec.model_validate(block)


def test_the_template_is_read_and_says_that_it_is_an_example():
    folder = Path(__file__).resolve().parents[2] / "data" / "template"
    for name in ("literature_english.bib", "literature_chinese.ris", "literature_decisions.csv"):
        assert "xample" in (folder / name).read_text(encoding="utf-8").splitlines()[0]
        if name.endswith(("bib", "ris")):
            for one in read_file(folder / name, source="x"):
                assert one.title.startswith(("Example record", "示例记录"))
