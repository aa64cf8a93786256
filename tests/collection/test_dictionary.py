"""The data dictionary tells of every column, in both languages, what the contracts say."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from crmstudy.collection.contracts import chinese
from crmstudy.collection.contracts.dictionary import (
    NEEDED,
    build_dictionary,
    contents,
    list_allowed,
    write_csv,
    write_dictionary,
    write_page,
)
from crmstudy.collection.contracts.dictionary_text import TEXTS
from crmstudy.collection.contracts.examples import COMMON, EXAMPLES, example_of
from crmstudy.collection.contracts.tables import CONTRACTS, Column
from crmstudy.collection.quality.plan import CHANNELS
from crmstudy.collection.warehouse import check_inputs
from crmstudy.settings import OF_FILES, TableSource

ROOT = Path(__file__).parents[2]
COLUMNS = [(table, name) for table, one in CONTRACTS.items() for name in one.columns]


@pytest.mark.parametrize("path", list(contents()))
def test_the_files_are_those_of_the_contracts(path):
    found = (ROOT / path).read_bytes().replace(b"\r\n", b"\n")
    assert found == contents()[path], "run: python -m crmstudy.collection.contracts.dictionary"


def test_writing_writes_them(tmp_path):
    written = write_dictionary(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in written] == list(contents())
    assert written[0].read_bytes() == write_csv()


def test_every_column_has_a_row():
    frame = build_dictionary()
    assert list(zip(frame["table"], frame["column"], strict=True)) == COLUMNS
    assert (frame["example"] != "").all()
    assert (frame["meaning"] != "").all()
    assert set(frame.loc[frame["table_needed"] != "optional", "table"]) == set(NEEDED)


def test_excel_reads_the_csv():
    text = write_csv()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert len(rows) == len(COLUMNS)
    status = next(r for r in rows if (r["table"], r["column"]) == ("transactions", "status"))
    assert status["allowed"] == "completed, returned, cancelled"
    assert [status[key] for key in ("required", "may_be_empty", "key")] == ["no", "yes", "no"]


def test_chinese_is_complete():
    contracts = CONTRACTS.values()
    assert set(chinese.TABLES) == set(CONTRACTS)
    assert set(chinese.MEANINGS) == {c.meaning for one in contracts for c in one.columns.values()}
    words = {one.frequency for one in contracts} | {one.legal_basis for one in contracts}
    for one in contracts:
        words |= {word for c in one.columns.values() for word in (c.kind, c.unit, c.privacy)}
    assert words | {"yes", "no"} | set(CHANNELS.values()) <= set(chinese.WORDS)
    said = [*chinese.TABLES.values(), *chinese.MEANINGS.values()]
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in said)


def test_both_languages_have_the_same_parts():
    assert set(TEXTS["en"]) == set(TEXTS["zh"])
    english, translated = TEXTS["en"], TEXTS["zh"]
    for head in ("overview_head", "column_head"):
        assert english[head].count("|") == translated[head].count("|")
    keys = re.findall(r"^\| `(\w+)` \|", english["files"], flags=re.M)
    assert keys == re.findall(r"^\| `(\w+)` \|", translated["files"], flags=re.M)
    assert {*keys, "open", "simulated"} == set(TableSource.model_fields)
    assert set(keys) >= OF_FILES


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_is_whole(language):
    page = write_page(language)
    for table in CONTRACTS:
        assert f"\n### {table}\n" in page
        assert f"(#{table})" in page
    for table, name in COLUMNS:
        assert f"| `{name}` |" in page.split(f"\n### {table}\n")[1].split("\n### ")[0]
    widths = [line.count("|") for line in page.splitlines() if line.startswith("| `")]
    assert set(widths) == {4, 10}
    assert page.endswith("\n")


def test_no_example_is_left_over():
    named = {(table, name) for table, one in EXAMPLES.items() for name in one}
    assert named <= set(COLUMNS)
    assert set(COMMON) <= {name for _, name in COLUMNS}
    assert example_of("customers", "unknown") == ""


def test_the_examples_are_valid_rows(make_study):
    """Each table made of its examples passes the contract as a user's file would."""
    files = {}
    for table, contract in CONTRACTS.items():
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(contract.columns)
        writer.writerow([example_of(table, name) for name in contract.columns])
        files[f"{table}.csv"] = sink.getvalue()
    hierarchy = {"satisfaction": ["x"], "loyalty": ["y"]}
    study = make_study(
        {table: {"file": f"{table}.csv"} for table in CONTRACTS},
        files,
        currency="EUR",
        judgements={"hierarchy": hierarchy},
    )
    loaded, problems = check_inputs(study)
    assert [str(problem) for problem in problems] == []
    assert len(loaded) == len(CONTRACTS)


@pytest.mark.parametrize(
    ("column", "words", "translated"),
    [
        (Column("text", "", allowed=("a", "b")), "a, b", "a, b"),
        (Column("number", "", minimum=0), "at least 0", "不小于 0"),
        (Column("number", "", maximum=9.5), "at most 9.5", "不大于 9.5"),
        (Column("number", "", minimum=1, maximum=5), "1–5", "1–5"),
        (Column("text", ""), "", ""),
    ],
)
def test_allowed_values_in_words(column, words, translated):
    assert list_allowed(column) == words
    assert list_allowed(column, language="zh") == translated
