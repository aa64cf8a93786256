"""P-values from intervals and their adjustment for the number of hypotheses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.conclusions.multiplicity import adjust_verdicts, derive_p
from crmstudy.errors import NotAvailable


def judge(*rows):
    names = ["effect", "lower", "upper", "p", "verdict"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype(dict.fromkeys(names[:4], "float64"))


def told(p, verdict="supported"):
    return (2.0, 1.0, 3.0, p, verdict)


def test_p_from_an_interval_as_altman_and_bland_compute_it():
    """Altman & Bland (2011): difference of 3.0 with 95% interval -0.3 to 6.3.

    Their formula gives z = 3.0 / ((6.3 + 0.3) / (2 x 1.96)) = 1.782, P = .075.
    """
    assert derive_p(3.0, -0.3, 6.3) == pytest.approx(0.075, abs=5e-4)


@pytest.mark.parametrize("bounds", [(0.5, 0.1, 2.0), (1.0, 1.0, 1.0), (np.nan, 0, 1)])
def test_no_p_is_made_up_for_an_interval_of_unknown_form(bounds):
    assert derive_p(*bounds) is None


def test_p_does_not_hang_on_the_unit_or_the_sign():
    plain = derive_p(2.0, -1.0, 5.0)
    assert derive_p(2000.0, -1000.0, 5000.0) == pytest.approx(plain, rel=1e-12)
    assert derive_p(-2.0, -5.0, 1.0) == pytest.approx(plain, rel=1e-12)


def test_holm_by_hand():
    """Holm (1979): the k-th smallest of m times m - k + 1, never falling."""
    found = adjust_verdicts(judge(told(0.01), told(0.04), told(0.03), told(0.005)))
    assert found["p adjusted"].tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert found["survives"].tolist() == ["yes", "no", "no", "yes"]


def test_benjamini_and_hochberg_1995_table_of_fifteen():
    """Benjamini & Hochberg (1995), section 4: of 15 p-values four are found at .05, Holm three."""
    given = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    rows = judge(*(told(p) for p in given))
    counts = {
        name: (adjust_verdicts(rows, correction=name)["survives"] == "yes").sum()
        for name in ("holm", "benjamini-hochberg")
    }
    assert counts == {"holm": 3, "benjamini-hochberg": 4}


def test_the_family_is_what_was_tested_and_has_a_p_value():
    rows = judge(
        told(0.02),
        told(0.02, "withheld"),
        (np.nan, np.nan, np.nan, np.nan, "not tested"),
        (0.5, 0.1, 2.0, np.nan, "supported"),
        (3.0, -0.3, 6.3, np.nan, "undecided"),
    )
    found = adjust_verdicts(rows)
    assert found["p from"].tolist() == [
        "its chapter",
        "its chapter",
        "not tested",
        "the interval is not symmetric",
        "its normal interval",
    ]
    assert found["p adjusted"].notna().tolist() == [True, True, False, False, True]
    assert found["p adjusted"].iloc[0] == pytest.approx(0.06)
    assert found["survives"].tolist() == ["no", "", "", "", ""]


def test_order_of_the_rows_does_not_matter():
    rows = judge(told(0.01), told(0.04), told(0.03))
    turned = adjust_verdicts(rows.iloc[::-1])
    pd.testing.assert_frame_equal(turned.iloc[::-1], adjust_verdicts(rows))


def test_nothing_registered_is_passed_on():
    assert adjust_verdicts(NotAvailable("none")) == NotAvailable("none")
