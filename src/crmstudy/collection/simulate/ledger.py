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
    category,
    draw_by_group,
    draw_shares,
    moments,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters
from crmstudy.collection.simulate.people import CHANNELS, segment_codes

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
LINE_SHARES = (0.35, 0.30, 0.20, 0.15)  # baskets of 1, 2, 3, 4 lines
_DISCOUNTED_SHARE = 0.3  # of the lines, at 5, 10, 15 or 20 per cent
_TEST_ORDERS = 2.0  # mean number of orders of a test customer after the first
COMPLETED, RETURNED, CANCELLED = range(3)
_STATUS = category(("completed", "returned", "cancelled"))


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
    table.insert(0, "product_id", [f"P{number:03d}" for number in range(1, len(rows) + 1)])
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
        from 0), ``ordered_at, quantity, revenue, cost, discount, status``.
    """
    home_channel = people["channel"].cat.codes.to_numpy(dtype=np.int64)
    n_baskets = 1 + (rng.random(len(purchases)) < same_day_share)
    basket_purchase = np.repeat(np.arange(len(purchases)), n_baskets)
    basket_owner = purchases["owner"].to_numpy()[basket_purchase]
    minute = rng.integers(9 * 60, 21 * 60, basket_purchase.size)
    at_home = rng.random(basket_purchase.size) < _HOME_CHANNEL_SHARE
    elsewhere = rng.integers(0, len(CHANNELS.categories), basket_purchase.size)
    channel = np.where(at_home, home_channel[basket_owner], elsewhere)
    n_lines = 1 + draw_shares(rng, basket_purchase.size, LINE_SHARES)
    basket = np.repeat(np.arange(basket_purchase.size), n_lines)
    lines = _price_lines(rng, basket_purchase[basket], purchases, people, products)
    lines["basket"] = basket
    lines["ordered_at"] = moments(purchases["day"].to_numpy()[basket_purchase], minute)[basket]
    lines["channel"] = channel[basket]
    lines["status"] = COMPLETED
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
    is_own = own == np.arange(len(departments))[:, None]
    return np.where(is_own, _OWN_DEPARTMENT_SHARE, rest) * popularity


def draw_reversals(
    rng: np.random.Generator, lines: pd.DataFrame, firm: FirmParameters
) -> pd.DataFrame:
    """Draw what is given back, and what is cancelled before it is sent.

    A return is a second row of the same basket, product and time with all amounts
    negative: the day is that of the purchase it belongs to. It takes back one line of a
    basket of several, so that no basket vanishes. A cancelled line stands beside the
    lines of its basket and is not earned. Leaving both out gives the purchases as they
    were drawn, on the same days.

    Returns
    -------
    DataFrame
        Rows as :func:`split_into_lines` gives them.
    """
    basket = lines["basket"].to_numpy()
    first = np.flatnonzero(np.diff(basket, prepend=-1) != 0)
    n_lines = np.diff(first, append=basket.size)
    again = (rng.random(first.size) < firm.returns_share) & (n_lines > 1)
    given_back = first[again] + rng.integers(0, n_lines[again])
    amounts = ["quantity", "revenue", "cost", "discount"]
    returned = lines.iloc[given_back].assign(status=RETURNED)
    returned[amounts] = 0.0 - returned[amounts]
    unwanted = first[rng.random(first.size) < firm.returns_cancelled_share]
    # what would have been bought: a line of some other basket
    like = rng.integers(0, max(basket.size, 1), unwanted.size)
    cancelled = lines.iloc[unwanted].assign(status=CANCELLED)
    for column in ("product", *amounts):
        cancelled[column] = lines[column].to_numpy()[like]
    return pd.concat([returned, cancelled], ignore_index=True)


def draw_test_orders(
    rng: np.random.Generator, people: pd.DataFrame, products: pd.DataFrame
) -> pd.DataFrame:
    """Draw the orders of test customers: one line for a cent, on days after the first.

    Returns
    -------
    DataFrame
        Rows as :func:`split_into_lines` gives them.
    """
    testers = np.flatnonzero(people["is_test"].to_numpy())
    owner = np.repeat(testers, 1 + rng.poisson(_TEST_ORDERS, testers.size))
    day = rng.integers(people["first_day"].to_numpy()[owner], WINDOW_DAYS)
    return pd.DataFrame(
        {
            "owner": owner,
            "product": rng.integers(0, len(products), owner.size),
            "quantity": 0.01,
            "revenue": 0.01,
            "cost": 0.01,
            "discount": 0.0,
            "basket": np.arange(owner.size),
            "ordered_at": moments(day, rng.integers(9 * 60, 18 * 60, owner.size)),
            "channel": 1,
            "status": COMPLETED,
        }
    )


def number_baskets(lines: Sequence[pd.DataFrame], *, first_number: int) -> pd.DataFrame:
    """Join lines of several origins, sort them by time and number the baskets.

    Parameters
    ----------
    lines : sequence of DataFrame
        As :func:`split_into_lines` gives them; baskets of two origins are different.

    Returns
    -------
    DataFrame
        The lines, and ``number``: the basket's among those of all customers.
    """
    n_baskets = [int(part["basket"].max() + 1) if len(part) else 0 for part in lines]
    joined = {name: np.concatenate([part[name] for part in lines]) for name in lines[0]}
    offset = np.repeat(np.cumsum([0, *n_baskets[:-1]]), [len(part) for part in lines])
    basket = joined.pop("basket") + offset
    order = np.lexsort((joined["status"], basket, joined["ordered_at"]))
    basket = basket[order]
    number = np.cumsum(np.diff(basket, prepend=-1) != 0) - 1
    ordered = {name: values[order] for name, values in joined.items()}
    return pd.DataFrame({**ordered, "number": first_number + number})


def write_transactions(
    lines: pd.DataFrame, ids: pd.CategoricalDtype, products: pd.DataFrame
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions."""
    number = lines["number"].to_numpy()
    is_first = np.diff(number, prepend=-1) != 0
    basket_ids = number_ids("B", number[is_first])
    return pd.DataFrame(
        {
            "customer_id": pick(lines["owner"].to_numpy(), ids),
            "basket_id": basket_ids.take(np.cumsum(is_first) - 1),
            "ordered_at": lines["ordered_at"],
            "product_id": pick(lines["product"].to_numpy(), products["product_id"]),
            "quantity": lines["quantity"],
            "revenue": lines["revenue"],
            "cost": lines["cost"],
            "discount": lines["discount"],
            "channel": pick(lines["channel"].to_numpy(), CHANNELS),
            "status": pick(lines["status"].to_numpy(), _STATUS),
        }
    )


def returned_share(firm: FirmParameters) -> float:
    """Compute the expected share of a purchase day's spend that is given back.

    A line of a basket of several is given back with the firm's probability; lines share
    a day's spend alike in expectation, so it is one in as many as the day has.
    """
    one = np.array(LINE_SHARES)
    n_lines = np.arange(1, one.size + 1)
    given_back = firm.returns_share * (n_lines > 1)
    alone = (one * given_back / n_lines).sum()
    of_two = 2 * np.einsum("i,j,i,ij->", one, one, given_back, 1 / np.add.outer(n_lines, n_lines))
    return float((1 - firm.same_day_share) * alone + firm.same_day_share * of_two)
