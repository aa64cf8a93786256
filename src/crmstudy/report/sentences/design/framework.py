"""Sentences on the framework and the register of hypotheses."""

from __future__ import annotations

from crmstudy.design.framework.diagram import Framework, join_ids
from crmstudy.design.framework.register import Entry, Register, false_alarms
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import compose, count_of, percent_within


def read_framework(framework: Framework | NotAvailable) -> str:
    """Say how many hypotheses are drawn, about what, and which chapters decide none."""
    if isinstance(framework, NotAvailable):
        return compose(framework)
    drawn = sum(len(arrow.entries) for arrow in framework.arrows)
    pairs = len(framework.arrows)
    said = (
        f"The drawing holds {count_of(drawn, 'hypothesis', 'hypotheses')} about "
        f"{count_of(pairs, 'relation')} among {count_of(len(framework.nodes), 'construct')} and "
        "other quantities."
    )
    return compose(said, _say_dashed(framework), _say_undrawn(framework))


def _say_dashed(framework: Framework) -> str:
    absent = [e for arrow in framework.arrows for e in arrow.entries if not e.available]
    if not absent:
        return "The study has tables for every one of them."
    ids = join_ids(tuple(entry.hypothesis.id for entry in absent))
    return f"For {ids} the study has no data: what cannot be tested is neither true nor false."


def _say_undrawn(framework: Framework) -> str:
    if not framework.undrawn:
        return ""
    verb = "is" if len(framework.undrawn) == 1 else "are"
    return (
        f"{join_ids(framework.undrawn)} {verb} not drawn, as nothing known gives the result that "
        "study.yml names."
    )


def read_register_size(register: Register | NotAvailable) -> str:
    """Say how many hypotheses can be tested and what chance alone would support."""
    if isinstance(register, NotAvailable):
        return compose(register)
    n, m = len(register.entries), len(register.testable)
    said = (
        f"The study registers {count_of(n, 'hypothesis', 'hypotheses')} and has data for "
        f"{'all' if m == n and n > 1 else 'it' if m == n else f'{m:,}' if m else 'none'} of them."
        if n > 1
        else f"The study registers 1 hypothesis and has {'data' if m else 'no data'} for it."
    )
    return compose(said, _say_chance(register, m), _say_absent(register))


def _say_chance(register: Register, m: int) -> str:
    if m < 2:
        return ""
    chance = percent_within(false_alarms(m, register.alpha / 2))
    return (
        f"Were none of those {m:,} true and their tests independent, one or more would be "
        f"supported by chance with a probability of {chance}. That is why the conclusions judge "
        "all verdicts together as well as one by one."
    )


def _say_absent(register: Register) -> str:
    absent = [entry for entry in register.entries if not entry.available]
    return " ".join(f"{entry.hypothesis.id} is not tested: {_reason(entry)}." for entry in absent)


def _reason(entry: Entry) -> str:
    return entry.dataset.reason if isinstance(entry.dataset, NotAvailable) else ""
