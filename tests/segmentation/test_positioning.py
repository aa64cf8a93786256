import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.instrument import ConstructSpec, Instrument, ItemSpec
from crmstudy.segmentation.positioning.evidence import Evidence, brand_repurchase, find_own_brand
from crmstudy.segmentation.positioning.positioning import COLUMNS, measure_gaps

INSTRUMENT = Instrument(
    scale=(1, 10),
    constructs={
        "expectation": ConstructSpec(label="Expectation", items=["EX1", "EX2"]),
        "image": ConstructSpec(label="Image", items=["IM1"]),
    },
    items={
        "PS": ItemSpec(text="goods"),
        "SS": ItemSpec(text="service"),
        "SA": ItemSpec(text="all in all"),
        "LO": ItemSpec(text="again"),
        "EX2": ItemSpec(text="wrong", reverse=True),
    },
    roles={
        "product_satisfaction": "PS",
        "service_satisfaction": "SS",
        "overall_satisfaction": "SA",
        "repurchase_intention": "LO",
    },
)


def make_firm(n: int = 300, seed: int = 0, better: float = 0.0) -> tuple[Evidence, pd.Series]:
    """A firm of two segments; ``better`` raises satisfaction and spending of segment a."""
    draw = np.random.default_rng(seed)
    index = pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id")
    a = np.arange(n) % 2 == 0
    rises = better * a
    features = pd.DataFrame(
        {
            "revenue": draw.gamma(2.0, 50.0, n) * (1 + rises),
            "n_purchases": draw.integers(1, 9, n),
            "n_departments": draw.integers(1, 5, n),
            "n_complaints": draw.poisson(0.3, n),
            "mean_response_hours": np.where(draw.random(n) < 0.5, draw.gamma(2.0, 4.0, n), np.nan),
            "main_channel_share": draw.uniform(0.5, 1.0, n),
            "mean_days_between_purchases": draw.gamma(5.0, 5.0, n),
            "sd_days_between_purchases": draw.gamma(4.0, 4.0, n),
            "discount_share": draw.uniform(0, 0.2, n),
            "margin": draw.gamma(2.0, 20.0, n),
        },
        index=index,
    )
    brands = pd.DataFrame(
        draw.gamma(1.0, 10.0, (n, 3)).round(), index=index, columns=["Aster", "Birch", "Own label"]
    )
    answers = pd.DataFrame(
        {
            "respondent_id": [f"r{i}" for i in range(n)],
            "customer_id": np.where(np.arange(n) < n - 20, index, None),
            **{item: draw.integers(4, 9, n) + 2.0 * rises for item in ("PS", "SS", "SA", "LO")},
            **{item: draw.integers(4, 9, n).astype(float) for item in ("EX1", "EX2", "IM1")},
        }
    )
    window = features[["revenue", "n_purchases"]].assign(tenure_days=364)
    evidence = Evidence(
        features,
        earlier=window,
        later=window.iloc[: n // 2 + 1],
        departments=pd.DataFrame(
            draw.gamma(1.0, 10.0, (n, 4)),
            index=index,
            columns=["tea", "coffee", "other", "unknown"],
        ),
        brands=brands,
        channels=pd.DataFrame(draw.gamma(1.0, 10.0, (n, 2)), index=index, columns=["store", "web"]),
        earlier_brands=brands,
        later_brands=brands.where(draw.random((n, 3)) < 0.5, 0.0),
        customers=pd.DataFrame({"customer_id": index, "channel": draw.choice(["store", "web"], n)}),
        survey=answers,
        benchmarks=pd.DataFrame(
            {
                "indicator": ["Complaint rate", "complaint rate", "customer satisfaction index"],
                "period": ["2024", "2025", "2025"],
                "value": [0.5, 0.04, 60.0],
                "unit": ["share", "share", "points of 100"],
                "source": ["an association"] * 3,
            }
        ),
        instrument=INSTRUMENT,
    )
    return evidence, pd.Series(np.where(a, "a", "b"), index=index)


def value_of(gaps, measure: str, segment: str, reference: str = "all customers") -> pd.Series:
    rows = gaps.gaps
    rows = rows[(rows["measure"] == measure) & (rows["segment"] == segment)]
    return rows[rows["reference"].str.startswith(reference)].iloc[0]


def test_values_by_hand():
    evidence, segments = make_firm()
    gaps = measure_gaps(evidence, segments, seed=1, n_draws=50)
    features, a = evidence.features, segments == "a"
    row = value_of(gaps, "complaints per 100 customers", "a")
    assert row["value"] == pytest.approx(100 * features.loc[a, "n_complaints"].mean())
    assert row["reference_value"] == pytest.approx(100 * features["n_complaints"].mean())
    assert row["gap"] == pytest.approx(row["value"] - row["reference_value"])
    assert row["index"] == pytest.approx(100 * row["value"] / row["reference_value"])
    assert row["better"] == "smaller"
    row = value_of(gaps, "complaints per 100 purchases", "all customers", "benchmark 2025")
    sums = features[["n_complaints", "n_purchases"]].sum()
    assert row["value"] == pytest.approx(100 * sums["n_complaints"] / sums["n_purchases"])
    assert row["reference_value"] == pytest.approx(4.0)  # the latest figure, per 100
    row = value_of(gaps, "share of tea", "b")
    money = evidence.departments.loc[~a]
    known = money[["tea", "coffee", "other"]].to_numpy().sum()
    assert row["value"] == pytest.approx(money["tea"].sum() / known)
    row = value_of(gaps, "time to the first answer", "a")
    assert row["n"] == features.loc[a, "mean_response_hours"].notna().sum()


def test_satisfaction_is_experience_less_expectation():
    evidence, segments = make_firm()
    gaps = measure_gaps(evidence, segments, seed=1, n_draws=50)
    linked = evidence.survey.dropna(subset="customer_id").set_index("customer_id")
    expected = (linked["EX1"] + 11 - linked["EX2"]) / 2  # EX2 is asked the other way round
    row = value_of(gaps, "service satisfaction", "a", "own expectation")
    a = segments[linked.index] == "a"
    assert row["gap"] == pytest.approx(linked.loc[a, "SS"].mean() - expected[a].mean())
    assert row["n"] == a.sum()


def test_wanted_and_used_channels():
    evidence, segments = make_firm()
    gaps = measure_gaps(evidence, segments, seed=1, n_draws=20)
    row = value_of(gaps, "share of web", "b", "share of customers who name it")
    b = segments == "b"
    money = evidence.channels[b]
    wanted = (evidence.customers.set_index("customer_id")["channel"] == "web")[b].mean()
    assert row["gap"] == pytest.approx(money["web"].sum() / money.to_numpy().sum() - wanted)


def test_a_true_difference_is_found():
    evidence, segments = make_firm(better=1.0)
    gaps = measure_gaps(evidence, segments, seed=0, n_draws=100)
    for measure in ("product satisfaction", "money per purchase"):
        assert value_of(gaps, measure, "a")["reading"] == "above"
        assert value_of(gaps, measure, "b")["reading"] == "below"
    assert gaps.to_metrics()["n_clear_gaps"] == len(gaps.clear()) >= 4


def test_gaps_of_equal_segments_have_the_nominal_level():
    outside = []
    for seed in range(60):
        evidence, segments = make_firm(150, seed=seed)
        only = Evidence(evidence.features[["n_purchases", "revenue", "n_departments"]])
        found = measure_gaps(only, segments, seed=seed, n_draws=200).gaps
        outside += found["reading"].isin(["above", "below"]).tolist()
    assert np.mean(outside) == pytest.approx(0.05, abs=0.05)


def test_a_segment_and_the_firm_it_is_part_of_are_drawn_together():
    # nearly the whole firm: its gap to the firm hardly moves, although its mean does
    evidence, segments = make_firm()
    nearly = segments.map(lambda _: "most").copy()
    nearly.iloc[:10] = "few"
    gaps = measure_gaps(evidence, nearly, seed=1, n_draws=200)
    row = value_of(gaps, "departments bought from", "most")
    spread = evidence.features["n_departments"].std() / np.sqrt(len(segments))
    assert 0 < row["upper"] - row["lower"] < 3.92 * spread / 3


def test_what_is_missing_is_said():
    evidence, segments = make_firm()
    bare = Evidence(
        evidence.features[["revenue", "n_purchases"]],
        survey=NotAvailable("no table survey"),
        brands=NotAvailable("no products"),
    )
    gaps = measure_gaps(bare, segments, seed=0, n_draws=10)
    reasons = gaps.absent.set_index("measure")["reason"]
    assert reasons["complaints per 100 customers"] == "no contacts that say what is a complaint"
    assert reasons["image"] == "the survey does not measure image"
    assert reasons["share of the own or leading brand"] == "no products"
    assert set(gaps.gaps["measure"]) == {"money per purchase"}
    table = gaps.table()
    assert list(table.columns) == [name.replace("_", " ") for name in COLUMNS]
    assert table["reading"].str.startswith("not available: ").sum() == len(gaps.absent)
    assert list(table["dimension"].drop_duplicates()) == ["product", "service", "brand", "channel"]


def test_an_unlinked_survey_is_not_used():
    evidence, segments = make_firm()
    for survey in (
        evidence.survey.drop(columns="customer_id"),
        evidence.survey.assign(customer_id=None),
    ):
        only = Evidence(evidence.features, survey=survey, instrument=INSTRUMENT)
        gaps = measure_gaps(only, segments, seed=0, n_draws=5)
        assert "the survey is not linked to customers" in set(gaps.absent["reason"])


def test_few_customers_have_no_interval():
    evidence, segments = make_firm()
    segments = segments.copy()
    segments.iloc[:3] = "tiny"
    gaps = measure_gaps(evidence, segments, seed=0, n_draws=20).gaps
    tiny = gaps[(gaps["segment"] == "tiny") & (gaps["measure"] == "money per purchase")].iloc[0]
    assert np.isnan(tiny["lower"])
    assert np.isfinite(tiny["gap"])
    assert tiny["reading"] == "no interval: fewer than 5 customers"


def test_order_of_customers_and_currency_change_no_reading():
    evidence, segments = make_firm()
    one = measure_gaps(evidence, segments, seed=3, n_draws=40)
    mixed = segments.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(one.gaps, measure_gaps(evidence, mixed, seed=3, n_draws=40).gaps)
    in_cents = evidence.features.assign(revenue=evidence.features["revenue"] * 100)
    cents = measure_gaps(Evidence(in_cents), segments, seed=3, n_draws=40).gaps
    plain = measure_gaps(Evidence(evidence.features), segments, seed=3, n_draws=40).gaps
    assert cents["reading"].tolist() == plain["reading"].tolist()
    assert cents["index"].to_numpy() == pytest.approx(plain["index"].to_numpy())


def test_own_label_is_found_by_its_name_else_the_leading_brand():
    money = pd.DataFrame({"National": [9.0], "Private": [1.0], "unknown": [99.0]})
    assert find_own_brand(money) == ("Private", "share of the firm's own label (Private)")
    brands = pd.DataFrame({"Birch": [1.0], "Aster": [5.0]})
    assert find_own_brand(brands) == ("Aster", "share of the leading brand (Aster)")
    assert isinstance(find_own_brand(brands[["Aster"]]), NotAvailable)
    assert find_own_brand(pd.DataFrame({"自有品牌": [1.0], "Aster": [5.0]}))[0] == "自有品牌"


def test_brand_repurchase_by_hand():
    earlier = pd.DataFrame({"A": [5.0, 1.0], "B": [2.0, 0.0]}, index=["u", "v"])
    later = pd.DataFrame({"A": [1.0], "B": [0.0]}, index=["u"])
    found = brand_repurchase(earlier, later, "again")
    assert found.numerator.tolist() == [1.0, 0.0]
    assert found.denominator.tolist() == [2.0, 1.0]


def test_overview_puts_segments_beside_each_other():
    evidence, segments = make_firm()
    wide = measure_gaps(evidence, segments, seed=0, n_draws=5).overview()
    assert list(wide.columns[:5]) == [
        "dimension",
        "measure",
        "unit",
        "reference",
        "reference value",
    ]
    assert list(wide.columns[5:]) == ["a", "b", "all customers"]
    row = wide[wide["measure"] == "departments bought from"].iloc[0]
    assert row["a"] == pytest.approx(evidence.features["n_departments"][segments == "a"].mean())


def test_customers_without_features_are_counted():
    evidence, segments = make_firm()
    more = pd.concat([segments, pd.Series(["a"], index=["stranger"])])
    gaps = measure_gaps(evidence, more, seed=0, n_draws=2)
    assert (gaps.n_customers, gaps.n_left_out) == (300, 1)
    with pytest.raises(ModelError, match="both a segment and features"):
        measure_gaps(evidence, more.tail(1), seed=0)
