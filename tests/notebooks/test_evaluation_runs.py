"""Chapter 06 run on small firms: less in study.yml, other parameters."""

import pytest

from crmstudy.chapters import GATES
from crmstudy.cli import main

pytestmark = pytest.mark.slow
CHAPTER = "performance_evaluation"


def keep_only(settings, tables):
    kept = {name: table for name, table in settings["tables"].items() if name in tables}
    return {**settings, "tables": kept, "privacy": {"purpose": ""}}


@pytest.mark.parametrize("tables", [{"judgements"}, {"survey", "invitations"}, {"transactions"}])
def test_one_table_alone(study, simulated, tables):
    settings = keep_only(simulated(hypotheses=[]), tables)
    folder, report = study("alone", settings)
    assert main(["run", str(folder), "--chapter", CHAPTER]) == 0
    assert report.warnings() == []
    assert report.slips(CHAPTER) == []
    weighed = any(".ahp.weight_" in name for name in report.values())
    assert weighed == ("judgements" in tables)
    # Without experts the data's weights rank the units.
    ranked = any(".combined_weights.weight_" in name for name in report.values())
    assert ranked == ("transactions" in tables)


@pytest.fixture(scope="module")
def evaluated(lasting_study, simulated):
    """Run chapter 06 of one small firm, again and again, with other parameters."""
    run, report = lasting_study(simulated())

    def measure(*given):
        sets = [word for each in given for word in ("--set", f"{CHAPTER}.{each}")]
        assert run("--chapter", CHAPTER, *sets) == 0
        assert report.warnings() == []
        return report.values()

    return measure


@pytest.fixture(scope="module")
def as_told(evaluated):
    """Give the numbers of the parameters' defaults."""
    return evaluated()


#: Changed together: no other parameter of the group reaches the part named beside one.
TRIED = (
    {
        "ANNUAL_DISCOUNT_RATE=0.3": "indicators.lifetime_value",
        "RANDOM_INDEX=saaty_1980": "ahp.consistency_ratio_",
        "COMBINATION=multiplicative": "combined_weights.weight_",
        "SHAPE=gaussian": "fuzzy.membership_",
        "JUDGEMENT_NOISE=0.4": "uncertainty.criterion_weight_lower_",
    },
    {
        "HORIZON_WEEKS=26.0": "indicators.lifetime_value",
        "AGGREGATION=priorities": "ahp.weight_",
        "UNIT=region": "ranking.",
        "OPERATOR=min-max": "fuzzy.grade_value",
        "CONFIDENCE=0.9": "indicators.recommendation_rate_lower",
    },
    {"PRIORITY=geometric_mean": "ahp.weight_", "N_DRAWS=150": "grade_uncertainty."},
)


@pytest.mark.parametrize("group", TRIED, ids=lambda group: " ".join(group))
def test_every_parameter_changes_a_number(evaluated, as_told, untouched, group):
    found = evaluated(*group)
    assert untouched(group, as_told, found) == []


def test_another_data_set_has_other_units(study, simulated):
    """Units of a data set that the study evaluates no further are compared all the same."""
    settings = simulated(hypotheses=[], privacy={"purpose": ""})
    ledger = settings["tables"]["transactions"]
    settings["tables"] = {**settings["tables"], "shop.transactions": ledger}
    folder, report = study("two", settings)
    units = ["--set", f"{CHAPTER}.UNITS_DATASET=shop", "--set", f"{CHAPTER}.UNIT=channel"]
    assert main(["run", str(folder), "--chapter", CHAPTER, *units]) == 0
    assert report.warnings() == []
    assert any(name.startswith(f"{CHAPTER}.shop.ranking.") for name in report.values())


def test_every_parameter_is_tried():
    names = {given.partition("=")[0] for group in TRIED for given in group}
    assert names | {"STUDY", "DATASET", "UNITS_DATASET"} == set(GATES[CHAPTER].model_fields)
