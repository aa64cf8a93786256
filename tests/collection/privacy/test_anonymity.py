"""k-anonymity and l-diversity, against the examples of the papers that introduced them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.privacy.anonymity import measure_anonymity
from crmstudy.collection.privacy.generalise import band, generalise, keep_prefix
from crmstudy.errors import DataError, ModelError, NotAvailable

# Sweeney (2002), Figure 2: 2-anonymous by race, birth, gender and ZIP.
SWEENEY = pd.DataFrame(
    [
        ("Black", 1965, "m", "0214*", "short breath"),
        ("Black", 1965, "m", "0214*", "chest pain"),
        ("Black", 1965, "f", "0213*", "hypertension"),
        ("Black", 1965, "f", "0213*", "hypertension"),
        ("Black", 1964, "f", "0213*", "obesity"),
        ("Black", 1964, "f", "0213*", "chest pain"),
        ("White", 1964, "m", "0213*", "chest pain"),
        ("White", 1964, "m", "0213*", "obesity"),
        ("White", 1964, "m", "0213*", "short breath"),
        ("White", 1967, "m", "0213*", "chest pain"),
        ("White", 1967, "m", "0213*", "chest pain"),
    ],
    columns=["race", "birth", "gender", "zip", "problem"],
)
QUASI = ["race", "birth", "gender", "zip"]

# Machanavajjhala et al. (2007), Figure 1: inpatient microdata.
INPATIENTS = pd.DataFrame(
    [
        ("13053", 28, "Russian", "heart disease"),
        ("13068", 29, "American", "heart disease"),
        ("13068", 21, "Japanese", "viral infection"),
        ("13053", 23, "American", "viral infection"),
        ("14853", 50, "Indian", "cancer"),
        ("14853", 55, "Russian", "heart disease"),
        ("14850", 47, "American", "viral infection"),
        ("14850", 49, "American", "viral infection"),
        ("13053", 31, "American", "cancer"),
        ("13053", 37, "Indian", "cancer"),
        ("13068", 36, "Japanese", "cancer"),
        ("13068", 35, "American", "cancer"),
    ],
    columns=["zip", "age", "nationality", "condition"],
)
# Figures 2 and 3: the same rows made 4-anonymous, and 3-diverse.
FOUR_ANONYMOUS = INPATIENTS.assign(
    zip=["130**"] * 4 + ["1485*"] * 4 + ["130**"] * 4,
    age=["< 30"] * 4 + [">= 40"] * 4 + ["3*"] * 4,
    nationality="*",
)
THREE_DIVERSE = INPATIENTS.assign(
    zip=[f"{z[:4]}*" for z in INPATIENTS["zip"]],
    age=["> 40" if a > 40 else "<= 40" for a in INPATIENTS["age"]],
    nationality="*",
)
PLACE = ["zip", "age", "nationality"]


def measured(frame, quasi, sensitive, k, l):  # noqa: E741
    return measure_anonymity(frame, quasi_identifiers=quasi, sensitive=[sensitive], k=k, l=l)


def test_sweeney_2002_figure_2():
    found = measured(SWEENEY, QUASI, "problem", 2, 2)
    assert (found.persons, found.classes, found.smallest_class) == (11, 5, 2)
    assert found.share_below == 0
    # Two of its five classes hold one problem only.
    assert found.diversity[0].distinct == 1
    assert found.diversity[0].persons_below == 4
    assert [check.passed for check in found.checks()] == [True, False]


def test_machanavajjhala_2007_figures_1_to_3():
    raw = measured(INPATIENTS, PLACE, "condition", 4, 3)
    assert (raw.smallest_class, raw.unique, raw.share_below) == (1, 12, 1.0)
    four = measured(FOUR_ANONYMOUS, PLACE, "condition", 4, 3)
    assert (four.smallest_class, four.classes) == (4, 3)
    assert four.diversity[0].distinct == 1
    assert not four.holds
    three = measured(THREE_DIVERSE, PLACE, "condition", 4, 3)
    assert (three.smallest_class, three.diversity[0].distinct) == (4, 3)
    assert three.holds
    # The paper calls the table 2.8-diverse by entropy.
    assert three.diversity[0].entropy == pytest.approx(2.8, abs=0.05)


def test_entropy_of_equal_and_of_single_values():
    frame = pd.DataFrame({"q": [1] * 6 + [2] * 2, "s": [*"abcabc", *"aa"]})
    by_class = [
        measured(frame[frame["q"] == q], ["q"], "s", 2, 2).diversity[0].entropy for q in (1, 2)
    ]
    assert by_class == pytest.approx([3, 1])
    assert measured(frame, ["q"], "s", 2, 2).diversity[0].entropy == pytest.approx(1)


def test_shares_and_metrics():
    frame = pd.DataFrame({"q": ["a"] * 6 + ["b", "b", "c", None]})
    found = measure_anonymity(frame, quasi_identifiers=["q"], k=5)
    assert (found.persons_below, found.share_below, found.unique) == (4, 0.4, 2)
    assert found.to_metrics()["smallest_class"] == 1
    assert found.table()["value"].tolist() == [10, 4, 1, 4, 0.4, 2]
    assert isinstance(found.diversity, NotAvailable)


def test_law_neither_order_nor_names_matter():
    shuffled = SWEENEY.sample(frac=1, random_state=2).rename(columns={"zip": "place"})
    quasi = ["place", "gender", "birth", "race"]
    first, second = (
        measured(frame, names, "problem", 2, 2)
        for frame, names in ((SWEENEY, QUASI), (shuffled, quasi))
    )
    assert first.to_metrics() == second.to_metrics()
    assert first.diversity == second.diversity


def test_law_more_quasi_identifiers_never_hide_better():
    draws = np.random.default_rng(4).integers(0, 3, (200, 3))
    frame = pd.DataFrame(draws, columns=[*"abc"])
    sizes = [
        measure_anonymity(frame, quasi_identifiers=[*"abc"[:n]], k=5).smallest_class
        for n in (1, 2, 3)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_missing_sensitive_values_say_nothing():
    frame = pd.DataFrame({"q": ["a"] * 3 + ["b"] * 2, "s": ["x", "y", None, None, None]})
    found = measured(frame, ["q"], "s", 2, 2)
    assert (found.diversity[0].distinct, found.diversity[0].persons_below) == (2, 0)


def test_nothing_to_measure():
    frame = pd.DataFrame({"q": [1]})
    assert measure_anonymity(frame, quasi_identifiers=[]).reason.startswith("no column")
    assert measure_anonymity(frame[:0], quasi_identifiers=["q"]).reason == "no person"
    with pytest.raises(DataError, match=r"no column 'age' to measure .* there are: q; correct"):
        measure_anonymity(frame, quasi_identifiers=["age"])


def test_bands_and_prefixes():
    years = pd.Series([1979, 1980, 1989, None])
    assert band(years, width=10).tolist()[:3] == ["1970-1979", "1980-1989", "1980-1989"]
    assert band(years, width=10).isna().tolist() == [False, False, False, True]
    codes = pd.Series(["13053", "130", None])
    assert keep_prefix(codes, length=3).tolist()[:2] == ["130**", "130"]
    assert keep_prefix(codes, length=3).isna().tolist() == [False, False, True]


def test_generalised_until_k_is_reached():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "birth_year": rng.integers(1940, 2005, 500),
            "postcode": rng.choice(["10115", "10117", "20095", "80331", "80333"], 500),
            "sex": rng.choice(["f", "m"], 500),
        }
    )
    quasi = ["birth_year", "postcode", "sex"]
    for k in (2, 5, 20, 500):
        found = generalise(frame, quasi_identifiers=quasi, k=k)
        again = measure_anonymity(found.frame, quasi_identifiers=quasi, k=k)
        assert again.smallest_class == found.smallest_class >= k
        assert (len(found.frame), found.left_out) == (500, 0)
    assert set(found.steps.values()) == {"not published"}
    two = generalise(frame, quasi_identifiers=quasi, k=2).steps
    assert two["birth_year"].startswith("bands of")
    assert two["postcode"].startswith("first")
    assert two["sex"] == "as it is"


def test_a_few_may_be_left_out_instead():
    frame = pd.DataFrame({"sex": ["f"] * 50 + ["m"] * 49 + ["x"]})
    kept = generalise(frame, quasi_identifiers=["sex"], k=5, leave_out=0.02)
    assert (kept.left_out, kept.steps["sex"], len(kept.frame)) == (1, "as it is", 99)
    assert generalise(frame, quasi_identifiers=["sex"], k=5).steps["sex"] == "not published"


def test_too_few_persons_for_k():
    with pytest.raises(ModelError, match="3 persons cannot be made 5-anonymous"):
        generalise(pd.DataFrame({"q": [1, 2, 3]}), quasi_identifiers=["q"], k=5)
