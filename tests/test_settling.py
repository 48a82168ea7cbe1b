"""A large file goes to the disk in pieces, so that a commit beside it waits for one piece and never for the whole."""

import os
from pathlib import Path

import pytest

from appliance.settling import PIECE, Settling


def test_no_more_than_a_piece_ever_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: settled.append(os.fstat(handle).st_size))
    content = os.urandom(PIECE // 4)
    with open(tmp_path / "large", "wb") as out:
        into = Settling(out)
        for _ in range(10):
            assert into.write(content) == len(content)
        into.settle()

    assert settled == [PIECE, 2 * PIECE, 10 * PIECE // 4]
    assert (tmp_path / "large").read_bytes() == 10 * content
