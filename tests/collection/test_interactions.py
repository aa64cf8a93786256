"""Who bought what: by hand, as pandas counts it, laws, and what cannot be."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crmstudy.chapters import check_parameters
from crmstudy.collection.features.features import customer_features
from crmstudy.collection.features.interactions import customer_items
from crmstudy.collection.study import StudyData, open_study
from crmstudy.collection.warehouse import Warehouse, open_warehouse
from crmstudy.errors import NotAvailable, SettingsError

ROWS = [  # customer, basket, day, revenue, quantity, product, channel, status
    ("ann", "1", "2026-01-01 09:00", 10.0, 2.0, "tea1", "shop", "completed"),
    ("ann", "1", "2026-01-01 09:00", 5.0, 1.0, "tea1", "shop", None),
    ("ann", "2", "2026-01-03 23:59", 20.0, 1.0, "tea2", "web", None),
    ("ann", "3", "2026-01-04 00:00", 1.0, np.nan, "tea1", "web", None),
    ("ann", "2", "2026-01-08 18:00", -20.0, -1.0, "tea2", "web", "returned"),
    ("ann", "4", "2026-01-08 18:00", 20.0, 1.0, "cup1", "web", "returned"),
    ("bob", "5", "2026-01-02 17:00", 7.0, 1.0, "nut1", "shop", "cancelled"),
    ("bob", "6", "2026-01-05 12:00", 3.0, 1.0, None, None, None),
    ("bob", "6", "2026-01-05 12:00", 0.0, 1.0, "nut1", None, None),
    ("cy", "7", "2026-01-03 12:00", 2.0, np.nan, "cup1", "web", None),
    ("cy", "9", "2026-01-09 12:00", -2.0, -1.0, "cup1", "web", None),
    (None, "8", "2026-01-03 12:00", 2.0, 1.0, "cup1", "web", None),
]
COLUMNS = ["customer_id", "basket_id", "ordered_at", "revenue", "quantity", "product_id"]
COLUMNS += ["channel", "status"]
PRODUCTS = pd.DataFrame(
    {"product_id": ["tea1", "tea2", "cup1", "nut1"], "kind": ["tea", "tea", "cup", None]}
)
PAIR = ["customer_id", "item"]


def stock(folder, tables: dict[str, pd.DataFrame]) -> Warehouse:
    """Write frames into a warehouse, as they are."""
    place = folder / f"{len(list(folder.iterdir()))}.duckdb"
    with duckdb.connect(str(place)) as connection:
        connection.execute("CREATE SCHEMA firm")
        for name, frame in tables.items():
            connection.register("arriving", pa.Table.from_pandas(frame, preserve_index=False))
            connection.execute(f"CREATE TABLE firm.{name} AS SELECT * FROM arriving")
            connection.unregister("arriving")
    return Warehouse(place)


def list_lines() -> pd.DataFrame:
    texts = ["customer_id", "product_id", "channel", "status"]
    lines = pd.DataFrame(ROWS, columns=COLUMNS).astype(dict.fromkeys(texts, "str"))
    return lines.assign(ordered_at=pd.to_datetime(lines["ordered_at"]).astype("datetime64[us]"))


@pytest.fixture
def ledger(tmp_path) -> Warehouse:
    return stock(tmp_path, {"transactions": list_lines(), "products": PRODUCTS})


@pytest.fixture(scope="module")
def shop() -> StudyData:
    asked = {"GROUP": "region", "OUTCOME": "revenue", "MIN_GROUP": 5}
    settings = check_parameters("customer_analysis", STUDY="open", DATASET="", **asked)
    return open_study(settings).of("completejourney")


def test_items_by_hand(ledger):
    found = customer_items(ledger, "firm")
    assert list(found) == [*PAIR, "n_purchases", "quantity", "revenue", "first_at", "last_at"]
    assert found[[*PAIR, "n_purchases", "revenue"]].to_numpy().tolist() == [
        ["ann", "tea1", 2, 16.0],
        ["ann", "tea2", 1, 20.0],  # what was given back is not taken off
        ["bob", "nut1", 1, 0.0],  # the cancelled line does not count, the gift does
        ["cy", "cup1", 1, 2.0],
    ]
    assert found["quantity"].fillna(-1).tolist() == [3.0, 1.0, 1.0, -1.0]
    assert found.loc[0, "first_at"] == pd.Timestamp("2026-01-01 09:00")
    assert found.loc[0, "last_at"] == pd.Timestamp("2026-01-04")
    assert found["n_purchases"].dtype == "int64"


def test_items_of_a_level_and_of_a_window(ledger):
    kinds = customer_items(ledger, "firm", level="kind")
    assert kinds[[*PAIR, "n_purchases"]].to_numpy().tolist() == [
        ["ann", "tea", 3],
        ["cy", "cup", 1],
    ]
    window = customer_items(ledger, "firm", since="2026-01-03", until="2026-01-04")
    assert window[PAIR].to_numpy().tolist() == [["ann", "tea1"], ["ann", "tea2"], ["cy", "cup1"]]
    assert window["n_purchases"].tolist() == [1, 1, 1]
    assert pd.isna(window.loc[0, "quantity"])
    channels = customer_items(ledger, "firm", level="channel")
    assert channels[PAIR].to_numpy().tolist() == [["ann", "shop"], ["ann", "web"], ["cy", "web"]]


def test_a_ledger_without_units_and_status(tmp_path):
    lines = list_lines().drop(columns=["quantity", "status"])
    found = customer_items(stock(tmp_path, {"transactions": lines}), "firm")
    assert list(found) == [*PAIR, "n_purchases", "revenue", "first_at", "last_at"]
    assert found.set_index(PAIR)["revenue"]["bob", "nut1"] == 7.0


def test_the_order_of_lines_changes_nothing(tmp_path):
    tables = {"transactions": list_lines(), "products": PRODUCTS}
    first = customer_items(stock(tmp_path, tables), "firm", level="kind")
    for seed in range(3):
        mixed = {name: frame.sample(frac=1, random_state=seed) for name, frame in tables.items()}
        again = customer_items(stock(tmp_path, mixed), "firm", level="kind")
        pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_items_of_completejourney_are_those_that_pandas_counts(shop):
    until = "2017-03-31"
    found = shop.interactions(level="category", until=until)
    lines = shop.table("transactions").merge(shop.companion("products"), on="product_id")
    lines = lines[(lines["ordered_at"] < "2017-04-01") & (lines["revenue"] >= 0)]
    expected = lines.groupby(["customer_id", "category"]).agg(
        n_purchases=("basket_id", "nunique"),
        quantity=("quantity", "sum"),
        revenue=("revenue", "sum"),
        first_at=("ordered_at", "min"),
        last_at=("ordered_at", "max"),
    )
    in_order = expected.loc[pd.MultiIndex.from_frame(found[PAIR])]
    assert len(expected) == len(found) > 50_000
    for name in expected:
        assert found[name].to_numpy() == pytest.approx(in_order[name].to_numpy(), rel=1e-12)
    customers = shop.features(until=until).index
    buyers = customers[customers.isin(expected.index.get_level_values(0))]
    assert found["customer_id"].unique().tolist() == buyers.tolist()


def test_pseudonyms_do_not_decide_the_order(make_study, monkeypatch, tmp_path):
    text = list_lines().to_csv(index=False)
    orders = []
    for key in ("one", "two"):
        monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / key))
        study = make_study({"transactions": {"file": "t.csv"}}, {"t.csv": text}, privacy={})
        found = customer_items(open_warehouse(study), "firm")
        orders.append(found.drop(columns="customer_id"))
        assert found["customer_id"].str.fullmatch("C[A-Z2-7]{16}").all()
    pd.testing.assert_frame_equal(*orders)


def test_revenue_of_the_items_is_that_of_the_lines_bought(ledger):
    found = customer_items(ledger, "firm").groupby("customer_id")["revenue"].sum()
    revenue = customer_features(ledger, "firm")["revenue"]
    # Ann's returned lines, Bob's cancelled line and the one of no item, what Cy gave back.
    assert (revenue - found).to_dict() == {"ann": 0.0, "bob": 10.0, "cy": -2.0}


def test_items_that_cannot_be(ledger, tmp_path):
    assert customer_items(ledger, "firm", level="knd").reason.startswith(
        "products have no column knd; did you mean 'kind'?"
    )
    lines = list_lines()
    bare = stock(tmp_path, {"transactions": lines.drop(columns="product_id")})
    assert customer_items(bare, "firm").reason == "transactions have no column product_id"
    alone = stock(tmp_path, {"transactions": lines})
    assert customer_items(alone, "firm", level="kind").reason == "no table products"
    blank = stock(tmp_path, {"transactions": lines[lines["product_id"].isna()]})
    assert customer_items(blank, "firm").reason == "no line bought has a known product_id"
    assert customer_items(ledger, "elsewhere").reason == "no transactions"
    assert isinstance(customer_items(ledger, "firm", since="2027-01-01"), NotAvailable)
    with pytest.raises(SettingsError, match="is later than"):
        customer_items(ledger, "firm", since="2026-02-01", until="2026-01-01")


def test_of_a_study(shop):
    assert shop.of("cdnow").interactions().reason == "transactions have no column product_id"
    absent = NotAvailable("no day")
    assert shop.interactions(until=absent) is absent
