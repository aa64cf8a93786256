"""The study's key: made once, outside the project, for its owner only."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from crmstudy.collection.privacy.keys import (
    fingerprint_privacy,
    holds_persons,
    is_simulated,
    key_check,
    key_place,
    protected_datasets,
    pseudonymised_datasets,
    study_key,
)
from crmstudy.errors import SettingsError

LEDGER = "customer_id,ordered_at,revenue\n甲,2026-01-31,1\n"
FILES = {"t.csv": LEDGER}
TABLES = {"transactions": {"file": "t.csv"}}
posix = pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")


def test_made_on_first_use_and_kept(make_study, own_configuration):
    study = make_study(TABLES, FILES)
    key = study_key(study)
    assert len(key) == 32
    assert study_key(study) == key
    assert key_place(study) == (own_configuration / "crmstudy" / "firm.key").resolve()


@posix
def test_only_its_owner_reads_it(make_study):
    study = make_study(TABLES, FILES)
    study_key(study)
    assert stat.S_IMODE(key_place(study).stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_read_is_refused(make_study, mode):
    study = make_study(TABLES, FILES)
    study_key(study)
    key_place(study).chmod(mode)
    with pytest.raises(SettingsError, match=rf"mode {mode:o}, allowed 600\); close it: chmod 600"):
        study_key(study)


def test_two_processes_at_once_make_one_key(make_study):
    study = make_study(TABLES, FILES)
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: study_key(study), range(64)))
    assert len(keys) == 1
    assert [file.name for file in key_place(study).parent.iterdir()] == ["firm.key"]


def test_study_yml_wins_over_the_environment(make_study, tmp_path, monkeypatch):
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / "keys" / "environment.key"))
    by_environment = make_study(TABLES, FILES)
    assert key_place(by_environment).name == "environment.key"
    named = make_study(TABLES, FILES, privacy={"key_file": "../keys/own.key"})
    assert key_place(named) == (tmp_path / "keys" / "own.key").resolve()
    assert study_key(named) != study_key(by_environment)


@pytest.mark.parametrize("folder", [".", "work", "reports"])
def test_a_key_beside_the_data_is_refused(make_study, folder):
    place = "own.key" if folder == "." else f"../{folder}/firm/own.key"
    study = make_study(TABLES, FILES, privacy={"key_file": place})
    with pytest.raises(SettingsError, match=r"lies inside .* would get the key with them"):
        study_key(study)
    assert not key_place(study).exists()


def test_a_key_inside_the_project_is_refused(make_study, tmp_path, monkeypatch):
    project = tmp_path / "project"
    for name in ("notebooks", "data", "secret"):
        (project / name).mkdir(parents=True)
    monkeypatch.setenv("CRMSTUDY_ROOT", str(project))
    study = make_study(TABLES, FILES, privacy={"key_file": "../project/secret/own.key"})
    with pytest.raises(SettingsError, match="lies inside"):
        study_key(study)


@pytest.mark.parametrize("content", ["", "no key\n", "ab" * 31 + "\n", "密钥\n"])
def test_a_file_without_a_key_is_refused(make_study, content):
    study = make_study(TABLES, FILES)
    study_key(study)
    key_place(study).write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="one line of 64 hexadecimal digits"):
        study_key(study)


def test_simulated_persons_need_no_secret(make_study, own_configuration):
    tables = {"transactions": {"simulated": "transactions"}}
    study = make_study(tables, seed=7)
    assert is_simulated(study)
    assert study_key(study) == study_key(make_study(tables, seed=7))
    assert study_key(study) != study_key(make_study(tables, seed=8))
    assert not list(own_configuration.rglob("*.key"))


def test_data_sets_of_open_data_stay_as_they_are(make_study):
    tables = {
        "cdnow.transactions": {"open": "cdnow/transactions"},
        "mixed.transactions": {"open": "cdnow/transactions"},
        "mixed.customers": {"file": "c.csv"},
        "panel.judgements": {"file": "j.csv"},
        "transactions": {"file": "t.csv"},
    }
    study = make_study(tables, FILES)
    assert protected_datasets(study) == ["mixed", "firm"]
    assert pseudonymised_datasets(study) == ["mixed", "firm"]
    without = make_study(tables, FILES, privacy={"pseudonyms": False})
    assert protected_datasets(without) == ["mixed", "firm"]
    assert pseudonymised_datasets(without) == []


def test_tables_about_persons():
    assert holds_persons("survey")
    assert not holds_persons("products")
    assert not holds_persons("benchmarks")


def test_the_fingerprint_follows_rules_key_and_erased_persons(make_study):
    study = make_study(TABLES, FILES)
    before = fingerprint_privacy(study)
    assert fingerprint_privacy(study) == before
    assert fingerprint_privacy(make_study(TABLES, FILES, privacy={"smallest_cell": 7})) != before
    (study.paths.inputs / "erased.txt").write_text("# nobody\n")
    after = fingerprint_privacy(study)
    assert after != before
    key_place(study).unlink()
    assert fingerprint_privacy(study) not in (before, after)


def test_the_check_of_a_key_tells_keys_apart_without_holding_them():
    first, second = bytes(32), bytes(31) + b"\1"
    assert key_check(first) != key_check(second)
    assert first.hex()[:8] not in key_check(first)
