"""What is said of priorities is true of any map."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.priorities.map import PriorityMap
from crmstudy.report.sentences.loyalty.priorities import read_priorities


def build_map(*rows):
    """One row a driver: label, importance, lower, gain, share first, behind, through."""
    ranks, rank = [], 0
    for row in rows:
        rank += row[2] > 0
        ranks.append(rank if row[2] > 0 else None)
    drivers = pd.DataFrame(
        {
            "name": [row[0].lower() for row in rows],
            "construct": [row[0] for row in rows],
            "importance": [row[1] for row in rows],
            "importance lower": [row[2] for row in rows],
            "importance upper": [row[1] + 0.2 for row in rows],
            "performance": 60.0,
            "gain": [row[3] for row in rows],
            "gain lower": [row[3] - 0.5 for row in rows],
            "gain upper": [row[3] + 0.5 for row in rows],
            "ranked first": [row[4] for row in rows],
            "behind the first": [row[5] for row in rows],
            "improved through": [row[6] for row in rows],
            "rank": pd.array(ranks, dtype="Int64"),
        }
    )
    items = pd.DataFrame(
        {
            "item": [f"{row[0][:2].upper()}1" for row in rows],
            "construct": [row[0] for row in rows],
            "rank": drivers["rank"],
        }
    )
    return PriorityMap("loyalty", "Loyalty", (61.0, 59.5, 62.5), drivers, items, 250, 1_000, 0.95)


TRUST = ("Trust", 0.5, 0.3, 2.0, 0.97, "first", "Care")
CARE = ("Care", 0.3, 0.1, 1.5, 0.03, "surely", "its own items")
NEAR = ("Care", 0.3, 0.1, 1.5, 0.03, "not surely", "its own items")
PRICE = ("Price", -0.2, -0.4, -0.8, 0.0, "not ranked", "its own items")
NOISE = ("Noise", 0.1, -0.1, 0.2, 0.0, "not ranked", "its own items")


def test_the_first_and_its_surety_are_said():
    said = read_priorities(build_map(TRUST, CARE))
    assert "Loyalty stands at 61.0 of 100 points (95% interval from 59.5 to 62.5)." in said
    assert "Most is to be gained with Trust: one point of it goes with 0.50 points" in said
    assert "97.0% of the bootstrap samples, surely before the other." in said
    assert (
        "improved through Care; of what no construct of the model explains, Care is first" in said
    )
    assert "TR1 of Trust has the most to gain" in said
    assert "no priorit" not in said


def test_ties_are_said():
    said = read_priorities(build_map(TRUST, NEAR))
    assert "and Care is not surely behind it." in said
    both = read_priorities(build_map(TRUST, NEAR, ("Ease", *NEAR[1:])))
    assert "Care and Ease are not surely behind it." in both
    three = read_priorities(build_map(TRUST, CARE, ("Ease", *CARE[1:])))
    assert "surely before the others." in three


def test_negative_and_uncertain_drivers_are_said():
    one = read_priorities(build_map(TRUST, PRICE))
    assert "Price is no priority: the interval of its effect reaches zero or below." in one
    two = read_priorities(build_map(TRUST, NOISE, PRICE))
    assert "Noise and Price are no priorities: the intervals of their effects reach zero" in two


def test_nothing_to_rank_is_said():
    said = read_priorities(build_map(NOISE, PRICE))
    assert "No construct of the model surely raises it, so nothing is ranked." in said
    assert "Most is to be gained" not in said
    assert "no priorit" not in said


def test_a_single_driver_has_no_rivals():
    said = read_priorities(build_map(CARE))
    assert "Most is to be gained with Care" in said
    assert "comes first" not in said
    assert "itself an outcome" not in said


def test_one_point_is_singular():
    assert "one point of it goes with 1.00 point of Loyalty" in read_priorities(
        build_map(("Trust", 1.0, *TRUST[2:]))
    )


def test_absent_maps_give_their_reason_once():
    absent = NotAvailable("the model is inadmissible")
    assert read_priorities(absent, absent) == "Not available: the model is inadmissible."
    both = read_priorities(build_map(CARE), absent)
    assert both.endswith("Not available: the model is inadmissible.")


def test_level_of_the_interval_is_said():
    assert "90% interval" in read_priorities(replace(build_map(CARE), level=0.9))
