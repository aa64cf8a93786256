"""Laws of protection: another key, or encryption, changes names and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from crmstudy.collection import study as studies
from crmstudy.collection.privacy import vault
from crmstudy.collection.privacy.keys import key_place, study_key
from crmstudy.collection.privacy.pseudonyms import pseudonym_of
from crmstudy.collection.warehouse import Warehouse, ensure_warehouse, open_warehouse
from crmstudy.errors import DataError
from crmstudy.segmentation import score_rfm
from crmstudy.settings import read_study

N = 60


def ledger(seed=3):
    """Draw a ledger in which many customers bought the very same."""
    draw = np.random.default_rng(seed)
    ids = [f"K{k:03}" for k in draw.permutation(N)]
    rows = [
        (who, f"2024-{month:02}-{day:02}", price)
        for who in ids
        for month, day, price in zip(
            draw.integers(1, 4, size=2),
            draw.integers(1, 3, size=2),
            draw.choice([5, 7.25], size=2),
            strict=True,
        )
    ]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])


def customers():
    names = [f"Person{chr(65 + k % 26)}{chr(97 + k // 26)} Sur{chr(97 + k % 7)}" for k in range(N)]
    ids = [f"K{k:03}" for k in range(N)]
    region = ["north", "south", "east"] * (N // 3)
    return pd.DataFrame({"customer_id": ids, "name": names, "region": region})


@pytest.fixture
def firm(make_study):
    def make(**privacy):
        tables = {"customers": {"file": "c.csv"}, "transactions": {"file": "t.csv"}}
        files = {"c.csv": customers().to_csv(index=False), "t.csv": ledger().to_csv(index=False)}
        return make_study(tables, files, privacy=privacy)

    return make


def opened(study):
    return studies.StudyData(study, open_warehouse(study))


def unmasked(study, frame):
    """Give the rows of a frame the identifiers that they had in the files."""
    key = study_key(study)
    names = {pseudonym_of(f"K{k:03}", key=key, dataset="firm"): f"K{k:03}" for k in range(N)}
    if frame.index.name == "customer_id":
        return frame.set_index(frame.index.map(names).rename("customer_id"))
    return frame.assign(customer_id=frame["customer_id"].map(names))


def with_key(study, number):
    place = key_place(study)
    place.unlink(missing_ok=True)
    place.write_text(f"{number:064x}\n")
    place.chmod(0o600)
    return opened(study)


@pytest.fixture
def both(firm):
    """Open one firm with two keys, one after the other."""
    study = firm()
    found = []
    for number in (1, 2):
        data = with_key(study, number)
        features = data.features()
        customers = data.warehouse.table("firm", "customers")
        groups = features.join(customers.set_index("customer_id")["region"])
        found.append((features.index, groups, unmasked(study, groups)))
    return found


def test_another_key_gives_other_names(both):
    (first, *_), (second, *_) = both
    assert not set(first) & set(second)


def test_another_key_gives_the_same_persons_in_the_same_order(both):
    """Also those who bought the very same, who differ in what other tables say of them."""
    (*_, first), (*_, second) = both
    assert first.drop(columns="region").duplicated().any()
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_another_key_gives_the_same_results(both):
    """Persons drawn by a seed are the same, and so is what is computed of all."""
    results = []
    for _, groups, raw in both:
        drawn = raw.iloc[np.random.default_rng(1).permutation(len(raw))[:20]]
        means = drawn.groupby("region")["revenue"].mean().to_dict()
        scores = score_rfm(groups).table().to_csv(index=False)
        results.append((drawn.index.tolist(), means, scores))
    assert results[0] == results[1]
    assert not re.search("C[A-Z2-7]{16}", results[0][2])


# --- encryption ---------------------------------------------------------------------------


def tables(data):
    names = data.warehouse.sources()["table"]
    return {name: data.warehouse.table("firm", name) for name in names}


def test_encryption_changes_no_table(firm):
    plain = tables(opened(firm()))
    study = firm(encrypt=True)
    data = opened(study)
    assert plain.keys() == tables(data).keys()
    for name, table in tables(data).items():
        pd.testing.assert_frame_equal(table, plain[name], check_exact=True)
    pd.testing.assert_frame_equal(data.features(), opened(firm()).features(), check_exact=True)


#: Pieces of the file without encryption. Each has eight letters or more, so that encrypted
#: bytes hold none of them by chance (four letters turned up once in thirty runs).
PLAIN_WORDS = (b"transactions", b"customer_id", b"ordered_at")


def test_the_encrypted_file_is_no_database_and_tells_nothing(firm):
    readable = ensure_warehouse(firm(pseudonyms=False)).read_bytes()
    assert readable[8:12] == b"DUCK"
    assert [word for word in PLAIN_WORDS if word not in readable] == []
    study = firm(encrypt=True, pseudonyms=False)
    place = ensure_warehouse(study)
    assert vault.is_sealed(place)
    sealed = place.read_bytes()
    assert sealed[8:12] != b"DUCK"
    assert [word for word in PLAIN_WORDS if word in sealed] == []
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(place), read_only=True)
    # Nothing else is left beside it that could be read.
    left = {file.name for file in study.paths.work.rglob("*") if file.is_file()}
    assert left == {place.name}


def test_a_wrong_key_is_refused_by_the_reader_and_rebuilt_by_the_study(firm):
    study = firm(encrypt=True)
    data = with_key(study, 1)
    place = data.warehouse.place
    with pytest.raises(DataError, match="sealed with another key"):
        Warehouse(place, b"x" * 32).sources()
    sealed = place.read_bytes()
    again = with_key(study, 2)
    assert place.read_bytes() != sealed
    assert len(again.features()) == N


def test_the_same_key_finds_its_file_again(firm):
    study = firm(encrypt=True)
    place = ensure_warehouse(study)
    made = place.stat().st_mtime_ns
    assert ensure_warehouse(study) == place
    assert place.stat().st_mtime_ns == made


def test_the_readable_copy_goes_with_its_process(firm):
    study = firm(encrypt=True)
    ensure_warehouse(study)
    code = (
        "from crmstudy.settings import read_study\n"
        "from crmstudy.collection.warehouse import open_warehouse\n"
        f"warehouse = open_warehouse(read_study({str(study.paths.inputs)!r}))\n"
        "print(warehouse.readable, len(warehouse.sources()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    copy, count = done.stdout.split()
    assert count == "2"
    assert Path(copy) != study.paths.warehouse
    assert not Path(copy).exists()


def test_encryption_switched_off_gives_a_plain_file_again(firm):
    ensure_warehouse(firm(encrypt=True))
    study = firm()
    assert not vault.is_sealed(ensure_warehouse(study))
    assert read_study(str(study.paths.inputs)).settings.privacy.encrypt is False
