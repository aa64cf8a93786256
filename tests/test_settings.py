"""study.yml: a good one says what it means, every bad one is refused with place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from crmstudy.errors import SettingsError, UsageError
from crmstudy.settings import read_study, split_table

GOOD = {
    "title": "A firm",
    "seed": 1,
    "tables": {"transactions": {"file": "t.csv"}},
    "instrument": {
        "constructs": {
            "quality": {"label": "Quality", "items": ["Q1", "Q2"]},
            "value": {"label": "Value", "items": ["V1"]},
        },
        "items": {"REC": {"text": "Recommend?", "scale": [0, 10]}},
        "roles": {"recommendation": "REC"},
        "models": {"main": {"items": {"quality": ["Q1"]}, "paths": [["quality", "value"]]}},
    },
    "hypotheses": [
        {
            "id": "H1",
            "statement": "More is more.",
            "expected_sign": "+",
            "chapter": "customer_value",
            "decided_by": "concentration",
        }
    ],
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch):
    """Write a study.yml, as text, bytes or a mapping changed at a place, and read it."""
    monkeypatch.setenv("CRMSTUDY_WORK", str(tmp_path / "work"))
    folder = tmp_path / "firm"
    folder.mkdir()

    def run(content: str | bytes | dict):
        if isinstance(content, dict):
            content = yaml.safe_dump(content, allow_unicode=True)
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / "study.yml").write_bytes(raw)
        return read_study(str(folder))

    return run


def changed(place: str, value: object) -> dict:
    """Copy the good settings with another value at a dotted place."""
    copy = yaml.safe_load(yaml.safe_dump(GOOD))
    *path, last = place.split(".")
    step = copy
    for part in path:
        step = step[int(part)] if isinstance(step, list) else step.setdefault(part, {})
    step[last] = value
    return copy


def test_good_settings(read):
    study = read(GOOD)
    assert study.name == "firm"
    assert study.datasets_with("transactions") == ["firm"]
    instrument = study.settings.instrument
    assert instrument.item_names() == ["Q1", "Q2", "V1", "REC"]
    assert instrument.bounds("REC") == (0, 10)
    assert instrument.bounds("Q1") == (1, 10)
    assert instrument.table()["V1"]["construct"] == "value"


@pytest.mark.parametrize("study", ["open", "simulated", "template"])
def test_studies_of_the_project_are_good(study):
    assert read_study(study).settings.title


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("sede", "unknown key 'sede'; did you mean 'seed'?"),
        ("tables.transactions.fil", "'tables.transactions.fil'; did you mean 'file'?"),
        ("tables.file.delimeter", "'tables.file.delimeter'; did you mean 'delimiter'?"),
        ("instrument.scal", "'instrument.scal'; did you mean 'scale'?"),
        (
            "instrument.constructs.quality.lable",
            "'instrument.constructs.quality.lable'; did you mean 'label'?",
        ),
        ("instrument.items.REC.txt", "'instrument.items.REC.txt'; did you mean 'text'?"),
        ("instrument.models.main.path", "'instrument.models.main.path'; did you mean 'paths'?"),
        ("judgements.gaol", "'judgements.gaol'; did you mean 'goal'?"),
        ("case.campain_id", "'case.campain_id'; did you mean 'campaign_id'?"),
        ("hypotheses.0.statment", "'hypotheses.0.statment'; did you mean 'statement'?"),
    ],
)
def test_unknown_key_names_its_place_and_the_next_one(read, place, message):
    with pytest.raises(SettingsError) as caught:
        read(changed(place, "x"))
    assert message in str(caught.value)
    assert "study.yml" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("title", "", "title: String should have at least 1 character"),
        ("seed", -1, "seed: Input should be greater than or equal to 0 (found -1)"),
        ("seed", 2**32, "seed: Input should be less than"),
        ("seed", "one", "seed: Input should be a valid integer (found 'one')"),
        ("seed", True, "seed: Input should be a valid integer (found True)"),
        ("seed", 1.5, "seed: Input should be a valid integer"),
        ("language", "de", "language: Input should be 'en' or 'zh' (found 'de')"),
        ("tables", {}, "tables: Dictionary should have at least 1 item"),
        ("tables", [], "tables: Input should be a valid dictionary"),
        ("tables.transactions", {}, "needs exactly one of file, open, simulated; found none"),
        (
            "tables.transactions.open",
            "cdnow/transactions",
            "needs exactly one of file, open, simulated; found file and open",
        ),
        (
            "tables.x",
            {"simulated": "customers", "missing": [1]},
            "tables.x: missing can only be said of a file",
        ),
        ("tables.transactions.delimiter", ";;", "tables.transactions.delimiter"),
        ("tables.transactions.decimal", "'", "tables.transactions.decimal"),
        ("tables.transactions.date_format", "DD.MM.YYYY", "as %d.%m.%Y"),
        ("tables.transactions.date_format", "%d.%m.", "as %d.%m.%Y"),
        ("tables.transactions.date_format", "%Y-%m-%d %Q", "bad directive"),
        ("tables.transactions.date_format", "%Y-%m-%d %z", "time zone"),
        ("tables.transactions.columns", {"revenue": 7}, "tables.transactions.columns.revenue"),
        ("instrument.scale", [10, 1], "instrument.scale: must give the lowest answer"),
        ("instrument.scale", [1], "instrument.scale"),
        ("instrument.constructs.Quality", {"label": "Q", "items": ["Z"]}, "constructs.Quality"),
        ("instrument.constructs.loyalty", {"label": "L", "items": []}, "loyalty.items"),
        (
            "instrument.constructs.loyalty",
            {"label": "L", "items": ["Q1"]},
            "item 'Q1' stands in two constructs",
        ),
        (
            "instrument.models.main.paths",
            [["qualty", "value"]],
            "model 'main' names an unknown construct 'qualty'; did you mean 'quality'?",
        ),
        (
            "instrument.models.main.constructs",
            ["quality", "valu"],
            "unknown construct 'valu'; did you mean 'value'?",
        ),
        ("instrument.models.main.items", {"price": ["Q1"]}, "unknown construct 'price'"),
        (
            "instrument.models.main.items",
            {"quality": ["Q11"]},
            "model 'main' names an unknown item 'Q11'; did you mean 'Q1'?",
        ),
        (
            "instrument.roles.satisfaction",
            "REK",
            "role 'satisfaction' names an unknown item 'REK'; did you mean 'REC'?",
        ),
        ("tables.transactions.units", {"revenue": 0}, "tables.transactions.units.revenue"),
        ("tables.transactions.kinds", {"age": "int"}, "tables.transactions.kinds.age"),
        ("tables.transactions.values", {"channel": ["a"]}, "tables.transactions.values.channel"),
        ("tables.x", {"open": "x/y", "sheet": "A"}, "sheet can only be said of a file"),
        (
            "privacy.smallest_cell",
            1,
            "privacy.smallest_cell: Input should be greater than or equal",
        ),
        ("privacy.purpose", "fun", "privacy.purpose"),
        ("privacy.pseudonym", True, "'privacy.pseudonym'; did you mean 'pseudonyms'?"),
        ("cleaning.exchange_rates", {"USD": -1}, "cleaning.exchange_rates.USD"),
        ("linkage", {"accept": 0.6, "review": 0.9}, "review must not be greater than accept"),
        ("linkage.accept", 1.0, "linkage.accept: Input should be less than 1"),
        ("fieldwork.population", {"region": {"north": 0}}, "fieldwork.population.region.north"),
        ("staff_instrument.scale", [7, 1], "staff_instrument.scale: must give the lowest answer"),
        ("hypotheses.0.id", "1", "hypotheses.0.id"),
        ("hypotheses.0.expected_sign", "positive", "hypotheses.0.expected_sign"),
        ("judgements.consistency_limit", 0, "judgements.consistency_limit"),
        ("case", {"campagne": "18"}, "unknown key 'case.campagne'"),
        ("investment", {"rate": 0.1}, "unknown key 'investment.rate'"),
        (
            "investment.carried",
            {"value": 0.5, "low": 0.6, "high": 0.9},
            "investment.carried: must rise from low over value to high; found 0.6, 0.5, 0.9",
        ),
        ("investment.carried", 1.2, "investment.carried: must lie from 0 to 1; found 1.2 to 1.2"),
        ("investment.annual_discount_rate", 1, "must lie from 0 to below 1; found 1 to 1"),
        ("investment.annual_discount_rate", "ten", "investment.annual_discount_rate"),
        (
            "investment.costs",
            [{"label": "A", "value": -1, "low": -1, "high": 1}],
            "investment.costs: 'A' must not be negative; costs are written positive",
        ),
        (
            "investment.costs",
            [{"label": "A", "value": 1, "low": 1, "high": 1}] * 2,
            "investment: the flow 'A' stands twice; name it once",
        ),
        (
            "investment.costs",
            [{"label": "A", "value": 1, "low": 1, "high": 1, "when": "monthly"}],
            "investment.costs.0.when",
        ),
        (
            "investment",
            {"booked_from": "2025-02-01", "booked_until": "2025-01-01"},
            "booked_until must not lie before booked_from",
        ),
        (
            "implementation.phases",
            {"needs": [{"task": "A"}]},
            "task 'A' needs exactly one of indicator (with target) and status",
        ),
        (
            "implementation.phases",
            {"needs": [{"task": "A", "indicator": "retention_rate"}]},
            "task 'A': indicator and target stand together",
        ),
        (
            "implementation.phases",
            {"needs": [{"task": "A", "indicator": "x", "target": 1, "baseline": 1}]},
            "task 'A': the target is what was before already",
        ),
        ("implementation.phases", {"planning": []}, "implementation.phases.planning"),
        ("case", {"campaign_id": 18}, "case.campaign_id: Input should be a valid string (found 18"),
    ],
)
def test_broken_rules(read, place, value, message):
    with pytest.raises(SettingsError) as caught:
        read(changed(place, value))
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["meta.transactions", 'a"b.transactions', "Shop.transactions"])
def test_names_that_a_data_set_cannot_have(read, key):
    content = changed("title", "A firm")
    content["tables"][key] = {"open": "cdnow/transactions"}
    with pytest.raises(SettingsError, match="a data set cannot be called"):
        read(content)


def test_all_problems_in_one_message(read):
    content = changed("seed", -1)
    content["instrument"]["roles"]["x"] = "NO"
    content["instrument"]["roles"]["y"] = "NEVER"
    content["sede"] = 1
    content["hypotheses"][0].pop("chapter")
    with pytest.raises(SettingsError) as caught:
        read(content)
    for part in ("seed:", "'NO'", "'NEVER'", "unknown key 'sede'", "missing key 'hypotheses.0.ch"):
        assert part in str(caught.value)


@pytest.mark.parametrize("key", ["title", "seed", "tables"])
def test_missing_keys(read, key):
    content = dict(GOOD)
    del content[key]
    with pytest.raises(SettingsError, match=f"missing key '{key}'"):
        read(content)


def test_a_table_given_twice_under_two_names(read):
    content = changed("title", "A firm")
    content["tables"]["firm.transactions"] = {"open": "cdnow/transactions"}
    with pytest.raises(SettingsError, match=r"firm\.transactions is given twice"):
        read(content)


def test_a_hypothesis_given_twice(read):
    content = changed("title", "A firm")
    content["hypotheses"].append(dict(content["hypotheses"][0]))
    with pytest.raises(SettingsError, match="hypothesis H1 stands twice"):
        read(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        ("# nothing\n", "it is empty"),
        ("- a\n- b\n", "it is a list"),
        ("title: [a\n", "is not valid YAML"),
        ("title: a\nseed: 1\ntitle: b\n", "key 'title' is given a second time in line 3"),
        (
            "title: a\ntables:\n  x: {file: a.csv}\n  x: {file: b.csv}\n",
            "key 'x' is given a second time in line 4",
        ),
        ("title: 标题\n".encode("gb18030"), "is not UTF-8 text"),
    ],
)
def test_files_that_are_no_settings(read, content, message):
    with pytest.raises(SettingsError) as caught:
        read(content)
    assert message in str(caught.value)
    assert "study.yml" in str(caught.value)


def test_anchors_and_merges_are_no_second_keys(read):
    text = yaml.safe_dump({key: GOOD[key] for key in ("title", "seed")}) + (
        "tables:\n"
        "  a.transactions: &shop {file: a.csv, note: Shop.}\n"
        "  b.transactions: {<<: *shop, file: b.csv}\n"
    )
    tables = read(text).settings.tables
    assert tables["b.transactions"].file == "b.csv"
    assert tables["b.transactions"].note == "Shop."


def test_byte_order_mark(read):
    assert read(b"\xef\xbb\xbf" + yaml.safe_dump(GOOD).encode()).settings.seed == 1


def test_missing_study_names_the_nearest():
    with pytest.raises(UsageError, match=r"no study 'opne'.* did you mean 'open'\?"):
        read_study("opne")


def test_folder_without_settings(tmp_path):
    with pytest.raises(UsageError, match=r"has no study\.yml"):
        read_study(str(tmp_path))


@pytest.mark.parametrize(
    ("key", "study", "split"),
    [
        ("cdnow.transactions", "open", ("cdnow", "transactions")),
        ("transactions", "my-firm", ("my_firm", "transactions")),
        ("survey", "Firm 2026", ("firm_2026", "survey")),
        ("survey", "2026", ("study_2026", "survey")),
        ("survey", "某企业", ("study", "survey")),
        ("survey", "meta", ("study_meta", "survey")),
    ],
)
def test_names_of_data_sets(key, study, split):
    assert split_table(key, study) == split


def test_a_word_of_ours_may_be_a_number_without_quotes(read):
    study = read(changed("tables.transactions.values", {"channel": {"网店": 7}}))
    source = study.settings.tables["transactions"]
    assert source.values == {"channel": {"网店": "7"}}


def test_an_assumption_without_doubt_is_one_number(read):
    investment = read(changed("investment.carried", 0.3)).settings.investment
    assert (investment.carried.low, investment.carried.value, investment.carried.high) == (0.3,) * 3
