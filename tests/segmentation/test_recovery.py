"""Recovery through the whole path: files, database, features, criteria, segments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crmstudy.chapters import check_parameters
from crmstudy.collection.simulate import simulate_firm
from crmstudy.collection.study import StudyData, open_study
from crmstudy.segmentation import (
    build_spaces,
    cluster_kmeans,
    collect_criteria,
    find_method,
    score_rfm,
)
from crmstudy.segmentation.criteria.space import Space

SEED, N = 1, 3000
KNOWN_BASKETS = 5  # of fewer baskets what a customer needs shows only by chance
N_TRUE = 4


@pytest.fixture
def firm(make_study, segmentation_parameters) -> StudyData:
    names = ("transactions", "customers", "products")
    study = make_study(
        {name: {"simulated": name} for name in names}, simulation={"n_customers": N}, seed=SEED
    )
    folder = str(study.paths.inputs)
    return open_study(check_parameters("segmentation", STUDY=folder, **segmentation_parameters))


def spaces_of(data: StudyData) -> Mapping[str, Space]:
    criteria = collect_criteria(
        data.features(), customers=data.companion("customers"), mix=data.product_mix()
    )
    return build_spaces(criteria)


def true_segments(customers: pd.Index) -> pd.Series:
    people = simulate_firm(seed=SEED, n_customers=N).people.set_index("customer_id")
    return people["segment"].reindex(customers).astype(str)


def busy_customers(data: StudyData, customers: pd.Index) -> np.ndarray:
    return (data.purchases()["n_purchases"].reindex(customers) >= KNOWN_BASKETS).to_numpy()


def test_kmeans_on_the_needs_gives_back_the_true_segments(firm):
    space = spaces_of(firm)["needs"]
    truth = true_segments(space.customers)
    labels = find_method("k-means").fit(space, n_segments=N_TRUE, seed=SEED)(space)
    busy = busy_customers(firm, space.customers)
    found = adjusted_rand_score(truth[busy], labels[busy])
    assert found >= 0.9
    # As good as who knows that each segment has a department of its own ...
    spend = firm.product_mix().spend.reindex(space.customers)
    known = spend.to_numpy().argmax(axis=1)
    assert found == pytest.approx(adjusted_rand_score(truth[busy], known[busy]), abs=0.02)
    # ... and less sure of customers who showed little of their needs.
    assert adjusted_rand_score(truth[~busy], labels[~busy]) < found
    value = spaces_of(firm)["value"]
    unrelated = find_method("k-means").fit(value, n_segments=N_TRUE, seed=SEED)(value)
    assert abs(adjusted_rand_score(true_segments(value.customers), unrelated)) < 0.02


def test_the_number_of_true_segments_is_found(firm):
    space = spaces_of(firm)["needs"]
    busy = busy_customers(firm, space.customers)
    points = pd.DataFrame(space.points[busy]).add_prefix("axis_")
    criteria = list(points)
    chosen = cluster_kmeans(
        points.assign(revenue=1.0),
        seed=SEED,
        columns=criteria,
        log=False,
        standardise="none",
        n_replicates=5,
    )
    assert chosen.n_segments == N_TRUE
    assert chosen.recommendation.n_segments == N_TRUE
    assert chosen.recommendation.verdict == "structure"


@pytest.fixture
def cdnow(monkeypatch, tmp_path, segmentation_parameters) -> StudyData:
    monkeypatch.setenv("CRMSTUDY_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("CRMSTUDY_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("CRMSTUDY_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow/study.yml").write_text(
        "title: CDNOW\nseed: 1\ntables:\n  transactions: {open: cdnow/transactions}\n"
    )
    given = {**segmentation_parameters, "STUDY": str(tmp_path / "cdnow"), "DATASET": "cdnow"}
    return open_study(check_parameters("segmentation", **given))


def test_the_scores_of_cdnow_are_of_all_its_customers(cdnow):
    rfm = score_rfm(cdnow.purchases(), n_bins=5)
    assert rfm.n_customers == 2357  # Fader, Hardie & Lee (2005)
    assert rfm.n_left_out == 0
    assert rfm.segments["n_customers"].sum() == 2357
    assert rfm.segments["share_customers"].sum() == pytest.approx(1)
    assert rfm.segments["share_revenue"].sum() == pytest.approx(1)
