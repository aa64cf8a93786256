"""Distributions of what customers buy: quantiles, and bins on a log scale for a picture."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.quality.stored import ask, list_tables
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Quantity, its unit (``money``: the study's currency), and the query that lists its values.
QUANTITIES = {
    "revenue of a line": ("money", "SELECT revenue AS v FROM {ledger}"),
    "revenue of a purchase": (
        "money",
        "SELECT sum(revenue) AS v FROM {ledger} GROUP BY basket_id",
    ),
    "lines of a purchase": ("lines", "SELECT count(*) AS v FROM {ledger} GROUP BY basket_id"),
    "purchases of a customer": (
        "purchases",
        "SELECT count(DISTINCT basket_id) AS v FROM {ledger} GROUP BY customer_id",
    ),
    "revenue of a customer": (
        "money",
        "SELECT sum(revenue) AS v FROM {ledger} GROUP BY customer_id",
    ),
}
#: Money below half a cent is zero: sums of floating-point numbers leave dust.
CENT = 0.005
QUANTILES = {"1%": 0.01, "25%": 0.25, "median": 0.5, "75%": 0.75, "99%": 0.99}


def describe_values(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Describe what lines, purchases and customers amount to, ledger by ledger.

    Returns
    -------
    DataFrame
        Columns data set, quantity, unit, n, zero or less (money: below half a cent),
        smallest, 1%, 25%, median, 75%, 99%, largest, mean. Quantiles are interpolated
        linearly between values.
    """
    shares = ", ".join(str(share) for share in QUANTILES.values())
    named = _quantities(data)
    if not named:
        return NotAvailable("the study has no table transactions")
    found = ask(
        data,
        [
            f"SELECT count(v) AS n, count(*) FILTER (v < {least}) AS zero, min(v) AS low, "
            f"quantile_cont(v::DOUBLE, [{shares}]) AS quantiles, avg(v) AS mean, max(v) AS high "
            f"FROM ({values})"
            for _, _, _, least, values in named
        ],
    )
    rows = [
        {
            "data set": dataset,
            "quantity": quantity,
            "unit": unit,
            "n": int(row["n"]),
            "zero or less": int(row["zero"]),
            "smallest": float(row["low"]),
            **dict(zip(QUANTILES, map(float, row["quantiles"]), strict=True)),
            "largest": float(row["high"]),
            "mean": float(row["mean"]),
        }
        for (dataset, quantity, unit, _, _), row in zip(
            named, found.to_dict("records"), strict=True
        )
        if row["n"]
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("the study has no purchase")


def _quantities(data: StudyData) -> list[tuple[str, str, str, float, str]]:
    """List data set, quantity, unit, least value above zero, and query, ledger by ledger."""
    return [
        (
            table.dataset,
            quantity,
            data.settings.currency if unit == "money" else unit,
            CENT if unit == "money" else 1,
            values.format(ledger=table.address),
        )
        for table in list_tables(data)
        if table.name == "transactions"
        for quantity, (unit, values) in QUANTITIES.items()
    ]


def bin_values(data: StudyData, *, per_decade: int = 8) -> pd.DataFrame | NotAvailable:
    """Count values in bins of equal width on a log scale, for :func:`draw_distributions`.

    Values of zero or less (money: below half a cent) are left out;
    :func:`describe_values` counts them.

    Parameters
    ----------
    per_decade : int
        Bins between 1 and 10, 10 and 100, and so on.

    Returns
    -------
    DataFrame
        Columns data set, quantity, unit, lower, upper (bounds of the bin, lower
        inclusive), count, share (of the values above zero); empty bins are left out.
    """
    named = _quantities(data)
    if not named:
        return NotAvailable("the study has no table transactions")
    # A value at a bound must not fall below it by the last bit of its logarithm.
    binned = " UNION ALL ".join(
        f"SELECT {place} AS place, floor(log10(v) * {per_decade} + 1e-9)::BIGINT AS bin, "
        f"count(*) AS count FROM ({values}) WHERE v >= {least} GROUP BY 2"
        for place, (*_, least, values) in enumerate(named)
    )
    found = data.warehouse.query(f"{binned} ORDER BY place, bin")
    if found.empty:
        return NotAvailable("the study has no purchase above zero")
    place = found["place"]
    return pd.DataFrame(
        {
            "data set": place.map(lambda i: named[i][0]),
            "quantity": place.map(lambda i: named[i][1]),
            "unit": place.map(lambda i: named[i][2]),
            "lower": 10.0 ** (found["bin"] / per_decade),
            "upper": 10.0 ** ((found["bin"] + 1) / per_decade),
            "count": found["count"],
            "share": found["count"] / found.groupby("place")["count"].transform("sum"),
        }
    )
