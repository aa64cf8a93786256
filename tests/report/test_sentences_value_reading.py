"""The reading of chapter 04: one sentence of each part, whatever is absent."""

from __future__ import annotations

from types import SimpleNamespace

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences import read_value
from crmstudy.report.sentences.value.reading import _say_stand_in

ABSENT = NotAvailable("the study has no table transactions")
PARTS = (
    "Purchase model",
    "Lifetime value",
    "Basic, added and potential value",
    "Concentration",
    "Lifecycle",
    "Early warning",
    "Recommendation",
)
ONE = ("cdnow", "cdnow")


def concentration():
    metrics = {"top_decile_share": 0.5, "top_quintile_share": 0.7, "gini": 0.6}
    limits = {f"{n}_{end}": 0.1 for n in ("top_decile", "top_quintile", "gini") for end in ENDS}
    known = SimpleNamespace(unknown=0)
    return SimpleNamespace(
        to_metrics=lambda: {**metrics, **limits}, level=0.95, concentration=known
    )


ENDS = ("lower", "upper")


def test_every_absent_part_is_named_once():
    said = read_value(*[ABSENT] * 7, currency="USD", datasets=ONE)
    assert said == "\n\n".join(f"{part}: {ABSENT}." for part in PARTS)


def test_what_is_there_is_said_in_the_order_of_the_chapter():
    said = read_value(*[ABSENT] * 3, concentration(), *[ABSENT] * 3, currency="USD", datasets=ONE)
    assert "Concentration:" not in said
    assert "The top tenth of the customers brought 50.0% of the revenue" in said
    assert said.index("Lifetime value:") < said.index("The top tenth") < said.index("Lifecycle:")


def test_another_model_behind_lifetime_value_is_named():
    choice = SimpleNamespace(result=SimpleNamespace(model="MBG/NBD"))
    intervals = SimpleNamespace(values=SimpleNamespace(model="BG/NBD"))
    said = _say_stand_in(choice, intervals)
    assert said.startswith("From the whole period the MBG/NBD model cannot be estimated;")
    assert "rests on the BG/NBD model" in said
    intervals.values.model = "MBG/NBD"
    assert not _say_stand_in(choice, intervals)
    assert not _say_stand_in(ABSENT, intervals)


def test_another_data_set_is_named_before_what_rests_on_it():
    said = read_value(*[ABSENT] * 7, currency="USD", datasets=("cdnow", "grocer"))
    note = "What follows rests on grocer, not on cdnow."
    assert said.index("Lifecycle:") < said.index(note) < said.index("Early warning:")
    assert note not in read_value(*[ABSENT] * 7, currency="USD", datasets=ONE)
