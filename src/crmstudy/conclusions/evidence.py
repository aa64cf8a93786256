"""What the chapters recorded, as the rules of this chapter read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable

#: What a sentence says of data that were simulated.
SIMULATED = "simulated data, no real customers"


@dataclass(frozen=True)
class Evidence:
    """Recorded tables and numbers, and what must be said beside them.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Recorded tables by ``<chapter>/<name>``.
    numbers : mapping of str to mapping
        Recorded numbers by address, with ``value`` and, where there is none, ``reason``.
    caveats : mapping of str to str
        By data set: that its data are simulated, or what study.yml notes of them; a data
        set of which nothing must be said has an empty text.
    currency : str
        Unit of the amounts of money.
    """

    tables: Mapping[str, pd.DataFrame]
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    caveats: Mapping[str, str] = field(default_factory=dict)
    currency: str = "money"

    def table(self, address: str) -> pd.DataFrame | NotAvailable:
        """Give a recorded table; not available where its chapter recorded none."""
        if address in self.tables:
            return self.tables[address]
        chapter, _, name = address.partition("/")
        return NotAvailable(
            f"chapter {chapter.replace('_', ' ')} recorded no table {name.replace('_', ' ')}"
        )

    def failures(self, *addresses: str) -> tuple[str, ...]:
        """Name the checks of recorded tables that do not hold."""
        found = [self.table(address) for address in addresses]
        return tuple(
            str(name)
            for table in found
            if not isinstance(table, NotAvailable)
            for name in table.loc[table["holds"] == "no", "assumption"]
        )

    def caveat(self, chapter: str, model: str = "") -> str:
        """Say what must be said of the data behind models; nothing where nothing must be.

        The data set is the second part of the addresses of the model's numbers; of a
        chapter whose model recorded none, all data sets of the chapter count.
        """
        sets = self._find_sets(chapter, model)
        # Names that are no data set (of judgements, of a group of tables) may be any of them.
        known = sets & set(self.caveats) if sets <= set(self.caveats) else set(self.caveats)
        told = [self.caveats[name] for name in sorted(known) if self.caveats[name]]
        return "; ".join(dict.fromkeys(told))

    def name_data(self, chapter: str, model: str = "") -> str:
        """Name the data sets behind models, where the study has several and they are known."""
        known = self._find_sets(chapter, model) & set(self.caveats)
        return " and ".join(sorted(known)) if len(self.caveats) > 1 else ""

    def _find_sets(self, chapter: str, model: str) -> set[str]:
        parts = [address.split(".") for address in self.numbers]
        own = [part for part in parts if part[0] == chapter]
        exact = [part for part in own if part[2] in model.split()]
        return {part[1] for part in exact or own}


def collect_caveats(data: StudyData) -> dict[str, str]:
    """Collect by data set what a reader must know of its data, from study.yml.

    Returns
    -------
    dict of str to str
        For each data set that holds simulated tables, that it does; for one with notes,
        these; empty for a data set of which nothing must be said.
    """
    told: dict[str, list[str]] = {}
    for (dataset, _), source in data.study.table_sources().items():
        said = SIMULATED if source.simulated is not None else source.note.strip().rstrip(".")
        told.setdefault(dataset, []).append(said)
    return {name: "; ".join(dict.fromkeys(filter(None, said))) for name, said in told.items()}
