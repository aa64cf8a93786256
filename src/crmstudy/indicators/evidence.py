"""What a study has to measure with; asking for what it lacks raises ModelError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest
from crmstudy.indicators.orders import Ledger, read_ledger
from crmstudy.indicators.window import precede

Tables = Mapping[str, "pd.DataFrame | pd.Series | NotAvailable"]

ROLES = ("product_satisfaction", "service_satisfaction", "overall_satisfaction", "recommendation")
#: Roles that other chapters read and no indicator is measured by.
OTHER_ROLES = ("repurchase_intention",)


@dataclass(frozen=True)
class Terms:
    """Conventions that the numbers rest on.

    Parameters
    ----------
    level : float
        Level of the intervals.
    recommends_above : float
        Share of the recommendation item's scale above which an answer recommends.
    horizon_weeks, annual_discount_rate : float or None
        What the lifetime values were estimated for; said beside them.
    """

    level: float = 0.95
    recommends_above: float = 0.5
    horizon_weeks: float | None = None
    annual_discount_rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("level", "recommends_above"):
            found = getattr(self, name)
            if not 0 < found < 1:
                raise SettingsError(f"{name} must lie between 0 and 1, found {found:g}")

    def say_lifetime(self) -> str:
        """State horizon and discount rate, as far as they are told."""
        said = []
        if self.horizon_weeks is not None:
            said.append(f"horizon {self.horizon_weeks:g} weeks")
        if self.annual_discount_rate is not None:
            said.append(f"discounted at {100 * self.annual_discount_rate:g}% a year")
        return ", ".join(said)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Tables, window and conventions of one firm, or of one unit of it.

    Parameters
    ----------
    tables : mapping of str to DataFrame, Series or NotAvailable
        Canonical tables.
    start, end : Timestamp or None
        First moment of the window, and first moment after it.
    orders_read : Ledger, optional
        The log already condensed; it stands for the table of transactions.
    """

    tables: Tables
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    survey_roles: Mapping[str, str | Sequence[str]]
    instrument: Mapping[str, Mapping[str, Any]]
    terms: Terms
    orders_read: Ledger | None = None

    def require_sound(self) -> None:
        """Refuse an empty window and unknown roles."""
        if self.start is not None and self.end is not None and not self.start < self.end:
            raise SettingsError(
                f"the window runs from {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}; "
                "allowed: an end after the start"
            )
        for role in self.survey_roles:
            if role not in (*ROLES, *OTHER_ROLES):
                raise SettingsError(
                    f"survey role {role!r} is unknown; allowed: {', '.join(ROLES)}"
                    f"{nearest(role, ROLES)}"
                )

    @property
    def level(self) -> float:
        """Level of the intervals."""
        return self.terms.level

    @property
    def window(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Start and end of the window."""
        if self.start is None or self.end is None:
            raise ModelError("no table of purchases, tickets or costs sets a window in time")
        return self.start, self.end

    @property
    def earlier(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Start and end of the period of equal length before the window."""
        start, end = self.window
        return precede(start, end), start

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """Return a table that has some columns."""
        found = self.tables.get(name, NotAvailable(f"the study has no table {name!r}"))
        if isinstance(found, NotAvailable):
            raise ModelError(found.reason)
        if isinstance(found, pd.Series):
            found = found.rename(name.rstrip("s")).rename_axis("customer_id").reset_index()
        for column in columns:
            if column not in found.columns:
                raise ModelError(f"the table {name!r} has no column {column!r}")
        return found

    def within(self, name: str, moment: str, *columns: str) -> pd.DataFrame:
        """Return the rows of a table whose moment lies in the window."""
        found = self.table(name, moment, *columns)
        start, end = self.window
        return found[(found[moment] >= start) & (found[moment] < end)]

    def items(self, role: str) -> list[str]:
        """Return the items that ask for something."""
        named = self.survey_roles.get(role)
        if not named:
            raise ModelError(f"no survey item asks for {role.replace('_', ' ')}")
        return [named] if isinstance(named, str) else list(named)

    @cached_property
    def ledger(self) -> Ledger:
        """The purchases, condensed to orders."""
        if self.orders_read is not None:
            return self.orders_read
        return read_ledger(self.table("transactions"))

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Sums of the window, one row a customer with a line in it."""
        return _sum_by_customer(self.ledger.between(*self.window))

    @cached_property
    def buyers(self) -> pd.Series:
        """Orders in the window, by customer who had one."""
        orders = self.customers["orders"]
        if not (orders > 0).any():
            raise ModelError("no customer had an order in the window")
        return orders[orders > 0]

    @cached_property
    def buyers_before(self) -> pd.Index:
        """Customers with an order in the period before the window."""
        earlier = self.ledger.between(*self.earlier)
        return pd.Index(earlier.loc[earlier["bought"], "customer_id"].unique())


def _sum_by_customer(orders: pd.DataFrame) -> pd.DataFrame:
    sums = ["revenue", "cost", "lines", "unpriced", "uncosted"]
    counted = orders[sums].assign(orders=orders["bought"].astype("int64"))
    return counted.groupby(orders["customer_id"]).sum()
