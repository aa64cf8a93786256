"""A report against a second run."""

import json

import pytest

from crmstudy.cli import main
from crmstudy.errors import UsageError
from crmstudy.runner.verify import compare_reports


def run(*arguments):
    return main(["run", *arguments])


def test_an_untouched_report_reproduces(project, capsys):
    run("toy")
    capsys.readouterr()
    assert main(["verify", "toy"]) == 0
    assert "8 numbers compared, all within tolerance" in capsys.readouterr().out


def test_a_changed_number_is_found(project, capsys):
    run("toy")
    file = project.reports / "results.json"
    content = json.loads(file.read_text())
    content["beta.toy.model.value"]["value"] = 7
    file.write_text(json.dumps(content))
    capsys.readouterr()
    assert main(["verify", "toy"]) == 1
    said = capsys.readouterr().out
    assert "beta.toy.model.value: published 7, now 6, allowed ±0" in said
    assert json.loads(file.read_text())["beta.toy.model.value"]["value"] == 7


def test_nothing_to_verify(project, capsys):
    assert main(["verify", "toy"]) == 2
    assert "run the study first" in capsys.readouterr().err


def edition(folder, value, cell="1.0"):
    (folder / "tables/a").mkdir(parents=True)
    (folder / "tables/a/t.csv").write_text(f"x\n{cell}\n")
    entry = {"value": value, "unit": "", "n": 1, "tolerance": 0.01}
    (folder / "results.json").write_text(json.dumps({"a.b.c.d": entry}))
    return folder


@pytest.mark.parametrize(("value", "differ"), [(1.0, 0), (1.01, 0), (1.011, 1), (None, 1)])
def test_each_number_has_its_own_tolerance(tmp_path, value, differ):
    old, new = edition(tmp_path / "old", 1.0), edition(tmp_path / "new", value)
    compared, differences = compare_reports(old, new)
    assert compared == 2
    assert len(differences) == differ


@pytest.mark.parametrize(("cell", "differ"), [("1.0000001", 0), ("1.00001", 1), ("", 1)])
def test_cells_of_tables_are_compared(tmp_path, cell, differ):
    old = edition(tmp_path / "old", 1.0)
    new = edition(tmp_path / "new", 1.0, cell if cell else '""')
    assert len(compare_reports(old, new)[1]) == differ


def test_lost_and_new_addresses_are_differences(tmp_path):
    old, new = edition(tmp_path / "old", 1.0), edition(tmp_path / "new", 1.0)
    entry = {"value": 1, "unit": "", "n": 1, "tolerance": 0}
    (new / "results.json").write_text(json.dumps({"a.b.c.e": entry}))
    addresses = [difference.address for difference in compare_reports(old, new)[1]]
    assert addresses == ["a.b.c.d", "a.b.c.e"]


def test_no_published_report(tmp_path):
    with pytest.raises(UsageError, match=r"holds no results\.json"):
        compare_reports(tmp_path, tmp_path)
