"""Chapter 05 run on small firms: less in study.yml, few respondents, other parameters."""

import pytest

from crmstudy.chapters import GATES
from crmstudy.cli import main

pytestmark = pytest.mark.slow
ONLY_SURVEY = {"survey", "invitations"}  # invitations say who was asked


def keep_only(settings, tables):
    kept = {name: table for name, table in settings["tables"].items() if name in tables}
    return {**settings, "tables": kept, "privacy": {"purpose": ""}}


def test_a_survey_alone_without_focus_moderators_or_models(study, simulated):
    settings = keep_only(simulated(hypotheses=[]), ONLY_SURVEY)
    asked = {"focus": {}, "moderators": {}, "models": {}}
    settings["instrument"] = {**settings["instrument"], **asked}
    folder, report = study("survey", settings)
    assert main(["run", str(folder), "--chapter", "satisfaction_loyalty"]) == 0
    assert report.warnings() == []
    assert report.slips("satisfaction_loyalty") == []


def test_a_refused_model_shows_no_finding(study, simulated):
    """Forty customers leave fewer respondents than the model has parameters."""
    folder, report = study("few", simulated(simulation={"n_customers": 40}))
    assert main(["run", str(folder), "--chapter", "satisfaction_loyalty"]) == 0
    assert report.warnings() == []
    assert report.slips("satisfaction_loyalty") == []
    found = report.values()
    name = "satisfaction_loyalty.few.satisfaction_index"
    assert not any(key.startswith((f"{name}.std_", f"{name}.chi2")) for key in found)
    assert found[f"{name}_hypotheses.n_supported"] == 0


@pytest.fixture(scope="module")
def surveyed(lasting_study, simulated):
    """Run chapter 05 of one small firm, again and again, with other parameters."""
    settings = simulated(simulation={"n_customers": 900})
    wanted = {*ONLY_SURVEY, "customers", "transactions"}
    run, report = lasting_study(keep_only(settings, wanted))

    def measure(*given):
        sets = [word for each in given for word in ("--set", f"satisfaction_loyalty.{each}")]
        assert run("--chapter", "satisfaction_loyalty", *sets) == 0
        assert report.warnings() == []
        return report.values()

    return measure


@pytest.fixture(scope="module")
def as_told(surveyed):
    """Give the numbers of the parameters' defaults."""
    return surveyed()


#: Changed together: no other parameter of the group reaches the part named beside one.
TRIED = (
    {
        "N_BOOTSTRAP=120": "satisfaction_index_bootstrap.",
        "GROUP=region": "satisfaction_index_invariance.",
        "SATISFIED_FROM=65.0": "satisfaction_index_defectors.share_of_satisfied",
        "REPURCHASE_WEEKS=6": "satisfaction_index_repurchase.",
        "N_POWER_DRAWS=30": "satisfaction_index_power.",
        "RIVAL=direct_only": "partial_mediation_rival.",
    },
    {
        "CONFIDENCE=0.9": "satisfaction_index_reliability.alpha_lower_",
        "LOYAL_UNTIL=60.0": "satisfaction_index_defectors.share_of_satisfied",
        "POWER=0.9": "satisfaction_index_fit_power.",
        "DIVISOR=n-1": "satisfaction_index.chi2",
    },
    {"MISSING=fiml": "satisfaction_index.chi2"},
    {"MODEL=direct_only": "satisfaction_index.chi2"},
)


@pytest.mark.parametrize("group", TRIED, ids=lambda group: " ".join(group))
def test_every_parameter_changes_a_number(surveyed, as_told, untouched, group):
    found = surveyed(*group)
    assert untouched(group, as_told, found) == []


def test_every_parameter_is_tried():
    names = {given.partition("=")[0] for group in TRIED for given in group}
    assert names | {"STUDY", "DATASET"} == set(GATES["satisfaction_loyalty"].model_fields)
