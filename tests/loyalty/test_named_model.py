"""The models that an instrument names."""

import pandas as pd
import pytest

from crmstudy.errors import ModelError, SettingsError
from crmstudy.loyalty import build_named_model, name_model, tabulate_instrument, tabulate_models

INSTRUMENT = {
    "constructs": {
        "quality": {"label": "Q", "items": ["Q1", "Q2"]},
        "loyalty": {"label": "L", "items": ["L1", "L2"]},
    },
    "models": {
        "first": {"paths": [("quality", "loyalty")], "note": "a remark for readers"},
        "second": {"paths": [("loyalty", "quality")]},
    },
}


def test_without_a_name_the_position_decides():
    assert name_model(INSTRUMENT, "", position=0) == "first"
    assert build_named_model(INSTRUMENT, "", position=1).paths[0].source == "loyalty"
    assert name_model({"models": {}}, "", position=0) == "none"


def test_a_name_decides_whatever_the_position():
    assert build_named_model(INSTRUMENT, "second", position=0).name == "second"


def test_an_unknown_name():
    with pytest.raises(
        SettingsError, match=r"no model 'frist' in study\.yml; did you mean 'first'"
    ):
        build_named_model(INSTRUMENT, "frist", position=0)


@pytest.mark.parametrize(("position", "words"), [(0, "names no model"), (1, "no rival model")])
def test_no_model_there(position, words):
    with pytest.raises(ModelError, match=words):
        build_named_model({**INSTRUMENT, "models": {}}, "", position=position)


def test_only_items_of_the_survey_are_listed():
    spec = {"construct": "quality", "text": "", "minimum": 1, "maximum": 7, "reverse": True}
    table = tabulate_instrument({"Q1": spec, "Q2": spec}, pd.DataFrame({"Q2": [1.0]}))
    assert table.to_dict("records") == [
        {
            "item": "Q2",
            "construct": "quality",
            "wording": "not given",
            "scale": "1–7",
            "reversed": "yes",
        }
    ]


def test_labels_roles_and_missing_codes_are_printed():
    spec = {"construct": "quality", "text": "Good?", "minimum": 0, "maximum": 10, "reverse": False}
    asked = {**spec, "label": "Perceived quality", "roles": ("overall_satisfaction",)}
    coded = {**spec, "construct": "", "missing": (-9.0, 99.0)}
    survey = pd.DataFrame({"Q1": [1.0], "Q2": [2.0]})
    table = tabulate_instrument({"Q1": asked, "Q2": coded}, survey)
    assert table["construct"].tolist() == ["Perceived quality", "none"]
    assert table["asks for"].tolist() == ["overall satisfaction", "–"]
    assert table["missing codes"].tolist() == ["none", "-9; 99"]


def test_models_are_printed_with_the_labels_of_their_constructs():
    models = {
        "first": {"paths": [("quality", "loyalty")], "items": {"loyalty": ["L1"]}, "note": ""},
        "second": {"paths": [], "items": {}, "note": "only measured"},
    }
    table = tabulate_models({**INSTRUMENT, "models": models})
    assert table["paths"].tolist() == ["Q → L", "none"]
    assert table["own items"].tolist() == ["L: L1", "none"]
    assert table["note"].tolist() == ["none", "only measured"]
