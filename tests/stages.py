"""Databases for tests: made once, brought back to how they were for each test."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import psycopg
from psycopg import sql

from appliance.db.tenants import Catalogue, open_catalogue

T = TypeVar("T")
POOL = 60
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


class Stage(ABC, Generic[T]):
    """`play` is what `fill` said about the template."""

    def __init__(self, template: Path, fill: Callable[[Catalogue], T], url: str = "") -> None:
        template.mkdir(parents=True)
        self.template = template
        catalogue = open_catalogue(template, url, 10)
        with catalogue.control():
            self.play = fill(catalogue)
        catalogue.close()

    @abstractmethod
    def copy(self, folder: Path) -> AbstractContextManager[Catalogue]: ...


class SqliteStage(Stage[T]):
    @contextmanager
    def copy(self, folder: Path) -> Iterator[Catalogue]:
        shutil.copytree(self.template, folder)
        catalogue = open_catalogue(folder)
        yield catalogue
        catalogue.close()


class PostgresStage(Stage[T]):
    """One database for all tests of a process: emptied and filled again, which is 20 times faster than a new one."""

    def __init__(self, template: Path, fill: Callable[[Catalogue], T], admin_url: str) -> None:
        self._url = f"{admin_url.rpartition('/')[0]}/{template.name}"
        with psycopg.connect(admin_url, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template.name)))
        super().__init__(template, fill, self._url)
        self._fill = fill
        self._conn = psycopg.connect(self._url, autocommit=True)
        self._schemas = self._existing()
        self._reset = self._script()

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Catalogue]:
        folder.mkdir()
        there = self._existing()
        lost = not self._schemas <= there
        for schema in there if lost else there - self._schemas:
            self._conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        if lost:
            self._make_anew()
        else:
            self._conn.execute(self._reset)
        catalogue = open_catalogue(folder, self._url, POOL)
        yield catalogue
        catalogue.close()

    def _make_anew(self) -> None:
        """A test has taken a schema of the template away."""
        catalogue = open_catalogue(self.template, self._url, 10)
        with catalogue.control():
            self.play = self._fill(catalogue)
        catalogue.close()
        self._schemas, self._reset = self._existing(), self._script()

    def _existing(self) -> set[str]:
        return {schema for schema, _ in self._conn.execute(TABLES.encode())}

    def _script(self) -> sql.Composed:
        """Statements that make every table hold what it holds now."""
        tables = [sql.Identifier(*row) for row in self._conn.execute(TABLES.encode())]
        empty = [sql.SQL("DELETE FROM {}").format(table) for table in tables]
        fill = [statement for table in tables for statement in self._refill(table)]
        # Foreign keys are not looked at while the rows come and go.
        return sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *empty, *fill])

    def _refill(self, table: sql.Identifier) -> list[sql.Composed]:
        found = self._conn.execute(sql.SQL("SELECT json_agg(t)::text FROM {} t").format(table)).fetchone()
        if found is None or found[0] is None:
            return []
        put = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, {1})")
        return [put.format(table, sql.Literal(found[0]))]
