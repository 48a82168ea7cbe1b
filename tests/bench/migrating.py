"""2,000 tenants of an earlier version: how soon people can work, and how soon all are brought along."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from appliance.db.tenants import open_catalogue
from appliance.release.upgrade import Upgrade
from tests.bench.figure import Figure
from tests.release import old

TENANTS = 2000


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        old.write_box(Path(folder), TENANTS)
        with closing(open_catalogue(Path(folder))) as catalogue:
            upgrade = Upgrade(catalogue)
            begin = time.perf_counter()
            assert upgrade.needed()
            upgrade.first()
            yield Figure("upgrade until the box is open again", time.perf_counter() - begin, "s", 2)
            upgrade.rest()
            upgrade.wait()
            assert upgrade.progress.done == TENANTS
            yield Figure(f"upgrade of {TENANTS:,} tenants with copies", time.perf_counter() - begin, "s", 30)
        with closing(open_catalogue(Path(folder))) as catalogue:
            begin = time.perf_counter()
            assert not Upgrade(catalogue).needed()
            yield Figure("the next start's look, with the copies dropped", time.perf_counter() - begin, "s", 2)
