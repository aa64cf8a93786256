"""Chapter 01's sentences claim no more than their numbers: one, none, all, and absence."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.checks import Check, Hypothesis
from crmstudy.collection.fieldwork.weighting import poststratify
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences import (
    count_ledgers,
    count_linked,
    read_collection,
    read_fieldwork,
    read_privacy,
    read_qualitative,
    read_quality,
    read_unified,
    say_randomness,
)
from crmstudy.report.sentences.words import percent_within

ABSENT = NotAvailable("the study has no such table")


def frame(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns.split(", "))


def whole_sentences(text):
    """Check what every passage must be: sentences, no number that is none, absence once."""
    assert not re.search(r"\bnan\b|None(?! of \d)|<NA>|\binf\b|  |\.\.|e-\d\d", text), text
    assert "not available: not available" not in text.lower()
    assert re.fullmatch(r"[A-Z0-9].*\.", text, re.S), text
    assert not re.search(r"\b1 (records|rows|tables|links|customers|segments|visits|lines)\b", text)
    return text


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0.0%"),
        (1.0, "100.0%"),
        (1e-9, "less than 0.1%"),
        (1 - 1e-9, "more than 99.9%"),
        (0.0005, "0.1%"),
        (0.9994, "99.9%"),
        (0.123, "12.3%"),
    ],
)
def test_only_none_is_nought_and_only_all_is_a_hundred_percent(share, written):
    assert percent_within(share) == written


# --- the collection -----------------------------------------------------------------------

SOURCES = "data set, table, rows read, rows kept"
COMPLETE = "data set, table, emptiest column, its empty share"
LINKS = "data set, link, match rate, every id expected"
LEDGERS = "data set, customers, purchases, lines, revenue, revenue is zero"


def collected(sources=(("s", "t", 10, 10),), gaps=(), links=ABSENT, ledgers=ABSENT):
    return whole_sentences(
        read_collection(frame(SOURCES, *sources), frame(COMPLETE, *gaps), links, ledgers)
    )


def test_one_row_left_out_of_one_table():
    said = collected([("s", "t", 10, 9)])
    assert said.startswith(
        "The study holds 1 table in 1 data set: 10 rows were read and 1 row was left out. "
        "No column is empty for 5% of its rows or more."
    )


def test_many_rows_of_many_tables_and_a_table_without_rows():
    said = collected(
        [("s", "t", 10_000, 9_000), ("u", "t", 5, 5)],
        gaps=[("s", "t", "sex", 0.05), ("u", "v", "none", float("nan"))],
    )
    assert "2 tables in 2 data sets: 10,005 rows were read and 1,000 rows were left out." in said
    assert said.count("Notable gaps, the emptiest column of a table: sex in s.t (5.0%).") == 1


def test_each_thing_that_is_not_there_is_named():
    said = collected()
    assert "Links between tables: not available: the study has no such table." in said
    assert "Purchases: not available: the study has no such table." in said


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([1.0], "Every identifier is found in the table it points to."),
        ([0.5], "The one link between tables does not match completely: l0 in s with 50.0%, so"),
        (
            [1.0, 0.9999999],
            "Of 2 links between tables 1 matches completely; the weakest is l1 in s",
        ),
        ([0.0, 0.5], "Of 2 links between tables none matches completely; the weakest is l0 in s"),
        ([1.0, 1.0, 0.5], "Of 3 links between tables 2 match completely; the weakest is l2"),
    ],
)
def test_links_between_tables(rates, expected):
    said = collected(links=frame(LINKS, *[("s", f"l{k}", r, True) for k, r in enumerate(rates)]))
    assert expected in said
    if any(0.99 < rate < 1 for rate in rates):
        assert "100.0%" not in said


def test_an_overlap_is_no_link_that_fails():
    rows = [("s", "a", 1.0, True), ("s", "b", 0.1, False)]
    said = collected(links=frame(LINKS, *rows))
    assert "0.1" not in said
    assert "10.0%" not in said
    assert "links between" not in collected(links=frame(LINKS, rows[1]))


@pytest.mark.parametrize(
    ("zero", "lines", "expected"),
    [
        (0, 5, "No purchase line has a revenue of zero."),
        (1, 4, "1 of 4 purchase lines (25.00%) has a revenue of zero."),
        (1, 1, "1 of 1 purchase line (100.00%) has a revenue of zero."),
        (2, 2_000_000, "2 of 2,000,000 purchase lines (less than 0.01%) have a revenue of zero."),
    ],
)
def test_lines_of_no_revenue(zero, lines, expected):
    assert expected in collected(ledgers=frame(LEDGERS, ("s", 1, 1, lines, 1.0, zero)))


# --- the unified database -----------------------------------------------------------------


def linked(whole, left, review, source="leads"):
    counts = {"all methods": whole, "not linked": left, "of these: for review": review}
    size = max(whole + left, 1)
    rows = [("s", source, name, n, n / size) for name, n in counts.items()]
    return frame("data set, source, method, records, match rate", *rows)


def twice(customers, surplus, wrong, pairs=None):
    columns = "data set, customers, pairs one person, surplus customers, expected false pairs"
    return frame(columns, ("s", customers, pairs or surplus, surplus, wrong))


def check(passed, gap=0.0):
    return Check("accounted", passed, gap, "= 0", "books", "do not use the sums")


def unified(links=ABSENT, duplicates=ABSENT, conflicts=ABSENT, accounts=ABSENT):
    return whole_sentences(read_unified(links, duplicates, conflicts, accounts))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((5, 3, 0), "5 records of s.leads (62.5%) have a customer, 3 stay without one."),
        ((1, 1, 1), "1 record of s.leads (50.0%) has a customer, 1 stays without one, 1 of them"),
        ((7, 0, 0), "7 records of s.leads (100.0%) have a customer, none stays without one."),
        ((0, 7, 2), "0 records of s.leads (0.0%) have a customer, 7 stay without one, 2 of them"),
        ((0, 0, 0), "s.leads holds no record."),
        ((99_999, 1, 0), "99,999 records of s.leads (more than 99.9%) have a customer, 1 stays"),
    ],
)
def test_records_with_a_customer(counts, expected):
    said = read_unified(linked(*counts), ABSENT, ABSENT, ABSENT)
    assert said.startswith(expected)


def test_two_sources_are_said_in_one_sentence():
    both = pd.concat([linked(1, 0, 0), linked(2, 2, 0, "contacts")])
    assert unified(both).startswith(
        "1 record of s.leads (100.0%) has a customer, none stays without one; "
        "2 records of s.contacts (50.0%) have a customer, 2 stay without one. "
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((100, 0, 0.0), "Among 100 customers none is there twice."),
        ((1, 0, 0.0), "Among 1 customer none is there twice."),
        (
            (100, 1, 1e-7),
            "Among 100 customers 1 record probably is of somebody who is there already (pairs "
            "expected to be wrong: less than 0.1 of 1).",
        ),
        ((9_000, 60, 1.26), "60 records probably are of somebody who is there already (pairs"),
        ((9_000, 60, 1.26), "wrong: 1.3 of 60)."),
    ],
)
def test_customers_who_are_there_twice(found, expected):
    assert expected in unified(duplicates=twice(*found))


CONFLICTS = "data set, source, attribute, compared, conflict, conflict rate"


def test_conflicts_name_the_worst_attribute_in_words():
    worst = ("s", "leads", "birth_year", 4, 1, 0.25)
    said = unified(conflicts=frame(CONFLICTS, ("s", "leads", "sex", 9, 1, 1 / 9), worst))
    assert "most often in birth year (leads: 1 of 4, 25.0%)." in said
    none = unified(conflicts=frame(CONFLICTS, ("s", "leads", "sex", 9, 0, 0.0)))
    assert "Linked records contradict their customers in no attribute." in none


def test_the_books():
    assert (
        "Every row of the sources is accounted for in the database, and so is every sum"
        in unified(accounts=check(True))
    )
    said = unified(accounts=check(False, 12.5))
    assert "The books do not balance: up to 12.50 went without an explanation;" in said


def test_everything_absent_is_said_once_each():
    said = unified()
    assert said.count("ot available") == 4
    assert said.startswith("Record linkage: not available: the study has no such table. Dup")


# --- quality, privacy, randomness ---------------------------------------------------------

SCORES = "data set, table, dimension, score"
RULES = "data set, rule, records compared, breaking, breaking share"
ODD = "data set, oddity, lines, share of revenue"


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([1.0, 1.0], "Every dimension that can be counted is met in full by every table."),
        ([1.0, 0.999999], "The lowest score is more than 99.9%, d1 of s.t; 1 of 2 scores is"),
        ([0.0], "The lowest score is 0.0%, d0 of s.t; 1 of 1 score is below 100%."),
        ([0.3, 0.2, float("nan")], "The lowest score is 20.0%, d1 of s.t; 2 of 3 scores are"),
    ],
)
def test_the_lowest_score(scores, expected):
    rows = [("s", "t", f"d{k}", score) for k, score in enumerate(scores)]
    said = whole_sentences(read_quality(frame(SCORES, *rows), ABSENT, ABSENT))
    assert said.startswith(expected)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ([0], "The one rule between columns and tables is not broken."),
        ([0, 0], "None of 2 rules between columns and tables is broken."),
        ([1, 0], "Of 2 rules between columns and tables 1 is broken somewhere, most often: r0 (s"),
        ([1, 5], "Of 2 rules between columns and tables 2 are broken somewhere, most often: r1 (s"),
    ],
)
def test_rules(broken, expected):
    rows = [("s", f"r{k}", 10, n, n / 10) for k, n in enumerate(broken)]
    said = read_quality(frame(SCORES, ("s", "t", "d", 1.0)), frame(RULES, *rows), ABSENT)
    assert expected in whole_sentences(said)


def test_extreme_lines():
    scores = frame(SCORES, ("s", "t", "d", 1.0))
    high = "extremely high revenue"
    some = frame(ODD, ("s", high, 1, 0.5), ("u", high, 0, 0.0), ("s", "zero revenue", 9, 0.0))
    said = whole_sentences(read_quality(scores, ABSENT, some))
    assert "Extremely high purchase lines, kept: 1 in s (50.0% of revenue)." in said
    none = whole_sentences(read_quality(scores, ABSENT, frame(ODD, ("s", high, 0, float("nan")))))
    assert "No purchase line is extremely high." in none


def test_quality_of_nothing():
    said = whole_sentences(read_quality(ABSENT, ABSENT, ABSENT))
    assert said.count("ot available") == 3


REPLACED = "data set, table, column, kind, identifiers, rows"
CONSENTS = "data set, purpose, decision, customers, share"
MASKED = "data set, table, column, kind, places"


def decided(*counts):
    names = ("consented", "refused", "undecided")
    rows = [("s", "analysis", name, n, 0.0) for name, n in zip(names, counts, strict=True)]
    return frame(CONSENTS, *rows)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((5, 0, 0), "Every customer consented to analysis."),
        ((1, 1, 1), "1 customer consented to analysis; 1 who refused and 1 without a decision"),
        ((0, 9, 0), "0 customers consented to analysis; 9 who refused and 0 without a decision"),
    ],
)
def test_consents(counts, expected):
    assert expected in whole_sentences(read_privacy(ABSENT, ABSENT, decided(*counts), ABSENT))


def test_what_was_hidden():
    rows = [("s", "t", "a", "customer", 1, 1), ("s", "t", "b", "lead", 1, 1)]
    masked = frame(MASKED, ("s", "t", "x", "name", 1), ("s", "u", "x", "e-mail", 1_200))
    fates = [("name", "taken out after linking"), ("birth_year", "taken out"), ("age", "kept")]
    gone = frame("column, what becomes of it", fates[0], *fates)
    said = whole_sentences(read_privacy(frame(REPLACED, *rows), masked, ABSENT, gone))
    assert "Identifiers in 2 columns of 1 table were replaced by keyed pseudonyms." in said
    assert "Taken out of the tables: name and birth year." in said
    kept = frame("column, what becomes of it", ("region", "kept"))
    assert "aken out" not in read_privacy(ABSENT, masked, ABSENT, kept)
    assert "Masked in texts: 1,200 x e-mail and 1 x name." in said
    nothing = whole_sentences(read_privacy(ABSENT, ABSENT, ABSENT, ABSENT))
    assert nothing.count("ot available") == 3


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0, "p < .001. Who left out"), (0.049, "p = .049. Who left"), (0.05, "do not contradict")],
)
def test_little(p, expected):
    said = say_randomness(Hypothesis("random", 12.3, p, "chi2(7)"))
    assert expected in whole_sentences(said)
    assert say_randomness(ABSENT) == ABSENT


def test_counts_are_named_by_data_set():
    assert count_ledgers(frame(LEDGERS, ("s", 1, 2, 3, 4.5, 0))) == {
        "s.ledger.customers": 1,
        "s.ledger.purchases": 2,
        "s.ledger.lines": 3,
        "s.ledger.revenue": 4.5,
    }
    assert count_linked(linked(1, 3, 0)) == {"s_leads_match_rate": 0.25}
    assert count_ledgers(ABSENT) == count_linked(ABSENT) == ABSENT


# --- fieldwork ----------------------------------------------------------------------------


def rates(n, value, note=""):
    table = frame("rate, denominator, value, lower, upper", ("RR2", 900, value, 0.1, 0.4))
    known = NotAvailable(note) if note else value
    return SimpleNamespace(n=n, rates=table, confidence=0.95, rate=lambda _: known)


def surveyed(rates=ABSENT, late=ABSENT, frame=ABSENT, weights=ABSENT):
    return whole_sentences(read_fieldwork(rates, late, frame, weights))


def test_response_rates():
    assert surveyed(rates(1_000, 0.25)).startswith(
        "Of 1,000 persons invited 900 belong, or may belong, to the population; 25.0% of these "
        "answered in full or in part (RR2; 95% interval 10.0% to "
    )
    assert "Of 1 person invited" in surveyed(rates(1, 1.0))
    unknown = surveyed(rates(3, float("nan"), "nobody was eligible"))
    assert unknown.startswith("Response rate RR2: not available: nobody was eligible.")


def late(*rows, n=3):
    items = pd.DataFrame(rows, columns=["item", "d"])
    verdict = "no difference found"
    return SimpleNamespace(n_early=9, n_late=n, rule="after it", verdict=verdict, items=items)


def test_late_respondents():
    said = surveyed(late=late(("joy", -0.4), ("woe", 0.1), ("flat", float("nan"))))
    assert "9 early and 3 late respondents (after it): no difference found; the largest" in said
    assert "d = −0.40 (joy)." in said
    flat = surveyed(late=late(("flat", float("nan")), n=1))
    assert "9 early and 1 late respondent (after it): no difference found." in flat


def compared(*tests):
    table = pd.DataFrame(tests, columns=["variable", "p_holm", "cramer_v"])
    checks = [SimpleNamespace(name=name, passed=p >= 0.05) for name, p, _ in tests]
    return SimpleNamespace(tests=table, checks=checks, level=0.05)


def test_respondents_and_population():
    same = surveyed(frame=compared(("sex", 0.3, 0.01), ("region", 1.0, 0.0)))
    assert "do not differ significantly from the population in sex and region." in same
    other = surveyed(frame=compared(("sex", 0.001, 0.2), ("region", 0.5, 0.01)))
    assert "differ from the population in sex (largest Cramér's V 0.20, sex)." in other


def test_weights():
    sample = pd.DataFrame({"sex": ["f"] * 3 + ["m"]})
    said = surveyed(weights=poststratify(sample, {"f": 0.5, "m": 0.5}, by=["sex"]))
    assert (
        "Weights from 0.67 to 2.00 bring the shares in line; they make 4 respondents count like 3 "
        "(design effect 1.33)." in said
    )


def test_weights_that_leave_a_gap_do_not_claim_to_meet_the_shares():
    sample = pd.DataFrame({"sex": ["f"] * 9 + ["m"]})
    cut = poststratify(sample, {"f": 0.5, "m": 0.5}, by=["sex"], trim=2.0)
    said = surveyed(weights=cut)
    assert "bring the shares nearer to the population's (largest gap left: " in said


def test_no_fieldwork():
    assert surveyed().count("ot available") == 4


# --- conversations and visits -------------------------------------------------------------


def codes(*rows, segments=5, interviews=2):
    table = pd.DataFrame(rows, columns=["code", "share_of_segments"])
    return SimpleNamespace(codes=table, n_segments=segments, n_interviews=interviews)


def agreement(*rows, units=5):
    table = pd.DataFrame(rows, columns=["code", "alpha", "alpha_lower", "alpha_upper"])
    return SimpleNamespace(codes=table, n_units=units)


def visits(*rows, n=4):
    levels = pd.DataFrame(rows, columns=["level", "share"])
    return SimpleNamespace(levels=levels, n_visits=n, to_metrics=lambda: {"mystery_share": 0.8})


def assessed(metrics, whole=ABSENT, n=3):
    return SimpleNamespace(to_metrics=lambda: metrics, whole=whole, n_visits=n)


def talked(codes=ABSENT, coding=ABSENT, scores=ABSENT, assessors=ABSENT):
    return whole_sentences(read_qualitative(codes, coding, scores, assessors))


def test_codes():
    said = talked(codes(("price", 0.4), ("wait", 0.2)))
    assert said.startswith(
        "5 segments of 2 conversations were read; the most frequent code is price (40.0% of seg"
    )
    one = talked(codes(("price", 1.0), segments=1, interviews=1))
    assert one.startswith("1 segment of 1 conversation was read; ")
    assert talked(codes()).startswith("5 segments of 2 conversations were read; no code was given.")


NAN = float("nan")


def test_agreement_of_coders():
    some = codes(("price", 0.4))
    good = talked(some, agreement(("a", 0.9, 0.8, 1.0), ("b", 0.7, 0.5, 0.8)))
    assert "lowest for b (0.70, 95% interval 0.50 to 0.80); every code reaches the least" in good
    weak = talked(some, agreement(("a", 0.9, 0.8, 1.0), ("b", -0.1, NAN, NAN), units=1))
    assert "On 1 segment read by two coders or more" in weak
    assert "lowest for b (−0.10); 1 of 2 codes stays below .667." in weak
    none = talked(some, agreement(("a", NAN, NAN, NAN)))
    assert "For no code can the agreement of coders be computed." in none


def test_mystery_visits():
    said = talked(scores=visits(("speed", 0.9), ("smile", 0.7)))
    assert "4 mystery visits won 80.0% of the points; lowest is smile (70.0%), highest s" in said
    one = talked(scores=visits(("all", 0.8), n=1))
    assert "1 mystery visit won 80.0% of the points." in one


def test_agreement_of_assessors():
    some = visits(("speed", 0.9), ("smile", 0.7))
    both = talked(scores=some, assessors=assessed({"mystery_icc_1": 0.5, "mystery_icc_a1": 0.6}))
    assert "Two assessors or more saw 3 visits: the intraclass correlation of their" in both
    assert "is 0.60 (ICC(A,1))." in both
    changing = talked(scores=some, assessors=assessed({"mystery_icc_1": 0.5}, n=1))
    assert "saw 1 visit: the intraclass correlation of their scores is 0.50 (ICC(1))." in changing
    reason = NotAvailable("one visit alone has two assessors")
    unknown = talked(scores=some, assessors=assessed({}, whole=reason))
    assert "Agreement of assessors: not available: one visit alone has two assessors." in unknown
    flat = talked(scores=some, assessors=assessed({}, whole=object()))
    assert "Agreement of assessors: not available: the visits do not differ" in flat


def test_no_conversation_and_no_visit():
    said = talked()
    assert said.count("ot available") == 2
    assert "Agreement" not in said
    some = talked(codes(("price", 0.4)), ABSENT, visits(("a", 0.1), ("b", 0.2)), ABSENT)
    assert "Agreement of coders: not available: the study has no such table." in some
    assert "Agreement of assessors: not available: the study has no such table." in some
