"""The framework of a study as what is drawn: nodes, arrows, chapters."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from crmstudy.chapters import GATES
from crmstudy.collection.study import StudyData
from crmstudy.design.framework.decisions import (
    OTHER_LABELS,
    PURCHASES,
    REVENUE,
    label_node,
)
from crmstudy.design.framework.register import Entry, Register
from crmstudy.design.framework.theories import THEORIES, Theory, find_concept
from crmstudy.errors import passes_absence

#: Chapters that estimate something, as they follow each other.
DECIDING = tuple(gate.chapter for gate in GATES.values() if 2 <= gate.number <= 7)
#: Theory of each node that is no construct.
OTHER_THEORIES = {"groups": "a", "fifth": "a", REVENUE: "a", "campaign": "d", PURCHASES: "c"}


@dataclass(frozen=True)
class Node:
    """What a hypothesis speaks of.

    Attributes
    ----------
    name, label : str
        In study.yml, and in print.
    band : {"attitudes", "moderators", "behaviour"}
    theory : str
        Letter of its theory; empty where none is known.
    layer : int
        Steps from what nothing acts on, within its band.
    """

    name: str
    label: str
    band: str
    theory: str
    layer: int


@dataclass(frozen=True)
class Arrow:
    """Hypotheses about the same pair; of a moderator the target is a path's two ends."""

    source: str
    target: str
    entries: tuple[Entry, ...]
    onto: tuple[str, str] | None = None

    @property
    def available(self) -> bool:
        """Whether the study has data for any of them."""
        return any(entry.available for entry in self.entries)

    @property
    def sign(self) -> str:
        """Expected sign in common, or empty where they differ."""
        signs = {entry.hypothesis.expected_sign for entry in self.entries}
        return signs.pop() if len(signs) == 1 else ""

    def lines(self) -> tuple[str, ...]:
        """One line a hypothesis: id, sign, what else there is to say."""
        return tuple(_write(entry) for entry in self.entries)


@dataclass(frozen=True)
class Framework:
    """A study's framework.

    Attributes
    ----------
    theories : tuple of Theory
    nodes : tuple of Node
    arrows : tuple of Arrow
    chapters : dict of str to tuple of str
        Deciding chapters with the ids of the hypotheses that each decides.
    undrawn : tuple of str
        Hypotheses that nothing known decides.
    """

    theories: tuple[Theory, ...]
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    chapters: dict[str, tuple[str, ...]]
    undrawn: tuple[str, ...]

    def of(self, band: str) -> tuple[Node, ...]:
        """Nodes of one band."""
        return tuple(node for node in self.nodes if node.band == band)

    def table(self) -> pd.DataFrame:
        """One row an arrow: ``from, to, hypotheses, expected sign, data here``."""
        label = {node.name: node.label for node in self.nodes}
        rows = [
            (
                label[arrow.source],
                " → ".join(label[end] for end in arrow.onto or (arrow.target,)),
                ", ".join(entry.hypothesis.id for entry in arrow.entries),
                arrow.sign.replace("-", "−") or "differs",
                "yes" if arrow.available else "no",
            )
            for arrow in self.arrows
        ]
        return pd.DataFrame(
            rows, columns=["from", "to", "hypotheses", "expected sign", "data here"]
        )


@passes_absence
def build_framework(register: Register, data: StudyData) -> Framework:
    """Build the framework that a study's register and instrument span.

    Constructs of the instrument's focus are part of it whether or not a hypothesis is
    about them.
    """
    instrument = data.settings.instrument
    entries = [entry for entry in register.entries if entry.decision.kind != "unknown"]
    focus = instrument.focus
    path = (focus.satisfaction or "satisfaction", focus.loyalty or "loyalty")
    arrows = _draw_arrows(entries, path)
    names = dict.fromkeys(name for name in focus.model_dump().values() if name)
    for arrow in arrows:
        names |= dict.fromkeys((arrow.source, *(arrow.onto or (arrow.target,))))
    moderators = {_moderator(arrow.source) for arrow in arrows if arrow.onto}
    layers = _layer([a for a in arrows if not a.onto])
    nodes = []
    for name in names:
        plain = name.removeprefix("moderator:")
        concept = find_concept(plain, focus)
        theory = OTHER_THEORIES.get(plain, concept.theory if concept else "")
        band = _band(name, moderators)
        label = label_node(plain, instrument)
        if band == "moderators" and plain in instrument.moderators:
            label = instrument.moderators[plain].label
        nodes.append(Node(name, label, band, theory, layers.get(name, 0)))
    drawn = {entry.hypothesis.chapter for entry in register.entries}
    chapters = {
        chapter: tuple(
            entry.hypothesis.id for entry in register.entries if entry.hypothesis.chapter == chapter
        )
        for chapter in (*DECIDING, *sorted(drawn - {*DECIDING}))
    }
    undrawn = tuple(e.hypothesis.id for e in register.entries if e.decision.kind == "unknown")
    return Framework(THEORIES, tuple(nodes), arrows, chapters, undrawn)


def _draw_arrows(entries: list[Entry], path: tuple[str, str]) -> tuple[Arrow, ...]:
    """Gather hypotheses about the same pair; an effect through others has its own arrow."""
    pairs: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        decision = entry.decision
        kind = decision.kind if decision.kind in ("moderation", "indirect", "total") else "path"
        source = _moderator(decision.source) if kind == "moderation" else decision.source
        pairs[source, decision.target, kind].append(entry)
    return tuple(
        Arrow(source, target, tuple(own), path if kind == "moderation" else None)
        for (source, target, kind), own in pairs.items()
    )


def _moderator(name: str) -> str:
    """Keep a moderator apart from a construct of the same name."""
    return name if name.startswith("moderator:") else f"moderator:{name}"


def _band(name: str, moderators: set[str]) -> str:
    if name in moderators:
        return "moderators"
    return "behaviour" if name in OTHER_LABELS and name != PURCHASES else "attitudes"


def _layer(arrows: list[Arrow]) -> dict[str, int]:
    """Count the longest way to each node; what closes a circle is not followed."""
    layers: dict[str, int] = defaultdict(int)
    names = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    for _ in range(len(names)):
        for arrow in arrows:
            wanted = layers[arrow.source] + 1
            if wanted > layers[arrow.target] and wanted < len(names):
                layers[arrow.target] = wanted
    return dict(layers)


def _write(entry: Entry) -> str:
    decision = entry.decision
    more = f" {decision.through}" if decision.through else ""
    absent = "" if entry.available else " (no data)"
    return f"{entry.hypothesis.id} {entry.sign}{more}{absent}"


def join_ids(ids: tuple[str, ...]) -> str:
    """Write ``H3, H4, H5, H9`` as ``H3–H5, H9``."""
    runs: list[list[str]] = []
    for name in ids:
        follows = runs and name[1:].isdigit() and runs[-1][-1][1:].isdigit()
        if follows and int(name[1:]) == int(runs[-1][-1][1:]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs]
    return ", ".join(parts)
