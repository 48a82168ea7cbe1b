"""Every scene of `make bench` can be chosen by its name: none imports what is no longer there."""

from pathlib import Path

import tests.bench
from tests.bench.__main__ import SCENES, main

FOLDER = Path(tests.bench.__file__).parent


def test_every_scene_measures_something() -> None:
    assert all(callable(scene.measure) for scene in SCENES.values())
    measuring = {path.stem for path in FOLDER.glob("*.py") if "def measure()" in path.read_text()}
    named = {scene.__name__.rpartition(".")[2] for scene in SCENES.values()}
    assert measuring <= named


def test_an_unknown_scene_is_refused() -> None:
    assert main(["nothing"]) == 2
