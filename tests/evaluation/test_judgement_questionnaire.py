"""The questionnaire: what it asks, the same bytes every time, and a filled-in form read back."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from crmstudy.cli import main
from crmstudy.collection.warehouse import check_inputs
from crmstudy.errors import DataError, UsageError
from crmstudy.evaluation.judgements.questionnaire import (
    write_questionnaire,
    write_study_forms,
)
from crmstudy.evaluation.judgements.questions import list_questions, questions_of
from crmstudy.evaluation.judgements.reading import read_panels
from crmstudy.settings import read_study

ROOT = Path(__file__).parents[2]
TREE = {"satisfaction": ["product", "after_sales"], "loyalty": ["again", "advice", "stay"]}
LABELS = {"satisfaction": "顾客满意", "after_sales": "24/7 service: calls [and] mail"}
SCALE = [*range(9, 0, -1), *range(2, 10)]


def fill(form: bytes, expert: str, marks: dict[tuple[str, str], int], sign: object = "x") -> bytes:
    """Mark places from 0 (9 for the left) to 16 (9 for the right) by the names of a row."""
    book = openpyxl.load_workbook(io.BytesIO(form))
    book.worksheets[0]["B3"] = expert
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows(min_row=5):
            place = marks.get((row[0].value, row[18].value))
            if place is not None:
                row[1 + place].value = sign
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def every_pair(questions) -> list[tuple[str, str]]:
    return [pair for question in questions for pair in question.pairs]


def test_asks_every_pair_of_every_matrix_once():
    questions = list_questions(TREE | {"single": ["one"]}, labels=LABELS, selection=("a_b", "c"))
    assert [question.matrix for question in questions] == [
        *("criteria", "顾客满意", "loyalty", "selection"),
    ]
    assert [len(question.pairs) for question in questions] == [3, 1, 3, 1]
    assert questions[1].pairs == (("product", "24/7 service: calls [and] mail"),)
    assert questions[3].pairs == (("a b", "c"),)
    assert "顾客满意" in questions[1].english
    assert "“CRM performance”" in questions[0].chinese


@pytest.mark.parametrize("sign", ["x", "✓", "是"])
def test_a_filled_in_form_is_read_back(make_study, sign):
    rng = np.random.default_rng(1)
    form, _ = write_questionnaire(TREE, labels=LABELS)
    pairs = every_pair(list_questions(TREE, labels=LABELS))
    told = {
        expert: dict(zip(pairs, rng.integers(17, size=len(pairs)).tolist(), strict=True))
        for expert in ("李明", "Wang")
    }
    files = {
        f"{n}.xlsx": fill(form, name, marks, sign) for n, (name, marks) in enumerate(told.items())
    }
    study = make_study(
        {"judgements": {"file": "?.xlsx"}},
        files,
        judgements={"hierarchy": TREE, "labels": LABELS},
    )
    loaded, problems = check_inputs(study)
    assert [str(problem) for problem in problems] == []
    panels = read_panels(loaded[0].frame(), names={"criteria": tuple(TREE), **TREE})
    back = {label: name for name, label in LABELS.items()}
    for expert, marks in told.items():
        for (left, right), place in marks.items():
            names = [back.get(name, name) for name in (left, right)]
            panel = next(p for p in panels.values() if set(names) <= set(p.names))
            expected = SCALE[place] if place <= 8 else 1 / SCALE[place]
            assert panel.of(expert).loc[names[0], names[1]] == pytest.approx(expected, rel=1e-15)


def test_an_empty_form_is_refused_and_a_file_without_a_name_is_the_expert(make_study):
    form, _ = write_questionnaire(TREE)
    pairs = every_pair(list_questions(TREE))
    files = {"Li.xlsx": fill(form, "", dict.fromkeys(pairs, 8)), "Wu.xlsx": form}
    study = make_study({"judgements": {"file": "*.xlsx"}}, files, judgements={"hierarchy": TREE})
    _, problems = check_inputs(study)
    assert [problem.file for problem in problems] == ["Wu.xlsx"]
    assert "holds no judgements" in str(problems[0])


def test_the_same_bytes_on_every_day_and_machine():
    form, text = write_questionnaire(TREE, labels=LABELS, title="Panel 专家")
    code = (
        "import sys; from crmstudy.evaluation.judgements.questionnaire import write_questionnaire\n"
        f"form, _ = write_questionnaire({TREE!r}, labels={LABELS!r}, title='Panel 专家')\n"
        "sys.stdout.buffer.write(form)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert made == form
    assert write_questionnaire(TREE, labels=LABELS, title="Panel 专家") == (form, text)
    assert b"2000-01-01T00:00:00Z" in form


def test_the_printed_form_shows_every_pair_with_the_scale():
    _, text = write_questionnaire(TREE, labels=LABELS)
    scale = "  ".join(map(str, SCALE))
    rows = [line for line in text.splitlines() if scale in line]
    pairs = every_pair(list_questions(TREE, labels=LABELS))
    assert [tuple(part.strip() for part in row.split(scale)) for row in rows] == pairs
    assert text.startswith("Judgements on CRM performance 专家判断\n")
    assert "圈出一个数字" in text


@pytest.mark.parametrize("name", ["judgement_form.xlsx", "judgement_form.txt"])
def test_the_form_of_the_template_is_that_of_its_hierarchy(name):
    forms = write_study_forms(read_study("template", ROOT))
    told = "run: python study.py form template --force"
    found = (ROOT / "data/template" / name).read_bytes()
    assert found.replace(b"\r\n", b"\n") == forms[name].replace(b"\r\n", b"\n"), told


def test_the_verb_writes_the_forms_and_spares_a_filled_in_one(make_study, capsys):
    study = make_study({"judgements": {"file": "*.xlsx"}}, judgements={"hierarchy": TREE})
    folder = study.paths.inputs
    assert main(["form", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(folder / "judgement_form.xlsx"),
        str(folder / "judgement_form.txt"),
    ]
    assert main(["form", str(folder)]) == 0
    (folder / "judgement_form.xlsx").write_bytes(b"filled in")
    capsys.readouterr()
    assert main(["form", str(folder)]) == 2
    assert "judgement_form.xlsx exists and is another form" in capsys.readouterr().err
    assert (folder / "judgement_form.xlsx").read_bytes() == b"filled in"
    assert main(["form", str(folder), "--force"]) == 0
    assert (folder / "judgement_form.xlsx").read_bytes().startswith(b"PK")


def test_refuses_what_has_nothing_to_compare(make_study):
    with pytest.raises(DataError, match="nothing to compare"):
        list_questions({"a": ["b"]})
    study = make_study({"judgements": {"file": "j.csv"}})
    with pytest.raises(UsageError, match=r"names nothing to judge: give criteria .* hierarchy"):
        questions_of(study.settings)
