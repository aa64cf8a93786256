"""Errors in study.yml, in the language that stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from crmstudy import appraisal, instrument, settings
from crmstudy.errors import SettingsError
from crmstudy.settings import read_study
from crmstudy.strict_yaml import MESSAGES, OWN_RULES

GOOD = "title: A\nseed: 1\ntables: {customers: {file: c.csv}}\n"
HANZI = re.compile("[\u4e00-\u9fff]")
BAD = {
    "unknown key": (GOOD + "tabels: 1\n", "未知的键 'tabels'（是否应为 'tables'？）"),
    "missing key": ("seed: 1\ntables: {customers: {file: c.csv}}\n", "缺少键 'title'"),
    "no number": (GOOD.replace("seed: 1", "seed: x"), "seed：应为整数（现为 'x'）"),
    "too small": (GOOD.replace("seed: 1", "seed: -1"), "seed：应不小于 0（现为 -1）"),
    "no table": (GOOD.replace("{customers: {file: c.csv}}", "{}"), "tables：至少要有 1 项"),
    "key twice": (GOOD + "seed: 2\n", "行的键 'seed' 重复出现"),
    "no YAML": (GOOD + "a: [\n", "不是有效的 YAML"),
    "two sources": (
        GOOD.replace("file: c.csv", "file: c.csv, open: x/y"),
        "三者必须且只能写一个；现为 file and open",
    ),
    "said of open data": (
        GOOD.replace("file: c.csv", "open: x/y, sheet: a"),
        "sheet 只能用于文件",
    ),
    "time zone": (GOOD.replace("c.csv", "c.csv, date_format: '%Y-%m-%d %z'"), "不能含时区"),
    "no layout": (GOOD.replace("c.csv", "c.csv, date_format: '%d.%m'"), "必须写明年、月、日"),
    "purpose": (GOOD + "privacy: {purpose: fun}\n", "privacy.purpose：只能是"),
    "linkage": (GOOD + "linkage: {accept: 0.2}\n", "review 不能大于 accept"),
    "scale": (GOOD + "instrument: {scale: [5, 1]}\n", "必须先写最低分"),
    "name": (
        GOOD + "judgements: {hierarchy: {Brand: [price, service]}}\n",
        "hierarchy.Brand：此处的名称只能用小写字母",
    ),
    "limits": (
        GOOD
        + "judgements: {hierarchy: {cost: [service_cost, care_cost]}}\n"
        + "evaluation: {limits: {servce_cost: [9, 1]}}\n",
        "limits 中的“servce_cost”不在 judgements 的层次结构中；是否应为“service_cost”？",
    ),
    "unknown item": (
        GOOD + "instrument: {items: {Q1: {}}, roles: {recommendation: Q11}}\n",
        "role“recommendation”引用了未知的 item“Q11”；是否应为“Q1”？",
    ),
}


def message(folder: Path, text: str) -> str:
    (folder / "study.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_study(str(folder))
    return str(caught.value).removeprefix(str(folder))


@pytest.mark.parametrize("name", BAD)
def test_errors_are_told_in_chinese_where_the_file_is(tmp_path, name):
    text, expected = BAD[name]
    assert expected in message(tmp_path, "language: zh\n" + text)
    assert not HANZI.search(message(tmp_path, text))


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "study.yml").write_bytes(b"language: zh\ntitle: " + "研究".encode("gb18030"))
    with pytest.raises(SettingsError, match="不是 UTF-8 文本"):
        read_study(str(tmp_path))


def test_every_rule_of_our_own_has_a_translation():
    """Each text that a validator raises matches a pattern of the catalogue."""
    source = "".join(
        Path(str(module.__file__)).read_text(encoding="utf-8")
        for module in (settings, instrument, appraisal)
    )
    raised = re.findall(r'raise ValueError\(f?"(.*)"\)', source)
    listed = re.findall(r'f"((?:table|hypothesis|item|two|missing) .*?)"\n', source)
    texts = [re.sub(r"\{[^{}]*\}", "'x'", text) for text in raised if "join(problems)" not in text]
    assert len(texts) >= 6
    for text in texts + [re.sub(r"\{[^{}]*\}", "'x'", text) for text in listed]:
        assert any(re.fullmatch(pattern, text) for pattern, _ in OWN_RULES), text


CONTRADICTIONS = {
    "constructs": {
        "q": {"label": "Q", "items": ["A", "B", "B"]},
        "s": {"label": "Q", "items": ["A", "C"]},
    },
    "missing": [5],
    "models": {
        "unknown": {"items": {"q": ["A", "D"]}},
        "m": {
            "constructs": ["q", "q"],
            "items": {"q": ["A", "B"], "s": ["A", "C", "C"]},
            "paths": [["q", "s"], ["q", "s"], ["s", "q"]],
        },
        "both": {"items": {"q": ["A", "B"], "s": ["A", "C", "C"]}},
    },
    "focus": {"loyalty": "s"},
    "moderators": {"price": {"label": "P", "items": ["C", "C"]}},
}


def test_every_contradiction_of_an_instrument_is_told_in_chinese():
    """Whatever stands in English in the validator's list has a translation of its own."""
    with pytest.raises(ValidationError) as caught:
        instrument.Instrument.model_validate(CONTRADICTIONS)
    said = caught.value.errors()[0]["msg"].removeprefix("Value error, ")
    problems = re.sub(r"; (keep|name|list) ", r"\0| \1 ", said).split("; ")
    assert len(problems) >= 14
    for problem in problems:
        text = problem.replace("\0|", ";").partition(", did you mean")[0]
        assert any(re.fullmatch(pattern, text) for pattern, _ in OWN_RULES), text


def test_messages_name_the_same_things():
    for english, chinese in MESSAGES.values():
        assert set(re.findall("{(.*?)}", english)) == set(re.findall("{(.*?)}", chinese))
