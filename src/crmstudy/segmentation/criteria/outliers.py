"""Customers far from all others: how many, what they bring, and whether one of them rules."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.segmentation.criteria.transform import TransformedFeatures
from crmstudy.statistics.draws import draw_seeds

LEVELS = (0.975, 0.999)  # quantiles of the chi-squared distribution
OUTLYING = 0.999  # the one beyond which a customer is called an outlier
DOMINATING = 0.5  # of a feature's sum of squares
TOP = 0.01  # of the customers, in the share of value
MOST_FITTED = 1_000  # customers from whom centre and covariance are estimated
PER_FEATURE = 5  # customers needed for each feature, as Rousseeuw and van Zomeren advise


@dataclass(frozen=True)
class OutlierReport:
    """How far customers are from the bulk, before they are clustered.

    Parameters
    ----------
    distances : Series or NotAvailable
        Squared robust distance of each customer, in the order given.
    counts : DataFrame
        One row a quantile of the chi-squared distribution: ``quantile``, ``limit``,
        ``n_customers`` beyond it, ``share_customers``, ``expected_share`` of a normal
        cloud, ``share_value`` that these customers bring (missing where distances are
        not available).
    influence : DataFrame
        One row a feature: ``feature``, ``largest_share`` of its sum of squares about the
        mean that one customer makes, and ``largest`` (that customer's transformed value,
        in standard deviations from the mean).
    top_share : float or NotAvailable
        Share of the value that the 1% of the customers with the most of it bring, one at
        least; not available where the value of all together is not positive.
    checks : tuple of Check
        Whether one customer dominates a feature.
    n_customers, n_fitted : int
        Customers; customers from whom centre and covariance were estimated.
    """

    distances: pd.Series | NotAvailable
    counts: pd.DataFrame
    influence: pd.DataFrame
    top_share: float | NotAvailable
    checks: tuple[Check, ...]
    n_customers: int
    n_fitted: int

    def is_outlier(self, *, quantile: float = OUTLYING) -> pd.Series | NotAvailable:
        """Say of each customer whether the distance exceeds the limit."""
        if isinstance(self.distances, NotAvailable):
            return self.distances
        limit = self.counts["limit"].to_numpy()[LEVELS.index(quantile)]
        return self.distances > limit

    def table(self) -> pd.DataFrame:
        """Arrange how many customers are beyond each limit."""
        names = {
            "n_customers": "customers beyond",
            "share_customers": "share of customers",
            "expected_share": "share in a normal cloud",
            "share_value": "share of value",
        }
        return self.counts.rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give the counts, the largest influence and the share of the top customers."""
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "largest_influence": float(self.influence["largest_share"].max()),
        }
        if not isinstance(self.top_share, NotAvailable):
            metrics["top_share"] = self.top_share
        if not isinstance(self.distances, NotAvailable):
            for _, row in self.counts.iterrows():
                metrics[f"n_beyond_{1000 * row['quantile']:g}_per_mille"] = int(row["n_customers"])
        return metrics


@passes_absence
def report_outliers(
    transformed: TransformedFeatures, value: pd.Series, *, seed: int
) -> OutlierReport:
    """Look for outliers among transformed features.

    Distances are Mahalanobis distances from the minimum covariance determinant: centre
    and covariance of the half of the customers that lie closest together, reweighted, so
    that outliers cannot hide themselves by stretching the covariance. In a normal cloud
    the squared distances follow a chi-squared distribution; customers are
    not normal, so that the counts say how heavy the tails are, not who is an error.

    Parameters
    ----------
    transformed : TransformedFeatures
        The features as they will be clustered.
    value : Series indexed by customer
        What customers bring, revenue for instance; holds all of these customers.
    seed : int
        Seed of the sample and of the search. From more than 1,000 customers a sample of
        1,000 gives centre and covariance; distances are computed for all.

    Returns
    -------
    OutlierReport
        Its distances are not available where half of the customers are equal in a
        feature or lie on a line, for then every other customer would be infinitely far.

    References
    ----------
    Rousseeuw, P. J., & Van Driessen, K. (1999). A fast algorithm for the minimum covariance
    determinant estimator. Technometrics, 41(3), 212-223.
    Rousseeuw, P. J., & van Zomeren, B. C. (1990). Unmasking multivariate outliers and
    leverage points. J. American Statistical Association, 85(411), 633-639.
    """
    points = transformed.values.sort_values(list(transformed.values.columns), kind="stable")
    worth = value.loc[points.index]
    try:
        distances: pd.Series | NotAvailable = measure_distances(points, seed=seed)
    except ModelError as error:
        distances = NotAvailable(str(error))
    influence = measure_influence(points)
    n_top = max(1, round(TOP * len(points)))
    return OutlierReport(
        distances=_restore(distances, transformed.values.index),
        counts=_count_beyond(distances, worth, points.shape[1]),
        influence=influence,
        top_share=_share(float(worth.nlargest(n_top).sum()), float(worth.sum()))
        if worth.sum() > 0
        else NotAvailable("the value of all customers together is not positive"),
        checks=(_check_domination(influence),),
        n_customers=len(points),
        n_fitted=min(len(points), MOST_FITTED),
    )


def measure_distances(points: pd.DataFrame, *, seed: int) -> pd.Series:
    """Compute squared robust distances of sorted customers.

    Raises
    ------
    ModelError
        If there are too few customers, or the closest half has no covariance.
    """
    import sklearn.covariance

    from crmstudy.statistics.threads import hold_one_thread

    needed = PER_FEATURE * points.shape[1]
    if len(points) < needed:
        raise ModelError(f"robust distances need {needed} customers, not {len(points)}")
    for name in points.columns:
        if points[name].value_counts().iloc[0] * 2 > len(points):
            raise ModelError(
                f"robust distances need customers who differ, but more than half of them are equal "
                f"in {str(name).removeprefix('n_').replace('_', ' ')}"
            )
    start = draw_seeds(seed, stage=20, n=1)[0]
    cloud = points.to_numpy()
    drawn = np.random.default_rng(start).choice(
        len(cloud), size=min(len(cloud), MOST_FITTED), replace=False
    )
    estimator = sklearn.covariance.MinCovDet(random_state=start)
    with hold_one_thread(), warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn warns where no half has a covariance
        try:
            estimator.fit(cloud[np.sort(drawn)])
        except (UserWarning, RuntimeWarning, ValueError) as reason:
            raise ModelError(
                "robust distances need customers who differ, but the closest half of them are "
                "equal in something, or one feature follows from the others"
            ) from reason
        return pd.Series(estimator.mahalanobis(cloud), points.index, name="distance")


def measure_influence(points: pd.DataFrame) -> pd.DataFrame:
    """Measure how much of each feature's sum of squares one customer makes.

    k-means minimises sums of squares: a customer that makes most of one buys a segment of
    his own.
    """
    centred = points - points.mean()
    squares = centred**2
    largest = squares.max() / squares.sum()
    reach = [float(centred[name].iloc[int(squares[name].argmax())]) for name in points]
    frame = {"largest_share": largest.to_numpy(), "largest": reach / points.std().to_numpy()}
    return pd.DataFrame({"feature": points.columns, **frame})


@passes_absence
def _restore(distances: pd.Series, customers: pd.Index) -> pd.Series:
    return distances.loc[customers]


def _share(part: float, total: float) -> float:
    return part / total if total > 0 else 0.0


def _count_beyond(
    distances: pd.Series | NotAvailable, worth: pd.Series, n_features: int
) -> pd.DataFrame:
    from scipy.stats import chi2

    rows = []
    for quantile in LEVELS:
        limit = float(chi2.ppf(quantile, n_features))
        row = {"quantile": quantile, "limit": limit, "expected_share": 1 - quantile}
        if not isinstance(distances, NotAvailable):
            beyond = distances > limit
            row |= {
                "n_customers": int(beyond.sum()),
                "share_customers": float(beyond.mean()),
                "share_value": _share(float(worth[beyond].sum()), float(worth.sum())),
            }
        rows.append(row)
    columns = ["quantile", "limit", "n_customers", "share_customers"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "expected_share", "share_value"])


def _check_domination(influence: pd.DataFrame) -> Check:
    worst = influence.iloc[int(influence["largest_share"].to_numpy().argmax())]
    feature = str(worst["feature"]).replace("_", " ")
    return Check(
        name=f"no single customer dominates a feature (largest share of spread: {feature})",
        passed=bool(worst["largest_share"] <= DOMINATING),
        statistic=float(worst["largest_share"]),
        threshold=f"<= {DOMINATING}",
        source="rule of this study",
        consequence=f"one customer makes most of the spread of {feature} and may become a segment "
        "alone: take logarithms, winsorise, or look whether the value is an error",
    )
