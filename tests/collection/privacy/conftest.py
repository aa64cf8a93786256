"""A key of the tests' own: nothing is written into the user's configuration folder."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_configuration(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("configuration")
    monkeypatch.delenv("CRMSTUDY_KEY_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("APPDATA", str(folder))
    return folder


@pytest.fixture
def make_study(make_study, monkeypatch):
    """Make studies whose persons are protected, as they are where study.yml says nothing."""
    monkeypatch.delenv("CRMSTUDY_KEY_FILE", raising=False)

    def make(*arguments, **settings):
        settings.setdefault("privacy", {})
        return make_study(*arguments, **settings)

    return make
