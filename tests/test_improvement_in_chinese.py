"""Whatever the blocks investment and implementation refuse is said in Chinese, too."""

import re

import pytest
from pydantic import ValidationError

from crmstudy.improvement import ImplementationSpec, InvestmentSpec
from crmstudy.strict_yaml import OWN_RULES

FLOW = {"label": "A", "value": 1, "low": 1, "high": 1}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (InvestmentSpec, {"carried": {"value": 2, "low": 3, "high": 4}}),
        (InvestmentSpec, {"carried": 2}),
        (InvestmentSpec, {"annual_discount_rate": 1}),
        (InvestmentSpec, {"costs": [{**FLOW, "low": -1}]}),
        (InvestmentSpec, {"costs": [FLOW, FLOW]}),
        (InvestmentSpec, {"booked_from": "2025-02-01", "booked_until": "2025-01-01"}),
        (ImplementationSpec, {"phases": {"needs": [{"task": "A"}]}}),
        (ImplementationSpec, {"phases": {"needs": [{"task": "A", "indicator": "x"}]}}),
        (
            ImplementationSpec,
            {"phases": {"needs": [{"task": "A", "indicator": "x", "target": 1, "baseline": 1}]}},
        ),
    ],
)
def test_every_rule_has_a_translation(model, given):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    text = caught.value.errors()[0]["msg"].removeprefix("Value error, ")
    assert any(re.fullmatch(pattern, text) for pattern, _ in OWN_RULES), text
