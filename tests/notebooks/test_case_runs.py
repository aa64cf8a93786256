"""Chapters 00 and 07 run on small firms: less in study.yml, other parameters."""

import pytest

from crmstudy.chapters import GATES
from crmstudy.cli import main

pytestmark = pytest.mark.slow
DESIGN, CASE = "research_design", "case_study"


def keep_only(settings, tables):
    kept = {name: table for name, table in settings["tables"].items() if name in tables}
    return {**settings, "tables": kept, "privacy": {"purpose": ""}}


@pytest.mark.parametrize("chapter", [DESIGN, CASE])
@pytest.mark.parametrize(
    "tables", [{"judgements"}, {"survey", "invitations"}, {"transactions"}, {"contacts"}]
)
def test_one_table_alone(study, simulated, chapter, tables):
    settings = keep_only(simulated(hypotheses=[], implementation=None), tables)
    folder, report = study("alone", settings)
    assert main(["run", str(folder), "--chapter", chapter]) == 0
    assert report.warnings() == []
    assert report.slips(chapter) == []


@pytest.fixture(scope="module")
def chapter_run(lasting_study, simulated):
    """Run single chapters of one firm, again and again, with other parameters."""
    run, report = lasting_study(simulated(simulation={"n_customers": 900}))

    def measure(chapter, *given):
        sets = [word for each in given for word in ("--set", f"{chapter}.{each}")]
        assert run("--chapter", chapter, *sets) == 0
        assert report.warnings() == []
        assert report.slips(chapter) == []
        return {name: v for name, v in report.values().items() if name.startswith(f"{chapter}.")}

    return measure


@pytest.fixture(scope="module")
def as_told(chapter_run):
    """Give the numbers of the parameters' defaults."""
    return {chapter: chapter_run(chapter) for chapter in (DESIGN, CASE)}


#: Changed together: no other parameter of the group reaches the part named beside one.
TRIED = {
    DESIGN: (
        {
            "ALPHA=0.01": "designs.cases_two_groups",
            "BASE_RATE=0.2": "experiment.customers_plain",
            "MODEL=direct_only": "survey.",
            "PRECISION=0.2": "value.customers_52_weeks",
            "N_GROUPS=6": "designs.cases_groups",
        },
        {
            "POWER=0.9": "designs.cases_two_groups",
            "LIFT=0.4": "experiment.customers_plain",
            "N_REPLICATES=30": "value.customers_52_weeks",
            "PRE_CORRELATION=0.7": "experiment.customers_covariate",
        },
        {"DIFFERENCE=0.3": "designs.cases_two_groups"},
    ),
    CASE: (
        {
            "OUTCOME=n_purchases": "did.effect",
            "CHANGED_ON=2025-03-01": "waits.median_before",
            "UNIT=quarter": "periods.n_units",
            "COMPARISON=matching": "adjusted.adjusted_effect",
            "SEGMENT=region": "segments.segments",
        },
        {
            "N_PERIODS=3": "windows.windows_before",
            "CONFIDENCE=0.9": "complaints.difference_lower",
            "OPERATOR=min-max": "periods.score_",
            "N_DRAWS=150": "return_draws.mean",
        },
        {"JUDGEMENT_NOISE=1.0": "periods.lower_"},
    ),
}


@pytest.mark.parametrize(
    ("chapter", "group"), [(name, group) for name, groups in TRIED.items() for group in groups]
)
def test_every_parameter_changes_a_number(chapter_run, as_told, untouched, chapter, group):
    found = chapter_run(chapter, *group)
    assert untouched(group, as_told[chapter], found) == []


def test_a_narrower_caliper_matches_fewer(chapter_run):
    """Only matching asks for it."""
    wide, narrow = (
        chapter_run(CASE, "COMPARISON=matching", f"CALIPER={width}") for width in ("0.2", "0.001")
    )
    name = f"{CASE}.firm.adjusted.adjusted_n_treated"
    assert narrow[name] < wide[name]


def test_every_parameter_is_tried():
    for chapter, groups in TRIED.items():
        names = {given.partition("=")[0] for group in groups for given in group}
        # The campaign is the only one; a caliper is for matching, tried above.
        known = {"STUDY", "DATASET", "CAMPAIGN_ID", "CALIPER"}
        assert names | known >= set(GATES[chapter].model_fields)
        assert names <= set(GATES[chapter].model_fields)


def test_the_known_effect_is_found(as_told):
    """The coupon adds a quarter of a purchase; the desk answers in half the time."""
    found = as_told[CASE]
    assert found[f"{CASE}.firm.experiment.claim_allowed"] == 1
    assert found[f"{CASE}.firm.verdict.lower"] > 0
    assert 0.4 < found[f"{CASE}.firm.waits.median_ratio"] < 0.65
