"""A questionnaire as study.yml writes it: scale, items, constructs, models, roles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from crmstudy.errors import nearest
from crmstudy.strict_yaml import Name, Strict


def _scale(ends: tuple[float, float]) -> tuple[float, float]:
    if not ends[0] < ends[1]:
        raise ValueError("must give the lowest answer, then the highest")
    return ends


Scale = Annotated[tuple[float, float], AfterValidator(_scale)]


class ConstructSpec(Strict):
    """A latent construct: its label and the survey items that measure it."""

    label: str
    items: list[str] = Field(min_length=1)


class ItemSpec(Strict):
    """One survey item: its wording, and its own scale if it has one."""

    text: str = ""
    scale: Scale | None = None
    reverse: bool = False


class ModelSpec(Strict):
    """One structural model: paths between constructs, and items if they differ."""

    constructs: list[Name] = []
    items: dict[Name, list[str]] = {}
    paths: list[tuple[Name, Name]] = []
    covariances: list[tuple[str, str]] = []
    note: str = ""


class ModeratorSpec(Strict):
    """What may bend the path from satisfaction to loyalty: a construct of its own items.

    ``sign`` is the registered direction of its product with satisfaction.
    """

    label: str
    items: list[str] = Field(min_length=1)
    sign: Literal["+", "-"] = "-"


class FocusSpec(Strict):
    """Which constructs the chapter's questions are about; empty: not asked."""

    expectation: str = ""
    experience: str = ""
    satisfaction: str = ""
    loyalty: str = ""


class Instrument(Strict):
    """The questionnaire: scale, items, constructs, structural models, roles of items."""

    scale: Scale = (1, 10)
    constructs: dict[Name, ConstructSpec] = {}
    items: dict[str, ItemSpec] = {}
    models: dict[Name, ModelSpec] = {}
    roles: dict[Name, str] = {}
    focus: FocusSpec = FocusSpec()
    moderators: dict[Name, ModeratorSpec] = {}
    source: str = ""

    @model_validator(mode="after")
    def _known_names(self) -> Instrument:
        measured = [item for construct in self.constructs.values() for item in construct.items]
        problems = [
            f"item {item!r} stands in two constructs"
            for item in dict.fromkeys(measured)
            if measured.count(item) > 1
        ]
        known = {*measured, *self.items}
        for name, model in self.models.items():
            ends = {end for path in model.paths for end in path}
            named = sorted({*model.constructs, *model.items, *ends})
            items = [item for own in model.items.values() for item in own]
            problems += _unknown(f"model {name!r}", "construct", named, self.constructs)
            problems += _unknown(f"model {name!r}", "item", items, known)
        for role, item in self.roles.items():
            problems += _unknown(f"role {role!r}", "item", [item], known)
        for name, spec in self.moderators.items():
            problems += _unknown(f"moderator {name!r}", "item", spec.items, known)
        for question, construct in self.focus.model_dump().items():
            problems += _unknown(
                f"focus {question!r}", "construct", filter(None, [construct]), self.constructs
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def bounds(self, item: str) -> tuple[float, float]:
        """Return the lowest and highest answer that an item allows."""
        own = self.items.get(item)
        return own.scale if own and own.scale else self.scale

    def item_names(self) -> list[str]:
        """List every item in the order of the constructs, then the others."""
        names = [item for construct in self.constructs.values() for item in construct.items]
        return list(dict.fromkeys([*names, *self.items]))

    def table(self) -> dict[str, dict[str, Any]]:
        """Map each item to construct, text, minimum, maximum and reverse."""
        owner = {i: name for name, spec in self.constructs.items() for i in spec.items}
        rows = {}
        for item in self.item_names():
            spec = self.items.get(item, ItemSpec())
            low, high = self.bounds(item)
            rows[item] = {
                "construct": owner.get(item, ""),
                "text": spec.text,
                "minimum": low,
                "maximum": high,
                "reverse": spec.reverse,
            }
        return rows


def _unknown(who: str, kind: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    known = list(known)
    return [
        f"{who} names an unknown {kind} {name!r}{nearest(name, known)}"
        for name in names
        if name not in known
    ]
