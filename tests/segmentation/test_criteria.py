"""Criteria of segmentation: who offers which, what is left out and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.chapters import check_parameters
from crmstudy.collection.features.mix import ProductMix
from crmstudy.collection.study import open_study
from crmstudy.errors import DataError, NotAvailable, SettingsError
from crmstudy.instrument import Instrument
from crmstudy.segmentation.criteria.admission import Rules
from crmstudy.segmentation.criteria.candidates import are_stores, is_place
from crmstudy.segmentation.criteria.criteria import BLOCKS, Criteria, collect_criteria
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.spaces import build_spaces

N = 120
INSTRUMENT = Instrument.model_validate(
    {
        "scale": [1, 5],
        "constructs": {
            "trust": {"label": "Trust", "items": ["T1", "T2"]},
            "price": {"label": "Price matters", "items": ["P1"]},
        },
        "items": {"T2": {"reverse": True}},
    }
)


def index_of(n: int = N) -> pd.Index:
    return pd.Index([f"c{i:03d}" for i in range(n)], name="customer_id")


def draw_features(n: int = N, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    n_purchases = draw.integers(1, 30, n)
    days = np.minimum(n_purchases, draw.integers(1, 30, n))
    return pd.DataFrame(
        {
            "n_purchases": n_purchases,
            "n_purchase_days": days,
            "n_lines": n_purchases + draw.integers(0, 60, n),
            "revenue": draw.lognormal(4, 1, n),
            "days_since_last_purchase": draw.integers(0, 100, n),
            "tenure_days": draw.integers(100, 700, n),
            "weekend_share": draw.random(n),
            "mean_days_between_purchases": np.where(days > 1, 7.0, np.nan),
            "margin": draw.normal(20, 9, n),
            "price_index": draw.normal(1, 0.2, n),
            "main_channel": pd.array(draw.choice(["web", "shop", "app"], n), dtype="str"),
        },
        index=index_of(n),
    )


def draw_people(n: int = N, seed: int = 1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    age = draw.integers(18, 80, n)
    region = draw.integers(1, 5, n)
    return pd.DataFrame(
        {
            "customer_id": index_of(n),
            "registered_on": pd.Timestamp("2024-01-01"),
            "birth_year": 2025 - age,
            "age": age,
            "sex": pd.array(draw.choice(["f", "m", None], n, p=[0.5, 0.4, 0.1]), dtype="str"),
            "is_member": draw.choice([True, False], n),
            "postcode": pd.Series(region * 10_000 + draw.integers(0, 9_999, n)).astype("str"),
            "region": pd.array(np.array(["n", "e", "s", "w"])[region - 1], dtype="str"),
        }
    )


def draw_mix(n: int = N, seed: int = 2) -> ProductMix:
    draw = np.random.default_rng(seed)
    spend = pd.DataFrame(
        draw.gamma(0.5, 20, (n, 4)).round(2),
        index=index_of(n),
        columns=["TEA & CUPS", "茶", "other", "unknown"],
    )
    spend.iloc[0] = [-5.0, 10.0, 0.0, 7.0]
    spend.iloc[1] = [0.0, 0.0, 0.0, 7.0]
    return ProductMix(spend, (), "department")


def draw_answers(n: int = N) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    answers = pd.DataFrame(draw.integers(1, 6, (n, 3)), columns=["T1", "T2", "P1"]).astype(float)
    return answers.assign(respondent_id=range(n), customer_id=index_of(n).to_numpy())


@pytest.fixture(scope="module")
def every() -> Criteria:
    found = collect_criteria(
        draw_features(),
        customers=draw_people(),
        mix=draw_mix(),
        survey=draw_answers(),
        instrument=INSTRUMENT,
        value=pd.Series(np.arange(N, dtype=float), index_of(), name="lifetime_value"),
    )
    assert isinstance(found, Criteria)
    return found


def used(criteria: Criteria, block: str) -> list[str]:
    listed = criteria.variables
    return listed.loc[(listed["block"] == block) & (listed["left_out"] == ""), "variable"].tolist()


def reason(criteria: Criteria, variable: str) -> str:
    listed = criteria.variables.set_index("variable")["left_out"]
    return str(listed[variable])


# --- what stands where -----------------------------------------------------------------


def test_the_five_blocks(every):
    assert used(every, "demographic") == ["age", "sex", "is_member"]
    assert used(every, "geographic") == ["region"]
    assert used(every, "behavioural") == [
        "days_since_last_purchase",
        "n_purchases",
        "revenue",
        "weekend_share",
        "lines_per_purchase",
        "days_per_purchase_day",
        "main_channel",
    ]
    shares = ["share_tea_cups", "share_茶", "share_other"]
    assert used(every, "needs") == ["price_index", *shares, "trust", "price"]
    assert used(every, "value") == ["revenue", "margin", "lifetime_value"]
    assert reason(every, "share_of_revenue") == "says the same as revenue"
    assert reason(every, "birth_year") == "says the same as age"
    assert reason(every, "postcode") == "says the same as region"
    assert every.frame.index.equals(index_of())
    assert not every.frame.columns.has_duplicates


def test_derived_variables_by_hand():
    one = draw_features(5).assign(n_lines=6, n_purchases=4, tenure_days=99, n_purchase_days=10)
    frame = collect_criteria(one).frame
    assert frame["lines_per_purchase"].tolist() == [1.5] * 5
    assert frame["days_per_purchase_day"].tolist() == [10.0] * 5
    assert frame["share_of_revenue"].sum() == pytest.approx(1)


def test_shares_are_of_what_was_bought_and_is_known(every):
    shares = every.frame[["share_tea_cups", "share_茶", "share_other"]]
    assert shares.iloc[0].tolist() == [0.0, 1.0, 0.0]  # more given back than bought
    assert shares.iloc[1].isna().all()
    assert shares.drop("c001").sum(axis=1).to_numpy() == pytest.approx(1)


def test_survey_needs_are_construct_means_of_each_customer():
    answers = pd.DataFrame(
        {
            "customer_id": ["c000", "c000", "c001", None],
            "T1": [5.0, 3.0, 1.0, 5.0],
            "T2": [1.0, 3.0, np.nan, 5.0],  # turned round: 5, 3
            "P1": [2.0, 2.0, np.nan, 1.0],
        }
    )
    frame = collect_criteria(draw_features(4), survey=answers, instrument=INSTRUMENT).frame
    assert frame["trust"].tolist()[:2] == [4.0, 1.0]
    assert frame["price"].tolist()[:1] == [2.0]
    assert frame["trust"].isna().tolist() == [False, False, True, True]


def test_few_answers_make_needs_of_their_own(every):
    few = collect_criteria(
        draw_features(), mix=draw_mix(), survey=draw_answers(30), instrument=INSTRUMENT
    )
    assert reason(few, "trust") == "known of 30 of 120 customers, fewer than 80%"
    answered = few.block("needs", sources=["survey"])
    assert answered.shape == (30, 2)
    space = few.space("needs", sources=["survey"])
    assert isinstance(space, Space)
    assert len(space.customers) == 30
    assert few.block("needs").shape[0] == N  # and the others stay as they were


def test_stores_are_places():
    stores = pd.Series([f"store {i}" for i in range(10)])
    assert are_stores(stores)
    assert not are_stores(pd.Series(["store", "web", "app"]))
    assert not are_stores(stores[:5])
    assert not are_stores(pd.Series([f"campaign {i}" for i in range(10)]))
    features = draw_features().assign(main_channel=[f"store {i % 8}" for i in range(N)])
    criteria = collect_criteria(features)
    assert used(criteria, "geographic") == ["main_store"]
    assert "main_channel" not in criteria.frame


@pytest.mark.parametrize("name", ["region", "home_region", "zip", "ZIP_code", "city2", "所在省份"])
def test_names_of_places(name):
    assert is_place(name)


@pytest.mark.parametrize("name", ["age", "statement", "income", "household_size", "年龄"])
def test_names_of_traits(name):
    assert not is_place(name)


def test_the_user_says_what_a_place_is():
    people = draw_people().assign(quarter=["old town", "docks"] * (N // 2))
    mine = collect_criteria(draw_features(), customers=people, geographic=["quarter"])
    assert used(mine, "geographic") == ["quarter"]
    assert "region" in used(mine, "demographic")
    without = collect_criteria(draw_features(), customers=people, leave_out=["sex", "revenue"])
    assert "sex" not in without.frame
    assert used(without, "value") == ["share_of_revenue", "margin"]


# --- what is left out, and why ---------------------------------------------------------


def test_reasons():
    n = 100
    people = pd.DataFrame(
        {
            "customer_id": index_of(n),
            "same": "x",
            "nothing": pd.Series([None] * n, dtype="str"),
            "known_to_few": pd.Series([1.0, 2.0, 3.0] + [np.nan] * (n - 3)),
            "every_one_other": [f"w{i}" for i in range(n)],
            "joined": pd.date_range("2024-01-01", periods=n),
            "flag": [1, 0] * (n // 2),
            "twin": ["one", "nil"] * (n // 2),
            "half": pd.Series(["a", "b", None, None] * (n // 4), dtype="str"),
        }
    )
    criteria = collect_criteria(draw_features(n).assign(return_share=0.0), customers=people)
    assert reason(criteria, "same") == "the same for all customers"
    assert reason(criteria, "return_share") == "the same for all customers"
    assert reason(criteria, "nothing") == "known of no customer"
    assert reason(criteria, "known_to_few") == "known of 3 of 100 customers, fewer than 80%"
    assert reason(criteria, "every_one_other") == "no level is held by 5% of the customers"
    assert reason(criteria, "joined").startswith("a day is no trait")
    assert reason(criteria, "twin") == "says the same as flag"
    assert used(criteria, "demographic") == ["flag", "half"]
    space = criteria.space("demographic")
    assert space.steps.loc["half", "n_unknown"] == 50
    assert len(space.customers) == n


def test_a_coarser_level_is_no_twin():
    """Both ways, or the finer would fall to the coarser."""
    town = np.array(["a", "b", "c"] * (N // 3), dtype=object)
    people = pd.DataFrame({"customer_id": index_of(), "town": town, "area": "south"})
    people["area"] = people["area"].where(people["town"] != "a", "north")
    for columns in (["town", "area"], ["area", "town"]):
        criteria = collect_criteria(draw_features(), customers=people[["customer_id", *columns]])
        assert used(criteria, "geographic") == columns


def test_customers_of_whom_nothing_is_known_are_not_in_the_block():
    criteria = collect_criteria(draw_features(), customers=draw_people().iloc[:40])
    assert criteria.block("demographic").index.equals(index_of(40))
    assert len(criteria.block("behavioural")) == N
    summary = criteria.summary().set_index("block")
    assert summary.loc["demographic", "customers"] == 40
    assert summary.loc["demographic", "share of customers"] == pytest.approx(1 / 3)
    assert criteria.variables.set_index("variable").loc["age", "known_share"] == 1.0


def test_the_rules_can_be_told():
    strict = collect_criteria(
        draw_features(), customers=draw_people(), rules=Rules(known_category=0.95, rare=0.3)
    )
    assert reason(strict, "sex").startswith("known of")
    assert reason(strict, "region") == "no level is held by 30% of the customers"
    with pytest.raises(SettingsError, match=r"rare = 1: allowed is a share from 0 to below 1"):
        Rules(rare=1)


def test_gathered_levels_are_listed():
    people = draw_people().assign(town=["a"] * 100 + ["b"] * 12 + ["c"] * 4 + ["d"] * 4)
    criteria = collect_criteria(draw_features(), customers=people)
    assert criteria.gathered().to_dict("records") == [
        {"variable": "town", "level": "other", "values gathered": 2, "values": "c, d"}
    ]
    assert set(criteria.frame["town"]) == {"a", "b", "other"}


def test_variables_of_one_name_are_told_apart():
    people = draw_people().assign(revenue=np.arange(N), trust=np.arange(N) ** 2)
    criteria = collect_criteria(
        draw_features(), customers=people, survey=draw_answers(), instrument=INSTRUMENT
    )
    assert {"revenue", "customers_revenue", "trust", "survey_trust"} <= set(criteria.frame)


# --- what is missing -------------------------------------------------------------------


def test_features_alone():
    criteria = collect_criteria(
        draw_features().drop(columns=["margin", "price_index", "main_channel"]),
        customers=NotAvailable("the study has no table customers"),
        mix=NotAvailable("no table products"),
        survey=NotAvailable("no table survey"),
    )
    said = {name: criteria.block(name) for name in BLOCKS}
    assert said["demographic"].reason == (
        "no demographic criteria: the study has no table customers"
    )
    assert said["geographic"].reason.startswith("no geographic criteria: the study has no table")
    assert said["needs"].reason == "no needs criteria: no table products; no table survey"
    assert list(said["value"]) == ["revenue"]
    spaces = build_spaces(criteria)
    assert list(spaces) == list(BLOCKS)
    assert [isinstance(space, Space) for space in spaces.values()] == [
        False,
        False,
        True,
        False,
        True,
    ]
    summary = criteria.summary().set_index("block")
    assert summary.loc["needs", "missing"].startswith("no needs criteria")
    assert criteria.to_metrics()["n_variables_needs"] == 0


def test_no_features_at_all():
    absent = NotAvailable("no transactions")
    assert collect_criteria(absent) is absent
    assert build_spaces(absent) is absent


def test_too_few_customers_become_a_reason():
    spaces = build_spaces(collect_criteria(draw_features(2), customers=draw_people(2)))
    assert "needs 3 customers" in spaces["behavioural"].reason


def test_identical_customers_have_no_criteria():
    same = pd.concat([draw_features(1)] * 10).set_axis(index_of(10))
    criteria = collect_criteria(same)
    for name in ("behavioural", "value"):
        assert "the same for all customers" in criteria.block(name).reason
    assert "the same for all customers" in build_spaces(criteria)["value"].reason


# --- other customers, laws -------------------------------------------------------------


def test_the_order_of_customers_changes_nothing(every):
    rows = np.random.default_rng(5).permutation(N)
    again = collect_criteria(
        draw_features().iloc[rows],
        customers=draw_people().iloc[rows[::-1]],
        mix=draw_mix(),
        survey=draw_answers().iloc[rows],
        instrument=INSTRUMENT,
        value=pd.Series(np.arange(N, dtype=float), index_of(), name="lifetime_value"),
    )
    pd.testing.assert_frame_equal(
        again.variables.drop(columns="mean"), every.variables.drop(columns="mean")
    )
    pd.testing.assert_frame_equal(again.frame.loc[index_of()], every.frame)
    for name, space in build_spaces(again).items():
        np.testing.assert_allclose(space.points, every.space(name).points, atol=1e-12)


def test_other_customers_follow_the_same_levels():
    people = draw_people().assign(town=["a"] * 100 + ["b"] * 12 + ["c"] * 4 + ["d"] * 4)
    first = collect_criteria(draw_features(), customers=people, mix=draw_mix())
    later = people.iloc[:40].assign(town=["a", "b", "c", "new"] * 10)
    mix = draw_mix(40)
    less = ProductMix(mix.spend.drop(columns="TEA & CUPS"), (), "department")
    then = collect_criteria(draw_features(40, seed=9), customers=later, mix=less, like=first)
    assert then.frame["town"].tolist()[:4] == ["a", "b", "other", "other"]
    assert (then.frame["share_tea_cups"] == 0).all()
    assert then.variables.equals(first.variables)
    space = first.space("demographic")
    assert space.place(then.block("demographic")).unseen.empty
    nothing = (less.spend[["茶", "other"]].sum(axis=1) == 0).sum()
    assert first.space("needs").place(then.block("needs")).n_left_out == nothing > 0
    with pytest.raises(DataError, match="these customers lack age, sex, is_member"):
        collect_criteria(draw_features(), like=first)


def test_refusals(every):
    with pytest.raises(SettingsError, match="no block of criteria 'behaviour'; did you mean"):
        every.block("behaviour")
    with pytest.raises(SettingsError, match="no source 'surveys'; did you mean 'survey'"):
        every.block("needs", sources=["surveys"])
    with pytest.raises(SettingsError, match="leave_out names 'sexx', which is no variable"):
        collect_criteria(draw_features(), customers=draw_people(), leave_out=["sexx"])
    with pytest.raises(SettingsError, match="geographic names 'regoin', which customers do not"):
        collect_criteria(draw_features(), customers=draw_people(), geographic=["regoin"])
    with pytest.raises(DataError, match="features hold customer 'c000' twice"):
        collect_criteria(draw_features().iloc[[0, 0, 1]])
    with pytest.raises(DataError, match="customers hold 'c000' twice"):
        collect_criteria(draw_features(), customers=draw_people().iloc[[0, 0]])
    with pytest.raises(DataError, match="customers have no column customer_id"):
        collect_criteria(draw_features(), customers=draw_people().drop(columns="customer_id"))
    with pytest.raises(DataError, match="revenue holds an infinite value"):
        collect_criteria(draw_features().assign(revenue=np.inf))
    with pytest.raises(DataError, match="the values hold customer 'c000' twice"):
        collect_criteria(draw_features(), value=draw_features().iloc[[0, 0]])
    with pytest.raises(DataError, match="the value 'clv' is str, not a number"):
        collect_criteria(draw_features(), value=pd.DataFrame({"clv": ["high"]}, ["c000"]))
    unlinked = draw_answers().drop(columns="customer_id")
    said = collect_criteria(draw_features(), survey=unlinked, instrument=INSTRUMENT)
    assert said.absent["survey"] == "the survey is not linked to customers"
    strange = pd.DataFrame({"customer_id": ["c000"], "Q9": [1.0]})
    said = collect_criteria(draw_features(), survey=strange, instrument=INSTRUMENT)
    assert said.absent["survey"] == "the survey has no item of a construct"


def test_the_simulated_firm_offers_all_five(make_study, segmentation_parameters):
    names = ("transactions", "customers", "products")
    study = make_study(
        {name: {"simulated": name} for name in names}, simulation={"n_customers": 300}
    )
    folder = str(study.paths.inputs)
    settings = check_parameters("segmentation", STUDY=folder, **segmentation_parameters)
    data = open_study(settings)
    criteria = collect_criteria(
        data.features(), customers=data.companion("customers"), mix=data.product_mix()
    )
    assert criteria.summary()["variables"].gt(0).all()
    assert criteria.frame.index.equals(data.features().index)
    spaces = build_spaces(criteria)
    assert all(isinstance(space, Space) for space in spaces.values())
    assert {len(space.customers) for space in spaces.values()} == {len(criteria.frame)}
