"""From the files of open data to canonical columns, one reader a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd


def _text(values: pd.Series) -> pd.Series:
    return values.astype(str)


def read_journey_transactions(places: list[Path]) -> pd.DataFrame:
    """Read completejourney purchases; a store is the channel."""
    raw = pd.read_parquet(places[0])
    return pd.DataFrame(
        {
            "customer_id": _text(raw["household_id"]),
            "basket_id": _text(raw["basket_id"]),
            "ordered_at": raw["transaction_timestamp"],
            "product_id": _text(raw["product_id"]),
            "quantity": raw["quantity"].astype(float),
            "revenue": raw["sales_value"],
            "discount": raw["retail_disc"],
            "coupon_discount": raw["coupon_disc"] + raw["coupon_match_disc"],
            "channel": "store " + _text(raw["store_id"]),
        }
    )


def read_journey_customers(places: list[Path]) -> pd.DataFrame:
    """Read the attributes of the 801 households that have some."""
    raw = pd.read_parquet(places[0]).rename(columns={"household_id": "customer_id"})
    return raw.assign(customer_id=_text(raw["customer_id"]))


def read_journey_products(places: list[Path]) -> pd.DataFrame:
    """Read the product hierarchy."""
    raw = pd.read_parquet(places[0])
    return pd.DataFrame(
        {
            "product_id": _text(raw["product_id"]),
            "department": raw["department"],
            "category": raw["product_category"],
            "brand": raw["brand"],
            "product_type": raw["product_type"],
            "manufacturer": _text(raw["manufacturer_id"]),
        }
    )


def read_journey_campaigns(places: list[Path]) -> pd.DataFrame:
    """Read who was addressed by which campaign, with the campaign's dates."""
    addressed, described = (pd.read_parquet(place) for place in places)
    both = addressed.merge(described, on="campaign_id", how="left", validate="many_to_one")
    return pd.DataFrame(
        {
            "campaign_id": _text(both["campaign_id"]),
            "customer_id": _text(both["household_id"]),
            "campaign_type": both["campaign_type"],
            "start_on": both["start_date"],
            "end_on": both["end_date"],
        }
    )


def read_journey_responses(places: list[Path]) -> pd.DataFrame:
    """Read coupon redemptions as responses."""
    raw = pd.read_parquet(places[0])
    return pd.DataFrame(
        {
            "campaign_id": _text(raw["campaign_id"]),
            "customer_id": _text(raw["household_id"]),
            "responded_at": raw["redemption_date"],
            "coupon": _text(raw["coupon_upc"]),
        }
    )


def read_cdnow(places: list[Path]) -> pd.DataFrame:
    """Read CDNOW purchases, the 1/10 sample or the master file."""
    sample = "sample" in places[0].name
    names = ["customer_id", *(["sample_id"] if sample else []), "day", "quantity", "revenue"]
    raw = pd.read_csv(
        places[0],
        sep=r"\s+",
        header=None,
        skiprows=0 if sample else 1,
        names=names,
        dtype={"customer_id": str, "sample_id": str, "day": str},
    )
    return pd.DataFrame(
        {
            "customer_id": raw["customer_id"],
            "basket_id": _text(pd.Series(raw.index + 1)),
            "ordered_at": pd.to_datetime(raw["day"], format="%Y%m%d"),
            "quantity": raw["quantity"].astype(float),
            "revenue": raw["revenue"],
        }
    )


def read_mobi(places: list[Path]) -> pd.DataFrame:
    """Read the survey; respondents are numbered in the order of the file."""
    raw = pd.read_csv(places[0]).astype(float)
    raw.insert(0, "respondent_id", _text(pd.Series(raw.index + 1)))
    return raw


READERS: dict[str, Callable[[list[Path]], pd.DataFrame]] = {
    "completejourney/transactions": read_journey_transactions,
    "completejourney/customers": read_journey_customers,
    "completejourney/products": read_journey_products,
    "completejourney/campaigns": read_journey_campaigns,
    "completejourney/responses": read_journey_responses,
    "cdnow/transactions": read_cdnow,
    "cdnow_master/transactions": read_cdnow,
    "mobi/survey": read_mobi,
}
