"""The secret of a study: where it lies, how it is made, who may read it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.errors import SettingsError, UsageError
from crmstudy.paths import project_root
from crmstudy.settings import Study

KEY_BYTES = 32

#: Classes of columns that make a table one about persons.
PERSONAL = {"direct", "pseudonym", "quasi", "sensitive", "words"}

#: Where the persons of a table come from.
Origin = Literal["file", "open", "simulated"]


def holds_persons(table: str) -> bool:
    """Say whether a canonical table is about persons."""
    contract = CONTRACTS.get(table)
    return contract is not None and any(
        column.privacy in PERSONAL for column in contract.columns.values()
    )


def person_origins(study: Study) -> dict[str, set[Origin]]:
    """Map each data set with tables about persons to where these tables come from."""
    origins: dict[str, set[Origin]] = {}
    for (dataset, table), source in study.table_sources().items():
        if holds_persons(table):
            origin: Origin = "file" if source.file is not None else "open"
            origin = "simulated" if source.simulated is not None else origin
            origins.setdefault(dataset, set()).add(origin)
    return origins


def protected_datasets(study: Study) -> list[str]:
    """Name the data sets whose direct identifiers are taken out and whose words are masked.

    A data set whose tables about persons are all open data stays as it is: anybody has it
    already, and a reader must be able to look it up.
    """
    return [dataset for dataset, origins in person_origins(study).items() if origins != {"open"}]


def pseudonymised_datasets(study: Study) -> list[str]:
    """Name the protected data sets whose identifiers are replaced: all, unless switched off."""
    return protected_datasets(study) if study.settings.privacy.pseudonyms else []


def is_simulated(study: Study) -> bool:
    """Say whether no table about persons comes from a file: there is nobody to protect."""
    origins = set().union(*person_origins(study).values())
    return "file" not in origins


def study_key(study: Study) -> bytes:
    """Return the study's secret key, making one on first use.

    The key is a line of 64 hexadecimal digits in ``privacy.key_file``, else in the file
    that ``CRMSTUDY_KEY_FILE`` names, else in the user's own configuration folder. A study
    none of whose persons come from a file has a key made from its seed: it protects
    nobody, and the same study gives the same bytes everywhere.

    Returns
    -------
    bytes
        32 bytes. They are never to be printed, recorded or written anywhere else.

    Raises
    ------
    SettingsError
        If the file lies inside the project, can be read by others, or holds no key.
    """
    if is_simulated(study):
        return hashlib.sha256(b"crmstudy key of nobody\0%d" % study.settings.seed).digest()
    place = key_place(study)
    _refuse_inside(place, study)
    if not place.exists():
        _make_key(place)
    return _read_key(place)


def has_secret(study: Study) -> bool:
    """Say whether the study has a key file already; nothing is made."""
    return not is_simulated(study) and key_place(study).is_file()


def key_place(study: Study) -> Path:
    """Return where the study's key file is, or is going to be.

    A relative ``privacy.key_file`` starts at the folder of study.yml.
    """
    named = study.settings.privacy.key_file or os.environ.get("CRMSTUDY_KEY_FILE", "")
    if named:
        return (study.paths.inputs / Path(named).expanduser()).resolve()
    return (_configuration_folder() / "crmstudy" / f"{study.name}.key").resolve()


def _configuration_folder() -> Path:
    if os.name == "nt" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"])
    named = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG rule: a relative path is to be passed over.
    return Path(named) if Path(named).is_absolute() else Path.home() / ".config"


def _refuse_inside(place: Path, study: Study) -> None:
    paths = study.paths
    folders = [paths.inputs, paths.reports, paths.work]
    with suppress(UsageError):
        folders.append(project_root())
    for folder in folders:
        if place.is_relative_to(folder.resolve()):
            raise SettingsError(
                f"the key file {place} lies inside {folder}: whoever gets the data or the "
                "report would get the key with them; name a file outside in study.yml, "
                "privacy: {key_file: ...}, or leave it empty for your configuration folder"
            )


def _make_key(place: Path) -> None:
    """Write a new key so that two processes at once end with one and the same."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        _place_first(part, place)
    finally:
        part.unlink(missing_ok=True)


def _place_first(part: Path, place: Path) -> None:
    """Give a file its name, unless a faster process has; a link never replaces."""
    try:
        os.link(part, place)
    except FileExistsError:
        return
    except OSError:
        # Some network and USB disks know no links.
        if not place.exists():
            part.rename(place)


def _read_key(place: Path) -> bytes:
    if not place.is_file():
        raise SettingsError(f"the key file {place} is not a file; name another one")
    mode = stat.S_IMODE(place.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise SettingsError(
            f"the key file {place} can be read or changed by others (mode {mode:o}, "
            f"allowed 600); close it: chmod 600 {place}"
        )
    try:
        key = bytes.fromhex(place.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"the key file {place} holds no key: allowed is one line of {2 * KEY_BYTES} "
            "hexadecimal digits; restore it from a copy, or delete it to get a new one "
            "(all pseudonyms change then)"
        )
    return key


def keyed_hash(key: bytes, *words: str) -> bytes:
    """Return HMAC-SHA256 of several words; the last one may hold anything.

    Parameters
    ----------
    key : bytes
        The study's key.
    words : str
        What the hash is for (none of these holds a NUL), then the value.

    References
    ----------
    Krawczyk, H., Bellare, M., & Canetti, R. (1997). HMAC. RFC 2104.
    """
    return hmac.digest(key, "\0".join(words).encode(), "sha256")


def key_check(key: bytes) -> str:
    """Return 16 hexadecimal digits that tell two keys apart and say nothing of either."""
    return keyed_hash(key, "crmstudy key check", "").hex()[:16]


def fingerprint_privacy(study: Study) -> str:
    """Hash what changes the database without changing an input: rules, key, erased persons."""
    from crmstudy.collection.privacy.erased import erasure_list

    settings, place = study.settings.privacy, erasure_list(study)
    digest = hashlib.sha256(settings.model_dump_json().encode())
    if pseudonymised_datasets(study) or settings.encrypt or place.is_file():
        digest.update(key_check(study_key(study)).encode())
    digest.update(place.read_bytes() if place.is_file() else b"")
    return digest.hexdigest()
