"""Sentences on framework and register are true of what they read."""

from types import SimpleNamespace

from crmstudy.design.framework.diagram import Arrow, Framework, Node
from crmstudy.design.framework.register import Register
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.design.framework import read_framework, read_register_size


def entry(name, *, available=True):
    why = "shop" if available else NotAvailable("shop has no table survey")
    return SimpleNamespace(hypothesis=SimpleNamespace(id=name), available=available, dataset=why)


def frame(*entries, undrawn=()):
    node = Node("a", "A", "attitudes", "", 0)
    return Framework((), (node, node), (Arrow("a", "b", entries),), {}, undrawn)


def test_one_hypothesis_is_one():
    said = read_framework(frame(entry("H1")))
    assert "1 hypothesis about 1 relation among 2 constructs" in said
    assert "tables for every one" in said


def test_what_has_no_data_or_place_is_named():
    absent = [entry(f"H{k}", available=False) for k in (2, 3, 4)]
    said = read_framework(frame(entry("H1"), *absent, undrawn=("H9",)))
    assert "For H2–H4 the study has no data" in said
    assert "H9 is not drawn" in said


def test_chance_is_told_for_several_only():
    many = Register(tuple(entry(f"H{k}") for k in range(1, 10)), 0.05)
    assert "20.4%" in read_register_size(many)  # 1 - .975^9
    assert "data for all of them" in read_register_size(many)
    one = read_register_size(Register((entry("H1"),), 0.05))
    assert one == "The study registers 1 hypothesis and has data for it."


def test_lacking_tables_are_said():
    said = read_register_size(Register((entry("H1", available=False), entry("H2")), 0.05))
    assert "data for 1 of them" in said
    assert "H1 is not tested: shop has no table survey." in said
    none = read_register_size(Register((entry("H1", available=False),), 0.05))
    assert "1 hypothesis and has no data for it" in none


def test_absence_is_said():
    why = NotAvailable("study.yml registers no hypothesis")
    for read in (read_framework, read_register_size):
        assert read(why) == "Not available: study.yml registers no hypothesis."
