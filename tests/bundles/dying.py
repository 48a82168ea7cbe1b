"""An import that is killed at its n-th commit, or counted from the end: python -m tests.bundles.dying BOX FILE N"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from appliance import bundles
from appliance.bundles import Wish
from appliance.db.sqlite import SqliteDatabase
from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.domain.actor import SYSTEM
from tests.world import vault_of


def main(folder: Path, file: Path, at: int) -> None:
    catalogue, end = SqliteCatalogue(folder), SqliteDatabase._end
    seen = 0

    def ended(db: Any, commit: bool) -> None:
        nonlocal seen
        shown = commit and db.name == "control" and bool(db.rows("SELECT id FROM tenants WHERE slug = 'visitor'"))
        if at == -1 and shown:
            os.kill(os.getpid(), signal.SIGKILL)
        end(db, commit)
        seen += 1
        if seen == at or (at == -2 and db.name != "control" and _restored(db)):
            os.kill(os.getpid(), signal.SIGKILL)

    SqliteDatabase._end = ended  # type: ignore[method-assign]
    with file.open("rb") as source:
        bundles.read(catalogue, vault_of(catalogue), source, Wish("visitor"), SYSTEM)


def _restored(db: Any) -> bool:
    return bool(db.rows("SELECT seq FROM events WHERE kind = 'box.restored'"))


main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
