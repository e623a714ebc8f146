"""Dagster's event log in SQLite, for a process that writes thousands of events at once.

Dagster opens and closes a connection for each statement of an event. Closing the last one makes SQLite copy its
write-ahead log into the database and wait for the disk: two thirds of the time of a build, which stores a verdict for
every check and day. Here connections are kept, and the disk is waited for at checkpoints (`synchronous=NORMAL`): a
process that is killed loses nothing, and a power cut at most the last moments of a history that the next build writes
again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

_KEPT = 4


class KeptOpenEventLogStorage(SqliteEventLogStorage):
    """The same databases as Dagster's own storage; connections to the last few of them stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._engines_lock = threading.RLock()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "KeptOpenEventLogStorage":
        """As the instance makes it."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether there is such a table; asked anew for every check verdict, so that a yes is remembered."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._engines_lock:
            engine = self._engine(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        if shard in self._engines:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        self._initdb(engine)
        with engine.connect() as connection:
            connection.execute(sa.text("PRAGMA synchronous=NORMAL"))
        self._engines[shard] = engine
        if len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Close all connections."""
        with self._engines_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()


def open_instance() -> dg.DagsterInstance:
    """The Dagster instance of DAGSTER_HOME; one whose event log is SQLite's with connections kept open."""
    instance = dg.DagsterInstance.get()
    storage = instance.event_log_storage
    if type(storage) is not SqliteEventLogStorage:
        return instance
    override = {
        "module": KeptOpenEventLogStorage.__module__,
        "class": KeptOpenEventLogStorage.__name__,
        "config": {"base_dir": storage._base_dir},
    }
    home = instance.root_directory
    instance.dispose()
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides={"event_log_storage": override}))
