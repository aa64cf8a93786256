"""Features of a window of days, what customers did after a day, and what they spend on."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crmstudy.chapters import check_parameters
from crmstudy.collection.features.features import customer_features, purchase_features
from crmstudy.collection.features.mix import ProductMix, product_mix
from crmstudy.collection.features.outcomes import customer_outcomes, observed_days, split_day
from crmstudy.collection.study import StudyData, open_study
from crmstudy.collection.warehouse import Warehouse, open_warehouse
from crmstudy.errors import NotAvailable, SettingsError

ROWS = [  # customer, basket, day, revenue, cost, product, channel
    ("ann", "1", "2026-01-01 09:00:00", 10.0, 4.0, "tea1", "shop"),
    ("ann", "1", "2026-01-01 09:00:00", 5.0, 2.0, "cup1", "shop"),
    ("ann", "2", "2026-01-03 23:59:59", 20.0, 9.0, "tea2", "web"),
    ("ann", "3", "2026-01-04 00:00:00", 1.0, 0.5, "tea1", "web"),
    ("ann", "4", "2026-01-08 18:00:00", -20.0, -9.0, "tea2", "web"),
    ("bob", "5", "2026-01-02 17:00:00", 7.0, np.nan, "nut1", "shop"),
    ("bob", "6", "2026-01-05 12:00:00", 3.0, np.nan, None, None),
    ("cy", "7", "2026-01-03 12:00:00", 2.0, 1.0, "cup1", "web"),
    ("dee", "8", "2026-01-06 12:00:00", 40.0, 30.0, "odd1", "web"),
]
COLUMNS = ["customer_id", "basket_id", "ordered_at", "revenue", "cost", "product_id", "channel"]
PRODUCTS = pd.DataFrame(
    {
        "product_id": ["tea1", "tea2", "cup1", "nut1", "odd1"],
        "department": ["drinks", "drinks", "china", "food", None],
        "brand": ["A", "B", "A", "other", "A"],
        "shelf": pd.array([1, 1, 2, 3, None], "Int64"),
    }
)


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
    lines = pd.DataFrame(ROWS, columns=COLUMNS).astype({"product_id": "str", "channel": "str"})
    return lines.assign(ordered_at=pd.to_datetime(lines["ordered_at"]).astype("datetime64[us]"))


@pytest.fixture
def ledger(tmp_path) -> Warehouse:
    return stock(tmp_path, {"transactions": list_lines(), "products": PRODUCTS})


# --- features since a day --------------------------------------------------------------


def test_a_window_by_hand(ledger):
    found = customer_features(ledger, "firm", since="2026-01-03", until="2026-01-06")
    assert found.index.tolist() == ["ann", "bob", "cy", "dee"]
    ann = found.loc["ann"]
    assert ann[["n_purchases", "revenue", "n_lines", "n_products"]].tolist() == [2, 21.0, 2, 2]
    assert ann[["days_since_last_purchase", "tenure_days"]].tolist() == [2, 3]
    assert ann["margin"] == 11.5
    assert ann["evening_share"] == 1.0  # the other line is of midnight
    assert pd.isna(found.loc["bob", "margin"])
    assert found.loc["cy", "evening_share"] == 0.0


def test_the_evening_begins_at_five(ledger):
    evening = customer_features(ledger, "firm")["evening_share"]
    assert evening.to_dict() == {"ann": 1 / 3, "bob": 0.5, "cy": 0.0, "dee": 0.0}


def test_a_window_counts_the_whole_of_its_first_day(ledger):
    assert purchase_features(ledger, "firm", since="2026-01-06").index.tolist() == ["dee"]
    assert purchase_features(ledger, "firm", since="2026-01-05").index.tolist() == ["bob", "dee"]


def test_since_the_first_day_changes_nothing(ledger):
    every = customer_features(ledger, "firm")
    pd.testing.assert_frame_equal(
        customer_features(ledger, "firm", since="2026-01-01"), every, check_exact=True
    )
    six = purchase_features(ledger, "firm", since="2025-12-31")
    pd.testing.assert_frame_equal(six, every[list(six)], check_exact=True)


def test_two_windows_add_up_to_the_whole(ledger):
    sums = ["n_purchases", "n_lines", "revenue"]
    whole = customer_features(ledger, "firm")[sums]
    for day in ("2026-01-02", "2026-01-03", "2026-01-05"):
        next_day = str((pd.Timestamp(day) + pd.Timedelta("1D")).date())
        before = customer_features(ledger, "firm", until=day)[sums]
        after = customer_features(ledger, "firm", since=next_day)[sums]
        both = before.add(after, fill_value=0)
        gone = set(after.index.symmetric_difference(whole.index)) & {"ann"}
        pd.testing.assert_frame_equal(
            both.drop(list(gone)), whole.drop(list(gone)), check_dtype=False
        )


def test_a_window_equals_the_lines_cut_by_hand(make_study, tmp_path):
    tables = {name: {"simulated": name} for name in ("transactions", "products", "contacts")}
    tables |= {"web_events": {"simulated": "web_events"}, "customers": {"simulated": "customers"}}
    opened = open_warehouse(make_study(tables, simulation={"n_customers": 200}))
    frames = {name: opened.table("firm", name) for name in tables}
    begin = pd.Timestamp("2024-09-15")
    moments = {"transactions": "ordered_at", "contacts": "opened_at", "web_events": "occurred_at"}
    cut = {
        name: frame[frame[moments[name]] >= begin] if name in moments else frame
        for name, frame in frames.items()
    }
    (tmp_path / "cut").mkdir()
    window = {"until": "2025-03-31"}
    expected = customer_features(stock(tmp_path / "cut", cut), "firm", **window)
    found = customer_features(opened, "firm", since="2024-09-15", **window)
    assert len(found) > 50
    pd.testing.assert_frame_equal(found, expected.loc[found.index], check_exact=True)
    registered = customer_features(opened, "firm", **window)["registration_month"]
    pd.testing.assert_series_equal(found["registration_month"], registered[found.index])


def test_windows_that_cannot_be(ledger):
    reason = customer_features(ledger, "firm", since="2026-01-07").reason
    assert reason == "no purchases from 2026-01-07 to 2026-01-08"  # a return is none
    with pytest.raises(SettingsError, match=r"since = '2026-01-05' is later than until = '2026-0"):
        purchase_features(ledger, "firm", since="2026-01-05", until="2026-01-04")
    with pytest.raises(SettingsError, match=r"since = 'then'; allowed: a day, as 2017-12-31"):
        purchase_features(ledger, "firm", since="then")
    assert isinstance(customer_features(ledger, "elsewhere", since="2026-01-01"), NotAvailable)


# --- prices, promotions, coupons -------------------------------------------------------


def priced_lines(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    lines = pd.DataFrame(rows, columns=["customer_id", "product_id", "quantity", "revenue"])
    moment = pd.Timestamp("2026-01-01 12:00:00")
    return lines.assign(basket_id=lines.index.astype(str), ordered_at=moment)


def test_the_price_index_by_hand(tmp_path):
    products = pd.DataFrame({"product_id": ["a", "b", "c", "d"], "category": [*"xxy", None]})
    lines = priced_lines(
        [
            ("dear", "a", 1.0, 6.0),  # 6 a unit of x
            ("cheap", "b", 3.0, 6.0),  # 2 a unit: 12 for 4 units, 3 on average
            ("cheap", "c", 2.0, 10.0),  # alone in y: 5, as it cost
            ("cheap", "c", 0.0, 4.0),  # no quantity, no price
            ("cheap", "a", -1.0, 5.0),
            ("odd", "d", 1.0, 9.0),  # of no category
            ("odd", "e", 1.0, 9.0),  # no such product
        ]
    )
    found = customer_features(
        stock(tmp_path, {"transactions": lines, "products": products}), "firm"
    )
    assert found["price_index"].to_dict() == {
        "cheap": pytest.approx(16 / 19),
        "dear": pytest.approx(2.0),
        "odd": pytest.approx(np.nan, nan_ok=True),
    }


def test_the_price_index_of_all_customers_together_is_1(tmp_path):
    draw = np.random.default_rng(8)
    rows = [
        (f"c{draw.integers(20)}", f"p{draw.integers(9)}", draw.uniform(0.1, 5), draw.uniform(0, 9))
        for _ in range(400)
    ]
    products = pd.DataFrame({"product_id": [f"p{i}" for i in range(9)], "category": [*"aaabbbbcc"]})
    lines = priced_lines(rows)
    index = customer_features(
        stock(tmp_path, {"transactions": lines, "products": products}), "firm"
    )["price_index"]
    paid = lines.groupby("customer_id")["revenue"].sum()
    assert (paid / index).sum() == pytest.approx(paid.sum(), rel=1e-12)
    kilos = lines.assign(quantity=lines["quantity"] * 1000)
    again = customer_features(
        stock(tmp_path, {"transactions": kilos, "products": products}), "firm"
    )["price_index"]
    pd.testing.assert_series_equal(index, again, rtol=1e-12)


# --- what came after -------------------------------------------------------------------


def test_outcomes_by_hand(ledger):
    found = customer_outcomes(ledger, "firm", after="2026-01-03")
    assert found.index.tolist() == ["ann", "bob", "cy"]
    assert found["n_purchases"].tolist() == [1, 1, 0]
    assert found["revenue"].tolist() == [-19.0, 3.0, 0.0]  # the return is Ann's, too
    assert found["margin"].tolist()[::2] == [-10.5, 0.0]
    assert pd.isna(found.loc["bob", "margin"])  # he bought, at a cost that is not known
    assert found["n_purchases"].dtype == "int64"


def test_outcomes_end_with_their_last_day(ledger):
    until = customer_outcomes(ledger, "firm", after="2026-01-03", until="2026-01-04")
    assert until["revenue"].tolist() == [1.0, 0.0, 0.0]
    assert until["n_purchases"].tolist() == [1, 0, 0]


@pytest.fixture
def simulated(make_study, segmentation_parameters) -> StudyData:
    tables = {"transactions": {"simulated": "transactions"}}
    known = {"pseudonyms": True}
    study = make_study(tables, simulation={"n_customers": 300}, privacy=known)
    folder = str(study.paths.inputs)
    return open_study(check_parameters("segmentation", STUDY=folder, **segmentation_parameters))


def test_before_and_after_add_up(simulated):
    data = simulated
    day = data.split_day(share=0.4)
    before, after = data.features(until=day), data.outcomes(after=day)
    assert after.index.equals(before.index)
    whole = data.features().loc[before.index]
    for name in ("n_purchases", "revenue", "margin"):
        np.testing.assert_allclose(before[name] + after[name], whole[name], rtol=1e-12, atol=1e-9)
    window = data.purchases(since=str((pd.Timestamp(day) + pd.Timedelta("1D")).date()))
    buyers = after[after["n_purchases"] > 0]
    assert (buyers["n_purchases"] == window.loc[buyers.index, "n_purchases"]).all()


def test_outcomes_without_cost(tmp_path):
    plain = stock(tmp_path, {"transactions": list_lines().drop(columns="cost")})
    assert list(customer_outcomes(plain, "firm", after="2026-01-03")) == ["n_purchases", "revenue"]


def test_outcomes_that_cannot_be(ledger):
    late = customer_outcomes(ledger, "firm", after="2026-01-08")
    assert late.reason == "no purchases from 2026-01-09 to 2026-01-08"
    early = customer_outcomes(ledger, "firm", after="2025-12-31")
    assert early.reason == "no purchases up to 2025-12-31"
    assert isinstance(customer_outcomes(ledger, "elsewhere", after="2026-01-01"), NotAvailable)
    with pytest.raises(SettingsError, match="after = 'noon'; allowed: a day"):
        customer_outcomes(ledger, "firm", after="noon")
    with pytest.raises(SettingsError, match="is later than until"):
        customer_outcomes(ledger, "firm", after="2026-01-05", until="2026-01-05")


def test_the_day_that_splits(ledger, tmp_path):
    assert split_day(ledger, "firm") == "2026-01-04"  # of 8 days, 4
    assert split_day(ledger, "firm", share=0.75) == "2026-01-06"
    assert split_day(ledger, "firm", share=0.001) == "2026-01-01"
    assert split_day(ledger, "firm", share=0.999) == "2026-01-07"
    one_day = stock(tmp_path, {"transactions": list_lines().iloc[:2]})
    assert "one day" in split_day(one_day, "firm").reason
    none = stock(tmp_path, {"transactions": list_lines().iloc[:0]})
    assert split_day(none, "firm").reason == "no purchases"
    assert split_day(ledger, "elsewhere").reason == "no transactions"
    for share in (0, 1, -0.5, 50):
        with pytest.raises(SettingsError, match="allowed: between 0 and 1"):
            split_day(ledger, "firm", share=share)


def test_the_reach_of_the_purchases(ledger, tmp_path, simulated):
    first, last = observed_days(ledger, "firm")
    assert (str(first), str(last)) == ("2026-01-01 09:00:00", "2026-01-08 18:00:00")
    none = stock(tmp_path, {"transactions": list_lines().iloc[:0]})
    assert observed_days(none, "firm").reason == "no purchases"
    assert observed_days(ledger, "elsewhere").reason == "no transactions"
    days = simulated.companion("transactions")["ordered_at"]
    assert simulated.reach() == (days.min(), days.max())


@pytest.mark.parametrize("asked", ["purchases", "features", "product_mix"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_a_day_that_is_absent_is_handed_on(simulated, asked, end):
    absent = NotAvailable("all purchases were made on one day: it cannot be divided")
    assert getattr(simulated, asked)(**{end: absent}) is absent


@pytest.mark.parametrize("days", [{"after": None}, {"after": "2024-06-30", "until": None}])
def test_outcomes_after_a_day_that_is_absent(simulated, days):
    absent = NotAvailable("no purchases")
    given = {name: absent if day is None else day for name, day in days.items()}
    assert simulated.outcomes(**given) is absent


# --- what the money is spent on --------------------------------------------------------


def test_the_mix_by_hand(ledger):
    mix = product_mix(ledger, "firm")
    assert list(mix.spend) == ["drinks", "china", "food", "unknown"]
    assert mix.spend.loc["ann"].tolist() == [11.0, 5.0, 0.0, 0.0]
    assert mix.spend.loc["bob"].tolist() == [0.0, 0.0, 7.0, 3.0]
    assert mix.spend.loc["dee", "unknown"] == 40.0  # its product is of no department
    assert mix.gathered == ()
    assert mix.levels == ("drinks", "china", "food")
    table = mix.table()
    assert table["revenue"].tolist() == [11.0, 7.0, 7.0, 43.0]
    assert table["share of revenue"].sum() == pytest.approx(1)
    assert table["share of customers"].tolist() == [0.25, 0.5, 0.25, 0.5]


def test_rare_levels_are_gathered(ledger):
    mix = product_mix(ledger, "firm", most=1)
    assert list(mix.spend) == ["drinks", "other", "unknown"]
    assert mix.gathered == ("china", "food")
    assert mix.spend["other"].tolist() == [5.0, 7.0, 2.0, 0.0]
    channels = product_mix(ledger, "firm", level="channel")
    assert list(channels.spend) == ["web", "shop", "unknown"]
    assert channels.spend.loc["ann"].tolist() == [1.0, 15.0, 0.0]


def test_a_level_of_the_name_other_keeps_its_money(ledger):
    every = product_mix(ledger, "firm", level="brand")
    assert list(every.spend) == ["A", "B", "other", "unknown"]  # Ann gave all of B back
    assert every.spend.loc["bob", "other"] == 7.0
    few = product_mix(ledger, "firm", level="brand", most=1)
    assert few.spend["other"].sum() == 7.0
    assert few.gathered == ("B",)


def test_any_column_of_products_and_any_window(ledger):
    mix = product_mix(ledger, "firm", level="shelf", since="2026-01-03", until="2026-01-05")
    assert mix.spend.index.tolist() == ["ann", "bob", "cy"]
    assert mix.spend.loc["ann"].to_dict() == {"1": 21.0, "2": 0.0, "unknown": 0.0}


@pytest.mark.parametrize("level", ["department", "brand", "channel"])
@pytest.mark.parametrize("most", [1, 2, 12])
def test_a_mix_sums_to_the_revenue(ledger, level, most):
    mix = product_mix(ledger, "firm", level=level, most=most)
    revenue = customer_features(ledger, "firm")["revenue"]
    pd.testing.assert_series_equal(mix.spend.sum(axis=1), revenue, check_names=False)
    named = [name for name in mix.levels if name not in ("other", "unknown")]
    assert mix.spend[named].sum().is_monotonic_decreasing
    assert not set(mix.gathered) & set(mix.spend)


def test_the_order_of_lines_and_products_changes_nothing(tmp_path):
    tables = {"transactions": list_lines(), "products": PRODUCTS}
    first = product_mix(stock(tmp_path, tables), "firm")
    for seed in range(3):
        mixed = {name: frame.sample(frac=1, random_state=seed) for name, frame in tables.items()}
        again = product_mix(stock(tmp_path, mixed), "firm")
        pd.testing.assert_frame_equal(first.spend, again.spend, check_exact=True)


def test_mixes_that_cannot_be(ledger, tmp_path):
    typed = product_mix(ledger, "firm", level="departmnt").reason
    assert typed.startswith("products have no column departmnt; did you mean 'department'?")
    assert isinstance(product_mix(ledger, "firm", level="product_id"), NotAvailable)
    lines = list_lines()
    no_products = stock(tmp_path, {"transactions": lines})
    assert product_mix(no_products, "firm").reason == "no table products"
    assert isinstance(product_mix(no_products, "firm", level="channel"), ProductMix)
    bare = lines.drop(columns=["product_id", "channel"])
    neither = stock(tmp_path, {"transactions": bare, "products": PRODUCTS})
    assert product_mix(neither, "firm").reason == "no column product_id in transactions"
    reason = product_mix(neither, "firm", level="channel").reason
    assert reason == "transactions have no column channel"
    blank = stock(tmp_path, {"transactions": lines, "products": PRODUCTS.assign(brand=None)})
    assert product_mix(blank, "firm", level="brand").reason == "no line has a known brand"
    assert product_mix(ledger, "elsewhere").reason == "no transactions"
    with pytest.raises(SettingsError, match="most = 0: at least 1 level"):
        product_mix(ledger, "firm", most=0)
