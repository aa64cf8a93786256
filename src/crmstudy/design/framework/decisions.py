"""What a registered hypothesis is about, read from the row of verdicts that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable
from crmstudy.instrument import Instrument
from crmstudy.settings import Hypothesis

#: Nodes of the drawing that are no construct of the questionnaire.
GROUPS, FIFTH, CAMPAIGN = "groups", "fifth", "campaign"
REVENUE, PURCHASES = "revenue", "purchases"
OTHER_LABELS = {
    GROUPS: "Group of customers",
    FIFTH: "Largest fifth of customers",
    CAMPAIGN: "Campaign",
    REVENUE: "Revenue",
    PURCHASES: "Purchases after",
}
SURVEY = ("survey",)


@dataclass(frozen=True)
class Decision:
    """What decides a hypothesis.

    Attributes
    ----------
    kind : str
        ``path, indirect, total, moderation, gap, curvature, defectors, repurchase, groups,
        concentration, campaign`` or ``unknown``.
    source, target : str
        Names of constructs or of other nodes; of a moderation the moderator and the
        construct whose path it bends.
    statistic : str
        What is estimated, in words.
    tables : tuple of str
        Tables of one data set that the deciding chapter needs.
    lacking : str
        What study.yml does not define; empty when all is there.
    through : str
        A word beside the sign in the drawing.
    """

    kind: str
    source: str
    target: str
    statistic: str
    tables: tuple[str, ...]
    lacking: str = ""
    through: str = ""


_FIXED = {
    "group_difference": Decision(
        "groups",
        GROUPS,
        REVENUE,
        "largest difference of two group means, adjusted for all pairs",
        ("transactions", "customers"),
    ),
    "concentration": Decision(
        "concentration",
        FIFTH,
        REVENUE,
        "revenue share of the largest fifth, less one half",
        ("transactions",),
    ),
    "campaign_effect": Decision(
        "campaign",
        CAMPAIGN,
        REVENUE,
        "difference in differences, treated and others",
        ("transactions", "campaigns"),
    ),
}


def read_decision(entry: Hypothesis, instrument: Instrument) -> Decision:
    """Read what a hypothesis is about; of kind ``unknown`` where nothing gives it.

    Parameters
    ----------
    entry : Hypothesis
    instrument : Instrument
        Its focus names satisfaction and loyalty, its constructs the ends of paths.
    """
    if entry.decided_by in _FIXED:
        return _FIXED[entry.decided_by]
    return _read_focus(entry.decided_by, instrument) or _read_path(entry.decided_by, instrument)


def _read_focus(name: str, instrument: Instrument) -> Decision | None:
    """Read what is about satisfaction and loyalty, whatever these are called."""
    focus = instrument.focus
    satisfaction, loyalty = focus.satisfaction or "satisfaction", focus.loyalty or "loyalty"
    expectation = focus.expectation or "expectation"
    known: Mapping[str, Decision] = {
        "gap_expectation": Decision(
            "gap",
            expectation,
            satisfaction,
            "slope of satisfaction on expectation at the same experience",
            SURVEY,
            through="same experience",
        ),
        "satisfaction_curvature": Decision(
            "curvature",
            satisfaction,
            loyalty,
            "coefficient of squared satisfaction",
            SURVEY,
            through="rising",
        ),
        "satisfied_defectors": Decision(
            "defectors",
            satisfaction,
            loyalty,
            "share not loyal among the satisfied, less one in twenty",
            SURVEY,
            through="defectors",
        ),
        "satisfaction_repurchase": Decision(
            "repurchase",
            satisfaction,
            PURCHASES,
            "slope of purchases on satisfaction, earlier purchases held equal",
            ("survey", "transactions"),
        ),
    }
    if name in known:
        one = known[name]
        ends = [end for end in (one.source, one.target) if end != PURCHASES]
        return replace(one, lacking=_name_lacking(ends, instrument))
    if name.startswith("moderation_"):
        moderator = name.removeprefix("moderation_")
        lacking = "" if moderator in instrument.moderators else f"the moderator {moderator}"
        return Decision(
            "moderation",
            moderator,
            loyalty,
            "coefficient of the product of satisfaction and moderator",
            SURVEY,
            lacking=lacking or _name_lacking([satisfaction, loyalty], instrument),
        )
    return None


def _read_path(name: str, instrument: Instrument) -> Decision:
    kinds = {"indirect": "indirect", "total": "total"}
    kind = next((each for each in kinds if name.startswith(f"{each}_")), "path")
    rest = name.removeprefix(f"{kind}_") if kind != "path" else name
    ends = _split(rest, instrument)
    if ends is None:
        return Decision("unknown", "", "", "none known", SURVEY, lacking=f"a result named {name}")
    words = {"path": "standardised path"}.get(kind, f"standardised {kind} effect")
    return Decision(kind, *ends, words, SURVEY, through=kinds.get(kind, ""))


def _split(name: str, instrument: Instrument) -> tuple[str, str] | None:
    """Part ``source_target`` where both are constructs; names may hold underscores."""
    words = name.split("_")
    for k in range(1, len(words)):
        source, target = "_".join(words[:k]), "_".join(words[k:])
        if source in instrument.constructs and target in instrument.constructs:
            return source, target
    return None


def _name_lacking(names: list[str], instrument: Instrument) -> str:
    absent = [name for name in names if name not in instrument.constructs]
    return f"the construct {absent[0]}" if absent else ""


def label_node(name: str, instrument: Instrument) -> str:
    """Name a construct, a moderator or another node in print."""
    if name in OTHER_LABELS and name not in instrument.constructs:
        return OTHER_LABELS[name]
    spec = instrument.constructs.get(name) or instrument.moderators.get(name)
    return spec.label if spec else name.replace("_", " ")


def view_chapter(data: StudyData, chapter: str) -> StudyData:
    """Look at the data as the deciding chapter will: with its own data set, if one is named."""
    named = data.settings.chapters.get(chapter, {}).get("DATASET", "")
    return data.of(data.preferred or str(named))


def find_dataset(entry: Hypothesis, decision: Decision, data: StudyData) -> str | NotAvailable:
    """Find the data set that will decide a hypothesis, or say what the study lacks.

    Availability is a matter of tables and settings; no answer and no purchase is looked at.
    """
    if decision.lacking:
        return NotAvailable(f"study.yml does not define {decision.lacking}")
    view, sources = view_chapter(data, entry.chapter), data.study.table_sources()
    first = decision.tables[0]
    dataset = view.dataset(first)
    if not dataset:
        return NotAvailable(f"the study has no table {first}")
    for table in decision.tables[1:]:
        if (dataset, table) not in sources:
            return NotAvailable(f"{dataset} has no table {table}")
    return dataset
