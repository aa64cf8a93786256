"""Which hypotheses a study can register: only those that some chapter decides."""

from types import SimpleNamespace

import pytest

from crmstudy.errors import SettingsError
from crmstudy.instrument import Instrument
from crmstudy.runner.notebooks import list_verdicts, resolve_parameters
from crmstudy.settings import StudySettings

INSTRUMENT = Instrument.model_validate(
    {
        "constructs": {name: {"label": name, "items": [name[:2]]} for name in ("q", "s", "l")},
        "models": {"short": {"paths": [["q", "s"], ["s", "l"]]}},
        "moderators": {"price": {"label": "Price", "items": ["q"]}},
    }
)


def test_chapter_05_has_a_verdict_for_each_path_route_and_moderator():
    named = list_verdicts(INSTRUMENT)["satisfaction_loyalty"]
    assert {"q_s", "s_l", "indirect_q_l", "moderation_price", "gap_expectation"} <= set(named)
    assert "q_l" not in named
    assert "moderation_service" not in named


def test_without_a_model_the_questions_of_the_chapter_remain():
    named = list_verdicts(Instrument())["satisfaction_loyalty"]
    assert set(named) == {
        "gap_expectation",
        "satisfaction_curvature",
        "satisfied_defectors",
        "satisfaction_repurchase",
    }


@pytest.mark.parametrize(
    ("chapter", "decided_by", "message"),
    [
        ("satisfaction_loyalty", "moderation_prize", "moderation_prize.*moderation_price"),
        ("segmentation", "q_s", "hypothesis H1: chapter 'segmentation' decides no hypothesis"),
    ],
)
def test_a_mistyped_hypothesis_is_refused(chapter, decided_by, message):
    entry = {
        "id": "H1",
        "statement": "One goes with the other.",
        "expected_sign": "+",
        "chapter": chapter,
        "decided_by": decided_by,
    }
    settings = StudySettings.model_validate(
        {
            "title": "A study",
            "seed": 1,
            "tables": {"survey": {"simulated": "survey"}},
            "hypotheses": [entry],
            "instrument": INSTRUMENT.model_dump(),
        }
    )
    study = SimpleNamespace(settings=settings)
    with pytest.raises(SettingsError, match=message):
        resolve_parameters(study, {}, {})
