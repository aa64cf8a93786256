"""Which groups are compared: attributes, counts, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.loyalty.invariance.groups import find_groups
from crmstudy.loyalty.model.specify import Construct, StructuralModel

MODEL = StructuralModel(
    (Construct("quality", ("q1", "q2", "q3")), Construct("loyalty", ("l1", "l2", "l3"))), ()
)
ITEMS = (*MODEL.items, "extra")
NONE = NotAvailable("the study has no customers")


@pytest.fixture
def survey():
    rng = np.random.default_rng(5)
    n = 240
    frame = pd.DataFrame(rng.integers(1, 11, (n, len(ITEMS))).astype(float), columns=list(ITEMS))
    frame.insert(0, "respondent_id", [f"R{k}" for k in range(n)])
    frame.insert(1, "customer_id", [f"C{k}" for k in range(n)])
    return frame


@pytest.fixture
def customers(survey):
    n = len(survey)
    return pd.DataFrame(
        {
            "customer_id": survey["customer_id"][::-1].to_numpy(),
            "joined": pd.date_range("2024-01-01", periods=n),
            "age": np.arange(n) % 60 + 18,
            "sex": np.where(np.arange(n) % 3 == 0, "male", "female"),
            "note": [f"text {k}" for k in range(n)],
        }
    )


def find(survey, *, customers=NONE, wanted="", model=MODEL):
    return find_groups(survey, model=model, items=ITEMS, customers=customers, wanted=wanted)


def test_categories_come_before_numbers_and_others_are_named(survey, customers):
    groups = find(survey, customers=customers)
    assert (groups.column, groups.origin) == ("sex", "customers")
    assert groups.n_complete == {"female": 160, "male": 80}
    assert groups.others == ("age",)
    assert groups.reference == "female"
    assert not groups.warning


def test_customers_are_matched_by_their_identifier(survey, customers):
    groups = find(survey, customers=customers, wanted="sex")
    sex = customers.set_index("customer_id")["sex"]
    assert groups.membership.tolist() == [sex[c] for c in survey["customer_id"]]


def test_columns_of_the_survey_come_first(survey, customers):
    asked = survey.assign(branch=np.where(np.arange(len(survey)) % 2, "north", "south"))
    groups = find(asked, customers=customers)
    assert (groups.column, groups.origin) == ("branch", "survey")


def test_numbers_are_cut_at_the_median_of_the_complete(survey, customers):
    gone = survey.copy()
    old = gone["customer_id"].map(customers.set_index("customer_id")["age"]) > 60
    gone.loc[old, "q1"] = np.nan
    groups = find(gone, customers=customers, wanted="age")
    ages = customers.set_index("customer_id")["age"][gone.loc[~old, "customer_id"]]
    assert groups.cut == f"{np.quantile(ages, 0.5, method='lower'):g}"
    assert groups.labels == (f"up to {groups.cut}", f"above {groups.cut}")
    assert sum(groups.n_complete.values()) == (~old).sum()
    assert "median" in groups.warning


def test_few_different_numbers_are_codes(survey):
    groups = find(survey.assign(wave=np.arange(len(survey)) % 3 + 1.0), wanted="wave")
    assert groups.labels == ("1", "2", "3")
    assert groups.cut == ""


def test_rare_codes_are_cut_at_the_median(survey):
    rare = np.r_[np.repeat([1.0, 2.0, 3.0], 75), np.repeat(4.0, 15)]
    assert find(survey.assign(level=rare), wanted="level").labels == ("up to 2", "above 2")


def test_a_median_at_the_top_leaves_nobody_out(survey):
    points = np.r_[np.arange(7.0), np.repeat(9.0, 160), np.repeat(8.0, 73)]
    groups = find(survey.assign(points=points), wanted="points")
    assert groups.n_complete == {"up to 8": 80, "above 8": 160}


def test_dates_are_cut_only_when_asked_for(survey, customers):
    assert "joined" not in find(survey, customers=customers).others
    assert find(survey, customers=customers, wanted="joined").cut == "2024-04-29"


def test_an_item_outside_the_model_is_halved_with_a_warning(survey):
    groups = find(survey, wanted="extra")
    assert len(groups.labels) == 2
    assert "selects respondents" in groups.warning


def test_unknown_and_small_groups_are_counted(survey):
    towns = np.array(["A"] * 100 + ["B"] * 90 + ["C"] * 20 + [None] * 30, dtype=object)
    spoilt = survey.assign(town=towns)
    spoilt.loc[[0, 239], "l3"] = np.nan
    groups = find(spoilt)
    assert groups.n_complete == {"A": 99, "B": 90}
    assert groups.left_out == {"C": 20}
    assert groups.n_unknown == 29
    assert groups.membership.isna().sum() == 50
    rows = groups.table()
    assert rows["complete respondents"].sum() == 238
    assert rows["use"].str.startswith("left out").sum() == 2


def test_order_of_rows_changes_nothing(survey, customers):
    turned = survey.sample(frac=1, random_state=3)
    assert find(turned, customers=customers) == find(survey, customers=customers)


def test_nothing_to_compare(survey):
    found = find(survey)
    assert isinstance(found, NotAvailable)
    assert "2 to 6 groups of 50 or more complete respondents" in found.reason
    assert isinstance(find(NotAvailable("no survey")), NotAvailable)
    assert find(survey, model=NotAvailable("no model")).reason == "no model"


def test_a_group_needs_more_rows_than_parameters(survey):
    wide = StructuralModel((Construct("quality", tuple(f"w{k}" for k in range(20))),), ())
    extended = survey.assign(**{f"w{k}": 1.0 for k in range(20)}, half=["a", "b"] * 120)
    assert find(extended, model=wide).fewest == 61  # 19 loadings, 21 variances, 20 intercepts


def test_an_item_of_the_model_is_refused(survey):
    with pytest.raises(SettingsError, match="'q2' is an item of the model"):
        find(survey, wanted="q2")


def test_an_unknown_column_is_refused_with_a_hint(survey, customers):
    with pytest.raises(SettingsError, match="called 'sexx'; did you mean 'sex'"):
        find(survey, customers=customers, wanted="sexx")


def test_a_missing_item_is_named(survey):
    with pytest.raises(ModelError, match="'q3' of the model is not a column"):
        find(survey.drop(columns="q3"))


def test_a_small_group_asked_for_is_refused_by_name(survey):
    towns = ["A"] * 200 + ["B"] * 40
    with pytest.raises(ModelError, match="group 'B' of 'town' has 40 complete respondents"):
        find(survey.assign(town=towns), wanted="town")


@pytest.mark.parametrize(("values", "found"), [(["x"] * 240, "1 group "), (range(240), "240 gr")])
def test_too_few_or_too_many_groups_are_refused(survey, values, found):
    with pytest.raises(ModelError, match=found):
        find(survey.assign(town=[str(v) for v in values]), wanted="town")


def test_chinese_groups_keep_their_names(survey):
    groups = find(survey.assign(城市=["一线城市", "其他城市"] * 120))
    assert groups.column == "城市"
    assert set(groups.labels) == {"一线城市", "其他城市"}
