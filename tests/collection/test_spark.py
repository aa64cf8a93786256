"""The same expressions on DuckDB and on Spark, compared row by row.

Spark is not among the locked packages: it takes half a gigabyte and needs Java. The folder
that ``CRMSTUDY_SPARK`` names holds it (``pip install --target``, as ``.ci/run`` does);
without it these tests are skipped, unless ``CRMSTUDY_REQUIRE_SPARK=1`` asks for them. This
file is also the program that asks Spark, in a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from packaging.requirements import Requirement

from crmstudy.collection.features.definitions import FEATURES, PURCHASE, list_columns
from crmstudy.collection.features.engines import declare_tables, write_sql
from crmstudy.collection.features.expressions import (
    describe_cohorts,
    describe_customers,
    describe_periods,
)
from crmstudy.collection.features.features import customer_features
from crmstudy.collection.features.outcomes import describe_outcomes
from crmstudy.collection.simulate import simulate_firm
from crmstudy.collection.warehouse import Warehouse

FOLDER = os.environ.get("CRMSTUDY_SPARK", "")
PERIODS = ("week", "month", "quarter")

# --- the program that asks Spark -------------------------------------------------------


def open_session() -> Any:
    """Start Spark with two threads on this machine, talking to nobody else."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master("local[2]").appName("crmstudy")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def save(answer: Any, place: Path) -> None:
    rows = [row.asDict() for row in answer.collect()]
    frame = pd.DataFrame(rows, columns=answer.columns)
    frame.to_pickle(place)


def count_cohorts(tables: dict[str, Any], *, until: datetime, period: str) -> Any:
    return describe_cohorts(tables["transactions"], until=until, period=period)


def sum_outcomes(tables: dict[str, Any], *, since: datetime, until: datetime) -> Any:
    return describe_outcomes(tables["transactions"], since=since, until=until)


def sum_periods(tables: dict[str, Any], *, period: str) -> Any:
    return describe_periods(tables["transactions"], period=period)


def ask_spark(folder: Path) -> None:
    """Answer every task of ``tasks.json`` into a pickle of its own."""
    from crmstudy.collection.features.engines import answer_on_spark, run_on_spark

    session = open_session()
    for name, task in json.loads((folder / "tasks.json").read_text()).items():
        session.conf.set("spark.sql.session.timeZone", task["zone"])
        tables = {t: session.read.parquet(str(folder / file)) for t, file in task["files"].items()}
        for table, columns in task["casts"].items():
            for column, kind in columns.items():
                old = tables[table]
                tables[table] = old.withColumn(column, old[column].cast(kind))
        until = task["until"]
        save(run_on_spark(session, tables, until=until), folder / f"{name}.features")
        assert session.conf.get("spark.sql.session.timeZone") == task["zone"]
        assert not session.catalog.listTables()
        window = {"since": task["since"], "until": until}
        save(run_on_spark(session, tables, **window), folder / f"{name}.window")
        lines = {"transactions": tables["transactions"]}
        end = datetime.fromisoformat(until)
        outcomes = partial(sum_outcomes, since=datetime.fromisoformat(task["since"]), until=end)
        save(answer_on_spark(session, lines, outcomes), folder / f"{name}.outcomes")
        for period in PERIODS if task["periods"] else ():
            cohorts = partial(count_cohorts, until=end, period=period)
            save(answer_on_spark(session, lines, cohorts), folder / f"{name}.cohorts.{period}")
            periods = partial(sum_periods, period=period)
            save(answer_on_spark(session, lines, periods), folder / f"{name}.periods.{period}")
    tables["transactions"].createOrReplaceTempView("sales")
    few = run_on_spark(session, {"transactions": "sales"}, until=until, only=["n_purchases"])
    save(few, folder / "few.features")
    session.stop()


if __name__ == "__main__":
    sys.path.append(FOLDER)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    ask_spark(Path(sys.argv[1]))
    sys.exit()

# --- rows that are easy to get wrong ---------------------------------------------------

LAST = "2026-03-29T02:30:00"
NASTY = {
    "transactions": """
        (customer_id VARCHAR, basket_id VARCHAR, ordered_at TIMESTAMP, revenue DOUBLE,
         product_id VARCHAR, discount DOUBLE, channel VARCHAR, status VARCHAR,
         cost DOUBLE, coupon_discount DOUBLE, quantity DOUBLE);
        INSERT INTO firm.transactions (customer_id, basket_id, ordered_at, revenue, product_id,
            discount, channel, status) VALUES
        -- ties in time and in channel, one basket over two channels and two days
        ('张伟', 'b1', '2026-03-07 23:59:59.999999', 10, 'p1', 1, '网店', NULL),
        ('张伟', 'b1', '2026-03-08 00:00:00', 10, 'p1', NULL, '门店', 'completed'),
        ('张伟', 'b2', '2026-03-08 00:00:00', 0, 'p2', 0, '网店', NULL),
        ('张伟', 'b3', '2026-03-08 00:00:00', 0.1, NULL, 0.2, '门店', 'returned'),
        -- beyond the basic plane: by UTF-16 the second of these two would be the first
        ('李', 'b4', '2026-03-01', 1, 'p3', 0, '￼', NULL),
        ('李', 'b5', '2026-03-02', 1, 'p3', 0, '😀', NULL),
        -- a basket of two customers; the leap day; hours that summer time leaves out
        ('007', 'b6', '2024-02-29 12:00', 3, 'p1', 0, 'web', NULL),
        ('7', 'b6', '2024-02-29 12:00', 3, 'p1', 0, 'web', NULL),
        ('007', 'b7', '2026-03-08 02:30', 3, 'p9', 0, NULL, NULL),
        ('007', 'b8', '2026-03-29 02:30', 3, 'p1', 0, 'web', NULL),
        ('007', 'b9', '2026-03-29 02:30:00.000001', 3, 'p1', 0, 'web', NULL),
        -- returns: after the last purchase, without any, of nothing
        ('o''neill', 'b10', '2025-12-31 23:59:59.5', 99.99, 'p2', 0, 'web', 'completed'),
        ('o''neill', 'b11', '2026-01-01', -99.99, 'p2', 0, 'post', 'returned'),
        ('only "returns"', 'b12', '2026-01-01', -5, 'p2', 0, 'post', NULL),
        ('minus nothing', 'b13', '2026-01-04', -0.0, 'p2', 0.0, 'web', NULL),
        (' space ', 'b14', '2026-01-05', 1e-9, 'p2', -1e-9, '', ''),
        -- before the epoch; nobody; never; no basket, no money
        ('old', 'b15', '1969-12-31 23:59:59.999', 5, 'p2', 0, 'web', NULL),
        ('old', 'b16', '1970-01-01', 1e9, 'p2', 0, 'web', NULL),
        (NULL, 'b17', '2026-01-05', 5, 'p2', 0, 'web', NULL),
        ('never', 'b18', NULL, 5, 'p2', 0, 'web', NULL),
        ('no basket', NULL, '2026-01-05', 5, 'p2', 0, 'web', NULL),
        ('no money', 'b19', '2026-01-05', NULL, 'p2', 5, 'web', NULL);
        -- quantities and costs that are unknown, nothing or negative
        UPDATE firm.transactions SET quantity = 2, cost = revenue / 3
            WHERE basket_id IN ('b1', 'b2', 'b5', 'b6', 'b8', 'b10', 'b12', 'b15', 'b19');
        UPDATE firm.transactions SET quantity = 0, cost = 0.1 WHERE basket_id IN ('b3', 'b16');
        UPDATE firm.transactions SET quantity = -1, cost = -0.1 WHERE basket_id IN ('b11', 'b13');
        UPDATE firm.transactions SET coupon_discount = revenue / 7
            WHERE basket_id IN ('b1', 'b7', 'b11', 'b14', 'b16', 'b19')
    """,
    "products": """
        (product_id VARCHAR, department VARCHAR, category VARCHAR);
        INSERT INTO firm.products VALUES
        ('p1', '食品', '茶'), ('p1', '食品', '茶'), ('p1', 'food', NULL), ('p2', NULL, 'tea'),
        ('p3', '', ''), (NULL, 'none', 'none')
    """,
    "contacts": """
        (customer_id VARCHAR, opened_at TIMESTAMP, first_response_at TIMESTAMP,
         resolved_at TIMESTAMP, complaint BOOLEAN);
        INSERT INTO firm.contacts VALUES
        ('张伟', '2026-03-08 01:59:59.999', '2026-03-08 03:00:00.000', '2026-03-29 02:30', true),
        ('张伟', '2026-03-08 01:59:59.001', '2026-03-08 03:00:00.999', NULL, NULL),
        ('007', '2026-03-29 02:29', '2026-03-29 02:31', '2026-03-29 02:30:00.000001', false),
        ('7', '2026-03-29 02:31', NULL, NULL, true), ('ghost', '2026-01-01', NULL, NULL, true),
        ('old', '1969-12-31 23:59:59.9', '1970-01-01 00:00:00.1', '1970-01-01', true),
        (NULL, '2026-01-01', '2026-01-02', NULL, true), ('李', NULL, '2026-01-02', NULL, true)
    """,
    "web_events": """
        (visitor_id VARCHAR, customer_id VARCHAR, occurred_at TIMESTAMP, rating DOUBLE);
        INSERT INTO firm.web_events VALUES
        ('v1', '张伟', '2026-03-08 01:45', NULL), ('v1', '张伟', '2026-03-08 02:15:00.9', 5),
        ('v1', '张伟', '2026-03-08 02:15:00.9', 4), ('v1', '张伟', '2026-03-08 02:45:01', 4),
        ('v2', '张伟', '2026-03-08 02:15', NULL), ('v1', NULL, '2026-03-08 02:20', 1),
        ('v3', '007', '2026-03-29 01:59', NULL), ('v3', '007', '2026-03-29 02:29:00.1', NULL),
        ('v3', '007', '2026-03-29 02:30:00.1', 1), ('v4', '7', NULL, 3)
    """,
    "customers": """
        (customer_id VARCHAR, registered_on TIMESTAMP);
        INSERT INTO firm.customers VALUES
        ('张伟', '2026-03-08 02:30'), ('007', '2024-02-29'), ('007', '2024-03-01'), ('7', NULL),
        ('李', '2026-03-29 02:30:00.000001'), ('old', '1969-12-31'), ('ghost', '2026-01-01')
    """,
}
#: Types that a cluster's tables may have instead of the contract's.
OTHER_TYPES = {
    "transactions": {"ordered_at": "timestamp", "revenue": "decimal(12,2)"},
    "contacts": {"opened_at": "timestamp", "first_response_at": "timestamp"},
}


def stock_nasty(place: Path) -> Warehouse:
    with duckdb.connect(str(place)) as connection:
        connection.execute("CREATE SCHEMA firm")
        for name, sql in NASTY.items():
            connection.execute(f"CREATE TABLE firm.{name} {sql}")
    return Warehouse(place)


def stock_simulated(place: Path) -> Warehouse:
    """Stock what the simulated firm has; add what it may not have: states and web events."""
    tables = dict(simulate_firm(seed=11, n_customers=300).tables)
    draw = np.random.default_rng(12)
    lines = tables["transactions"]
    if "status" not in lines:
        state = draw.choice(["completed", "returned"], len(lines), p=[0.9, 0.1])
        money = lines["revenue"].where(draw.random(len(lines)) > 0.05, -lines["revenue"])
        tables["transactions"] = lines.assign(status=state, revenue=money)
    if "coupon_discount" not in lines:
        coupons = draw.choice([0.0, 0.5], len(lines), p=[0.9, 0.1])
        tables["transactions"] = tables["transactions"].assign(coupon_discount=coupons)
    if "web_events" not in tables:
        tables["web_events"] = draw_events(draw, tables["customers"]["customer_id"])
    with duckdb.connect(str(place)) as connection:
        connection.execute("CREATE SCHEMA firm")
        for name in list_columns():
            arrow = pa.Table.from_pandas(tables[name], preserve_index=False)
            connection.register("arriving", arrow)
            connection.execute(f"CREATE TABLE firm.{name} AS SELECT * FROM arriving")
            connection.unregister("arriving")
    return Warehouse(place)


def draw_events(draw: np.random.Generator, customers: pd.Series) -> pd.DataFrame:
    visits = np.datetime64("2025-06-01", "us") + draw.integers(0, 10, 3000).astype("m8[D]")
    return pd.DataFrame(
        {
            "visitor_id": draw.integers(0, 50, 3000).astype(str),
            "customer_id": draw.choice(customers.to_numpy(object), 3000),
            "occurred_at": visits + draw.integers(0, 14_400, 3000).astype("m8[s]"),
            "rating": draw.choice([np.nan, 1, 3, 4], 3000),
        }
    )


# --- the lock of Spark -----------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"^([a-z0-9]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", re.MULTILINE)


def test_the_lock_of_spark_is_hashed_and_in_step():
    text = (ROOT / "requirements-spark.lock").read_text("utf-8")
    assert re.sub(r"^#.*\n", "", ENTRY.sub("", text), flags=re.MULTILINE) == ""
    pins = {name: version for name, version, _ in ENTRY.findall(text)}
    assert sorted(pins) == ["py4j", "pyspark", "setuptools"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert f"\nsetuptools=={pins['setuptools']} " in lock
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [wanted] = extras["optional-dependencies"]["spark"]
    assert Requirement(wanted).specifier.contains(pins["pyspark"])


# --- the comparison --------------------------------------------------------------------


def why_not() -> str:
    """Say what Spark lacks here; nothing when it can run."""
    java = os.environ.get("JAVA_HOME") or shutil.which("java")
    if not java:
        return "no Java: Spark needs a runtime of version 17"
    if not (Path(FOLDER, "pyspark").is_dir() if FOLDER else find_spec("pyspark")):
        where = f"in CRMSTUDY_SPARK={FOLDER}" if FOLDER else "installed (CRMSTUDY_SPARK is not set)"
        return f"no pyspark {where}"
    return ""


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Both warehouses, and the folder with Spark's answers."""
    if reason := why_not():
        if os.environ.get("CRMSTUDY_REQUIRE_SPARK") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("spark")
    stocks = {
        "nasty": stock_nasty(folder / "nasty.duckdb"),
        "simulated": stock_simulated(folder / "simulated.duckdb"),
    }
    tasks = {
        "nasty": write_task(
            folder, stocks["nasty"], zone="America/New_York", until=LAST, since="2026-03-08"
        ),
        "simulated": write_task(
            folder,
            stocks["simulated"],
            zone="Asia/Shanghai",
            until="2025-09-30T23:59:59.999999",
            since="2025-01-01",
            casts=OTHER_TYPES,
        ),
    }
    (folder / "tasks.json").write_text(json.dumps(tasks))
    command = [sys.executable, __file__, str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert found.returncode == 0, found.stderr[-4000:]
    return folder, stocks


def write_task(folder: Path, stock: Warehouse, *, casts=None, **task: str) -> dict[str, Any]:
    files = {name: f"{stock.place.stem}.{name}.parquet" for name in NASTY}
    for name, file in files.items():
        stock.query(f"COPY firm.{name} TO '{folder / file}' (FORMAT parquet)")
    return {**task, "files": files, "casts": casts or {}, "periods": stock.place.stem == "nasty"}


def read_answer(folder: Path, name: str, keys: list[str]) -> pd.DataFrame:
    return pd.read_pickle(folder / name).sort_values(keys).reset_index(drop=True)


UNTIL = {
    "nasty": datetime.fromisoformat(LAST),
    "simulated": datetime(2025, 9, 30, 23, 59, 59, 999999),
}
MONEY = {one.name for one in FEATURES if one.unit in ("money", "points", "ratio")}
MONEY |= {"discount_share", "coupon_share"}


SINCE = {"nasty": datetime(2026, 3, 8), "simulated": datetime(2025, 1, 1)}


def by_duckdb(
    stock: Warehouse, until: datetime, since: datetime | None = None, describe=describe_customers
) -> pd.DataFrame:
    present = {f"{table}.{name}" for table, names in list_columns().items() for name in names}
    tables = declare_tables(present, database="firm")
    expression = describe(tables, until=until, since=since)
    return stock.query(write_sql(expression, dialect="duckdb"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nasty", "simulated"])
def test_every_feature_of_every_customer(asked, name):
    folder, stocks = asked
    spark = read_answer(folder, f"{name}.features", ["customer_id"])
    ours = by_duckdb(stocks[name], UNTIL[name]).sort_values("customer_id").reset_index(drop=True)
    assert list(spark) == list(ours) == ["customer_id", *(one.name for one in FEATURES)]
    assert len(ours) == {"nasty": 10}.get(name, len(ours)) > 5
    for column in ours:
        assert_same(ours[column], spark[column], exact=column not in MONEY)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nasty", "simulated"])
@pytest.mark.parametrize("what", ["window", "outcomes"])
def test_windows(asked, name, what):
    folder, stocks = asked
    describe = {"window": describe_customers, "outcomes": sum_outcomes}[what]
    spark = read_answer(folder, f"{name}.{what}", ["customer_id"])
    ours = by_duckdb(stocks[name], UNTIL[name], SINCE[name], describe)
    ours = ours.sort_values("customer_id").reset_index(drop=True)
    assert list(spark) == list(ours)
    assert len(ours) >= 2
    for column in ours:
        assert_same(ours[column], spark[column], exact=column not in MONEY)


def assert_same(ours: pd.Series, spark: pd.Series, *, exact: bool) -> None:
    """Compare row by row: to the last bit, but for sums of money."""
    assert ours.isna().tolist() == spark.isna().tolist(), ours.name
    left, right = ours.dropna().tolist(), spark.dropna().tolist()
    if exact:
        assert left == right, ours.name
    else:
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=0, err_msg=str(ours.name))


@pytest.mark.slow
def test_the_warehouse_gives_the_same(asked):
    """The entry point of the chapters computes what was compared."""
    folder, stocks = asked
    spark = read_answer(folder, "simulated.features", ["customer_id"]).set_index("customer_id")
    ours = customer_features(stocks["simulated"], "firm", until="2025-09-30")
    assert ours.index.tolist() == spark.index.tolist()
    assert ours["n_purchases"].tolist() == spark["n_purchases"].tolist()
    months = pd.to_datetime(spark["first_purchase_month"])
    assert ours["first_purchase_month"].tolist() == months.tolist()
    few = read_answer(folder, "few.features", ["customer_id"])
    assert few["n_purchases"].tolist() == ours["n_purchases"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("period", PERIODS)
def test_cohorts_and_periods(asked, period):
    folder, stocks = asked
    lines = declare_tables(set(PURCHASE), database="firm")["transactions"]
    wanted = {
        "cohorts": (
            describe_cohorts(lines, until=UNTIL["nasty"], period=period),
            ["cohort", "since"],
        ),
        "periods": (describe_periods(lines, period=period), ["period"]),
    }
    for kind, (expression, keys) in wanted.items():
        ours = stocks["nasty"].query(write_sql(expression.order_by(keys), dialect="duckdb"))
        spark = read_answer(folder, f"nasty.{kind}.{period}", keys)
        assert len(ours) > 3
        for column in ours:
            assert_same(ours[column], spark[column], exact=column != "revenue")
