"""CDNOW from the installed package lifetimes, and customers simulated from the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pandas as pd
import pytest

from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.purchasing.btyd import PurchaseResult, fit_bg_nbd

CALIBRATION_END, HOLDOUT_END = "1997-09-30", "1998-06-30"


def read_cdnow(name: str, columns: list[str], header: int | None) -> pd.DataFrame:
    """Canonical transactions: customer_id, ordered_at, quantity, revenue."""
    try:
        path = distribution("lifetimes").locate_file(f"lifetimes/datasets/{name}")
    except PackageNotFoundError:
        pytest.skip("the CDNOW files need the extra open-data (package lifetimes)")
    frame = pd.read_csv(str(path), sep=r"\s+", header=header, names=columns, dtype=str)
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "ordered_at": pd.to_datetime(frame["date"], format="%Y%m%d"),
            "quantity": frame["cds"].astype(float),
            "revenue": frame["dollars"].astype(float),
        }
    )


@pytest.fixture(scope="session")
def cdnow_transactions() -> pd.DataFrame:
    columns = ["master_id", "customer_id", "date", "cds", "dollars"]
    return read_cdnow("CDNOW_sample.txt", columns, None)


@pytest.fixture(scope="session")
def cdnow(cdnow_transactions: pd.DataFrame) -> PurchaseSummary:
    return summarise_purchases(
        cdnow_transactions, calibration_end=CALIBRATION_END, holdout_end=HOLDOUT_END
    )


@pytest.fixture(scope="session")
def cdnow_master() -> PurchaseSummary:
    transactions = read_cdnow("CDNOW_master.txt", ["customer_id", "date", "cds", "dollars"], 0)
    return summarise_purchases(
        transactions, calibration_end=CALIBRATION_END, holdout_end=HOLDOUT_END
    )


@pytest.fixture(scope="session")
def bg_nbd(cdnow: PurchaseSummary) -> PurchaseResult:
    return fit_bg_nbd(cdnow)


@pytest.fixture(scope="session")
def summary_of() -> Callable[..., PurchaseSummary]:
    """Build a summary from arrays, as a published table would give them."""

    def build(x, t_x, T, mean_spend=np.nan, holdout=None, **settings) -> PurchaseSummary:
        x = np.asarray(x, dtype=float)
        frame = pd.DataFrame(
            {
                "customer_id": [f"c{i:06d}" for i in range(x.size)],
                "repeat_purchases": x,
                "last_purchase_weeks": t_x,
                "age_weeks": T,
                "mean_spend": mean_spend,
            }
        )
        frame["priced_purchases"] = np.where(frame["mean_spend"].isna(), 0, x)
        if holdout is not None:
            frame["holdout_purchases"] = holdout
        return PurchaseSummary(frame, **settings)

    return build


@pytest.fixture(scope="session")
def simulate() -> Callable[..., tuple[np.ndarray, ...]]:
    """Purchases event by event, from the stories that the models tell."""

    def run(rng, rate, age, *, dropout=0.0, lifetime=np.inf, ahead=0.0, first=False):
        """Return x, t_x, purchases in (age, age + ahead], and who is active at age.

        ``first`` lets customers drop out after their first purchase too.
        """
        n = rate.size
        dropout, lifetime = np.broadcast_to(dropout, n), np.broadcast_to(lifetime, n)
        x, t_x, later, now = (np.zeros(n) for _ in range(4))
        active = lifetime > age
        buying = np.ones(n, dtype=bool)
        if first:
            buying &= rng.random(n) >= dropout
            active &= buying
        while buying.any():
            now = now + rng.exponential(1 / rate)
            buying &= now <= np.minimum(age + ahead, lifetime)
            seen = buying & (now <= age)
            x[seen] += 1
            t_x[seen] = now[seen]
            later[buying & ~seen] += 1
            leaving = buying & (rng.random(n) < dropout)
            active &= ~(leaving & seen)
            buying &= ~leaving
        return x, t_x, later, active

    return run


def _predict_1516(result: PurchaseResult) -> np.ndarray:
    """What the BTYD walkthrough prints: a new customer's year; customer 1516's; is she there?"""
    history = 26, 216 / 7, 31
    return np.array(
        [
            result.expected_purchases(52),
            result.conditional_expected_purchases(*history, 52),
            result.probability_alive(*history),
        ]
    )


@pytest.fixture(scope="session")
def predict_1516() -> Callable[[PurchaseResult], np.ndarray]:
    return _predict_1516


@pytest.fixture(scope="session")
def move_to_published() -> Callable[..., tuple[PurchaseResult, float]]:
    """Move estimates as little as possible to where the walkthrough's predictions come out.

    Published predictions rest on estimates whose optimiser stopped a little before the
    maximum. In the metric of the likelihood this finds the nearest such point, and how
    far its log-likelihood lies below the maximum.
    """

    def move(result, published):
        values, covariance = result.estimates.values, result.estimates.covariance

        def at(values):
            return replace(result, estimates=replace(result.estimates, values=values))

        steps = np.diag(values * 1e-5)
        jacobian = np.stack(
            [
                (_predict_1516(at(values + h)) - _predict_1516(at(values - h))) / (2 * h.max())
                for h in steps
            ],
            axis=1,
        )
        missing = np.asarray(published) - _predict_1516(result)
        spread = np.linalg.solve(jacobian @ covariance @ jacobian.T, missing)
        return at(values + covariance @ jacobian.T @ spread), float(missing @ spread / 2)

    return move
