"""A simulated firm as files: the same in any size of block, format and memory; the template."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from crmstudy.collection.simulate import (
    FirmParameters,
    SimulatedFirm,
    block,
    simulate_firm,
    template_tables,
    write_firm,
    write_truth,
)
from crmstudy.collection.simulate.__main__ import main
from crmstudy.collection.simulate.survey import ITEMS
from crmstudy.errors import SettingsError

TEMPLATE = Path(__file__).parents[2] / "data" / "template"
SHARED = {
    *("products", "judgements", "interviews", "mystery_shopping", "staff_survey"),
    *("systems", "benchmarks"),
}


@pytest.fixture
def blocks_of_400(monkeypatch):
    monkeypatch.setattr(block, "BLOCK_SIZE", 400)


def read_all(folder: Path, names: object) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}


def assert_equal_tables(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert set(found) == set(expected)
    for name in expected:
        pd.testing.assert_frame_equal(found[name], expected[name], check_dtype=False, obj=name)


# --- blocks ------------------------------------------------------------------------------


def test_the_first_block_does_not_depend_on_how_many_follow(blocks_of_400):
    alone = simulate_firm(seed=7, n_customers=400, survey_anonymous=30)
    of_many = simulate_firm(seed=7, n_customers=1100, survey_anonymous=30)
    for name, table in alone.tables.items():
        first = of_many.tables[name].head(len(table)) if name != "costs" else table
        pd.testing.assert_frame_equal(first, table, obj=name)
    pd.testing.assert_frame_equal(of_many.people.head(400), alone.people)
    pd.testing.assert_frame_equal(of_many.links.head(len(alone.links)), alone.links)


def test_blocks_go_on_counting_and_differ(blocks_of_400):
    firm = simulate_firm(seed=7, n_customers=1100)
    tables = firm.tables
    customers = tables["customers"]["customer_id"]
    assert customers.tolist() == [f"C{number:07d}" for number in range(1, 1101)]
    for name, key in (
        ("contacts", "contact_id"),
        ("survey", "respondent_id"),
        ("invitations", "respondent_id"),
        ("leads", "lead_id"),
    ):
        assert tables[name][key].is_unique, name
        assert tables[name][key].is_monotonic_increasing, name
    baskets = tables["transactions"].drop_duplicates("basket_id")["basket_id"]
    assert baskets.tolist() == [f"B{number:08d}" for number in range(1, len(baskets) + 1)]
    owner = tables["transactions"].groupby("basket_id")["customer_id"].nunique()
    assert (owner == 1).all()
    assert firm.people["visitor_id"].is_unique
    assert tables["web_events"].groupby("visitor_id")["customer_id"].nunique().max() == 1
    rates = firm.people["purchase_rate"]
    assert not set(rates[:400]) & set(rates[400:800])
    assert tables["consents"].duplicated(["customer_id", "purpose", "decided_on"]).sum() == 0
    care = tables["costs"].query("cost_type == 'care'")["amount"].iloc[-1]
    assert care == pytest.approx(1100 * firm.parameters.cost_care_per_customer)


def test_a_firm_written_in_blocks_is_the_firm_in_memory(blocks_of_400, tmp_path):
    firm = simulate_firm(seed=7, n_customers=1100, survey_anonymous=30)
    rows = write_firm(tmp_path, seed=7, n_customers=1100, survey_anonymous=30)
    assert rows == {name: len(table) for name, table in sorted(firm.tables.items())}
    assert_equal_tables(read_all(tmp_path, firm.tables), firm.tables)
    hidden = read_all(tmp_path / "truth", ("people", "links"))
    assert_equal_tables(hidden, {"people": firm.people, "links": firm.links})
    for name in set(firm.tables) - SHARED - {"costs"}:
        assert pq.ParquetFile(tmp_path / f"{name}.parquet").num_row_groups == 3, name


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_equal_seeds_write_equal_bytes(blocks_of_400, tmp_path, file_format):
    for place in ("one", "two"):
        write_firm(tmp_path / place, seed=7, n_customers=900, file_format=file_format)
    first, again = (
        {file.relative_to(tmp_path / place): file.read_bytes() for file in files}
        for place in ("one", "two")
        for files in [[f for f in (tmp_path / place).rglob("*") if f.is_file()]]
    )
    assert first == again
    assert len(first) == len(block.TABLES) + 3  # people, links, truth.json


def test_csv_and_parquet_say_the_same(blocks_of_400, tmp_path):
    for file_format in ("csv", "parquet"):
        write_firm(tmp_path, seed=7, n_customers=900, file_format=file_format)
    dates = {
        "transactions": "ordered_at",
        "customers": "registered_on",
        "web_events": "occurred_at",
    }
    for name, column in dates.items():
        csv = pd.read_csv(tmp_path / f"{name}.csv", parse_dates=[column])
        parquet = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert len(csv) == len(parquet)
        assert (csv[column] == parquet[column]).all()
        assert csv["customer_id"].equals(parquet["customer_id"].astype(csv["customer_id"].dtype))
    written = (tmp_path / "customers.csv").read_text(encoding="utf-8")
    assert written.count("customer_id,registered_on") == 1  # one header for all blocks
    assert "\r" not in written


def test_truth_is_written_with_parameters_and_rows(tmp_path):
    firm = simulate_firm(seed=3, n_customers=200, campaign_purchases=0.5)
    found = json.loads(write_truth(firm, tmp_path).read_text(encoding="utf-8"))
    assert found["truth"] == firm.truth
    assert found["seed"] == 3
    assert found["n_customers"] == found["rows"]["customers"] == 200
    assert found["parameters"]["campaign_purchases"] == 0.5
    assert set(found["parameters"]) == set(FirmParameters.__dataclass_fields__)
    assert found["calendar"]["campaign_starts_on"] == "2025-10-06"
    write_firm(tmp_path / "large", seed=3, n_customers=200, campaign_purchases=0.5)
    again = json.loads((tmp_path / "large" / "truth.json").read_text(encoding="utf-8"))
    assert again == found


def test_no_table_tells_the_truth(tmp_path):
    firm = simulate_firm(seed=3, n_customers=300)
    hidden = {"segment", "prospect", "duplicate_of", "satisfaction", "delay", "purchase_rate"}
    for name, table in firm.tables.items():
        assert not hidden & set(table.columns), name


@pytest.mark.slow
def test_ten_times_the_customers_take_no_more_memory(tmp_path):
    """Five blocks against one: what is held at a time is a block and the one being written."""

    def peak(customers: int) -> int:
        code = (
            "import resource, sys\n"
            "from crmstudy.collection.simulate.__main__ import main\n"
            "main(sys.argv[1:])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        command = [sys.executable, "-c", code, str(tmp_path), "--customers", str(customers)]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert peak(500_000) < 1.6 * peak(100_000)


# --- command -----------------------------------------------------------------------------


def test_command_writes_a_firm_with_parameters(tmp_path):
    arguments = ["--customers", "150", "--seed", "4", "--format", "csv", "--set", "web_visits=0"]
    assert main([str(tmp_path), *arguments]) == 0
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["parameters"]["web_visits"] == 0
    assert len(pd.read_csv(tmp_path / "customers.csv")) == 150


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--customers", "0"], "n_customers = 0 must be a whole number, 1 or more"),
        (["--customers", "5", "--seed", "-1"], "seed = -1 must be a whole number, 0 or more"),
        (["--customers", "5", "--set", "web_visit=1"], "did you mean 'web_visits'"),
        (["--customers", "5", "--set", "web_visits"], "write NAME=NUMBER"),
        (["--customers", "5", "--set", "web_visits=-1"], "web_visits = -1.0 must be 0 or more"),
    ],
)
def test_command_refuses(tmp_path, capsys, arguments, message):
    assert main([str(tmp_path / "new"), *arguments]) == SettingsError.exit_status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# --- template ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example() -> dict[str, pd.DataFrame]:
    return template_tables()


def test_template_files_are_the_simulated_bytes(tmp_path):
    assert main([str(tmp_path)]) == 0
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(written) == {f"{name}.csv" for name in block.TABLES}
    assert {name: (TEMPLATE / name).read_bytes() for name in written} == written


def test_template_is_small_and_shows_every_kind_of_value(example):
    sizes = [(TEMPLATE / f"{name}.csv").stat().st_size for name in example]
    assert sum(sizes) < 1_500_000
    assert len(example["customers"]) == 300
    assert example["customers"]["is_test"].sum() == 2
    assert example["transactions"]["status"].nunique() == 3
    assert example["survey"][[*ITEMS]].isna().sum().sum() > 0
    assert example["survey"]["customer_id"].isna().sum() == 20
    assert example["invitations"]["outcome"].nunique() == 6
    assert example["judgements"]["expert"].nunique() == 3
    assert (example["judgements"]["value"] < 1).any()
    assert len(example["responses"]) >= 20
    assert example["contacts"]["complaint"].nunique() == 2
    assert example["interviews"]["code"].isna().any()
    assert example["web_events"]["event"].nunique() == 7
    assert example["leads"]["customer_id"].notna().any()


def test_template_is_read_back_as_it_was_simulated(example):
    for name, table in example.items():
        read = pd.read_csv(TEMPLATE / f"{name}.csv", dtype=str, keep_default_na=False)
        assert list(read.columns) == list(table.columns)
        assert len(read) == len(table)
    lines = pd.read_csv(TEMPLATE / "transactions.csv", parse_dates=["ordered_at"])
    pd.testing.assert_frame_equal(lines, example["transactions"])
    figures = pd.read_csv(TEMPLATE / "benchmarks.csv")
    assert figures["value"].tolist() == example["benchmarks"]["value"].tolist()
    text = (TEMPLATE / "contacts.csv").read_bytes()
    assert b"\r" not in text
    assert "。" in text.decode("utf-8")


def test_template_firm_has_a_truth_of_its_own():
    from crmstudy.collection.simulate.firm import template_firm

    firm = template_firm()
    assert isinstance(firm, SimulatedFirm)
    assert firm.truth["did.purchase_effect"] == firm.parameters.campaign_purchases
