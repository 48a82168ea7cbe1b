"""How much room a tenant takes."""

from appliance.db.database import Database
from appliance.db.tenants import Catalogue

_RELATIONS = """SELECT COALESCE(SUM(pg_total_relation_size(oid)), 0) AS n FROM pg_class
  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"""


def of(catalogue: Catalogue, db: Database) -> int:
    """Bytes of the tenant's database and of its files."""
    home = catalogue.folder / "tenants" / db.name
    if catalogue.shared:
        return int(db.value(_RELATIONS)) + _below(catalogue, db.name)
    return (home / "tenant.db").stat().st_size + _below(catalogue, db.name)


def _below(catalogue: Catalogue, tenant_id: str) -> int:
    folder = catalogue.folder / "tenants" / tenant_id / "files"
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
