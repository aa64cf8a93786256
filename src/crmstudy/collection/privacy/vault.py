"""Encryption at rest, and files that only their owner reads.

How the warehouse uses it: the database is built as a plain part file in a folder of
:func:`private_folder`, written anew by :func:`write_clean` (so that no raw identifier is left
in free blocks), and with ``privacy.encrypt`` moved to its place by :func:`seal`, else
by :func:`keep_private` and a move. ``Warehouse.query`` connects to
``readable_copy(place, key=study_key(study))`` when :func:`is_sealed`, else to the place
itself. The copy is decrypted once a process, lies in memory (``/dev/shm``) where there is
such a place, and is removed when the process ends; what a killed process left is removed
by the next one.
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import duckdb

from crmstudy.errors import DataError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"CRMSTUDY-SEALED-1\n"
SALT_BYTES = 32
CHUNK = 1 << 20
TAG_BYTES = 16
MEMORY = Path("/dev/shm")
PREFIX = "crmstudy-"


def seal(source: Path, target: Path, *, key: bytes) -> None:
    """Encrypt a file to another place, whole or not at all, and delete the plain one.

    AES-256-GCM in chunks of 1 MiB. The key of the file is made from the study's by HKDF
    with a random salt; the place of each chunk and whether it is the last are part of its
    nonce (the STREAM construction), so that none can be changed, moved, repeated or cut off.

    Parameters
    ----------
    source, target : Path
        The plain file, and where the sealed one goes; they may be the same.
    key : bytes
        The study's key.

    References
    ----------
    Hoang, V. T., Reyhanitabar, R., Rogaway, P., & Vizár, D. (2015). Online
    authenticated-encryption and its nonce-reuse misuse-resistance. CRYPTO 2015.
    NIST SP 800-38D (GCM); RFC 5869 (HKDF).
    """
    salt = secrets.token_bytes(SALT_BYTES)
    part = target.with_name(f"{target.name}.{os.getpid()}.sealing.part")
    try:
        with source.open("rb") as plain, _create_private(part) as sealed:
            sealed.write(MAGIC + salt)
            cipher = _cipher(key, salt)
            for nonce, chunk in _numbered(plain, CHUNK):
                sealed.write(cipher.encrypt(nonce, chunk, MAGIC + salt))
        source.unlink()
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def is_sealed(file: Path) -> bool:
    """Say whether a file was encrypted by :func:`seal`."""
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


@contextmanager
def opened(file: Path, *, key: bytes) -> Iterator[Path]:
    """Decrypt a sealed file for a while; the plain copy is removed afterwards.

    Yields
    ------
    Path
        The copy, in a folder that only its owner enters.

    Raises
    ------
    DataError
        If the file is not sealed, was changed, cut off or sealed with another key.
    """
    folder = _private_temporary(file.stat().st_size)
    try:
        yield _decrypt(file, folder / file.name, key=key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_copies: dict[tuple[int, str, int, int], Path] = {}


def readable_copy(file: Path, *, key: bytes) -> Path:
    """Decrypt a sealed file once a process; the copy is removed when the process ends.

    A process that is forked from one that holds a copy makes its own.

    Raises
    ------
    DataError
        As :func:`opened` does.
    """
    state = file.stat()
    mark = (os.getpid(), str(file.resolve()), state.st_mtime_ns, state.st_size)
    if mark not in _copies or not _copies[mark].is_file():
        _sweep()
        folder = _private_temporary(state.st_size)
        atexit.register(_remove_own, folder, os.getpid())
        _copies[mark] = _decrypt(file, folder / file.name, key=key)
    return _copies[mark]


def _remove_own(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove the copies of processes that were killed."""
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in place.glob(f"{PREFIX}[0-9]*-*") if place.is_dir() else ():
            process = re.match(rf"{PREFIX}(\d+)-", folder.name)
            if process and not _lives(int(process[1])):
                # Another user's folder cannot be removed, and is not ours to remove.
                shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    if os.name == "nt":
        # Windows would end the process that is asked; its copies go at exit only.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _private_temporary(size: int) -> Path:
    memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    roomy = memory and shutil.disk_usage(MEMORY).free > 2 * size
    place = str(MEMORY) if roomy else None
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))


def _decrypt(file: Path, target: Path, *, key: bytes) -> Path:
    from cryptography.exceptions import InvalidTag

    refusal = DataError(
        f"{file.name} cannot be opened: it was changed, cut off, or sealed with another key; "
        "restore the key file, or let it be made again: crmstudy clean, then crmstudy run"
    )
    try:
        with file.open("rb") as sealed, _create_private(target) as plain:
            head = sealed.read(len(MAGIC) + SALT_BYTES)
            if not head.startswith(MAGIC) or len(head) < len(MAGIC) + SALT_BYTES:
                raise refusal
            cipher = _cipher(key, head[len(MAGIC) :])
            for nonce, chunk in _numbered(sealed, CHUNK + TAG_BYTES):
                plain.write(cipher.decrypt(nonce, chunk, head))
    except InvalidTag:
        target.unlink(missing_ok=True)
        raise refusal from None
    return target


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, salt, b"crmstudy vault").derive(key))


def _numbered(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Cut a stream into chunks with their nonces: number, and whether it is the last one."""
    number, chunk = 0, stream.read(size)
    while True:
        following = stream.read(size)
        # 11 bytes of number and one that marks the end; an empty file is one empty chunk.
        yield struct.pack(">3xQB", number, not following), chunk
        if not following:
            return
        number, chunk = number + 1, following


def _create_private(file: Path) -> BinaryIO:
    """Create a file that never, not even for a moment, can be read by others."""
    handle = os.open(
        file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
    )
    return os.fdopen(handle, "wb")


def private_folder(folder: Path) -> Path:
    """Make a folder, or close one, so that only its owner enters it (POSIX)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(OSError):
        folder.chmod(0o700)
    return folder


def keep_private(file: Path) -> Path:
    """Let only the owner read and write a file (POSIX)."""
    with suppress(OSError):
        file.chmod(0o600)
    return file


def write_clean(source: Path, target: Path) -> None:
    """Copy a DuckDB file into a new one that holds its live rows and nothing else.

    Rows that were changed or deleted stay in the free blocks of a database file; a copy
    has no free blocks. The order of rows stays.
    """
    target.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{_quoted(source)}' AS crmstudy_from (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(target)}' AS crmstudy_to")
        keep_private(target)
        connection.execute("COPY FROM DATABASE crmstudy_from TO crmstudy_to")
        connection.execute("DETACH crmstudy_to")


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
