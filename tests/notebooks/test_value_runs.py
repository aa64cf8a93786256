"""Chapter 04 run on small firms: tables missing, few customers, other parameters."""

import pytest

from crmstudy.chapters import GATES
from crmstudy.cli import main

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lost", [["products", "customers"], ["contacts", "costs"]], ids="-".join)
def test_without_tables(study, simulated, lost):
    folder, report = study("poorer", simulated(lost=[*lost, "subscriptions", "campaigns"]))
    assert main(["run", str(folder), "--chapter", "customer_value"]) == 0
    assert report.warnings() == []
    assert report.slips("customer_value") == []


@pytest.mark.parametrize("n_customers", [1, 20, 60])
def test_few_customers(study, simulated, n_customers):
    settings = simulated(simulation={"n_customers": n_customers})
    if n_customers == 1:  # who leaves most tables of a firm empty
        settings["tables"] = {"transactions": settings["tables"]["transactions"]}
        settings["privacy"] = {"purpose": ""}
    folder, report = study("few", settings)
    assert main(["run", str(folder), "--chapter", "customer_value"]) == 0
    assert report.warnings() == []
    assert report.slips("customer_value") == []


@pytest.fixture(scope="module")
def valued(lasting_study, simulated):
    """Run chapter 04 of one small firm, again and again, with other parameters."""
    run, report = lasting_study(simulated(lost=["consents"], simulation={"n_customers": 500}))

    def measure(*given):
        sets = [word for each in given for word in ("--set", f"customer_value.{each}")]
        assert run("--chapter", "customer_value", *sets) == 0
        assert report.warnings() == []
        return report.values()

    return measure


@pytest.fixture(scope="module")
def as_told(valued):
    """Give the numbers of the parameters' defaults."""
    return valued()


#: Changed together: no other parameter of the group reaches the model named beside one.
TRIED = (
    {
        "HORIZON_WEEKS=26.0": "lifetime_value.",
        "STAGE_PERIOD=month": "transitions.",
        "CONTACT_COST=3.0": "warning_contacts.",
        "TOP_K=5": "recommendation.",
        "CLAIMED_UPLIFT=0.1": "conversion_plan.",
    },
    {
        "ANNUAL_DISCOUNT_RATE=0.3": "lifetime_value.",
        "LAPSE_WEEKS=20": "lifecycle.",
        "RESCUE_SHARE=0.5": "warning_contacts.",
        "MARGIN=0.6": "contract_value.",
    },
    {"N_REPLICATES=30": "concentration.", "WARNING_WEEKS=6": "warning_origins."},
    {"CALIBRATION_END=2025-04-30": "bg_nbd."},
)


@pytest.mark.parametrize("group", TRIED, ids=lambda group: " ".join(group))
def test_every_parameter_changes_a_number(valued, as_told, untouched, group):
    found = valued(*group)
    assert untouched(group, as_told, found) == []


def test_every_parameter_is_tried():
    names = {given.partition("=")[0] for group in TRIED for given in group}
    assert names | {"STUDY", "DATASET", "SHOP_DATASET"} == set(GATES["customer_value"].model_fields)
