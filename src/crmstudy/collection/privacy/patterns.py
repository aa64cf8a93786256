"""What an e-mail address, a telephone number, an identity card or a bank account looks like.

A number is never part of a longer number, of a decimal or of a word. Full-width signs
count as plain ones. Two strictnesses: *wide* for masking the words of customers, *strict* for
scanning reports, which are full of numbers that are not telephones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Full-width digits, letters and signs as plain ones, sign by sign, so that places stay.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

#: Before and after a number: no digit, letter of the Latin alphabet, or part of a decimal.
_START = r"(?<![A-Za-z0-9_])(?<![0-9][.,:/\-])(?<![.,/\-])"
_STARTS_LOOSE = r"(?<![A-Za-z0-9_])(?<![0-9][.,:/\-])"
_END = r"(?![A-Za-z0-9_])(?![.,:/\-][0-9])"
#: Mobile numbers are told apart well enough to stand in lists: 138..., 139... or 138.../139...
_START_MOBILE = r"(?<![A-Za-z0-9_.])(?<![A-Za-z0-9]-)(?<![^0-9][0-9],)(?<!^[0-9],)"
_END_MOBILE = r"(?![A-Za-z0-9_])(?!\.[0-9])(?!,[0-9]{1,2}(?![0-9]))"
_GAP = r"[ \u00a0\-–]?"

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9](?:[A-Za-z0-9._%+\-]{0,62}[A-Za-z0-9_])?"
    r"\s?(?:@|[\[(]at[\])])\s?"
    r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
    r"(?:(?:\.|\s?[\[(]dot[\])]\s?)[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*"
    r"(?:\.|\s?[\[(]dot[\])]\s?)[A-Za-z]{2,24}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ID_CARD = re.compile(
    _STARTS_LOOSE + r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"
    r"[\dXx]" + _END
)
_IBAN = re.compile(
    _STARTS_LOOSE + r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?" + _END
)
_CARD = re.compile(_STARTS_LOOSE + r"[2-6]\d{3}(?:[ \-]?\d{4}){2}[ \-]?\d{1,7}" + _END)
_AMEX = re.compile(_STARTS_LOOSE + r"3[47]\d{2}[ \-]?\d{6}[ \-]?\d{5}" + _END)

_MOBILE_CN = re.compile(
    rf"(?:(?<![A-Za-z0-9_+])(?:\+|00)?86[ \-]?|{_START_MOBILE})"
    rf"1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_END_MOBILE}"
)
_LANDLINE_CN = re.compile(
    rf"{_START}(?:[(]0(?:10|2\d|[3-9]\d{{2}})[)] ?|0(?:10|2\d|[3-9]\d{{2}})[\-– ])"
    rf"\d{{7,8}}(?:[\-转]\d{{1,5}})?{_END}"
)
_LANDLINE_CN_BARE = re.compile(rf"{_START}0(?:10|2\d|[3-9]\d{{2}})[2-8]\d{{6,7}}{_END}")
_PLUS = re.compile(
    r"(?<![A-Za-z0-9_.])\+[1-9]\d{0,2}(?:[ \u00a0.\-/–]?[(]?\d{1,5}[)]?){2,6}" + _END
)
_ZEROS = re.compile(rf"{_START}00[1-9]\d{{0,2}}(?:[ \-/][(]?\d{{2,8}}[)]?){{2,5}}{_END}")
_NORTH_AMERICA = re.compile(
    rf"{_START}(?:1[ \-.])?(?:\((?![48]00)[2-9]\d{{2}}\) ?|(?![48]00)[2-9]\d{{2}}[ \-.])"
    rf"[2-9]\d{{2}}[\-.]\d{{4}}{_END}"
)
_FRANCE = re.compile(rf"{_START}0[1-9](?:[ .\-]\d{{2}}){{4}}{_END}")
_TRUNK = re.compile(
    rf"{_START}(?:[(]0\d{{1,4}}[)] ?|0\d{{2,4}} ?[/\-] ?|0\d{{2,4}} )"
    rf"\d{{2,8}}(?:[ \-]\d{{2,5}}){{0,3}}{_END}"
)
_TRUNK_STRICT = re.compile(
    rf"{_START}(?:[(]0\d{{1,4}}[)] ?|0\d{{2,4}} ?/ ?|0\d{{2,4}}-|0\d{{2,4}} )\d{{6,8}}{_END}"
)
_LABELLED = re.compile(
    r"(?:电话|電話|手机|手機|座机|热线回拨|联系方式|tel|telephone|phone|mobile|cell|handy|telefon|whatsapp)"
    r"(?:号码|号|號碼|號|\s?(?:no|nr|number)\b)?\.?\s?(?:是|为|is)?\s?[:=]?\s?"
    rf"([+(]?\d[\d \-–()./]{{4,18}}\d){_END}",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:(?:微信|wechat|weixin)(?:号|號|\s?id)?\s?(?:[:]|是|为)\s?|(?:微信|wechat)(?:号|號|\s?id)\s?|"
    r"\bqq(?:号|號)?\s?[:是]?\s?)([A-Za-z][A-Za-z0-9_\-]{5,19}|\d{5,11})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)

#: Right before a number these words say that it is one of an order, not of a person.
_ORDER = re.compile(
    r"(?:订单编号|订单号码|订单号|订单|單號|单号|運單|运单|快递|流水号|编号|货号|商品|发票|"
    r"\b(?:order|invoice|ticket|tracking|parcel|item|article|sku|serial|reference|ref|case|"
    r"bestellung|bestellnummer|auftrag|rechnung)"
    r"(?:\s?(?:number|num|no|nr|id))?|\bno\.|\bnr\.|#|№)"
    r"\s?\.?\s?(?:是|为|is)?\s?[:#=]?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Match:
    """One place in a text, and what it is: e-mail, phone, id card, bank account, card ..."""

    start: int
    end: int
    kind: str


def find_personal(text: str, *, strict: bool = False) -> list[Match]:
    """Find e-mail addresses, telephone numbers, identity cards and accounts in a text.

    Parameters
    ----------
    text : str
        Any text, of any language.
    strict : bool
        Whether a telephone number must be written as one (country code, area code in a
        common form, Chinese mobile number); else shorter forms and bare digits behind a
        word like "phone" count too.

    Returns
    -------
    list of Match
        In order of place, without overlaps.
    """
    text = text.translate(_NARROW)
    digits = sum(map(text.count, "0123456789"))
    finders = [_emails] if "@" in text or _SPELT.search(text) else []
    finders += [_cards] if digits >= LEAST_OF_CARD else []
    finders += [_accounts] if _CALLED.search(text) else []
    finders += [_phones] if digits >= LEAST_OF_PHONE else []
    found: list[Match] = []
    for finder in finders:
        for match in finder(text, strict):
            if all(match.end <= other.start or match.start >= other.end for other in found):
                found.append(match)
    return sorted(found, key=lambda match: match.start)


#: A text with fewer digits holds no card or account, and no telephone number.
LEAST_OF_CARD, LEAST_OF_PHONE = 10, 5
_SPELT = re.compile(r"[\[(]at[\])]", re.IGNORECASE)
_CALLED = re.compile(r"微信|wechat|weixin|qq", re.IGNORECASE)


def _emails(text: str, strict: bool) -> Iterator[Match]:
    for found in _EMAIL.finditer(text):
        # Packages are pinned as name@1.2 and decorators stand alone; neither has a domain.
        yield Match(found.start(), found.end(), "e-mail")


def _cards(text: str, strict: bool) -> Iterator[Match]:
    for found in _ID_CARD.finditer(text):
        if is_id_card(found.group()):
            yield Match(found.start(), found.end(), "id card")
    for found in _IBAN.finditer(text):
        if is_iban(found.group()):
            yield Match(found.start(), found.end(), "bank account")
    for pattern in (_CARD, _AMEX):
        for found in pattern.finditer(text):
            digits = _digits(found.group())
            if 13 <= len(digits) <= 19 and passes_luhn(digits) and not _of_order(text, found):
                yield Match(found.start(), found.end(), "card")


def _accounts(text: str, strict: bool) -> Iterator[Match]:
    for found in _ACCOUNT.finditer(text):
        if not strict or any(c.isdigit() for c in found.group(1)):
            yield Match(found.start(1), found.end(1), "account")


def _phones(text: str, strict: bool) -> Iterator[Match]:
    patterns = [_MOBILE_CN, _PLUS, _LANDLINE_CN, _NORTH_AMERICA, _FRANCE]
    patterns += [_TRUNK_STRICT] if strict else [_ZEROS, _LANDLINE_CN_BARE, _TRUNK]
    for pattern in patterns:
        for found in pattern.finditer(text):
            digits = len(_digits(found.group()))
            if 9 <= digits <= 16 and not _of_order(text, found):
                yield Match(found.start(), found.end(), "phone")
    if not strict:
        for found in _LABELLED.finditer(text):
            if 5 <= len(_digits(found.group(1))) <= 15:
                yield Match(found.start(1), found.end(1), "phone")


_CALL = re.compile("电话|電話|手机|手機|tel|phone|mobile|cell|fax", re.IGNORECASE)


def _of_order(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 24) : found.start()]
    return _ORDER.search(before) is not None and _CALL.search(before) is None


def _digits(text: str) -> str:
    return "".join(c for c in text if c in "0123456789")


def is_id_card(number: str) -> bool:
    """Check the last sign of a Chinese 18-digit identity number.

    References
    ----------
    GB 11643-1999 (ISO 7064, MOD 11-2).
    """
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(number[:17]))
    expected = "10X98765432"[total % 11]
    return number[17].upper() == expected


def is_iban(number: str) -> bool:
    """Check the two digits of an international bank account number (ISO 13616, mod 97)."""
    plain = number.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def passes_luhn(digits: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1, Luhn)."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
