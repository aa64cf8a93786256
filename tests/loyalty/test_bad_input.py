"""Bad input is refused once, by name, where a user meets it: in study.yml, files, or a model."""

from itertools import chain

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.warehouse import check_inputs
from crmstudy.errors import DataError, ModelError, SettingsError, attempt
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.measurement.reliability import assess_reliability
from crmstudy.loyalty.model.named import build_named_model, tabulate_instrument, tabulate_models
from crmstudy.loyalty.questionnaire.reading import recode_reversed
from crmstudy.loyalty.questionnaire.screen import screen_items

CONSTRUCTS = {
    "quality": {"label": "感知质量", "items": ["质量一", "质量二", "质量三"]},
    "satisfaction": {"label": "顾客满意", "items": ["满意一", "满意二", "满意三"]},
    "loyalty": {"label": "顾客忠诚", "items": ["忠诚"]},
}
ITEMS = [*chain.from_iterable(each["items"] for each in CONSTRUCTS.values())]
INSTRUMENT = {
    "scale": [1, 10],
    "constructs": CONSTRUCTS,
    "items": {"质量三": {"text": "我后悔在这里购物。", "reverse": True}},
    "models": {
        "index": {"paths": [["quality", "satisfaction"], ["satisfaction", "loyalty"]]},
    },
}


def draw(n=200):
    rng = np.random.default_rng(5)
    quality = rng.normal(size=n)
    satisfaction = 0.7 * quality + 0.7 * rng.normal(size=n)
    loyalty = 0.6 * satisfaction + 0.8 * rng.normal(size=n)
    causes = [quality] * 2 + [-quality] + [satisfaction] * 3 + [loyalty]
    columns = [5.5 + 1.5 * cause + rng.normal(size=n) for cause in causes]
    answers = np.clip(np.rint(np.column_stack(columns)), 1, 10)
    return pd.DataFrame(answers, columns=ITEMS)


@pytest.fixture
def survey():
    return draw()


def change(instrument, place, value):
    """Copy an instrument with another value at a dotted place."""
    head, _, rest = place.partition(".")
    inside = change(instrument.get(head, {}), rest, value) if rest else value
    return {**instrument, head: inside}


def write(survey):
    return survey.assign(respondent_id=range(len(survey))).to_csv(index=False)


# --- study.yml -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (
            "models.index.items",
            {"quality": ["质量九"]},
            "model 'index' names an unknown item '质量九'",
        ),
        ("models.index.paths", [["quality", "satisfation"]], "did you mean 'satisfaction'"),
        ("models.index.constructs", ["quality", "value"], "unknown construct 'value'"),
        (
            "models.index.constructs",
            ["quality", "satisfaction"],
            "speaks of the construct 'loyalty', which it does not list",
        ),
        ("models.index.constructs", [*CONSTRUCTS, "loyalty"], "the construct 'loyalty' twice"),
        (
            "models.index.paths",
            [["quality", "satisfaction"], ["satisfaction", "quality"]],
            "model 'index': the paths form a cycle: ",
        ),
        ("models.index.paths", [["loyalty", "loyalty"]], "form a cycle: loyalty -> loyalty"),
        (
            "models.index.paths",
            [["quality", "loyalty"], ["quality", "loyalty"]],
            "model 'index' lists the path quality -> loyalty twice",
        ),
        (
            "models.index.items",
            {"loyalty": ["忠诚", "质量一"]},
            "model 'index': item '质量一' stands in two constructs",
        ),
        (
            "models.index.items",
            {"loyalty": ["忠诚", "忠诚"]},
            "model 'index': item '忠诚' stands twice in 'loyalty'",
        ),
        ("models.index.covariances", [["质量一", "质量八"]], "unknown item or construct '质量八'"),
        (
            "constructs.loyalty",
            {"label": "L", "items": ["质量一"]},
            "item '质量一' stands in two constructs ('quality' and 'loyalty'); keep it in one",
        ),
        (
            "constructs.loyalty",
            {"label": "L", "items": ["忠诚", "忠诚"]},
            "item '忠诚' stands twice in 'loyalty'",
        ),
        ("constructs.loyalty.label", "感知质量", "two constructs have the label '感知质量'"),
        ("constructs.loyalty.label", "", "constructs.loyalty.label: String should have at least 1"),
        ("missing", [9], "missing code 9 of item '质量一' is on its scale, and on that of 6 more"),
        ("items.质量三.missing", [10], "missing code 10 of item '质量三' is on its scale"),
        ("focus", {"satisfaction": "contentment"}, "focus 'satisfaction' names an unknown"),
        ("moderators", {"price": {"label": "P", "items": ["价格"]}}, "unknown item '价格'"),
        ("moderators", {"price": {"label": "P", "items": ["忠诚", "忠诚"]}}, "'忠诚' twice"),
    ],
)
def test_study_yml(make_study, place, value, said):
    with pytest.raises(SettingsError) as caught:
        make_study({"survey": {"file": "s.csv"}}, instrument=change(INSTRUMENT, place, value))
    assert said in str(caught.value)
    assert "study.yml" in str(caught.value)


def test_a_moderator_of_the_path_it_moderates(make_study):
    instrument = {
        **INSTRUMENT,
        "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
        "moderators": {"price": {"label": "P", "items": ["质量一", "满意二"]}},
    }
    with pytest.raises(SettingsError, match="uses item '满意二' of 'satisfaction', which it would"):
        make_study({"survey": {"file": "s.csv"}}, instrument=instrument)


def test_missing_codes_of_all_items_and_of_one(make_study):
    instrument = change(change(INSTRUMENT, "missing", [-9, 99]), "items.质量三.missing", [0])
    study = make_study({"survey": {"file": "s.csv"}}, instrument=instrument)
    found = study.settings.instrument
    assert found.codes("质量一") == (-9, 99)
    assert found.table()["质量三"]["missing"] == (-9, 99, 0)


# --- the file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.drop(columns="满意二"), "a required column"),
        (lambda s: s.astype({"满意二": object}).replace({"满意二": {7.0: "很好"}}), "'很好'"),
        (lambda s: s.assign(满意二=11), "a number from 1 to 10"),
        (lambda s: s.assign(满意二=-99), "a number from 1 to 10"),
    ],
)
def test_the_file_of_the_survey(make_study, survey, spoil, said):
    study = make_study(
        {"survey": {"file": "s.csv"}}, {"s.csv": write(spoil(survey))}, instrument=INSTRUMENT
    )
    _, problems = check_inputs(study)
    assert [problem.column for problem in problems] == ["满意二"] * len(problems)
    assert said in str(problems[0])


# --- the model -----------------------------------------------------------------------------


@pytest.fixture
def model(make_study):
    study = make_study({"survey": {"file": "s.csv"}}, instrument=INSTRUMENT)
    return build_named_model(study.settings.instrument.model_dump(), "", position=0)


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda s: s.assign(满意二=7), ModelError, "constant: 7 in all 200 .*; take it out"),
        (
            lambda s: s.assign(满意二=np.nan),
            ModelError,
            "'满意二' was answered by none of 200 .*out",
        ),
        (lambda s: s.head(7), ModelError, "7 complete respondents .* too few for 7 items"),
        (lambda s: s.head(0), ModelError, "0 complete respondents"),
        (lambda s: s * np.nan, ModelError, r"0 complete respondents \(200 left out"),
        (
            lambda s: s.drop(columns="满意二"),
            ModelError,
            "item '满意二' of satisfaction is not a c",
        ),
        (lambda s: s.assign(满意二="x"), DataError, "item '满意二', row 0: 'x' is not a finite"),
    ],
)
def test_fit_sem(survey, model, spoil, error, said):
    with pytest.raises(error, match=said):
        fit_sem(spoil(survey), model=model)


def test_a_chapter_prints_the_reason(survey, model):
    gone = attempt(fit_sem, survey.assign(满意二=7), model=model)
    assert str(gone.loadings()).startswith("not available: item '满意二' is constant")


@pytest.mark.parametrize("answer", [0, 11, -99])
def test_an_answer_off_the_scale(survey, answer):
    instrument = {
        item: {"construct": "", "minimum": 1, "maximum": 10, "reverse": False} for item in ITEMS
    }
    survey.loc[4, "质量一"] = answer
    with pytest.raises(DataError, match=r"item '质量一', row 4: .* off the scale 1 to 10"):
        screen_items(survey, instrument=instrument)


def test_missing_codes_become_gaps_and_are_counted(survey):
    instrument = {
        item: {"construct": "", "minimum": 1, "maximum": 10, "reverse": item == "质量三"}
        for item in ITEMS
    }
    instrument["质量三"]["missing"] = (0.0, 99.0)
    survey.loc[[2, 5], "质量三"] = [0, 99]
    survey.loc[7, "质量三"] = np.nan
    table = screen_items(survey, instrument=instrument).table().set_index("item")
    assert table.loc["质量三", ["missing", "missing by code"]].tolist() == [3, 2]
    assert table.loc["质量三", "highest"] <= 10
    assert table.loc["质量一", ["missing", "missing by code"]].tolist() == [0, 0]
    turned = recode_reversed(survey, instrument=instrument)
    assert turned.index[turned["质量三"].isna()].tolist() == [2, 5, 7]
    assert survey.loc[2, "质量三"] == 0
    survey.loc[3, "质量一"] = 99  # a code of another item
    with pytest.raises(DataError, match="item '质量一', row 3"):
        screen_items(survey, instrument=instrument)


# --- what is allowed, and said -------------------------------------------------------------


def test_a_construct_of_one_item_is_allowed_and_said(survey, model):
    found = fit_sem(survey, model=model)
    assert found.notes == ("loyalty has one item (忠诚): taken as measured without error",)
    [said] = assess_reliability(found).notes
    assert said.startswith("one item, so that reliability cannot be estimated")
    assert said.endswith("顾客忠诚")


def test_a_whole_model_of_single_items_is_a_path_model(survey):
    spec = {
        "constructs": {f"c{k}": {"items": [item]} for k, item in enumerate(ITEMS[:3])},
        "models": {"p": {"paths": [["c0", "c1"], ["c1", "c2"]]}},
    }
    found = fit_sem(survey, model=build_named_model(spec, "", position=0))
    assert len(found.notes) == 3
    assert found.structure.df == 1
    x, y = survey["质量一"], survey["质量二"]
    assert found.paths()["estimate"].iloc[0] == pytest.approx(x.cov(y) / x.var(), rel=1e-8)


def test_chinese_names_from_the_file_to_the_estimates(make_study, survey):
    study = make_study(
        {"survey": {"file": "s.csv"}}, {"s.csv": write(survey)}, instrument=INSTRUMENT
    )
    [loaded], problems = check_inputs(study)
    assert not problems
    instrument, read = study.settings.instrument, loaded.frame()
    assert tabulate_instrument(instrument.table(), read)["construct"].iloc[0] == "感知质量"
    paths = tabulate_models(instrument.model_dump())["paths"].iloc[0]
    assert paths == "感知质量 → 顾客满意; 顾客满意 → 顾客忠诚"
    answers = recode_reversed(read, instrument=instrument.table())
    found = fit_sem(answers, model=build_named_model(instrument.model_dump(), "", position=0))
    assert found.admissible
    assert found.loadings()["estimate"].min() > 0  # 质量三 was turned round
    assert found.paths()["estimate"].tolist() == pytest.approx([0.7, 0.6], abs=0.2)
