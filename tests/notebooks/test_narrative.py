"""The narrative of all chapters: nothing typed by hand, nothing that a table does not hold."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.notebooks import narrative

ROOT = Path(__file__).resolve().parents[2]
OPEN = ROOT / "reports" / "open"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SENTENCES = sorted((ROOT / "src/crmstudy/report/sentences").rglob("*.py"))

#: What digits in hand-written prose may be, in the order they are taken out.
ALLOWED = re.compile(
    r"\$\$.*?\$\$|\$[^$]*\$"  # formulas
    r"|`[^`]*`"  # names and code
    r"|\]\([^)]*\)|https?://\S+"  # links
    r"|^\s*(?:[-*]|\d+\.)\s+(?=[A-Z].*\(\d{4})[^\n]*$"  # an entry of the references
    r"|\([^()]*\b(?:1[89]|20)\d{2}[a-z]?\b[^()]*\)"  # a citation: its year, section, page
    r"|\b[A-Z][\w’'.-]+(?:,? (?:&|and) [A-Z][\w’'.-]+| et al\.)?,? (?:1[89]|20)\d{2}[a-z]?\b"
    r"|^\s*\d+\.\s|^#+ .*$"  # numbers of items, headings
    r"|\b(?:[Cc]hapters?|[Ss]ections?|[Ee]quations?|[Tt]ables?|[Ff]igures?|[Pp]art|[Nn]otes?|[Ss]teps?"
    r"|levels?|[Aa]ssumptions?|ISO|RFC|ch\.|pp?\.) \(?\d[\d.,–-]*(?:,? (?:to|and|or) \d+)*\)?"
    r"|\b\d+(?:\.\d+)?%"  # levels and thresholds stated as rules
    r"|\b[A-Za-z_]+[\d²]+\w*\b|\b\d+[A-Za-z]\w*\b|\b\d+-\w+"  # names: R2, 2x2, 5-point
    r"|\b(?:[01]|100)\b"  # ends of scales and of shares
    r"|\bscale (?:of|from|runs from)? ?\d+ to \d+|\bof \d+ to \d+|\bfrom \d+ to \d+",
    re.M | re.S,
)
#: Thresholds and parameters stated as rules: told by the words around them.
RULE_WORDS = re.compile(
    r"\b(?:at least|at most|below|above|beyond|under|over|less than|more than|fewer than|within"
    r"|until|convention|rule|threshold|limit|level|default|between|up to|about|near|than|as|by"
    r"|every|each"
    r"|means?|counts?|holds?|of|to|and|or|is|are|a|the|say|says|first|last|with|for|times|exactly"
    r"|where|from|in|on|at|only|ask|asks|index)\W*$",
    re.I,
)


def prose(file):
    """Give the hand-written cells of a notebook, without its references."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    text = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    return [re.sub(r"## References.*?(?=\n## |\Z)", "", cell, flags=re.S) for cell in text]


def find_typed(text):
    """Find digits in prose that look like a result: decimals, thousands, test statistics.

    A result is what a chapter would print: a number with decimals, a number with thousands
    separators, a count beside what is counted in the past tense ("found 12"), or a statistic
    with its value ("p = .03"). Thresholds are told as rules by the word before them.
    """
    kept = ALLOWED.sub(lambda found: " " * len(found.group()), text)
    found = []
    for match in re.finditer(r"(?<![\w.])[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)?\.?\d+", kept):
        before = kept[: match.start()]
        sized = "." in match.group() or "," in match.group() or len(match.group()) > 2
        told = re.search(r"(?:found|shows?|showed|was|were|came out|yields?|yielded|=)\W*$", before)
        if told or (sized and not RULE_WORDS.search(before)):
            found.append(kept[max(0, match.start() - 30) : match.end() + 20].replace("\n", " "))
    return found


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("The mean was 12.3 points.", 1),
        ("Loyalty rose, 1,234 customers stayed.", 1),
        ("The campaign raised revenue (p = .03).", 1),
        ("We found 12 customers.", 1),
        ("An index of at least .90 is good (Hu & Bentler, 1999).", 0),
        ("Chapter 05 and Table 5.3 tell more; $x = 3.2$ and `N = 500`.", 0),
        ("A 95% interval; answers from 1 to 10; the 2x2 table of R2.", 0),
        ("1. The groups would have moved in parallel.", 0),
    ],
)
def test_the_static_rule_itself(text, typed):
    assert len(find_typed(text)) == typed


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_no_result_is_typed_by_hand(file):
    typed = [line for cell in prose(file) for line in find_typed(cell)]
    assert [line for line in typed if not any(known in line for known in TYPED)] == []


#: Digits in prose that are no results of this study, each with its reason.
TYPED = {
    "6 is the least for a": "limits of Jaccard similarities in R's fpc",
    ".75 for a stable segment": "limits of Jaccard similarities in R's fpc",
    ".85 for a highly stable": "limits of Jaccard similarities in R's fpc",
    ".2 small, .5 medium, .": "Cohen's conventions",
    ".8 large by Cohen": "Cohen's conventions",
}


def literals(file):
    """Give the words in a module of sentences that reach a reader: no docstring, no format."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            skipped |= {id(n) for n in ast.walk(node.format_spec)}
        if isinstance(node, (ast.Subscript, ast.Compare, ast.Dict)):
            skipped |= {id(n) for n in ast.walk(node) if isinstance(n, ast.Constant)}
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            skipped |= {id(n) for n in ast.walk(node)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in skipped
        and " " in node.value.strip()
    ]


#: Levels and thresholds that sentences may state, as rules of their methods.
STATED = re.compile(
    r"\(?\b[A-Z]\w+(?:(?: (?:and|&) |, )[A-Z]\w+)*(?: et al\.)?,? \(?(?:19|20)\d{2}\)?"
    r"|\b\d+% (?:interval|level|confidence)|p < \.001"
    r"|\b95%|\b5%|\b100\b|\b[01]\b(?![.,]\d)|\b[A-Z]+\d+\b|R²|R2\b|chi2|χ2"
)


@pytest.mark.parametrize(
    "file", SENTENCES, ids=lambda file: file.relative_to(SENTENCES[0].parent).as_posix()
)
def test_sentences_hold_no_number_of_their_own(file):
    own = [text for text in literals(file) if re.search(r"\d", STATED.sub("", text))]
    assert [text for text in own if not any(known in text for known in RULES_SAID)] == []


#: Thresholds said inside sentences, each a rule of its method.
RULES_SAID = {
    "(drawing lots would give 50%)": "what chance alone gives",
    "which side of .05": "the level of a test",
    "as much as 0.01": "below it a move of the score is not named",
    "less than 0.1": "below it a size is not printed",
    "counts 9 and 10 alone": "definition of the net promoter score",
    "p < .05": "the level of a test",
    "below .85": "limit of HTMT (Henseler et al., 2015)",
    ".90 and ": "limit of HTMT (Henseler et al., 2015)",
    "between .85 and .90": "limits of HTMT (Henseler et al., 2015)",
    ".667": "limit of Krippendorff's alpha",
    "of .75 or more": "limit of a stable segment in R's fpc",
    "fewer than 5 customers": "Cochran's rule of expected counts",
    ".999 point": "quantile beyond which a distance is an outlier",
    "0.5 is guessing": "area under the curve of a coin",
}


def sources(**tables):
    return narrative.Sources({k: pd.DataFrame(v) for k, v in tables.items()}, [0.25])


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("It rose by 12.35 points.", "recorded"),
        ("It fell by 7.10 points.", "recorded"),
        ("A quarter, 25%, stayed.", "recorded"),
        ("It changed by −7.1.", "recorded"),
        ("2 of them hold.", "counted"),
        ("The difference is 19.446.", "derived"),
        ("It rose by 12.45 points.", ""),
        ("It changed by −12.35.", ""),
        ("1,234,567 customers came.", ""),
        ("A share of 26.1% stayed.", ""),
    ],
)
def test_the_checker_finds_what_no_table_holds(text, how):
    [number] = narrative.read_numbers(text)
    kept = sources(effects={"name": ["a", "b"], "value": [12.346, -7.1], "holds": ["yes", "yes"]})
    assert kept.explain(number) == how


def test_what_is_no_result_is_not_read():
    text = (
        "1. H12 of chapter 05, on 2025-01-01, `N = 7`, [table](tables/x3.csv), CUSA2, with a "
        "95% interval (Holm, 1979)."
    )
    assert narrative.read_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("It rose by −3.2.", 1),
        ("It fell by −3.2.", 1),
        ("It fell by 3.2 and rose by 1.", 0),
        ("This is supported (money: 2, 95% interval −1.00 to 3.00).", 1),
        ("This is undecided: it holds zero (money: 2, 95% interval 1.00 to 3.00, p = .01).", 1),
        ("This is supported (money: 2, 95% interval 1.00 to 3.00).", 0),
    ],
)
def test_the_checker_finds_a_sign_against_its_word(text, n):
    assert len(narrative.find_contradictions(text)) == n


def test_every_number_of_the_open_edition_is_recorded():
    foreign = [
        (chapter, text, number.text, number.around)
        for chapter, text, number in narrative.find_foreign(OPEN)
    ]
    assert foreign == []


def test_no_sentence_of_the_open_edition_contradicts_itself():
    texts = sorted(OPEN.glob("text/*/*.md"))
    assert texts
    told = {file.stem: narrative.find_contradictions(file.read_text("utf-8")) for file in texts}
    assert {name: found for name, found in told.items() if found} == {}


def test_a_wrong_number_in_a_text_is_found(tmp_path):
    """One printed number of a whole report, altered by a tenth, is foreign."""
    import shutil

    report = tmp_path / "report"
    for part in ("tables/customer_analysis", "text/customer_analysis"):
        shutil.copytree(OPEN / part, report / part)
    shutil.copy(OPEN / "results.json", report)
    shutil.copy(next(OPEN.glob("*_customer_analysis.ipynb")), report)
    assert list(narrative.find_foreign(report)) == []
    table = pd.read_csv(report / "tables/customer_analysis/verdicts.csv")
    effect = float(table["effect"].iloc[0])
    file = next(report.glob("text/*/*.md"))
    file.write_text(f"{file.read_text('utf-8')} It is {1.1 * effect:,.2f}.", "utf-8")
    assert [number.text for _, _, number in narrative.find_foreign(report)] == [
        f"{1.1 * effect:,.2f}"
    ]
