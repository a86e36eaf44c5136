"""A PostgreSQL server of a test session's own, where its programs are found."""

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNPRIVILEGED = ("postgres", "nobody")


def program(name: str) -> str | None:
    """The newest of Debian's PostgreSQL programs, else one on the PATH."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(packaged[-1]) if packaged else shutil.which(name)


def missing() -> str | None:
    """Why no server can be started here, or None."""
    if program("initdb") is None or program("pg_ctl") is None:
        return "PostgreSQL's programs initdb and pg_ctl are not installed"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL refuses to run as root and setpriv is not installed"
    return None


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a unix socket in a folder of its own; yields the SQLAlchemy URL of an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="roastery-pg-"))
    user = _user()
    if user != getpass.getuser():
        shutil.chown(folder, user)
    data = folder / "data"

    def run(name: str, *arguments: str) -> None:
        command = [program(name) or name, *arguments]
        if user != getpass.getuser():
            command = ["setpriv", f"--reuid={user}", "--clear-groups", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=60)

    try:
        run("initdb", "-D", str(data), "-A", "trust", "-U", "roastery", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://roastery@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    if os.geteuid() != 0:
        return getpass.getuser()
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
