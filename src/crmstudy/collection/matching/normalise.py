"""What a record says of a person, in one spelling, so that records can be compared."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from crmstudy.collection.contracts.tables import PERSON

ATTRIBUTES = tuple(PERSON)

#: Forms of address and suffixes that are not part of a name.
TITLES = re.compile(
    "mr|mrs|ms|miss|mx|sir|dr|prof|professor|phd|md|herr|frau|dipl|mme|mlle|monsieur|madame|"
    "sr|sra|jr|junior|senior|ii|iii|iv"
)
TITLES_HAN = re.compile("(先生|女士|小姐|太太|夫人|老师|老師|教授|博士|经理|經理|同学|同學|总)$")

#: The surnames of two characters that are in common use, in a row; all others have one.
_TWO = (
    "欧阳歐陽太史端木上官司马司馬东方東方独孤南宫南宮万俟闻人夏侯"
    "诸葛諸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙公孫慕容"
    "仲孙钟离长孙宇文司徒鲜于司空令狐"
)
SURNAMES_OF_TWO = frozenset(_TWO[k : k + 2] for k in range(0, len(_TWO), 2))

_HAN = "\u3400-\u9fff\U00020000-\U0003134f"
_ALL_HAN = re.compile(f"[{_HAN}]+")
_SEPARATORS = re.compile(r"[\s,;/()\[\]\"_·・•．.、]+")
_JOINERS = re.compile(r"[-'’`‐‑–ʼ]")
_EMAIL = re.compile(r"[^\s@,;<>()\"]{1,64}@(?:[\w-]+\.)+[^\W\d_]{2,}")
_EXTENSION = re.compile(r"(?:ext\.?|extension|durchwahl|转|轉|分机|分機|x|#)\s*\d+\s*$", re.I)
#: E.164: at most 15 digits; shorter than 7 is no subscriber's full number.
_PHONE_DIGITS = (7, 15)
_MOBILE_CN = re.compile(r"86(1[3-9]\d{9})")


def normalise_persons(frame: pd.DataFrame, *, country_code: str = "86") -> pd.DataFrame:
    """Write what a table says of persons in one spelling.

    Width and case of letters, spaces, punctuation, forms of address, the order of a
    name's parts and the writing of a telephone number are made equal. What cannot be
    what its column says (an e-mail address without @) becomes missing;
    :func:`count_implausible` counts it. Nothing is guessed: characters are not
    transcribed (王 is not Wang) and simplified and traditional ones stay apart.

    Parameters
    ----------
    frame : DataFrame
        Any of the columns name, email, phone, postcode, birth_year; others are ignored.
    country_code : str
        Calling code of the firm's country: a number that starts with it in its
        international form is written as at home. Chinese mobile numbers are always.

    Returns
    -------
    DataFrame
        Index of ``frame``; text columns name (parts in alphabetical order, a space
        between them), email, phone (digits), postcode, and birth_year (Int64); a column
        that ``frame`` lacks is empty.
    """
    rewrite = {
        "name": normalise_name,
        "email": normalise_email,
        "phone": lambda text: normalise_phone(text, country_code=country_code),
        "postcode": normalise_postcode,
    }
    empty = pd.Series(pd.NA, index=frame.index, dtype="string")
    columns = {
        name: _rewrite(frame[name], rule) if name in frame else empty
        for name, rule in rewrite.items()
    }
    years = frame.get("birth_year", empty)
    return pd.DataFrame({**columns, "birth_year": _plausible_years(years)}, index=frame.index)


def count_implausible(frame: pd.DataFrame, normalised: pd.DataFrame) -> pd.DataFrame:
    """Count the values that :func:`normalise_persons` could not take for what they claim to be.

    Returns
    -------
    DataFrame
        Columns attribute, filled, implausible, share; one row for each column of a person
        that ``frame`` has and fills.
    """
    rows = []
    for name in ATTRIBUTES:
        if name not in frame:
            continue
        filled = frame[name].notna() & frame[name].astype("string").str.strip().ne("").fillna(False)
        lost = int((filled & normalised[name].isna()).sum())
        count = int(filled.sum())
        if count:
            rows.append((name, count, lost, lost / count))
    return pd.DataFrame(rows, columns=["attribute", "filled", "implausible", "share"])


def normalise_name(text: str) -> str | None:
    """Write a name as its parts in alphabetical order; ``None`` when there is no letter.

    A name in Chinese characters is taken apart into surname and given name, so that
    ``小明 王`` and ``王小明`` are one.
    """
    parts = _SEPARATORS.sub(" ", _JOINERS.sub("", _fold(text))).split()
    parts = [re.sub(r"\d", "", part) for part in parts]
    parts = [TITLES_HAN.sub("", part) for part in parts if not TITLES.fullmatch(part)]
    parts = [part for part in parts if any(letter.isalpha() for letter in part)]
    if parts and all(_ALL_HAN.fullmatch(part) for part in parts):
        parts = _take_apart(parts)
    return " ".join(sorted(parts)) or None


def _take_apart(parts: list[str]) -> list[str]:
    """Split a name in Chinese characters; longer ones are transcriptions and stay whole."""
    if len(parts) == 2 and max(map(len, parts)) > 1:
        return parts
    whole = "".join(parts)
    if len(whole) == 1 or len(whole) > 4:
        return parts
    surname = 2 if whole[:2] in SURNAMES_OF_TWO and len(whole) > 2 else 1
    return [whole[:surname], whole[surname:]]


def normalise_email(text: str) -> str | None:
    """Write an e-mail address in small letters; ``None`` when it is none.

    A tag after ``+`` is kept: it may tell two accounts apart.
    """
    address = unicodedata.normalize("NFKC", text).strip().casefold()
    address = address.removeprefix("mailto:").strip(" <>\"'.,;")
    return address if _EMAIL.fullmatch(address) and ".." not in address else None


def normalise_phone(text: str, *, country_code: str = "86") -> str | None:
    """Write a telephone number as digits without its leading zeros.

    ``+86`` and ``0086`` before a number, or the firm's own ``country_code``, are taken
    off, other countries' codes are kept; so is no extension. ``None`` when fewer than 7
    or more than 15 digits are left, or all are the same.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    written = _EXTENSION.sub("", re.sub(r"^tel[.:]?\s*", "", written, flags=re.I))
    written = re.sub(r"\.0$", "", written.replace("(0)", ""))
    digits = re.sub(r"\D", "", written)
    if re.search(r"[^\W\d_]", written):
        return None
    international = written.lstrip("( ").startswith("+") or digits.startswith("00")
    digits = digits.lstrip("0")
    mobile = _MOBILE_CN.fullmatch(digits)
    if mobile:
        digits = mobile.group(1)
    elif international and country_code and digits.startswith(country_code):
        digits = digits.removeprefix(country_code).lstrip("0")
    fewest, most = _PHONE_DIGITS
    return digits if fewest <= len(digits) <= most and len(set(digits)) > 1 else None


def normalise_postcode(text: str) -> str | None:
    """Write a postal code as capital letters and digits; ``None`` when it is none."""
    code = re.sub(r"\.0$", "", unicodedata.normalize("NFKC", text).strip())
    code = re.sub(r"[\s-]", "", code.upper())
    plausible = re.fullmatch(r"[A-Z0-9]{3,10}", code) and re.search(r"[1-9]", code)
    return code if plausible else None


def _fold(text: str) -> str:
    """Fold width, case and accents, so that Ｊosé is jose."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if plain.isascii():
        return plain
    apart = unicodedata.normalize("NFD", plain)
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def _rewrite(values: pd.Series, rule: object) -> pd.Series:
    """Apply a rule to each different text once."""
    text = values.astype("string")
    spelled = {one: rule(one) for one in text.dropna().unique()}  # type: ignore[operator]
    return text.map(spelled).astype("string")


def _plausible_years(values: pd.Series) -> pd.Series:
    first, last = PERSON["birth_year"].minimum or 0, PERSON["birth_year"].maximum or 0
    years = pd.to_numeric(values, errors="coerce").astype("Float64")
    plausible = (years >= first) & (years <= last) & (years % 1 == 0)
    return years.where(plausible.fillna(False)).astype("Int64")
