"""Which backups stay: all of the last day, then one a day, a week and a month. The rest goes before a new one comes."""

import logging
from collections.abc import Iterable
from pathlib import Path

from appliance import clock
from appliance.backup import places, rows
from appliance.backup.places import Place
from appliance.backup.rows import VERIFIED, Backup
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import records
from appliance.errors import Problem
from appliance.gateway.targets.target import Target

log = logging.getLogger(__name__)
DAYS, WEEKS, MONTHS = 7, 4, 12
DAY_S = 86400


def kept(backups: Iterable[Backup], now: str) -> set[str]:
    """The ids of those that stay: the newest always, and the newest of each of the last days, weeks and months."""
    newest_first = sorted(backups, key=lambda each: (each.at, each.id), reverse=True)
    stay = {each.id for each in newest_first[:1]}
    stay |= {each.id for each in newest_first if clock.seconds_between(each.at, now) < DAY_S}
    for form, most in (("%Y-%m-%d", DAYS), ("%G-%V", WEEKS), ("%Y-%m", MONTHS)):
        first: dict[str, str] = {}
        for each in newest_first:
            first.setdefault(clock.parse(each.at).strftime(form), each.id)
        stay |= set(list(first.values())[:most])
    return stay


def due(control: Database, tenant_id: str, target_id: str) -> list[Backup]:
    """Those of a tenant in one place that need not stay."""
    verified = rows.of(control, tenant_id, VERIFIED, target_id)
    stay = kept(verified, clock.iso())
    return [each for each in verified if each.id not in stay]


def forget_purged(control: Database, data: Path, vault: Vault) -> None:
    """Nothing of a purged tenant stays, in no place; one that does not answer now is asked again the next time."""
    sql = "SELECT b.* FROM backups b JOIN tenants t ON t.id = b.tenant_id WHERE t.state = 'purged'"
    for row in control.rows(sql):
        backup = records.to(Backup, row)
        try:
            place = places.by_name(control, data, backup.target_id)
            places.opened(control, vault, place).delete(backup.name)
            rows.remove(control, backup)
        except Problem as problem:
            log.warning("a backup of a purged tenant stays in %s: %s", backup.target, problem.detail)


def prune(control: Database, place: Place, target: Target, tenant_id: str) -> list[Backup]:
    """Remove what need not stay, the file first: a row without a file would be found out, a file without a row not."""
    gone = due(control, tenant_id, place.id)
    for backup in gone:
        target.delete(backup.name)
        rows.remove(control, backup)
    return gone
