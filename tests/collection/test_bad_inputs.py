"""Every kind of bad input: named by file, row, column, found, allowed and remedy, twice told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import Problem, problems_table, write_problems
from crmstudy.collection.warehouse import check_inputs
from crmstudy.runner.meaning import check_meaning
from crmstudy.settings import Study

HEADER = "customer_id,ordered_at,revenue,basket_id\n"
JUDGED = "expert,matrix,row,column,value\n"
CAMPAIGN = "campaign_id,customer_id,start_on,end_on\n"
INSTRUMENT = {
    "scale": [1, 10],
    "constructs": {"quality": {"label": "Quality", "items": ["Q1", "Q2"]}},
}
HANZI = re.compile("[\u4e00-\u9fff]")


def line(**cells: str) -> str:
    row = {"customer_id": "a", "ordered_at": "2026-01-31", "revenue": "1", "basket_id": "1"}
    return HEADER + ",".join((row | cells).values()) + "\n"


def xlsx(*rows: list[object], sheet: str = "Data") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


@dataclass(frozen=True)
class Bad:
    """One bad study: its file, how study.yml describes it, and what must be said."""

    content: str | bytes
    said: str
    place: tuple[int | None, str]
    table: str = "transactions"
    file: str = "t.csv"
    how: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)


SURVEY = {"table": "survey", "settings": {"instrument": INSTRUMENT}}
COSTS = "period,cost_type,amount\n"
SHEET = [["customer_id", "ordered_at", "revenue"], ["a", "2026-01-31", 1]]
BAD = {
    # files
    "missing file": Bad(
        line(), "nowhere.csv does not exist in", (None, ""), how={"file": "nowhere.csv"}
    ),
    "unknown suffix": Bad("", "cannot read .ods; allowed: one of .csv", (None, ""), file="t.ods"),
    "empty file": Bad("", "t.csv is empty; allowed: a header line and data rows", (None, "")),
    "only blanks": Bad(" \n\n", "t.csv is empty", (None, "")),
    "only a header": Bad(HEADER, "t.csv has no data rows", (None, "")),
    "no value in any row": Bad(HEADER + ",,,\n", "found no row with a value", (None, "")),
    "purchases of nobody": Bad(line(customer_id=""), "found no row with a value", (None, "")),
    "workbook called csv": Bad(
        xlsx(*SHEET), "holds another kind of file: an Excel workbook; allowed", (None, "")
    ),
    "csv called workbook": Bad(
        line(), "t.xlsx cannot be read as Excel: File is not a zip file", (None, ""), file="t.xlsx"
    ),
    "no parquet": Bad(line(), "cannot be read as Parquet", (None, ""), file="t.parquet"),
    "broken sav": Bad(b"$FL2 cut off", "t.sav cannot be read as SPSS", (None, ""), file="t.sav"),
    # encodings
    "gb18030 not told": Bad(
        line(customer_id="客户甲的订单").encode("gb18030"),
        "say encoding: gb18030 in study.yml; read so, the row begins '客户甲的订单,",
        (2, ""),
    ),
    "big5 not told": Bad(
        line(customer_id="顧客甲的訂單").encode("big5"), "encoding: big5", (2, "")
    ),
    "utf-16 not told": Bad(line().encode("utf-16"), "say encoding: utf-16", (1, "")),
    "wrong encoding told": Bad(
        line(customer_id="客户").encode(), "not ascii text", (2, ""), how={"encoding": "ascii"}
    ),
    "unknown encoding": Bad(
        line(), "unknown encoding 'gb1803O'", (None, "t.csv"), how={"encoding": "gb1803O"}
    ),
    # the shape of a table
    "too few fields": Bad(HEADER + "a,2026-01-31,1\n", "found 3 fields; allowed: 4", (2, "")),
    "too many fields": Bad(HEADER + "a,2026-01-31,1,1,\n", "found 5 fields; allowed: 4", (2, "")),
    "open quotation mark": Bad(
        line() + 'b,"2026-01-31,1,1\n', "a quotation mark that is not closed; allowed", (3, "")
    ),
    "text after a quotation mark": Bad(
        HEADER + '"a"x,2026-01-31,1,1\n', "text after a closing quotation mark", (2, "")
    ),
    "column without a name": Bad("a,,c\n1,2,3\n", "found no name for column 2", (1, "")),
    "name twice": Bad("Plan,x,plan\n1,2,3\n", "found 2 columns of this name", (1, "Plan")),
    "wrong delimiter": Bad(line().replace(",", ";"), 'say delimiter: ";" in study.yml', (1, "")),
    # columns
    "column missing": Bad(
        "customer_id,ordered_at\na,2026-01-31\n",
        "allowed: a required column; rename it, or map it in study.yml: columns: {revenue:",
        (1, "revenue"),
    ),
    "column mistyped": Bad(
        line().replace("basket_id", "baskt_id"), "did you mean 'basket_id'?", (1, "baskt_id")
    ),
    "mapped to a column that is not there": Bad(
        line(), "did you mean 'revenue'?", (1, "revenu"), how={"columns": {"revenue": "revenu"}}
    ),
    "mapped twice": Bad(
        line(),
        "a second use of column 'revenue'",
        (1, "revenue"),
        how={"columns": {"cost": "revenue", "discount": "revenue"}},
    ),
    "unit of an unknown column": Bad(
        line(),
        "found units for 'revenu', which the table does not have; did you mean 'revenue'?",
        (1, "revenu"),
        how={"units": {"revenu": 0.01}},
    ),
    "unit of a text": Bad(
        line(),
        "units for 'basket_id', which holds",
        (1, "basket_id"),
        how={"units": {"basket_id": 2}},
    ),
    "words of an unknown column": Bad(
        line(), "values for 'canal'", (1, "canal"), how={"values": {"canal": {"x": "y"}}}
    ),
    "kind of an unknown column": Bad(
        line(), "kinds for 'ages'", (1, "ages"), how={"kinds": {"ages": "number"}}
    ),
    "kind against the contract": Bad(
        line(),
        "kinds: {revenue: text} for a column of",
        (1, "revenue"),
        how={"kinds": {"revenue": "text"}},
    ),
    # values
    "empty value": Bad(line(revenue=""), "found an empty value; allowed: a number", (2, "revenue")),
    "words for a number": Bad(line(revenue="12 USD"), "found '12 USD'", (2, "revenue")),
    "decimal comma not told": Bad(
        line(revenue='"1,5"'), 'decimal comma, say decimal: ","', (2, "revenue")
    ),
    "thousands separator": Bad(
        line(revenue='"1,234.5"'), "without thousands separators", (2, "revenue")
    ),
    "point beside a decimal comma": Bad(
        line(revenue="1.234"), "found '1.234'", (2, "revenue"), how={"decimal": ","}
    ),
    "number beyond all bounds": Bad(line(revenue="1e999"), "found '1e999'", (2, "revenue")),
    "day that does not exist": Bad(
        line(ordered_at="31.02.2026"),
        "write an existing day as %d.%m.%Y",
        (2, "ordered_at"),
        how={"date_format": "%d.%m.%Y"},
    ),
    "month and day swapped": Bad(
        line(ordered_at="01/31/2026"),
        "found '01/31/2026'",
        (2, "ordered_at"),
        how={"date_format": "%d/%m/%Y"},
    ),
    "year of two digits": Bad(
        line(ordered_at="01.02.26"),
        "found '01.02.26'",
        (2, "ordered_at"),
        how={"date_format": "%d.%m.%Y"},
    ),
    "year before all firms": Bad(
        line(ordered_at="0026-01-31"), "found '0026-01-31'", (2, "ordered_at")
    ),
    "hour 24": Bad(line(ordered_at="2026-01-31 24:00"), "24:00'; allowed", (2, "ordered_at")),
    "time with a zone": Bad(
        line(ordered_at="2026-01-31T10:00Z"), "in local time", (2, "ordered_at")
    ),
    "serial day of a spreadsheet": Bad(line(ordered_at="45688"), "'45688'", (2, "ordered_at")),
    "no yes or no": Bad(
        "customer_id,is_test\na,maybe\n",
        "allowed: yes or no or empty",
        (2, "is_test"),
        table="customers",
    ),
    "broken year": Bad(
        "customer_id,birth_year\na,1980.5\n",
        "found 1980.5; allowed: a whole number",
        (2, "birth_year"),
        table="customers",
    ),
    "year out of range": Bad(
        "customer_id,birth_year\na,80\n",
        "found 80; allowed: a whole number from 1900",
        (2, "birth_year"),
        table="customers",
    ),
    "negative cost": Bad(
        COSTS + "2026-01,care,-1\n",
        "allowed: a number of at least 0",
        (2, "amount"),
        table="costs",
    ),
    "word that is not mapped": Bad(
        COSTS + "2026-01,客服,1\n2026-01,关怀,1\n",
        "found '关怀'; allowed: one of service, care, platform, campaign, other; correct it, "
        "or map it in study.yml: values: {cost_type: {关怀: <one of these>}}",
        (3, "cost_type"),
        table="costs",
        how={"values": {"cost_type": {"客服": "service"}}},
    ),
    "unknown outcome": Bad(
        "respondent_id,outcome\n1,done\n",
        "one of complete, partial, refused",
        (2, "outcome"),
        table="invitations",
    ),
    "currency without a rate": Bad(
        "customer_id,ordered_at,revenue,currency\na,2026-01-31,1,GBP\n",
        "give its rate in study.yml: cleaning: {exchange_rates: {GBP:",
        (2, "currency"),
        settings={"currency": "EUR", "cleaning": {"exchange_rates": {"USD": 0.9}}},
    ),
    "key twice": Bad(
        "customer_id,plan\na,x\nb,x\na,y\n",
        "'a' a second time; allowed: each once",
        (4, "customer_id"),
        table="customers",
    ),
    "key empty": Bad(
        "customer_id,plan\n,x\nb,x\n",
        "found an empty value",
        (2, "customer_id"),
        table="customers",
    ),
    "end before start": Bad(
        CAMPAIGN + "c,a,2026-02-01,2026-01-31\n",
        "start_on 2026-02-01 after or above end_on 2026-01-31",
        (2, "start_on, end_on"),
        table="campaigns",
    ),
    "more points than there are": Bad(
        "visit_id,visited_on,assessor,criterion,score,maximum\n1,2026-01-31,x,y,6,5\n",
        "score 6 after or above maximum 5",
        (2, "score, maximum"),
        table="mystery_shopping",
    ),
    "answer off the scale": Bad(
        "respondent_id,Q1,Q2\n1,11,5\n",
        "found 11; allowed: a number from 1 to 10 or empty",
        (2, "Q1"),
        **SURVEY,
    ),
    "answer in words": Bad("respondent_id,Q1,Q2\n1,good,5\n", "found 'good'", (2, "Q1"), **SURVEY),
    "item missing": Bad("respondent_id,Q1\n1,1\n", "a required column", (1, "Q2"), **SURVEY),
    "staff answer off the scale": Bad(
        "respondent_id,Q1,Q2\n1,0,5\n",
        "found 0; allowed: a number from 1 to 10",
        (2, "Q1"),
        table="staff_survey",
        settings={"staff_instrument": INSTRUMENT},
    ),
    # judgements
    "judgement off Saaty's scale": Bad(
        JUDGED + "E,criteria,a,b,12\n",
        "found '12'; allowed: a number or a fraction such as 1/3",
        (2, "value"),
        table="judgements",
    ),
    "judgement in words": Bad(
        JUDGED + "E,criteria,a,b,three\n",
        "found 'three'; allowed",
        (2, "value"),
        table="judgements",
    ),
    "fraction made a date": Bad(
        JUDGED + "E,criteria,a,b,2026-01-03\n",
        "made a date of 1/3",
        (2, "value"),
        table="judgements",
    ),
    "fraction by nothing": Bad(
        JUDGED + "E,criteria,a,b,1/0\n", "found '1/0'", (2, "value"), table="judgements"
    ),
    "directions that contradict": Bad(
        JUDGED + "E,criteria,a,b,3\nE,criteria,b,a,1/5\n",
        "found 1/5 against 3 in row 2 for the pair turned round; allowed: the reciprocal",
        (3, "value"),
        table="judgements",
    ),
    "element against itself": Bad(
        JUDGED + "E,criteria,a,b,3\nE,criteria,a,a,2\n",
        "2 for 'a' against itself",
        (3, "value"),
        table="judgements",
    ),
    "judgement twice": Bad(
        JUDGED + "E,criteria,a,b,3\nE,criteria,a,b,3\n",
        "a second time",
        (3, "expert, matrix, row, column"),
        table="judgements",
    ),
    "pair not judged": Bad(
        JUDGED + "E,criteria,price,service,3\n",
        "each pair of the hierarchy",
        (None, ""),
        table="judgements",
        settings={"judgements": {"hierarchy": {"price": ["p1", "p2"], "service": ["s1", "s2"]}}},
    ),
    # Excel
    "sheet that is not there": Bad(
        xlsx(*SHEET),
        "no sheet 'Date'; did you mean 'Data'?; allowed: one of the sheets Data",
        (None, ""),
        file="t.xlsx",
        how={"sheet": "Date"},
    ),
    "formula that failed": Bad(
        xlsx(*SHEET, ["b", "2026-01-31", "#N/A"]),
        "found the formula error #N/A",
        (3, "revenue"),
        file="t.xlsx",
    ),
    "formula never computed": Bad(
        xlsx(*SHEET, ["b", "2026-01-31", "=1+1"]),
        "found a formula without a stored value",
        (3, "revenue"),
        file="t.xlsx",
    ),
    "merged header": Bad(
        xlsx(["customer_id", None, "revenue"], ["a", "2026-01-31", 1]),
        "no name for column 2; allowed: a name; name it or take it out; undo merged cells",
        (1, ""),
        file="t.xlsx",
    ),
    "cells beside the table": Bad(
        xlsx(*SHEET, ["b", "2026-01-31", 1, "sum"]),
        "found 4 fields; allowed: 3",
        (3, ""),
        file="t.xlsx",
    ),
    "empty sheet": Bad(xlsx(), "t.xlsx is empty", (None, ""), file="t.xlsx"),
    # study.yml
    "unknown table": Bad(
        line(),
        "found an unknown table 'transaction'; did you mean 'transactions'?",
        (None, "tables.transaction"),
        table="transaction",
    ),
    "unknown campaign": Bad(
        CAMPAIGN + "C1,a,2026-01-01,2026-01-31\n",
        "correct the name in study.yml",
        (None, "case.campaign_id"),
        table="campaigns",
        settings={"case": {"campaign_id": "C2"}},
    ),
    "purpose without consents": Bad(
        line(),
        "found analysis, and no table consents in firm; allowed: a purpose where a table consents",
        (None, "privacy.purpose"),
        settings={"privacy": {"purpose": "analysis", "pseudonyms": False}},
    ),
    "unknown quasi-identifier": Bad(
        "customer_id,region\na,north\n",
        "correct the name in study.yml; did you mean 'region'?",
        (None, "privacy.quasi_identifiers"),
        table="customers",
        settings={"privacy": {"quasi_identifiers": ["regoin"], "pseudonyms": False}},
    ),
    "unknown variable to weight by": Bad(
        "customer_id,region\na,north\n",
        "found 'sex'",
        (None, "fieldwork.weight_by"),
        table="customers",
        settings={"fieldwork": {"weight_by": ["region", "sex"]}},
    ),
}


def study_of(make_study, bad: Bad) -> Study:
    files = {bad.file: bad.content}
    how = {"file": bad.file, **bad.how}
    return make_study({bad.table: how}, files, **bad.settings)


def problems_of(study: Study) -> list[Problem]:
    loaded, problems = check_inputs(study)
    return problems + check_meaning(study, loaded, {})


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(make_study, name):
    bad = BAD[name]
    problems = problems_of(study_of(make_study, bad))
    told = [problem for problem in problems if bad.said in str(problem)]
    assert told, "\n".join(map(str, problems))
    assert (told[0].row, told[0].column) == bad.place
    for problem in problems:
        assert problem.file
        assert problem.found
        assert problem.allowed
        assert problem.remedy


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_in_chinese(make_study, name):
    for problem in problems_of(study_of(make_study, BAD[name])):
        chinese = problem.say("zh")
        assert HANZI.search(chinese)
        assert chinese != problem.say("en")
        assert problem.file in chinese
        assert problem.row is None or f"第 {problem.row} 行" in chinese
        assert not problem.column or f"“{problem.column}”" in chinese
        assert isinstance(problem.allowed, Message)
        assert isinstance(problem.remedy, Message)


def test_good_files_have_no_problem(make_study, tmp_path: Path):
    """What the bad ones break is right here, so that each is refused for its own reason."""
    files = {
        "t.csv": line(),
        "c.csv": CAMPAIGN + "C1,a,2026-01-01,2026-01-01\n",
        "j.csv": JUDGED + "E,criteria,a,b,3\nE,criteria,b,a,1/3\nE,criteria,a,a,1\nE,x,c,d,0.11\n",
        "v.csv": "visit_id,visited_on,assessor,criterion,score,maximum\n1,2026-01-31,x,y,5,5\n",
        "s.csv": "respondent_id,Q1,Q2\n1,10,\n",
        "x.xlsx": xlsx(*SHEET),
        "k.csv": COSTS + "2026-01,客服,1\n",
    }
    tables = {
        "transactions": {"file": "t.csv"},
        "campaigns": {"file": "c.csv"},
        "judgements": {"file": "j.csv"},
        "mystery_shopping": {"file": "v.csv"},
        "survey": {"file": "s.csv"},
        "shop.transactions": {"file": "x.xlsx", "sheet": "Data"},
        "costs": {"file": "k.csv", "values": {"cost_type": {"客服": "service"}}},
    }
    study = make_study(tables, files, instrument=INSTRUMENT, case={"campaign_id": "C1"})
    assert problems_of(study) == []


def broken_study(make_study) -> Study:
    sav = pd.DataFrame({"respondent_id": ["1", "2"], "Q1": [11.0, 5.0], "Q2": [1.0, 0.0]})
    study = make_study(
        {
            "transactions": {"file": "t.csv"},
            "customers": {"file": "客户.csv", "encoding": "gb18030"},
            "products": {"file": "p.xlsx", "sheet": "Preise"},
            "survey": {"file": "s.sav"},
            "judgements": {"file": "j.csv"},
            "campaigns": {"file": "gone.parquet"},
        },
        {
            "t.csv": HEADER + "".join(f"c{i},2026-01-01,x,{i}\n" for i in range(50)),
            "客户.csv": "customer_id,birth_year\n甲,八十\n甲,1980\n".encode("gb18030"),
            "p.xlsx": xlsx(["product_id"], ["p"]),
            "s.sav": b"",
            "j.csv": JUDGED + "E,criteria,a,b,33\n",
        },
        instrument=INSTRUMENT,
    )
    pyreadstat.write_sav(sav, str(study.paths.inputs / "s.sav"))
    return study


def test_all_problems_of_all_files_at_once(make_study):
    problems = problems_of(broken_study(make_study))
    lines = write_problems(problems)
    assert len(problems) == 50 + 2 + 1 + 2 + 1 + 1
    assert len(lines) == 4 + 2 + 1 + 2 + 1 + 1
    assert "t.csv, column 'revenue': and 47 more of this kind, rows 5 to 51" in lines
    assert "客户.csv, row 2, column 'birth_year': found '八十'" in "\n".join(lines)
    assert "客户.csv, row 3, column 'customer_id': found '甲' a second time" in "\n".join(lines)
    chinese = "\n".join(write_problems(problems, "zh"))
    assert "t.csv，列“revenue”：同类问题还有 47 处，在第 5 至 51 行之间" in chinese


def test_the_table_of_problems_lists_every_one(make_study):
    problems = problems_of(broken_study(make_study))
    table = problems_table(problems)
    assert table.columns.tolist() == ["file", "row", "column", "found", "allowed", "remedy"]
    assert len(table) == len(problems)
    assert table["row"].isna().sum() == 2
    chinese = problems_table(problems, "zh")
    pd.testing.assert_frame_equal(table.iloc[:, :3], chinese.iloc[:, :3])
    assert chinese["allowed"].str.contains(HANZI).all()
    assert problems_table([]).empty
