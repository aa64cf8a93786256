from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.collection.fieldwork.constructs import score_constructs
from crmstudy.collection.fieldwork.frame import compare_frame, normalise_shares
from crmstudy.collection.fieldwork.intervals import wilson_interval
from crmstudy.collection.fieldwork.nonresponse import adjust_holm, compare_early_late
from crmstudy.collection.fieldwork.rates import OUTCOMES, response_rates
from crmstudy.collection.fieldwork.returns import trace_returns
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.instrument import Instrument

REFERENCE = Path(__file__).parents[1] / "reference" / "response"
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index(["case", "quantity"])["value"]
ANSWERS = pd.read_csv(REFERENCE / "answers.csv")
START = pd.Timestamp("2026-03-02")


def invite(**counts: int) -> pd.DataFrame:
    outcomes = [outcome for outcome, n in counts.items() for _ in range(n)]
    return pd.DataFrame(
        {
            "respondent_id": [f"R{i:03}" for i in range(len(outcomes))],
            "invited_on": START,
            "outcome": outcomes,
        }
    )


def days(*numbers: float) -> pd.Series:
    return pd.Series(START).iloc[0] + pd.to_timedelta(pd.Series(numbers, dtype="float64"), unit="D")


def field(late: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers on day 2, or on day 9 after a reminder on day 7."""
    ids = [f"R{i:03}" for i in range(len(late))]
    wait = np.where(late, 9, 2)
    survey = pd.DataFrame({"respondent_id": ids, "answered_on": days(*wait)})
    invitations = pd.DataFrame(
        {
            "respondent_id": ids,
            "invited_on": START,
            "reminded_on": days(*np.where(late, 7, np.nan)),
            "outcome": "complete",
        }
    )
    return survey, invitations


def reference_field() -> tuple[pd.DataFrame, pd.DataFrame]:
    survey, invitations = field(ANSWERS["late"])
    return survey.join(ANSWERS[["a", "b", "c"]]), invitations


# Response rates


def test_rates_follow_their_formulas():
    # AAPOR (2023): I = 400, P = 50, R = 150, NC = 200, U = 300, 100 ineligible.
    found = response_rates(
        invite(complete=400, partial=50, refused=150, no_contact=200, unknown=300, ineligible=100)
    )
    e = 800 / 900
    assert found.eligibility == pytest.approx(e)
    values = {
        "RR1": 400 / 1100,
        "RR2": 450 / 1100,
        "RR3": 400 / (800 + e * 300),
        "RR4": 450 / (800 + e * 300),
        "RR5": 400 / 800,
        "RR6": 450 / 800,
        "COOP1": 400 / 600,
        "COOP2": 450 / 600,
        "REF1": 150 / 1100,
        "REF3": 150 / 800,
        "CON1": 600 / 1100,
        "CON3": 600 / 800,
    }
    assert {name: found.rate(name) for name in found.rates["rate"]} == pytest.approx(values)
    row = found.rates.set_index("rate").loc["RR2"]
    bounds = wilson_interval(450, 1100)
    assert (row["lower"], row["upper"]) == (bounds.lower, bounds.upper)
    assert found.outcomes.set_index("outcome").loc["refused", "letter"] == "R"
    assert found.outcomes["persons"].sum() == found.n == 1200
    assert found.to_metrics()["fieldwork_rr2"] == pytest.approx(450 / 1100)


@settings(max_examples=40)
@given(st.fixed_dictionaries({name: st.integers(0, 9) for name in OUTCOMES}))
def test_laws_of_the_rates(counts):
    invitations = invite(**counts)
    if invitations.empty:
        with pytest.raises(ModelError, match="nobody was invited"):
            response_rates(invitations)
        return
    found = response_rates(invitations)
    rate = {name: found.rate(name) for name in found.rates["rate"]}
    known = {name: value for name, value in rate.items() if not isinstance(value, NotAvailable)}
    for name, value in known.items():
        assert 0 <= value <= 1, name
    if {"RR1", "RR3", "RR5"} <= set(known):
        assert rate["RR1"] <= rate["RR3"] + 1e-12
        assert rate["RR3"] <= rate["RR5"] + 1e-12
        assert rate["RR1"] <= rate["RR2"] <= rate["RR6"]
        if counts["unknown"] == 0:
            assert rate["RR1"] == rate["RR3"] == rate["RR5"]
    shuffled = invitations.sample(frac=1, random_state=1)
    assert response_rates(shuffled).rates.equals(found.rates)


def test_what_has_no_denominator_says_so():
    found = response_rates(invite(unknown=3))
    assert found.rate("RR1") == 0
    assert "nobody stands below the line" in found.rate("RR5").reason
    assert isinstance(found.eligibility, NotAvailable)
    assert "fieldwork_rr5" not in found.to_metrics()


def test_waves_add_up():
    invitations = invite(complete=30, refused=10, unknown=20)
    invitations["wave"] = (["spring", "秋"] * 30)[:60]
    invitations.loc[59, "wave"] = None
    waves = response_rates(invitations).waves.set_index("wave")
    assert waves.index.tolist() == ["(no wave)", "spring", "秋", "all"]
    parts = waves.drop("all")
    for column in ("invited", *OUTCOMES):
        assert parts[column].sum() == waves.loc["all", column]
    assert waves.loc["spring", "RR1"] == 15 / 30
    assert response_rates(invite(complete=3)).waves["wave"].tolist() == ["all"]


@pytest.mark.parametrize("k", [0, 37, 120])
def test_wilson_is_that_of_r(k):
    found = wilson_interval(k, 120)
    assert found.lower == pytest.approx(EXPECTED[f"wilson{k}", "lower"], abs=1e-12)
    assert found.upper == pytest.approx(EXPECTED[f"wilson{k}", "upper"], abs=1e-12)


# Returns


def test_returns_are_added_up_day_by_day():
    survey, invitations = field(pd.Series([False, False, True, False]))
    survey["answered_on"] = days(2.6, 1.2, 9, 2)  # hours do not matter
    found = trace_returns(survey, invitations)
    table = found.days
    assert table["day"].tolist() == [1, 2, 7, 9]
    assert table["returns"].tolist() == [1, 2, 0, 1]
    assert table["reminders"].tolist() == [0, 0, 1, 0]
    assert table["cumulative_returns"].tolist() == [1, 3, 3, 4]
    assert table["share_of_invited"].iloc[-1] == 1
    assert found.median_days == 2
    assert found.n_returns == 4


def test_answers_that_do_not_fit_are_counted():
    survey, invitations = field(pd.Series([False] * 6))
    survey.loc[0, "answered_on"] = pd.NaT
    survey.loc[1, "answered_on"] = START - pd.Timedelta(days=1)
    found = trace_returns(survey.drop(index=2), invitations.drop(index=3))
    assert (found.n_undated, found.n_early, found.n_unanswered, found.n_uninvited) == (1, 1, 1, 1)
    assert found.n_returns == 2
    with pytest.raises(ModelError, match="both a date and an invitation"):
        trace_returns(survey.assign(answered_on=pd.NaT), invitations)


def test_waves_start_on_their_own_day():
    survey, invitations = field(pd.Series([False] * 4))
    invitations["wave"] = ["1", "1", "2", "2"]
    invitations.loc[2:, "invited_on"] = START + pd.Timedelta(days=30)
    survey.loc[2:, "answered_on"] = START + pd.Timedelta(days=33)
    table = trace_returns(survey, invitations.drop(columns="reminded_on")).days
    assert table["wave"].tolist() == ["1", "2"]
    assert table["day"].tolist() == [2, 3]
    assert table["share_of_invited"].tolist() == [1, 1]


# Early and late


@pytest.mark.parametrize("item", ["a", "b", "c"])
def test_differences_are_those_of_r(item):
    found = compare_early_late(*reference_field(), items=["a", "b", "c"])
    assert (found.n_early, found.n_late) == (52, 38)
    row = found.items.set_index("item").loc[item]
    for quantity in ("difference", "lower", "upper", "d", "p", "p_holm", "p_equivalence"):
        assert row[quantity] == pytest.approx(EXPECTED[item, quantity], rel=1e-9), quantity


def test_holm_never_falls_as_p_rises():
    found = adjust_holm(np.array([0.022, 0.01, 0.9, 0.02]))
    assert found == pytest.approx([0.06, 0.04, 0.9, 0.06])  # R: p.adjust


def test_who_is_late_by_reminder_or_by_median():
    survey, invitations = reference_field()
    assert "on the day of the reminder" in compare_early_late(survey, invitations, items=["a"]).rule
    unreminded = invitations.drop(columns="reminded_on")
    found = compare_early_late(survey, unreminded, items=["a"])
    assert found.rule == "late = more than 2 days after the invitation"
    assert found.n_late == 38
    same = survey.assign(answered_on=invitations["reminded_on"].fillna(survey["answered_on"]))
    assert compare_early_late(same, invitations, items=["a"], rule="reminder").n_late == 38
    with pytest.raises(ModelError, match="'reminder' the smaller side has 0"):
        compare_early_late(survey, unreminded, items=["a"], rule="reminder")
    undated = survey.assign(answered_on=survey["answered_on"].where(survey.index > 4))
    assert compare_early_late(undated, invitations, items=["a"]).n_left_out == 5


def test_verdicts_in_words():
    rng = np.random.default_rng(1)
    for n, shift, words, passed in (
        (60, 1.5, "late respondents answer otherwise in: x", [False, False]),
        (60, 0.0, "no difference found, but differences of 0.2 sd cannot be", [True, False]),
        (4000, 0.0, "no difference found, and differences of 0.2 sd are excluded", [True, True]),
    ):
        late = pd.Series(np.arange(n) % 2 == 0)
        survey, invitations = field(late)
        x = rng.normal(size=n)
        x -= np.where(late, x[late].mean(), x[~late].mean())
        found = compare_early_late(survey.assign(x=x + shift * late), invitations, items=["x"])
        assert found.verdict.startswith(words)
        assert [check.passed for check in found.checks] == passed
        reading = {0: "differ", 1: "undecided", 2: "equivalent"}[sum(passed)]
        assert found.items["reading"].tolist() == [reading]


def test_equivalence_is_found_as_often_as_it_should():
    # At the bound itself equivalence may be claimed in 5 % of the samples at most.
    rng = np.random.default_rng(2)
    survey, invitations = field(pd.Series(np.arange(600) % 2 == 0))
    items = {f"x{i}": rng.normal(size=600) + 0.4 * (np.arange(600) % 2) for i in range(400)}
    wide = pd.concat([survey, pd.DataFrame(items)], axis=1)
    found = compare_early_late(wide, invitations, items=list(items), bound=0.4)
    claimed = (found.items["p_equivalence"] < 0.05).mean()
    assert 0.02 < claimed < 0.09


def test_turned_scale_turns_the_difference():
    survey, invitations = reference_field()
    first = compare_early_late(survey, invitations, items=["b"]).items.iloc[0]
    turned = compare_early_late(survey.assign(b=11 - survey["b"]), invitations, items=["b"])
    second = turned.items.iloc[0]
    assert second["difference"] == pytest.approx(-first["difference"])
    assert (second["lower"], second["upper"]) == pytest.approx((-first["upper"], -first["lower"]))
    assert second["p_equivalence"] == pytest.approx(first["p_equivalence"])


def test_items_that_cannot_be_compared_are_listed():
    survey, invitations = reference_field()
    survey["same"], survey["rare"] = 7.0, survey["a"].where(survey.index < 55)
    found = compare_early_late(survey, invitations, items=["a", "same", "rare"])
    assert found.items["item"].tolist() == ["a"]
    assert found.left_out.set_index("item")["reason"].to_dict() == {
        "same": "the answers do not vary",
        "rare": "answered by 51 early and 3 late, fewer than 10",
    }
    with pytest.raises(ModelError, match="no item can be compared: same: the answers do not vary"):
        compare_early_late(survey, invitations, items=["same"])


def test_constructs_are_means_of_answered_items():
    instrument = Instrument.model_validate(
        {
            "scale": (1, 7),
            "constructs": {
                "loyalty": {"label": "Loyalty", "items": ["L1", "L2", "L3"]},
                "other": {"label": "Other", "items": ["X"]},
            },
            "items": {"L3": {"reverse": True, "scale": (1, 10)}},
        }
    )
    survey = pd.DataFrame({"L1": [7, 7, None], "L2": [5, None, None], "L3": [1, 2, 3]})
    before = survey.copy()
    scored = score_constructs(survey, instrument)
    assert scored["loyalty"].tolist()[:2] == [(7 + 5 + 10) / 3, (7 + 9) / 2]
    assert np.isnan(scored["loyalty"][2])
    assert "other" not in scored
    assert survey.equals(before)


# The frame


def frame_of(counts: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers with, for each level, how many answered and how many did not."""
    rows = [
        (level, answered)
        for level, sizes in counts.items()
        for answered, n in zip((True, False), sizes, strict=True)
        for _ in range(n)
    ]
    customers = pd.DataFrame(rows, columns=["region", "answered"])
    customers.insert(0, "customer_id", [f"C{i}" for i in range(len(rows))])
    survey = customers.loc[customers["answered"], ["customer_id"]]
    return survey.assign(respondent_id="R" + survey["customer_id"]), customers


def test_fit_to_known_shares_is_that_of_r():
    survey = pd.DataFrame({"region": ["e"] * 31 + ["n"] * 48 + ["w"] * 21})
    known = {"region": {"e": 40, "n": 35, "w": 25}}
    absent = NotAvailable("no customers")
    found = compare_frame(survey, absent, columns=["region"], population=known)
    test = found.tests.iloc[0]
    assert test["chi2"] == pytest.approx(EXPECTED["shares", "chi2"], rel=1e-10)
    assert test["p"] == pytest.approx(EXPECTED["shares", "p"], rel=1e-10)
    assert test["cramer_v"] == pytest.approx(EXPECTED["shares", "cramer_v"], rel=1e-10)
    assert not found.checks[0].passed
    row = found.levels.set_index("level").loc["n"]
    assert (row["share_of_respondents"], row["share_of_frame"]) == (0.48, 0.35)
    assert row["difference"] == pytest.approx(0.13)


def test_respondents_who_are_part_of_the_frame_are_corrected():
    survey, customers = frame_of({"e": (31, 89), "n": (48, 57), "w": (21, 54)})
    found = compare_frame(survey, customers, columns=["region"]).tests.iloc[0]
    assert found["chi2"] == pytest.approx(EXPECTED["frame", "chi2"], rel=1e-10)
    assert found["df"] == 2
    assert "part of the frame" in found["note"]


def test_small_levels_are_merged_openly():
    survey, customers = frame_of(
        {"a": (40, 400), "b": (3, 20), "c": (1, 10), "d": (30, 300), "e": (0, 3)}
    )
    levels = compare_frame(survey, customers, columns=["region"]).levels.set_index("level")
    # b, c and e are expected 3.4 times together, so the next smallest joins them.
    assert levels.index.tolist() == ["a", "(merged)"]
    assert levels.loc["(merged)", "merged"] == "b, c, d, e"
    assert levels["respondents"].sum() == 74
    assert levels["share_of_frame"].sum() == pytest.approx(1)
    assert (levels["share_of_frame"] * 74 >= 5).all()


def test_numbers_are_cut_at_the_quartiles_of_the_frame():
    rng = np.random.default_rng(1)
    customers = pd.DataFrame(
        {"customer_id": [f"C{i}" for i in range(400)], "age": rng.integers(18, 90, 400)}
    )
    survey = customers.sample(100, random_state=2)[["customer_id"]]
    found = compare_frame(survey, customers, columns=["age"])
    assert len(found.levels) == 4
    assert found.levels["share_of_frame"].between(0.2, 0.3).all()
    assert "quartiles" in found.tests["note"][0]
    assert found.levels["level"][0].startswith("1 (up to ")
    assert found.checks[0].passed


def test_random_respondents_are_refused_at_the_level_of_the_test():
    rng = np.random.default_rng(3)
    customers = pd.DataFrame({"customer_id": np.arange(500), "x": rng.choice(list("abc"), 500)})
    refused = [
        compare_frame(
            customers.sample(250, random_state=i)[["customer_id"]], customers, columns=["x"]
        ).tests["p"][0]
        < 0.05
        for i in range(200)
    ]
    assert 0.02 < np.mean(refused) < 0.09


def test_what_is_unknown_is_counted_or_listed():
    survey, customers = frame_of({"e": (31, 89), "n": (48, 57), "w": (21, 54)})
    customers.loc[:4, "region"] = None
    customers["one"] = "same"
    found = compare_frame(survey, customers, columns=["region", "one"])
    assert found.unknown == {"region": 5, "one": 0}
    assert found.left_out["reason"].tolist() == ["fewer than two levels are large enough"]
    assert found.tests["p_holm"].tolist() == found.tests["p"].tolist()
    everybody = customers[["customer_id"]]
    test = compare_frame(everybody, customers, columns=["region"]).tests.iloc[0]
    assert (test["chi2"], test["p"]) == pytest.approx((0, 1))
    assert "as many respondents as the frame" in test["note"]


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 500), min_size=2, max_size=5))
def test_shares_percentages_and_counts_are_the_same(counts):
    total = sum(counts.values())
    shares = normalise_shares({k: v / total for k, v in counts.items()}, "x")
    percent = normalise_shares({k: 100 * v / total for k, v in counts.items()}, "x")
    assert shares.to_dict() == pytest.approx(percent.to_dict())
    assert shares.sum() == pytest.approx(1)
    if total > 101:
        assert normalise_shares(counts, "x").to_dict() == pytest.approx(shares.to_dict())


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s, i: response_rates(i.drop(columns="outcome")), DataError, "'outcome'"),
        (
            lambda s, i: response_rates(i.assign(outcome="completed")),
            DataError,
            "did you mean 'complete'",
        ),
        (lambda s, i: response_rates(i, confidence=1.5), SettingsError, "between 0 and 1"),
        (lambda s, i: compare_early_late(s, i, items=["A1"]), DataError, "no column 'A1'"),
        (lambda s, i: compare_early_late(s, i, items=[]), SettingsError, "one item or more"),
        (
            lambda s, i: compare_early_late(s, i, items=["a"], rule="mean"),
            SettingsError,
            "auto, reminder, median",
        ),
        (
            lambda s, i: compare_early_late(s, i, items=["a"], bound=0),
            SettingsError,
            "above 0, in standard deviations",
        ),
        (
            lambda s, i: compare_early_late(s, i, items=["a"], minimum_size=1),
            SettingsError,
            "2 answers or more",
        ),
        (
            lambda s, i: compare_early_late(s, i, items=["respondent_id"]),
            DataError,
            "not a number",
        ),
        (
            lambda s, i: compare_early_late(s.drop(columns="answered_on"), i, items=["a"]),
            DataError,
            "survey has no column 'answered_on'",
        ),
        (
            lambda s, i: compare_frame(s, i, columns=["a", "sex"]),
            DataError,
            "has no column",
        ),
        (
            lambda s, i: compare_frame(
                s.assign(sex="f"),
                NotAvailable("none"),
                columns=["sex"],
                population={"sex": {"f": 0.5, "m": 0.3}},
            ),
            SettingsError,
            "add up to 0.8; they must add up to 1, to 100, or be counts",
        ),
        (
            lambda s, i: compare_frame(
                s.assign(sex="x"),
                NotAvailable("none"),
                columns=["sex"],
                population={"sex": {"f": 0.5, "m": 0.5}},
            ),
            ModelError,
            "level 'x' of the respondents is not in the frame",
        ),
        (
            lambda s, i: compare_frame(s, NotAvailable("no customers"), columns=["sex"]),
            ModelError,
            "no customers",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(*reference_field())


def test_absence_passes_through():
    absent = NotAvailable("the study has no table invitations")
    survey, customers = frame_of({"e": (5, 5), "n": (5, 5)})
    assert response_rates(absent) is absent
    assert trace_returns(survey, absent) is absent
    assert compare_early_late(survey, absent, items=["a"]) is absent
    assert compare_frame(absent, customers, columns=["region"]) is absent
