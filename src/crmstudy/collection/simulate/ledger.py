"""What the simulated customers buy: products, purchase days, baskets and their lines.

Purchases follow the BG/NBD model in continuous time and are dated by days. Two
purchases on one day would be merged by the analyst and lost to the model, so the second
is carried over to the next day: the number of purchases is that of the model. What
dating by days leaves is half a day of observation that no count of days sees. Over ten
simulated firms of 100,000 customers the mean estimates of r, alpha, a and b were 0.3, 0.5,
-1.2 and -0.8 per cent off the truth, each about one standard error of that mean.

References
----------
Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the easy
way: An alternative to the Pareto/NBD model. Marketing Science, 24(2), 275-284.
Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value.
www.brucehardie.com/notes/025/
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import (
    Floats,
    Integers,
    draw_by_group,
    moments,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters
from crmstudy.collection.simulate.people import CHANNELS, SEGMENTS, segment_codes

# A merchant who sells by weight: quantities are in units of 100 g.
_CATEGORIES = {
    "tea": ("green tea", "black tea", "herbal tea"),
    "coffee": ("filter coffee", "espresso", "decaffeinated"),
    "confectionery": ("chocolate", "nuts", "dried fruit"),
    "spices": ("pepper", "chilli", "curry"),
}
_BRANDS = ("Aster", "Birch", "Cedar", "Dahlia", "Elm")
_OWN_DEPARTMENT_SHARE = 0.7  # of the lines of a segment; the other departments share the rest
_HOME_CHANNEL_SHARE = 0.8  # of the baskets; the others come through any channel
_LINE_SHARES = (0.35, 0.30, 0.20, 0.15)  # baskets of 1, 2, 3, 4 lines
_DISCOUNTED_SHARE = 0.3  # of the lines, at 5, 10, 15 or 20 per cent


def draw_products(rng: np.random.Generator) -> pd.DataFrame:
    """Draw the product table, and the list price that it does not show.

    Returns
    -------
    DataFrame
        ``product_id, department, category, brand, unit_cost`` and ``list_price``,
        money per 100 g; every brand has one product in every category.
    """
    rows = [
        (department, category, brand)
        for department, categories in _CATEGORIES.items()
        for category in categories
        for brand in _BRANDS
    ]
    table = pd.DataFrame(rows, columns=["department", "category", "brand"])
    table.insert(0, "product_id", number_ids("P", len(rows), width=3))
    table["unit_cost"] = np.round(3.5 * np.exp(rng.normal(0, 0.4, len(rows))), 2)
    table["list_price"] = np.round(table["unit_cost"] * rng.uniform(1.5, 2.2, len(rows)), 2)
    return table


def draw_purchases(
    rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters
) -> tuple[pd.DataFrame, Integers]:
    """Draw the days on which customers buy, and what they spend on each.

    Returns
    -------
    purchases : DataFrame
        ``owner`` (row of ``people``), ``day`` since the window's start, ``spend``;
        at most one row a customer and day.
    left_day : ndarray of shape (n_customers,)
        Day of the purchase after which the customer left; -1 if still active when
        the window ends.
    """
    rate_per_day = np.maximum(people["purchase_rate"].to_numpy() / 7, 1e-12)
    dropout = people["dropout_probability"].to_numpy()
    left_day = np.full(len(people), -1)
    owner = np.flatnonzero(~people["prospect"].to_numpy())
    day = people["first_day"].to_numpy()[owner]
    clock = day + 0.5  # days since the window's start; the first purchase is made at noon
    owners, days = [owner], [day]
    while owner.size:
        clock = clock + rng.standard_exponential(owner.size) / rate_per_day[owner]
        carried = np.maximum(clock, day + 1)
        seen = carried < WINDOW_DAYS
        owner, clock, day = owner[seen], clock[seen], np.floor(carried[seen]).astype(int)
        owners.append(owner)
        days.append(day)
        leaves = rng.random(owner.size) < dropout[owner]
        left_day[owner[leaves]] = day[leaves]
        owner, clock, day = owner[~leaves], clock[~leaves], day[~leaves]
    return draw_spend(rng, np.concatenate(owners), np.concatenate(days), people, firm), left_day


def draw_spend(
    rng: np.random.Generator,
    owner: Integers,
    day: Integers,
    people: pd.DataFrame,
    firm: FirmParameters,
) -> pd.DataFrame:
    """Draw the spend of purchases: gamma around each customer's mean."""
    shape = firm.gamma_gamma_p
    spend = rng.gamma(shape, people["mean_spend"].to_numpy()[owner] / shape)
    return pd.DataFrame({"owner": owner, "day": day, "spend": spend})


def split_into_lines(
    rng: np.random.Generator,
    purchases: pd.DataFrame,
    people: pd.DataFrame,
    products: pd.DataFrame,
    *,
    same_day_share: float,
) -> pd.DataFrame:
    """Split each purchase into one or two baskets of one to four product lines.

    The lines' revenues, each rounded to cents, add up to the spend of the purchase.

    Parameters
    ----------
    people : DataFrame
        ``segment`` says what is bought, ``channel`` through which most of it.

    Returns
    -------
    DataFrame
        One row a line: ``owner, product, channel`` (positions), ``basket`` (numbered
        from 0), ``ordered_at, quantity, revenue, cost, discount``.
    """
    home_channel = people["channel"].map(CHANNELS.index).to_numpy()
    n_baskets = 1 + (rng.random(len(purchases)) < same_day_share)
    basket_purchase = np.repeat(np.arange(len(purchases)), n_baskets)
    basket_owner = purchases["owner"].to_numpy()[basket_purchase]
    minute = rng.integers(9 * 60, 21 * 60, basket_purchase.size)
    at_home = rng.random(basket_purchase.size) < _HOME_CHANNEL_SHARE
    elsewhere = rng.integers(0, len(CHANNELS), basket_purchase.size)
    channel = np.where(at_home, home_channel[basket_owner], elsewhere)
    n_lines = rng.choice(np.arange(1, 5), basket_purchase.size, p=_LINE_SHARES)
    basket = np.repeat(np.arange(basket_purchase.size), n_lines)
    lines = _price_lines(rng, basket_purchase[basket], purchases, people, products)
    lines["basket"] = basket
    lines["ordered_at"] = moments(purchases["day"].to_numpy()[basket_purchase], minute)[basket]
    lines["channel"] = channel[basket]
    return lines


def _price_lines(
    rng: np.random.Generator,
    purchase: Integers,
    purchases: pd.DataFrame,
    people: pd.DataFrame,
    products: pd.DataFrame,
) -> pd.DataFrame:
    """Choose the product of each line and share the purchase's spend among its lines."""
    owner = purchases["owner"].to_numpy()[purchase]
    weight = rng.gamma(3.0, size=purchase.size)
    share = weight / np.bincount(purchase, weight, len(purchases))[purchase]
    revenue = np.maximum(np.round(purchases["spend"].to_numpy()[purchase] * share, 2), 0.01)
    product = draw_by_group(rng, segment_codes(people)[owner], _product_shares(products))
    discounted = rng.random(purchase.size) < _DISCOUNTED_SHARE
    discount_rate = np.where(discounted, rng.integers(1, 5, purchase.size) * 0.05, 0.0)
    before_discount = revenue / (1 - discount_rate)
    grams_100 = before_discount / products["list_price"].to_numpy()[product]
    quantity = np.maximum(np.round(grams_100, 2), 0.01)
    return pd.DataFrame(
        {
            "owner": owner,
            "product": product,
            "quantity": quantity,
            "revenue": revenue,
            "cost": np.round(quantity * products["unit_cost"].to_numpy()[product], 2),
            "discount": np.round(before_discount - revenue, 2),
        }
    )


def _product_shares(products: pd.DataFrame) -> Floats:
    """Shares of the products in each segment's lines; later brands sell less."""
    departments = list(_CATEGORIES)
    own = products["department"].map(departments.index).to_numpy()
    popularity = 1 / (1 + products["brand"].map(_BRANDS.index).to_numpy())
    rest = (1 - _OWN_DEPARTMENT_SHARE) / (len(departments) - 1)
    is_own = own == np.arange(len(SEGMENTS))[:, None]
    return np.where(is_own, _OWN_DEPARTMENT_SHARE, rest) * popularity


def assemble_transactions(
    lines: Sequence[pd.DataFrame], people: pd.DataFrame, products: pd.DataFrame
) -> pd.DataFrame:
    """Join lines of several origins, sort them by time and number the baskets."""
    n_baskets = [int(part["basket"].max() + 1) if len(part) else 0 for part in lines]
    joined = pd.concat(lines, ignore_index=True)
    offset = np.repeat(np.cumsum([0, *n_baskets[:-1]]), [len(part) for part in lines])
    basket = joined["basket"].to_numpy() + offset
    order = np.lexsort((basket, joined["ordered_at"].to_numpy()))
    joined, basket = joined.iloc[order], basket[order]
    number = np.cumsum(np.diff(basket, prepend=-1) != 0) - 1
    return pd.DataFrame(
        {
            "customer_id": pick(joined["owner"].to_numpy(), people["customer_id"]),
            "basket_id": pick(number, number_ids("B", sum(n_baskets), width=7)),
            "ordered_at": joined["ordered_at"].to_numpy(),
            "product_id": pick(joined["product"].to_numpy(), products["product_id"]),
            "quantity": joined["quantity"].to_numpy(),
            "revenue": joined["revenue"].to_numpy(),
            "cost": joined["cost"].to_numpy(),
            "discount": joined["discount"].to_numpy(),
            "channel": pick(joined["channel"].to_numpy(), CHANNELS),
        }
    )
