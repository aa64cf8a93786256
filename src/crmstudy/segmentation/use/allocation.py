"""Contacts bought with a budget: the best plan, and the plans it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """What a contact costs, and the limits within which contacts are bought.

    Parameters
    ----------
    budget, cost_per_contact : float
        Currency; the cost above 0.
    minimum_coverage : float
        Share of every segment's customers to be contacted at least once, 0 to 1.
    most_contacts : int
        Contacts that a customer may get.
    repeat_value : float
        Value of each further contact to the same customer, as a share of the one before
        (above 0, at most 1).

    Raises
    ------
    SettingsError
        If a term is out of its range.
    """

    budget: float
    cost_per_contact: float
    minimum_coverage: float = 0.0
    most_contacts: int = 1
    repeat_value: float = 0.5

    def __post_init__(self) -> None:
        """Refuse terms under which nothing can be planned."""
        rules = {
            "budget": (self.budget, self.budget >= 0, "0 or more"),
            "cost_per_contact": (self.cost_per_contact, self.cost_per_contact > 0, "above 0"),
            "minimum_coverage": (
                self.minimum_coverage,
                0 <= self.minimum_coverage <= 1,
                "between 0 and 1",
            ),
            "most_contacts": (self.most_contacts, self.most_contacts >= 1, "at least 1"),
            "repeat_value": (self.repeat_value, 0 < self.repeat_value <= 1, "above 0, at most 1"),
        }
        for name, (value, holds, rule) in rules.items():
            if not holds:
                raise SettingsError(f"{name} = {value!r}: it must be {rule}")


@dataclass(frozen=True)
class Plan:
    """How many contacts each unit gets.

    Parameters
    ----------
    contacts : array of shape (n_units,)
        Contacts; at most one unit gets a broken number.
    profit : float
        Expected value less cost.
    spent : float
        Cost of the contacts.
    shadow_price : float
        Further expected profit for one more unit of money, at the margin.
    """

    contacts: Floats
    profit: float
    spent: float
    shadow_price: float


def optimise_contacts(units: pd.DataFrame, terms: Terms) -> Plan:
    """Choose contacts so that the expected profit is largest, by linear programming.

    Maximise ``sum (v_u r^(m-1) - c) x_um`` over the ``m``-th contacts ``x_um`` of the
    customers of unit ``u``, subject to ``0 <= x_um <= n_u``, ``c sum x_um <= B`` and, for
    every segment, ``sum x_u1 >= a N_s``. The dual value of the budget is the shadow price.
    Where the budget ends exactly between two units it is any value between theirs.

    Parameters
    ----------
    units : DataFrame
        ``segment``, ``n_customers``, ``value`` (expected margin of a contact, currency).
    terms : Terms
        Budget ``B``, cost ``c``, coverage ``a``, ``m`` up to ``most_contacts``, ``r``.

    Raises
    ------
    ModelError
        If the budget does not pay for the minimum coverage.

    References
    ----------
    Huangfu, Q., & Hall, J. A. J. (2018). Parallelizing the dual revised simplex method.
    Mathematical Programming Computation, 10(1), 119-142.
    """
    from scipy.optimize import linprog

    _require_coverage(units, terms)
    n, value = _levels(units, terms)
    cost = terms.cost_per_contact
    # In units of the cost, so that another currency gives the same plan to the last digit.
    net = value / cost - 1.0
    segments = list(dict.fromkeys(units["segment"]))
    first = np.arange(len(n)) < len(units)
    of = np.tile(units["segment"].to_numpy(), terms.most_contacts)
    rows = [np.ones(len(n))] + [np.where(first & (of == s), -1.0, 0.0) for s in segments]
    limits = [terms.budget / cost] + [-_coverage(units, s, terms) for s in segments]
    found = linprog(-net, A_ub=np.array(rows), b_ub=limits, bounds=np.c_[np.zeros(len(n)), n])
    if not found.success:
        raise ModelError(f"the plan of contacts has no solution: {found.message}")
    contacts = found.x.reshape(terms.most_contacts, len(units)).sum(axis=0)
    return price_plan(units, terms, contacts, shadow_price=-float(found.ineqlin.marginals[0]))


def fill_greedily(units: pd.DataFrame, terms: Terms) -> Plan:
    """Buy the minimum coverage, then the best contacts first, as long as they pay.

    With one cost for all contacts this is the optimum too, and a hundred times faster.
    """
    _require_coverage(units, terms)
    n, value = _levels(units, terms)
    net = value / terms.cost_per_contact - 1.0
    order = np.argsort(-net, kind="stable")
    taken = np.zeros(len(n))
    for segment in dict.fromkeys(units["segment"]):
        inside = (units["segment"] == segment).to_numpy()
        best = order[order < len(units)]
        best = best[inside[best]]
        taken[best] = _take(n[best], _coverage(units, segment, terms))
    left = terms.budget / terms.cost_per_contact - taken.sum()
    worth = order[net[order] > 0]
    more = _take((n - taken)[worth], left)
    taken[worth] += more
    unfilled = worth[(n - taken)[worth] > 1e-9 * np.maximum(n[worth], 1.0)]
    contacts = taken.reshape(terms.most_contacts, len(units)).sum(axis=0)
    return price_plan(
        units, terms, contacts, shadow_price=float(net[unfilled[0]]) if len(unfilled) else 0.0
    )


def spread_budget(units: pd.DataFrame, terms: Terms, shares: pd.Series) -> Plan:
    """Give each segment its share of the budget, spread evenly over its customers.

    What a segment cannot take, because every customer has the most contacts, goes to
    the others in the same proportions.

    Parameters
    ----------
    shares : Series
        Not negative, indexed by segment; need not sum to 1.
    """
    size = units.groupby("segment", sort=False)["n_customers"].sum()
    room = size.to_numpy(dtype=float) * terms.most_contacts
    wish = shares.reindex(size.index).fillna(0.0).clip(lower=0.0).to_numpy(dtype=float)
    given = fill_proportionally(room, wish, terms.budget / terms.cost_per_contact)
    each = pd.Series(given / size.to_numpy(dtype=float), index=size.index)
    contacts = units["segment"].map(each).to_numpy() * units["n_customers"].to_numpy(dtype=float)
    return price_plan(units, terms, contacts)


def fill_proportionally(room: Floats, wish: Floats, amount: float) -> Floats:
    """Share an amount in proportion to the wishes, none above its room."""
    given = np.zeros_like(room)
    for _ in range(len(room)):
        free = (given < room) & (wish > 0)
        left = amount - given.sum()
        if left <= 1e-12 * max(amount, 1.0) or not free.any():
            break
        given[free] += left * wish[free] / wish[free].sum()
        given = np.minimum(given, room)
    return given


def value_contacts(units: pd.DataFrame, terms: Terms, contacts: Floats) -> float:
    """Sum the expected margin of the contacts, further ones of a customer worth less."""
    n, value = units["n_customers"].to_numpy(dtype=float), units["value"].to_numpy(dtype=float)
    worth = 0.0
    for level in range(terms.most_contacts):
        at_level = np.clip(contacts - level * n, 0.0, n)
        worth += float((at_level * value).sum()) * terms.repeat_value**level
    return worth


def trace_marginal(units: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """List what each further unit of money returns when the best contacts come first.

    Returns
    -------
    DataFrame
        ``segment``, ``contact`` (1 the first to a customer), ``spend_from``,
        ``spend_to`` (currency) and ``marginal`` (expected profit of one unit of money),
        falling.
    """
    n, value = _levels(units, terms)
    frame = pd.DataFrame(
        {
            "segment": np.tile(units["segment"].to_numpy(), terms.most_contacts),
            "contact": np.repeat(np.arange(1, terms.most_contacts + 1), len(units)),
            "spend": n * terms.cost_per_contact,
            "marginal": value / terms.cost_per_contact - 1.0,
        }
    )
    frame = frame.sort_values("marginal", ascending=False, kind="stable", ignore_index=True)
    frame["spend_to"] = frame["spend"].cumsum()
    frame["spend_from"] = frame["spend_to"] - frame.pop("spend")
    return frame


def _levels(units: pd.DataFrame, terms: Terms) -> tuple[Floats, Floats]:
    """Repeat the units once for each contact a customer may get, the first contacts first."""
    n, value = units["n_customers"].to_numpy(dtype=float), units["value"].to_numpy(dtype=float)
    fading = terms.repeat_value ** np.repeat(np.arange(terms.most_contacts), len(units))
    return np.tile(n, terms.most_contacts), np.tile(value, terms.most_contacts) * fading


def _coverage(units: pd.DataFrame, segment: object, terms: Terms) -> float:
    size = units.loc[units["segment"] == segment, "n_customers"].sum()
    return terms.minimum_coverage * float(size)


def _require_coverage(units: pd.DataFrame, terms: Terms) -> None:
    contacts = terms.minimum_coverage * float(units["n_customers"].sum())
    needed = contacts * terms.cost_per_contact
    if needed > terms.budget * (1 + 1e-12):
        raise ModelError(
            f"to contact {terms.minimum_coverage:.0%} of every segment costs {needed:,.2f}, more "
            f"than the budget of {terms.budget:,.2f}"
        )


def _take(room: Floats, amount: float) -> Floats:
    """Fill rooms one after the other until the amount is used up."""
    before = np.concatenate([[0.0], np.cumsum(room)[:-1]]) if len(room) else room
    return np.clip(amount - before, 0.0, room)


def price_plan(
    units: pd.DataFrame, terms: Terms, contacts: Floats, *, shadow_price: float = 0.0
) -> Plan:
    """Work out what contacts cost and are expected to bring."""
    spent = float(contacts.sum()) * terms.cost_per_contact
    profit = value_contacts(units, terms, contacts) - spent
    return Plan(contacts=contacts, profit=profit, spent=spent, shadow_price=max(shadow_price, 0.0))
