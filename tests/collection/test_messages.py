"""The catalogue: every message in both languages, and none outside of it."""

from __future__ import annotations

import ast
import pickle
import re
import string
from pathlib import Path

import pytest

from crmstudy import strict_yaml
from crmstudy.collection import inputs
from crmstudy.collection.contracts import catalogue, messages
from crmstudy.collection.contracts.catalogue import CATALOGUE
from crmstudy.collection.contracts.messages import Message, hint, say
from crmstudy.collection.contracts.problems import InputError, Problem, write_problems

ROOM = Path(inputs.__file__).parent
SPEAKING = [
    *(ROOM / "contracts" / f"{name}.py" for name in ("contract", "problems")),
    *sorted((ROOM / "intake").glob("*.py")),
    ROOM.parent / "runner" / "meaning.py",
]
TEXTS = {**CATALOGUE, **strict_yaml.MESSAGES}
HANZI = re.compile("[\u4e00-\u9fff]")
#: Only punctuation and values: the same frame in both languages.
FRAMES = {"wrong value"}
TELLING = {"found", "allowed", "remedy"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_message_is_said_in_both_languages(key):
    english, chinese = TEXTS[key]
    assert placeholders(english) == placeholders(chinese)
    assert english.isascii()
    if key not in FRAMES and placeholders(english) != {"place", "found"}:
        assert HANZI.search(chinese)


def calls(file: Path, name: str) -> list[ast.Call]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in found if isinstance(call.func, ast.Name) and call.func.id == name]


def test_every_key_that_is_used_is_in_the_catalogue_and_back():
    used = set()
    for file in SPEAKING:
        for call in calls(file, "Message"):
            used |= {
                node.value
                for node in ast.walk(call.args[0])
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    text = "\n".join(file.read_text(encoding="utf-8") for file in SPEAKING)
    assert used <= set(CATALOGUE)
    unused = {key for key in CATALOGUE if f'"{key}"' not in text} - {"did you mean"}
    assert unused == set()


def test_no_problem_is_told_outside_the_catalogue():
    """What a Problem says is a Message, a repr of the value found, or nothing."""
    for file in SPEAKING:
        for call in calls(file, "Problem"):
            told = [*call.args[3:], *(k.value for k in call.keywords if k.arg in TELLING)]
            for node in told:
                written = isinstance(node, ast.Constant) and node.value != ""
                assert not written, f"{file.name}, line {node.lineno}"
                assert not isinstance(node, ast.JoinedStr), f"{file.name}, line {node.lineno}"


def test_placeholders_are_given_by_every_call():
    for file in SPEAKING:
        for call in calls(file, "Message"):
            key = call.args[0]
            if not isinstance(key, ast.Constant) or any(k.arg is None for k in call.keywords):
                continue
            given = {keyword.arg for keyword in call.keywords}
            assert placeholders(CATALOGUE[key.value][0]) <= given, f"{file.name}: {key.value}"


def test_messages_are_said_whole_in_either_language():
    words = Message("one of", words=("a", "b"))
    rule = Message("or empty", rule=words)
    assert rule == "one of a, b or empty"
    assert rule.say("zh") == "下列之一：a、b，或留空"
    assert say("as it is", "zh") == "as it is"
    assert hint("revenu", ["revenue"]) == "; did you mean 'revenue'?"
    assert hint("x", ["revenue"]) == ""


def test_values_with_braces_stay_as_they_are():
    assert Message("unknown table", table="{0}{x}", near="") == "an unknown table '{0}{x}'"


def test_an_error_speaks_the_language_of_the_study():
    problem = Problem("t.csv", 2, "revenue", Message("empty value"), Message("a number"), "")
    assert str(InputError([problem])).startswith("t.csv, row 2, column 'revenue': found an empty")
    assert str(InputError([problem], "zh")) == "t.csv，第 2 行，列“revenue”：发现空值；允许：数值"


@pytest.mark.parametrize(("n", "lines"), [(3, 3), (4, 4), (5, 4), (60, 4)])
def test_many_alike_are_told_by_three_and_their_number(n, lines):
    alike = [Problem("t.csv", row, "a", repr(row), "b", "c") for row in range(2, n + 2)]
    told = write_problems(alike)
    assert len(told) == lines
    assert (f"and {n - 3} more of this kind, rows 5 to {n + 1}" in told[-1]) == (n > 4)


def test_other_columns_are_told_for_themselves():
    problems = [Problem("t.csv", row, c, "x", "b", "c") for c in "ab" for row in range(10)]
    assert len(write_problems(problems)) == 8


def test_the_catalogue_is_no_longer_than_it_says():
    assert all(len(texts) == len(messages.LANGUAGES) for texts in catalogue.CATALOGUE.values())


def test_an_error_says_the_same_after_it_came_from_another_process():
    inner = Message("one of", words=("a", "b"))
    problem = Problem("t.csv", 2, "status", "'c'", inner, Message("fill or drop"))
    for language in ("en", "zh"):
        error = InputError([problem], language)
        came = pickle.loads(pickle.dumps(error))
        assert isinstance(came, InputError)
        assert str(came) == str(error)
        assert came.problems[0].say("zh") == problem.say("zh")
