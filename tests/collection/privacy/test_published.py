"""What may be published of the customers: which columns count, and what is held back."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.collection.privacy.published import choose_quasi_identifiers, judge_published
from crmstudy.errors import NotAvailable, SettingsError
from crmstudy.settings import Privacy

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": [f"c{k}" for k in range(30)],
        "sex": ["f"] * 15 + ["m"] * 15,
        "region": (["north"] * 8 + ["south"] * 7) + (["north"] * 13 + ["south"] * 2),
        "birth_year": [1950 + 2 * k for k in range(30)],
        "income": ["high", "low"] * 15,
        "shoes": [38, 42] * 15,
    }
)


def study(**privacy):
    return SimpleNamespace(settings=SimpleNamespace(privacy=Privacy.model_validate(privacy)))


def test_the_contract_says_what_may_single_somebody_out():
    found = choose_quasi_identifiers(study(), CUSTOMERS)
    assert sorted(found) == ["birth_year", "region", "sex"]


def test_study_yml_may_name_other_columns():
    named = study(quasi_identifiers=["shoes", "sex"])
    assert choose_quasi_identifiers(named, CUSTOMERS) == ["shoes", "sex"]
    assert judge_published(named, CUSTOMERS).raw.quasi_identifiers == ("shoes", "sex")


@pytest.mark.parametrize("key", ["quasi_identifiers", "sensitive"])
def test_a_column_that_is_not_there_is_refused(key):
    with pytest.raises(SettingsError, match=r"no column 'shoe'; did you mean 'shoes'\?"):
        judge_published(study(**{key: ["shoe"]}), CUSTOMERS)


def test_a_sensitive_column_is_measured_before_and_after():
    named = study(quasi_identifiers=["sex", "region"], sensitive=["income"], diversity=2)
    measures = judge_published(named, CUSTOMERS).table()
    assert measures.columns.tolist() == ["measure", "as they are", "made coarser"]
    assert measures["measure"].str.startswith("income").sum() == 3
    assert not measures.isna().any(axis=None)


def test_small_cells_are_suppressed_and_cannot_be_computed():
    found = judge_published(study(quasi_identifiers=["sex", "region"]), CUSTOMERS)
    assert found.raw.smallest_class == 2
    assert found.coarse.smallest_class >= 5
    counts = found.counts
    # With both margins published, one hidden cell of four could be computed from the rest.
    assert counts[["north", "south"]].iloc[:2].to_numpy().tolist() == [["–"] * 2] * 2
    assert counts["total"].tolist() == ["15", "15", "30"]


def test_coarser_attributes_are_named():
    found = judge_published(study(quasi_identifiers=["birth_year"], smallest_cell=5), CUSTOMERS)
    assert found.steps["published as"].tolist() == ["bands of 10"]
    assert found.raw.unique == 30


def test_fewer_customers_than_k_cannot_be_published_apart():
    found = judge_published(study(quasi_identifiers=["sex", "region"]), CUSTOMERS.head(3))
    assert found.coarse == NotAvailable("3 persons cannot be made 5-anonymous")
    assert found.table().columns.tolist() == ["measure", "as they are"]
    assert found.to_metrics() == {
        "persons": 3,
        "combinations": 1,
        "smallest_class": 3,
        "share_below_k": 1.0,
    }


def test_no_customer_and_no_attribute_are_said():
    nobody = judge_published(study(), CUSTOMERS.head(0))
    assert nobody == NotAvailable("no person")
    nothing = judge_published(study(), CUSTOMERS[["customer_id", "shoes"]])
    reason = "the customers have no attribute that could single somebody out"
    assert nothing == NotAvailable(reason)
    assert judge_published(study(), NotAvailable("x")) == NotAvailable("x")


def test_attributes_without_two_variables_to_cross_are_not_counted():
    found = judge_published(study(quasi_identifiers=["birth_year", "sex"]), CUSTOMERS)
    assert "fewer than two of birth_year, sex" in str(found.counts)


def test_two_variables_never_known_of_one_customer_are_not_crossed():
    apart = CUSTOMERS.assign(
        sex=CUSTOMERS["sex"].where(CUSTOMERS.index % 2 == 0),
        region=CUSTOMERS["region"].where(CUSTOMERS.index % 2 == 1),
    )
    found = judge_published(study(quasi_identifiers=["sex", "region"]), apart)
    assert isinstance(found.counts, NotAvailable)


def test_a_level_called_total_does_not_stop_the_chapter():
    named = CUSTOMERS.assign(region=CUSTOMERS["region"].replace("north", "total"))
    found = judge_published(study(quasi_identifiers=["sex", "region"]), named)
    assert isinstance(found.counts, NotAvailable)
