"""Encryption at rest: what goes in comes out, and nothing that was touched does."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import duckdb
import pytest

from crmstudy.collection.privacy import vault
from crmstudy.collection.privacy.vault import (
    CHUNK,
    MAGIC,
    SALT_BYTES,
    TAG_BYTES,
    is_sealed,
    keep_private,
    opened,
    private_folder,
    readable_copy,
    seal,
    write_clean,
)
from crmstudy.errors import DataError

KEY = bytes(range(32))
HEAD = len(MAGIC) + SALT_BYTES
posix = pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")


def sealed(tmp_path, content):
    plain, place = tmp_path / "plain", tmp_path / "place.duckdb"
    plain.write_bytes(content)
    seal(plain, place, key=KEY)
    assert not plain.exists()
    return place


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_goes_in_comes_out(tmp_path, size):
    content = os.urandom(size)
    place = sealed(tmp_path, content)
    assert is_sealed(place)
    chunks = max(1, -(-size // CHUNK))
    assert place.stat().st_size == HEAD + size + chunks * TAG_BYTES
    with opened(place, key=KEY) as copy:
        assert copy.read_bytes() == content
    assert not copy.exists()
    assert not copy.parent.exists()


def test_the_same_file_never_looks_the_same(tmp_path):
    first = sealed(tmp_path, b"secret").read_bytes()
    assert first[HEAD:] != sealed(tmp_path, b"secret").read_bytes()[HEAD:]
    assert b"secret" not in first


def swap(content):
    size = CHUNK + TAG_BYTES
    head, body = content[:HEAD], content[HEAD:]
    return head + body[size : 2 * size] + body[:size] + body[2 * size :]


@pytest.mark.parametrize(
    "touch",
    [
        lambda c: c[:-1],
        lambda c: c[: HEAD + CHUNK + TAG_BYTES],
        lambda c: c[: HEAD + 2 * (CHUNK + TAG_BYTES)],
        lambda c: c[:HEAD],
        lambda c: c[: HEAD - 3],
        lambda c: c + b"x",
        lambda c: c + c[HEAD:],
        lambda c: c[: HEAD + 5] + bytes([c[HEAD + 5] ^ 1]) + c[HEAD + 6 :],
        lambda c: c[:-1] + bytes([c[-1] ^ 1]),
        lambda c: c[: HEAD - 1] + bytes([c[HEAD - 1] ^ 1]) + c[HEAD:],
        swap,
        lambda c: b"plain",
    ],
)
def test_what_was_touched_is_refused(tmp_path, touch):
    place = sealed(tmp_path, os.urandom(2 * CHUNK + 100))
    place.write_bytes(touch(place.read_bytes()))
    refused = pytest.raises(DataError, match="changed, cut off, or sealed with another key")
    with refused, opened(place, key=KEY):
        pass


def test_another_key_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(vault, "MEMORY", tmp_path / "memory")
    (tmp_path / "memory").mkdir()
    place = sealed(tmp_path, b"secret")
    with pytest.raises(DataError, match="restore the key file"), opened(place, key=bytes(32)):
        pass
    assert not list((tmp_path / "memory").iterdir())


def test_the_copy_goes_even_after_an_error(tmp_path):
    place = sealed(tmp_path, b"secret")
    with pytest.raises(RuntimeError), opened(place, key=KEY) as copy:
        raise RuntimeError
    assert not copy.parent.exists()


@posix
def test_only_the_owner_reads_any_of_it(tmp_path):
    place = sealed(tmp_path, b"secret")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with opened(place, key=KEY) as copy:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    loose = tmp_path / "loose"
    loose.write_text("")
    loose.chmod(0o644)
    assert stat.S_IMODE(keep_private(loose).stat().st_mode) == 0o600
    (tmp_path / "open").mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder(tmp_path / "open").stat().st_mode) == 0o700


def test_one_copy_a_process_and_a_new_one_after_a_change(tmp_path):
    place = sealed(tmp_path, b"first")
    copy = readable_copy(place, key=KEY)
    assert readable_copy(place, key=KEY) == copy
    other = readable_copy(sealed(tmp_path, b"another"), key=KEY)
    assert other.read_bytes() == b"another"


def test_copies_go_when_the_process_ends_and_forks_make_their_own(tmp_path):
    place = sealed(tmp_path, b"secret")
    code = (
        "import os, sys; from pathlib import Path\n"
        "from crmstudy.collection.privacy.vault import readable_copy\n"
        f"place, key = Path({str(place)!r}), bytes(range(32))\n"
        "mine = readable_copy(place, key=key); print(mine, flush=True)\n"
        "child = os.fork() if hasattr(os, 'fork') else None\n"
        "if child == 0:\n"
        "    print(readable_copy(place, key=key), flush=True); sys.exit(0)\n"
        "if child: os.waitpid(child, 0)\n"
        "assert mine.read_bytes() == b'secret'\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    copies = found.stdout.split()
    assert len(set(copies)) == len(copies)
    assert not any(os.path.exists(os.path.dirname(copy)) for copy in copies)


@posix
def test_what_a_killed_process_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(vault, "MEMORY", tmp_path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, lives = tmp_path / f"crmstudy-{dead.pid}-x", tmp_path / f"crmstudy-{os.getpid()}-x"
    left.mkdir()
    lives.mkdir()
    vault._sweep()
    assert (left.exists(), lives.exists()) == (False, True)


def test_a_clean_copy_holds_the_rows_in_order_and_nothing_that_was_changed(tmp_path):
    first, second = tmp_path / "it's a part", tmp_path / "clean.duckdb"
    with duckdb.connect(str(first)) as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute(
            "CREATE TABLE firm.t AS SELECT 'SECRET-' || i AS id, i FROM range(5000) s(i)"
        )
        connection.execute("CHECKPOINT")
        connection.execute("UPDATE firm.t SET id = 'hidden' || i")
        connection.execute("DELETE FROM firm.t WHERE i % 2 = 1")
    assert b"SECRET-" in first.read_bytes()
    write_clean(first, second)
    assert b"SECRET-" not in second.read_bytes()
    with duckdb.connect(str(second), read_only=True) as connection:
        rows = connection.execute("SELECT i FROM firm.t").fetchall()
    assert rows == [(i,) for i in range(0, 5000, 2)]
