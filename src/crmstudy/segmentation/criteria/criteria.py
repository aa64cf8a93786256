"""Criteria of segmentation in five blocks, and what each customer base can offer of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.collection.features.mix import ProductMix
from crmstudy.errors import DataError, NotAvailable, SettingsError, nearest
from crmstudy.instrument import Instrument
from crmstudy.segmentation.criteria.admission import Rules, admit_variables
from crmstudy.segmentation.criteria.candidates import Candidate
from crmstudy.segmentation.criteria.levels import Levels, learn_levels
from crmstudy.segmentation.criteria.offers import (
    Absence,
    distinguish_names,
    drop_unwanted,
    gather_offers,
)
from crmstudy.segmentation.criteria.space import Space, build_space

BLOCKS = ("demographic", "geographic", "behavioural", "needs", "value")


@dataclass(frozen=True)
class Criteria:
    """What customers may be segmented by.

    Parameters
    ----------
    frame : DataFrame of shape (n_customers, n_variables)
        Every variable, in the order of the customers given: numbers as floats, categories
        as text (rare levels gathered); missing where not known. A variable that stands in
        two blocks stands here once.
    variables : DataFrame
        One row a variable and block: ``variable``, ``block``, ``kind`` (number, part,
        category, day), ``unit``, ``source``, ``definition``, ``n_block`` (customers of whom
        anything in the block is known), ``n_known``, ``known_share`` (of these),
        ``n_levels``, ``mean``, ``left_out`` (why it is not used; empty if it is).
    absent : dict of str to str
        Why a source has nothing to offer, by source.
    levels : dict of str to Levels
        Which level each value of a category belongs to.
    rules : Rules
        What a variable must fulfil.
    """

    frame: pd.DataFrame
    variables: pd.DataFrame
    absent: dict[str, str]
    levels: dict[str, Levels]
    rules: Rules = field(default_factory=Rules)

    def block(self, name: str, *, sources: Sequence[str] = ()) -> pd.DataFrame | NotAvailable:
        """Give the usable variables of one block, for the customers it knows anything of.

        Parameters
        ----------
        name : str
            One of the five blocks.
        sources : sequence of str
            Canonical tables that variables may come from, as ``("survey",)``; empty for
            all. The rules are then applied to what these sources know.

        Raises
        ------
        SettingsError
            If there is no such block or source.
        """
        _check_name(name, BLOCKS, "block of criteria")
        known_sources = {*OFFERS, *self.variables["source"]}
        for source in sources:
            _check_name(source, sorted(known_sources), "source")
        listed = self._select(name, sources)
        used = listed.loc[listed["left_out"] == "", "variable"].tolist()
        if not used:
            return NotAvailable(self._explain(name, listed, sources))
        known = self.frame[listed["variable"].tolist()].notna().any(axis=1)
        return self.frame.loc[known, used]

    def space(
        self, name: str, *, sources: Sequence[str] = (), **settings: Any
    ) -> Space | NotAvailable:
        """Make one block comparable: see :func:`.build_space`."""
        frame = self.block(name, sources=sources)
        if isinstance(frame, NotAvailable):
            return frame
        listed = self.variables[self.variables["block"] == name].set_index("variable")
        used = listed.loc[list(frame)]
        parts = used.index[used["kind"] == "part"].tolist()
        shares = used.index[(used["unit"] == "share") & (used["kind"] == "number")].tolist()
        return build_space(frame, name=name, parts=parts, shares=shares, **settings)

    def table(self) -> pd.DataFrame:
        """Arrange the variables for a reader."""
        named = {
            "definition": "what it says",
            "known_share": "share known",
            "n_known": "customers known",
            "n_levels": "levels",
            "left_out": "left out because",
        }
        table = self.variables.drop(columns="n_block").rename(columns=named)
        return table.assign(levels=table["levels"].astype("Int64"))

    def summary(self) -> pd.DataFrame:
        """Count, block by block, variables and customers, and say what is missing."""
        rows = []
        for name in BLOCKS:
            listed = self._select(name, ())
            used = listed[listed["left_out"] == ""]
            frame = self.block(name)
            n_customers = 0 if isinstance(frame, NotAvailable) else len(frame)
            rows.append(
                {
                    "block": name,
                    "variables": len(used),
                    "categories among them": int((used["kind"] == "category").sum()),
                    "variables left out": len(listed) - len(used),
                    "customers": n_customers,
                    "share of customers": n_customers / max(len(self.frame), 1),
                    "missing": self._missing(name)
                    if isinstance(frame, pd.DataFrame)
                    else frame.reason,
                }
            )
        return pd.DataFrame(rows)

    def gathered(self) -> pd.DataFrame:
        """List the levels of used variables that hold several values, or one renamed."""
        used = set(self.variables.loc[self.variables["left_out"] == "", "variable"])
        rows = [
            {
                "variable": name,
                "level": level,
                "values gathered": len(values),
                "values": ", ".join(values),
            }
            for name, levels in self.levels.items()
            for level, values in levels.gathered.items()
            if name in used
        ]
        return pd.DataFrame(rows, columns=["variable", "level", "values gathered", "values"])

    def to_metrics(self) -> dict[str, float]:
        """Count the variables used and left out, and the customers known, block by block."""
        metrics: dict[str, float] = {"n_customers": len(self.frame)}
        for _, row in self.summary().iterrows():
            metrics[f"n_variables_{row['block']}"] = int(row["variables"])
            metrics[f"n_left_out_{row['block']}"] = int(row["variables left out"])
            metrics[f"n_customers_{row['block']}"] = int(row["customers"])
        return metrics

    def _select(self, name: str, sources: Sequence[str]) -> pd.DataFrame:
        listed = self.variables[self.variables["block"] == name]
        if not sources:
            return listed
        chosen = listed[listed["source"].isin(list(sources))]
        return admit_variables(self.frame, chosen, rules=self.rules)

    def _missing(self, name: str) -> str:
        found = set(self.variables.loc[self.variables["block"] == name, "source"])
        return "; ".join(
            reason
            for source, reason in self.absent.items()
            if name in OFFERS[source] and source not in found
        )

    def _explain(self, name: str, listed: pd.DataFrame, sources: Sequence[str]) -> str:
        reasons = [
            f"{str(row.variable).replace('_', ' ')} ({row.left_out})" for row in listed.itertuples()
        ]
        absent = [
            reason
            for source, reason in self.absent.items()
            if name in OFFERS[source] and (not sources or source in sources)
        ]
        why = "; ".join([*absent, *reasons]) or "no table offers a variable"
        return f"no {name} criteria: {why}"


def _check_name(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        raise SettingsError(f"no {what} {name!r}{nearest(name, known)}; known: {', '.join(known)}")


#: The blocks that a source has something to offer for.
OFFERS = {
    "customers": ("demographic", "geographic"),
    "transactions": ("geographic", "behavioural", "needs", "value"),
    "products": ("needs",),
    "survey": ("needs",),
    "handed in": ("value",),
}


def collect_criteria(
    features: pd.DataFrame | NotAvailable,
    *,
    customers: pd.DataFrame | Absence = None,
    mix: ProductMix | Absence = None,
    survey: pd.DataFrame | Absence = None,
    instrument: Instrument | None = None,
    value: pd.DataFrame | pd.Series | Absence = None,
    geographic: Sequence[str] | None = None,
    leave_out: Sequence[str] = (),
    rules: Rules | None = None,
    like: Criteria | None = None,
) -> Criteria | NotAvailable:
    """Collect what customers may be segmented by, and judge each variable.

    Parameters
    ----------
    features : DataFrame indexed by customer_id
        Features of the customers, as ``StudyData.features`` gives them.
    customers : DataFrame or NotAvailable, optional
        Canonical customers: attributes of persons and places.
    mix : ProductMix or NotAvailable, optional
        What the customers' money was spent on.
    survey : DataFrame or NotAvailable, optional
        Canonical survey, with ``instrument``: the means of its constructs are needs.
    value : DataFrame, Series or NotAvailable, optional
        Further values of each customer, in money, indexed by customer_id.
    geographic : sequence of str, optional
        Columns of customers that are places; None tells them by their names.
    leave_out : sequence of str
        Variables that are not wanted, in any block.
    rules : Rules, optional
        What a variable must fulfil.
    like : Criteria, optional
        Take the same variables, with the same levels, as these criteria of other
        customers or of another period.

    Returns
    -------
    Criteria
        Customers in the order given.

    Raises
    ------
    DataError
        If a customer stands twice, a number is infinite, or ``like`` has a variable that
        cannot be had here.
    SettingsError
        If ``geographic`` or ``leave_out`` names what is not there.
    """
    if isinstance(features, NotAvailable):
        return features
    if features.index.has_duplicates:
        twice = features.index[features.index.duplicated()][0]
        raise DataError(f"features hold customer {twice!r} twice; one row a customer is needed")
    offers, absent = gather_offers(features, customers, mix, survey, instrument, value, geographic)
    offers = drop_unwanted(distinguish_names(offers), leave_out)
    rules = like.rules if like else rules or Rules()
    levels = {
        one.name: like.levels[one.name]
        if like and one.name in like.levels
        else learn_levels(one.values, name=one.name, rare=rules.rare)
        for one in offers
        if one.kind == "category"
    }
    frame = pd.DataFrame({one.name: _prepare(one, levels) for one in offers}, index=features.index)
    listed = pd.DataFrame([_describe(one) for one in offers], columns=DESCRIBED)
    if like:
        return _follow(like, frame, absent)
    judged = [
        admit_variables(frame, listed[listed["block"] == name], rules=rules) for name in BLOCKS
    ]
    variables = pd.concat(judged, ignore_index=True)
    return Criteria(frame, variables, absent, levels, rules)


DESCRIBED = ["variable", "block", "kind", "unit", "source", "definition"]


def _describe(one: Candidate) -> tuple[str, ...]:
    return (one.name, one.block, one.kind, one.unit, one.source, one.definition)


def _prepare(one: Candidate, levels: dict[str, Levels]) -> pd.Series:
    if one.kind == "category":
        return levels[one.name].apply(one.values)
    if one.kind == "day":
        return one.values
    values = one.values.astype("float64")
    if np.isinf(values).any():
        raise DataError(f"{one.name} holds an infinite value")
    return values


def _follow(like: Criteria, frame: pd.DataFrame, absent: dict[str, str]) -> Criteria:
    """Give other customers the variables of these criteria; a share of a new level is 0."""
    used = like.variables[like.variables["left_out"] == ""]
    parts = used.loc[used["kind"] == "part", "variable"]
    here = frame.columns[frame.columns.str.startswith("share_")]
    for name in parts if len(here) else ():
        if name not in frame:
            frame = frame.assign(**{name: 0.0})
    if lacking := [name for name in used["variable"] if name not in frame]:
        why = "; ".join(absent.values())
        raise DataError(
            f"these customers lack {', '.join(lacking)}, which the criteria to follow have"
            + (f": {why}" if why else "")
        )
    return replace(like, frame=frame, absent=absent)
