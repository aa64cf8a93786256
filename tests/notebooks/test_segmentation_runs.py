"""Chapter 03 run on small firms: tables missing, few customers, other parameters and keys."""

from pathlib import Path

import pytest

from crmstudy.chapters import GATES
from crmstudy.cli import main

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


# Without costs: below; without campaigns and others that all chapters use: test_missing_tables.
@pytest.mark.parametrize("lost", ["products", "responses", "contacts"])
def test_without_one_table(study, simulated, lost):
    folder, report = study(f"without_{lost}", simulated(lost=[lost]))
    assert main(["run", str(folder), "--chapter", "segmentation"]) == 0
    assert report.warnings() == []
    assert report.slips("segmentation") == []


@pytest.mark.parametrize("n_customers", [20, 60])
def test_few_customers(study, simulated, n_customers):
    settings = simulated(simulation={"n_customers": n_customers})
    folder, report = study("few", settings)
    assert main(["run", str(folder), "--chapter", "segmentation"]) == 0
    assert report.warnings() == []
    assert report.slips("segmentation") == []


@pytest.fixture(scope="module")
def segmented(lasting_study, simulated):
    """Run chapter 03 of one small firm, again and again, with other parameters."""
    # Booked costs would stand in the place of the cost of a contact that is assumed.
    run, report = lasting_study(simulated(lost=["costs"]))

    def measure(*given):
        sets = [word for each in given for word in ("--set", each)]
        assert run("--chapter", "segmentation", *sets) == 0
        assert report.warnings() == []
        assert report.slips("segmentation") == []
        return report.values()

    return measure


@pytest.fixture(scope="module")
def as_told(segmented):
    """Give the numbers of the parameters' defaults."""
    return segmented()


def test_without_costs(as_told):
    """The fixtures have looked for warnings and slips."""
    assert as_told


#: Changed together: no other parameter of the group reaches the model named beside one.
TRIED = (
    {
        "RFM_WEIGHTS=3 2 1": "rfm.",
        "N_WINDOWS=3": "migration_steps.",
        "N_REPLICATES=6": "kmeans.",
        "CONTACT_COST=2.0": "budget.",
        "HORIZON_WEEKS=8.0": "grid.",
    },
    {"N_BINS=4": "rfm.", "MARGIN_SHARE=0.6": "grid."},
    {
        "RFM_CUTS=90 180 270 360; 2 4 6 10; 50 100 300 1000": "migration.",
        "BUDGET_SHARE=0.6": "budget.",
        "ANNUAL_DISCOUNT_RATE=0.5": "grid.",
    },
    {"CUT_SHARE=0.6": "forecasts.", "N_SEGMENTS=3": "kmeans."},
)


@pytest.mark.parametrize("group", TRIED, ids=lambda group: " ".join(group))
def test_every_parameter_of_segmentation_changes_a_number(segmented, as_told, untouched, group):
    found = segmented(*(f"segmentation.{given}" for given in group))
    assert untouched(group, as_told, found) == []


def test_every_parameter_of_segmentation_is_tried():
    names = {given.partition("=")[0] for group in TRIED for given in group}
    assert names | {"STUDY", "DATASET"} == set(GATES["segmentation"].model_fields)
