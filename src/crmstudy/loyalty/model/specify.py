"""What is assumed: constructs with their items, and paths between them.

A model is a value. It is checked when it is made, so that an estimator receives
only models that can be written down; :func:`write_semopy` turns it into the
syntax of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from typing import Any

from crmstudy.errors import ModelError, nearest

# Letters of any script, digits and underscores. semopy cuts a name at anything
# else without a word: it reads the item "Q-1" as "Q".
_NAME = re.compile(r"[^\W\d_]\w*")


@dataclass(frozen=True)
class Construct:
    """A latent variable and the items that measure it.

    Parameters
    ----------
    name : str
        Letters, digits and underscores, beginning with a letter.
    items : sequence of str
        Columns of the survey. The first is the marker: its loading is fixed at 1 and
        gives the construct its unit. A single item is taken as measured without error.
    label : str
        How the construct is called in print.
    """

    name: str
    items: Sequence[str]
    label: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.items, str) or not self.items:
            raise ModelError(f"construct {self.name!r} needs a list of items, found {self.items!r}")
        object.__setattr__(self, "items", tuple(self.items))
        for word in (self.name, *self.items):
            _check_name(word)


@dataclass(frozen=True)
class Path:
    """A directed effect of one construct on another, e.g. a hypothesis ``H1``."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class StructuralModel:
    """Constructs, the paths between them, and what else may covary.

    Parameters
    ----------
    constructs : tuple of Construct
        No item may be used twice.
    paths : tuple of Path
        Without cycles (a recursive model). Empty for a confirmatory factor analysis.
    name : str
        How the model is called, e.g. ``"admissible"``.
    covariances : tuple of pairs of str
        Residual covariances of two items, or of the disturbances of two constructs.
        Constructs without incoming paths covary anyway. Nothing else is freed: unlike
        ``lavaan::sem``, two final outcomes covary only when they are listed here.

    Raises
    ------
    ModelError
        If a name is unknown, used twice or unfit for the engine, or paths form a cycle.
    """

    constructs: tuple[Construct, ...]
    paths: tuple[Path, ...]
    name: str = ""
    covariances: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.constructs:
            raise ModelError(f"model {self.name!r} has no constructs")
        _refuse_twice((c.name.lower() for c in self.constructs), "construct")
        _refuse_twice(self.items, "item")
        for item in set(self.items) & set(self.construct_names):
            raise ModelError(f"{item!r} is both an item and a construct")
        self._check_paths()
        self._check_covariances()

    @cached_property
    def construct_names(self) -> tuple[str, ...]:
        """Names of the constructs, in the order given."""
        return tuple(construct.name for construct in self.constructs)

    @cached_property
    def items(self) -> tuple[str, ...]:
        """All items, in the order of their constructs."""
        return tuple(item for construct in self.constructs for item in construct.items)

    @cached_property
    def endogenous(self) -> tuple[str, ...]:
        """Constructs that some path explains."""
        targets = {path.target for path in self.paths}
        return tuple(name for name in self.construct_names if name in targets)

    @cached_property
    def free_covariances(self) -> tuple[tuple[str, str], ...]:
        """Pairs that covary: constructs without incoming paths, then those listed."""
        exogenous = [name for name in self.construct_names if name not in self.endogenous]
        return (*combinations(exogenous, 2), *self.covariances)

    def _check_paths(self) -> None:
        for path in self.paths:
            for end in (path.source, path.target):
                if end not in self.construct_names:
                    hint = nearest(end, self.construct_names)
                    raise ModelError(f"path {_arrow(path)} names no construct {end!r}{hint}")
        _refuse_twice((_arrow(path) for path in self.paths), "path")
        graph: dict[str, set[str]] = {name: set() for name in self.construct_names}
        for path in self.paths:
            graph[path.target].add(path.source)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            raise ModelError(f"the paths form a cycle: {' -> '.join(error.args[1])}") from None

    def _check_covariances(self) -> None:
        known = (*self.items, *self.construct_names)
        for pair in self.covariances:
            if len(set(pair)) != 2:
                raise ModelError(f"a covariance joins two different names, found {pair!r}")
            for end in pair:
                if end not in known:
                    raise ModelError(f"covariance {pair!r} names no {end!r}{nearest(end, known)}")
            if len({end in self.items for end in pair}) != 1:
                raise ModelError(f"covariance {pair!r} joins an item and a construct")
            for construct in self.constructs:
                if construct.items in ((pair[0],), (pair[1],)):
                    raise ModelError(
                        f"covariance {pair!r}: {construct.items[0]} is the only item of "
                        f"{construct.name} and has no residual to covary"
                    )
        _refuse_twice((" ~~ ".join(sorted(pair)) for pair in self.free_covariances), "covariance")


def build_model(
    constructs: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Mapping[str, Any]],
    name: str,
) -> StructuralModel:
    """Build one model from plain mappings, as study.yml holds them.

    Parameters
    ----------
    constructs : mapping
        ``{"quality": {"label": "Perceived quality", "items": ["PERQ1", ...]}, ...}``
    models : mapping
        ``{"admissible": {"constructs": ["quality", ...], "items": {"loyalty": ["CUSL1",
        "CUSL3"]}, "paths": [["quality", "value"], ["value", "loyalty", "H2"], ...],
        "covariances": [["PERQ1", "PERQ2"]]}}``; ``constructs`` (default: all),
        ``items`` (overrides the construct's own list), ``paths`` and ``covariances``
        may be left out; a third word in a path is its label.
    name : str
        Which model.

    Raises
    ------
    ModelError
        If a name or key is unknown, or the model breaks a rule of :class:`StructuralModel`.
    """
    spec = _look_up(models, name, "model")
    known_keys = ("label", "constructs", "items", "paths", "covariances")
    for key in spec:
        if key not in known_keys:
            raise ModelError(f"model {name!r} has an unknown key {key!r}{nearest(key, known_keys)}")
    chosen = list(spec.get("constructs") or constructs)
    overrides = spec.get("items") or {}
    for construct in overrides:
        if construct not in chosen:
            hint = nearest(construct, chosen)
            raise ModelError(f"model {name!r} gives items for no construct {construct!r}{hint}")
    return StructuralModel(
        constructs=tuple(_build_construct(constructs, each, overrides) for each in chosen),
        paths=tuple(_build_path(name, ends) for ends in spec.get("paths") or ()),
        name=name,
        covariances=tuple(_build_pair(name, pair) for pair in spec.get("covariances") or ()),
    )


def write_semopy(model: StructuralModel) -> str:
    """Write a model in semopy's syntax.

    Every covariance of constructs is written out: semopy frees them too, but in an
    order that changes from process to process. Labels, fixed loadings other than the
    marker's, and thresholds are never written (semopy mishandles them).
    """
    lines = [f"{each.name} =~ {' + '.join(each.items)}" for each in model.constructs]
    lines += [f"{i} ~~ 0*{i}" for c in model.constructs if len(c.items) == 1 for i in c.items]
    lines += [f"{path.target} ~ {path.source}" for path in model.paths]
    lines += [f"{left} ~~ {right}" for left, right in model.free_covariances]
    return "\n".join(lines)


def _build_construct(
    constructs: Mapping[str, Mapping[str, Any]], name: str, overrides: Mapping[str, Sequence[str]]
) -> Construct:
    spec = _look_up(constructs, name, "construct")
    items = overrides.get(name) or spec.get("items") or ()
    return Construct(name, items, spec.get("label", ""))


def _build_path(model: str, ends: Sequence[str]) -> Path:
    if isinstance(ends, str) or len(ends) not in (2, 3):
        raise ModelError(f"model {model!r}: a path is [source, target] or with a label, not {ends}")
    return Path(*ends)


def _build_pair(model: str, pair: Sequence[str]) -> tuple[str, str]:
    if isinstance(pair, str) or len(pair) != 2:
        raise ModelError(f"model {model!r}: a covariance is a pair of names, not {pair}")
    return pair[0], pair[1]


def _look_up(known: Mapping[str, Mapping[str, Any]], name: str, kind: str) -> Mapping[str, Any]:
    if name not in known:
        raise ModelError(f"no {kind} is called {name!r}{nearest(name, known)}")
    return known[name] or {}


def _check_name(word: object) -> None:
    if not isinstance(word, str):
        raise ModelError(f"a name is text, found {word!r}")
    if not _NAME.fullmatch(word):
        raise ModelError(
            f"{word!r} cannot name a variable of the model: use letters, digits and "
            "underscores, beginning with a letter (another name for a column of the survey "
            "stands under its table's columns: in study.yml)"
        )


def _refuse_twice(words: Iterable[str] | Iterator[str], kind: str) -> None:
    seen: set[str] = set()
    for word in words:
        if word in seen:
            raise ModelError(f"{kind} {word!r} is used twice")
        seen.add(word)


def _arrow(path: Path) -> str:
    return f"{path.source} -> {path.target}"
