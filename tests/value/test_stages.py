"""Stages by rule and by P(alive): hand-made lives, laws, the simulated firm, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value import fit_bg_nbd, summarise_purchases
from crmstudy.value.lifecycle.agreement import compare_alive, find_alive
from crmstudy.value.lifecycle.lapse import choose_lapse, merge_purchases
from crmstudy.value.lifecycle.periods import plan_calendar
from crmstudy.value.lifecycle.stages import STAGES, Lifecycle, stage_customers
from crmstudy.value.lifecycle.variations import vary_stages

YEAR = [*range(0, 364, 3), 365]  # a customer who keeps the record running, leap year 2024


def lines(histories: dict[str, list[int]], amounts: dict[str, list[float]] | None = None):
    """Purchases on the given days of 2024, ten each unless told, and one who always buys."""
    histories = {**histories, "keeper": list(YEAR)}
    rows = [
        (name, day, (amounts or {}).get(name, [10.0] * len(days))[place])
        for name, days in histories.items()
        for place, day in enumerate(days)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(ordered_at=day)


def stage(frame: pd.DataFrame, weeks: int = 20, **given) -> Lifecycle:
    return stage_customers(frame, choose_lapse(frame, lapse_weeks=weeks), **given)


def life(frame: pd.DataFrame, name: str, **given) -> list[str | None]:
    found = stage(frame, **given).by_customer().loc[name]
    return [None if pd.isna(value) else value for value in found]


def month(*starts: int) -> list[int]:
    """Purchases every ten days from each start on, for 40 days."""
    return [day for start in starts for day in range(start, start + 40, 10)]


def test_the_rules_on_lives_that_can_be_followed_by_hand():
    frame = lines(
        {
            # days 0-90 are the first quarter, 91-181, 182-273, 274-365 the others
            "steady": list(range(5, 360, 15)),
            "once": [45],
            "comes back": [10, 20, 45, 280, 290],
            "late": [200, 240],
            "more": [5, 30, 60, *range(92, 180, 5)],
            "less": [*range(5, 90, 5), 100, 200, 300],
        }
    )
    assert life(frame, "steady") == ["new", "stable-mature", "stable-mature", "stable-mature"]
    assert life(frame, "once") == ["new", "declining", "lost", "lost"]
    assert life(frame, "comes back") == ["new", "declining", "lost", "reactivated"]
    assert life(frame, "late") == [None, None, "new", "declining"]
    assert life(frame, "more")[1] == "stable-growing"
    assert life(frame, "less")[1:] == ["declining", "declining", "declining"]


def test_the_first_purchase_is_no_part_of_the_own_past():
    # 5 on day 1, then nothing until the next quarter: a past rate of 0, so that buying is growth
    frame = lines({"a": [1, 100, 120], "b": [60, 61, 62, 150]})
    assert life(frame, "a")[1] == "stable-growing"
    # after the first purchase on day 80 only ten days are left: too short a past
    assert life(lines({"c": [80, 95]}), "c")[1] == "stable-mature"


def test_change_is_measured_by_the_day():
    # 45 in 90 days less the first (day 0) against thresholds of half and double
    frame = lines({"a": [0, 30, 60, 100]}, {"a": [1.0, 45.0, 45.0, 0.0]})
    past = 90 / 90  # money a day of days 1 to 90
    for spend, expected in ((91 * past * 2, "stable-growing"), (91 * past / 2, "declining")):
        for factor, name in ((1.0, expected), (0.99 if spend > 91 else 1.01, "stable-mature")):
            frame.loc[frame["customer_id"] == "a", "revenue"] = [1.0, 45.0, 45.0, spend * factor]
            assert life(frame, "a", measure="spend")[1] == name


def test_lost_means_so_many_days_without_a_purchase_at_the_end_of_the_period():
    last_day_of_quarter = 181
    for silence, expected in ((28, "lost"), (27, "stable-mature")):
        frame = lines({"a": [0, 80, last_day_of_quarter - silence]})
        assert life(frame, "a", weeks=4)[1] == expected


def test_a_new_customer_is_new_however_short_the_limit():
    assert life(lines({"a": [0]}), "a", weeks=1)[0] == "new"


def test_partial_periods_are_left_out_and_named():
    calendar = plan_calendar(10, 365, unit="quarter")  # 1970-01-11 to 1971-01-01
    assert calendar.labels == ("1970Q2", "1970Q3", "1970Q4")
    assert calendar.left_out == ("1970Q1 (80 days recorded)", "1971Q1 (1 day recorded)")
    assert plan_calendar(8, 89, unit="quarter").days.tolist() == [82]
    with pytest.raises(ModelError, match="cover no quarter as a whole"):
        plan_calendar(0, 50, unit="quarter")
    with pytest.raises(SettingsError, match=r"'weak': allowed are month, quarter"):
        plan_calendar(0, 400, unit="weak")


def test_prospects_are_those_who_registered_or_asked_and_have_not_bought():
    frame = lines({"a": [240]})
    customers = pd.DataFrame(
        {
            "customer_id": ["a", "keeper", "never"],
            "registered_on": pd.to_datetime(["2024-02-01", "2024-01-01", "2024-05-01"]),
        }
    )
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2"],
            "customer_id": ["a", None],
            "created_on": pd.to_datetime(["2023-12-01", "2024-08-01"]),
        }
    )
    found = stage(frame, customers=customers, leads=leads).by_customer()
    assert found.loc["a"].tolist() == ["prospect", "prospect", "new", "declining"]
    assert [pd.isna(value) for value in found.loc["never"]] == [True, False, False, False]
    assert set(found.loc["never"].dropna()) == {"prospect"}
    assert found.loc["lead L2"].dropna().tolist() == ["prospect", "prospect"]
    without = stage(frame, customers=NotAvailable("none"), leads=NotAvailable("none"))
    assert "never" not in without.customers


def test_customers_older_than_the_record_are_not_called_new():
    draw = np.random.default_rng(3)
    old = {
        f"o{i}": sorted({int(draw.integers(0, 7)), *range(8 + i % 5, 360, 9)}) for i in range(80)
    }
    new = {f"n{i}": [60 + i, 120 + i] for i in range(10)}
    found = stage(lines({**old, **new}), weeks=3)
    assert found.origins.n_old == 81  # the keeper too
    assert found.counts().loc["2024Q1", ["not told", "new"]].tolist() == [81, 10]
    assert not found.checks[-1].passed
    evenly = stage(lines({f"n{i}": [i, i + 50] for i in range(85)}), weeks=3)
    assert evenly.origins.n_old == 0
    # registrations know better
    joined = pd.DataFrame(
        {
            "customer_id": [*old, *new, "keeper"],
            "registered_on": pd.to_datetime(["2024-01-01"] * 45 + ["2020-01-01"] * 46),
        }
    )
    assert stage(lines({**old, **new}), weeks=3, customers=joined).origins.n_old == 36


def test_shares_of_a_period_add_up_to_one_and_counts_to_all():
    frame = lines({"a": [0, 50, 100], "b": [200], "c": [10, 300]})
    found = stage(frame)
    assert found.shares().sum(axis=1).tolist() == pytest.approx([1, 1, 1, 1])
    assert found.counts().iloc[-1].sum() == found.n == 4
    assert list(found.rules()["stage"]) != []
    assert set(found.rules()["stage"]) == set(STAGES)


def test_stages_do_not_depend_on_order_money_or_names():
    draw = np.random.default_rng(0)
    histories = {
        f"c{i:02d}": sorted(draw.choice(366, 12, replace=False).tolist()) for i in range(40)
    }
    frame = lines(histories)
    frame["revenue"] = draw.lognormal(3, 1, len(frame)).round(2)
    main = stage(frame).by_customer()
    shuffled = stage(frame.sample(frac=1, random_state=1)).by_customer()
    pd.testing.assert_frame_equal(main, shuffled)
    dearer = stage(frame.assign(revenue=frame["revenue"] * 7.3)).by_customer()
    pd.testing.assert_frame_equal(main, dearer)
    doubled = pd.concat([frame, frame.assign(revenue=0.0)])  # more lines, the same days
    pd.testing.assert_frame_equal(main, stage(doubled).by_customer())


def test_the_future_does_not_change_the_stages():
    draw = np.random.default_rng(5)
    histories = {
        f"c{i:02d}": sorted(draw.choice(366, 9, replace=False).tolist()) for i in range(60)
    }
    frame = lines(histories)
    early = frame[frame["ordered_at"] < "2024-10-01"]
    before = stage(early).by_customer()
    after = stage(frame).by_customer().loc[before.index, before.columns]
    pd.testing.assert_frame_equal(before, after)


def test_a_longer_limit_loses_fewer():
    # ... once it is longer than a period, so that who bought in a period is not lost at its end
    draw = np.random.default_rng(5)
    histories = {
        f"c{i:02d}": sorted(draw.choice(366, 4, replace=False).tolist()) for i in range(80)
    }
    lost = [stage(lines(histories), weeks=w).counts()["lost"].sum() for w in (14, 20, 30)]
    assert lost == sorted(lost, reverse=True)
    assert lost[0] > lost[-1]


def test_the_limit_on_gaps_worked_by_hand():
    # Gaps of 7, 7, 7 and 21 days: customer a counts three times a third, b once, c not at all
    # (bought once, censored after 63 days, later than half of the 71 days recorded).
    frame = pd.DataFrame(
        {
            "customer_id": list("aaaabbc"),
            "ordered_at": pd.Timestamp("2024-01-01")
            + pd.to_timedelta([0, 7, 14, 21, 0, 21, 70 - 63], unit="D"),
        }
    )
    frame = pd.concat([frame, frame.iloc[[-1]]])  # a second line of one day
    end = pd.DataFrame({"customer_id": ["d"], "ordered_at": [pd.Timestamp("2024-03-11")]})
    rule = choose_lapse(pd.concat([frame, end]))
    # d is censored after 0 days: at risk at 7 days are a, b, c with weight 1 each
    assert rule.curve["weeks"].tolist() == [0, 1, 3]
    assert rule.curve["share of returns"].tolist() == pytest.approx([0, 0.5, 1])
    assert rule.returned == pytest.approx(2 / 3)
    assert (rule.weeks, rule.given, rule.n_gaps) == (3, False, 4)
    # every gap the same: a, 4 of 8 gaps of 7 days or more end ...
    assert rule.table()["weeks, every gap weighing the same"].tolist() == [1, 1, 3, 3, 3]
    assert choose_lapse(pd.concat([frame, end]), lapse_weeks=1).later == pytest.approx(0.5)


def test_the_limit_recovers_the_quantile_of_simulated_gaps():
    draw = np.random.default_rng(2)
    histories = {}
    for i in range(400):
        day, days = int(draw.integers(0, 30)), []
        while day < 360:
            days.append(day)
            day += 1 + int(draw.exponential(20.0))
        histories[f"c{i:03d}"] = days
    rule = choose_lapse(lines(histories))
    # 90% of exponential gaps of mean 20 (plus the day itself) are shorter than 46 days
    assert rule.weeks == int(np.ceil((20 * np.log(10) + 0.5) / 7))
    assert rule.later < 0.1
    assert not failed(rule.checks)


def test_what_cannot_be_staged_is_refused():
    frame = lines({"a": [0, 10]})
    with pytest.raises(SettingsError, match=r"change = 1\.0: a share between 0 and 1"):
        stage(frame, change=1.0)
    with pytest.raises(SettingsError, match="did you mean 'spend'"):
        stage(frame, measure="spent")
    with pytest.raises(ModelError, match="5 purchases have no amount"):
        stage(frame.assign(revenue=frame["revenue"].where(frame.index > 4)), measure="spend")
    with pytest.raises(ModelError, match=r"the record is 52\.3 weeks long: after 60 weeks"):
        choose_lapse(frame, lapse_weeks=60)
    with pytest.raises(ModelError, match="nobody bought twice"):
        choose_lapse(frame.drop_duplicates("customer_id"))
    with pytest.raises(ModelError, match="nobody bought anything"):
        choose_lapse(frame.iloc[:0])
    with pytest.raises(SettingsError, match="lapse_weeks = -1"):
        choose_lapse(frame, lapse_weeks=-1)


def test_unknown_amounts_turn_to_purchases():
    frame = lines({"a": [0, 10, 100]})
    assert stage(frame).measure == "spend"
    assert stage(frame.assign(revenue=np.nan)).measure == "purchases"
    assert stage(frame.drop(columns="revenue")).measure == "purchases"


def test_returns_are_no_purchases():
    frame = lines({"a": [0, 10]})
    returned = lines({"a": [0, 10, 200]}, {"a": [10.0, 10.0, -10.0]})
    assert life(frame, "a") == life(returned, "a")
    assert len(merge_purchases(returned).day) == len(merge_purchases(frame).day)


def test_one_customer_and_one_period():
    frame = pd.DataFrame(
        {
            "customer_id": "a",
            "ordered_at": pd.date_range("2024-01-01", "2024-03-31", freq="D"),
            "revenue": 1.0,
        }
    )
    found = stage_customers(frame, choose_lapse(frame))
    assert found.by_customer().to_numpy().tolist() == [["new"]]
    assert found.to_metrics()["share_new"] == 1.0


def test_rules_are_varied_and_the_main_one_agrees_with_itself():
    draw = np.random.default_rng(5)
    histories = {
        f"c{i:02d}": sorted(draw.choice(366, 9, replace=False).tolist()) for i in range(60)
    }
    frame = lines(histories)
    tried = vary_stages(frame, stage(frame, weeks=10)).set_index("rule")
    assert tried.loc["as in the text", "kappa"] == pytest.approx(1)
    assert tried["kappa"].max() == pytest.approx(1)
    assert tried.loc["silence 0.5 times as long", "weeks of silence"] == 5
    sums = tried[["reactivated", "stable-growing", "stable-mature", "declining", "lost"]].sum(
        axis=1
    )
    assert (sums <= 1 + 1e-12).all()


@pytest.fixture(scope="module")
def firm():
    """The simulated firm without test customers, doubles and cancelled lines, and the truth."""
    made = simulate_firm(seed=11)
    people = made.people
    doubled = people["duplicate_of"].notna()
    odd = {*people["customer_id"][people["is_test"] | doubled], *people["duplicate_of"][doubled]}
    frame = made.tables["transactions"]
    kept = frame[(frame["status"] != "cancelled") & ~frame["customer_id"].isin(odd)]
    return kept, people.set_index("customer_id")["left_on"]


def kappa_of(found: pd.Series, truth: pd.Series) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(found, truth))


def test_who_left_the_simulated_firm_is_found_better_by_the_model_than_by_silence(firm):
    frame, left_on = firm
    main = stage_customers(frame, choose_lapse(frame))
    model = fit_bg_nbd(summarise_purchases(frame, calibration_end="2025-06-29"))
    alive = find_alive(model, frame, until=main.until)
    stages = main.last()
    left = left_on.reindex(stages.index) <= pd.Timestamp(main.until)
    alive = alive.reindex(stages.index)
    # the expected number of those who left is right within 10%
    assert (1 - alive).sum() == pytest.approx(left.sum(), rel=0.1)
    # calibrated where it is most and least sure
    for low, high in ((0.0, 0.1), (0.9, 1.0)):
        inside = (alive >= low) & (alive <= high) & (alive < 1)
        share, n = 1 - left[inside].mean(), inside.sum()
        assert abs(share - alive[inside].mean()) < 4 * np.sqrt(0.25 / n)
    by_rule, by_model = kappa_of(stages == "lost", left), kappa_of(alive < 0.5, left)
    assert by_rule > 0.1
    assert by_model > 0.45
    # no limit of silence does as well: slow and quick buyers need different ones
    for weeks in (10, 20, 50):
        tried = stage_customers(frame, choose_lapse(frame, lapse_weeks=weeks)).last()
        assert kappa_of(tried == "lost", left) < by_model - 0.2


def test_agreement_of_rule_and_model():
    frame = lines(
        {"a": [0, 50, 100, 200, 350], "b": [0, 20], "c": [0, 30, 60, 90, 300], "d": [340]}
    )
    main = stage(frame, weeks=10)
    alive = pd.Series({"a": 0.95, "b": 0.1, "c": 0.6, "d": 1.0, "keeper": 0.99, "z": 0.5})
    found = compare_alive(main, alive, seed=1)
    assert found.n == 5
    assert found.n_left_out == 1
    assert found.expected_lost == pytest.approx(1 - (0.95 + 0.1 + 0.6 + 1 + 0.99) / 5)
    assert found.lost_kappa.counts.to_numpy().tolist() == [[4, 0], [0, 1]]
    assert found.lost_kappa.kappa == 1.0
    assert found.table()["customers"].sum() == 5
    assert found.to_metrics()["lost_by_rule"] == 0.2
    shifted = compare_alive(main, alive[::-1], seed=1)
    assert shifted.to_metrics() == found.to_metrics()
    assert shifted.kappa.bootstrap == found.kappa.bootstrap
    with pytest.raises(ModelError, match="no customer has both"):
        compare_alive(main, pd.Series({"z": 0.5}), seed=1)
    with pytest.raises(SettingsError, match="must rise within 0 to 1"):
        compare_alive(main, alive, seed=1, lost_below=0.9)


def test_alive_follows_the_histories_to_the_day(cdnow_transactions, bg_nbd):
    alive = find_alive(bg_nbd, cdnow_transactions, until="1997-09-30")
    histories = summarise_purchases(cdnow_transactions, calibration_end="1997-09-30")
    expected = bg_nbd.probability_alive(histories.x, histories.t_x, histories.T)
    assert np.array_equal(alive.to_numpy(), expected)
    later = find_alive(bg_nbd, cdnow_transactions, until="1998-06-30")
    once = histories.x == 0
    assert (later[alive.index[once]] <= 1).all()
    assert later.mean() < alive.mean()
