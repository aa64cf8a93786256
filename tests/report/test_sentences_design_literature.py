"""Sentences on the literature hold on any data: none, one, ties, several."""

import pandas as pd
import pytest

from crmstudy.bibliography import LiteratureSpec
from crmstudy.design.literature.analysis import study_literature
from crmstudy.design.literature.counting import Keywords
from crmstudy.design.literature.merging import merge_duplicates
from crmstudy.design.literature.networks import relate_keywords
from crmstudy.design.literature.publications import Publication
from crmstudy.design.literature.screening import flow_screening
from crmstudy.design.literature.sources import Library
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.design.literature import (
    read_keyword_network,
    read_literature,
    read_screening,
)


def publish(title, **known):
    given = {"source": "A", "file": "a.bib", "line": 1, "key": title.lower(), "kind": "article"}
    return Publication(**(given | {"title": title} | known))


def study(*works, example=False):
    return study_literature(Library(works, LiteratureSpec(), None, example), seed=1)


def test_one_record_is_said_in_the_singular():
    said = read_literature(study(publish("x", year=2020, journal="J")))
    assert said == (
        "One source was searched, A, which gave 1 record. No record stands twice, so there are "
        "1 publication. All that have a year appeared in 2020. All articles are in one journal, J."
    ).replace("there are 1", "there is 1")


def test_sources_duplicates_years_and_the_core_are_said():

    works = [publish("Something long enough", year=2018, journal="J")]
    works += [publish("Something long enough", year=2018, source="B")]
    works += [publish("Another", year=2020, journal="K", source="B"), publish("Third")]
    said = read_literature(study(*works))
    assert "The searches gave 4 records: A 2 records and B 2 records." in said
    assert "1 record repeats another one; 3 publications are left." in said
    assert "from 2018 to 2020, the most in one year, 1, in 2018 and 2020; 1 year between" in said
    assert "1 publication without a year is not counted." in said
    assert "Of 2 journals the core, 1 journal (J), holds 50% of the articles." in said


def test_the_example_says_that_it_is_no_sample():
    said = read_literature(study(publish("x"), publish("y"), example=True))
    assert "the bibliography of this project, 2 records, shows the method" in said
    assert "no sample of a field" in said
    assert "Not available: no publication has a year." in said


def test_doubtful_records_are_named():
    works = [publish("Something long enough", year=2018, doi=f"10.1000/{i}") for i in "ab"]
    assert "2 records share title and year but not the DOI" in read_literature(study(*works))


WORDS = (("a", "b"), ("a", "b"), ("c", "d"), ("c", "d"), ("a",))


def test_the_network_is_read_with_its_clusters_and_ties():
    keywords = Keywords(WORDS, "keywords", (2020,) * 5)
    said = read_keyword_network(relate_keywords(keywords), keywords)
    assert "Of 4 different terms 'a' is the most frequent, in 3 of 5 publications (60%)." in said
    assert "2 pairs of 4 terms go together more often than independent terms would." in said
    assert "They form 2 clusters around 'a' and 'c' (modularity 0.4" in said
    level = Keywords(WORDS[:2], "words of titles", (2020,) * 2)
    said = read_keyword_network(relate_keywords(level, similarity="jaccard"), level)
    assert said.startswith("No record has keywords; words of titles stand in for them.")
    assert "'a' and 'b' are the most frequent, in 2 of 2 publications (100%)" in said
    assert "1 pair of 2 terms shares 10% or more of the publications with either" in said
    assert "They form one cluster" in said


def test_many_terms_at_the_same_place_are_counted_not_named():
    keywords = Keywords((("a", "b", "c", "d"),) * 2 + (("z",),), "keywords", (2020,) * 3)
    said = read_keyword_network(relate_keywords(keywords), keywords)
    assert "4 of 5 different terms are equally frequent, each in 2 of 3 publications" in said


def screen(*decisions):
    works = merge_duplicates([publish(key) for key in dict.fromkeys(d[0] for d in decisions)])
    columns = ["record", "stage", "decision", "reason", "screener"]
    rows = [[*row, *[""] * (5 - len(row))] for row in decisions]
    return flow_screening(works, pd.DataFrame(rows, columns=columns), seed=1)


def test_screening_says_numbers_reasons_and_agreement():
    said = read_screening(screen(("a", "screening", "include"), ("b", "screening", "include")))
    assert said.startswith("Of 2 records 0 were duplicates; 2 titles were screened, and 2 are")
    assert "No publication was excluded." in said
    assert "how far another reader would decide alike is not known" in said
    said = read_screening(screen(("a", "screening", "exclude", "off topic")))
    assert "Of 1 record 0 were duplicates; 1 title was screened, and none is included." in said
    assert "The one reason of exclusion is 'off topic' (1)." in said
    two = [(key, "screening", "include", "", who) for key in "ab" for who in "XY"]
    said = read_screening(screen(*two))
    assert "Two screeners agreed on 100% of 2 titles and abstracts; kappa cannot be had:" in said


def test_full_texts_and_level_reasons_are_said():
    said = read_screening(
        screen(
            ("a", "screening", "exclude", "p"),
            ("b", "screening", "include"),
            ("b", "eligibility", "exclude", "q"),
        )
    )
    assert "2 titles were screened, 1 full text was read, and none is included" in said
    assert "The most frequent reasons of exclusion are 'p' and 'q' (1 each)." in said


@pytest.mark.parametrize("read", [read_literature, read_screening])
def test_what_is_absent_is_handed_on(read):
    absent = NotAvailable("no file")
    assert read(absent) is absent
    assert read_keyword_network(absent, absent) is absent
