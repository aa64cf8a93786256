"""Origins, who is at risk, what came of it; and the proof that nothing later is known."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crmstudy.collection.features.features import customer_features, purchase_features
from crmstudy.collection.features.outcomes import observed_days, split_day
from crmstudy.collection.warehouse import Warehouse
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.warning.data import build_warning_data
from crmstudy.value.warning.origins import plan_origins
from crmstudy.value.warning.rolling import fit_warnings
from crmstudy.value.warning.terms import price_contacts

FIRST = pd.Timestamp("2026-01-01")
WEEKS = 24


class LedgerShop:
    """Frames in a warehouse, asked as a study is."""

    def __init__(self, folder, tables):
        place = folder / f"{len(list(folder.iterdir()))}.duckdb"
        with duckdb.connect(str(place)) as connection:
            connection.execute("CREATE SCHEMA firm")
            for name, frame in tables.items():
                connection.register("arriving", pa.Table.from_pandas(frame, preserve_index=False))
                connection.execute(f"CREATE TABLE firm.{name} AS SELECT * FROM arriving")
                connection.unregister("arriving")
        self.warehouse = Warehouse(place)

    def reach(self):
        return observed_days(self.warehouse, "firm")

    def split_day(self, *, share=0.5):
        return split_day(self.warehouse, "firm", share=share)

    def features(self, *, since="", until=""):
        return customer_features(self.warehouse, "firm", since=since, until=until)

    def purchases(self, *, since="", until=""):
        return purchase_features(self.warehouse, "firm", since=since, until=until)


def moments(days):
    return (FIRST + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")


def draw_ledger(n_customers=160, seed=1, weeks=WEEKS):
    """Draw purchases of customers of very different rhythm, some of whom stop for good."""
    generator = np.random.default_rng(seed)
    rows = []
    for customer in range(n_customers):
        gap = generator.gamma(2, 8)
        end = generator.choice([weeks * 7, generator.uniform(20, weeks * 7)])
        days = np.cumsum(generator.exponential(gap, 200))
        for day in days[days < min(end, weeks * 7 - 0.01)]:
            rows.append((f"c{customer:03d}", day, round(generator.gamma(3, 10), 2)))
    rows += [("c000", 0.0, 5.0), ("c000", weeks * 7 - 0.01, 5.0)]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "basket_id": [f"b{i}" for i in range(len(frame))],
            "ordered_at": moments(frame["day"]),
            "product_id": generator.choice(["tea", "cup", "nut"], len(frame)),
            "quantity": 1.0,
            "revenue": frame["revenue"],
            "channel": generator.choice(["web", "shop"], len(frame)),
        }
    )


def draw_tables(lines, seed=2):
    generator = np.random.default_rng(seed)
    customers = np.sort(lines["customer_id"].unique())
    opened = moments(generator.uniform(0, WEEKS * 7 - 3, 200))
    occurred = moments(generator.uniform(0, WEEKS * 7 - 1, 300))
    return {
        "transactions": lines,
        "products": pd.DataFrame(
            {"product_id": ["tea", "cup", "nut"], "department": ["drinks", "china", "food"]}
        ),
        "contacts": pd.DataFrame(
            {
                "customer_id": generator.choice(customers, 200),
                "opened_at": opened,
                "complaint": generator.random(200) < 0.3,
                "first_response_at": opened + pd.Timedelta("5h"),
                "resolved_at": opened + pd.Timedelta("8D"),
            }
        ),
        "web_events": pd.DataFrame(
            {
                "customer_id": generator.choice(customers, 300),
                "visitor_id": "v",
                "occurred_at": occurred,
                "rating": generator.integers(1, 6, 300).astype(float),
            }
        ),
    }


@pytest.fixture(scope="module")
def lines():
    return draw_ledger()


@pytest.fixture(scope="module")
def shop(tmp_path_factory, lines):
    return LedgerShop(tmp_path_factory.mktemp("shop"), draw_tables(lines))


@pytest.fixture(scope="module")
def data(shop):
    return build_warning_data(shop, weeks=4)


@pytest.fixture(scope="module")
def models(data):
    return fit_warnings(data, seed=1)


# -- origins -------------------------------------------------------------------------------


def test_windows_foretold_follow_each_other_and_end_with_the_data(data):
    plan = data.plan
    assert (plan.weeks, plan.look_back_weeks) == (4, 8)
    assert [origin.role for origin in plan.origins] == [*["training"] * 3, "test", "alert"]
    assert plan.alert.day == "2026-06-17"
    for before, after in zip(plan.origins, plan.origins[1:], strict=False):
        assert before.until == after.day
        assert pd.Timestamp(after.day) - pd.Timestamp(before.day) == pd.Timedelta(weeks=4)
    for origin in plan.origins:
        known = pd.Timestamp(origin.day) - pd.Timestamp(origin.look_back) + pd.Timedelta(days=1)
        assert known == pd.Timedelta(weeks=8)
    assert plan.origins[0].look_back == "2026-01-01"


@pytest.mark.parametrize(
    ("weeks", "gap", "found", "rule"),
    [
        (60, 5, 4, "three quarters"),
        (60, 50, 8, "three quarters"),
        (104, 50, 8, "three quarters"),
        (60, 120, 8, "longest that leaves enough"),
        (104, 85, 13, "three quarters"),
        (12, 5, 4, "shortest window considered"),
    ],
)
def test_the_data_choose_the_window_by_how_soon_customers_come_back(weeks, gap, found, rule):
    shop = StandInShop(weeks, np.full(40, float(gap)))
    if weeks == 12:
        with pytest.raises(ModelError, match=r"cover 12 weeks; .* of 4 weeks needs 16 or more"):
            plan_origins(shop)
        return
    plan = plan_origins(shop)
    assert plan.weeks == found
    assert rule in plan.rule


class StandInShop:
    """Says only when purchases were made, and how often."""

    def __init__(self, weeks, gaps):
        self.days, self.gaps = weeks * 7, gaps

    def reach(self):
        return FIRST, FIRST + pd.Timedelta(days=self.days - 1, hours=3)

    def split_day(self, *, share=0.5):
        return "2026-03-01"

    def features(self, *, since="", until=""):
        assert until == "2026-03-01"  # the first half alone shapes the origins
        return pd.DataFrame({"mean_days_between_purchases": self.gaps})


def test_too_few_who_came_back_say_nothing_about_the_window():
    plan = plan_origins(StandInShop(60, np.repeat([5.0, np.nan], [9, 80])))
    assert plan.weeks == 4
    assert "too few customers" in plan.rule


def test_a_window_too_long_for_the_data_is_refused(shop):
    with pytest.raises(ModelError, match=r"cover 24 weeks; .* window of 8 weeks needs 32 or more"):
        plan_origins(shop, weeks=8)


def test_data_without_purchases_are_passed_on():
    class Empty(StandInShop):
        def reach(self):
            return NotAvailable("no transactions")

    assert str(build_warning_data(Empty(1, []))) == "not available: no transactions"


# -- who is at risk, and what they did ------------------------------------------------------


def test_at_risk_is_who_bought_in_the_last_window_and_lapse_who_did_not_in_the_next(data, lines):
    day = lines["ordered_at"].dt.normalize()
    for origin in data.plan.observed:
        recent = lines[day.between(origin.recent, origin.day)]
        assert set(data.features[origin.day].index) == set(recent["customer_id"])
        later = lines[(day > origin.day) & (day <= origin.until)]
        outcome = data.outcomes[origin.day]
        lapsed = set(outcome.index[outcome["lapse"] == 1])
        assert lapsed == set(outcome.index) - set(later["customer_id"])
        before = recent.groupby("customer_id")["revenue"].sum()
        after = later.groupby("customer_id")["revenue"].sum().reindex(before.index, fill_value=0)
        wanted = (after <= 0.5 * before).astype(float)
        pd.testing.assert_series_equal(outcome["drop"].sort_index(), wanted, check_names=False)


def test_later_revenue_is_what_followed_until_the_test_day(data, lines):
    day = lines["ordered_at"].dt.normalize()
    first, *_, last, test = data.plan.observed
    spent = lines[(day > first.until) & (day <= test.day)].groupby("customer_id")["revenue"].sum()
    found = data.outcomes[first.day]["later_revenue"]
    wanted = spent.reindex(found.index, fill_value=0.0)
    np.testing.assert_allclose(found, wanted)
    assert data.outcomes[last.day]["later_revenue"].isna().all()
    assert data.outcomes[test.day]["later_revenue"].isna().all()


def test_windows_are_compared(data, lines):
    origin = data.plan.test
    features = data.features[origin.day]
    day = lines["ordered_at"].dt.normalize()
    earlier = lines[(day >= origin.before) & (day < origin.recent)]
    baskets = earlier.groupby("customer_id")["basket_id"].nunique()
    wanted = baskets.reindex(features.index, fill_value=0)
    np.testing.assert_array_equal(features["earlier_purchases"], wanted)
    ratio = features["days_since_last_purchase"] / features["mean_days_between_purchases"]
    np.testing.assert_array_equal(features["silence_ratio"], ratio)
    trend = np.log1p(features["recent_purchases"]) - np.log1p(features["earlier_purchases"])
    np.testing.assert_allclose(features["purchase_trend"], trend)
    assert not {"first_purchase_month", "registration_month"} & set(features)


def test_the_table_counts_what_the_frames_hold(data):
    table = data.table().set_index("last day known")
    for origin in data.plan.observed:
        row, outcome = table.loc[origin.day], data.outcomes[origin.day]
        assert row["at risk"] == len(outcome)
        assert row["lapsed"] == outcome["lapse"].sum()
        assert row["share fell by 50% or more"] == pytest.approx(outcome["drop"].mean())
        assert row["customers known"] >= row["at risk"]
    assert table["lapsed"].isna().tolist() == [False] * 4 + [True]


def test_without_amounts_there_is_no_drop(tmp_path, lines):
    shop = LedgerShop(tmp_path, {"transactions": lines.assign(revenue=np.nan)})
    found = build_warning_data(shop, weeks=4)
    assert found.outcomes[found.plan.test.day]["drop"].isna().all()
    assert found.to_metrics().keys() & {"dropped_test"} == set()
    assert found.outcomes[found.plan.test.day]["lapse"].sum() >= 10
    with pytest.raises(ModelError, match="the purchases have no amounts"):
        price_contacts(
            found, contact_cost=1, rescue_share=0.2, margin=0.3, horizon_weeks=52, seed=1
        )
    with pytest.raises(ModelError, match=r"there are 0 and 0"):
        fit_warnings(found, target="drop", seed=1)


def test_one_customer_and_a_window_without_purchases_are_refused(tmp_path, lines):
    one = lines[lines["customer_id"] == "c000"]
    far = one.iloc[[0, -1]]
    shop = LedgerShop(tmp_path, {"transactions": far})
    with pytest.raises(ModelError, match="nobody bought from"):
        build_warning_data(shop, weeks=4)
    always = pd.concat([one.iloc[[0]].assign(ordered_at=moments([d])) for d in range(0, 168, 5)])
    always["basket_id"] = [f"b{i}" for i in range(len(always))]
    alone = build_warning_data(LedgerShop(tmp_path, {"transactions": always}), weeks=4)
    with pytest.raises(ModelError, match="20 customers with and 20 without the event"):
        fit_warnings(alone, seed=1)


# -- nothing later is known -----------------------------------------------------------------


def change_the_future(tables, day, seed):
    """Change and add purchases, tickets and events after a day; the last purchase stays."""
    generator = np.random.default_rng(seed)
    lines = tables["transactions"]
    after = (lines["ordered_at"].dt.normalize() > day) & (
        lines["ordered_at"] < lines["ordered_at"].max()
    )
    kept = lines[~after | (generator.random(len(lines)) < 0.4)].copy()
    late = kept["ordered_at"].dt.normalize() > day
    kept.loc[late, "revenue"] *= generator.uniform(0.1, 9, int(late.sum()))
    kept.loc[late, "product_id"] = "nut"
    last = (lines["ordered_at"].max() - FIRST) / pd.Timedelta("1D")
    first = (pd.Timestamp(day) - FIRST) / pd.Timedelta("1D") + 1
    new = lines.iloc[:150].assign(
        ordered_at=moments(generator.uniform(first, last - 0.01, 150)),
        basket_id=[f"new{i}" for i in range(150)],
        customer_id=[f"c{i:03d}" for i in range(50, 200)],
        revenue=999.0,
    )
    contacts, events = tables["contacts"].copy(), tables["web_events"].copy()
    opened = contacts["opened_at"].dt.normalize() <= day
    answered = contacts["first_response_at"].dt.normalize() > day
    solved = contacts["resolved_at"].dt.normalize() > day
    contacts.loc[answered, "first_response_at"] += pd.Timedelta("9D")
    contacts.loc[solved, "resolved_at"] += pd.Timedelta("9D")
    assert (opened & solved).any()  # solved later than known: the trap
    more = contacts.head(40).assign(opened_at=moments(generator.uniform(first, last, 40)))
    events = events[events["occurred_at"].dt.normalize() <= day]
    return {
        **tables,
        # Not shuffled: sums of money in another order differ in the last bit.
        "transactions": pd.concat([kept, new]),
        "contacts": pd.concat([contacts, more]),
        "web_events": events,
    }


def test_no_later_purchase_ticket_or_event_changes_a_feature_or_a_forecast(
    tmp_path, lines, data, models
):
    day = data.plan.test.day
    tables = change_the_future(draw_tables(lines), day, 1)
    changed = build_warning_data(LedgerShop(tmp_path, tables), weeks=4)
    assert changed.plan == data.plan
    for origin in data.plan.observed:
        pd.testing.assert_frame_equal(
            changed.features[origin.day], data.features[origin.day], check_exact=True
        )
    assert not changed.outcomes[day].equals(data.outcomes[day])
    assert not changed.features[data.plan.alert.day].equals(data.features[data.plan.alert.day])
    again = fit_warnings(changed, seed=1)
    assert again.chosen == models.chosen
    assert again.test.choices == models.test.choices
    pd.testing.assert_frame_equal(
        again.test.features.sort_index(), models.test.features.sort_index()
    )
    for name, model in models.learned.items():
        order = again.test.features.index.get_indexer(models.test.features.index)
        np.testing.assert_array_equal(again.test.chances[name][order], models.test.chances[name])
        np.testing.assert_array_equal(
            again.learned[name].prepare(models.test.features), model.prepare(models.test.features)
        )
    terms = {"contact_cost": 1, "rescue_share": 0.2, "margin": 0.3, "horizon_weeks": 52, "seed": 1}
    assert price_contacts(changed, **terms) == price_contacts(data, **terms)


def test_nor_does_it_change_the_window_that_the_data_choose(tmp_path, lines, shop, data):
    tables = change_the_future(draw_tables(lines), data.plan.test.day, 3)
    assert plan_origins(LedgerShop(tmp_path, tables)) == plan_origins(shop)


def test_a_purchase_moved_from_after_the_day_to_before_it_does_change_them(
    tmp_path, lines, data, models
):
    day = pd.Timestamp(data.plan.test.day)
    at_risk = data.outcomes[data.plan.test.day]
    customer = at_risk.index[at_risk["lapse"] == 0][0]
    moved = lines.copy()
    later = moved["ordered_at"].dt.normalize() > day
    mine = moved.index[later & (moved["customer_id"] == customer)][0]
    moved.loc[mine, "ordered_at"] = day + pd.Timedelta("12h")
    changed = build_warning_data(LedgerShop(tmp_path, draw_tables(moved)), weeks=4)
    before, after = (d.features[data.plan.test.day].loc[customer] for d in (data, changed))
    assert after["n_purchases"] == before["n_purchases"] + 1
    assert after["days_since_last_purchase"] == 0
    others = data.features[data.plan.test.day].index != customer
    pd.testing.assert_series_equal(
        changed.features[data.plan.test.day]["n_purchases"][others],
        data.features[data.plan.test.day]["n_purchases"][others],
    )
    again = fit_warnings(changed, seed=1)
    old = models.test.chances["logit"][models.test.features.index.get_loc(customer)]
    new = again.test.chances["logit"][again.test.features.index.get_loc(customer)]
    assert new < old
