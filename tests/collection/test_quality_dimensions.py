"""The dimensions of data quality on a small firm whose every defect is known."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection import quality
from crmstudy.collection.contracts.tables import Column
from crmstudy.collection.quality.stored import StoredTable
from crmstudy.collection.quality.timeliness import count_periods
from crmstudy.collection.quality.validity import list_conditions
from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import Warehouse, connect_quietly, open_warehouse
from crmstudy.errors import NotAvailable
from crmstudy.settings import Study

FILES = {
    "c.csv": "customer_id,registered_on,level\na,2026-01-05,gold\nb,2026-02-01,gold\nd,,gold\n",
    # b buys before registering; basket 3 belongs to two customers on two days.
    "t.csv": "customer_id,ordered_at,revenue,basket_id,quantity,discount,coupon_discount,status,"
    "currency,product_id\n"
    "a,2026-01-05 10:00,10,1,1,0,0,,,p\n"
    "a,2026-01-05 10:00,10,1,1,0,0,,,p\n"
    "b,2026-01-20,-4,2,2,5,0,returned,USD,q\n"
    "b,2026-02-03 03:00,6,3,-1,1,2,completed,EUR,p\n"
    "c,2026-02-04,8,3,1,,,returned,EUR,\n",
    "k.csv": "campaign_id,customer_id,start_on,end_on,treated\n"
    "K,a,2026-01-10,2026-01-31,yes\nK,b,2026-01-10,2026-01-31,no\nL,a,2026-02-01,2026-03-31,\n",
    "r.csv": "campaign_id,customer_id,responded_at\n"
    "K,a,2026-01-31 23:00\nK,a,2026-01-20\nK,b,2026-02-02\nM,a,2026-01-15\n",
    "s.csv": "contact_id,customer_id,opened_at,first_response_at,resolved_at\n"
    "1,a,2026-01-10 08:00,2026-01-10 09:00,2026-01-10 08:30\n"
    "2,b,2026-01-12 08:00,,\n"
    "3,,2026-01-26 08:00,2026-01-26 11:00,2026-01-27 08:00\n",
    "v.csv": "respondent_id,customer_id,answered_on\nu,a,2026-02-03\nw,b,2026-02-09\nx,,\n",
    "i.csv": "respondent_id,customer_id,invited_on,outcome\n"
    "u,a,2026-02-04,complete\nw,b,2026-02-04,complete\ny,a,2026-02-04,complete\n",
    "l.csv": "lead_id,customer_id,created_on,status\n"
    "1,a,2026-01-06,won\n2,b,2026-01-06,won\n3,,2026-01-06,won\n",
    "w.csv": "visitor_id,customer_id,occurred_at,event\n"
    "v,a,2026-01-06,visit\nv,b,2026-01-06,visit\nz,a,2026-01-06,visit\n",
}
NAMES = {
    "c.csv": "customers",
    "t.csv": "transactions",
    "k.csv": "campaigns",
    "r.csv": "responses",
    "s.csv": "contacts",
    "v.csv": "survey",
    "i.csv": "invitations",
    "l.csv": "leads",
    "w.csv": "web_events",
}


def open_raw(study: Study, place) -> StudyData:
    """Write the files into a warehouse as they are: no cleaning stands in between."""
    with connect_quietly(place) as connection:
        connection.execute("CREATE SCHEMA firm")
        for file, table in NAMES.items():
            dates = {
                name: "TIMESTAMP"
                for name in FILES[file].split("\n")[0].split(",")
                if name.endswith(("_at", "_on"))
            }
            kinds = dates | dict.fromkeys(
                ["customer_id", "product_id", "basket_id", "contact_id", "lead_id"], "VARCHAR"
            )
            header = FILES[file].split("\n")[0].split(",")
            types = {name: kind for name, kind in kinds.items() if name in header}
            source = study.paths.inputs / file
            connection.execute(
                f"CREATE TABLE firm.{table} AS SELECT * FROM read_csv(?, types = {types})",
                [str(source)],
            )
    return StudyData(study, Warehouse(place))


@pytest.fixture
def data(make_study, tmp_path) -> StudyData:
    study = make_study(
        {name: {"file": file} for file, name in NAMES.items()}, FILES, currency="EUR"
    )
    return open_raw(study, tmp_path / "raw.duckdb")


def small(make_study, text: str, table: str = "transactions", **settings) -> StudyData:
    study = make_study({table: {"file": "x.csv"}}, {"x.csv": text}, **settings)
    return StudyData(study, open_warehouse(study))


def test_columns(data):
    table = quality.measure_columns(data).set_index(["table", "column"])
    level = table.loc[("customers", "level")]
    assert level[["kind", "rows", "empty", "different values"]].tolist() == ["attribute", 3, 0, 1]
    assert bool(level["near constant"])
    day = table.loc[("customers", "registered_on")]
    assert day["kind"] == "date"
    assert day["empty share"] == pytest.approx(1 / 3)
    assert day["commonest share"] == 1 / 2
    assert not day["near constant"]
    # Neither data set nor table is mixed up: all columns stand in the order of study.yml.
    assert list(table.index[:3]) == [
        ("customers", c) for c in ("customer_id", "registered_on", "level")
    ]


def test_completeness_agrees_with_its_columns(data):
    columns = quality.measure_columns(data).groupby("table")[["rows", "empty"]].sum()
    tables = quality.measure_completeness(data).set_index("table")
    expected = columns["empty"] / columns["rows"]
    assert (tables["empty share"] - expected.loc[tables.index]).abs().max() < 1e-15


def test_uniqueness(data):
    table = quality.measure_uniqueness(data).set_index("table")
    lines = table.loc["transactions"]
    assert lines[["key", "rows", "repeated rows", "unique share"]].tolist() == ["none", 5, 1, 0.8]
    assert pd.isna(lines["repeated keys"])
    customers = table.loc["customers"]
    assert customers[["key", "repeated keys", "unique share"]].tolist() == ["customer_id", 0, 1]


def test_a_repeated_key_counts_once_beyond_the_first(data):
    with connect_quietly(data.warehouse.place) as connection:
        connection.execute("INSERT INTO firm.customers SELECT * FROM firm.customers LIMIT 2")
        connection.execute("INSERT INTO firm.customers VALUES (NULL, NULL, 'x'), (NULL, NULL, 'x')")
    customers = quality.measure_uniqueness(data).set_index("table").loc["customers"]
    assert customers[["rows", "repeated keys", "repeated rows"]].tolist() == [7, 2, 3]
    assert customers["unique share"] == pytest.approx(5 / 7)


def test_validity_is_counted_again_in_the_database(data):
    table = quality.measure_validity(data).set_index("table")
    assert table["cells breaking a rule"].sum() == 0
    assert table.loc["customers", "columns without a rule"] == 1
    assert table.loc["customers", "cells checked"] == 6
    with connect_quietly(data.warehouse.place) as connection:
        connection.execute("UPDATE firm.leads SET status = 'dead' WHERE lead_id = '1'")
        connection.execute("UPDATE firm.invitations SET invited_on = NULL")
    table = quality.measure_validity(data).set_index("table")
    assert table.loc["leads", "cells breaking a rule"] == 1
    assert table.loc["leads", "valid share"] == pytest.approx(11 / 12)
    assert table.loc["invitations", "cells breaking a rule"] == 3


def test_conditions_of_a_rule():
    number = Column("integer", "", minimum=1, maximum=10)
    assert list_conditions("x", number, "DOUBLE") == [
        '"x" IS NULL',
        '"x" < 1',
        '"x" > 10',
        '"x" <> round("x")',
    ]
    words = Column("text", "", nullable=True, allowed=("a", "it's"))
    assert list_conditions("y", words, "VARCHAR") == ["\"y\" NOT IN ('a', 'it''s')"]
    # A number that is stored as text breaks its rule wherever it is not empty.
    assert list_conditions("x", Column("number", "", nullable=True), "VARCHAR") == [
        '"x" IS NOT NULL'
    ]


def test_rules_across_tables(data):
    table = quality.check_rules(data).set_index("rule")
    found = {
        rule: tuple(row) for rule, *row in table[["records compared", "breaking"]].itertuples()
    }
    assert found == {
        "start on later than end on": (3, 0),
        "opened at later than first response at": (2, 0),
        "opened at later than resolved at": (2, 0),
        "purchase before the customer registered": (4, 1),
        "ticket before the customer registered": (2, 1),
        "revenue and quantity of opposite sign": (5, 2),
        "discount greater than the price before it": (4, 1),
        "discount below zero": (4, 0),
        "coupons worth more than the whole discount": (4, 1),
        "returned, but revenue above zero": (2, 1),
        "purchase of several customers": (3, 1),
        "purchase spread over several days": (3, 1),
        "campaign outside the days of the ledger": (2, 1),
        "response outside the days of its campaign": (3, 1),
        "response of a held-back control customer": (3, 1),
        "resolved before the first answer": (2, 1),
        "answered before the invitation": (2, 1),
        "complete by the invitations, but not in the survey": (3, 1),
        "lead recorded after the customer registered": (2, 1),
        "won lead without a customer": (3, 1),
        "one visitor, several customers": (2, 1),
    }
    assert table.loc["won lead without a customer", "table"] == "leads"


def test_contracts_and_recommendations_against_registrations(make_study):
    files = {
        "c.csv": "customer_id,registered_on,referred_by\na,2026-01-05,b\nb,2026-02-01,a\nc,,a\n",
        "u.csv": "subscription_id,customer_id,started_on\n"
        "1,a,2026-01-05\n2,b,2026-01-31\n3,c,2026-01-01\n",
    }
    tables = {"customers": {"file": "c.csv"}, "subscriptions": {"file": "u.csv"}}
    tables["transactions"] = {"file": "t.csv"}
    files["t.csv"] = "customer_id,ordered_at,revenue\na,2026-02-01,1\n"
    study = make_study(tables, files)
    rules = quality.check_rules(StudyData(study, open_warehouse(study))).set_index("rule")
    found = rules[["records compared", "breaking"]].apply(tuple, axis=1)
    assert found["recommended by a customer who registered later"] == (2, 1)
    assert found["contract begun before the customer registered"] == (2, 1)


def test_links_count_pairs_and_orphans(data):
    links = quality.match_links(data).set_index("link")
    pairs = links.loc["responses.campaign_id, customer_id in campaigns"]
    assert pairs[["distinct ids", "matched", "orphan rows"]].tolist() == [3, 2, 1]
    assert not links.loc["campaigns.customer_id in transactions", "every id expected"]
    assert links.loc["survey.respondent_id in invitations", "matched"] == 2


def test_timeliness(data):
    table = quality.measure_timeliness(data).set_index("table")
    ledger = table.loc["transactions"]
    assert ledger[["first day", "last day"]].tolist() == ["2026-01-05", "2026-02-04"]
    assert ledger["days behind its data set"] == 5  # the last answer came on 9 February
    assert ledger[["longest gap in days", "gap begins after"]].tolist() == [15, "2026-01-05"]
    # Three purchases are too few for weeks, months or quarters: the year is looked at.
    assert ledger["period"] == "year"
    assert table.loc["customers", "rows without a date"] == 1
    assert table.loc["leads", "gap begins after"] == "none"
    assert pd.isna(table.loc["leads", "longest gap in days"])


def test_a_silent_week_is_found_where_weeks_are_busy(make_study):
    days = pd.date_range("2026-01-05", "2026-02-01").strftime("%Y-%m-%d")
    silent = [day for day in days if not "2026-01-19" <= day <= "2026-01-25"]
    text = "customer_id,ordered_at,revenue\n" + "".join(
        f"{who},{day},1\n" for day in silent for who in "ab"
    )
    row = quality.measure_timeliness(small(make_study, text)).iloc[0]
    assert row[["period", "periods spanned", "periods without a record"]].tolist() == ["week", 4, 1]
    scores = quality.score_quality(small(make_study, text)).set_index("dimension")
    assert scores.loc["timeliness", ["counted", "out of", "score"]].tolist() == [3, 4, 0.75]


def test_a_table_that_stopped_early_is_late(make_study):
    lines = "".join(f"a,2026-{month:02}-01,1\n" for month in range(1, 13) for _ in range(30))
    tickets = "".join(f"{i},2026-{1 + i // 30:02}-{1 + i % 28:02}\n" for i in range(90))
    study = make_study(
        {"transactions": {"file": "t.csv"}, "contacts": {"file": "k.csv"}},
        {
            "t.csv": "customer_id,ordered_at,revenue,basket_id\n"
            + "".join(f"{line[:-1]},{i}\n" for i, line in enumerate(lines.splitlines(True))),
            "k.csv": "contact_id,customer_id,opened_at\n"
            + "".join(line.replace(",", ",a,", 1) for line in tickets.splitlines(True)),
        },
    )
    table = quality.measure_timeliness(StudyData(study, open_warehouse(study))).set_index("table")
    tickets = table.loc["contacts"]
    assert tickets["period"] == "week"
    assert tickets["periods to the newest record"] == 49  # weeks from 1 January to 1 December
    assert (
        tickets["days behind its data set"]
        == (pd.Timestamp("2026-12-01") - pd.Timestamp(tickets["last day"])).days
    )


@pytest.mark.parametrize(
    ("first", "last", "period", "count"),
    [
        ("2026-01-04", "2026-01-05", "week", 2),  # Sunday, Monday
        ("2026-01-05", "2026-01-11", "week", 1),
        ("2025-12-31", "2026-01-01", "month", 2),
        ("2026-03-31", "2026-04-01", "quarter", 2),
        ("2026-01-01", "2026-12-31", "year", 1),
    ],
)
def test_periods(first, last, period, count):
    assert count_periods(pd.Timestamp(first), pd.Timestamp(last), period) == count


def test_delays(data):
    table = quality.measure_delays(data).set_index("delay")
    answer = table.loc["ticket opened to first answer"]
    assert answer[["unit", "records", "ended", "median", "longest"]].tolist() == [
        "hours",
        3,
        2,
        2,
        3,
    ]
    assert answer["still open share"] == pytest.approx(1 / 3)
    response = table.loc["campaign started to response"]
    assert response[["records", "ended"]].tolist() == [3, 2]
    assert response["longest"] == 23
    assert table.loc["lead recorded to first purchase", "ended"] == 2


def test_records_by_period(data):
    table = quality.count_records(data)
    of = table[table["table"] == "transactions"]
    assert of["period"].dt.strftime("%Y-%m").tolist() == ["2026-01", "2026-02"]
    assert of["rows"].tolist() == [3, 2]
    assert quality.count_records(data, period="year").groupby("table")["rows"].sum()["leads"] == 3


def test_oddities(data):
    table = quality.list_oddities(data).set_index("oddity")
    assert table["lines"].to_dict() == {
        "revenue is zero": 0,
        "revenue is negative (a return)": 1,
        "quantity is zero": 0,
        "quantity is zero but revenue is not": 0,
        "revenue is dust, below half a cent": 0,
        "quantity is negative": 1,
        "returned": 2,
        "cancelled": 0,
        "in another currency": 1,
        "without a time of day": 2,
        "extremely high revenue": 0,
        "extremely low revenue": 0,
    }
    assert table.loc["returned", ["share of lines", "revenue"]].tolist() == [0.4, 4]
    assert table.loc["returned", "share of revenue"] == pytest.approx(4 / 30)


def test_extremes_follow_the_modified_z_score(make_study):
    revenues = [1, 2, 4, 8, 16, 2**13, 2**12.9, 2**-9]
    text = "customer_id,ordered_at,revenue\n" + "".join(
        f"a,2026-01-{day:02},{value}\n" for day, value in enumerate(revenues, 1)
    )
    table = quality.list_oddities(small(make_study, text)).set_index("oddity")
    # In powers of two: median 2.5, absolute deviations 2.5 1.5 .5 .5 1.5 10.5 10.4 11.5,
    # their median 2: .6745 * 10.5 / 2 = 3.54 is beyond 3.5, .6745 * 10.4 / 2 = 3.507 too,
    # .6745 * 11.5 / 2 = 3.88 below.
    assert table.loc["extremely high revenue", "lines"] == 2
    assert table.loc["extremely low revenue", "lines"] == 1
    scaled = text.replace(f",{2**12.9}\n", f",{2**12.8}\n")  # .6745 * 10.3 / 2 = 3.47
    again = quality.list_oddities(small(make_study, scaled)).set_index("oddity")
    assert again.loc["extremely high revenue", "lines"] == 1


def test_extremes_are_silent_where_most_lines_cost_the_same(make_study):
    text = "customer_id,ordered_at,revenue\n" + "a,2026-01-01,5\n" * 3 + "a,2026-01-02,900\n"
    assert (
        not quality.list_oddities(small(make_study, text))["oddity"].str.contains("extreme").any()
    )


def test_currencies(data):
    table = quality.sum_currencies(data).set_index("currency")
    assert table["lines"].to_dict() == {"EUR": 4, "USD": 1}
    assert table.loc["USD", ["share of lines", "revenue"]].tolist() == [0.2, -4]


def test_week(data):
    table = quality.profile_week(data).set_index("weekday")
    assert len(table) == 7
    # Monday 5 January, Tuesday 20 January and Tuesday 3 February at three in the night.
    assert table["purchases"].to_dict() == {
        "Monday": 1,
        "Tuesday": 2,
        "Wednesday": 0,
        "Thursday": 0,
        "Friday": 0,
        "Saturday": 0,
        "Sunday": 0,
    }
    assert table.loc["Monday", "share of revenue"] == pytest.approx(20 / 30)
    assert table.loc["Tuesday", "at night"] == 1


def test_values(data):
    table = quality.describe_values(data).set_index("quantity")
    lines = table.loc["revenue of a line"]
    assert lines[
        ["unit", "n", "zero or less", "smallest", "median", "largest", "mean"]
    ].tolist() == [
        "EUR",
        5,
        1,
        -4,
        8,
        10,
        6,
    ]
    assert table.loc["lines of a purchase", ["unit", "n", "largest"]].tolist() == ["lines", 3, 2]
    assert table.loc["revenue of a purchase", "largest"] == 20
    assert table.loc["purchases of a customer", "largest"] == 2


def test_bins_hold_every_value_once_and_their_bounds(data):
    bins = quality.bin_values(data, per_decade=1)
    lines = bins[bins["quantity"] == "revenue of a line"]
    # 6 and 8 lie in [1, 10), twice 10 in [10, 100); the return is left out.
    assert lines[["lower", "upper", "count"]].to_numpy().tolist() == [[1, 10, 2], [10, 100, 2]]
    assert bins.groupby("quantity")["share"].sum().round(12).eq(1).all()


def test_dust_is_zero(make_study):
    text = "customer_id,ordered_at,revenue,basket_id\na,2026-01-01,1e-16,1\na,2026-01-01,3,2\n"
    data = small(make_study, text)
    assert len(quality.bin_values(data).query("quantity == 'revenue of a line'")) == 1
    assert quality.describe_values(data)["zero or less"].iloc[0] == 1
    odd = quality.list_oddities(data).set_index("oddity")["lines"]
    assert odd["revenue is dust, below half a cent"] == 1
    assert odd["revenue is zero"] == 0


def test_scores(data):
    scores = quality.score_quality(data)
    assert (scores["score"] == scores["counted"] / scores["out of"]).all()
    assert scores["score"].between(0, 1).all()
    assert scores["table"].drop_duplicates().tolist() == list(NAMES.values())
    by = scores.set_index(["table", "dimension"])
    assert by.loc[("customers", "completeness"), ["counted", "out of"]].tolist() == [8, 9]
    assert by.loc[("transactions", "uniqueness"), "score"] == 0.8
    # Of 4 responses 3 were addressed; of these one came too late, and one was held back.
    assert by.loc[("responses", "consistency"), ["counted", "out of"]].tolist() == [7, 10]
    # The customers that campaigns share with the ledger are an overlap, no rule.
    assert by.loc[("campaigns", "consistency"), ["counted", "out of"]].tolist() == [7, 8]
    assert ("survey", "timeliness") not in by.index
    assert ("customers", "consistency") not in by.index


def test_scores_side_by_side(data):
    wide = quality.spread_scores(quality.score_quality(data))
    assert list(wide.columns) == list(quality.define_dimensions()["dimension"][:5])
    assert wide.index[0] == "firm.customers"
    assert pd.isna(wide.loc["firm.customers", "timeliness"])


def test_every_dimension_says_what_it_counts():
    table = quality.define_dimensions()
    assert table["dimension"].tolist()[-1] == "accuracy"
    assert not table.isna().any().any()
    assert (table != "").all().all()


def test_a_study_of_one_table_without_dates(make_study):
    data = small(
        make_study,
        "expert,matrix,row,column,value\ne,criteria,a,b,3\n",
        "judgements",
        judgements={"hierarchy": {"a": ["x"], "b": ["y"]}},
    )
    assert isinstance(quality.measure_timeliness(data), NotAvailable)
    assert isinstance(quality.count_records(data), NotAvailable)
    assert isinstance(quality.measure_delays(data), NotAvailable)
    assert isinstance(quality.check_rules(data), NotAvailable)
    for absent in ("list_oddities", "sum_currencies", "profile_week", "describe_values"):
        assert "no table transactions" in getattr(quality, absent)(data).reason
    assert isinstance(quality.bin_values(data), NotAvailable)
    wide = quality.spread_scores(quality.score_quality(data))
    assert list(wide.columns) == ["completeness", "validity", "uniqueness"]
    assert wide.iloc[0].tolist() == [1, 1, 1]


def test_a_table_left_without_rows_has_no_shares(data):
    with connect_quietly(data.warehouse.place) as connection:
        for table in NAMES.values():
            connection.execute(f"DELETE FROM firm.{table}")
    assert quality.measure_completeness(data)["empty share"].isna().all()
    assert quality.measure_uniqueness(data)["unique share"].isna().all()
    assert quality.measure_validity(data)["valid share"].isna().all()
    assert quality.measure_columns(data)["empty share"].isna().all()
    assert isinstance(quality.measure_timeliness(data), NotAvailable)
    assert isinstance(quality.measure_delays(data), NotAvailable)
    assert isinstance(quality.check_rules(data), NotAvailable)
    assert isinstance(quality.describe_values(data), NotAvailable)
    assert quality.list_oddities(data)["lines"].sum() == 0
    assert "no table of the study holds a row" in quality.score_quality(data).reason
    assert isinstance(quality.spread_scores(quality.score_quality(data)), NotAvailable)


def test_names_of_attributes_need_no_care(make_study):
    text = 'customer_id,"a ""b"", c",select,地区\n1,x,y,北\n2,,y,\n'
    data = small(make_study, text, "customers")
    table = quality.measure_columns(data).set_index("column")
    assert table["empty"].to_dict() == {"customer_id": 0, 'a "b", c': 1, "select": 0, "地区": 1}
    assert quality.measure_uniqueness(data)["unique share"].tolist() == [1]


def test_a_stored_table_knows_its_rules():
    table = StoredTable("d", "contacts", {"resolved_at": "TIMESTAMP", "age": "VARCHAR"}, {})
    assert table.date_column == "resolved_at"
    assert table.attributes() == ["age"]
    assert table.address == '"d"."contacts"'
