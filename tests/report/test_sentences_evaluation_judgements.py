"""What is said of a panel is true of one expert and of many, complete or not."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.judgements.overview import review_judgements
from crmstudy.report.sentences.evaluation.judgements import read_judgements


def panel(judged: dict[str, list[object]], names: tuple[str, ...] = ("a_x", "b", "c")):
    """Read experts' upper triangles of one matrix, None where a pair was left open."""
    pairs = [(one, other) for i, one in enumerate(names) for other in names[i + 1 :]]
    rows = [
        (expert, "criteria", *pair, value)
        for expert, values in judged.items()
        for pair, value in zip(pairs, values, strict=True)
        if value is not None
    ]
    table = pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])
    return review_judgements(table, hierarchy={name: [f"x{name}"] for name in names})


def test_one_expert():
    said = read_judgements(panel({"Li": [3]}, ("a", "b")))
    assert said == (
        "1 expert (Li) judged 1 matrix with 1 pair. One expert's weights are one person's opinion."
    )


def test_experts_who_disagree():
    said = read_judgements(panel({"Li": [3, 1, 1], "Wu": ["1/3", 1, 2]}), remark="Made up.")
    assert said == (
        "2 experts (Li and Wu) judged 1 matrix with 3 pairs each. Made up. No pair was left open. "
        "On 1 pair of 3 some experts hold the one element for more important and some the other. "
        "They lie furthest apart on a x against b: from 1/3 to 3 times. An average of such "
        "judgements is nobody's opinion."
    )


def test_experts_who_agree():
    said = read_judgements(panel({"Li": [3, 1, 1], "Wu": [3, 1, 1]}))
    assert said.endswith("All experts gave the same judgement on every pair.")


def test_ties_and_no_opposition():
    said = read_judgements(panel({"Li": [3, 3, 1], "Wu": [1, 1, 1]}))
    assert "On none of 3 pairs do experts hold opposite elements for more important." in said
    assert "furthest apart on 2 pairs alike, such as a x against b: from 1 to 3 times" in said
    # Of 1, 2 and 3 the average is what one of them said.
    assert "nobody's opinion" not in said


def test_open_pairs():
    said = read_judgements(panel({"Li": [3, None, 1], "Wu": [1, 1, 1]}))
    assert "1 pair of 6 (16.7%) was left open by Li and filled in by what the other" in said
    assert "In 1 matrix the judgements only just link all elements" in said
    both = read_judgements(panel({"Li": [3, None, 1], "Wu": [None, 1, 1]}))
    assert "2 pairs of 6 (33.3%) were left open by Li and Wu" in both
    assert "In 2 matrices" in both


@pytest.mark.parametrize("n", [7, 30])
def test_many_experts_are_counted(n):
    said = read_judgements(panel({f"E{k}": [1 + k % 3, None if k else 1, 1] for k in range(n)}))
    assert said.startswith(f"{n} experts judged 1 matrix with 3 pairs each.")
    assert ("left open by E1" in said) == (n == 7)


def test_absence_is_said_once():
    said = read_judgements(NotAvailable("no table judgements"), remark="Made up.")
    assert said == "Not available: no table judgements."
