"""Records find their customers: known truth, laws, hand-computed weights, refusals."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.matching import weights
from crmstudy.collection.matching.comparisons import arrange, compare_names, open_pairs
from crmstudy.collection.matching.linkage import METHODS, Linkage, link_records
from crmstudy.collection.matching.normalise import ATTRIBUTES, normalise_persons
from crmstudy.collection.matching.pairs import match_probability
from crmstudy.collection.matching.weights import Weights, score_pairs
from crmstudy.errors import DataError
from crmstudy.settings import Linkage as Settings

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "linkage"
SETTINGS, LOOSE = Settings(), Settings(accept=0.7)

GIVEN = re.findall(
    r"\w+",
    "anna ben clara david emma felix greta hugo ida jonas klara leon mia noah olivia paul "
    "quinn rosa simon tara ulrich vera walter xenia yara zoe albert bertha carl dora erik "
    "frida georg",
)
FAMILY = re.findall(
    r"\w+",
    "smith jones brown taylor wilson davies evans thomas johnson roberts walker wright "
    "robinson thompson white hughes edwards green hall wood harris lewis martin jackson "
    "clarke turner hill cooper morris ward moore clark baker harrison morgan patel young "
    "allen mitchell anderson phillips lee bell parker davis bennett miller cook shaw cox "
    "richards marshall carter",
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"
HAN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉红建文志国海春梅云飞鹏宇晨欣怡子涵雨浩然梓轩"
)


def draw_population(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw persons; every tenth lives in the household of the one before, every fortieth is
    that person's twin."""
    chinese = rng.random(n) < 0.5
    rank = np.minimum(rng.zipf(1.4, n), 40) - 1
    surname = np.where(
        chinese, np.array(list(SURNAMES))[rank], rng.choice(np.array(FAMILY), n)
    ).astype(object)
    two = rng.choice(list(HAN), (n, 2))
    han = np.where(rng.random(n) < 0.3, two[:, 0], np.char.add(two[:, 0], two[:, 1]))
    given = np.where(chinese, han, rng.choice(np.array(GIVEN), n)).astype(object)
    postcode = rng.integers(100_000, 100_000 + max(n // 40, 5), n).astype(str).astype(object)
    phone = np.array([f"13{k:09d}" for k in rng.integers(0, 10**9, n)], dtype=object)
    year = rng.integers(1945, 2005, n)
    together = np.flatnonzero(rng.random(n) < 0.1)
    for k in together[together > 0]:
        surname[k], postcode[k], chinese[k] = surname[k - 1], postcode[k - 1], chinese[k - 1]
        pool = [one for one in (HAN if chinese[k] else GIVEN) if one != given[k - 1]]
        given[k] = rng.choice(pool)
        if rng.random() < 0.25:
            year[k] = year[k - 1]
        if rng.random() < 0.3:
            phone[k] = phone[k - 1]
    name = np.where(chinese, surname + given, given + " " + surname)
    number = rng.integers(0, 10 * n, n).astype(str)
    host = rng.choice(["example.com", "mail.example.org", "qq.example"], n)
    email = [f"u{a}.{b}@{c}" for a, b, c in zip(number, year, host, strict=True)]
    return pd.DataFrame(
        {
            "person": np.arange(n),
            "name": name,
            "email": email,
            "phone": phone,
            "postcode": postcode,
            "birth_year": year.astype(float),
        }
    )


def misspell(text: str, rng: np.random.Generator) -> str:
    """Swap, drop or replace one letter."""
    k = int(rng.integers(0, len(text) - 1))
    kind = rng.integers(0, 3)
    if kind == 0:
        return text[:k] + text[k + 1] + text[k] + text[k + 2 :]
    if kind == 1:
        return text[:k] + text[k + 1 :]
    return text[:k] + rng.choice(list("abcdefghijklmnop")) + text[k + 1 :]


def spoil(persons: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Write the persons down again, as people do."""
    out = persons.copy()
    n = len(out)
    names = []
    for name in out["name"]:
        if name.isascii():
            name = misspell(name, rng) if rng.random() < 0.12 else name
            if rng.random() < 0.3:
                name = ", ".join(reversed(name.split(" ", 1)))
            name = name.title() if rng.random() < 0.5 else name.upper()
        elif rng.random() < 0.2:
            name = name[0] + " " + name[1:] + ("女士" if rng.random() < 0.3 else "")
        names.append(name)
    out["name"] = names
    changed = {"email": 0.25, "phone": 0.25, "postcode": 0.12, "birth_year": 0.04}
    fresh = draw_population(n, rng)
    for column, share in changed.items():
        out[column] = out[column].mask(rng.random(n) < share, fresh[column])
    prefixed = rng.random(n) < 0.2
    out["phone"] = out["phone"].mask(prefixed, "+86 " + out["phone"])
    for column in ("name", "email", "phone", "postcode", "birth_year"):
        out[column] = out[column].mask(rng.random(n) < 0.12)
    return out


def draw_files(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Draw customers and records, two thirds of which are customers, with the truth."""
    rng = np.random.default_rng(seed)
    population = draw_population(int(n * 1.5), rng)
    is_customer = rng.random(len(population)) < 2 / 3
    customers = population[is_customer].reset_index(drop=True)
    customers["customer_id"] = "c" + customers["person"].astype(str)
    for column in ("email", "phone", "postcode", "birth_year"):
        customers[column] = customers[column].mask(rng.random(len(customers)) < 0.05)
    chosen = rng.permutation(len(population))[:n]
    records = spoil(population.iloc[chosen].reset_index(drop=True), rng)
    records["record_id"] = "r" + pd.Series(np.arange(n)).astype(str)
    truth = ("c" + records["person"].astype(str)).where(records["person"].isin(customers["person"]))
    truth.index = pd.Index(records["record_id"])
    return customers.drop(columns="person"), records.drop(columns="person"), truth


def judge(linkage: Linkage, truth: pd.Series) -> pd.DataFrame:
    """Put the truth beside the links."""
    links = linkage.links.set_index("record_id")
    return links.assign(true=links["customer_id"] == truth.reindex(links.index))


def by_id(linkage: Linkage) -> pd.DataFrame:
    return linkage.links.sort_values("record_id", ignore_index=True)


def person(number: int | str, **known: object) -> dict[str, object]:
    return {"customer_id": f"c{number}", **dict.fromkeys(ATTRIBUTES), **known}


@pytest.fixture(scope="module")
def files():
    return draw_files(800, seed=11)


@pytest.fixture(scope="module")
def linked(files):
    customers, records, _ = files
    return link_records(records, customers, key="record_id", settings=SETTINGS, source="leads")


@pytest.fixture(scope="module")
def few():
    return draw_files(300, seed=12)


@pytest.fixture(scope="module")
def few_linked(few):
    customers, records, _ = few
    return link_records(records, customers, key="record_id", settings=SETTINGS, source="leads")


# Recovery: the truth is known.


def test_links_are_right_and_more_than_exact_keys_find(files, linked):
    *_, truth = files
    judged = judge(linked, truth)
    assert judged["true"].mean() >= 0.98
    probable = judged["method"].eq("probabilistic")
    findable = truth.notna().sum()
    exact_recall = judged.loc[~probable, "true"].sum() / findable
    recall = judged["true"].sum() / findable
    assert exact_recall > 0.85
    assert recall > exact_recall + 0.02


@pytest.mark.slow
def test_probabilities_mean_what_they_say():
    """Over several files, the accepted links are right as often as they claim."""
    claimed, right, count = 0.0, 0, 0
    for seed in (1, 2, 3):
        customers, records, truth = draw_files(600, seed=seed)
        found = link_records(records, customers, key="record_id", settings=LOOSE)
        judged = judge(found, truth)
        probable = judged[judged["method"] == "probabilistic"]
        claimed += probable["probability"].sum()
        right += int(probable["true"].sum())
        count += len(probable)
    assert count > 70
    assert claimed / count == pytest.approx(right / count, abs=0.05)


def test_share_of_records_that_are_customers_is_found(files, linked):
    *_, truth = files
    assert linked.share == pytest.approx(truth.notna().mean(), abs=0.03)


def test_m_and_u_are_found(files, linked):
    """``m`` is the share of equal entries among the pairs that truly are one person."""
    customers, records, truth = files
    pairs = records.assign(customer_id=truth.to_numpy()).merge(customers, on="customer_id")
    levels = linked.weights.levels.set_index(["comparison", "level"])
    for name in ("email", "phone", "postcode", "birth_year"):
        both = pairs[[f"{name}_x", f"{name}_y"]].dropna()
        both = both.apply(lambda column: column.astype(str).str.removeprefix("+86 "))
        share = both.iloc[:, 0].eq(both.iloc[:, 1]).mean()
        assert levels.loc[(name, "equal"), "m"] == pytest.approx(share, abs=0.03), name
    assert levels.loc[("birth_year", "equal"), "u"] == pytest.approx(1 / 60, abs=0.002)
    assert set(levels["m from"]) == {"EM"}


def test_who_is_no_customer_is_not_linked_by_guess(files):
    customers = files[0]
    strangers = draw_population(400, np.random.default_rng(99)).drop(columns="person")
    strangers["record_id"] = "s" + pd.Series(range(400)).astype(str)
    found = link_records(strangers, customers, key="record_id", settings=SETTINGS)
    assert len(found.links) <= 2


# Reference and published values.


def test_weights_and_probabilities_agree_with_r():
    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(REFERENCE / name, dtype="str")

    levels = pd.read_csv(REFERENCE / "levels.csv")
    model = Weights(levels.assign(weight=np.log2(levels["m"] / levels["u"])), 0.0)
    sides = [arrange(normalise_persons(read(name))) for name in ("records.csv", "customers.csv")]
    with open_pairs(*sides) as connection:
        pairs, _ = score_pairs(connection, model, sides=["left_side", "right_side"])
    pairs = pairs.rename(columns={"left": "row", "right": "customer"})
    probability, share = match_probability(pairs, customers=8, records=6)
    found = pairs.assign(probability=probability).sort_values(["row", "customer"])
    expected = pd.read_csv(REFERENCE / "expected.csv")
    assert (
        found[["row", "customer"]].to_numpy().tolist()
        == expected[["left", "right"]].to_numpy(dtype=int).tolist()
    )
    for column in ("weight", "probability"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-9)
    assert share == pytest.approx(expected["share"][0], abs=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "published"),
    [
        ("MARTHA", "MARHTA", 0.961),
        ("DIXON", "DICKSONX", 0.813),
        ("DUANE", "DWAYNE", 0.840),
        ("SHACKLEFORD", "SHACKELFORD", 0.982),
        ("JONES", "JOHNSON", 0.832),
    ],
)
def test_the_likeness_of_names_is_the_published_one(a, b, published):
    """Winkler, W. E. (2006). Overview of record linkage. US Bureau of the Census
    RRS2006/02 (three digits)."""
    with open_pairs(arrange(normalise_persons(pd.DataFrame({"name": [a]})))) as connection:
        found = connection.execute("SELECT jaro_winkler_similarity(?, ?)", [a, b]).fetchall()
    assert found[0][0] == pytest.approx(published, abs=0.0005)


def test_probability_of_two_equal_candidates_by_hand():
    pairs = pd.DataFrame({"row": [0, 0, 1], "weight": [10.0, 10.0, 20.0]})
    found, share = match_probability(pairs, customers=100, records=2, sure=0)
    r = np.array([1024, 1024, 1024**2]) / 100
    total = np.array([r[0] + r[1]] * 2 + [r[2]])
    np.testing.assert_allclose(found, share * r / (1 - share + share * total), rtol=1e-12)
    assert share == pytest.approx((found.sum() + 1) / 4, abs=1e-9)


# Laws.


def test_row_order_and_names_of_identifiers_change_nothing(few, monkeypatch):
    """Not even in the last digit, and though only a sample of the pairs is looked at."""
    monkeypatch.setattr(weights, "SAMPLED_PAIRS", 5_000)
    customers, records, _ = few
    before = by_id(link_records(records, customers, key="record_id", settings=SETTINGS))
    rng = np.random.default_rng(0)
    renamed = link_records(
        records.iloc[rng.permutation(len(records))].assign(
            record_id="z" + records["record_id"].str[::-1]
        ),
        customers.iloc[rng.permutation(len(customers))].assign(
            customer_id="k" + customers["customer_id"].str[::-1]
        ),
        key="record_id",
        settings=SETTINGS,
    )
    back = renamed.links.assign(
        record_id=renamed.links["record_id"].str[1:].str[::-1],
        customer_id=renamed.links["customer_id"].str[1:].str[::-1],
    )
    back = back.sort_values("record_id", ignore_index=True)
    pd.testing.assert_frame_equal(back, before, check_exact=True)


def test_an_unrelated_record_or_customer_changes_no_exact_link(few, few_linked):
    customers, records, _ = few
    odd = person("new", name="Quirin Quast", email="q@quast.example", postcode="999999")
    other = {**odd, "record_id": "odd", "email": "x@odd.example", "name": "Xaver Xanten"}
    other.pop("customer_id")
    more = link_records(
        pd.concat([records, pd.DataFrame([other])], ignore_index=True),
        pd.concat([customers, pd.DataFrame([odd])], ignore_index=True),
        key="record_id",
        settings=SETTINGS,
    )
    keys = ["e-mail", "phone", "name"]
    pd.testing.assert_frame_equal(
        more.links[more.links["method"].isin(keys)].reset_index(drop=True),
        few_linked.links[few_linked.links["method"].isin(keys)].reset_index(drop=True),
    )


def test_every_record_is_counted_once(few_linked):
    table = few_linked.table().set_index("method")["records"]
    assert table["all methods"] + table["not linked"] == few_linked.records
    assert table[list(METHODS)].sum() == table["all methods"]
    assert not few_linked.links["record_id"].duplicated().any()
    assert not set(few_linked.review["record_id"]) & set(few_linked.links["record_id"])
    assert few_linked.to_metrics()["expected_false_links"] == pytest.approx(
        few_linked.expected_false
    )


def test_a_higher_bar_accepts_a_part(few, few_linked):
    customers, records, _ = few
    strict = link_records(records, customers, key="record_id", settings=Settings(accept=0.995))
    ours = set(zip(strict.links["record_id"], strict.links["customer_id"], strict=True))
    assert ours < set(
        zip(few_linked.links["record_id"], few_linked.links["customer_id"], strict=True)
    )


def test_levels_weigh_less_the_less_they_agree(few_linked):
    for _, rows in few_linked.weights.levels.groupby("comparison"):
        assert rows["weight"].is_monotonic_decreasing
        np.testing.assert_allclose(rows["weight"], np.log2(rows["m"] / rows["u"]))


def test_nothing_is_printed_and_logging_is_left_alone(few, capfd, caplog):
    customers, records, _ = few
    logger = logging.getLogger("splink")
    before = (logger.level, list(logger.handlers), logger.propagate)
    link_records(records, customers, key="record_id", settings=SETTINGS)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert (logger.level, list(logger.handlers), logger.propagate) == before


# Rules, one by one.

CUSTOMERS = pd.DataFrame(
    [
        person(1, name="Anna Smith", email="anna@x.com", phone="13800138000", birth_year=1980),
        person(2, name="Ben Smith", email="ben@x.com", phone="13800138000", birth_year=1951),
        person(3, name="王小明", email="wang@x.cn", phone="13900139000", postcode="200030"),
        person(4, name="Clara Hill", phone="13700137000", postcode="310001", birth_year=1970),
        person(5, name="Dora Hall", email="hall@x.com", birth_year=1966),
        person(6, name="Emil Hall", email="hall@x.com", birth_year=1990),
    ]
)


RULES = {
    "identifier first": ({"customer_id": "c3", "email": "anna@x.com"}, "c3", "given"),
    "e-mail": ({"email": "ANNA@x.com"}, "c1", "e-mail"),
    "telephone": ({"phone": "+86 139-0013-9000", "name": "小明 王"}, "c3", "phone"),
    "name": ({"name": "Hill, Clara", "postcode": "310001", "birth_year": 1970}, "c4", "name"),
    "e-mail of two": ({"email": "hall@x.com"}, None, None),
    "telephone of two": ({"phone": "13800138000"}, None, None),
    "keys of two": ({"email": "anna@x.com", "phone": "13700137000"}, None, None),
    "household": ({"phone": "13700137000", "name": "Ida Hill"}, None, None),
    "surname": ({"name": "Hill", "postcode": "310001", "birth_year": 1970}, None, None),
    "unknown": ({"customer_id": "c9", "email": "anna@x.com"}, None, None),
    "silent": ({"customer_id": None}, None, None),
}


@pytest.fixture(scope="module")
def ruled():
    records = pd.DataFrame(
        [
            {**person(0), "customer_id": None, **says, "record_id": k}
            for k, (says, *_) in RULES.items()
        ]
    )
    return link_records(records, CUSTOMERS, key="record_id", settings=Settings(accept=0.9999))


@pytest.mark.parametrize("rule", RULES)
def test_exact_rules(ruled, rule):
    _, customer, method = RULES[rule]
    got = ruled.links[ruled.links["record_id"] == rule]
    expected = [[customer, method, 1.0]] if customer else []
    assert got[["customer_id", "method", "probability"]].to_numpy().tolist() == expected


def test_what_is_left_out_is_listed(ruled):
    assert ruled.unknown.to_numpy().tolist() == [["unknown", "c9"]]
    assert ruled.silent == 1
    reasons = ruled.review.set_index("record_id")["reason"]
    assert set(reasons.loc[["keys of two"]]) == {"its keys point to different customers"}
    assert set(reasons.loc[["household"]]) == {"what else is known speaks against the key"}


def test_a_household_member_is_for_review_at_most():
    """Same surname, postcode and telephone: dependent, and so no proof."""
    customers, records, _ = draw_files(600, seed=5)
    k = customers["phone"].notna() & customers["postcode"].notna() & customers["name"].str.isascii()
    member = customers[k].iloc[0]
    sibling = pd.DataFrame(
        [{**member, "name": f"Quirin {member['name'].split()[-1]}", "record_id": "sibling"}]
    ).drop(columns="customer_id")
    sibling["email"] = "quirin@elsewhere.example"
    found = link_records(
        pd.concat([records, sibling], ignore_index=True),
        customers,
        key="record_id",
        settings=SETTINGS,
    )
    assert "sibling" not in set(found.links["record_id"])
    listed = found.review.set_index("record_id").loc[["sibling"]]
    assert listed["customer_id"].tolist() == [member["customer_id"]]
    assert listed["agreement"].str.startswith("name one part equal").all()


def test_two_equal_customers_are_a_tie():
    customers, records, _ = draw_files(600, seed=6)
    k = customers[["name", "postcode", "birth_year", "phone"]].notna().all(axis=1)
    twin = customers[k].head(1).assign(customer_id="again")
    customers = pd.concat([customers, twin], ignore_index=True)
    record = twin.drop(columns=["customer_id", "email"]).assign(record_id="tie")
    found = link_records(
        pd.concat([records, record], ignore_index=True),
        customers,
        key="record_id",
        settings=Settings(accept=0.3, review=0.3),
    )
    assert "tie" not in set(found.links["record_id"])
    listed = found.review[found.review["record_id"] == "tie"]
    assert len(listed) == 2
    assert set(listed["reason"]) == {"another customer is as likely"}
    np.testing.assert_allclose(listed["probability"], 0.5, atol=0.01)


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("Anna Smith", "Smith, Anna", "equal"),
        ("Anna Smith", "Ana Smith", "near"),
        ("Anna Smith", "A Smith", "near"),
        ("Anna Maria Smith", "Anna Smith", "near"),
        ("Xiao Ming Wang", "Xiaoming Wang", "near"),
        ("Anna Smith", "Paul Smith", "one part equal"),
        ("Smith", "Smith", "one part equal"),
        ("Anna Smith", "Paul Jones", "other"),
        ("王小明", "王晓明", "one part equal"),
        ("王明", "王昆", "one part equal"),
        ("王小明", "Wang Xiaoming", "missing"),
        ("王小明", None, "missing"),
    ],
)
def test_levels_of_names(a, b, level):
    ours, theirs = (
        normalise_persons(pd.DataFrame({"name": [one]}, dtype="str"))["name"] for one in (a, b)
    )
    assert compare_names(ours, theirs).tolist() == [level]


# Refusals.


@pytest.mark.parametrize(
    ("records", "customers", "message"),
    [
        (pd.DataFrame({"x": ["1"]}), CUSTOMERS, "leads have no column 'record_id'"),
        (pd.DataFrame({"record_id": ["1", "1"]}), CUSTOMERS, "record_id .* '1' twice"),
        (pd.DataFrame({"record_id": ["1", None]}), CUSTOMERS, "record_id must identify .* empty"),
        (pd.DataFrame({"record_id": ["1"]}), pd.DataFrame({"y": [1]}), "customers have no column"),
    ],
)
def test_broken_keys_are_refused(records, customers, message):
    with pytest.raises(DataError, match=message):
        link_records(records, customers, key="record_id", settings=SETTINGS, source="leads")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (["name"], "share name; one attribute alone"),
        ([], "no record without an identifier was left"),
    ],
)
def test_why_nothing_was_weighed_is_said(columns, reason):
    records = pd.DataFrame([person(0, name="Anna Smith", phone="13611136111")])
    records = records[columns].assign(record_id="r")
    found = link_records(records, CUSTOMERS, key="record_id", settings=SETTINGS)
    assert reason in str(found.weights)
    assert found.links.empty
    assert found.table()["records"].max() == 1


def test_few_customers_prove_little():
    """Of two persons nothing is rare, and belief stands for estimates."""
    records = pd.DataFrame([person(0, name="Clara Hil", postcode="310001", birth_year=1970)])
    found = link_records(
        records.drop(columns="customer_id").assign(record_id="r"),
        CUSTOMERS.iloc[[3, 4]],
        key="record_id",
        settings=SETTINGS,
    )
    assert found.links.empty
    assert set(found.weights.levels["m from"]) == {"belief"}
    assert found.weights.pairs == 0


def test_perfect_files_are_linked_whole():
    customers, *_ = draw_files(300, seed=3)
    customers = customers.dropna(ignore_index=True)
    records = customers.drop(columns="customer_id").assign(
        record_id=customers["customer_id"], email=None, phone=None
    )
    found = link_records(records, customers, key="record_id", settings=SETTINGS)
    assert (found.links["record_id"] == found.links["customer_id"]).all()
    assert len(found.links) >= 0.95 * len(records)
