from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.collection.fieldwork.intervals import percentile_interval
from crmstudy.collection.qualitative.agreement import agree_on_codes, rate_exclusive, rate_presence
from crmstudy.collection.qualitative.chance import read_alpha, read_kappa
from crmstudy.collection.qualitative.kappa import cohen_kappa
from crmstudy.collection.qualitative.krippendorff import krippendorff_alpha
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference" / "agreement"
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index(["case", "quantity"])["value"]
LEVELS = ["nominal", "ordinal", "interval", "ratio"]
NAN = np.nan
TABLES = {
    "fleiss": [[106, 10, 4], [22, 28, 10], [2, 12, 6]],
    "codes": [[40, 9], [6, 45]],
    "rare": [[80, 10], [5, 5]],
    "grades": [[11, 3, 1, 0], [4, 9, 5, 1], [0, 6, 12, 3], [1, 0, 2, 14]],
}
FLEISS_WEIGHTS = np.array([[1, 0, 0.4444], [0, 1, 0.6667], [0.4444, 0.6667, 1]])
# Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability, example C and D.
KRIPPENDORFF = pd.DataFrame(
    {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        "C": [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    }
)


def expand(table) -> pd.DataFrame:
    cells = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return pd.DataFrame(cells, columns=["first", "second"])


def rate(table, **settings):
    return cohen_kappa(expand(table), seed=1, **settings)


def code(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["interview_id", "segment_id", "coder", "code"])
    return frame.astype("object").where(frame.notna(), None)


def two_coders(n: int = 60, interviews: int = 6, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for segment in range(n):
        true = rng.random(3) < (0.5, 0.3, 0.1)
        for coder in ("甲", "乙"):
            seen = np.where(rng.random(3) < 0.85, true, ~true)
            codes = [c for c, s in zip(("service", "price", "质量"), seen, strict=True) if s]
            place = f"I{segment % interviews}", f"S{segment}"
            rows += [(*place, coder, c) for c in (codes or [None])]
    return code(*rows)


# Published


@pytest.mark.parametrize(
    ("level", "printed"), list(zip(LEVELS, [0.743, 0.815, 0.849, 0.797], strict=True))
)
def test_alpha_of_krippendorff_2011(level, printed):
    found = krippendorff_alpha(KRIPPENDORFF, level=level, seed=1)
    assert found.alpha == pytest.approx(printed, abs=0.0005)
    assert (found.n_units, found.n_left_out, found.n_values, found.n_coders) == (11, 1, 40, 4)


def test_alpha_of_two_coders_of_krippendorff_2011():
    binary = pd.DataFrame(
        {"A": [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], "B": [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]}
    )
    assert krippendorff_alpha(binary, seed=1).alpha == pytest.approx(0.095, abs=0.0005)
    words = pd.DataFrame({"A": list("aabbdcccedda"), "B": list("babbbcccedda")})
    words.loc[10] = ["d", "d"]
    words.loc[11] = ["a", "d"]
    assert krippendorff_alpha(words, seed=1).alpha == pytest.approx(0.692, abs=0.0005)


def test_kappa_of_fleiss_cohen_everitt_1969():
    found = rate(TABLES["fleiss"])
    assert found.kappa == pytest.approx(0.429, abs=0.0005)
    assert found.standard_error**2 == pytest.approx(0.002885, abs=0.0000005)

    # Their weighted kappa: .507, variance .003248.
    weighted = rate(TABLES["fleiss"], weights=FLEISS_WEIGHTS)
    assert weighted.kappa == pytest.approx(0.507, abs=0.0005)
    assert weighted.standard_error**2 == pytest.approx(0.003248, abs=0.0000005)


def test_high_agreement_low_kappa():
    # Feinstein & Cicchetti (1990): both agree by .85, kappa .70 and .32; Byrt et al. (1993).
    even, rare = rate(TABLES["codes"]), rate(TABLES["rare"])
    assert [even.agreement, rare.agreement] == pytest.approx([0.85, 0.85])
    assert [even.kappa, rare.kappa] == pytest.approx([0.70, 0.32], abs=0.005)
    assert [even.pabak, rare.pabak] == pytest.approx([0.70, 0.70])
    assert rare.prevalence == pytest.approx(0.75)
    assert rare.bias == pytest.approx(0.05)
    assert even.note == ""
    assert "one category is rare" in rare.note
    # Gwet (2008): kappa -.023, AC1 .941.
    gwet = rate([[118, 5], [2, 0]])
    assert gwet.kappa == pytest.approx(-0.0234, abs=0.00005)
    assert gwet.ac1 == pytest.approx(0.9408, abs=0.00005)


# Reference


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("scheme", ["none", "linear", "quadratic"])
def test_kappa_is_that_of_psych(name, scheme):
    found = rate(TABLES[name], weights=scheme)
    tail = "" if scheme == "none" else f"_{scheme}"
    assert found.kappa == pytest.approx(EXPECTED[name, f"kappa{tail}"], rel=1e-9)
    variance = EXPECTED[name, f"variance{tail}"]
    assert found.standard_error**2 == pytest.approx(variance, rel=1e-8)


def test_own_weights_are_those_of_psych():
    found = rate(TABLES["fleiss"], weights=FLEISS_WEIGHTS)
    assert found.kappa == pytest.approx(EXPECTED["fleiss", "kappa_own"], rel=1e-9)
    assert found.standard_error**2 == pytest.approx(EXPECTED["fleiss", "variance_own"], rel=1e-8)
    assert found.weights == "own"


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_that_of_the_definition(level):
    three = pd.read_csv(REFERENCE / "three.csv")
    found = krippendorff_alpha(three, level=level, seed=1)
    assert found.alpha == pytest.approx(EXPECTED["three", level], rel=1e-9)
    four = krippendorff_alpha(KRIPPENDORFF, level=level, seed=1)
    assert four.alpha == pytest.approx(EXPECTED["krippendorff", level], rel=1e-9)


# Recovery


def test_intervals_cover_the_truth():
    # Two coders, one rare category: both intervals and the standard error fit the sampling.
    rng = np.random.default_rng(3)
    shares = np.array([0.45, 0.1, 0.08, 0.37])
    truth = rate((shares * 1000).astype(int).reshape(2, 2)).kappa
    inside, normal, errors, values = 0, 0, [], []
    for _ in range(120):
        table = rng.multinomial(150, shares).reshape(2, 2)
        found = rate(table, draws=200)
        inside += found.bootstrap.lower <= truth <= found.bootstrap.upper
        normal += found.interval.lower <= truth <= found.interval.upper
        errors.append(found.standard_error)
        values.append(found.kappa)
    assert 0.90 <= inside / 120 <= 0.99
    assert 0.90 <= normal / 120 <= 0.99
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_clusters_widen_the_interval_where_segments_of_an_interview_hang_together():
    rng = np.random.default_rng(4)
    clusters = pd.Series(np.repeat(np.arange(12), 20))
    agree = rng.random(12) < 0.7  # whole interviews are understood alike, or not
    first = rng.integers(0, 2, 240)
    second = np.where(agree[clusters], first, rng.integers(0, 2, 240))
    ratings = pd.DataFrame({"a": first, "b": second})
    for estimate, bounds in (
        (krippendorff_alpha, "interval"),
        (cohen_kappa, "bootstrap"),
    ):
        loose = getattr(estimate(ratings, seed=1), bounds)
        tight = getattr(estimate(ratings, seed=1, clusters=clusters), bounds)
        assert tight.upper - tight.lower > 1.5 * (loose.upper - loose.lower)
        assert "clusters" in tight.method


# Laws


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(1, 4)] * 2), min_size=4, max_size=30), st.randoms())
def test_order_of_units_and_coders_does_not_matter(cells, random):
    ratings = pd.DataFrame(cells, columns=["a", "b"])
    order = list(range(len(ratings)))
    random.shuffle(order)
    shuffled = ratings.iloc[order].reset_index(drop=True)
    for level in LEVELS:
        found = krippendorff_alpha(ratings, level=level, seed=1, draws=100)
        assert krippendorff_alpha(shuffled, level=level, seed=1, draws=100) == found
        turned = krippendorff_alpha(ratings[["b", "a"]], level=level, seed=1, draws=100)
        assert turned == found
    kappa = cohen_kappa(ratings, seed=1, draws=100)
    again = cohen_kappa(shuffled, seed=1, draws=100)
    assert (again.kappa, again.bootstrap) == (kappa.kappa, kappa.bootstrap)
    if not isinstance(kappa.kappa, NotAvailable):
        turned = cohen_kappa(ratings[["b", "a"]], seed=1, draws=100)
        assert turned.kappa == pytest.approx(kappa.kappa, abs=1e-12)
        assert turned.standard_error == pytest.approx(kappa.standard_error, abs=1e-12)


def test_alpha_obeys_its_level_of_measurement():
    moved = {
        "nominal": KRIPPENDORFF.replace({1: 9, 2: 1, 3: 7, 4: 2, 5: 4}),
        "ordinal": KRIPPENDORFF**3,
        "interval": 1e8 + 2 * KRIPPENDORFF,
        "ratio": 3 * KRIPPENDORFF,
    }
    for level, data in moved.items():
        found = krippendorff_alpha(data, level=level, seed=1).alpha
        first = krippendorff_alpha(KRIPPENDORFF, level=level, seed=1).alpha
        assert found == pytest.approx(first, rel=1e-12), level
    # Words in an order are their ranks, and 0 beside 0 is no distance of a ratio scale.
    words = pd.DataFrame({"a": ["low", "mid", "high", "mid"], "b": ["low", "high", "high", "mid"]})
    ranks = words.replace({"low": 1, "mid": 2, "high": 3}).astype("float64")
    given_order = krippendorff_alpha(
        words, level="ordinal", categories=["low", "mid", "high"], seed=1
    )
    assert given_order.alpha == krippendorff_alpha(ranks, level="ordinal", seed=1).alpha
    zeros = pd.DataFrame({"a": [0, 0, 4], "b": [0, 0, 4]})
    assert krippendorff_alpha(zeros, level="ratio", seed=1).alpha == 1


def test_bootstrap_of_ordinal_alpha_takes_ranks_of_each_resample():
    # The same resamples, each computed on its own.
    from crmstudy.collection.qualitative import krippendorff as module

    units = module._count_values(KRIPPENDORFF, "ordinal", None, None)
    times = np.random.default_rng(1).integers(0, 3, (20, 11)).astype(float)
    fast = module._alphas(*module._disagreement(units, times), times @ units.sizes)
    pairable = KRIPPENDORFF[KRIPPENDORFF.notna().sum(axis=1) > 1]
    for row, value in zip(times.astype(int), fast, strict=True):
        drawn = pairable.loc[pairable.index.repeat(row)].reset_index(drop=True)
        alone = krippendorff_alpha(drawn, level="ordinal", seed=1).alpha
        assert value == pytest.approx(alone, rel=1e-12)


def test_a_constant_is_found_constant_however_large_the_sample():
    from crmstudy.collection.qualitative import krippendorff as module

    counts = np.array([[3.0, 0.0, 0.0], [2.0, 1.0, 1.0]])
    for level in LEVELS:
        units = module._Units(counts, np.array([0.1, 0.2, 0.7]), level, None)
        for times in (7.0, 1_234_567.0, 98_765_431.0):
            _, expected = module._disagreement(units, np.array([[times, 0.0]]))
            assert expected[0] == 0, level


def test_percentiles_leave_out_what_has_no_value():
    drawn = np.array([*range(101), np.nan])
    found = percentile_interval(drawn, confidence=0.9, method="percentiles")
    assert (found.lower, found.upper) == pytest.approx((5, 95))
    none = percentile_interval(np.array([1.0, np.nan]), confidence=0.9, method="percentiles")
    assert "1 of 2 resamples hold no variation" in none.reason


def test_same_seed_same_interval():
    a, b, c = (krippendorff_alpha(KRIPPENDORFF, seed=s).interval for s in (1, 1, 2))
    assert a == b
    assert a != c


def test_two_category_weights_change_nothing():
    plain = rate(TABLES["rare"])
    for scheme in ("linear", "quadratic"):
        assert rate(TABLES["rare"], weights=scheme).kappa == pytest.approx(plain.kappa)


def test_perfect_and_constant_coding_are_said_not_computed():
    perfect = rate([[5, 0], [0, 7]])
    assert perfect.kappa == 1
    for bound in (perfect.interval, perfect.bootstrap, perfect.standard_error):
        assert "never disagree" in bound.reason
    constant = rate([[0, 0], [0, 9]], categories=[0, 1])
    assert "gave 1 to all 9 units" in constant.kappa.reason
    assert isinstance(constant.bootstrap, NotAvailable)
    assert constant.agreement == 1
    data = pd.DataFrame({"a": [3, 3, 3], "b": [3, 3, 3]})
    for level in LEVELS:
        found = krippendorff_alpha(data, level=level, seed=1)
        assert "without variation" in found.alpha.reason
        assert isinstance(found.interval, NotAvailable)
        never = krippendorff_alpha(data.assign(b=data["a"]).replace({3: 3}), level=level, seed=1)
        assert never.agreement == 1
        varied = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
        perfect = krippendorff_alpha(varied, level=level, seed=1)
        assert perfect.alpha == 1
        assert "never disagree" in perfect.interval.reason


def test_a_bootstrap_mostly_without_variation_gives_no_interval():
    ratings = pd.DataFrame({"a": [0] * 3 + [1], "b": [0] * 4})
    ratings = pd.concat([ratings.iloc[:1]] * 1 + [ratings.iloc[3:]], ignore_index=True)
    found = krippendorff_alpha(ratings, seed=1)
    assert found.draws_left_out > 0
    alone = krippendorff_alpha(ratings, seed=1, clusters=pd.Series(["x", "x"]))
    assert alone.draws_left_out == 0


# Codes of interviews


def test_presence_tells_not_given_from_not_read():
    interviews = code(
        ("I1", "1", "ann", "price"),
        ("I1", "1", "ann", "service"),
        ("I1", "1", "bob", None),
        ("I1", "2", "ann", None),
        ("I2", "1", "bob", "price"),
    )
    marks = rate_presence(interviews, code="price")
    assert marks.loc[("I1", "1")].tolist() == [1, 0]
    assert marks.loc[("I1", "2"), "ann"] == 0
    assert np.isnan(marks.loc[("I1", "2"), "bob"])
    assert np.isnan(marks.loc[("I2", "1"), "ann"])
    with pytest.raises(ModelError, match="ann gave segment 1 of interview I1 more than one code"):
        rate_exclusive(interviews)
    exclusive = rate_exclusive(interviews.drop(index=1))
    assert exclusive.loc[("I1", "1")].tolist() == ["price", "(none)"]


def test_each_code_has_its_row():
    interviews = two_coders()
    found = agree_on_codes(interviews, seed=5)
    table = found.codes.set_index("code")
    assert sorted(table.index) == table.index.tolist() == ["price", "service", "质量"]
    assert found.coders == ("乙", "甲")
    assert (found.n_units, found.n_single) == (60, 0)
    for name, row in table.iterrows():
        marks = rate_presence(interviews, code=name)
        kappa = cohen_kappa(marks, categories=[0.0, 1.0], seed=5)
        alpha = krippendorff_alpha(marks, seed=5)
        assert row["kappa"] == kappa.kappa
        assert (row["kappa_lower"], row["kappa_upper"]) == (
            kappa.bootstrap.lower,
            kappa.bootstrap.upper,
        )
        assert (row["alpha"], row["alpha_lower"]) == (alpha.alpha, alpha.interval.lower)
        assert row["agreement"] == pytest.approx((marks["甲"] == marks["乙"]).mean())
        assert row["reading"] == read_alpha(alpha.alpha)
    check = found.checks[0]
    assert check.statistic == table["alpha"].min()
    assert not check.passed
    assert found.to_metrics()["coding_smallest_alpha"] == table["alpha"].min()


def test_the_worst_code_decides_the_check():
    found = agree_on_codes(two_coders(), seed=5)
    for alphas, passed in (([0.9, 0.7, 0.667], True), ([0.9, 0.7, 0.66], False)):
        check = replace(found, codes=found.codes.assign(alpha=alphas)).checks[0]
        assert (check.passed, check.statistic) == (passed, min(alphas))
    assert replace(found, codes=found.codes.assign(alpha=np.nan)).checks == ()


def test_pooled_kappa_averages_agreement_and_chance():
    interviews = two_coders()
    found = agree_on_codes(interviews, seed=5)
    parts = [
        cohen_kappa(rate_presence(interviews, code=c), categories=[0.0, 1.0], seed=1)
        for c in found.codes["code"]
    ]
    agreement = np.mean([p.agreement for p in parts])
    expected = np.mean([p.expected for p in parts])
    assert found.pooled_kappa == pytest.approx((agreement - expected) / (1 - expected))
    assert found.pooled_interval.lower < found.pooled_kappa < found.pooled_interval.upper
    # With one code the pooled kappa is that code's, and so is its interval, nearly.
    one = agree_on_codes(interviews[interviews["code"] != "price"], seed=5)
    single = one.codes.set_index("code")
    assert set(single.index) == {"service", "质量"}
    wide = agree_on_codes(interviews, seed=5, resample="interviews")
    assert wide.pooled_kappa == found.pooled_kappa
    assert wide.pooled_interval != found.pooled_interval


def test_three_coders_have_alpha_but_no_kappa():
    interviews = two_coders()
    third = interviews[interviews["coder"] == "甲"].assign(coder="丙")
    found = agree_on_codes(pd.concat([interviews, third]), seed=1)
    assert found.codes["kappa"].isna().all()
    assert found.codes["alpha"].notna().all()
    assert found.codes["note"].str.contains("compares two coders; there are 3").all()
    assert isinstance(found.pooled_kappa, NotAvailable)


def test_a_code_given_everywhere_is_noted():
    interviews = code(
        *[("I1", str(s), coder, "service") for s in range(4) for coder in ("ann", "bob")],
        ("I1", "0", "ann", "price"),
    )
    table = agree_on_codes(interviews, seed=1).codes.set_index("code")
    assert np.isnan(table.loc["service", "kappa"])
    assert "nothing varies" in table.loc["service", "note"]
    assert table.loc["service", "reading"] == "none"
    assert table.loc["service", "agreement"] == 1


def test_readings():
    words = [read_kappa(k) for k in (-0.1, 0.0, 0.2, 0.21, 0.5, 0.61, 0.8, 0.81, 1.0)]
    assert words == [
        *("poor", "slight", "slight", "fair", "moderate", "substantial", "substantial"),
        *("almost perfect", "almost perfect"),
    ]
    assert [read_alpha(a) for a in (0.8, 0.667, 0.66)] == [
        *("reliable", "tentative conclusions only", "not reliable enough"),
    ]


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: krippendorff_alpha(d, level="ordnal", seed=1), SettingsError, "'ordinal'"),
        (lambda d: krippendorff_alpha(d, seed=1, draws=10), SettingsError, "at least 100"),
        (lambda d: krippendorff_alpha(d, seed=1, confidence=95), SettingsError, "between 0 and 1"),
        (lambda d: krippendorff_alpha(d[["A"]], seed=1), ModelError, "needs two coders"),
        (lambda d: krippendorff_alpha(d.iloc[[11]], seed=1), ModelError, "coded by two coders"),
        (lambda d: krippendorff_alpha(-d, level="ratio", seed=1), DataError, "below 0"),
        (
            lambda d: krippendorff_alpha(d.replace(5, np.inf), level="interval", seed=1),
            DataError,
            "infinite",
        ),
        (
            lambda d: krippendorff_alpha(d.astype("str"), level="interval", seed=1),
            DataError,
            "needs numbers, found '1.0'; use nominal",
        ),
        (
            lambda d: krippendorff_alpha(d.astype("str"), level="ordinal", seed=1),
            DataError,
            "give categories",
        ),
        (
            lambda d: krippendorff_alpha(d, categories=[1, 2, 3], seed=1),
            SettingsError,
            "outside the categories: 4.0, 5.0",
        ),
        (lambda d: cohen_kappa(d, seed=1), ModelError, "there are 4: read Krippendorff"),
        (lambda d: cohen_kappa(d[["A", "B"]].iloc[9:], seed=1), ModelError, "coded by both"),
        (
            lambda d: cohen_kappa(d[["A", "B"]], weights="linaer", seed=1),
            SettingsError,
            "did you mean 'linear'",
        ),
        (
            lambda d: cohen_kappa(d[["A", "B"]], weights=np.eye(2), seed=1),
            SettingsError,
            "must be 4 by 4",
        ),
        (
            lambda d: cohen_kappa(d[["A", "B"]].astype("str"), weights="linear", seed=1),
            SettingsError,
            "give categories",
        ),
        (
            lambda d: agree_on_codes(code(("1", "1", "ann", "x")), seed=1),
            ModelError,
            "let a second person code",
        ),
        (
            lambda d: agree_on_codes(code(("1", "1", "ann", "x"), ("1", "2", "bob", "x")), seed=1),
            ModelError,
            "no segment was read by two",
        ),
        (
            lambda d: agree_on_codes(two_coders().drop(columns="coder"), seed=1),
            DataError,
            "interviews has no column 'coder'",
        ),
        (
            lambda d: agree_on_codes(two_coders(), seed=1, resample="words"),
            SettingsError,
            "segments, interviews",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(KRIPPENDORFF)


def test_absence_passes_through():
    absent = NotAvailable("the study has no table interviews")
    assert agree_on_codes(absent, seed=1) is absent
    assert cohen_kappa(absent, seed=1) is absent
