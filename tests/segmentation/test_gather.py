import pandas as pd
import pytest

from crmstudy.collection.study import StudyData
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable, SettingsError
from crmstudy.segmentation.positioning.gather import gather_evidence
from crmstudy.segmentation.positioning.perceptual import map_positions
from crmstudy.segmentation.positioning.portfolio import rate_segments
from crmstudy.segmentation.positioning.positioning import measure_gaps
from crmstudy.segmentation.positioning.strategy import name_strategies

TABLES = (
    "transactions",
    "customers",
    "products",
    "contacts",
    "survey",
    "benchmarks",
)


def open_firm(make_study, *tables: str) -> StudyData:
    study = make_study(
        {name: {"simulated": name} for name in tables}, simulation={"n_customers": 150}
    )
    return StudyData(study, open_warehouse(study))


def test_every_table_of_the_simulated_firm_is_used(make_study):
    data = open_firm(make_study, *TABLES)
    features = data.features()
    evidence = gather_evidence(features, data, cut_day=data.split_day())
    # no day is in both windows, and none in neither
    both = evidence.earlier["n_purchases"].sum() + evidence.later["n_purchases"].sum()
    assert both == features["n_purchases"].sum()
    whole = evidence.departments.to_numpy().sum()
    assert whole == pytest.approx(features["revenue"].sum())
    segments = pd.Series("small", index=features.index)
    segments[features["revenue"] > features["revenue"].median()] = "large"
    gaps = measure_gaps(evidence, segments, seed=1, n_draws=20)
    assert set(gaps.gaps["dimension"]) == {"product", "service", "brand", "channel"}
    portfolio = rate_segments(evidence, segments, seed=1, n_draws=20)
    assert (
        portfolio.absent["criterion"].isin(["overall satisfaction", "intention to buy again"]).all()
    )
    assert len(name_strategies(portfolio).segments) == 2
    assert map_positions(evidence.departments, segments, seed=1, n_draws=5).n_shown == 1


def test_a_bare_ledger_gives_what_it_can(make_study):
    data = open_firm(make_study, "transactions")
    evidence = gather_evidence(data.features(), data, cut_day=data.split_day())
    assert isinstance(evidence.departments, NotAvailable)
    assert isinstance(evidence.survey, NotAvailable)
    assert not isinstance(evidence.channels, NotAvailable)
    with pytest.raises(SettingsError, match="cut_day = 'soon'"):
        gather_evidence(data.features(), data, cut_day="soon")
    absent = NotAvailable("no purchases")
    assert gather_evidence(absent, data, cut_day="2024-06-30") is absent
