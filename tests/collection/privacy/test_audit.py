"""The audit: a person planted in any kind of file is found, a report's own numbers are not."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from crmstudy.collection.privacy.audit import audit_reports
from crmstudy.collection.privacy.keys import study_key
from crmstudy.errors import DataError, UsageError
from crmstudy.settings import read_study

CUSTOMERS = (
    "customer_id,name,email,phone\n"
    "C000123,Anna Schmidt,anna@firm.example,+49 30 1234567\n"
    "KD-00-7,王小明,wang@firm.example,87654321\n"
    "20231234,李雷,li@firm.example,13800138000\n"
    "42,Bo Li,bo@firm.example,13900139000\n"
    "顾客甲乙,Eva Maria Lund,eva@firm.example,\n"
)
TABLES = {"customers": {"file": "c.csv"}}
PLANTED = {
    "identifier": ["C000123", "KD-00-7", "顾客甲乙"],
    "name": ["Anna Schmidt", "王小明"],
    "e-mail": ["anna@firm.example", "nobody.known@other.example"],
    "phone": ["13800138000", "+49 30 1234567", "8765 4321", "010-12345678"],
    "id card": ["11010519491231002X"],
}
CLEAN = [
    "0.13800138000",
    "n = 20231235, revenue 1,380,013.80",
    "doi 10.1037/0022-3514.51.6.1173, ISBN 978-3-16-148410-0",
    "2026-01-31 14:05:00",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "C000124, C0001234 and xC000123",
    "42 customers, Schmidt (1995), Li & Wang (2002)",
    "chi2(24) = 42, p = 1.38e-10, [0.1, 0.4]",
]


def png(text):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    words = text.encode()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(words))
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def notebook(**output):
    cell = {"cell_type": "code", "source": [], "metadata": {}, "outputs": [output]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


WRITERS = {
    "a.md": lambda text: f"# Title\n\nWords {text}, and more\n",
    "table.md": lambda text: f"| a | b |\n|:--|--:|\n| x | {text} |\n",
    "a.txt": lambda text: text,
    "a.csv": lambda text: f'n,comment\n1,"see {text}"\n',
    "a.tex": lambda text: f"a & b \\\\\n1 & {text} \\\\\n",
    "a.html": lambda text: f"<table><tr><th>a</th></tr><tr><td>{text}</td></tr></table>",
    "title.html": lambda text: f'<p title="{text}">x</p>',
    "script.html": lambda text: f"<script>var a = '{text}'</script>",
    "a.json": lambda text: json.dumps({"a": [{"b": f"said {text}"}]}),
    "ascii.json": lambda text: json.dumps({text: 1}, ensure_ascii=True),
    "a.svg": lambda text: f'<svg><path d="M 0 1"/><!-- {text} --></svg>',
    "text.svg": lambda text: f"<svg><text>{text}</text></svg>",
    "a.png": png,
    "a.ipynb": lambda text: notebook(output_type="stream", text=["x\n", f"{text}\n"]),
    "html.ipynb": lambda text: notebook(
        output_type="display_data", data={"text/html": [f"<b>{text}</b>"]}
    ),
    "picture.ipynb": lambda text: notebook(
        output_type="display_data", data={"image/png": base64.b64encode(png(text)).decode()}
    ),
    "error.ipynb": lambda text: notebook(output_type="error", traceback=[f"KeyError: {text}"]),
    "gb.txt": lambda text: f"说 {text}".encode("gb18030"),
    "unknown.bin": lambda text: b"\0\1\2" + f" {text} ".encode() + b"\0\xff",
}


@pytest.fixture
def study(make_study):
    return make_study(TABLES, {"c.csv": CUSTOMERS})


def write(study, name, content):
    file = study.paths.reports / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize("name", WRITERS)
def test_a_planted_person_is_found_in_every_kind_of_file(study, name):
    cases = [(kind, text) for kind, texts in PLANTED.items() for text in texts]
    for number, (_, text) in enumerate(cases):
        write(study, f"{number}/{name}", WRITERS[name](text))
    found = audit_reports(study).table()
    for number, case in enumerate(cases):
        kinds = found.loc[found["file"].eq(f"{number}/{name}"), "kind"]
        assert case[0] in set(kinds), case
        assert case[1] not in found.to_csv()


@pytest.mark.parametrize("name", WRITERS)
def test_numbers_of_a_report_are_not_persons(study, name):
    for number, text in enumerate(CLEAN):
        write(study, f"{number}/{name}", WRITERS[name](text))
    audit = audit_reports(study)
    assert audit.passed, audit.table().to_string()


def test_persons_in_parquet_excel_and_a_database(study):
    folder = study.paths.reports
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"customer": ["C000123"] * 3}), folder / "a.parquet")
    book = Workbook()
    book.active.append(["n", "who"])
    book.active.append([1, "anna@firm.example"])
    book.save(folder / "b.xlsx")
    with duckdb.connect(str(folder / "c.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'Anna Schmidt' AS who")
    found = audit_reports(study).table()
    assert found["file"].tolist() == ["a.parquet"] * 3 + ["b.xlsx", "c.duckdb"]
    assert found["kind"].tolist() == ["identifier"] * 3 + ["e-mail", "name"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "customer_id,n\n42,7\n"),
        ("a.md", "| customer | n |\n|--|--|\n| 42 | 7 |\n"),
        ("a.json", '{"customer_id": 42, "n": 7}'),
        ("a.html", "<table><thead><tr><th></th><th>n</th></tr><tr><th>customer_id</th><th></th>"
         "</tr></thead><tr><th>42</th><td>7</td></tr></table>"),
    ],
)  # fmt: skip
def test_short_numbers_are_looked_for_in_columns_of_identifiers_only(study, name, content):
    write(study, name, content)
    found = audit_reports(study)
    assert found.to_metrics() == {"files": 1, "findings": 1}
    write(study, name, content.replace("customer_id", "customers").replace("customer ", "count "))
    assert audit_reports(study).passed
    searched = found.searched
    where = searched.loc[searched["where"].str.startswith("columns named"), "values"]
    assert where.tolist() == [1]


def test_a_column_of_telephones_and_one_of_statistics(study):
    write(study, "a.csv", "x\n13800138001\n")
    assert not audit_reports(study).passed
    write(study, "a.csv", "x\n13800138001.5\n0.25\n")
    assert audit_reports(study).passed


@pytest.mark.parametrize(
    "form",
    [
        lambda key: key,
        lambda key: key.hex(),
        lambda key: key.hex().upper(),
        base64.b64encode,
        base64.urlsafe_b64encode,
    ],
)
def test_the_key_is_found(study, form):
    written = form(study_key(study))
    written = written.encode() if isinstance(written, str) else written
    write(study, "a.bin", b"x" + written + b"y")
    found = audit_reports(study)
    assert "key" in set(found.table()["kind"])
    assert written.decode(errors="replace") not in found.table().to_string()


def test_two_persons_near_each_other_are_both_hidden(study):
    write(study, "a.txt", "C000123, a@firm.example, 王小明, C000123")
    found = audit_reports(study).table()
    assert set(found["excerpt"]) == {"[identifier], [e-mail], [name], [identifier]"}
    assert len(found) == 4


def test_many_findings_are_counted_and_few_listed(study):
    write(study, "a.txt", "C000123\n" * 500)
    found = audit_reports(study)
    assert (len(found.findings), found.to_metrics()["findings"]) == (20, 500)


def test_dense_numbers_might_be_any_count(make_study):
    ids = "".join(f"{10_000_000 + 2 * i}\n" for i in range(100_000))
    study = make_study({"customers": {"file": "c.csv"}}, {"c.csv": "customer_id\n" + ids})
    write(study, "a.txt", "n = 10000002")
    assert audit_reports(study).passed
    write(study, "a.csv", "customer_id\n10000002\n")
    assert not audit_reports(study).passed


def test_two_signs_are_a_name_only_when_they_stand_alone(study):
    for text, passed in (
        ("李雷", False),
        ("客户李雷的", False),
        ("李雷先生", False),
        ("行李雷同", True),
    ):
        write(study, "a.md", text)
        assert audit_reports(study).passed is passed, text


def test_no_report_and_unreadable_inputs_are_refused(study):
    with pytest.raises(UsageError, match="holds no report: run the study first"):
        audit_reports(study)
    write(study, "a.txt", "x")
    (study.paths.inputs / "c.csv").unlink()
    with pytest.raises(DataError):
        audit_reports(study)


def test_the_published_edition_names_nobody(monkeypatch):
    monkeypatch.delenv("CRMSTUDY_REPORTS", raising=False)
    found = audit_reports(read_study("open"))
    assert found.files > 100
    assert found.passed, found.table().to_string()
