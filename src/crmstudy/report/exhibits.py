"""Words of verdicts and links to exhibits: what tables, figures and sentences share."""

from __future__ import annotations

import pandas as pd

from crmstudy.chapters import GATES
from crmstudy.errors import passes_absence

#: The words for what became of a hypothesis, the same in every chapter.
VERDICTS = ("supported", "contradicted", "undecided", "withheld", "not tested")


def link_exhibit(address: str) -> str:
    """Link a chapter and one of its tables, for a reader in the report's folder.

    Parameters
    ----------
    address : str
        ``<chapter>/<name>`` of a recorded table.
    """
    chapter, _, name = address.partition("/")
    gate = GATES[chapter]
    notebook = f"{gate.number:02d}_{chapter}.ipynb"
    return (
        f"[chapter {gate.number:02d}]({notebook}), "
        f"[{name.replace('_', ' ')}](tables/{chapter}/{name}.csv)"
    )


@passes_absence
def link_exhibits(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the addresses in a frame's column ``exhibit`` into links; empty ones stay empty."""
    links = [link_exhibit(a) if isinstance(a, str) and a else "" for a in frame["exhibit"]]
    return frame.assign(exhibit=links)
