"""A questionnaire as study.yml writes it: scale, items, constructs, models, roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
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

    label: str = Field(min_length=1)
    items: list[str] = Field(min_length=1)


class ItemSpec(Strict):
    """One survey item: its wording, and its own scale and missing codes if it has some."""

    text: str = ""
    scale: Scale | None = None
    reverse: bool = False
    missing: list[float] = []


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
    """The questionnaire: scale, items, constructs, structural models, roles of items.

    ``missing`` holds the codes that mean no answer, in every item; an item may have
    further ones of its own.
    """

    scale: Scale = (1, 10)
    missing: list[float] = []
    constructs: dict[Name, ConstructSpec] = {}
    items: dict[str, ItemSpec] = {}
    models: dict[Name, ModelSpec] = {}
    roles: dict[Name, str] = {}
    focus: FocusSpec = FocusSpec()
    moderators: dict[Name, ModeratorSpec] = {}
    source: str = ""

    @model_validator(mode="after")
    def _known_names(self) -> Instrument:
        problems = [
            *self._check_constructs(),
            *(text for name in self.models for text in self._check_model(name)),
            *self._check_roles(),
            *self._check_moderators(),
            *self._check_codes(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _check_constructs(self) -> Iterator[str]:
        yield from _used_twice({name: spec.items for name, spec in self.constructs.items()})
        labels = [construct.label for construct in self.constructs.values()]
        for label in _repeated(labels):
            yield f"two constructs have the label {label!r}"

    def _check_model(self, name: str) -> Iterator[str]:
        model, who = self.models[name], f"model {name!r}"
        ends = {end for path in model.paths for end in path}
        named = sorted({*model.constructs, *model.items, *ends})
        items = [item for own in model.items.values() for item in own]
        unknown = _unknown(who, "construct", named, self.constructs)
        unknown += _unknown(who, "item", items, self.item_names())
        pairs = [end for pair in model.covariances for end in pair]
        known = [*self.item_names(), *self.constructs]
        unknown += _unknown(who, "item or construct", pairs, known)
        yield from unknown
        if unknown:
            return
        for construct in _repeated(model.constructs):
            yield f"{who} lists the construct {construct!r} twice"
        for source, target in dict.fromkeys(p for p in model.paths if model.paths.count(p) > 1):
            yield f"{who} lists the path {source} -> {target} twice; list it once"
        chosen = model.constructs or [*self.constructs]
        for construct in sorted({*model.items, *ends} - {*chosen}):
            yield f"{who} speaks of the construct {construct!r}, which it does not list"
        measured = {each: model.items.get(each) or self.constructs[each].items for each in chosen}
        if model.items:
            yield from (f"{who}: {problem}" for problem in _used_twice(measured))
        yield from (f"{who}: {problem}" for problem in _cycle(model.paths))

    def _check_roles(self) -> Iterator[str]:
        for role, item in self.roles.items():
            yield from _unknown(f"role {role!r}", "item", [item], self.item_names())
        for question, construct in self.focus.model_dump().items():
            named = [construct] if construct else []
            yield from _unknown(f"focus {question!r}", "construct", named, self.constructs)

    def _check_moderators(self) -> Iterator[str]:
        moderated = {
            item: construct
            for construct in (self.focus.satisfaction, self.focus.loyalty)
            if construct in self.constructs
            for item in self.constructs[construct].items
        }
        for name, spec in self.moderators.items():
            who = f"moderator {name!r}"
            yield from _unknown(who, "item", spec.items, self.item_names())
            for item in _repeated(spec.items):
                yield f"{who} uses item {item!r} twice"
            for item in filter(moderated.get, spec.items):
                yield f"{who} uses item {item!r} of {moderated[item]!r}, which it would moderate"

    def _check_codes(self) -> Iterator[str]:
        on_scale: dict[float, list[str]] = {}
        for item in self.item_names():
            low, high = self.bounds(item)
            for code in self.codes(item):
                if low <= code <= high:
                    on_scale.setdefault(code, []).append(item)
        for code, (item, *others) in on_scale.items():
            said = f"missing code {code:g} of item {item!r} is on its scale"
            yield f"{said}, and on that of {len(others)} more" if others else said

    def bounds(self, item: str) -> tuple[float, float]:
        """Return the lowest and highest answer that an item allows."""
        own = self.items.get(item)
        return own.scale if own and own.scale else self.scale

    def codes(self, item: str) -> tuple[float, ...]:
        """Return the codes that mean no answer to an item."""
        own = self.items.get(item, ItemSpec()).missing
        return tuple(dict.fromkeys([*self.missing, *own]))

    def item_names(self) -> list[str]:
        """List every item in the order of the constructs, then the others."""
        names = [item for construct in self.constructs.values() for item in construct.items]
        return list(dict.fromkeys([*names, *self.items]))

    def table(self) -> dict[str, dict[str, Any]]:
        """Map each item to what is known of it.

        Its ``construct`` with its ``label``, ``text``, ``minimum``, ``maximum``,
        ``reverse``, its ``roles``, and the codes that mean ``missing``.
        """
        owner = {i: name for name, spec in self.constructs.items() for i in spec.items}
        rows: dict[str, dict[str, Any]] = {}
        for item in self.item_names():
            spec = self.items.get(item, ItemSpec())
            low, high = self.bounds(item)
            rows[item] = {
                "construct": owner.get(item, ""),
                "label": self.constructs[owner[item]].label if item in owner else "",
                "text": spec.text,
                "minimum": low,
                "maximum": high,
                "reverse": spec.reverse,
                "roles": tuple(role for role, asked in self.roles.items() if asked == item),
                "missing": self.codes(item),
            }
        return rows


def _used_twice(measured: dict[str, list[str]]) -> Iterator[str]:
    items = [item for own in measured.values() for item in own]
    for item in _repeated(items):
        owners = [name for name, own in measured.items() if item in own]
        if owners[1:]:
            both = " and ".join(repr(name) for name in owners)
            yield f"item {item!r} stands in two constructs ({both}); keep it in one"
        else:
            yield f"item {item!r} stands twice in {owners[0]!r}; name it once"


def _repeated(words: Sequence[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if words.count(word) > 1]


def _cycle(paths: Sequence[tuple[str, str]]) -> Iterator[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for source, target in paths:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except CycleError as error:
        yield f"the paths form a cycle: {' -> '.join(error.args[1])}"


def _unknown(who: str, kind: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    known = list(known)
    return [
        f"{who} names an unknown {kind} {name!r}{nearest(name, known)}"
        for name in names
        if name not in known
    ]
