"""Whether every row and every sum of the sources is accounted for in the database.

Rows are compared with what was read from the source; sums of the ledgers with sums by
customer, status and currency that were taken before the first step, each of which gets
the one reason for which it should have gone. Both are worked out apart from the steps
themselves, so the check can fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext

import duckdb
import pandas as pd
import pyarrow as pa

from crmstudy.collection.intake.load import Loaded
from crmstudy.collection.privacy.consent import Consent
from crmstudy.collection.privacy.remove import customers_in, tables_of
from crmstudy.collection.unified.clean import CANCELLED, MONEY, TEST
from crmstudy.collection.unified.reconcile import SUMS, Change, Totals, reconcile
from crmstudy.settings import Study

ERASED = "erased person"
#: Each number counts to eight decimals; sums of such decimals know no rounding and no order.
EXACT = "DECIMAL(38, 8)"


@dataclass
class LedgerBefore:
    """The ledgers of a data set before the first step, and whom each step sent away.

    Parameters
    ----------
    dataset : str
        The data set.
    columns : dict of str to list of str
        The columns summed, by table.
    customers : set of str
        Customers before the first step; empty where nobody can have been erased.
    rates : dict of str to float
        Exchange rates of study.yml.
    drop_cancelled : bool
        Whether cancelled lines were to go.
    """

    dataset: str
    columns: dict[str, list[str]]
    customers: set[str]
    rates: dict[str, float]
    drop_cancelled: bool
    erased: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        connection: duckdb.DuckDBPyConnection,
        dataset: str,
        study: Study,
        *,
        erasing: bool = False,
    ) -> LedgerBefore:
        """Take the sums that are to be compared later."""
        tables = tables_of(connection, dataset)
        columns = {
            table: [name for name in SUMS[table] if name in names]
            for table, names in tables.items()
            if table in SUMS
        }
        cleaning = study.settings.cleaning
        before = cls(
            dataset=dataset,
            columns=columns,
            customers=set(customers_in(connection, dataset)) if erasing else set(),
            rates=dict(cleaning.exchange_rates),
            drop_cancelled=cleaning.drop_cancelled,
        )
        for table in columns:
            before._sum_up(connection, table, tables[table])
        return before

    def place(self, table: str) -> str:
        """Name the temporary table of a ledger's sums."""
        return f'temp."before.{self.dataset}.{table}"'

    def _sum_up(
        self, connection: duckdb.DuckDBPyConnection, table: str, there: Iterable[str]
    ) -> None:
        groups = [
            name if name in there else f"NULL::VARCHAR AS {name}"
            for name in ("customer_id", "status", "currency")
        ]
        rate = "1"
        if "currency" in there and self.rates:
            cases = " ".join(f"WHEN '{c}' THEN {r!r}" for c, r in sorted(self.rates.items()))
            rate = f"(CASE currency {cases} ELSE 1 END)"
        sums = [f"count(*) AS n, {rate} AS rate"]
        for name in self.columns[table]:
            after = f"{name} * {rate}" if name in MONEY and rate != "1" else name
            sums.append(f'{_exact(name)} AS "{name}", {_exact(after)} AS "{name} after"')
        connection.execute(
            f"CREATE TEMP TABLE {self.place(table).removeprefix('temp.')} AS "
            f'SELECT {", ".join(groups)}, {", ".join(sums)} FROM "{self.dataset}"."{table}" '
            "GROUP BY ALL"
        )

    def note_erased(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Note who is no longer there after erased persons were left out."""
        if self.customers:
            self.erased = self.customers - set(customers_in(connection, self.dataset))

    def note_tests(self, customers: Iterable[str]) -> None:
        """Note the test customers."""
        self.tests = set(customers)

    def note_merged(self, mapping: Mapping[str, str]) -> None:
        """Note which customer each merged one became; consent is asked of the kept one."""
        self.merged = dict(mapping)

    def changes(
        self, connection: duckdb.DuckDBPyConnection, table: str, decisions: Consent | None
    ) -> list[Change]:
        """Give each sum that should be gone its reason, and add up by reason."""
        gone = decisions.refused | decisions.undecided if decisions else frozenset()
        gone |= {old for old, kept in self.merged.items() if kept in gone}
        groups = {"erased": self.erased, "tests": self.tests, "refused": gone}
        for name, customers in groups.items():
            ids = pa.table({"id": pa.array(sorted(customers), pa.string())})
            connection.register(f"leaving_{name}", ids)
        cancelled = "WHEN status = 'cancelled' THEN 'c'" if self.drop_cancelled else ""
        columns = self.columns[table]
        sums = ", ".join(f'sum("{c}"), sum("{c} after")' for c in columns)
        rows = connection.execute(
            f"WITH told AS (SELECT *, CASE WHEN customer_id IN (FROM leaving_erased) THEN 'e' "
            f"WHEN customer_id IN (FROM leaving_tests) THEN 't' {cancelled} "
            "WHEN customer_id IN (FROM leaving_refused) THEN 'r' ELSE 'k' END AS why "
            f"FROM {self.place(table)}) "
            "SELECT why, CASE WHEN why = 'k' AND rate <> 1 THEN currency END AS converted, "
            f"sum(n), {sums} FROM told GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        for name in groups:
            connection.unregister(f"leaving_{name}")
        words = {"e": ERASED, "t": TEST, "c": CANCELLED}
        words["r"] = f"no consent to {decisions.purpose}" if decisions else ""
        left = [
            Change(table, words[why], Totals(int(n), dict(zip(columns, values[::2], strict=True))))
            for why, _, n, *values in rows
            if why != "k"
        ]
        return left + [
            Change(table, f"{currency} converted", Totals(0, _differences(columns, values)))
            for why, currency, _, *values in rows
            if why == "k" and currency is not None
        ]

    def totals(self, connection: duckdb.DuckDBPyConnection, table: str) -> Totals:
        """Give the rows and sums before the first step."""
        sums = "".join(f', sum("{c}")' for c in self.columns[table])
        return _totals(connection, f"sum(n){sums}", self.place(table), self.columns[table])


def _exact(expression: str) -> str:
    return f"coalesce(sum(CAST({expression} AS {EXACT})), 0)"


def _differences(columns: list[str], values: list[Decimal]) -> dict[str, Decimal]:
    with localcontext(Context(prec=60)):
        pairs = zip(values[::2], values[1::2], strict=True)
        return {name: a - b for name, (a, b) in zip(columns, pairs, strict=True)}


def _totals(
    connection: duckdb.DuckDBPyConnection, what: str, place: str, columns: list[str]
) -> Totals:
    rows, *sums = connection.execute(f"SELECT {what} FROM {place}").fetchall()[0]
    values = [Decimal(0) if value is None else value for value in sums]
    return Totals(int(rows or 0), dict(zip(columns, values, strict=True)))


def account(
    connection: duckdb.DuckDBPyConnection,
    before: LedgerBefore,
    ended: Iterable[Loaded],
    decisions: Consent | None,
) -> pd.DataFrame:
    """Compare rows read and ledgers before with what is in the database now.

    Returns
    -------
    DataFrame
        Columns data set, step, table, measure, before, after, difference, explained,
        unexplained (must be 0), reasons; see :func:`reconcile`.
    """
    ours = [one for one in ended if one.dataset == before.dataset]
    rows = reconcile(
        {one.table: Totals(one.rows_read) for one in ours},
        {one.table: _totals(connection, "count(*)", one.target, []) for one in ours},
        changes=[
            Change(one.table, reason, Totals(count))
            for one in ours
            for reason, count in one.dropped.items()
        ],
        step="source to database",
    )
    sums = [_account_sums(connection, before, table, decisions) for table in before.columns]
    told = pd.concat([rows, *sums], ignore_index=True)
    told.insert(0, "data set", before.dataset)
    return told


def _account_sums(
    connection: duckdb.DuckDBPyConnection,
    before: LedgerBefore,
    table: str,
    decisions: Consent | None,
) -> pd.DataFrame:
    columns = before.columns[table]
    now = ", ".join(["count(*)", *(_exact(name) for name in columns)])
    place = f'"{before.dataset}"."{table}"'
    compared = reconcile(
        {table: before.totals(connection, table)},
        {table: _totals(connection, now, place, columns)},
        changes=before.changes(connection, table, decisions),
        step="loaded to database",
    )
    connection.execute(f"DROP TABLE {before.place(table)}")
    return compared
