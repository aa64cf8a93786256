"""Sentences claim no more than their numbers: hand-made results at every edge."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences import (
    count_ledgers,
    read_analysis,
    read_case,
    read_collection,
    read_conclusions,
    read_evaluation,
    read_loyalty,
    read_segmentation,
)
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)

ABSENT = NotAvailable("the study has no table ECSI survey")
PARTS = dict.fromkeys(("moderation", "defectors", "priorities"), ABSENT)


# --- words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.05, "p = .050"),
        (0.001, "p = .001"),
        (0.00099, "p < .001"),
        (0.0, "p < .001"),
        (1.0, "p = 1.000"),
    ],
)
def test_p_values(value, written):
    assert p_value(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1234.5, "1,234.50"),
        (-0.5, "−0.50"),
        (0.0012, "0.0012"),
        (-0.0012, "−0.0012"),
        (0.0, "0.00"),
    ],
)
def test_numbers(value, written):
    assert number(value) == written


def test_counts_and_lists():
    assert [count_of(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert [enumerate_words(list("abc")[:n]) for n in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert percent(0.1234) == "12.3%"


def test_reasons_are_said_once_and_keep_their_names():
    said = compose("First.", ABSENT, "", ABSENT)
    assert said == "First. Not available: the study has no table ECSI survey."


# --- nothing there ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "n"),
    [
        (read_analysis, 2),
        (read_case, 2),
        (read_evaluation, 3),
        (partial(read_loyalty, **PARTS), 4),
        (read_segmentation, 2),
    ],
)
def test_a_chapter_without_data_says_why_and_nothing_else(read, n):
    assert read(*[ABSENT] * n) == "Not available: the study has no table ECSI survey."


@pytest.mark.parametrize("read", [read_conclusions, count_ledgers])
def test_absence_passes(read):
    assert read(ABSENT) is ABSENT


# --- chapter 01 ---------------------------------------------------------------------


def sources(read: int, kept: int) -> pd.DataFrame:
    return pd.DataFrame({"rows read": [read], "rows kept": [kept], "data set": ["firm"]})


COMPLETE = pd.DataFrame(
    {"its empty share": [0.0], "emptiest column": ["none"], "data set": ["firm"], "table": ["t"]}
)


def links(*rates: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "match rate": rates,
            "every id expected": [True] * len(rates),
            "link": [f"t.x in l{i}" for i in range(len(rates))],
            "data set": "firm",
        }
    )


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (10, "10 rows were read and nothing was left out."),
        (9, "10 rows were read and 1 row was left out."),
        (8, "10 rows were read and 2 rows were left out."),
    ],
)
def test_rows_left_out(kept, said):
    text = read_collection(sources(10, kept), COMPLETE, ABSENT, ABSENT)
    assert text.startswith(f"The study holds 1 table in 1 data set: {said}")


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ((1.0, 1.0), "Every identifier is found in the table it points to."),
        ((0.5,), "The one link between tables does not match completely: t.x in l0 in firm"),
        ((1.0, 0.25), "Of 2 links between tables 1 matches completely; the weakest is t.x in l1"),
    ],
)
def test_links(rates, said):
    assert said in read_collection(sources(1, 1), COMPLETE, links(*rates), ABSENT)


@pytest.mark.parametrize(
    ("zero", "said"),
    [
        (0, "No purchase line has a revenue of zero."),
        (1, "1 of 4 purchase lines (25.00%) has a revenue of zero."),
        (2, "2 of 4 purchase lines (50.00%) have a revenue of zero."),
    ],
)
def test_lines_without_revenue(zero, said):
    ledgers = pd.DataFrame({"revenue is zero": [zero], "lines": [4]})
    assert said in read_collection(sources(1, 1), COMPLETE, ABSENT, ledgers)


@pytest.mark.parametrize(("share", "said"), [(0.05, "of a table: plan in"), (0.049, "No column")])
def test_gaps(share, said):
    table = COMPLETE.assign(**{"its empty share": share, "emptiest column": "plan"})
    assert said in read_collection(sources(1, 1), table, ABSENT, ABSENT)


# --- chapter 02 ---------------------------------------------------------------------


def summary(n: int, mean: float, median: float) -> pd.DataFrame:
    return pd.DataFrame({"variable": ["revenue"], "n": [n], "mean": [mean], "median": [median]})


@pytest.mark.parametrize(
    ("n", "mean", "median", "said"),
    [
        (1, 5.0, 5.0, "The only customer spent 5.00."),
        (9, 5.0, 5.0, "half of them 5.00 or less: mean and median lie close together."),
        (9, 9.0, 5.0, "large customers pull the mean up"),
        (9, 3.0, 5.0, "small customers pull the mean down"),
        (9, 3.0, 0.0, "large customers pull the mean up"),
        (9, 0.0, 0.0, "mean and median lie close together"),
        (9, -1.0, -2.0, "large customers pull the mean up"),
        (9, -3.0, -2.0, "small customers pull the mean down"),
    ],
)
def test_averages(n, mean, median, said):
    assert said in read_analysis(summary(n, mean, median), ABSENT)


def groups(p: float, adjusted: list[float], eta: float = 0.0) -> SimpleNamespace:
    names = [f"g{i}" for i in range(len(adjusted) + 1)]
    return SimpleNamespace(
        welch=Hypothesis("equal means", 2.0, p, "F"),
        pairs=pd.DataFrame({"p_adjusted": adjusted}),
        eta_squared=eta,
        groups=pd.DataFrame({"mean": range(len(names))}, index=names),
        outcome="mean_basket",
        group="income",
        n=40,
        left_out=pd.DataFrame(index=["g9"]),
    )


def test_p_of_exactly_five_percent_is_no_demonstration():
    text = read_analysis(ABSENT, groups(0.05, [0.05]))
    assert "Among the 40 customers whose income is known (1 small group left out), mean" in text
    assert "mean mean basket does not differ demonstrably between the 2 groups" in text
    assert "0.0% of the variance in this sample." in text
    assert "(Welch's test, p = .050)" in text
    assert "0 of 1 pair differ after" in text


def test_differences():
    text = read_analysis(ABSENT, groups(0.0499, [0.01, 0.2], eta=0.14))
    assert "differs between the 3 groups" in text
    assert "a large effect" in text
    assert "1 of 2 pairs differs after" in text


@pytest.mark.parametrize("part", ["welch", "pairs"])
def test_groups_that_cannot_be_compared(part):
    comparison = groups(0.01, [0.01])
    setattr(comparison, part, NotAvailable("group 'Q' does not vary"))
    text = read_analysis(ABSENT, comparison)
    assert "The groups by income are not compared. Not available: group 'Q' does not vary." in text
    assert "Welch" not in text


# --- chapter 05 ---------------------------------------------------------------------


MET = pd.DataFrame({"index": ["CFI", "SRMR", "AIC"], "met": ["no", "yes", ""]})


def fitted(admissible: bool, n_used: int = 1, n_dropped: int = 0, p: float = 0.05) -> object:
    fit = {
        "p_value": p,
        "chi2": 1.0,
        "df": 3,
        "cfi": 0.9,
        "rmsea": 0.05,
        "rmsea_lower": 0.0,
        "rmsea_upper": 0.1,
        "srmr": 0.04,
    }
    paths = pd.DataFrame(
        {
            "source": ["a", "b"],
            "target": ["c", "c"],
            "standardised": [-0.6, 0.5],
            "p value": [0.05, 0.049],
        }
    )
    absent = NotAvailable("the solution is not admissible")
    return SimpleNamespace(
        n_used=n_used,
        n_dropped=n_dropped,
        missing="listwise",
        admissible=admissible,
        checks=(Check("no variance below zero", admissible, -1.0, "> 0", "X", "refused"),),
        fit=SimpleNamespace(to_metrics=lambda: fit, table=lambda: MET) if admissible else absent,
        paths=lambda: paths if admissible else absent,
        model=SimpleNamespace(
            name="full",
            constructs=[SimpleNamespace(name=name, label=name) for name in ("a", "b", "c")],
        ),
    )


def test_an_inadmissible_model_shows_no_estimate():
    rival = fitted(False)
    assert "rival" not in read_loyalty(fitted(False), ABSENT, ABSENT, rival, **PARTS)
    rival.model.name = "half"
    text = read_loyalty(fitted(False), ABSENT, ABSENT, rival, **PARTS)
    assert "1 respondent answered all items of the model; the solution is not admissible: " in text
    assert "No estimate of the model is shown." in text
    assert "The rival model 'half' is refused: 1 check of the gate fails, so" in text
    for word in ("CFI", "Standardised", "strongest"):
        assert word not in text


@pytest.mark.parametrize(("p", "word"), [(0.05, "does not reject"), (0.049, "rejects")])
def test_exact_fit(p, word):
    assert f"The test of exact fit {word} the model" in read_loyalty(
        fitted(True, p=p), ABSENT, ABSENT, ABSENT, **PARTS
    )


def test_conventions_that_are_missed_are_named():
    text = read_loyalty(fitted(True), ABSENT, ABSENT, ABSENT, **PARTS)
    assert "Of 2 measures with a conventional threshold 1 misses it (CFI)" in text


def test_paths_not_told_apart_from_zero_are_called_so():
    text = read_loyalty(fitted(True, 9, 1), ABSENT, ABSENT, ABSENT, **PARTS)
    assert "9 respondents answered all items of the model (1 was left out)" in text
    assert "a to c −0.60 (not told apart from zero) and b to c 0.50." in text
    assert "The strongest runs from a to c." in text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"average variance extracted": [0.5, 0.6]}, "Every construct explains half or more"),
        ({"average variance extracted": [0.499, 0.6]}, "explained, on average, by a (49.9%)"),
        ({"average variance extracted": [float("nan")] * 2}, ""),
        ({}, ""),
    ],
)
def test_reliability_is_said_only_where_known(table, said):
    frame = pd.DataFrame({"construct": ["a", "b"], **table})
    reliability = SimpleNamespace(table=lambda: frame)
    text = read_loyalty(ABSENT, ABSENT, reliability, ABSENT, **PARTS)
    assert said in text
    assert said or "explain" not in text


# --- chapter 06 ---------------------------------------------------------------------


def panel(weights: list[float], over: tuple[str, ...] = ()) -> object:
    table = pd.DataFrame(
        {
            "criterion": [f"c_{i}" for i in range(len(weights))],
            "criterion weight": weights,
            "indicator": [f"i_{i}" for i in range(len(weights))],
            "overall weight": weights,
        }
    )
    return SimpleNamespace(
        table=lambda: table, over_limit=over, rule="they are kept", experts=["E1"]
    )


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0], "The panel has 1 member: consistent enough in every matrix. There is one"),
        ([0.5, 0.5], "All criteria weigh the same; the heaviest"),
        ([0.3, 0.7], "The heaviest criterion is c 1 (70.0%), the lightest c 0 (30.0%); the heav"),
        ([0.4, 0.4, 0.2], "The heaviest criteria are c 0 and c 1 (40.0% each), the lightest c 2"),
        ([0.4, 0.3, 0.3], "the lightest are c 1 and c 2 (30.0% each); the heaviest indicator is"),
    ],
)
def test_weights(weights, said):
    assert said in read_evaluation(panel(weights), ABSENT, ABSENT)


# --- chapter 07 ---------------------------------------------------------------------


def campaign(treated: int, control: int, randomised: bool) -> object:
    return SimpleNamespace(
        campaign_id="18",
        treated_ids=list(range(treated)),
        control_ids=list(range(control)),
        randomised=randomised,
    )


def test_one_customer_addressed_and_one_not():
    text = read_case(campaign(1, 1, True), ABSENT)
    assert (
        "Campaign 18 addressed 1 customer; 1 other was held back by the campaign; whether" in text
    )
    text = read_case(campaign(2, 3000, False), ABSENT)
    assert "addressed 2 customers; 3,000 others were not addressed; the firm chose" in text


@pytest.mark.parametrize("allowed", [True, False])
def test_an_effect_is_claimed_only_where_every_check_holds(allowed):
    means = pd.DataFrame({"before": [1.0, 2.0], "after": [3.0, 4.0]}, index=["treated", "control"])
    effect = SimpleNamespace(
        means=means,
        outcome="revenue",
        effect=0.0,
        lower=-1.0,
        upper=1.0,
        test=Hypothesis("no difference", 0.0, 1.0, "t"),
        checks=(Check("parallel trends", allowed, 1.0, "> .05", "X", "no claim"),),
        claim_allowed=allowed,
    )
    text = read_case(ABSENT, effect)
    assert ("may be read as the effect" in text) == allowed
    assert ("It must not be read as the effect" in text) == (not allowed)
    assert "(95% interval −1.00 to 1.00, p = 1.000)" in text


# --- chapters 00 and 08 -------------------------------------------------------------


def verdicts(*rows: tuple[str, object, object, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "hypothesis": f"H{place}",
                "statement": "So it is.",
                "chapter": "case_study",
                "measure": "difference",
                "effect": effect,
                "lower": None if effect is None else effect - 1,
                "upper": None if effect is None else effect + 1,
                "p": p,
                "verdict": verdict,
                "reason": reason,
            }
            for place, (verdict, effect, p, reason) in enumerate(rows, start=1)
        ]
    )


def test_every_verdict_is_said_for_what_it_is():
    text = read_conclusions(
        verdicts(
            ("supported", 2.0, 0.001, "95% interval"),
            ("contradicted", -2.0, None, "95% interval"),
            ("undecided", 0.5, 0.05, "95% interval"),
            ("withheld", 3.0, 0.001, "parallel trends fails"),
            ("not tested", None, None, "not available: no survey."),
        )
    )
    lines = text.splitlines()
    assert lines[0] == (
        "Of 5 registered hypotheses: 1 supported, 1 contradicted, 1 undecided, 1 withheld and "
        "1 not tested."
    )
    assert lines[2].endswith(
        "This is supported (difference: 2.00, 95% interval 1.00 to 3.00, p = .001)."
    )
    assert lines[3].endswith(
        "This is contradicted (difference: −2.00, 95% interval −3.00 to −1.00)."
    )
    assert "This is undecided: the interval holds zero (" in lines[4]
    assert "This is withheld, because the checks of its chapter forbid the claim (" in lines[5]
    assert lines[5].endswith("): parallel trends fails.")
    assert lines[6].endswith("This is not tested: not available: no survey.")


def test_one_hypothesis():
    only = verdicts(("not tested", None, None, "no table"))
    assert read_conclusions(only).startswith("Of 1 registered hypothesis: 1 not tested.")
