"""LaTeX in bibliographies, written as plain text."""

from __future__ import annotations

import re
from unicodedata import normalize

#: Combining marks by the accent that LaTeX writes before the letter.
ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
}
LETTERS = {
    "ss": "ß",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "aa": "å",
    "AA": "Å",
    "i": "ı",
    "j": "ȷ",
    "textendash": "–",
    "textemdash": "—",
    "textquoteright": "’",
    "textquoteleft": "‘",
    "textquotedblleft": "“",
    "textquotedblright": "”",
    "chi": "χ",
    "alpha": "α",
    "beta": "β",
    "textasciitilde": "~",
}
_SIGN = r"""\\([`'^~=."])\s*(?:\{\s*(\\[ij]|[^\W\d_])\s*\}|(\\[ij](?![A-Za-z])|[^\W\d_]))"""
_LETTER = r"\\([uvHcdkr])(?:\s*\{\s*(\\[ij]|[^\W\d_])\s*\}|\s+([^\W\d_]))"


def _combine(found: re.Match[str]) -> str:
    letter = (found[2] or found[3]).removeprefix("\\")
    return normalize("NFC", letter + ACCENTS[found[1]])


def read_latex(text: str) -> str:
    """Turn accents, special letters and quotes of LaTeX into Unicode and drop its braces.

    A command that is not known loses its backslash and keeps its argument; nothing
    of the text itself is lost.

    Parameters
    ----------
    text : str
        As it stands in a .bib file, for instance ``J{\\"o}rn`` or ``{Pareto/NBD}``.
    """
    text = re.sub(_SIGN, _combine, text)
    text = re.sub(_LETTER, _combine, text)
    names = "|".join(sorted(LETTERS, key=len, reverse=True))
    text = re.sub(rf"\\({names})(?![A-Za-z])(?:\{{\}}|\s)?", lambda m: LETTERS[m[1]], text)
    text = re.sub(r"\\([&%_#$ {}])", r"\1", text)
    text = re.sub(r"\\[A-Za-z]+\*?\s*", "", text)
    text = text.replace("``", "“").replace("''", "”").replace("---", "—").replace("--", "–")
    text = re.sub(r"[{}$]", "", text).replace("~", " ")
    return normalize("NFC", " ".join(text.split()))
