"""The text of chapter 08 follows the data: an effect turned round gives the opposite sentence."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow
#: Path from satisfaction to loyalty in the simulated firm, and the verdict it must give.
FLIPS = {"supported": 0.65, "contradicted": -0.65, "undecided": 0.0}
SURVEY = {"survey", "invitations"}  # the hypothesis needs no more
LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module")
def told(lasting_study, simulated):
    """Run a firm for each effect; give what chapter 08 says and the report's folder."""
    reports = {}
    for verdict, effect in FLIPS.items():
        settings = simulated(
            simulation={"n_customers": 900, "sem_satisfaction_loyalty": effect},
            privacy={"purpose": ""},
        )
        kept = {name: t for name, t in settings["tables"].items() if name in SURVEY}
        run, report = lasting_study({**settings, "tables": kept})
        assert run() == 0
        assert report.slips("conclusions") == []
        reports[verdict] = report.folder
    return reports


def read(folder, name):
    return (folder / "text/conclusions" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("verdict", FLIPS)
def test_the_sentence_follows_the_effect(told, verdict):
    [line] = [line for line in read(told[verdict], "findings").splitlines() if "**H5**" in line]
    assert f"This is {verdict}" in line


def test_the_recommendation_follows_too(told):
    plain, turned = (
        read(told[word], "recommendations_reading") for word in ("supported", "contradicted")
    )
    [line] = [line for line in plain.splitlines() if "**Test first: improve " in line]
    assert "an association alone" in line
    turned_lines = [line for line in turned.splitlines() if ": improve " in line]
    assert not any("an association alone" in line for line in turned_lines)


def test_what_is_undecided_is_open_and_what_is_decided_is_not(told):
    for verdict, folder in told.items():
        assert ("**H5** (undecided)" in read(folder, "outlook_reading")) == (verdict == "undecided")


def test_every_recommendation_says_that_its_data_are_simulated(told):
    lines = [
        line
        for folder in told.values()
        for line in read(folder, "recommendations_reading").splitlines()
        if re.match(r"\d+\. ", line)
    ]
    assert lines
    assert [line for line in lines if "simulated data" not in line] == []


def test_every_link_leads_somewhere(told):
    for folder in told.values():
        texts = [file.read_text("utf-8") for file in folder.glob("t*/conclusions/*.md")]
        links = {link for text in texts for link in LINK.findall(text)}
        assert links
        assert [link for link in links if not (folder / link).is_file()] == []
