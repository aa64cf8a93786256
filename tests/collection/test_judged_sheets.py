"""One expert a file: squares and forms in CSV and XLSX, read as the long table says the same."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.collection.inputs import hash_table
from crmstudy.collection.warehouse import check_inputs, open_warehouse
from crmstudy.settings import Study

HANZI = re.compile("[\u4e00-\u9fff]")
TREE = {"price": ["list_price", "discount"], "service": ["speed", "tone", "skill"], "brand": ["x"]}
LI = """\
criteria,price,service,brand
price,1,3,1/2
service,,1,0.33
brand,,,1

service,speed,tone,skill
speed,1,2,4
tone,,1,2
skill,,,1

price,list_price,discount
list_price,,5
"""
#: What LI says.
SAID = [
    ("criteria", "price", "service", "3"),
    ("criteria", "price", "brand", "1/2"),
    ("criteria", "service", "brand", "0.33"),
    ("service", "speed", "tone", "2"),
    ("service", "speed", "skill", "4"),
    ("service", "tone", "skill", "2"),
    ("price", "list_price", "discount", "5"),
]
SCALE = [*range(9, 0, -1), *range(2, 10)]


def book(**sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    made.save(content)
    return content.getvalue()


def grid(text: str) -> list[list[object]]:
    return [list(line.split(",")) for line in text.split("\n")]


def squares(text: str = LI) -> dict[str, list[list[object]]]:
    """One sheet a matrix, the corner left empty."""
    parts = [grid(part) for part in text.strip().split("\n\n")]
    return {str(part[0][0]): [["", *part[0][1:]], *part[1:]] for part in parts}


def form(corner: str, *pairs: tuple[str, str, int | None], mark: str = "x") -> list[list[object]]:
    """A scale with one row a pair, marked at a place from 0 (9 for the left) to 16."""
    rows: list[list[object]] = [["Which matters more?"], [], [corner, *SCALE, ""]]
    for left, right, at in pairs:
        rows.append([left, *[mark if k == at else None for k in range(17)], right])
    return rows


@pytest.fixture
def panel(make_study):
    def make(files: dict[str, str | bytes], file: str = "experts/*", **how: object) -> Study:
        settings = {"judgements": {"hierarchy": TREE, "labels": {"tone": "语气 tone"}}}
        settings |= how.pop("settings", {})
        study = make_study({"judgements": {"file": file, **how}}, {}, **settings)
        (study.paths.inputs / "experts").mkdir(exist_ok=True)
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (study.paths.inputs / name).write_bytes(raw)
        return study

    return make


def rows_of(study: Study) -> pd.DataFrame:
    loaded, problems = check_inputs(study)
    assert [str(problem) for problem in problems] == []
    return loaded[0].frame()


def said_by(study: Study, expert: str) -> set[tuple[str, ...]]:
    """What an expert judged, without the diagonal."""
    frame = rows_of(study)
    frame = frame[(frame["expert"] == expert) & (frame["row"] != frame["column"])]
    return set(frame[["matrix", "row", "column", "value"]].itertuples(index=False, name=None))


def problems_of(study: Study) -> list[Problem]:
    return check_inputs(study)[1]


# --- what is read -------------------------------------------------------------------------


def test_csv_file_of_squares(panel):
    study = panel({"experts/Li.csv": LI})
    assert said_by(study, "Li") == set(SAID)


def test_workbook_with_a_sheet_a_matrix(panel):
    study = panel({"experts/Li.xlsx": book(**squares())})
    assert said_by(study, "Li") == set(SAID)


def test_csv_and_workbook_side_by_side_in_the_order_of_their_names(panel):
    files = {"experts/b.csv": LI, "experts/a.xlsx": book(**squares()), "experts/~$a.xlsx": b"lock"}
    study = panel(files, file="experts/*.*")
    assert rows_of(study)["expert"].drop_duplicates().tolist() == ["a", "b"]


def test_pattern_may_name_a_suffix_only(panel):
    study = panel({"experts/b.csv": LI, "experts/notes.txt": "x"}, file="experts/*.csv")
    assert said_by(study, "b") == set(SAID)


def test_one_file_of_squares_needs_no_pattern(panel):
    assert said_by(panel({"Li.csv": LI}, file="Li.csv"), "Li") == set(SAID)


def test_labels_stand_for_names_in_a_long_table_too(panel):
    rows = [f"Li,{','.join(row)}" for row in SAID]
    labelled = "\n".join(["expert,matrix,row,column,value", *rows]).replace("tone", "语气 tone")
    assert said_by(panel({"long.csv": labelled}, file="long.csv"), "Li") == set(SAID)


def test_a_sheet_an_expert_where_cells_name_the_matrix(panel):
    study = panel({"panel.xlsx": book(Li=grid(LI), Wang=grid(LI))}, file="panel.xlsx")
    assert said_by(study, "Li") == said_by(study, "Wang") == set(SAID)


def test_a_cell_says_who_judged(panel):
    study = panel({"experts/1.csv": "专家,李明\n\n" + LI, "experts/2.csv": "Expert:,Wang\n" + LI})
    assert said_by(study, "李明") == said_by(study, "Wang") == set(SAID)


def test_a_cell_of_one_sheet_counts_for_the_file(panel):
    cover = {"cover": [["Please fill in"], ["Expert 专家", "Wang"]]}
    study = panel({"experts/1.xlsx": book(**cover, **squares())})
    assert said_by(study, "Wang") == set(SAID)


def test_a_line_above_may_name_the_matrix(panel):
    text = LI.replace("criteria,price", "matrix,criteria\n,price", 1)
    assert said_by(panel({"experts/Li.csv": text}), "Li") == set(SAID)


def test_forms_are_read_by_their_marks(panel):
    sheets = {
        "1": form("criteria", ("price", "service", 6), ("price", "brand", 9)),
        "2": form("service", ("speed", "tone", 7), ("speed", "skill", 16), ("tone", "skill", 8)),
        "3": form("price", ("list_price", "discount", 0), mark="9"),
    }
    study = panel({"experts/Li.xlsx": book(**sheets)})
    assert said_by(study, "Li") == {
        ("criteria", "price", "service", "3"),
        ("criteria", "price", "brand", "1/2"),
        ("service", "speed", "tone", "2"),
        ("service", "speed", "skill", "1/9"),
        ("service", "tone", "skill", "1"),
        ("price", "list_price", "discount", "9"),
    }


def test_names_may_be_spelled_for_readers(panel):
    text = LI.replace("list_price", "List price").replace("tone", "语气 tone")
    assert said_by(panel({"experts/Li.csv": text}), "Li") == set(SAID)


def test_columns_and_rows_in_any_order_and_the_lower_triangle(panel):
    lower = "criteria,brand,service,price\nservice,3,1,1/3\nprice,,,1\nbrand,,,2\n"
    study = panel({"experts/Li.csv": LI.replace(LI.split("\n\n")[0], lower.strip())})
    assert {("criteria", "service", "price", "1/3"), ("criteria", "brand", "price", "2")} < said_by(
        study, "Li"
    )


@pytest.mark.parametrize("text", ["1/3", "1／3", "１／３", "0.33", "=1/3"])
def test_ways_to_write_a_fraction(panel, text):
    sheets = squares()
    sheets["criteria"][1][2] = text
    frame = rows_of(panel({"experts/Li.xlsx": book(**sheets)}))
    value = frame.loc[frame["column"].eq("service") & frame["row"].eq("price"), "value"].item()
    assert value in ("1/3", "1／3", "１／３", "0.33")


def test_decimal_comma_needs_no_setting(panel):
    study = panel({"experts/Li.csv": LI.replace(",", ";").replace("0.33", "0,33")}, delimiter=";")
    assert ("criteria", "service", "brand", "0,33") in said_by(study, "Li")


def test_long_tables_one_expert_a_file(panel):
    rows = "\n".join(",".join(row) for row in SAID)
    files = {f"experts/{name}.csv": f"Ebene,row,column,value\n{rows}\n" for name in "AB"}
    study = panel(files, columns={"matrix": "Ebene"})
    assert said_by(study, "A") == said_by(study, "B") == set(SAID)


def test_other_encodings_and_missing_codes(panel):
    text = "专家,李明\n" + LI.replace("service,,1", "service,-,1")
    study = panel({"experts/1.csv": text.encode("gb18030")}, encoding="gb18030", missing=["-"])
    assert said_by(study, "李明") == set(SAID)


def test_squares_and_the_long_table_say_the_same(panel):
    rows = "\n".join(",".join(("Li", *row)) for row in SAID)
    long = panel({"j.csv": f"expert,matrix,row,column,value\n{rows}\n"}, file="j.csv")
    assert said_by(long, "Li") == said_by(panel({"experts/Li.csv": LI}), "Li")


def test_comparisons_may_be_open_where_others_link(panel):
    text = LI.replace("price,1,3,1/2", "price,1,,1/2")
    assert len(said_by(panel({"experts/Li.csv": text}), "Li")) == len(SAID) - 1


def test_words_around_the_judgements_are_passed_over(panel):
    text = f"Study of 2026\nStep,What to do\n1,read\n2,judge\n\n{LI}\nThank you\n"
    assert said_by(panel({"experts/Li.csv": text}), "Li") == set(SAID)


def test_the_warehouse_is_made_anew_when_a_file_changes_or_comes(panel):
    study = panel({"experts/Li.csv": LI})
    source = study.table_sources()["firm", "judgements"]
    first = hash_table(study, source)
    place = open_warehouse(study).place
    assert place.is_file()
    (study.paths.inputs / "experts/Wang.csv").write_text(LI)
    second = hash_table(study, source)
    (study.paths.inputs / "experts/Wang.csv").rename(study.paths.inputs / "experts/Zhao.csv")
    assert len({first, second, hash_table(study, source)}) == 3
    assert open_warehouse(study).table("firm", "judgements")["expert"].nunique() == 2


# --- what is refused ----------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, str | bytes], str, str, str]] = {
    "not reciprocal": (
        {"experts/Li.csv": LI.replace("service,,1", "service,1/5,1")},
        "Li.csv, cell B3",
        "found 1/5 against 3 in cell C2 for the pair turned round; allowed: the reciprocal",
        "单元格 C2",
    ),
    "zero": (
        {"experts/Li.csv": LI.replace("price,1,3", "price,1,0")},
        "Li.csv, cell C2",
        "found '0'; allowed: a number or a fraction such as 1/3, on Saaty's scale",
        "Saaty",
    ),
    "negative": (
        {"experts/Li.csv": LI.replace("price,1,3", "price,1,-3")},
        "Li.csv, cell C2",
        "found '-3'; allowed: a number or a fraction",
        "Saaty",
    ),
    "off the scale": (
        {"experts/Li.xlsx": book(**squares(LI.replace("price,1,3", "price,1,12")))},
        "Li.xlsx, sheet 'criteria', cell C2",
        "found '12'; allowed",
        "工作表“criteria”，单元格 C2",
    ),
    "text": (
        {"experts/Li.csv": LI.replace("price,1,3", "price,1,more")},
        "Li.csv, cell C2",
        "found 'more'; allowed",
        "'more'",
    ),
    "diagonal": (
        {"experts/Li.csv": LI.replace("tone,,1", "tone,,2")},
        "Li.csv, cell C8",
        "found 2 for 'tone' against itself; allowed: 1, or no row",
        "自身",
    ),
    "unknown name": (
        {"experts/Li.csv": LI.replace("brand", "barnd")},
        "Li.csv, cell D2",
        "found 'barnd'; allowed: one of price, service, brand; correct it, or the hierarchy in "
        "study.yml; did you mean 'brand'?",
        "是否应为“brand”",
    ),
    "unknown matrix": (
        {"experts/Li.csv": LI.replace("criteria,", "criterai,")},
        "Li.csv, cell B2",
        "found 'criterai'; allowed: one of criteria, price, service, brand; correct",
        "是否应为“criteria”",
    ),
    "choice that study.yml does not speak of": (
        {"experts/Li.csv": LI + "\nselection,a,b\na,1,3\nb,,1\n"},
        "Li.csv, cell B15",
        "found 'selection'; allowed: one of criteria, price, service, brand; take the rows out, "
        "or name the criteria under selection in study.yml",
        "在 study.yml 的 selection 中写明准则",
    ),
    "row that the header has not": (
        {"experts/Li.csv": LI.replace("\nbrand,,,1", "\nbarnd,,,1")},
        "Li.csv, cell A4",
        "found 'barnd'; allowed: one of the names in its first row: price, service, brand",
        "第一行中的名称之一",
    ),
    "name twice in a square": (
        {"experts/Li.csv": LI.replace("\ntone,,1,2", "\nspeed,,1,2")},
        "Li.csv, cell A8",
        "found 'speed' a second time; allowed: each once",
        "重复出现",
    ),
    "value without a name": (
        {"experts/Li.csv": LI.replace("\ntone,,1,2", "\ntone,,1,2,7")},
        "Li.csv, cell E8",
        "found '7' without a name; allowed: a name; write the two names",
        "没有名称",
    ),
    "no matrix name": (
        {"experts/Li.csv": LI.replace("criteria,", ",")},
        "Li.csv, cell A1",
        "found judgements on no named matrix; allowed: a matrix of study.yml in the corner cell",
        "没有写明",
    ),
    "one expert in two files": (
        {"experts/Li.csv": LI, "experts/Li 2.csv": "expert,Li\n" + LI},
        "Li.csv, cell A1",
        "found expert 'Li' again, whose judgements are in Li 2.csv already; allowed: every expert",
        "再次出现",
    ),
    "a matrix twice": (
        {"experts/Li.csv": LI + "\n" + LI.split("\n\n")[0]},
        "Li.csv, cell A14",
        "found matrix 'criteria' of expert 'Li' a second time",
        "重复出现",
    ),
    "an expert without a matrix": (
        {"experts/Li.csv": LI, "experts/Wang.csv": LI.split("\n\nprice")[0]},
        "Wang.csv",
        "found no judgement of expert 'Wang' on matrix 'price'; allowed: each pair",
        "没有判断矩阵“price”",
    ),
    "comparisons in parts": (
        {"experts/Li.csv": LI.replace("speed,1,2,4", "speed,1,,")},
        "Li.csv",
        "found judgements of expert 'Li' on matrix 'service' in 2 parts that nothing links: "
        "(speed), (tone, skill); allowed: judgements that link every element to every other, "
        "through others if need be; judge for instance 'speed' against 'tone'",
        "互不相连的 2 部分",
    ),
    "no judgements": (
        {"experts/Li.csv": "Dear Li,\nplease judge.\n"},
        "Li.csv",
        "holds no judgements: no square",
        "没有判断",
    ),
    "wrong delimiter": (
        {"experts/Li.csv": LI.replace(",", ";")},
        "Li.csv",
        "holds no judgements",
        "delimiter",
    ),
    "two marks": (
        {
            "experts/Li.xlsx": book(
                criteria=[
                    *form("", ("price", "service", 2))[:3],
                    ["price", "x", "x", *[None] * 15, "service"],
                ]
            )
        },
        "Li.xlsx, sheet 'criteria', cell C4",
        "found 2 marks for one pair; allowed: one mark in a row",
        "2 个标记",
    ),
    "another number than the one above": (
        {"experts/Li.xlsx": book(criteria=form("", ("price", "service", 2), mark="5"))},
        "Li.xlsx, sheet 'criteria', cell D4",
        "found '5'; allowed: a mark such as x, or the number above it",
        "标记",
    ),
    "date that a spreadsheet made": (
        {"experts/Li.xlsx": book(**squares(LI.replace("price,1,3", "price,1,2026-01-03")))},
        "Li.xlsx, sheet 'criteria', cell C2",
        "made a date of 1/3",
        "变成了日期",
    ),
    "broken workbook": (
        {"experts/Li.xlsx": b"PK nothing"},
        "Li.xlsx",
        "cannot be read as Excel",
        "无法按",
    ),
    "no readable CSV": (
        {"experts/Li.csv": "criteria,a\n" + "x" * (1 << 21)},
        "Li.csv",
        "cannot be read as CSV: field larger than field limit",
        "无法按",
    ),
    "another kind of file": (
        {"experts/Li.docx": b"x"},
        "Li.docx",
        "cannot read .docx; allowed: one of .csv, .xlsx",
        "不支持",
    ),
    "no file": ({}, "experts/*", "does not exist in", "不存在"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_with_its_place_in_both_languages(panel, name):
    files, place, said, chinese = BAD[name]
    problems = problems_of(panel(files))
    told = [problem for problem in problems if said in str(problem)]
    assert told, "\n".join(map(str, problems))
    assert str(told[0]).startswith(place)
    assert chinese in told[0].say("zh")
    assert HANZI.search(told[0].say("zh"))
    for problem in problems:
        assert problem.file
        assert isinstance(problem.allowed, Message)
        assert isinstance(problem.remedy, Message)


def test_all_problems_of_all_files_in_one_list(panel):
    files = {
        "experts/Li.csv": LI.replace("price,1,3", "price,1,0"),
        "experts/Wang.csv": LI.replace("tone,,1", "tone,,2").replace("speed,1,2", "speed,1,much"),
        "experts/Zhao.csv": "nothing here\n",
    }
    said = "\n".join(map(str, problems_of(panel(files))))
    for place in ("Li.csv, cell C2", "Wang.csv, cell C8", "Wang.csv, cell C7", "Zhao.csv holds no"):
        assert place in said
    with pytest.raises(InputError, match=r"Li\.csv, cell C2"):
        open_warehouse(panel(files))


def test_only_the_choice_of_a_system_may_be_judged(panel):
    chosen = {"selection": {"criteria": {"cost": {}, "ease": {}, "safety": {}}}}
    text = "selection,cost,ease,safety\ncost,,3,2\nease,,,1/2\n"
    study = panel({"experts/Li.csv": text}, settings=chosen)
    assert len(said_by(study, "Li")) == 3
    problems = problems_of(panel({"experts/Li.csv": text}))
    assert "found 'selection'; allowed: one of criteria, price" in str(problems[0])


def test_long_table_names_are_checked_against_the_hierarchy(panel):
    rows = "\n".join(",".join(("Li", *row)) for row in SAID).replace("speed", "sped")
    study = panel({"j.csv": f"expert,matrix,row,column,value\n{rows}\n"}, file="j.csv")
    problem = problems_of(study)[0]
    assert (problem.row, problem.column, problem.file) == (5, "row", "j.csv")
    assert "found 'sped'; allowed: one of speed, tone, skill" in str(problem)


def test_names_of_files_with_signs_of_a_pattern(panel):
    study = panel({"Li [1].csv": LI}, file="Li [1].csv")
    assert said_by(study, "Li [1]") == set(SAID)


def test_reading_does_not_change_the_files(panel, tmp_path: Path):
    study = panel({"experts/Li.csv": LI})
    before = sorted(study.paths.inputs.rglob("*"))
    rows_of(study)
    assert sorted(study.paths.inputs.rglob("*")) == before
    assert (study.paths.inputs / "experts/Li.csv").read_text() == LI
