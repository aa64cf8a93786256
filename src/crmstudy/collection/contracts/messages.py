"""What is wrong with an input, said in English or Chinese: a key and the values it names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal

from crmstudy.collection.contracts.catalogue import CATALOGUE

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
BETWEEN_WORDS = {"en": ", ", "zh": "、"}


class Message(str):
    """A text of the catalogue: reads as English, and can be said in another language.

    Parameters
    ----------
    key : str
        Its key in the catalogue.
    values : object
        What its placeholders stand for; a Message among them is said in the same
        language, a tuple becomes a list of words.
    """

    key: str
    values: dict[str, Any]

    def __new__(cls, key: str, **values: Any) -> Message:
        """Write the English text and keep what it was made from."""
        message = super().__new__(cls, _render(key, values, "en"))
        message.key = key
        message.values = values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as key and values."""
        return _make, (self.key, self.values)

    def say(self, language: Language) -> str:
        """Return the text in one of the catalogue's languages."""
        return _render(self.key, self.values, language)


def _make(key: str, values: dict[str, Any]) -> Message:
    return Message(key, **values)


def say(text: str, language: Language) -> str:
    """Say a message in a language; a text that is no message stays as it is."""
    return text.say(language) if isinstance(text, Message) else text


def hint(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest known name was meant; nothing when none is near."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Message("did you mean", word=found[0]) if found else ""


def _render(key: str, values: dict[str, Any], language: Language) -> str:
    template = CATALOGUE[key][LANGUAGES.index(language)]
    return template.format(**{name: _word(value, language) for name, value in values.items()})


def _word(value: Any, language: Language) -> str:
    if isinstance(value, tuple):
        return BETWEEN_WORDS[language].join(_word(part, language) for part in value)
    return say(str(value) if not isinstance(value, str) else value, language)
