"""Purchase ledgers: sums for reconciliation, and lines that deserve a look."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.quality.stored import StoredTable, ask, list_tables, literal
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: Values of a purchase line that are possible but deserve a look, as SQL conditions.
ODDITIES = {
    "revenue is zero": "revenue = 0",
    "revenue is negative (a return)": "revenue < 0",
    "quantity is zero": "quantity = 0",
    "quantity is zero but revenue is not": "quantity = 0 AND revenue <> 0",
}

#: Limit of the modified z-score, and the factor that makes the median deviation one
#: standard deviation of a normal distribution (Iglewicz & Hoaglin, 1993).
EXTREME = 3.5
TO_SIGMA = 0.6745

NO_LEDGER = NotAvailable("the study has no table transactions")


def _ledgers(data: StudyData) -> list[StoredTable]:
    return [table for table in list_tables(data) if table.name == "transactions"]


def summarise_ledgers(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Sum up each purchase ledger, for reconciliation with its source.

    Returns
    -------
    DataFrame
        Columns data set, customers, purchases, lines, first day, last day, revenue,
        and the number of lines of each oddity.
    """
    frames = []
    for ledger in _ledgers(data):
        odd = {
            name: rule
            for name, rule in ODDITIES.items()
            if "quantity" not in rule or "quantity" in ledger.types
        }
        counts = "".join(f', count(*) FILTER ({rule}) AS "{name}"' for name, rule in odd.items())
        sql = f"""
            SELECT {literal(ledger.dataset)} AS "data set",
                   count(DISTINCT customer_id) AS customers,
                   count(DISTINCT basket_id) AS purchases, count(*) AS lines,
                   min(ordered_at)::DATE::VARCHAR AS "first day",
                   max(ordered_at)::DATE::VARCHAR AS "last day",
                   sum(revenue)::DOUBLE AS revenue {counts}
            FROM {ledger.address}
        """
        frames.append(data.warehouse.query(sql))
    return pd.concat(frames, ignore_index=True) if frames else NO_LEDGER


def list_oddities(data: StudyData) -> pd.DataFrame | NotAvailable:
    """List what is unusual about the lines of each ledger, with the money it concerns.

    A revenue is extreme when its modified z-score on the log scale,
    ``0.6745 (ln x - median) / MAD``, is beyond 3.5 on either side; returns and zero
    prices have no logarithm and are counted apart. Where more than half of the lines
    cost the same, the MAD is zero and the rule says nothing.

    Returns
    -------
    DataFrame
        Columns data set, oddity, rule, lines, share of lines, revenue, share of revenue
        (missing where the ledger's sum is not above zero). Every rule is listed that the
        ledger has the columns for, also with no line that it hits.

    References
    ----------
    Iglewicz, B., & Hoaglin, D. C. (1993). How to Detect and Handle Outliers. ASQC.
    """
    frames = [_count_oddities(data, ledger) for ledger in _ledgers(data)]
    return pd.concat(frames, ignore_index=True) if frames else NO_LEDGER


def _count_oddities(data: StudyData, ledger: StoredTable) -> pd.DataFrame:
    rules = _oddity_rules(data, ledger)
    counts = ask(
        data,
        [
            f"SELECT count(*) AS lines, coalesce(sum(revenue), 0)::DOUBLE AS revenue "
            f"FROM {ledger.address} WHERE {condition}"
            for condition in ("true", *(condition for _, condition, _ in rules))
        ],
    )
    lines, revenue = int(counts["lines"][0]), float(counts["revenue"][0])
    found = counts.iloc[1:].reset_index(drop=True)
    return pd.DataFrame(
        {
            "data set": ledger.dataset,
            "oddity": [name for name, _, _ in rules],
            "rule": [said for _, _, said in rules],
            "lines": found["lines"],
            "share of lines": found["lines"] / lines if lines else float("nan"),
            "revenue": found["revenue"],
            "share of revenue": found["revenue"] / revenue if revenue > 0 else float("nan"),
        }
    )


def list_conditions(data: StudyData, ledger: StoredTable) -> dict[str, str]:
    """Map each oddity that a ledger has columns for to its SQL condition."""
    return {name: condition for name, condition, _ in _oddity_rules(data, ledger)}


def _oddity_rules(data: StudyData, ledger: StoredTable) -> list[tuple[str, str, str]]:
    """List name, condition and wording of every rule that the ledger has columns for."""
    home = literal(data.settings.currency)
    rules = [
        (name, condition, condition.replace("<>", "is not").replace("AND", "and"))
        for name, condition in ODDITIES.items()
    ]
    rules += [
        (
            "revenue is dust, below half a cent",
            "revenue <> 0 AND abs(revenue) < 0.005",
            "0 < |revenue| < 0.005",
        ),
        ("quantity is negative", "quantity < 0", "quantity < 0"),
        ("returned", "status = 'returned'", "status is returned"),
        ("cancelled", "status = 'cancelled'", "status is cancelled"),
        (
            "in another currency",
            f"currency <> {home}",
            f"currency is not {data.settings.currency}",
        ),
        (
            "without a time of day",
            "ordered_at::TIMESTAMP = date_trunc('day', ordered_at::TIMESTAMP)",
            "time is 00:00:00",
        ),
    ]
    needs = ("quantity", "status", "currency")
    usable = [
        rule
        for rule in rules
        if all(column in ledger.types or column not in rule[1] for column in needs)
    ]
    return usable + _extreme_rules(data, ledger)


def _extreme_rules(data: StudyData, ledger: StoredTable) -> list[tuple[str, str, str]]:
    found = data.warehouse.query(
        "SELECT median(ln(revenue)) AS middle, mad(ln(revenue)) AS deviation "
        f"FROM {ledger.address} WHERE revenue > 0"
    ).iloc[0]
    if pd.isna(found["deviation"]) or not found["deviation"] > 0:
        return []
    score = (
        f"CASE WHEN revenue > 0 THEN {TO_SIGMA} * (ln(revenue) - {float(found['middle'])!r}) "
        f"/ {float(found['deviation'])!r} END"
    )
    return [
        ("extremely high revenue", f"{score} > {EXTREME}", f"modified z of ln revenue > {EXTREME}"),
        (
            "extremely low revenue",
            f"{score} < -{EXTREME}",
            f"modified z of ln revenue < −{EXTREME}",
        ),
    ]


def profile_week(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Count purchases by weekday and part of the day; a silent weekday is an anomaly too.

    Returns
    -------
    DataFrame
        Columns data set, weekday, purchases, share of purchases, share of revenue, at
        night (share of its purchases begun from 0:00 to 5:59; missing where the ledger
        knows no time of day). All seven weekdays are listed.
    """
    frames = [_count_weekdays(data, ledger) for ledger in _ledgers(data)]
    return pd.concat(frames, ignore_index=True) if frames else NO_LEDGER


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _count_weekdays(data: StudyData, ledger: StoredTable) -> pd.DataFrame:
    sql = f"""
        WITH purchases AS (SELECT basket_id, min(ordered_at)::TIMESTAMP AS began,
                                  sum(revenue)::DOUBLE AS revenue FROM {ledger.address} GROUP BY 1)
        SELECT isodow(began) AS day, count(*) AS purchases, sum(revenue)::DOUBLE AS revenue,
               count(*) FILTER (hour(began) < 6) AS night,
               count(*) FILTER (began <> date_trunc('day', began)) AS timed
        FROM purchases GROUP BY 1
    """
    found = data.warehouse.query(sql).set_index("day").reindex(range(1, 8), fill_value=0)
    purchases = found["purchases"].astype("int64")
    timed = bool(found["timed"].sum())
    revenue = float(found["revenue"].sum())
    return pd.DataFrame(
        {
            "data set": ledger.dataset,
            "weekday": WEEKDAYS,
            "purchases": purchases.to_numpy(),
            "share of purchases": (purchases / max(int(purchases.sum()), 1)).to_numpy(),
            "share of revenue": (
                found["revenue"] / (revenue if revenue > 0 else float("nan"))
            ).to_numpy(dtype=float),
            "at night": (found["night"] / purchases.where(purchases > 0)).to_numpy(dtype=float)
            if timed
            else float("nan"),
        }
    )


def sum_currencies(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Sum up each ledger's lines by currency.

    Returns
    -------
    DataFrame
        Columns data set, currency (the study's where a line names none), lines, share of
        lines, revenue; the revenue is what stands in the database.
    """
    frames = []
    for ledger in _ledgers(data):
        home = literal(data.settings.currency)
        currency = f"coalesce(currency, {home})" if "currency" in ledger.types else home
        frames.append(
            data.warehouse.query(
                f"""
                SELECT {literal(ledger.dataset)} AS "data set", {currency} AS currency,
                       count(*) AS lines, count(*) / sum(count(*)) OVER () AS "share of lines",
                       sum(revenue)::DOUBLE AS revenue
                FROM {ledger.address} GROUP BY 2 ORDER BY lines DESC, 2
                """
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else NO_LEDGER
