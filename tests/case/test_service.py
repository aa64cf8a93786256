"""How long customers waited, and how many complained, before and after a change."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.service.complaints import compare_complaints, list_shares
from crmstudy.case.service.waiting import compare_waits, estimate_quantiles
from crmstudy.case.service.waits import Waits, time_tickets
from crmstudy.errors import ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference" / "waiting"
DAY = pd.Timestamp("2025-01-01")


def contacts(n=200, *, factor=0.5, repeat=1, seed=2):
    rng = np.random.default_rng(seed)
    opened = DAY + pd.to_timedelta(np.sort(rng.integers(-200, 200, n)), unit="D")
    median = np.where(opened >= DAY, 8 * factor, 8.0)
    hours = np.exp(np.log(median) + 0.8 * rng.standard_normal(n))
    return pd.DataFrame(
        {
            "contact_id": [f"T{i:04}" for i in range(n)],
            "customer_id": [f"c{i // repeat:04}" for i in range(n)],
            "opened_at": opened,
            "first_response_at": opened + pd.to_timedelta(np.round(60 * hours), unit="min"),
            "channel": rng.choice(["phone", "chat"], n),
            "topic": rng.choice(["advice", "delivery"], n),
            "complaint": rng.random(n) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def reference():
    frame = pd.read_csv(REFERENCE / "tickets.csv")
    tickets = pd.DataFrame(
        {
            "contact_id": frame["ticket"].astype(str),
            "customer_id": frame["customer"].astype(str),
            "opened_at": DAY,
            "after": frame["after"] == 1,
            "hours": frame["hours"],
            "done": frame["done"] == 1,
        }
    )
    return Waits(tickets, "response", DAY, DAY, pd.DataFrame())


def test_curves_and_paces_agree_with_survival(reference):
    printed = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]
    found = compare_waits(reference, n_draws=50)
    table = found.table()
    for row, share in enumerate(["0.25", "0.5", "0.75", "0.9"]):
        assert table["before"][row] == pytest.approx(printed[f"quantile_{share}_0"])
        assert table["after"][row] == pytest.approx(printed[f"quantile_{share}_1"])
    assert found.hazard_ratio == pytest.approx(printed["hazard_ratio"], rel=1e-5)
    assert found.hazard_lower == pytest.approx(printed["hazard_lower"], rel=1e-3)
    assert found.hazard_upper == pytest.approx(printed["hazard_upper"], rel=1e-3)
    assert found.log_rank.statistic == pytest.approx(printed["log_rank"], rel=1e-8)
    assert found.early.statistic == pytest.approx(printed["peto"], rel=1e-8)
    assert isinstance(found.adjusted_ratio, NotAvailable)


def test_the_mean_up_to_a_horizon_agrees_with_survival(reference):
    from crmstudy.case.service.waiting import _read_mean, _survive

    printed = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]
    tickets = reference.tickets
    for side, name in ((False, "mean20_0"), (True, "mean20_1")):
        part = tickets[tickets["after"] == side]
        curve = _survive(part["hours"].to_numpy(), part["done"].to_numpy(), np.ones((1, len(part))))
        assert _read_mean(*curve, 20.0)[0] == pytest.approx(printed[name], rel=1e-9)


def test_a_curve_by_hand():
    hours, done = np.array([1.0, 2, 2, 3, 4]), np.array([True, True, False, True, False])
    # S: 4/5 at 1, 3/5 at 2, 3/10 at 3.
    found = estimate_quantiles(hours, done, (0.2, 0.4, 0.5, 0.7, 0.71))
    assert found.tolist() == [1, 2, 3, 3, np.inf]


def test_the_interval_holds_a_halved_wait():
    held = 0
    for seed in range(40):
        waits = time_tickets(contacts(160, repeat=2, seed=seed), changed_on=DAY)
        from crmstudy.case.service.waiting import _bound_all

        table = _bound_all(
            waits.tickets, horizon=50, target=8, confidence=0.95, n_draws=200, seed=seed
        )
        row = table.iloc[1]
        held += row["ratio, lower"] <= 0.5 <= row["ratio, upper"]
    assert held >= 32  # binomial(40, .95), less than one in ten thousand below


def test_tickets_of_one_customer_widen_the_interval():
    frame = contacts(60, factor=1)
    once = time_tickets(frame, changed_on=DAY)
    many = pd.concat(
        [frame.assign(contact_id=frame["contact_id"] + f"-{k}") for k in range(4)],
        ignore_index=True,
    )
    again = compare_waits(time_tickets(many, changed_on=DAY), n_draws=400)
    first = compare_waits(once, n_draws=400)
    # Copies of tickets are no new customers: hardly narrower, not by the root of four.
    width = np.log(again.hazard_upper / again.hazard_lower)
    assert width == pytest.approx(np.log(first.hazard_upper / first.hazard_lower), rel=0.05)
    spread = [r.median["ratio, upper"] - r.median["ratio, lower"] for r in (again, first)]
    assert spread[0] == pytest.approx(spread[1], rel=0.15)


def test_laws_of_units_and_order():
    frame = contacts()
    base = compare_waits(time_tickets(frame, changed_on=DAY), n_draws=100, seed=3)
    shuffled = time_tickets(frame.sample(frac=1, random_state=1), changed_on=DAY)
    again = compare_waits(shuffled, n_draws=100, seed=3)
    assert again.to_metrics() == base.to_metrics()
    assert base.median["ratio, upper"] < 1
    assert base.hazard_lower > 1
    assert not base.claim_allowed  # nobody examined the time before


def test_tickets_are_counted():
    frame = contacts(20)
    frame.loc[0, "opened_at"] = pd.NaT
    frame.loc[1, "first_response_at"] = frame.loc[1, "opened_at"] - pd.Timedelta(hours=1)
    frame.loc[2, "first_response_at"] = pd.NaT
    frame.loc[[3, 4], "customer_id"] = None
    waits = time_tickets(frame, changed_on=DAY)
    counted = waits.table().set_index("reason")["tickets"].tolist()
    assert sum(counted[:2]) == waits.n == 18
    assert counted[2:] == [1, 1, 1, 2]
    unnamed = waits.tickets["customer_id"].str.startswith("ticket ")
    assert waits.tickets.loc[unnamed, "customer_id"].nunique() == 2
    still = waits.tickets[~waits.tickets["done"]].iloc[0]
    waited = (waits.observed_until - still["opened_at"]) / pd.Timedelta(hours=1)
    assert still["hours"] == pytest.approx(waited)


def test_complaints_by_hand():
    frame = contacts(100)
    after = frame["opened_at"] >= DAY
    frame["complaint"] = False
    frame.loc[frame.index[after][:10], "complaint"] = True
    frame.loc[frame.index[~after][:20], "complaint"] = True
    waits = time_tickets(frame, changed_on=DAY)
    baskets = pd.DataFrame(
        {
            "basket_id": [f"b{i}" for i in range(300)],
            "ordered_at": DAY + pd.to_timedelta(np.arange(300) - 200, unit="D"),
        }
    )
    found = compare_complaints(waits, transactions=baskets)
    assert found.per_ticket.control.share == pytest.approx(20 / (~after).sum())
    assert found.per_ticket.treated.share == pytest.approx(10 / after.sum())
    assert found.per_purchase.control.n == 200
    assert found.per_purchase.difference == pytest.approx(10 / 100 - 20 / 200)
    assert list_shares(found)["n"].iloc[:2].sum() == 100


def test_a_reversal_is_seen():
    """Simpson: both channels complain less since, the whole more, as the phone grew."""
    cells = [  # channel, after, tickets, complaints
        ("chat", False, 80, 16), ("chat", True, 20, 3),
        ("phone", False, 20, 12), ("phone", True, 80, 44),
    ]  # fmt: skip
    rows = [
        (channel, DAY + pd.Timedelta(days=1 if after else -1), i < k)
        for channel, after, n, k in cells
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["channel", "opened_at", "complaint"])
    frame["contact_id"] = frame["customer_id"] = [f"T{i}" for i in range(len(frame))]
    frame["first_response_at"] = frame["opened_at"] + pd.Timedelta(hours=1)
    found = compare_complaints(time_tickets(frame, changed_on=DAY))
    assert found.per_ticket.difference == pytest.approx(47 / 100 - 28 / 100)
    assert found.reversed_in == ("channel",)
    assert found.odds_ratio < 1
    assert isinstance(found.per_purchase, NotAvailable)


def test_refusals():
    frame = contacts()
    with pytest.raises(SettingsError, match="none of response, resolution"):
        time_tickets(frame, changed_on=DAY, measure="first")
    with pytest.raises(ModelError, match="no ticket tells the time of its resolution"):
        time_tickets(frame, changed_on=DAY, measure="resolution")
    with pytest.raises(ModelError, match="two each are needed"):
        time_tickets(frame, changed_on="2020-01-01")
    with pytest.raises(ModelError, match="whether it is a complaint"):
        compare_complaints(time_tickets(frame.drop(columns="complaint"), changed_on=DAY))
