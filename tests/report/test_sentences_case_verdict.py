"""Which design decides about the campaign, in words."""

from types import SimpleNamespace

import pytest

from crmstudy.case.returns.benefit import choose_estimate
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.case.verdict import read_chosen_design

CAMPAIGN = SimpleNamespace(treated_ids=("a", "b"))
ABSENT = NotAvailable("nobody was held back")


def design(effect, *, allowed):
    return SimpleNamespace(effect=effect, standard_error=1.0, claim_allowed=allowed)


def say(**designs):
    chosen = choose_estimate({name.replace("_", " "): one for name, one in designs.items()})
    return read_chosen_design(chosen, CAMPAIGN, outcome="revenue")


def test_the_first_design_whose_checks_hold_decides():
    said = say(experiment=ABSENT, one=design(3, allowed=False), two=design(5, allowed=True))
    assert "Not available: experiment." in said
    assert "The checks of one do not allow" in said
    assert "The two decides: 5.00 in revenue" in said
    assert "3.04 to 6.96, 2 customers addressed), read as the effect" in said
    assert "sign" not in said


def test_without_a_sound_design_it_is_an_association():
    said = say(one=design(3, allowed=False), two=design(-5, allowed=False))
    assert "The checks of one and two do not allow" in said
    assert "the one gives 3.00" in said
    assert said.endswith("an association. The designs do not even agree on the sign.")


@pytest.mark.parametrize("reason", ["no campaigns"])
def test_no_design_at_all_is_said(reason):
    absent = NotAvailable(reason)
    assert read_chosen_design(absent, CAMPAIGN, outcome="revenue") is absent
