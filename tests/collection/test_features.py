"""Features of customers: the database's answer equals a plain computation, and obeys laws."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.features.definitions import FEATURES, PURCHASE
from crmstudy.collection.features.engines import declare_tables, run_on_spark, write_sql
from crmstudy.collection.features.expressions import describe_customers
from crmstudy.collection.features.features import (
    cohort_table,
    customer_features,
    describe_features,
    purchase_features,
    purchases_by_period,
    retention,
)
from crmstudy.collection.warehouse import Warehouse, open_warehouse
from crmstudy.errors import DataError, NotAvailable, SettingsError

HEADER = "customer_id,ordered_at,revenue,basket_id\n"


def by_pandas(lines: pd.DataFrame, until: str = "") -> pd.DataFrame:
    """Compute the purchase features in the plainest way."""
    end = pd.Timestamp(until) if until else lines["ordered_at"].max().normalize()
    lines = lines[lines["ordered_at"].dt.normalize() <= end]
    bought = lines[lines["revenue"] >= 0]
    groups = bought.groupby("customer_id")
    weekend = bought["ordered_at"].dt.day_of_week.ge(5)
    frame = pd.DataFrame(
        {
            "n_purchases": groups["basket_id"].nunique(),
            "days_since_last_purchase": (end - groups["ordered_at"].max().dt.normalize()).dt.days,
            "tenure_days": (end - groups["ordered_at"].min().dt.normalize()).dt.days,
            "weekend_share": weekend.groupby(bought["customer_id"]).mean(),
        }
    )
    revenue = lines.groupby("customer_id")["revenue"].sum()[frame.index]
    frame = frame.assign(revenue=revenue, mean_basket=revenue / frame["n_purchases"])
    return frame.sort_index()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert found.index.tolist() == expected.index.tolist()
    for name in expected:
        np.testing.assert_allclose(
            found[name].to_numpy(float), expected[name].to_numpy(float), rtol=1e-12, atol=1e-9
        )
    assert set(found) == set(expected)


def test_simulated_firm(make_study):
    tables = {"transactions": {"simulated": "transactions"}}
    opened = open_warehouse(make_study(tables, simulation={"n_customers": 400}))
    lines = opened.table("firm", "transactions")
    assert_same(purchase_features(opened, "firm"), by_pandas(lines))
    middle = str(lines["ordered_at"].quantile(0.5).date())
    assert_same(purchase_features(opened, "firm", until=middle), by_pandas(lines, middle))


def test_completejourney(make_study):
    tables = {"transactions": {"open": "completejourney/transactions"}}
    opened = open_warehouse(make_study(tables))
    lines = opened.table("firm", "transactions")
    found = purchase_features(opened, "firm")
    assert len(found) == 2_469
    assert_same(found, by_pandas(lines))
    assert_same(
        purchase_features(opened, "firm", until="2017-06-30"), by_pandas(lines, "2017-06-30")
    )
    pd.testing.assert_frame_equal(found, purchase_features(opened, "firm"), check_exact=True)


@pytest.fixture
def small(make_study):
    content = HEADER + (
        "a,2026-01-03 23:59:59,1,1\n"  # a Saturday
        "a,2026-01-03 23:59:59,2,1\n"
        "a,2026-01-05,3,2\n"
        "b,2026-02-28 08:00,10,3\n"
    )
    tables = {"transactions": {"file": "t.csv"}}
    known = {"pseudonyms": False}
    return open_warehouse(make_study(tables, {"t.csv": content}, privacy=known))


def test_by_hand(small):
    found = purchase_features(small, "firm")
    assert found.loc["a"].to_dict() == {
        "n_purchases": 2,
        "revenue": 6,
        "mean_basket": 3,
        "days_since_last_purchase": 54,
        "tenure_days": 56,
        "weekend_share": pytest.approx(2 / 3),
    }
    assert found.loc["b", "days_since_last_purchase"] == 0


def test_until_counts_the_whole_of_its_day(small):
    found = purchase_features(small, "firm", until="2026-01-03")
    assert found.index.tolist() == ["a"]
    assert found.loc["a", ["n_purchases", "revenue", "tenure_days"]].tolist() == [1, 3, 0]


def test_without_transactions(small):
    assert isinstance(purchase_features(small, "elsewhere"), NotAvailable)
    assert isinstance(purchases_by_period(small, "elsewhere"), NotAvailable)


def test_unknown_period(small):
    with pytest.raises(ValueError, match="week or month, not 'day'"):
        purchases_by_period(small, "firm", period="day")


def periods(make_study, first: str, last: str, period: str) -> list[str]:
    days = pd.date_range(first, last)
    rows = "".join(f"c{i % 3},{day.date()},1,{i}\n" for i, day in enumerate(days))
    opened = open_warehouse(
        make_study({"transactions": {"file": "t.csv"}}, {"t.csv": HEADER + rows})
    )
    found = purchases_by_period(opened, "firm", period=period)
    lengths = {
        "week": 7,
        "month": found.index.to_series().astype("datetime64[us]").dt.days_in_month,
    }
    assert (found["purchases"] == lengths[period]).all()
    assert (found["revenue"] == found["purchases"]).all()
    assert (found["customers"] == 3).all()
    return [str(day)[:10] for day in found.index]


def test_months_that_are_covered_in_part_are_left_out(make_study):
    months = ["2025-12-01", "2026-01-01", "2026-02-01"]
    assert periods(make_study, "2025-12-01", "2026-02-28", "month") == months
    assert periods(make_study, "2025-12-02", "2026-02-28", "month") == months[1:]
    assert periods(make_study, "2025-12-01", "2026-02-27", "month") == months[:2]


def test_weeks_start_on_monday_and_are_whole(make_study):
    weeks = ["2026-01-05", "2026-01-12"]
    assert periods(make_study, "2026-01-05", "2026-01-18", "week") == weeks
    assert periods(make_study, "2026-01-04", "2026-01-19", "week") == weeks
    assert periods(make_study, "2026-01-06", "2026-01-18", "week") == weeks[1:]
    assert periods(make_study, "2026-01-05", "2026-01-17", "week") == weeks[:1]


def test_periods_sum_to_the_ledger(make_study):
    tables = {"transactions": {"open": "completejourney/transactions"}}
    opened = open_warehouse(make_study(tables))
    months = purchases_by_period(opened, "firm")
    assert len(months) == 12
    lines = opened.table("firm", "transactions")
    inside = lines[lines["ordered_at"] < "2018-01-01"]
    assert months["revenue"].sum() == pytest.approx(inside["revenue"].sum(), rel=1e-12)
    by_month = inside.groupby(inside["ordered_at"].dt.month)
    assert months["customers"].tolist() == by_month["customer_id"].nunique().tolist()
    assert months["purchases"].tolist() == by_month["basket_id"].nunique().tolist()


# --- every feature ---------------------------------------------------------------------


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


def features_of(folder, tables: dict[str, pd.DataFrame], until: str = "2025-06-30"):
    return customer_features(stock(folder, tables), "firm", until=until)


def pick(draw, values, n):
    return pd.array(draw.choice(np.array([*values], dtype=object), n), dtype="str")


def draw_tables(seed: int, n_customers: int = 30) -> dict[str, pd.DataFrame]:
    """Draw tables full of ties, midnights, gaps and returns; money is in quarters, so exact."""
    draw = np.random.default_rng(seed)
    n = 8 * n_customers
    ids = np.array([f"客{i:03d}" for i in range(n_customers)])
    often = 1 / np.arange(1, n_customers + 1) ** 1.5  # most buy hardly ever
    start = np.datetime64("2025-01-01", "us")
    clock = np.array([0, 1, 43_200_000_000, 86_399_999_999])

    def moments(size, days=200):
        when = start + draw.integers(0, days, size).astype("timedelta64[D]")
        return when + draw.choice(clock, size).astype("timedelta64[us]")

    lines = pd.DataFrame(
        {
            "customer_id": draw.choice(ids, n, p=often / often.sum()),
            "basket_id": draw.integers(0, 3 * n_customers, n).astype(str),
            "ordered_at": moments(n, 40),
            "revenue": draw.choice([-20, -1, 0, 2, 7, 30], n, p=[0.1, 0.1, 0.1, 0.2, 0.3, 0.2]) / 4,
            "product_id": pick(draw, ["p1", "p2", "p3", "p9", None], n),
            "discount": draw.choice([np.nan, 0, 0.25, 1], n),
            "coupon_discount": draw.choice([np.nan, 0, 0.5], n),
            "cost": draw.choice([np.nan, 0.5, 2], n),
            "quantity": draw.choice([np.nan, -1, 0, 1, 2, 4], n, p=[0.1, 0.1, 0.1, 0.3, 0.2, 0.2]),
            "channel": pick(draw, ["网店", "门店", "web", None], n),
            "status": pick(draw, ["completed", "returned", None], n),
        }
    )
    opened = moments(n)
    contacts = pd.DataFrame(
        {
            "contact_id": np.arange(n).astype(str),
            "customer_id": pick(draw, [*ids, None], n),
            "opened_at": opened,
            "first_response_at": opened + draw.integers(0, 10**12, n).astype("timedelta64[us]"),
            "resolved_at": opened + draw.integers(0, 10**13, n).astype("timedelta64[us]"),
            "complaint": pd.array(draw.choice([True, False, None], n), dtype="boolean"),
        }
    )
    unanswered = draw.random(n) < 0.3
    contacts.loc[unanswered, "first_response_at"] = pd.NaT
    visited = moments(n, 3) + draw.integers(0, 120, n).astype("timedelta64[m]")  # many pauses of 30
    events = pd.DataFrame(
        {
            "visitor_id": draw.choice(["v1", "v2", "v3"], n),
            "customer_id": pick(draw, [*ids[:20], None], n),
            "occurred_at": visited,
            "rating": draw.choice([np.nan, 1, 2, 5], n),
        }
    )
    registered = pd.Series(moments(n_customers)).mask(draw.random(n_customers) < 0.2)
    return {
        "transactions": lines,
        "products": pd.DataFrame(
            {
                "product_id": ["p1", "p2", "p3"],
                "department": pd.array(["food", "food", None], "str"),
                "category": pd.array(["fruit", None, "fruit"], "str"),
            }
        ),
        "contacts": contacts,
        "web_events": events,
        "customers": pd.DataFrame({"customer_id": ids, "registered_on": registered}),
    }


def days(later, earlier) -> int:
    return (pd.Timestamp(later).normalize() - pd.Timestamp(earlier).normalize()).days


def mean_hours(tickets: pd.DataFrame, until: pd.Timestamp, answered: str) -> float:
    waits = [
        int(row[answered].floor("s").timestamp()) - int(row["opened_at"].floor("s").timestamp())
        for _, row in tickets.iterrows()
        if row[answered] <= until
    ]
    return sum(waits) / len(waits) / 3600 if waits else np.nan


def count_sessions(events: pd.DataFrame) -> int:
    count = 0
    for _, visits in events.groupby("visitor_id"):
        moments = sorted(int(moment.timestamp()) for moment in visits["occurred_at"])
        pauses = np.diff(moments)
        count += 1 + int((pauses > 1800).sum())
    return count


def month_of(moment):
    return pd.NaT if pd.isna(moment) else pd.Timestamp(moment.year, moment.month, 1)


def average_prices(lines: pd.DataFrame, products: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Find the lines of known category, and what a unit of each category cost."""
    family = dict(zip(products["product_id"], products["category"], strict=True))
    known = lines.assign(family=[family.get(name) for name in lines["product_id"]])
    known = known[known["family"].notna() & (known["quantity"] > 0) & (known["revenue"] >= 0)]
    paid = {f: (m["revenue"].sum(), m["quantity"].sum()) for f, m in known.groupby("family")}
    return known, {name: money / units for name, (money, units) in paid.items()}


def evening(bought: pd.DataFrame) -> float:
    timed = [at for at in bought["ordered_at"] if at.floor("s") != at.normalize()]
    return sum(at.hour >= 17 for at in timed) / len(timed) if timed else np.nan


def one_by_one(tables: dict[str, pd.DataFrame], until: str) -> pd.DataFrame:
    """Compute every feature customer by customer, in the plainest way."""
    end = pd.Timestamp(until) + pd.Timedelta("1D") - pd.Timedelta("1us")
    moment_of = {"transactions": "ordered_at", "contacts": "opened_at"}
    moment_of |= {"web_events": "occurred_at", "customers": "registered_on"}
    seen = {name: tables[name][tables[name][at] <= end] for name, at in moment_of.items()}
    department = tables["products"].set_index("product_id")["department"].dropna()
    priced, price_of = average_prices(seen["transactions"], tables["products"])
    rows = {}
    for name, lines in seen["transactions"].groupby("customer_id"):
        bought = lines[lines["revenue"] >= 0]
        if bought.empty:
            continue
        back = lines[(lines["revenue"] < 0) | (lines["status"] == "returned")]
        dates = sorted(set(bought["ordered_at"].dt.normalize()))
        gaps = [days(b, a) for a, b in pairwise(dates)]
        full = (bought["revenue"] + bought["discount"].fillna(0)).sum()
        before_coupons = (bought["revenue"] + bought["coupon_discount"].fillna(0)).sum()
        costed = lines.dropna(subset="cost")
        own = priced[priced["customer_id"] == name]
        usual = sum(n * price_of[f] for n, f in zip(own["quantity"], own["family"], strict=True))
        used = bought.dropna(subset="channel").drop_duplicates(["channel", "basket_id"])
        counts = used["channel"].value_counts()
        top = sorted(channel for channel in counts.index if counts[channel] == counts.max())
        products = bought["product_id"].dropna()
        mine = {key: frame[frame["customer_id"] == name] for key, frame in seen.items()}
        registered = mine["customers"]["registered_on"].min()
        rows[name] = {
            "n_purchases": bought["basket_id"].nunique(),
            "n_purchase_days": len(dates),
            "n_lines": len(bought),
            "revenue": lines["revenue"].sum(),
            "mean_basket": lines["revenue"].sum() / bought["basket_id"].nunique(),
            "days_since_last_purchase": days(end, dates[-1]),
            "tenure_days": days(end, dates[0]),
            "weekend_share": (bought["ordered_at"].dt.day_of_week >= 5).mean(),
            "evening_share": evening(bought),
            "first_purchase_month": month_of(dates[0]),
            "mean_days_between_purchases": np.mean(gaps) if gaps else np.nan,
            "sd_days_between_purchases": np.std(gaps, ddof=1) if len(gaps) > 1 else np.nan,
            "return_share": len(back) / len(lines),
            "returned_revenue": back["revenue"].abs().sum(),
            "margin": (costed["revenue"] - costed["cost"]).sum() if len(costed) else np.nan,
            "discount_share": bought["discount"].sum() / full if full else np.nan,
            "promoted_share": (bought["discount"] > 0).mean(),
            "coupon_share": bought["coupon_discount"].sum() / before_coupons
            if before_coupons
            else np.nan,
            "n_products": products.nunique(),
            "n_departments": products.map(department).nunique(),
            "price_index": own["revenue"].sum() / usual if usual else np.nan,
            "n_channels": len(counts),
            "main_channel": top[0] if top else None,
            "main_channel_share": counts.max() / counts.sum() if top else np.nan,
            "n_tickets": len(mine["contacts"]),
            "n_complaints": int(mine["contacts"]["complaint"].fillna(False).sum()),
            "mean_response_hours": mean_hours(mine["contacts"], end, "first_response_at"),
            "mean_resolution_hours": mean_hours(mine["contacts"], end, "resolved_at"),
            "n_web_events": len(mine["web_events"]),
            "n_web_sessions": count_sessions(mine["web_events"]),
            "mean_rating": mine["web_events"]["rating"].mean(),
            "registration_month": month_of(registered),
            "days_since_registration": np.nan if pd.isna(registered) else days(end, registered),
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("until", ["2025-02-05", "2025-06-30"])
def test_every_feature_equals_the_plainest_computation(tmp_path, seed, until):
    tables = draw_tables(seed)
    found = features_of(tmp_path, tables, until)
    expected = one_by_one(tables, until)
    assert found.index.tolist() == expected.index.tolist()
    assert list(found) == list(expected) == describe_features()["feature"].tolist()
    for name in found:
        kind = {"check_dtype": False, "check_names": False, "rtol": 1e-12, "atol": 1e-12}
        pd.testing.assert_series_equal(
            found[name], expected[name].astype(found[name].dtype), **kind
        )
    assert found.notna().any().all()  # nothing was left untried, nor what is not defined
    assert found[["sd_days_between_purchases", "mean_rating"]].isna().any().all()


def test_by_hand_every_feature(tmp_path):
    columns = ["customer_id", "basket_id", "ordered_at", "revenue", "discount", "channel", "status"]
    rows = [
        ("a", "1", "2026-01-03 23:59:59", 6.0, 2.0, "web", None),  # a Saturday
        ("a", "1", "2026-01-03 23:59:59", 2.0, np.nan, "web", "returned"),
        ("a", "2", "2026-01-05 00:00:00", 3.0, 1.0, "shop", "completed"),
        ("a", "3", "2026-01-09 12:00:00", 1.0, 0.0, "shop", None),
        ("a", "4", "2026-02-01 12:00:00", -2.0, 0.0, "post", None),
        ("b", "5", "2026-01-31 12:00:00", 5.0, 0.0, None, None),
        ("c", "6", "2026-01-31 12:00:00", -5.0, 0.0, "web", None),
    ]
    lines = pd.DataFrame(rows, columns=columns).astype({"ordered_at": "datetime64[us]"})
    lines["product_id"] = ["p", "q", "p", "q", "r", "p", "p"]
    products = pd.DataFrame({"product_id": ["p", "q", "r"], "department": ["x", "x", "y"]})
    contacts = pd.DataFrame(
        {
            "customer_id": ["a", "a", "c"],
            "opened_at": pd.to_datetime(
                ["2026-01-01 10:00", "2026-01-02 00:00", "2026-01-02 00:00"]
            ),
            "first_response_at": pd.to_datetime(["2026-01-01 11:30", "2026-02-03 00:00", None]),
            "complaint": [True, False, True],
        }
    )
    found = features_of(
        tmp_path,
        {"transactions": lines, "products": products, "contacts": contacts},
        until="2026-02-02",
    )
    assert found.index.tolist() == ["a", "b"]
    assert found.loc["a"].to_dict() == {
        "n_purchases": 3,
        "n_purchase_days": 3,
        "n_lines": 4,
        "revenue": 10.0,
        "mean_basket": pytest.approx(10 / 3),
        "days_since_last_purchase": 24,
        "tenure_days": 30,
        "weekend_share": 0.5,
        "evening_share": pytest.approx(2 / 3),  # at midnight the time of day is not known
        "first_purchase_month": pd.Timestamp("2026-01-01"),
        "mean_days_between_purchases": 3.0,  # 2 and 4 days
        "sd_days_between_purchases": pytest.approx(np.sqrt(2)),
        "return_share": 0.4,
        "returned_revenue": 4.0,
        "discount_share": 0.2,  # 3 of 12 + 3
        "promoted_share": 0.5,
        "n_products": 2,
        "n_departments": 1,
        "n_channels": 2,
        "main_channel": "shop",
        "main_channel_share": pytest.approx(2 / 3),
        "n_tickets": 2,
        "n_complaints": 1,
        "mean_response_hours": 1.5,  # the second answer came after the end
    }
    assert found.loc["b", ["n_tickets", "n_channels", "n_purchase_days"]].tolist() == [0, 0, 1]
    missing = ["main_channel", "main_channel_share", "mean_response_hours"]
    assert found.loc["b", [*missing, "mean_days_between_purchases"]].isna().all()


@pytest.fixture(scope="module")
def drawn() -> dict[str, pd.DataFrame]:
    return draw_tables(3, n_customers=20)


@pytest.fixture(scope="module")
def found(drawn, tmp_path_factory) -> pd.DataFrame:
    """Every feature of the drawn tables."""
    return features_of(tmp_path_factory.mktemp("drawn"), drawn)


MONEY = ["revenue", "mean_basket", "returned_revenue", "margin"]
COHORT = ["first_purchase_month", "registration_month"]


def assert_equal_but(found, other, changed=()):
    """Compare all columns but those that may change, to the last bit.

    Prices of the price index are quotients, which add up otherwise in another order.
    """
    kept = [name for name in found if name not in changed]
    exact = [name for name in kept if name != "price_index"]
    pd.testing.assert_frame_equal(found[exact], other[exact], check_exact=True)
    rest = [name for name in kept if name == "price_index"]
    pd.testing.assert_frame_equal(found[rest], other[rest], rtol=1e-12)


def test_the_order_of_the_rows_changes_nothing(found, drawn, tmp_path):
    shuffled = {name: frame.sample(frac=1, random_state=5) for name, frame in drawn.items()}
    assert_equal_but(found, features_of(tmp_path, shuffled))


def test_later_dates_change_the_cohort_only(found, drawn, tmp_path):
    later = {
        name: frame.assign(
            **{at: frame[at] + pd.Timedelta("364D") for at in frame.select_dtypes("datetime")}
        )
        for name, frame in drawn.items()
    }
    moved = features_of(tmp_path, later, "2026-06-29")
    assert_equal_but(found, moved, COHORT)
    assert not found["first_purchase_month"].equals(moved["first_purchase_month"])


def test_a_line_split_in_two_leaves_money_and_baskets(found, drawn, tmp_path):
    lines = drawn["transactions"]
    amounts = ["revenue", "discount", "coupon_discount", "cost", "quantity"]
    halves = lines.assign(**lines[amounts] / 2)
    split = features_of(tmp_path, {**drawn, "transactions": pd.concat([halves, halves])})
    assert_equal_but(found, split, ["n_lines"])
    assert (split["n_lines"] == 2 * found["n_lines"]).all()


def test_a_return_lowers_revenue_and_is_no_purchase(found, drawn, tmp_path):
    name = found.index[0]
    back = (
        drawn["transactions"]
        .iloc[[0]]
        .assign(
            customer_id=name,
            basket_id="new",
            revenue=-8.0,
            cost=-3.0,
            ordered_at=pd.Timestamp("2025-06-29"),
        )
    )
    lines = pd.concat([drawn["transactions"], back])
    after = features_of(tmp_path, {**drawn, "transactions": lines})
    assert_equal_but(found.drop(name), after.drop(name))
    assert_equal_but(found, after, [*MONEY, "return_share"])
    assert after.loc[name, "revenue"] == found.loc[name, "revenue"] - 8
    assert after.loc[name, "margin"] == found.loc[name, "margin"] - 5
    assert after.loc[name, "returned_revenue"] == found.loc[name, "returned_revenue"] + 8
    assert after.loc[name, "return_share"] > found.loc[name, "return_share"]


def test_another_currency_scales_money_only(found, drawn, tmp_path):
    lines = drawn["transactions"]
    amounts = ["revenue", "discount", "coupon_discount", "cost"]
    dear = lines.assign(**4 * lines[amounts])
    scaled = features_of(tmp_path, {**drawn, "transactions": dear})
    assert_equal_but(found, scaled, MONEY)
    pd.testing.assert_frame_equal(4 * found[MONEY], scaled[MONEY], check_exact=True)


def test_other_customers_and_the_future_do_not_matter(drawn, tmp_path):
    found = features_of(tmp_path, drawn, "2025-02-05")
    some = set(found.index[::3])
    mine = {
        name: frame[frame["customer_id"].isin(some)] if "customer_id" in frame else frame
        for name, frame in drawn.items()
    }
    alone = features_of(tmp_path, mine, "2025-02-05")
    assert_equal_but(found.loc[sorted(some)], alone, ["price_index"])  # its prices are all's
    end = pd.Timestamp("2025-02-06")
    past = {
        name: frame.assign(
            **{at: frame[at].where(frame[at] < end) for at in frame.select_dtypes("datetime")}
        )
        for name, frame in drawn.items()
    }
    past["transactions"] = past["transactions"].dropna(subset="ordered_at")
    assert_equal_but(found, features_of(tmp_path, past, "2025-02-05"))
    assert_equal_but(found, features_of(tmp_path, past, "2025-02-05"))  # and once more


OPTIONAL = sorted({need for one in FEATURES for need in one.needs} - set(PURCHASE))
EITHER = sorted({column for one in FEATURES for column in one.either})


@pytest.mark.parametrize("column", OPTIONAL)
def test_an_absent_column_costs_only_what_needs_it(found, drawn, tmp_path, column):
    table, name = column.split(".")
    lesser = {**drawn, table: drawn[table].drop(columns=name)}
    warehouse = stock(tmp_path, lesser)
    left = customer_features(warehouse, "firm", until="2025-06-30")
    gone = [one.name for one in FEATURES if column in one.needs]
    assert gone
    assert_equal_but(found.drop(columns=gone), left)
    lacks = describe_features(warehouse, "firm").set_index("feature")["lacks"]
    assert lacks[lacks != ""].to_dict() == dict.fromkeys(gone, column)


def test_the_price_index_takes_departments_where_there_is_no_category(found, drawn, tmp_path):
    products = drawn["products"]
    lesser = features_of(tmp_path, {**drawn, "products": products.drop(columns="category")})
    assert_equal_but(found, lesser, ["price_index"])
    twins = products.assign(category=products["department"])
    assert_equal_but(lesser, features_of(tmp_path, {**drawn, "products": twins}))
    bare = stock(tmp_path, {**drawn, "products": products[["product_id"]]})
    lacks = describe_features(bare, "firm").set_index("feature")["lacks"]
    assert lacks["price_index"] == "products.category or products.department"
    gone = ["n_departments", "price_index"]
    left = customer_features(bare, "firm", until="2025-06-30")
    assert_equal_but(found.drop(columns=gone), left)


@pytest.mark.parametrize("table", ["products", "contacts", "web_events", "customers"])
def test_an_absent_table_costs_only_what_needs_it(found, drawn, tmp_path, table):
    lesser = {name: frame for name, frame in drawn.items() if name != table}
    gone = [one.name for one in FEATURES if any(need.startswith(table) for need in one.needs)]
    assert_equal_but(found.drop(columns=gone), features_of(tmp_path, lesser))


def test_without_status_only_negative_money_is_a_return(drawn, tmp_path):
    lines = drawn["transactions"].drop(columns="status")
    found = features_of(tmp_path, {**drawn, "transactions": lines})
    expected = -lines["revenue"].clip(upper=0).groupby(lines["customer_id"]).sum()
    assert found["returned_revenue"].tolist() == expected[found.index].tolist()


def test_purchase_features_are_six_of_them(drawn, tmp_path):
    warehouse = stock(tmp_path, drawn)
    every = customer_features(warehouse, "firm", until="2025-02-05")
    six = purchase_features(warehouse, "firm", until="2025-02-05")
    assert list(six) == [
        "n_purchases",
        "revenue",
        "mean_basket",
        "days_since_last_purchase",
        "tenure_days",
        "weekend_share",
    ]
    pd.testing.assert_frame_equal(six, every[list(six)], check_exact=True)


def test_columns_that_are_empty_in_a_file(make_study):
    tables = {name: {"file": f"{name}.csv"} for name in ("transactions", "contacts")}
    files = {
        "transactions.csv": "customer_id,ordered_at,revenue,channel,status,discount,product_id\n"
        "a,2026-01-03,1,,,,\nb,2026-01-04,1,,,,\n",
        "contacts.csv": "contact_id,customer_id,opened_at,first_response_at,complaint\n"
        "1,a,2026-01-03,,\n",
    }
    study = make_study(tables, files, privacy={"pseudonyms": False})
    found = customer_features(open_warehouse(study), "firm")
    assert found["n_channels"].tolist() == found["n_products"].tolist() == [0, 0]
    assert found["return_share"].tolist() == found["discount_share"].tolist() == [0, 0]
    assert found["n_tickets"].tolist() == [1, 0]
    assert found["main_channel"].isna().all()


def test_definitions_are_complete():
    table = describe_features()
    assert table["feature"].is_unique
    assert table["definition"].is_unique
    for one in FEATURES:
        for need in (*PURCHASE, *one.needs, *one.either):
            table, column = need.split(".")
            assert column in CONTRACTS[table].columns
    assert list(describe_features()) == ["feature", "definition", "unit", "table", "needs"]


def test_what_cannot_be_computed_is_said(small):
    assert isinstance(customer_features(small, "elsewhere"), NotAvailable)
    assert isinstance(cohort_table(small, "elsewhere"), NotAvailable)
    assert isinstance(retention(NotAvailable("no transactions")), NotAvailable)
    with pytest.raises(SettingsError, match="until = '2026-13-01'; allowed: a day"):
        customer_features(small, "firm", until="2026-13-01")
    with pytest.raises(ValueError, match="week, month or quarter, not 'year'"):
        cohort_table(small, "firm", period="year")


def test_spark_refuses_a_table_that_no_feature_is_made_from():
    with pytest.raises(DataError, match="no feature is made from the table costs; known: trans"):
        run_on_spark(None, {"costs": "costs"}, until="2026-01-01")


def test_expressions_refuse_what_they_do_not_know():
    end = datetime(2026, 1, 1)
    lines = declare_tables(set(PURCHASE))
    with pytest.raises(DataError, match=r"there is no transactions\.revenue"):
        describe_customers(declare_tables(set(PURCHASE[:3])), until=end)
    with pytest.raises(DataError, match=r"no feature 'n_chanels'; did you mean 'n_channels'"):
        describe_customers(lines, until=end, only=["n_chanels"])
    with pytest.raises(DataError, match=r"there is no transactions\.channel"):
        describe_customers(lines, until=end, only=["n_channels"])


ALONE = ["mean_basket", "n_purchase_days", "n_departments", "main_channel", "mean_rating"]
ALONE += ["margin", "promoted_share", "coupon_share", "price_index", "evening_share"]


def test_a_feature_alone_equals_itself_among_all(found, drawn, tmp_path):
    warehouse = stock(tmp_path, drawn)
    every = found.reset_index(names="customer_id")
    columns = {*PURCHASE, *OPTIONAL, *EITHER, "transactions.status"}
    declared = declare_tables(columns, database="firm")
    end = datetime(2025, 6, 30, 23, 59, 59, 999999)
    for name in [*ALONE, "mean_response_hours", "registration_month"]:
        expression = describe_customers(declared, until=end, only=[name]).order_by("customer_id")
        alone = warehouse.query(write_sql(expression, dialect="duckdb"))
        alone = alone.astype({name: every[name].dtype})
        pd.testing.assert_frame_equal(alone, every[["customer_id", name]], check_exact=True)


# --- cohorts ---------------------------------------------------------------------------


def ledger(folder, rows: list[tuple[str, str]]) -> Warehouse:
    lines = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    lines = lines.assign(basket_id=lines.index.astype(str), revenue=1.0)
    return stock(folder, {"transactions": lines.astype({"ordered_at": "datetime64[us]"})})


MONTHS = ["2025-11", "2026-01", "2026-02"]


def test_cohorts_by_hand(tmp_path):
    warehouse = ledger(
        tmp_path,
        [
            *(("a", "2025-11-30"), ("a", "2026-01-31"), ("a", "2026-01-01"), ("b", "2025-11-01")),
            *(("c", "2026-01-15"), ("c", "2026-02-15"), ("d", "2026-02-28")),
        ],
    )
    found = cohort_table(warehouse, "firm")
    assert found.index.tolist() == [pd.Timestamp(f"{month}-01") for month in MONTHS]
    assert found.columns.tolist() == [0, 1, 2, 3]
    assert found.columns.name == "months since"
    absent = pd.NA
    expected = [[2, 0, 1, 0], [1, 1, absent, absent], [1, absent, absent, absent]]
    assert found.astype(object).to_numpy().tolist() == expected
    assert retention(found).loc["2025-11-01", 2] == 0.5
    assert retention(found).loc["2026-02-01"].isna().tolist() == [False, True, True, True]
    quarters = cohort_table(warehouse, "firm", period="quarter", until="2025-12-31")
    assert quarters.astype(object).to_numpy().tolist() == [[2]]
    cut = cohort_table(warehouse, "firm", until="2026-02-27")
    assert cut.astype(object).to_numpy().tolist() == [[2, 0, 1], [1, absent, absent]]
    assert cohort_table(warehouse, "firm", until="2030-01-01").equals(found)


def test_cohorts_of_less_than_a_period(tmp_path):
    warehouse = ledger(tmp_path, [("a", "2026-01-05"), ("a", "2026-01-10")])
    assert cohort_table(warehouse, "firm").reason == "the purchases cover no whole month"
    found = cohort_table(
        ledger(tmp_path, [("a", "2026-01-05"), ("a", "2026-01-11")]), "firm", period="week"
    )
    assert found.index.tolist() == [pd.Timestamp("2026-01-05")]
    assert found.astype(object).to_numpy().tolist() == [[1]]


@pytest.mark.parametrize("period", ["week", "month"])
def test_cohorts_add_up_to_the_active_customers(drawn, tmp_path, period):
    lines = drawn["transactions"]
    ends = lines.iloc[[0, 0]].assign(  # a Monday, and a Sunday that ends a month
        ordered_at=pd.to_datetime(["2024-12-30", "2025-08-31"]), revenue=1.0
    )
    warehouse = stock(tmp_path, {"transactions": pd.concat([lines, ends])})
    cohorts = cohort_table(warehouse, "firm", period=period)
    active = purchases_by_period(warehouse, "firm", period=period)["customers"]
    step = {"week": pd.offsets.Week(1), "month": pd.offsets.MonthBegin(1)}[period]
    sums: dict[object, int] = {}
    for cohort, row in cohorts.iterrows():
        for since, count in row.dropna().items():
            when = (cohort + since * step).date()
            sums[when] = sums.get(when, 0) + int(count)
    assert {day: sums[day] for day in active.index} == active.to_dict()
    buyers = lines[lines["revenue"] >= 0]["customer_id"].nunique()
    assert cohorts[0].sum() == buyers
