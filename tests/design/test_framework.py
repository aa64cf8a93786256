"""The register and the framework of a study, read from its settings alone."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.collection.study import StudyData
from crmstudy.design.framework.diagram import build_framework, join_ids
from crmstudy.design.framework.register import count_cases, false_alarms, register_hypotheses
from crmstudy.design.framework.theories import (
    THEORIES,
    cite_keys,
    tabulate_constructs,
    tabulate_theories,
)
from crmstudy.design.planning.designs import list_designs, suppose_paths
from crmstudy.design.planning.needs import count_respondents, plan_hypotheses
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.settings import Study, StudySettings

CONSTRUCTS = {
    "perceived_quality": {"label": "感知质量", "items": ["Q1", "Q2"]},
    "satisfaction": {"label": "顾客满意", "items": ["S1", "S2"]},
    "loyalty": {"label": "顾客忠诚", "items": ["L1", "L2"]},
}
DECIDED = {
    "H1": ("customer_analysis", "group_difference", "+"),
    "H2": ("customer_value", "concentration", "+"),
    "H3": ("satisfaction_loyalty", "perceived_quality_satisfaction", "+"),
    "H4": ("satisfaction_loyalty", "indirect_perceived_quality_loyalty", "+"),
    "H5": ("satisfaction_loyalty", "satisfaction_loyalty", "+"),
    "H6": ("satisfaction_loyalty", "satisfied_defectors", "-"),
    "H7": ("satisfaction_loyalty", "moderation_price", "+"),
    "H8": ("satisfaction_loyalty", "moderation_weather", "+"),
    "H9": ("satisfaction_loyalty", "satisfaction_repurchase", "+"),
    "H10": ("case_study", "campaign_effect", "+"),
    "H11": ("satisfaction_loyalty", "nothing_known", "-"),
}
DESIGNS = {"difference": 0.2, "n_groups": 4, "base": 0.1, "lift": 0.2, "correlation": 0.5}


class Counted:
    """A database of which only rows are asked for."""

    def __init__(self, survey):
        self.survey = survey

    def query(self, sql):
        assert sql.startswith("SELECT count(DISTINCT customer_id)")
        return pd.DataFrame({"n": [321]})

    def table(self, dataset, table):
        return NotAvailable("no survey") if self.survey is None else self.survey


def make_study(*ids, tables=("transactions", "customers", "survey", "campaigns"), survey=None):
    settings = StudySettings.model_validate(
        {
            "title": "t",
            "seed": 1,
            "tables": {table: {"file": f"{table}.csv"} for table in tables},
            "instrument": {
                "constructs": CONSTRUCTS,
                "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
                "moderators": {"price": {"label": "价格", "items": ["Q1"]}},
            },
            "hypotheses": [
                {
                    "id": name,
                    "statement": f"Statement {name}.",
                    "chapter": DECIDED[name][0],
                    "decided_by": DECIDED[name][1],
                    "expected_sign": DECIDED[name][2],
                }
                for name in ids
            ],
        }
    )
    study = Study(SimpleNamespace(name="shop"), settings)
    return StudyData(study, Counted(survey))


@pytest.fixture(name="data")
def give_data():
    survey = pd.DataFrame({"customer_id": ["a", None, "c"], "Q1": [1, 2, 3]})
    return make_study(*DECIDED, survey=survey)


def test_each_hypothesis_is_about_its_pair(data):
    about = register_hypotheses(data).table().set_index("hypothesis")["about"]
    assert about["H3"] == "感知质量 → 顾客满意"  # names may hold underscores
    assert about["H4"] == "感知质量 → 顾客忠诚"
    assert about["H7"] == "价格 on the path to 顾客忠诚"
    assert about["H10"] == "Campaign → Revenue"
    assert about["H11"] == "unknown"


def test_data_here_follows_tables_and_settings(data):
    here = register_hypotheses(data).table().set_index("hypothesis")["data here"]
    assert here["H8"] == "no: study.yml does not define the moderator weather"
    assert here["H11"] == "no: study.yml does not define a result named nothing_known"
    assert (here.drop(["H8", "H11"]) == "yes").all()


@pytest.mark.parametrize(
    ("tables", "testable"),
    [
        (("transactions",), {"H2"}),
        (("transactions", "customers"), {"H1", "H2"}),
        (("transactions", "campaigns"), {"H2", "H10"}),
        (("survey",), {"H3", "H4", "H5", "H6", "H7"}),
        (("a.survey", "b.transactions"), {"H2", "H3", "H4", "H5", "H6", "H7"}),
        (("a.survey", "a.transactions"), {"H2", "H3", "H4", "H5", "H6", "H7", "H9"}),
    ],
)
def test_tables_that_are_missing_forbid_tests(tables, testable):
    register = register_hypotheses(make_study(*DECIDED, tables=tables))
    assert {entry.hypothesis.id for entry in register.testable} == testable


def test_order_of_tables_does_not_matter():
    tables = ("transactions", "customers", "survey", "campaigns")
    one = register_hypotheses(make_study(*DECIDED, tables=tables))
    other = register_hypotheses(make_study(*DECIDED, tables=tables[::-1]))
    assert one.table().equals(other.table())


def test_chance_of_false_support(data):
    """1 - .975^9 for nine testable hypotheses at .05, and the union bound above it."""
    chance = register_hypotheses(data).tabulate_chance()["value"]
    assert chance[1] == 9
    assert chance[3] == pytest.approx(1 - 0.975**9)
    assert chance[4] == pytest.approx(1 - 0.95**9)
    assert chance[5] == pytest.approx(0.05 / 9)
    assert false_alarms(9, 0.05) < 9 * 0.05


def test_cases_are_rows_and_nothing_else(data):
    counted = {e.hypothesis.id: count_cases(e, data) for e in register_hypotheses(data).entries}
    assert counted["H1"] == counted["H10"] == 321
    assert counted["H5"] == 3
    assert counted["H9"] == 2  # one respondent is no known customer
    assert isinstance(counted["H8"], NotAvailable)
    assert count_respondents(data) == 3
    assert count_respondents(make_study("H1", tables=("transactions",))) == 200


def test_framework_gathers_hypotheses_about_one_pair(data):
    framework = build_framework(register_hypotheses(data), data)
    table = framework.table().set_index("hypotheses")
    assert table.loc["H5, H6", "expected sign"] == "differs"
    assert table.loc["H7", "to"] == "顾客满意 → 顾客忠诚"
    assert table.loc["H8", "data here"] == "no"
    assert framework.undrawn == ("H11",)
    assert framework.chapters["segmentation"] == ()
    drawn = [e.hypothesis.id for arrow in framework.arrows for e in arrow.entries]
    assert sorted(drawn) == sorted(set(DECIDED) - {"H11"})


def test_layers_follow_the_paths(data):
    nodes = {n.name: n for n in build_framework(register_hypotheses(data), data).nodes}
    layers = [nodes[name].layer for name in ("perceived_quality", "satisfaction", "loyalty")]
    assert layers == [0, 1, 2]
    assert nodes["moderator:price"].band == "moderators"
    assert nodes["revenue"].band == "behaviour"


def test_without_hypotheses_nothing_is_planned():
    data = make_study()
    register = register_hypotheses(data)
    assert isinstance(register, NotAvailable)
    assert isinstance(build_framework(register, data), NotAvailable)
    designs = list_designs(**DESIGNS)
    assert isinstance(plan_hypotheses(register, data, designs=designs), NotAvailable)


def test_ids_are_joined_to_runs():
    assert join_ids(("H3", "H4", "H5", "H9", "H11", "H12")) == "H3–H5, H9, H11, H12"
    assert join_ids(("H1a", "H1b")) == "H1a, H1b"
    assert join_ids(()) == ""


def test_every_construct_says_what_measures_it():
    table = tabulate_constructs(make_study("H1", tables=("transactions",))).set_index("construct")
    assert table.loc["顾客满意", "measured here by"] == "not measured: no answers"
    assert table.loc["顾客满意", "source"] == "oliver1980"
    assert table.loc["Segment", "measured here by"] == "table transactions"
    assert table.loc["感知质量", "definition"] == "defined by its items"


def test_theories_have_sources_and_letters():
    assert [one.letter for one in THEORIES] == list("abcde")
    assert not tabulate_theories().eq("").any(axis=None)
    assert len(cite_keys()) == len(set(cite_keys()))


def test_keys_stand_in_the_bibliography():
    text = (Path(__file__).parents[2] / "references.bib").read_text(encoding="utf-8")
    assert [key for key in cite_keys() if f"{{{key}," not in text] == []


def needed_path(n, lower, upper, kind="found", upper_kind="found"):
    ends = {"source": "satisfaction", "target": "loyalty"}
    return SimpleNamespace(**ends, n=n, lower=lower, upper=upper, kind=kind, upper_kind=upper_kind)


@pytest.mark.parametrize(
    ("path", "enough", "written"),
    [
        (needed_path(90.2, 80.0, 99.5), "yes", "91 (80 – 100)"),
        (needed_path(100.0, 90.0, 110.0), "not known", "100 (90 – 110)"),
        (needed_path(130.0, 120.0, 140.0), "no", "130 (120 – 140)"),
        (needed_path(90.0, 80.0, 90.0, "more", "more"), "not known", "more than 90"),
        (needed_path(2000.0, 2000.0, 2000.0, "more", "more"), "no", "more than 2,000"),
    ],
)
def test_paths_need_what_was_simulated(path, enough, written):
    data = make_study("H5", survey=pd.DataFrame({"Q1": range(100)}))
    register = register_hypotheses(data)
    supposed = {("satisfaction", "loyalty"): 0.3}
    needs = plan_hypotheses(
        register, data, designs=list_designs(**DESIGNS), paths=(path,), effects=supposed
    )
    row = needs.table().iloc[0]
    assert (row["cases needed"], row["enough"]) == (written, enough)
    assert row["effect supposed"] == "standardised path of 0.3"


def test_formulas_decide_the_others(data):
    table = plan_hypotheses(
        register_hypotheses(data),
        data,
        designs=list_designs(**DESIGNS),
        paths=NotAvailable("no model"),
        effects=NotAvailable("no model"),
    ).table()
    rows = table.set_index("hypothesis")
    assert rows.loc["H10", "cases needed"] == "494"  # 247 a group, Frison & Pocock (1992)
    assert rows.loc["H10", "enough"] == "no"
    assert rows.loc["H2", "enough"] == "yes"
    assert rows.loc["H5", "enough"] == "not known"
    assert rows.loc["H6", "enough"] == "no"  # 3 respondents, fewer than are needed of a part


def test_a_part_of_enough_may_be_too_few():
    data = make_study("H6", survey=pd.DataFrame({"Q1": range(900)}))
    needs = plan_hypotheses(register_hypotheses(data), data, designs=list_designs(**DESIGNS))
    assert needs.to_metrics() == {"enough": 0, "too_few": 0, "not_known": 1}


def test_one_difference_stands_for_all_designs():
    """d of two equal groups is the correlation d / sqrt(d^2 + 4): the same test, the same n."""
    cases = list_designs(**DESIGNS).to_metrics()
    assert cases["cases_two_groups"] == 788
    assert cases["cases_correlation"] == pytest.approx(788, abs=3)
    assert cases["cases_regression"] == pytest.approx(788, abs=3)


def test_many_paths_share_what_a_construct_can_take():
    paths = [SimpleNamespace(source=name, target="y") for name in "abcd"]
    paths.append(SimpleNamespace(source="y", target="z"))
    supposed = suppose_paths(paths)
    assert supposed["a", "y"] == pytest.approx(0.2)
    assert supposed["y", "z"] == 0.3


def test_a_lift_beyond_one_leaves_the_shares_out():
    designs = list_designs(**{**DESIGNS, "base": 0.9})
    assert "two_shares" not in {one.key for one in designs.designs}
    with pytest.raises(ModelError, match="a positive difference"):
        list_designs(**{**DESIGNS, "difference": 0.0})


def test_curves_rise_and_pass_the_power_at_the_cases_needed():
    designs = list_designs(**DESIGNS)
    for name, own in designs.curves().groupby("design"):
        assert own["power"].is_monotonic_increasing, name
        needed = next(one for one in designs.designs if one.name == name).cases(0.8)
        assert own["cases"].min() < needed < own["cases"].max()
