"""The migrations make exactly the tables that tables.py declares, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from roastery.api.errors import BadSettings
from roastery.api.store.database import MIGRATIONS, Database
from roastery.api.store.tables import Base
from tests.processes import Process


def test_migrations_make_the_declared_tables_and_nothing_else(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert "organizations" in inspect(database.engine).get_table_names()


def test_the_newest_file_is_the_head_that_alembic_sees() -> None:
    """Database.migrate skips Alembic when the newest file by name has run."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest = max(path.name for path in (MIGRATIONS / "versions").glob("v[0-9]*.py"))
    assert ScriptDirectory.from_config(config).get_heads() == [newest[1:5]]


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    database.migrate()


def test_processes_that_start_at_once_migrate_once(store_url: str) -> None:
    code = "import sys; from roastery.api.store.database import MIGRATIONS, Database; Database(sys.argv[1]).migrate()"
    started = [Process("-c", code, store_url) for _ in range(3)]
    failures = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], failures


def test_another_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(BadSettings, match="mysql"):
        Database("mysql://somewhere/db")
