"""One spelling for one person, and nothing invented."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection.matching.normalise import (
    ATTRIBUTES,
    count_implausible,
    normalise_email,
    normalise_name,
    normalise_persons,
    normalise_phone,
    normalise_postcode,
)


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (["José García", "ＪＯＳÉ  GARCÍA", "García, José", "Dr. Jose Garcia"], "garcia jose"),
        (["Anne-Marie O'Brien", "ANNEMARIE O’BRIEN", "Mrs Annemarie OBrien"], "annemarie obrien"),
        (["王小明", "王 小明", "小明 王", "王 小 明", "王小明先生"], "小明 王"),
        (["王伟", "王 伟", "伟 王", "王伟女士"], "伟 王"),
        (["欧阳娜娜", "欧阳 娜娜"], "娜娜 欧阳"),
        (["阿卜杜拉·买买提", "买买提·阿卜杜拉"], "买买提 阿卜杜拉"),
        (["Иван Петров", "ПЕТРОВ Иван"], "иван петров"),
        (["Wang Xiao-Ming", "WANG Xiaoming", "Xiaoming Wang"], "wang xiaoming"),
    ],
)
def test_spellings_of_one_name_are_one(spellings, expected):
    assert {normalise_name(one) for one in spellings} == {expected}


@pytest.mark.parametrize("text", ["", "  ", "12345", "---", "Mr.", "?"])
def test_what_holds_no_name_is_missing(text):
    assert normalise_name(text) is None


def test_names_that_differ_stay_apart():
    names = ["王小明", "王晓明", "王明", "李小明", "Wang Xiaoming", "欧阳娜", "欧小阳"]
    assert len({normalise_name(one) for one in names}) == len(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Anna.Smith@Example.COM ", "anna.smith@example.com"),
        ("ａｎｎａ＠ｑｑ．ｃｏｍ", "anna@qq.com"),
        ("mailto:a+news@x.co.uk;", "a+news@x.co.uk"),
        ("<a@b.cn>", "a@b.cn"),
        ("anna.example.com", None),
        ("anna@", None),
        ("anna@host", None),
        ("a b@c.de", None),
        ("a@b@c.de", None),
        ("a@b..de", None),
        ("无", None),
    ],
)
def test_email(text, expected):
    assert normalise_email(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "0086 13800138000",
        "8613800138000",
        "(+86) 13800138000",
        "１３８００１３８０００",
        "13800138000.0",
        "Tel: 13800138000",
    ],
)
def test_a_chinese_mobile_number_has_one_spelling(text):
    assert normalise_phone(text, country_code="49") == "13800138000"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("+86 10 6552 9988", "86", "1065529988"),
        ("(010) 6552-9988转12", "86", "1065529988"),
        ("+49 (0)30 1234567", "49", "301234567"),
        ("030 1234567 ext. 8", "49", "301234567"),
        ("0049 30 1234567", "86", "49301234567"),
        ("+1 (415) 555-2671", "1", "4155552671"),
        ("123456", "86", None),
        ("1234567890123456", "86", None),
        ("0000 000 000", "86", None),
        ("1111111", "86", None),
        ("none", "86", None),
        ("call 5551234", "86", None),
    ],
)
def test_phone(text, code, expected):
    assert normalise_phone(text, country_code=code) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sw1a 1aa", "SW1A1AA"),
        ("２００ ０３０", "200030"),
        ("200030.0", "200030"),
        ("10115-1234", "101151234"),
        ("000000", None),
        ("x", None),
        ("Berlin Mitte 1", None),
    ],
)
def test_postcode(text, expected):
    assert normalise_postcode(text) == expected


@pytest.fixture
def persons():
    return pd.DataFrame(
        {
            "name": ["Anna Smith", None, "42"],
            "email": ["A@B.DE", "nonsense", " "],
            "birth_year": [1980.0, 1799.0, 1980.5],
            "shoe_size": [39, 40, 41],
        },
        index=[7, 3, 5],
    )


def test_persons_keep_their_index_and_miss_what_is_implausible(persons):
    before = persons.copy()
    found = normalise_persons(persons)
    assert tuple(found) == ATTRIBUTES
    assert found.index.tolist() == [7, 3, 5]
    assert found["email"].isna().tolist() == [False, True, True]
    assert found["birth_year"].tolist()[0] == 1980
    assert found["birth_year"].isna().tolist() == [False, True, True]
    assert found["phone"].isna().all()
    pd.testing.assert_frame_equal(persons, before)


def test_what_became_missing_is_counted(persons):
    counts = count_implausible(persons, normalise_persons(persons)).set_index("attribute")
    assert counts.loc["name"].tolist() == [2, 1, 0.5]
    assert counts.loc["email"].tolist() == [2, 1, 0.5]
    assert counts.loc["birth_year", ["filled", "implausible"]].tolist() == [3, 2]
    assert "phone" not in counts.index


def test_normalising_twice_changes_nothing(persons):
    once = normalise_persons(persons)
    pd.testing.assert_frame_equal(normalise_persons(once), once)


def test_a_table_without_persons_is_all_missing():
    found = normalise_persons(pd.DataFrame({"x": [1, 2]}))
    assert found.isna().all(axis=None)
    assert len(found) == 2
