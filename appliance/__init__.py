"""AgentHQ runs a team of AI agents from one executable."""

import sys

import pysqlite3
import pysqlite3.dbapi2

# One SQLite in the process: two copies drop each other's file locks and corrupt data.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

__version__ = "0.1.0"
