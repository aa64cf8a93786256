"""Recommendations: recovery of made structure, laws, order, refusals, examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.value.recommendation.item_names import name_items
from crmstudy.value.recommendation.lists import list_items
from crmstudy.value.recommendation.purchase_matrix import arrange_purchases
from crmstudy.value.recommendation.recommend import recommend_items
from crmstudy.value.recommendation.recommenders import (
    BLEND,
    FACTORS,
    NEIGHBOURS,
    NEW,
    OWN,
    PAIRWISE,
    POPULAR,
    RECENT,
    REPEAT,
    Workbench,
    find_neighbours,
    one_thread,
)
from crmstudy.value.recommendation.trial import RecommendationTrial, try_recommenders
from crmstudy.value.recommendation.trial_windows import plan_recommendation_trial
from crmstudy.value.recommendation.tuning import find_judges

REACH = pd.Timestamp("2024-01-01 09:00"), pd.Timestamp("2024-12-31 20:00")
WINDOWS = plan_recommendation_trial(REACH)
Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def bought(rows: list[tuple[str, str, int, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "item", "n_purchases", "last_at"])
    return frame.assign(last_at=pd.to_datetime(frame["last_at"]))


def make_blocks(
    *,
    n_customers: int = 240,
    n_blocks: int = 4,
    per_block: int = 12,
    seed: int = 1,
    own: float = 0.9,
) -> Parts:
    """Customers of a block buy the items of that block, and others seldom; nothing repeats."""
    rng = np.random.default_rng(seed)
    n_items = n_blocks * per_block
    parts: list[list[tuple[str, str, int, str]]] = [[], [], []]
    days = WINDOWS.learn_until, WINDOWS.tune_until, WINDOWS.test_until
    for customer in range(n_customers):
        block = customer % n_blocks
        weights = np.full(n_items, (1 - own) / (n_items - per_block))
        weights[block * per_block : (block + 1) * per_block] = own / per_block
        chosen = rng.choice(n_items, size=9, replace=False, p=weights)
        for place, item in enumerate(chosen):
            part = 0 if place < 5 else 1 if place < 7 else 2
            parts[part].append((f"c{customer:03d}", f"i{item:02d}", 1, days[part]))
    return bought(parts[0]), bought(parts[1]), bought(parts[2])


@pytest.fixture(scope="module")
def blocks() -> Parts:
    return make_blocks()


@pytest.fixture(scope="module")
def trial(blocks: Parts) -> RecommendationTrial:
    return run(blocks)


def run(parts: Parts, *, k: int = 5, seed: int = 3, n_replicates: int = 60) -> RecommendationTrial:
    return try_recommenders(*parts, windows=WINDOWS, k=k, seed=seed, n_replicates=n_replicates)


def measure(trial: RecommendationTrial, task: str, method: str, name: str) -> float:
    table = trial.measures
    row = table[(table["task"] == task) & (table["method"] == method)].iloc[0]
    return row[name]


def test_windows_follow_each_other_and_cover_all_days() -> None:
    table = WINDOWS.table()
    assert table["days"].tolist() == [276, 45, 45]
    assert table["first day"].iloc[0] == "2024-01-01"
    assert table["last day"].iloc[-1] == "2024-12-31"
    ends = pd.to_datetime(table["last day"]).iloc[:-1] + pd.Timedelta(days=1)
    assert ends.tolist() == pd.to_datetime(table["first day"]).iloc[1:].tolist()
    assert WINDOWS.window_days == 45
    short = plan_recommendation_trial((pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-03")))
    assert short.table()["days"].tolist() == [1, 1, 1]


def test_made_blocks_are_found_by_neighbours_and_factors(trial: RecommendationTrial) -> None:
    for method in (NEIGHBOURS, FACTORS, PAIRWISE):
        assert measure(trial, NEW, method, "verdict") == "better"
        assert measure(trial, NEW, method, "hit_rate") > 0.6
    assert measure(trial, NEW, POPULAR, "hit_rate") < 0.45
    assert trial.choose(NEW)[0] in (NEIGHBOURS, FACTORS, PAIRWISE)
    # Nothing is bought twice here, so that one's own purchases foretell nothing.
    assert measure(trial, REPEAT, OWN, "hit_rate") < 0.1


def test_popularity_hits_what_a_count_by_hand_says(
    blocks: Parts, trial: RecommendationTrial
) -> None:
    before, after = pd.concat(blocks[:2]), blocks[2]
    counts = before["item"].value_counts()
    top = sorted(counts.index, key=lambda item: (-counts[item], item))[:5]
    hits = after.groupby("customer_id")["item"].agg(lambda items: bool(set(items) & set(top)))
    assert measure(trial, REPEAT, POPULAR, "hit_rate") == pytest.approx(hits.mean())


def test_recent_popularity_counts_one_window_only(blocks: Parts) -> None:
    matrix = arrange_purchases(blocks[:2], until=WINDOWS.tune_until)
    bench = Workbench(matrix, WINDOWS.window_days, 1)
    found = pd.Series(bench.fit(RECENT, ()).score(np.array([0]))[0], index=matrix.items)
    expected = blocks[1]["item"].value_counts().reindex(matrix.items).fillna(0)
    assert found.tolist() == expected.tolist()


def test_who_buys_the_same_again_is_foretold_by_own_purchases() -> None:
    rng = np.random.default_rng(8)
    rows: list[list[tuple[str, str, int, str]]] = [[], [], []]
    days = WINDOWS.learn_until, WINDOWS.tune_until, WINDOWS.test_until
    for customer in range(60):
        for item in rng.choice(40, size=5, replace=False):
            for part in range(3):
                rows[part].append((f"c{customer}", f"i{item}", 2, days[part]))
    found = run((bought(rows[0]), bought(rows[1]), bought(rows[2])))
    assert measure(found, REPEAT, OWN, "ndcg") == pytest.approx(1.0)
    assert measure(found, REPEAT, OWN, "recall") == pytest.approx(1.0)
    assert found.tasks == (REPEAT,)  # nobody buys anything new
    assert found.choose(REPEAT)[0] in (OWN, BLEND, NEIGHBOURS, FACTORS)


def test_neighbours_are_the_cosines_of_items() -> None:
    rng = np.random.default_rng(9)
    rows = [
        (f"c{c}", f"i{i}", int(rng.integers(1, 4)), "2024-05-01")
        for c in range(30)
        for i in rng.choice(12, size=5, replace=False)
    ]
    matrix = arrange_purchases([bought(rows)], until="2024-06-01", fewest_buyers=1)
    with one_thread():
        found = find_neighbours(Workbench(matrix, 30, 1), 100).toarray()
    damped = np.log1p(matrix.counts.toarray())
    unit = damped / np.linalg.norm(damped, axis=0)
    assert found == pytest.approx(unit.T @ unit, abs=1e-9)


def test_ties_and_silence_are_settled_by_popularity() -> None:
    rows = [(f"c{c}", "milk", 1, "2024-05-01") for c in range(9)]
    rows += [(f"c{c}", "bread", 1, "2024-05-01") for c in range(6)]
    rows += [(f"c{c}", "tea", 3, "2024-05-01") for c in range(3)]
    matrix = arrange_purchases([bought(rows)], until="2024-06-01", fewest_buyers=1)
    assert list(matrix.items) == ["milk", "bread", "tea"]
    scorer = Workbench(matrix, 30, 1).fit(OWN, (np.inf,))
    row = np.array([matrix.customers.get_loc("c8")])
    only_milk = list_items(scorer, matrix, row, task=REPEAT, length=9)
    assert only_milk.items.tolist() == [[0, 1, 2]]
    assert only_milk.filled.tolist() == [[False, True, True]]
    new = list_items(scorer, matrix, row, task=NEW, length=3)
    assert new.items.tolist() == [[1, 2, -1]]
    every = np.array([matrix.customers.get_loc("c0")])
    assert list_items(scorer, matrix, every, task=REPEAT, length=1).items.tolist() == [[2]]


def test_recent_purchases_weigh_more_with_a_half_life() -> None:
    rows = [("a", "old", 2, "2024-01-01"), ("a", "late", 1, "2024-05-31")]
    rows += [("b", "old", 1, "2024-05-31"), ("b", "late", 1, "2024-05-31")]
    matrix = arrange_purchases([bought(rows)], until="2024-06-01", fewest_buyers=1)
    row = np.array([matrix.customers.get_loc("a")])
    bench = Workbench(matrix, 30, 1)
    flat = bench.fit(OWN, (np.inf,)).score(row)[0][matrix.items.get_indexer(["old", "late"])]
    faded = bench.fit(OWN, (1.0,)).score(row)[0][matrix.items.get_indexer(["old", "late"])]
    assert flat.tolist() == [2, 1]
    assert faded == pytest.approx([2 * 2.0 ** (-153 / 30), 2.0 ** (-2 / 30)])


def test_judges_have_something_to_hit() -> None:
    before = [("a", "x", 1, "2024-01-01"), ("a", "y", 1, "2024-01-01"), ("b", "x", 1, "2024-01-01")]
    after = [("a", "x", 1, "2024-02-01"), ("b", "y", 1, "2024-02-01"), ("b", "z", 1, "2024-02-01")]
    after += [("new", "x", 1, "2024-02-01")]
    matrix = arrange_purchases([bought(before)], until="2024-01-31", fewest_buyers=1)
    judges = find_judges(matrix, bought(after))
    assert [matrix.customers[row] for row in judges[NEW].rows] == ["b"]
    assert sorted(matrix.customers[row] for row in judges[REPEAT].rows) == ["a", "b"]
    assert judges[REPEAT].n_relevant.tolist() == [1, 1]


def test_names_and_order_of_customers_and_lines_change_nothing(
    blocks: Parts, trial: RecommendationTrial
) -> None:
    rng = np.random.default_rng(10)
    names = {f"c{i:03d}": f"k{j:03d}" for i, j in enumerate(rng.permutation(240))}
    turned = [
        part.assign(customer_id=part["customer_id"].map(names)).sample(frac=1, random_state=seed)
        for seed, part in enumerate(blocks)
    ]
    again = run((turned[0], turned[1], turned[2]))
    pd.testing.assert_frame_equal(again.measures, trial.measures, rtol=1e-9)
    pd.testing.assert_frame_equal(again.curves, trial.curves, rtol=1e-9)
    pd.testing.assert_frame_equal(again.counts, trial.counts)


def test_the_same_seed_gives_the_same_bytes(blocks: Parts, trial: RecommendationTrial) -> None:
    again = run(blocks)
    pd.testing.assert_frame_equal(again.measures, trial.measures, check_exact=True)
    pd.testing.assert_frame_equal(again.tuning.table, trial.tuning.table, check_exact=True)


def test_nothing_after_the_tuning_window_is_learnt_from(
    blocks: Parts, trial: RecommendationTrial
) -> None:
    later = blocks[2].assign(item=blocks[2]["item"].to_numpy()[::-1])
    other = run((blocks[0], blocks[1], later))
    pd.testing.assert_frame_equal(other.tuning.table, trial.tuning.table)
    lists = ["task", "method", "setting"]
    pd.testing.assert_frame_equal(other.measures[lists], trial.measures[lists])
    assert measure(other, NEW, NEIGHBOURS, "hit_rate") < measure(trial, NEW, NEIGHBOURS, "hit_rate")


def test_inputs_are_left_as_they_were(blocks: Parts) -> None:
    copies = [part.copy() for part in blocks]
    run(blocks, n_replicates=5)
    for part, copy in zip(blocks, copies, strict=True):
        pd.testing.assert_frame_equal(part, copy)


def test_measures_stand_in_their_intervals_and_tables_are_whole(trial: RecommendationTrial) -> None:
    table = trial.measures
    for name in ("hit_rate", "ndcg"):
        assert (table[f"{name}_lower"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_upper"]).all()
    for task in trial.tasks:
        rows = table[table["task"] == task]
        assert (rows["verdict"] == "the best baseline").sum() == 1
        assert rows["lead"].isna().sum() == 1
        assert rows["tuned_best"].sum() == 1
        assert 0 < trial.random_hit_rate[task] < 1
    at_k = trial.curves[trial.curves["k"] == trial.k].reset_index(drop=True)
    assert at_k["hit_rate"].tolist() == pytest.approx(table["hit_rate"].tolist())
    assert trial.table()["hit rate at 5"].tolist() == table["hit_rate"].tolist()
    assert len(trial.tabulate_reach()) == len(table)
    assert set(trial.tabulate_tuning()) == {
        "task",
        "method",
        "setting",
        "NDCG, tuning window",
        "chosen",
    }
    metrics = trial.to_metrics()
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics["new_latent_factors_als_hit_rate"] == measure(trial, NEW, FACTORS, "hit_rate")
    counts = trial.counts.set_index("what")["number"]
    assert counts["customers who bought before the test"] == 240
    assert counts[f"customers who judge the task: {NEW}"] == measure(
        trial, NEW, POPULAR, "n_customers"
    )


def test_newcomers_and_rare_items_are_counted() -> None:
    parts = list(make_blocks(n_customers=80))
    rare = [("loner", "odd", 1, WINDOWS.learn_until)]
    late = [("newcomer", "i00", 1, WINDOWS.test_until), ("loner", "i01", 1, WINDOWS.test_until)]
    parts[0] = pd.concat([parts[0], bought(rare)])
    parts[2] = pd.concat([parts[2], bought(late)])
    found = run((parts[0], parts[1], parts[2]), n_replicates=20)
    counts = found.counts.set_index("what")["number"]
    assert counts["customers who bought before the test"] == 81
    assert counts["of them without (served by popularity)"] == 1
    assert counts["customers first seen in the test (served by popularity, not judged)"] == 1
    served = recommend_items(found, *parts, seed=1)
    assert served.n_customers == 82
    lists = served.lists
    alone = lists[(lists["customer_id"] == "loner") & (lists["task"] == NEW)]
    assert len(alone) == found.k


def test_recommendations_hold_every_customer_once_and_no_own_item_as_new(
    blocks: Parts, trial: RecommendationTrial
) -> None:
    products = pd.DataFrame(
        {"product_id": [f"i{i:02d}" for i in range(48)], "category": "tea", "brand": "Aster"}
    )
    found = recommend_items(trial, *blocks, seed=3, products=products)
    new = found.lists[found.lists["task"] == NEW]
    assert new.groupby("customer_id").size().eq(trial.k).all()
    assert new["customer_id"].nunique() == 240
    assert not new.duplicated(["customer_id", "item"]).any()
    owned = pd.concat(blocks)[["customer_id", "item"]]
    assert new.merge(owned, on=["customer_id", "item"]).empty
    assert new["name"].str.startswith("tea, Aster (i").all()
    table = found.table()
    assert set(table["customer"]) == {"light buyer", "typical buyer", "heavy buyer"}
    assert table["reason"].str.contains("bought").all()
    assert not table.astype(str).apply(lambda column: column.str.contains("c0")).any(axis=None)
    assert found.share_served == 1
    assert len(found.tabulate_service()) == len(found.methods)
    unnamed = recommend_items(trial, *blocks, seed=3, products=NotAvailable("no products"))
    assert (unnamed.lists["name"] == unnamed.lists["item"]).all()
    assert isinstance(recommend_items(NotAvailable("none"), *blocks, seed=3), NotAvailable)


def test_recommendations_are_made_by_the_method_that_was_chosen(
    blocks: Parts, trial: RecommendationTrial
) -> None:
    assert trial.choose(NEW)[0] in (NEIGHBOURS, FACTORS, PAIRWISE)
    found = recommend_items(trial, *blocks, seed=3).lists
    new = found[found["task"] == NEW]
    block = new["customer_id"].str[1:].astype(int) % 4
    # 9 items are bought, about 8 of the block's 12: some 4 of the 5 shown can be of it.
    assert (new["item"].str[1:].astype(int) // 12 == block).mean() > 0.7


def test_a_trial_of_very_many_customers_draws_some(
    blocks: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmstudy.value.recommendation.trial.MOST_CUSTOMERS", 100)
    found = run(blocks, n_replicates=20)
    counts = found.counts.set_index("what")["number"]
    assert counts["of them with an item of the catalogue (served by their own purchases)"] == 240
    assert counts["of those served, drawn at random for the trial"] == 100
    assert counts[f"customers who judge the task: {NEW}"] == 100


def test_reasons_are_facts() -> None:
    rows = [(f"c{c}", "milk", 1, "2024-05-01") for c in range(8)]
    rows += [(f"c{c}", "bread", 2, "2024-05-03") for c in range(6)]
    rows += [("z", "tea", 1, "2024-05-01"), ("y", "tea", 1, "2024-05-01")]
    from crmstudy.value.recommendation.recommend import _reason

    matrix = arrange_purchases([bought(rows)], until="2024-06-01", fewest_buyers=1)
    names = pd.Series(list(matrix.items), index=matrix.items)
    place = {name: int(matrix.items.get_loc(name)) for name in matrix.items}
    row = {name: int(matrix.customers.get_loc(name)) for name in matrix.customers}
    again = _reason(matrix, row["c0"], place["bread"], names)
    assert again == "bought before: 2 times, last on 2024-05-03"
    assert _reason(matrix, row["c0"], place["milk"], names).endswith("once, on 2024-05-01")
    fresh = _reason(matrix, row["c7"], place["bread"], names)
    assert fresh == "75% of the 8 buyers of milk bought it too"
    lone = _reason(matrix, row["z"], place["milk"], names)
    assert lone == "popular: bought by 80.0% of the customers"


def test_items_without_products_are_named_by_their_identifier() -> None:
    items = pd.Index(["1", "2", "3"])
    missing = NotAvailable("no products")
    assert name_items(items, missing).tolist() == ["1", "2", "3"]
    products = pd.DataFrame(
        {"product_id": ["1", "2"], "department": ["food", "food"], "category": ["茶", None]}
    )
    assert name_items(items, products).tolist() == ["茶 (1)", "food (2)", "3"]
    assert name_items(items, products, level="category").tolist() == ["1", "2", "3"]


def test_a_single_period_is_refused() -> None:
    day = pd.Timestamp("2024-01-01")
    with pytest.raises(ModelError, match=r"purchases of 1 day only: 3 are needed"):
        plan_recommendation_trial((day, day))
    with pytest.raises(ModelError, match=r"between 0 and 0\.5"):
        plan_recommendation_trial(REACH, share=0.5)
    assert isinstance(plan_recommendation_trial(NotAvailable("none")), NotAvailable)


def test_one_product_and_one_customer_are_refused() -> None:
    one = bought([(f"c{c}", "milk", 1, "2024-05-01") for c in range(20)])
    with pytest.raises(ModelError, match="items with 5 buyers or more: 1, customers"):
        run((one, one, one))
    lone = bought([("c1", f"i{i}", 1, "2024-05-01") for i in range(20)])
    with pytest.raises(ModelError, match=r"items .*: 0, .* recommendations need two of each"):
        run((lone, lone, lone))


def test_nobody_coming_back_is_refused(blocks: Parts) -> None:
    strangers = blocks[2].assign(customer_id="s" + blocks[2]["customer_id"])
    with pytest.raises(ModelError, match="bought an item of the catalogue before and after"):
        run((blocks[0], blocks[1], strangers))
    with pytest.raises(ModelError, match="bought an item of the catalogue before and after"):
        run((blocks[0], strangers, blocks[2]))


def test_bad_frames_and_settings_are_refused(blocks: Parts) -> None:
    with pytest.raises(DataError, match="lack last_at"):
        run((blocks[0].drop(columns="last_at"), blocks[1], blocks[2]))
    with pytest.raises(ModelError, match="no purchase of a known product"):
        run((blocks[0].assign(customer_id=None), blocks[1], blocks[2]))
    with pytest.raises(SettingsError, match="k = 0"):
        run(blocks, k=0)
    missing = NotAvailable("the study has no products")
    assert (
        try_recommenders(missing, *blocks[1:], windows=WINDOWS, k=5, seed=1, n_replicates=20)
        is missing
    )


def test_a_list_longer_than_the_catalogue_is_no_error() -> None:
    found = run(make_blocks(n_customers=60, n_blocks=2, per_block=8), k=50, n_replicates=20)
    assert measure(found, REPEAT, POPULAR, "hit_rate") == 1
