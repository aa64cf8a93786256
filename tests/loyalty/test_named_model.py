"""The models that an instrument names."""

import pandas as pd
import pytest

from crmstudy.errors import ModelError, SettingsError
from crmstudy.loyalty import build_named_model, name_model, tabulate_instrument

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
