"""Merging, counting, keyword networks and the flow of screening."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.bibliography import LiteratureSpec
from crmstudy.design.literature.analysis import study_literature
from crmstudy.design.literature.clusters import cluster_by_modularity, modularity
from crmstudy.design.literature.counting import (
    Keywords,
    count_productivity,
    count_years,
    normalise_keywords,
    rank_authors,
    rank_journals,
)
from crmstudy.design.literature.drawing import lay_out_network
from crmstudy.design.literature.merging import merge_duplicates
from crmstudy.design.literature.networks import association_strength, jaccard, relate_keywords
from crmstudy.design.literature.publications import Publication
from crmstudy.design.literature.screening import flow_screening
from crmstudy.design.literature.sources import Library, read_library
from crmstudy.errors import DataError, ModelError, NotAvailable

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "reference" / "modularity"


def publish(title, **known):
    """Make a publication of source A unless told otherwise."""
    given = {"source": "A", "file": "a.bib", "line": 1, "key": title.lower(), "kind": "article"}
    return Publication(**(given | {"title": title} | known))


def decide(*rows):
    """Write rows of decisions: record, stage, decision, reason, screener."""
    columns = ["record", "stage", "decision", "reason", "screener"]
    return pd.DataFrame([[*row, *[""] * (5 - len(row))] for row in rows], columns=columns)


LONG = "A title that is long enough"


def test_records_merge_by_doi_or_by_title_and_year():
    found = merge_duplicates(
        [
            publish(LONG, year=2020, doi="10.1000/a", keywords=("CRM",)),
            publish("Quite another title here", year=2021, doi="10.1000/a", source="B"),
            publish("A Title, that is long Enough!", year=2020, source="C", keywords=("crm", "x")),
            publish("Editorial", year=2020),
            publish("Editorial", year=2020, source="B"),
            publish(LONG, year=2021, source="B"),
        ]
    )
    assert found.n_duplicates == 2
    assert found.merged["found by"].tolist() == ["same DOI", "same title and year"]
    assert found.sources[0] == ("A", "B", "C")
    assert found.publications[0].keywords == ("CRM", "x")
    assert found.table().set_index("source").loc["B"].tolist() == [3, 2]


def test_records_with_two_dois_are_kept_apart_and_listed():
    same = [publish(LONG, year=2020, doi=doi) for doi in ("10.1000/a", "10.1000/b", "")]
    found = merge_duplicates(same)
    assert (found.n_duplicates, len(found.doubtful)) == (0, 3)


def test_merging_does_not_depend_on_the_order_of_records():
    records = [
        publish(LONG, year=2020, doi="10.1000/a"),
        publish(LONG, year=2020, source="B"),
        publish("Something of its own", year=2019),
    ]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        found = merge_duplicates([records[i] for i in order])
        assert sorted((one.title, one.doi) for one in found.publications) == [
            (LONG, "10.1000/a"),
            ("Something of its own", ""),
        ]


def test_years_without_a_publication_count_as_zero():
    works = [publish("x", year=year) for year in (2018, 2018, 2021, None)]
    table = count_years(works)
    assert table["year"].tolist() == [2018, 2019, 2020, 2021]
    assert table["publications"].tolist() == [2, 0, 0, 1]
    assert table["cumulative publications"].tolist() == [2, 2, 2, 3]
    with pytest.raises(ModelError, match="no publication has a year"):
        count_years([publish("x")])


def test_journals_fall_into_zones_of_a_third():
    names = ["J"] * 4 + ["The K"] * 2 + ["k", "L & M", "l and m", "N", "O", "P"]
    table = rank_journals([publish("x", journal=name) for name in names]).set_index("journal")
    assert table["publications"].tolist() == [4, 3, 2, 1, 1, 1]
    assert table["zone"].tolist() == [1, 2, 2, 3, 3, 3]
    assert table["cumulative share"].iloc[-1] == 1


def test_authors_are_counted_by_family_name_and_initial():
    works = [
        publish("x", authors=("Oliver, Richard L.", "Li, A.")),
        publish("y", authors=("Oliver, R.",)),
        publish("z", authors=("王芳",)),
    ]
    table = rank_authors(works)
    assert table["author"].tolist() == ["Oliver, R.", "Li, A.", "王芳"]
    assert table["publications"].tolist() == [2, 1, 1]
    assert table["first author"].tolist() == [2, 0, 1]
    assert count_productivity(table)["authors"].tolist() == [2, 1]


def test_only_stated_synonyms_are_joined():
    works = [
        publish("x", keywords=("CRM", "Customers", "ＣＲＭ")),
        publish("y", keywords=("客户关系管理", "customer")),
    ]
    found = normalise_keywords(works, synonyms={"crm": ["客户关系管理"]}, ignored=["customers"])
    assert found.words == (("crm",), ("crm", "customer"))
    titles = normalise_keywords([publish("The loyalty of shops and loyalty"), publish("顾客满意")])
    assert titles.words == (("loyalty", "shops"), ())
    assert titles.kind == "words of titles"
    with pytest.raises(ModelError, match="no publication has a keyword"):
        normalise_keywords([publish("顾客满意")])


def test_periods_end_with_the_last_year_and_give_shares():
    words = (("a",), ("a", "b"), ("b",), ())
    table = Keywords(words, "keywords", (2016, 2019, 2020, 2020)).periods(years=2)
    assert table["period"].tolist() == ["2015–2016", "2019–2020"] * 2
    assert table["share"].tolist() == [1, 0.5, 0, 1]


def test_similarities_agree_with_a_hand_computed_example():
    """Ten publications; term 1 in 4, term 2 in 5, both in 3: 30 / 20 and 3 / 6."""
    assert association_strength(3, 4, 5, n=10) == 1.5
    assert jaccard(3, 4, 5) == 0.5
    # Independent terms stand together as often as chance gives.
    assert association_strength(2, 4, 5, n=10) == 1


WORDS = (("a", "b"), ("a", "b"), ("a", "b", "c"), ("c", "d"), ("c", "d"), ("e", "e2"), ("a",))
KEYWORDS = Keywords(WORDS, "keywords", (2020,) * 7)


def test_the_network_keeps_strong_links_of_frequent_terms():
    net = relate_keywords(KEYWORDS)
    links = net.links.set_index(["first", "second"])
    assert links.index.tolist() == [("a", "b"), ("c", "d")]
    assert links.loc[("a", "b"), "strength"] == pytest.approx(7 * 3 / (4 * 3))
    assert net.terms.groupby("cluster")["term"].agg(list).tolist() == [["a", "b"], ["c", "d"]]
    assert net.n_isolated == 0
    fewer = relate_keywords(KEYWORDS, most_keywords=3)
    assert (fewer.least, fewer.terms["term"].tolist()) == (3, ["a", "b"])
    assert fewer.n_isolated == 1
    with pytest.raises(ModelError, match="no two keywords with 4 publications"):
        relate_keywords(KEYWORDS, least_count=4)


def test_the_network_does_not_depend_on_the_order_of_publications():
    net = relate_keywords(KEYWORDS)
    turned = relate_keywords(replace(KEYWORDS, words=tuple(w[::-1] for w in WORDS[::-1])))
    pd.testing.assert_frame_equal(net.terms, turned.terms)
    pd.testing.assert_frame_equal(net.links, turned.links)


def test_more_publications_without_the_terms_make_their_link_stronger():
    more = replace(KEYWORDS, words=(*WORDS, ("z",)), years=(2020,) * 8)
    ratio = relate_keywords(more).links["strength"] / relate_keywords(KEYWORDS).links["strength"]
    assert ratio.tolist() == pytest.approx([8 / 7, 8 / 7])


def read_karate():
    edges = pd.read_csv(REFERENCE / "edges.csv").to_numpy() - 1
    weights = np.zeros((34, 34))
    weights[edges[:, 0], edges[:, 1]] = weights[edges[:, 1], edges[:, 0]] = 1
    return weights


def test_modularity_agrees_with_igraph():
    given = pd.read_csv(REFERENCE / "given.csv").set_index("quantity")["value"]
    labels = (np.arange(34) + 1) % 2
    assert modularity(read_karate(), labels) == pytest.approx(given["odd_even"], abs=1e-9)


def test_greedy_clusters_are_as_good_as_those_of_igraph():
    expected = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]
    weights = read_karate()
    labels = cluster_by_modularity(weights)
    assert modularity(weights, labels) == pytest.approx(expected["modularity"], abs=1e-9)
    sizes = sorted(np.bincount(labels), reverse=True)
    assert sizes == [expected[f"size{i}"] for i in range(1, len(sizes) + 1)]


def test_the_layout_keeps_neighbours_near_and_is_the_same_on_every_run():
    weights = np.zeros((5, 5))
    for i, j in ((0, 1), (1, 2), (2, 3)):
        weights[i, j] = weights[j, i] = 1
    spots = lay_out_network(weights)
    assert (spots == lay_out_network(weights)).all()
    assert ((spots >= 0) & (spots <= 1)).all()
    away = np.linalg.norm(spots[:, None] - spots[None, :], axis=2)
    assert away[0, 1] < away[0, 2] < away[0, 3]
    assert lay_out_network(np.array([[0.0, 1], [1, 0]])).tolist() == [[0, 0.5], [1, 0.5]]


MERGED = merge_duplicates(
    [publish(name, year=2020) for name in ("One", "Two", "Three")]
    + [publish(LONG, year=2020, key="four"), publish(LONG, year=2020, source="B", key="five")]
)
READ = [(key, "screening", "include") for key in ("one", "two", "four")]
FLOW = decide(
    *READ,
    ("three", "screening", "exclude", "other subject"),
    ("one", "eligibility", "include"),
    ("two", "eligibility", "exclude", "no data"),
    ("five", "eligibility", "include"),
)


def test_the_flow_adds_up_from_records_to_works():
    flow = flow_screening(MERGED, FLOW, seed=1)
    assert flow.identified == {"A": 4, "B": 1}
    assert (flow.duplicates, flow.included) == (1, 2)
    assert flow.entered == {"screening": 4, "eligibility": 3}
    assert flow.excluded == {"screening": {"other subject": 1}, "eligibility": {"no data": 1}}
    table = flow.table()
    identified = table.loc[table["step"] == "identified", "records"].sum()
    out = table.loc[table["step"].str.contains("taken out|excluded"), "records"].sum()
    assert identified - out == table["records"].iloc[-1]


def test_records_may_carry_their_own_decisions():
    own = merge_duplicates(
        [
            publish("One", screening=("include",)),
            publish("Two", screening=("screening: exclude: other: subject",)),
        ]
    )
    flow = flow_screening(own, seed=1)
    assert flow.excluded["screening"] == {"other: subject": 1}
    assert isinstance(flow.agreement_table(), NotAvailable)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("six", "screening", "include")], "record 'six': no record has it"),
        ([("one", "scan", "include")], "stage 'scan'; allowed are screening and eligibility"),
        ([("one", "screening", "yes")], "decision 'yes'; allowed are include and exclude"),
        ([("one", "eligibility", "exclude")], "a full text is excluded without a reason"),
        (READ, "'three': no decision of screening; every publication"),
        (
            [*READ, ("three", "screening", "exclude"), ("three", "eligibility", "include")]
            + [(key, "eligibility", "include") for key in ("one", "two", "four")],
            "'three': a decision of eligibility, but the publication was excluded before",
        ),
        (
            [
                *READ,
                ("three", "screening", "exclude", "x", "A"),
                ("three", "screening", "include", "", "B"),
            ],
            "'three': the decisions of screening differ; add a row with the screener consensus",
        ),
    ],
)
def test_decisions_that_do_not_add_up_are_refused(rows, message):
    with pytest.raises(DataError, match=message):
        flow_screening(MERGED, decide(*rows), seed=1)


def test_without_decisions_there_is_no_flow():
    with pytest.raises(ModelError, match="no record has a decision of screening"):
        flow_screening(MERGED, seed=1)


def test_agreement_of_two_screeners_is_cohens_kappa():
    """Cohen (1960): of 20 works both include 8, both exclude 6, they differ in 6.

    Agreement .7, by chance .5 * .6 + .5 * .4 = .5, so kappa = .2 / .5.
    """
    works = merge_duplicates([publish(f"w{i}") for i in range(20)])
    first = ["include"] * 10 + ["exclude"] * 10
    second = ["include"] * 8 + ["exclude"] * 8 + ["include"] * 4
    rows = [(f"w{i}", "screening", d, "", "A") for i, d in enumerate(first)]
    rows += [(f"w{i}", "screening", d, "", "B") for i, d in enumerate(second)]
    rows += [
        (f"w{i}", "screening", "include", "", "consensus")
        for i in range(20)
        if first[i] != second[i]
    ]
    flow = flow_screening(works, decide(*rows), seed=1)
    kappa = flow.agreement["screening"]
    assert (kappa.agreement, kappa.expected) == pytest.approx((0.7, 0.5))
    assert kappa.kappa == pytest.approx(0.4)
    assert flow.included == 14
    assert flow.agreement_table()["both read"].tolist() == [20]


def test_the_template_is_analysed_whole_and_the_same_on_every_run():
    folder = ROOT / "data" / "template"
    spec = LiteratureSpec(
        files=[
            {"file": "literature_english.bib", "source": "E"},
            {"file": "literature_chinese.ris", "source": "C"},
        ],
        decisions="literature_decisions.csv",
        synonyms={"customer loyalty": ["顾客忠诚"]},
    )
    library = read_library(spec, folder=folder, root=ROOT)
    found, again = (study_literature(library, seed=7) for _ in range(2))
    assert (found.n_publications, found.merged.n_duplicates) == (7, 1)
    assert found.to_metrics() == again.to_metrics()
    assert found.screening.included == 4
    assert found.name == "the literature found by the study's searches"
    terms = found.keywords.table().set_index("term")["publications"]
    assert terms["customer loyalty"] == 4


def test_parts_that_cannot_be_had_are_not_available():
    library = Library((publish("顾客满意", kind="book"),), LiteratureSpec(), None, example=True)
    found = study_literature(library, seed=1)
    for part in ("years", "journals", "authors", "productivity", "keywords", "network"):
        assert isinstance(getattr(found, part), NotAvailable), part
    assert found.to_metrics() == {"records": 1, "duplicates": 0, "publications": 1}
