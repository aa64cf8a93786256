from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmstudy.analysis import compare_groups
from crmstudy.analysis.studentized_range import studentized_range_isf, studentized_range_sf
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.statistics.variance import apply_anova, apply_welch, split_variance

REFERENCE = Path(__file__).parents[1] / "reference" / "group_comparison"
CASES = pd.read_csv(REFERENCE / "cases.csv")
EXPECTED = pd.read_csv(REFERENCE / "expected.csv")


def take_reference(name: str) -> tuple[pd.DataFrame, pd.Series]:
    expected = EXPECTED[EXPECTED["data"] == name].set_index("quantity")["value"]
    return CASES[CASES["data"] == name], expected


def compare(cases: pd.DataFrame, **settings):
    return compare_groups(cases, outcome="outcome", group="group", **settings)


@pytest.mark.parametrize("name", ["plants", "baskets"])
def test_tests_and_effect_sizes_are_those_of_r(name):
    cases, expected = take_reference(name)
    result = compare(cases)
    found = {
        "ss_between": result.anova_table.loc["between", "sum of squares"],
        "ss_within": result.anova_table.loc["within", "sum of squares"],
        "df_within": result.anova_table.loc["within", "df"],
        "anova_f": result.anova.statistic,
        "anova_p": result.anova.p_value,
        "welch_f": result.welch.statistic,
        "welch_p": result.welch.p_value,
        "kruskal_chi2": result.kruskal_wallis.statistic,
        "kruskal_p": result.kruskal_wallis.p_value,
        "brown_forsythe_f": result.equal_variances.statistic,
        "brown_forsythe_p": result.equal_variances.p_value,
        "eta_squared": result.eta_squared,
        "omega_squared": result.omega_squared,
    }
    for quantity, value in found.items():
        assert value == pytest.approx(expected[quantity], rel=1e-10), quantity
    df = float(result.welch.distribution.split(",")[1].strip(" )"))
    assert df == pytest.approx(expected["welch_df"], rel=1e-5)
    for group, row in result.groups.iterrows():
        for quantity in ("mean", "sd", "lower", "upper"):
            assert row[quantity] == pytest.approx(expected[f"{quantity}:{group}"], rel=1e-10)


@pytest.mark.parametrize("name", ["plants", "baskets"])
@pytest.mark.parametrize(("method", "prefix"), [("games-howell", "gh"), ("tukey-kramer", "tukey")])
def test_pairs_are_those_of_r(name, method, prefix):
    cases, expected = take_reference(name)
    pairs = compare(cases, post_hoc=method).pairs
    assert len(pairs) == {"plants": 3, "baskets": 6}[name]
    for _, pair in pairs.iterrows():
        label = f"{pair['group']}-{pair['compared_with']}"
        difference = expected[f"tukey_difference:{label}"]
        assert pair["difference"] == pytest.approx(difference, rel=1e-10)
        for ours, theirs in {"lower": "lower", "upper": "upper", "p_adjusted": "p"}.items():
            reference = expected[f"{prefix}_{theirs}:{label}"]
            assert pair[ours] == pytest.approx(reference, rel=2e-6, abs=1e-8), (label, ours)
        if prefix == "gh":
            assert pair["df"] == pytest.approx(expected[f"gh_df:{label}"], rel=1e-10)


def test_nist_resistivity():
    # NIST StRD, one-way ANOVA, SiRstv: resistivity of silicon wafers, certified values.
    values = [
        [196.3052, 196.1240, 196.1890, 196.2569, 196.3403],
        [196.3042, 196.3825, 196.1669, 196.3257, 196.0422],
        [196.1303, 196.2005, 196.2889, 196.0343, 196.1811],
        [196.2795, 196.1748, 196.1494, 196.1485, 195.9885],
        [196.2119, 196.1051, 196.1850, 196.0052, 196.2090],
    ]
    frame = pd.DataFrame({"outcome": np.ravel(values), "group": np.repeat(range(1, 6), 5)})
    result = compare(frame)
    squares = result.anova_table["sum of squares"]
    assert squares["between"] == pytest.approx(5.11462616000000e-02, rel=1e-10)
    assert squares["within"] == pytest.approx(2.16636560000000e-01, rel=1e-10)
    assert result.anova.statistic == pytest.approx(1.18046237440255, rel=1e-10)
    assert result.eta_squared == pytest.approx(1.90999039051129e-01, rel=1e-10)
    assert result.anova.distribution == "F(4, 20)"


@pytest.mark.parametrize(
    ("level", "n", "statistic", "digits"),
    [(1, 21, 21, 1e-11), (1, 201, 201, 1e-11), (1_000_000, 21, 21, 1e-8), (1e12, 21, 21, 1e-3)],
    ids=["SmLs01", "SmLs02", "SmLs04", "SmLs07"],
)
def test_nist_simon_lesage(level, n, statistic, digits):
    # NIST StRD after Simon & Lesage (1989): nine groups, a large common level. Beyond
    # 1e12 the numbers themselves have only four digits left in double precision.
    def shape(i: int) -> float:
        return 0.2 if i == 1 else (0.1, 0.3)[i % 2]

    rows = [
        {"group": i, "outcome": level + shape(i) + shape(j)}
        for i in range(1, 10)
        for j in range(1, n + 1)
    ]
    result = compare(pd.DataFrame(rows))
    assert result.anova.statistic == pytest.approx(statistic, rel=digits)


def test_plants_as_printed_in_the_help_of_r():
    # R, example(TukeyHSD) style output on PlantGrowth: F 4.846, p .01591; trt2 - trt1.
    cases, _ = take_reference("plants")
    result = compare(cases, post_hoc="tukey-kramer")
    assert result.anova.statistic == pytest.approx(4.846, abs=0.0005)
    assert result.anova.p_value == pytest.approx(0.01591, abs=0.000005)
    last = result.pairs.iloc[-1]
    assert -last["difference"] == pytest.approx(0.865, abs=0.0005)
    assert -last["upper"] == pytest.approx(0.1737839, abs=1e-7)
    assert last["p_adjusted"] == pytest.approx(0.0120064, abs=5e-8)


@pytest.mark.parametrize(
    ("q", "k", "df"),
    [(3.5, 5, 10.0), (3.5, 12, 3.3), (20.0, 30, 2.0), (8.0, 2, 1.0), (4.0, 3, 900.0)],
)
def test_studentized_range_is_that_of_scipy(q, k, df):
    expected = stats.studentized_range.sf(q, k, df)
    found = studentized_range_sf(np.array([q]), k, np.array([df]))[0]
    assert found == pytest.approx(expected, rel=1e-10)
    back = studentized_range_isf(found, k, np.array([df]))[0]
    assert back == pytest.approx(q, rel=1e-8)


def test_two_groups_are_the_t_tests():
    cases = CASES.query("data == 'baskets' and group in ['phone', 'shop']")
    result = compare(cases)
    phone, shop = (cases.loc[cases["group"] == g, "outcome"] for g in ("phone", "shop"))
    pooled, welch = stats.ttest_ind(phone, shop), stats.ttest_ind(phone, shop, equal_var=False)
    assert result.anova.statistic == pytest.approx(pooled.statistic**2)
    assert result.welch.p_value == pytest.approx(welch.pvalue)
    assert result.pairs["p_adjusted"][0] == pytest.approx(welch.pvalue)


def test_shift_scale_and_order_do_not_matter():
    cases, _ = take_reference("baskets")
    metrics = compare(cases).to_metrics()
    moved = compare(cases.assign(outcome=7 - 4 * cases["outcome"])).to_metrics()
    shuffled = compare(cases.sample(frac=1, random_state=2)).to_metrics()
    assert moved == pytest.approx(metrics)
    assert shuffled == pytest.approx(metrics)


def test_level_of_the_tests_under_unequal_variances():
    # No difference in means; the small group varies most. Welch keeps 5 %, F does not.
    draw = np.random.default_rng(5)
    sizes, spreads = [8, 30, 30], [6.0, 1.0, 1.0]
    n_draws, rejected = 1_000, np.zeros(2)
    for _ in range(n_draws):
        samples = [draw.normal(0, spread, n) for n, spread in zip(sizes, spreads, strict=True)]
        rows = [{"n": len(x), "mean": x.mean(), "sd": x.std(ddof=1)} for x in samples]
        welch, anova = apply_welch(pd.DataFrame(rows)), apply_anova(split_variance(samples))
        rejected += [welch.p_value < 0.05, anova.p_value < 0.05]
    assert rejected[0] / n_draws == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / n_draws))
    assert rejected[1] / n_draws > 0.2


def test_small_groups_and_missing_cases_are_reported():
    cases, _ = take_reference("baskets")
    more = pd.concat(
        [
            cases,
            pd.DataFrame(
                {"group": ["fax", "fax", "web", None], "outcome": [1.0, 2.0, np.nan, 4.0]}
            ),
        ]
    )
    result = compare(more)
    assert result.left_out["n"].to_dict() == {"fax": 2}
    assert (result.n, result.n_missing) == (len(cases), 2)
    left_out = next(check for check in result.checks if "left out" in check.name)
    assert not left_out.passed
    assert left_out.statistic == 1
    assert result.anova == compare(cases).anova


def test_checks_look_at_the_assumptions():
    cases, _ = take_reference("plants")
    assert all(check.passed for check in compare(cases).checks)
    skewed = cases.assign(outcome=np.exp(3 * cases["outcome"]))
    verdicts = {check.name: check.passed for check in compare(skewed).checks}
    assert not verdicts["residuals are not far from normal: skewness"]
    wild = cases.assign(outcome=cases["outcome"] * np.where(cases["group"] == "ctrl", 50, 1))
    verdicts = {check.name: check.passed for check in compare(wild).checks}
    assert not verdicts["groups have equal variances (Brown-Forsythe p-value)"]


def test_a_group_that_does_not_vary():
    frame = pd.DataFrame(
        {"group": np.repeat(["a", "b", "c"], 6), "outcome": [5.1] * 6 + [*range(6)] + [*range(6)]}
    )
    result = compare(frame)
    assert str(result.welch) == "not available: group 'a' does not vary"
    assert len(result.pairs) == 3  # each pair still has one group that varies
    assert "welch_statistic" not in result.to_metrics()
    assert result.tests()["test"].tolist() == ["one-way ANOVA", "Kruskal-Wallis", "Brown-Forsythe"]
    two_still = frame.assign(outcome=[5.1] * 6 + [2.0] * 6 + [*range(6)])
    assert "several groups do not vary: a, b" in str(compare(two_still).pairs)
    balanced = frame.assign(outcome=[0, 1] * 9)
    assert "equally far from the median" in str(compare(balanced).equal_variances)


def test_ordered_groups_keep_their_order():
    cases, _ = take_reference("baskets")
    order = ["web", "shop", "phone", "app", "fax"]
    groups = pd.Categorical(cases["group"], categories=order, ordered=True)
    result = compare(cases.assign(group=groups))
    assert result.groups.index.tolist() == order[:4]
    assert result.table()["group"].tolist() == order[:4]


def test_refusals():
    cases, _ = take_reference("plants")
    with pytest.raises(ModelError, match="needs two groups of 11 cases or more; there are 0"):
        compare(cases, minimum_size=11)
    with pytest.raises(ModelError, match="outcome does not vary within any group"):
        compare(cases.assign(outcome=0.1))
    with pytest.raises(SettingsError, match="minimum_size = 1: a group needs at least 2"):
        compare(cases, minimum_size=1)
    with pytest.raises(SettingsError, match=r"'games-howel': allowed are .*; did you mean"):
        compare(cases, post_hoc="games-howel")
    with pytest.raises(DataError, match=r"no column 'groups'; did you mean 'group'\?"):
        compare_groups(cases, outcome="outcome", group="groups")
    with pytest.raises(DataError, match="outcome 'group' is str, not a number"):
        compare_groups(cases, outcome="group", group="outcome")
    assert not compare_groups(NotAvailable("no customers"), outcome="x", group="y")
