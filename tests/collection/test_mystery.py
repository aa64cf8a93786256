from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.fieldwork.intervals import Interval
from crmstudy.collection.qualitative.assessors import compare_assessors
from crmstudy.collection.qualitative.intraclass import correlate_raters
from crmstudy.collection.qualitative.krippendorff import krippendorff_alpha
from crmstudy.collection.qualitative.mystery import score_visits, summarise_scores
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = pd.read_csv(REFERENCE / "agreement" / "expected.csv")
EXPECTED = EXPECTED.set_index(["case", "quantity"])["value"]
FORMS = ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]
# Shrout, P. E., & Fleiss, J. L. (1979). Psychological Bulletin, 86, 420-428, table 2.
SHROUT = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
SHOPS = pd.DataFrame(
    {
        "a": [0.72, 0.55, 0.91, 0.48, 0.66, 0.80, 0.59, 0.77, 0.83, 0.61],
        "b": [0.70, 0.62, 0.88, 0.57, 0.71, 0.78, 0.69, 0.80, 0.90, 0.60],
    }
)


def visit(n: int = 24, *, pairs=(("ann", "bob"),), seed: int = 1, noise: float = 0.5):
    rng = np.random.default_rng(seed)
    rows = []
    for v in range(n):
        level = rng.normal(3, 1)
        for criterion, maximum in (("greeting", 5), ("advice", 10), ("结账", 5)):
            true = level + rng.normal(0, 0.5)
            for assessor in pairs[v % len(pairs)]:
                points = np.clip(np.round((true + rng.normal(0, noise)) * maximum / 5), 0, maximum)
                place = f"O{v % 4}", ("shop", "hotline")[v % 2]
                day = pd.Timestamp("2026-03-01") + pd.Timedelta(days=n - v)
                rows.append((f"V{v:03}", day, *place, assessor, criterion, points, maximum))
    columns = [
        "visit_id",
        "visited_on",
        "outlet",
        "channel",
        "assessor",
        "criterion",
        "score",
        "maximum",
    ]
    return pd.DataFrame(rows, columns=columns)


# Intraclass correlation


def test_shrout_and_fleiss_1979():
    found = correlate_raters(SHROUT)
    printed = dict(zip(FORMS, [0.17, 0.29, 0.71, 0.44, 0.62, 0.91], strict=True))
    for form, value in printed.items():
        assert found.forms[form].value == pytest.approx(value, abs=0.005), form
    squares = found.mean_squares
    assert squares["between targets"] == pytest.approx(11.24, abs=0.005)
    assert squares["within targets"] == pytest.approx(6.26, abs=0.005)
    assert squares["between assessors"] == pytest.approx(32.49, abs=0.005)
    assert squares["residual"] == pytest.approx(1.02, abs=0.005)


@pytest.mark.parametrize(("case", "data"), [("shrout", SHROUT), ("shops", SHOPS)])
@pytest.mark.parametrize("form", FORMS)
def test_correlations_are_those_of_psych(case, data, form):
    found = correlate_raters(data).forms[form]
    assert found.value == pytest.approx(EXPECTED[case, form], rel=1e-8)
    assert found.interval.lower == pytest.approx(EXPECTED[case, f"{form} lower"], rel=1e-8)
    assert found.interval.upper == pytest.approx(EXPECTED[case, f"{form} upper"], rel=1e-8)


def test_the_variance_components_come_back():
    rng = np.random.default_rng(1)
    inside, values = 0, []
    for _ in range(200):
        scores = rng.normal(0, 2, (60, 1)) + rng.normal(0, 1, (1, 8)) + rng.normal(0, 1, (60, 8))
        form = correlate_raters(pd.DataFrame(scores)).forms["ICC(C,1)"]
        inside += form.interval.lower <= 0.8 <= form.interval.upper
        values.append(form.value)
    assert np.mean(values) == pytest.approx(0.8, abs=0.01)
    assert 0.90 <= inside / 200 <= 0.99


def test_laws_of_the_forms():
    moved = SHROUT + np.array([0, 5, -2, 1])
    first, shifted = correlate_raters(SHROUT), correlate_raters(moved)
    assert shifted.forms["ICC(C,1)"].value == pytest.approx(first.forms["ICC(C,1)"].value)
    assert shifted.forms["ICC(A,1)"].value < first.forms["ICC(A,1)"].value
    scaled = correlate_raters(3 * SHROUT.iloc[::-1, ::-1] + 1)
    for form in FORMS:
        assert scaled.forms[form].value == pytest.approx(first.forms[form].value)
        assert scaled.forms[form].interval.upper == pytest.approx(first.forms[form].interval.upper)


def test_assessors_who_change_leave_only_the_one_way_forms():
    table = correlate_raters(SHOPS, same_raters=False).table().set_index("coefficient")
    assert table["value"].notna().tolist() == [True, False, False, True, False, False]
    assert (table.loc["ICC(A,1)", "note"]) == "the assessors differ between targets"


def test_perfect_and_constant_scores_are_said():
    perfect = correlate_raters(pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, 3]}))
    for form in FORMS:
        assert perfect.forms[form].value == pytest.approx(1)
        assert isinstance(perfect.forms[form].interval, NotAvailable)
    constant = correlate_raters(pd.DataFrame({"a": [2.0, 2, 2], "b": [2.0, 2, 2]}))
    assert "none can be told apart" in constant.forms["ICC(1)"].value.reason
    shifted = correlate_raters(pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 3, 4]}))
    assert shifted.forms["ICC(C,1)"].value == 1
    assert shifted.forms["ICC(A,1)"].value == pytest.approx(2 / 3)
    opposite = correlate_raters(pd.DataFrame({"a": [1.0, 2, 3], "b": [3.0, 2, 1]}))
    assert isinstance(opposite.forms["ICC(k)"].value, NotAvailable)
    for found in (perfect, constant, shifted, opposite):
        numbers = [form.value for form in found.forms.values() if isinstance(form.value, float)]
        assert np.isfinite(numbers).all()


def test_intervals_hold_their_value_and_no_number_is_missing():
    rng = np.random.default_rng(0)
    said = set()
    for _ in range(300):
        n, k = rng.integers(2, 6), rng.integers(2, 4)
        scores = np.round(rng.normal(size=(n, k)), rng.integers(0, 3))
        for form in correlate_raters(pd.DataFrame(scores)).forms.values():
            said |= {
                part.reason
                for part in (form.value, form.interval)
                if isinstance(part, NotAvailable)
            }
            if isinstance(form.interval, Interval):
                assert form.interval.lower <= form.value <= form.interval.upper
    assert "targets vary less than chance would have it" in said
    assert "the mean of the assessors has no lower limit in so few targets" in said


# Scores


def test_shares_clustered_by_visit_are_those_of_survey():
    sample = pd.read_csv(REFERENCE / "weighting" / "sample.csv")
    expected = pd.read_csv(REFERENCE / "weighting" / "expected.csv")
    expected = expected[expected["case"] == "visits"].set_index("quantity")["value"]
    mystery = sample.rename(columns={"visit": "visit_id", "points": "score", "possible": "maximum"})
    mystery = mystery.assign(assessor="ann", criterion=mystery.groupby("visit_id").cumcount())
    row = summarise_scores(mystery, by="all").levels.iloc[0]
    assert row["share"] == pytest.approx(expected["share"], rel=1e-10)
    assert row["standard_error"] == pytest.approx(expected["se"], rel=1e-10)
    assert (row["visits"], row["ratings"]) == (40, 160)
    assert row["upper"] - row["share"] == pytest.approx(2.022691 * expected["se"], rel=1e-6)


def test_scores_by_criterion_outlet_and_channel():
    mystery = visit()
    for by, n in (("criterion", 3), ("outlet", 4), ("channel", 2), ("all", 1)):
        found = summarise_scores(mystery, by=by)
        assert len(found.levels) == n
        for row in found.levels.to_dict("records"):
            part = mystery if by == "all" else mystery[mystery[by] == row["level"]]
            assert row["share"] == pytest.approx(part["score"].sum() / part["maximum"].sum())
            assert row["visits"] == part["visit_id"].nunique()
            assert 0 <= row["lower"] < row["share"] < row["upper"] <= 1
        assert found.to_metrics()["mystery_share"] == pytest.approx(
            mystery["score"].sum() / mystery["maximum"].sum()
        )
    assert found.table().columns[0] == "all"
    assert "share of maximum" in found.table()


def test_a_second_assessor_who_copies_adds_no_information():
    one = visit(pairs=(("ann",),))
    copied = pd.concat([one, one.assign(assessor="bob")])
    a, b = (summarise_scores(m).levels for m in (one, copied))
    assert (a[["share", "standard_error", "lower", "upper"]]).equals(
        b[["share", "standard_error", "lower", "upper"]]
    )


def test_visits_are_summed_up():
    mystery = visit(3)
    visits = score_visits(mystery)
    assert visits["visit_id"].tolist() == ["V002", "V001", "V000"]  # by day
    row = visits.iloc[0]
    part = mystery[mystery["visit_id"] == "V002"]
    assert (row["assessors"], row["criteria"], row["outlet"]) == (2, 3, "O2")
    assert row["share"] == pytest.approx(part["score"].sum() / 40)
    bare = score_visits(mystery.drop(columns=["outlet", "channel", "visited_on"]))
    assert bare["visit_id"].tolist() == ["V000", "V001", "V002"]


def test_what_has_no_share_is_left_out_and_counted():
    mystery = visit(4)
    mystery.loc[0, "maximum"] = 0
    mystery.loc[0, "score"] = 0
    mystery.loc[1, "outlet"] = None
    assert summarise_scores(mystery).n_left_out == 1
    assert summarise_scores(mystery, by="outlet").n_left_out == 2
    lone = summarise_scores(mystery[mystery["visit_id"] == "V001"]).levels
    assert lone["lower"].isna().all()
    assert set(lone["note"]) == {"one visit: no interval"}


# Assessors


def test_assessors_of_the_same_visits_are_compared():
    mystery = visit()
    single = visit(3, pairs=(("ann",),), seed=9).assign(visit_id=lambda f: "X" + f["visit_id"])
    found = compare_assessors(pd.concat([mystery, single]), seed=3)
    assert found.same_raters
    assert found.assessors == ("ann", "bob")
    assert (found.n_visits, found.n_single) == (24, 3)
    shares = mystery.assign(share=mystery["score"] / mystery["maximum"])
    for row in found.criteria.to_dict("records"):
        part = shares[shares["criterion"] == row["criterion"]]
        wide = part.pivot_table(index="visit_id", columns="assessor", values="share")
        assert row["icc"] == correlate_raters(wide).forms["ICC(A,1)"].value
        assert row["alpha"] == krippendorff_alpha(wide, level="interval", seed=3).alpha
        assert row["agreement"] == pytest.approx((wide["ann"] == wide["bob"]).mean())
        assert row["mean_difference"] == pytest.approx((wide["bob"] - wide["ann"]).mean())
        assert row["visits"] == 24
    sums = mystery.groupby(["visit_id", "assessor"])[["score", "maximum"]].sum()
    totals = (sums["score"] / sums["maximum"]).unstack()  # noqa: PD010
    expected = correlate_raters(totals).forms["ICC(A,1)"].value
    assert found.whole.forms["ICC(A,1)"].value == pytest.approx(expected)
    assert "clusters" in found.alpha.interval.method
    assert found.to_metrics()["mystery_icc_a1"] == pytest.approx(expected)


def test_pairs_that_change_leave_icc_1():
    mystery = visit(pairs=(("ann", "bob"), ("bob", "cid"), ("ann", "cid")))
    found = compare_assessors(mystery, seed=3)
    assert not found.same_raters
    assert isinstance(found.whole.forms["ICC(A,1)"].value, NotAvailable)
    assert found.whole.forms["ICC(1)"].value > 0.5
    assert found.criteria["mean_difference"].isna().all()
    assert found.criteria["icc"].notna().all()
    assert "mystery_icc_a1" not in found.to_metrics()


def test_more_noise_less_agreement():
    good, bad = (compare_assessors(visit(60, noise=x), seed=1) for x in (0.2, 2.0))
    assert good.alpha.alpha > bad.alpha.alpha
    assert good.whole.forms["ICC(1)"].value > bad.whole.forms["ICC(1)"].value


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: summarise_scores(m, by="shop"), SettingsError, "criterion, outlet, channel"),
        (lambda m: summarise_scores(m.drop(columns="outlet"), by="outlet"), DataError, "'outlet'"),
        (lambda m: score_visits(m.drop(columns="score")), DataError, "no column 'score'"),
        (lambda m: score_visits(m.assign(maximum=0)), ModelError, "maximum above 0"),
        (
            lambda m: compare_assessors(m[m["assessor"] == "ann"], seed=1),
            ModelError,
            "no visit of mystery_shopping has two assessors",
        ),
        (lambda m: correlate_raters(SHOPS[["a"]]), ModelError, "there are 1 and 10"),
        (lambda m: correlate_raters(SHOPS.iloc[:1]), ModelError, "there are 2 and 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(visit())


def test_absence_passes_through():
    absent = NotAvailable("the study has no table mystery_shopping")
    for function in (score_visits, summarise_scores):
        assert function(absent) is absent
    assert compare_assessors(absent, seed=1) is absent
