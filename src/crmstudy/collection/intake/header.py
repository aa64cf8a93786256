"""From the names in a file's header to ours, and what study.yml says of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from crmstudy.collection.contracts.contract import KINDS, Expected, describe_rule
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import Problem
from crmstudy.settings import TableSource

#: From this likeness on, an unknown column is taken for a mistyped one (difflib's ratio).
LIKENESS = 0.85


def rename_columns(
    header: Sequence[str], source: TableSource, file: str
) -> tuple[dict[str, str], list[Problem]]:
    """Give columns their canonical names as study.yml maps them.

    Returns
    -------
    tuple of (dict, list of Problem)
        Canonical name of each column of the header, in its order, and what is wrong.
    """
    problems = []
    names: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        if theirs not in header:
            found = Message("only columns", columns=tuple(header), near=hint(theirs, header))
            remedy = Message("correct mapping", ours=ours)
            problems.append(Problem(file, 1, theirs, found, Message("this name"), remedy))
        elif theirs in names or (ours in header and ours not in source.columns.values()):
            taken = Message("second use", column=theirs)
            if theirs not in names:
                taken = Message("as well", column=ours)
            remedy = Message("drop mapping", ours=ours)
            problems.append(Problem(file, 1, theirs, taken, Message("each once"), remedy))
        else:
            names[theirs] = ours
    return {name: names.get(name, name) for name in header}, problems


def check_names(
    names: Iterable[str], expected: Expected, source: TableSource, file: str
) -> list[Problem]:
    """List what is wrong with canonical names: missing, mistyped, or spoken of in vain."""
    names = list(names)
    return [
        *_check_header(names, expected, source, file),
        *_check_settings(names, expected, source, file),
    ]


def _check_header(
    names: list[str], expected: Expected, source: TableSource, file: str
) -> Iterator[Problem]:
    """List required columns that are missing and names that look mistyped."""
    known = expected.columns()
    absent = [name for name in known if name not in names]
    unknown = [name for name in names if name not in known]
    lower = {name.lower(): name for name in unknown}
    hinted: set[str] = set()
    for name in (n for n in absent if known[n].required and n not in source.columns):
        near = get_close_matches(name, lower, n=1)
        hinted |= set(near)
        meant = Message("did you mean", word=lower[near[0]]) if near else ""
        found = Message("only columns", columns=tuple(names), near=meant)
        remedy = Message("map column", name=name)
        yield Problem(file, 1, name, found, Message("a required column"), remedy)
    for name in unknown:
        near = get_close_matches(name.lower(), absent, n=1, cutoff=LIKENESS)
        said = name in source.columns or name in source.kinds
        if near and name.lower() not in hinted and not said:
            remedy = Message("mistyped", near=near[0], name=name)
            found, allowed = Message("unknown name"), Message("known names")
            yield Problem(file, 1, name, found, allowed, remedy)


def _check_settings(
    names: list[str], expected: Expected, source: TableSource, file: str
) -> Iterator[Problem]:
    """List names in units, kinds and values that the table does not have or cannot use."""
    settings: dict[str, Iterable[str]] = {
        "units": source.units,
        "kinds": source.kinds,
        "values": source.values,
    }
    for setting, given in settings.items():
        for name in (name for name in given if name not in names):
            found = Message("setting of none", setting=setting, name=name, near=hint(name, names))
            allowed = Message("our columns", columns=tuple(names))
            remedy = Message("correct setting", setting=setting)
            yield Problem(file, 1, name, found, allowed, remedy)
    for name in (name for name in source.units if name in names):
        rule = expected.column(name)
        if rule.kind not in ("number", "integer"):
            found = Message("unit of no number", name=name, kind=Message(KINDS[rule.kind]))
            remedy = Message("say kind", name=name)
            yield Problem(file, 1, name, found, Message("columns of numbers"), remedy)
    for name, kind in source.kinds.items():
        rule = expected.column(name)
        if name in names and rule.kind != kind:
            found = Message("kind of known", name=name, kind=kind)
            allowed = Message("its kind", rule=describe_rule(rule))
            yield Problem(file, 1, name, found, allowed, Message("take out kind"))
