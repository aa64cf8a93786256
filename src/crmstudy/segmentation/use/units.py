"""Units of a contact plan: segments cut into tiers, and what a contact of each is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.segmentation.use.gains import order_rows
from crmstudy.segmentation.use.rates import estimate_common_rate, shrink_means, shrink_rates

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


def tier_customers(segments: pd.Series, ranking: pd.Series, *, n_tiers: int) -> pd.DataFrame:
    """Cut the customers of each segment into tiers by their rank, the best in tier 1.

    A customer with ``b`` of the segment's ``n`` customers strictly better is in tier
    ``1 + floor(n_tiers b / n)``: equal customers share a tier, and a tier may be empty.

    Parameters
    ----------
    segments, ranking : Series
        Indexed by customer; customers without a rank are left out.

    Returns
    -------
    DataFrame indexed by customer
        ``segment``, ``tier``.
    """
    frame = pd.DataFrame({"segment": segments}).join(ranking.rename("rank")).dropna()
    groups = frame.groupby("segment")["rank"]
    better = groups.rank(method="min", ascending=False).astype("int64") - 1
    frame["tier"] = 1 + n_tiers * better // groups.transform("size")
    return frame[["segment", "tier"]]


@dataclass(frozen=True)
class Learner:
    """Offers ready to be learnt from, again and again with other weights.

    Parameters
    ----------
    units : DataFrame
        ``segment``, ``tier``, ``n_customers``, in a fixed order.
    segment : array of shape (n_units,)
        Position of each unit's segment.
    unit, customer : array of shape (n_offers,)
        Where each offer belongs.
    responded, margin : array of shape (n_offers,)
        0 or 1; margin of the response, 0 without one.
    n_customers : int
        Customers who got the offers.
    """

    units: pd.DataFrame
    segment: Codes
    unit: Codes
    customer: Codes
    responded: Floats
    margin: Floats
    n_customers: int

    @classmethod
    def prepare(cls, offers: pd.DataFrame, tiers: pd.DataFrame, *, margin_share: float) -> Learner:
        """Assign offers to units; order customers so that their names do not matter.

        Raises
        ------
        ModelError
            If none of the customers addressed is in a unit.
        """
        units = tiers.groupby(["segment", "tier"]).size().rename("n_customers").reset_index()
        place = pd.MultiIndex.from_frame(units[["segment", "tier"]])
        known = offers[tiers.index.get_indexer(pd.Index(offers["customer_id"])) >= 0]
        if known.empty:
            raise ModelError("no offer went to a customer with a segment: no rate can be learnt")
        where = tiers.loc[known["customer_id"]]
        unit = place.get_indexer(pd.MultiIndex.from_frame(where))
        rows = pd.DataFrame(
            {
                "customer_id": known["customer_id"].to_numpy(),
                "campaign_id": known["campaign_id"].to_numpy(),
                "unit": unit,
                "responded": known["responded"].to_numpy(dtype=float),
                "margin": price_offers(known, margin_share),
            }
        )
        rows = _order(rows)
        customer = pd.factorize(rows["customer_id"])[0]
        segments = pd.Index(units["segment"].unique())
        return cls(
            units=units,
            segment=segments.get_indexer(pd.Index(units["segment"])),
            unit=rows["unit"].to_numpy(),
            customer=customer,
            responded=rows["responded"].to_numpy(),
            margin=rows["margin"].to_numpy(),
            n_customers=int(customer.max()) + 1,
        )

    def learn(self, counts: Floats) -> pd.DataFrame:
        """Estimate what a contact of each unit is worth.

        Parameters
        ----------
        counts : array of shape (n_customers,)
            How often each customer counts.

        Returns
        -------
        DataFrame
            The units with ``n_offers``, ``n_responses``, ``rate``, ``own_weight``,
            ``margin_per_response``, ``value``.

        Raises
        ------
        ModelError
            If nobody responded.
        """
        weights = counts[self.customer]
        n_units, n_segments = len(self.units), int(self.segment.max()) + 1
        n = sum_by(self.unit, weights, n_units)
        y = sum_by(self.unit, weights * self.responded, n_units)
        if y.sum() == 0:
            raise ModelError("nobody answered the campaigns learnt from: no margin of a response")
        n_of, y_of = (sum_by(self.segment, part, n_segments) for part in (n, y))
        common = np.full(n_segments, estimate_common_rate(y.sum(), n.sum()))
        of_segment, _, _ = shrink_rates(y_of, n_of, common)
        rate, own, _ = shrink_rates(y, n, of_segment[self.segment])
        group, answered = self.segment[self.unit], weights * self.responded
        of_group = _shrink_by(group, self.margin, answered, n_segments)
        beyond = _shrink_by(self.unit, self.margin - of_group[group], answered, n_units)
        margin = of_group[self.segment] + beyond
        return self.units.assign(
            n_offers=n.astype("int64"),
            n_responses=y.astype("int64"),
            rate=rate,
            own_weight=own,
            margin_per_response=margin,
            value=rate * margin,
        )


def _shrink_by(group: Codes, values: Floats, weights: Floats, n_groups: int) -> Floats:
    return shrink_means(
        sum_by(group, weights * values, n_groups),
        sum_by(group, weights * values**2, n_groups),
        sum_by(group, weights, n_groups),
    )


def sum_by(group: Codes, values: Floats, n_groups: int) -> Floats:
    """Sum the values of each group, 0 for an empty one."""
    return np.asarray(np.bincount(group, values, n_groups), dtype=np.float64)


def price_offers(offers: pd.DataFrame, margin_share: float) -> Floats:
    """Give the margin of each offer's response: measured, else a share of its revenue."""
    if "margin" in offers:
        return offers["margin"].to_numpy(dtype=float)
    return margin_share * offers["revenue"].to_numpy(dtype=float)


def _order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort customers by unit and answers, and the offers of each by campaign."""
    answers = rows.pivot_table(["responded", "margin"], "customer_id", "campaign_id", "first")
    keys = answers.fillna(-1.0).set_axis(range(answers.shape[1]), axis=1)
    keys.insert(0, "unit", rows.groupby("customer_id")["unit"].first())
    place = pd.Series(np.arange(len(keys)), index=keys.index[order_rows(keys)])
    key = pd.DataFrame(
        {
            "customer": rows["customer_id"].map(place).to_numpy(),
            "campaign": rows["campaign_id"].to_numpy(),
        }
    )
    return rows.iloc[order_rows(key)]
