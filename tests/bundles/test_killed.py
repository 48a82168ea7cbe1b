"""An import that is killed leaves nothing to see, and the next one clears away what it left."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import bundles
from appliance.bundles import Wish
from appliance.db.sqlite_catalogue import SqliteCatalogue
from appliance.domain import tenants
from appliance.domain.actor import SYSTEM
from tests.bundles.packing import new_box
from tests.world import vault_of


@pytest.mark.parametrize("at", [1, 2, 5, 40, -2, -1])
def test_a_killed_import_leaves_nothing_to_see_and_can_be_done_again(tmp_path: Path, sound: bytes, at: int) -> None:
    folder, file = tmp_path / "box", tmp_path / "acme.bundle"
    file.write_bytes(sound)
    new_box(folder).close()

    done = subprocess.run([sys.executable, "-m", "tests.bundles.dying", str(folder), str(file), str(at)], check=False)

    assert done.returncode == -9
    again = SqliteCatalogue(folder)
    with again.control() as control:
        assert [tenant.slug for tenant in tenants.every(control)] == ["acme", "globex"]
    made = bundles.read(again, vault_of(again), io.BytesIO(sound), Wish("visitor"), SYSTEM)
    with again.control() as control:
        known = {tenant.id for tenant in tenants.every(control)}
    assert made.tenant.id in known
    assert {path.name for path in (folder / "tenants").iterdir()} == known
    again.close()
