"""The recorder: addresses, numbers, notes; what is malformed is refused, what is absent is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from crmstudy.chapters import check_parameters
from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import CrmStudyError, NotAvailable
from crmstudy.report import draw_bars
from crmstudy.report.record import Record, collect_checks, read_recorded_table, read_results

FRAME = pd.DataFrame({"group": ["a", "b", "c"], "mean_value": [1.25, 2.0, np.nan]})
ABSENT = NotAvailable("the study has no survey")


@pytest.fixture
def shown(monkeypatch) -> list[str]:
    """Collect what a notebook would show."""
    said: list[str] = []
    monkeypatch.setattr(
        "IPython.display.display", lambda thing: said.append(getattr(thing, "data", ""))
    )
    return said


@pytest.fixture
def record(make_study, segmentation_parameters, tmp_path, monkeypatch, shown) -> Record:
    monkeypatch.setenv("CRMSTUDY_OUTPUT", str(tmp_path / "out"))
    study = make_study(
        {
            "transactions": {"file": "t.csv", "note": "Own\nshop.", "remark": "Read with care."},
            "customers": {"simulated": "customers"},
        },
        {"t.csv": "customer_id,ordered_at,revenue\na,2026-01-01,1\n"},
        simulation={"n_customers": 300},
    )
    folder = str(study.paths.inputs)
    gate = check_parameters("segmentation", STUDY=folder, **segmentation_parameters)
    return Record(gate, StudyData(study, open_warehouse(study)))


def written(record: Record) -> set[str]:
    files = (file for file in record.folder.rglob("*") if file.is_file())
    return {file.relative_to(record.folder).as_posix() for file in files}


def test_every_exhibit_has_its_address(record, shown):
    record.table(FRAME, "segments", caption="Segments.")
    record.figure(draw_bars(pd.Series({"a": 1.0}), x_label="x"), "shares", caption="Shares.")
    record.text("A passage.", "reading")
    record.metric("firm.kmeans.silhouette", 0.5)
    record.close()
    assert written(record) == {
        "tables/segmentation/segments.csv",
        "tables/segmentation/segments.tex",
        "tables/segmentation/segments.md",
        "figures/segmentation/shares.png",
        "figures/segmentation/shares.svg",
        "text/segmentation/reading.md",
        "results/segmentation.json",
    }
    passage = (record.folder / "text/segmentation/reading.md").read_text(encoding="utf-8")
    assert passage == "A passage.\n"
    assert "A passage." in shown


def test_exhibits_are_numbered_by_chapter_and_kind(record, shown):
    record.table(FRAME, "first", caption="One.")
    record.figure(draw_bars(pd.Series({"a": 1.0}), x_label="x"), "picture", caption="Two.")
    record.table(ABSENT, "second", caption="Three.")
    record.table(FRAME, "third", caption="Four.")
    labels = [text.split("**")[1] for text in shown if isinstance(text, str) and "**" in text]
    assert labels == ["Table 3.1.", "Figure 3.1.", "Table 3.2.", "Table 3.3."]


def test_the_table_on_disk_is_the_table_shown(record, shown):
    record.table(FRAME, "segments", caption="Segments.", source="transactions", n=3, unit="EUR")
    kept = (record.folder / "tables/segmentation/segments.md").read_text(encoding="utf-8")
    assert kept == shown[-1] + "\n"
    assert kept.splitlines()[2:] == [
        "| group | mean value |",
        "| :--- | ---: |",
        "| a | 1.250 |",
        "| b | 2.000 |",
        "| c | – |",
        "",
        "*n = 3. Unit: EUR. Source: t.csv. Own shop. Read with care.*",
    ]
    csv = (record.folder / "tables/segmentation/segments.csv").read_text(encoding="utf-8")
    assert csv == "group,mean_value\na,1.25\nb,2\nc,\n"


def test_a_note_stays_one_comment_in_latex(record):
    record.table(FRAME, "segments", caption="Segments.", source="transactions")
    latex = (record.folder / "tables/segmentation/segments.tex").read_text(encoding="utf-8")
    assert latex.splitlines()[-1].startswith("% *Source: t.csv. Own shop.")


def test_a_remark_is_made_once_a_chapter_and_an_origin_under_every_exhibit(record, shown):
    record.table(FRAME, "one", caption="One.", source="transactions")
    record.table(FRAME, "two", caption="Two.", source=["transactions", "transactions"])
    assert [text.count("Read with care.") for text in shown] == [1, 0]
    assert [text.count("Source: t.csv. Own shop.") for text in shown] == [1, 1]


def test_simulated_data_are_called_so_under_every_exhibit(record, shown):
    record.table(FRAME, "one", caption="One.", source="customers")
    record.figure(
        draw_bars(pd.Series({"a": 1.0}), x_label="x"), "two", caption="Two.", source="customers"
    )
    record.table(FRAME, "three", caption="Three.", source=["transactions", "customers"])
    notes = [text for text in shown if isinstance(text, str) and "**" in text]
    assert len(notes) == 3
    assert all("Simulated data, no real customers." in note for note in notes)


def test_shortened_tables_say_so_and_keep_all_rows(record, shown):
    record.table(FRAME, "most", caption="Most.", most=2, show=["mean_value"], n=np.int64(3))
    assert (
        "*First 2 of 3 rows; all are in the CSV file.* *n = 3. Simulated data, no real customers.*"
        in shown[-1]
    )
    assert "group" not in shown[-1]
    csv = (record.folder / "tables/segmentation/most.csv").read_text(encoding="utf-8")
    assert len(csv.splitlines()) == 4
    assert csv.startswith("group,")


def test_what_is_not_available_is_said_with_its_reason(record, shown):
    record.table(ABSENT, "a", caption="A.")
    record.figure(ABSENT, "b", caption="B.")
    record.text(ABSENT, "c")
    assert shown[-1] == "Not available: the study has no survey."
    record.metric("firm.model.quantity", ABSENT, unit="EUR")
    record.metrics(ABSENT, "firm.other")
    assert all("ot available: the study has no survey" in text for text in shown)
    assert len(shown) == 3
    assert record.results == {
        "segmentation.firm.model.quantity": {
            "value": None,
            "reason": ABSENT.reason,
            "unit": "EUR",
            "n": None,
        },
        "segmentation.firm.other.available": {
            "value": None,
            "reason": ABSENT.reason,
            "unit": "",
            "n": None,
        },
    }


@pytest.mark.parametrize("name", ["a.b", "a.b.c.d", "A.b.c", "a.b.c d", "a..c", "", "a.b.ü"])
def test_malformed_names_of_numbers(record, name):
    with pytest.raises(CrmStudyError, match="must read <data>"):
        record.metric(name, 1.0)


@pytest.mark.parametrize("name", ["A", "a b", "a-b", "", "../x", "1a", "a\n"])
def test_malformed_names_of_exhibits(record, name):
    with pytest.raises(CrmStudyError, match="must be named in snake case"):
        record.table(FRAME, name, caption="C.")
    assert written(record) == set()


def test_nothing_is_recorded_twice(record):
    record.table(FRAME, "same", caption="C.")
    with pytest.raises(CrmStudyError, match="exhibit 'same' is recorded twice in chapter segm"):
        record.text("text", "same")
    record.metric("a.b.c", 1)
    with pytest.raises(CrmStudyError, match=r"metric 'segmentation\.a\.b\.c' is recorded twice"):
        record.metric("a.b.c", ABSENT)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, float("nan")])
def test_numbers_that_are_none(record, value):
    with pytest.raises(CrmStudyError, match=r"record NotAvailable\(reason\) instead"):
        record.metric("a.b.c", value)
    assert record.results == {}


@pytest.mark.parametrize(
    ("value", "given", "tolerance"),
    [
        (3, None, 0),
        (np.int64(3), None, 0),
        (2.5e6, None, 2.5),
        (-0.4, None, 4e-7),
        (0.0, None, 1e-9),
        (0.4, 0.01, 0.01),
    ],
)
def test_tolerances(record, value, given, tolerance):
    record.metric("a.b.c", value, tolerance=given)
    entry = record.results["segmentation.a.b.c"]
    assert entry["tolerance"] == pytest.approx(tolerance)
    assert entry["value"] == value
    assert type(entry["value"]) in (int, float)


def test_several_numbers_of_one_model(record):
    record.metrics({"n": 3, "mean": 1.5}, "firm.model", units={"mean": "EUR"}, n=3)
    record.metrics({"firm.ledger.lines": 7})
    assert set(record.results) == {
        "segmentation.firm.model.n",
        "segmentation.firm.model.mean",
        "segmentation.firm.ledger.lines",
    }
    assert record.results["segmentation.firm.model.mean"]["unit"] == "EUR"


def test_numbers_are_sorted_and_the_same_bytes(record):
    record.metric("b.b.b", 1 / 3)
    record.metric("a.a.a", 2)
    record.close()
    file = record.folder / "results/segmentation.json"
    first = file.read_bytes()
    record.close()
    assert file.read_bytes() == first
    content = json.loads(first)
    assert list(content) == ["segmentation.a.a.a", "segmentation.b.b.b"]
    assert content["segmentation.b.b.b"]["value"] == 1 / 3


def test_the_colophon_says_what_made_the_numbers(record, shown):
    record.metric("a.a.a", 2)
    record.close()
    for part in ("1 numbers, 0 tables", "N_BINS = 5", "firm.transactions ", "numpy ", "Python 3"):
        assert part in shown[-1]


def test_a_notebook_run_by_hand_writes_drafts(record, monkeypatch):
    monkeypatch.delenv("CRMSTUDY_OUTPUT")
    drafted = Record(record.settings, record.data)
    assert drafted.folder == record.data.study.paths.work / "drafts" / "segmentation"


def test_results_are_read_back_without_one_chapter(tmp_path):
    assert read_results(tmp_path) == {}
    content = {"value.a.b.c": {"value": 1}, "case.a.b.c": {"value": 2}}
    (tmp_path / "results.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_results(tmp_path) == content
    assert list(read_results(tmp_path, without="case")) == ["value.a.b.c"]


def test_a_recorded_table_is_read_back(record):
    record.table(FRAME, "segments", caption="Segments.")
    back = read_recorded_table(record.folder, "segmentation", "segments")
    pd.testing.assert_frame_equal(back, FRAME, check_dtype=False)
    absent = read_recorded_table(record.folder, "segmentation", "nothing")
    assert absent.reason == "chapter segmentation recorded no table nothing"


def test_checks_that_fail_are_collected(tmp_path):
    columns = "assumption,holds,statistic,rule,source,if it fails\n"
    for chapter, rows in {
        "b_chapter": "normal,no,3.5,< 2,X,care\nequal,yes,1,> 0,X,care\n",
        "a_chapter": "linear,no,,> 0,X,care\n",
        "c_chapter": "good,yes,1,> 0,X,care\n",
    }.items():
        place = tmp_path / "tables" / chapter
        place.mkdir(parents=True)
        (place / "checks.csv").write_text(columns + rows, encoding="utf-8")
        (place / "other.csv").write_text("x\n1\n", encoding="utf-8")
    found = collect_checks(tmp_path)
    assert found["assumption"].tolist() == ["linear", "normal"]
    assert found["chapter"].tolist() == ["a_chapter", "b_chapter"]


def test_no_failed_check(tmp_path):
    assert collect_checks(tmp_path).reason == "no check failed"
