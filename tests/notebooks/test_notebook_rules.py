"""Static rules of the chapters: read without being run."""

import ast
import json
import re
from pathlib import Path

import pytest

from crmstudy.chapters import GATES
from crmstudy.collection.contracts.contract import CONTRACTS
from crmstudy.runner.notebooks import read_chapters

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
READS = {"table", "companion", "dataset", "label"}
#: What else reads tables, and which: a change of them must make the chapter stale.
READS_MANY = {
    "purchases": {"transactions"},
    "periods": {"transactions"},
    "outcomes": {"transactions"},
    "reach": {"transactions"},
    "split_day": {"transactions"},
    "features": {"transactions", "contacts", "web_events", "customers", "products"},
    "product_mix": {"transactions", "products"},
    "interactions": {"transactions", "products"},
}
LONGEST_CELL = 15


def load(file):
    return json.loads(file.read_text(encoding="utf-8"))


def sources(file, kind):
    return ["".join(c["source"]) for c in load(file)["cells"] if c["cell_type"] == kind]


def trees(file):
    return [ast.parse(source) for source in sources(file, "code")]


def nodes(file):
    return [node for tree in trees(file) for node in ast.walk(tree)]


every = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_the_nine_chapters_are_there():
    names = [chapter.name for chapter in read_chapters(ROOT / "notebooks").values()]
    assert names == list(GATES)


@every
def test_stored_without_outputs(file):
    for cell in load(file)["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@every
def test_one_title_then_the_question(file):
    text = sources(file, "markdown")
    titles = [line for cell in text for line in cell.splitlines() if re.match(r"# ", line)]
    assert len(titles) == 1
    assert text[0].startswith(titles[0])
    assert "**Question.**" in text[0]


@every
def test_sections_that_every_chapter_has(file):
    headings = re.findall(r"^## (.+)$", "\n".join(sources(file, "markdown")), flags=re.M)
    assert {"Parameters", "Limits", "References", "Record"} <= set(headings)


@every
def test_no_logic_of_its_own(file):
    forbidden = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.For,
        ast.While,
    )
    forbidden += (ast.If, ast.Try, ast.With, ast.Assert)
    assert [ast.unparse(n) for n in nodes(file) if isinstance(n, forbidden)] == []


@every
def test_no_magics_no_installs_no_warning_filters(file):
    for source in sources(file, "code"):
        assert not re.search(r"^\s*[%!]", source, flags=re.M)
        assert not re.search(r"\bwarnings\b", source)
        assert "pip install" not in source


@every
def test_imports_stand_in_one_cell(file):
    cells = [
        number
        for number, tree in enumerate(trees(file))
        if any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(tree))
    ]
    assert cells == [0]


@every
def test_cells_are_short(file):
    lengths = [len(source.splitlines()) for source in sources(file, "code")]
    assert max(lengths) <= LONGEST_CELL


@every
def test_prose_outweighs_code(file):
    words = sum(len(text.split()) for text in sources(file, "markdown"))
    lines = sum(len(text.splitlines()) for text in sources(file, "code"))
    assert words / lines >= 3


@every
def test_parameters_are_commented_and_readable_by_papermill(file):
    [cell] = [c for c in load(file)["cells"] if "parameters" in c["metadata"].get("tags", [])]
    for line in "".join(cell["source"]).splitlines():
        code, comment = line.split("  # ", 1)
        assert comment
        assert line.count("=") == 1  # papermill cannot read a line with two
        assert re.fullmatch(r"[A-Z_]+: (int|float|str|bool) = .+", code)


@every
def test_parameters_are_those_of_the_gate(file):
    chapter = read_chapters(ROOT / "notebooks")[load(file)["metadata"]["crmstudy"]["chapter"]]
    assert set(chapter.parameters) == set(GATES[chapter.name].model_fields)


@every
def test_tables_that_are_read_are_declared(file):
    declared = set(load(file)["metadata"]["crmstudy"]["tables"])
    read = {
        node.args[0].value
        for node in nodes(file)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("data", "shop")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    used = "\n".join(sources(file, "code"))
    for method, tables in READS_MANY.items():
        if re.search(rf"\b(data|shop)\.{method}\b", used):
            read |= tables
    if "data.firm_tables(" in used:
        read |= set(re.findall(r'"(\w+)"', used.split("data.firm_tables(")[1].split(")")[0]))
    assert read <= declared
    assert declared <= {*CONTRACTS, "literature"}
    assert ("literature" in declared) == ("design.open_literature(" in used)


@every
def test_no_number_that_belongs_in_the_parameters(file):
    allowed = {0, 1, 2, 0.2, -0.5}
    found = {
        node.value
        for tree in trees(file)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    [cell] = [c for c in load(file)["cells"] if "parameters" in c["metadata"].get("tags", [])]
    own = {n.value for n in ast.walk(ast.parse("".join(cell["source"]))) if hasattr(n, "value")}
    layout = {
        keyword.value.value
        for node in nodes(file)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("decimals", "most") and isinstance(keyword.value, ast.Constant)
    }
    assert found - allowed - layout <= {v for v in own if isinstance(v, (int, float))}


@every
def test_the_last_cell_is_the_colophon(file):
    last = load(file)["cells"][-1]
    assert "".join(last["source"]) == "record.close()"
    assert last["metadata"]["tags"] == ["nbval-ignore-output"]


@every
def test_every_work_cited_stands_in_the_references(file):
    text = "\n".join(sources(file, "markdown"))
    body, _, references = text.partition("## References")
    cited = set(
        re.findall(
            r"([A-Z][\w\-ńöüÀ-ž]+)(?:,? (?:&|and) [A-Z][\w\-]+| et al\.)?,? \(?(\d{4})", body
        )
    )
    for name, year in cited:
        assert re.search(rf"{name}.*\({year}\)?[a-z]?", references) or year not in references, (
            name,
            year,
        )


def test_every_reading_that_is_written_is_read_in_some_chapter():
    from crmstudy.report import sentences

    said = "\n".join(text for file in FILES for text in sources(file, "code"))
    written = {name for name in sentences.__all__ if name.startswith("read_")}
    assert {name for name in written if f"sentences.{name}(" not in said} == set()
