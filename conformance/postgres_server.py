"""A PostgreSQL server of our own for tests, benchmarks and demonstrations: in a temporary folder, on a free port, gone afterwards.

Servers refuse to run as root: root starts them as a system user (`postgres`, else `nobody`; INSITU_PG_USER names another).

    with PostgresServer() as server:
        server.psql("select version()")
        insitu.RxPostgresData(server.connection_string(), table="t")
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # Nothing here needs to survive a crash of the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "log_min_messages": "warning",
    "lc_messages": "C",
}
_START_SECONDS = 60.0


def bindir() -> Path | None:
    """Where the server's programs are: $INSITU_PG_BINDIR, what pg_config says, or the newest of Debian's; None if nowhere."""
    given = os.environ.get("INSITU_PG_BINDIR")
    places = [Path(given)] if given else [*_of_pg_config(), *_debian()]
    return next((place for place in places if (place / "initdb").exists()), None)


def _of_pg_config() -> list[Path]:
    program = shutil.which("pg_config")
    if program is None:
        return []
    done = subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False)
    return [Path(done.stdout.strip())] if done.returncode == 0 else []


def _debian() -> list[Path]:
    found = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    return sorted(found, key=lambda p: int(p.parent.name), reverse=True)


def missing() -> str | None:
    """Why no server can be started here; None if one can."""
    if bindir() is None:
        return (
            "no PostgreSQL server is installed (INSITU_PG_BINDIR names the folder of its programs)"
        )
    if os.geteuid() == 0 and _user() is None:
        return "root has no system user to run PostgreSQL as (INSITU_PG_USER names one)"
    return None


def _user() -> pwd.struct_passwd | None:
    for name in (os.environ.get("INSITU_PG_USER"), "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            if name:
                return pwd.getpwnam(name)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """One server; start it with `with`, or with `start` and `stop`.

    Arguments:
        settings: of postgresql.conf, beside ours. directory: where its folder is made.
    """

    def __init__(
        self, settings: Mapping[str, str] | None = None, directory: str | Path | None = None
    ) -> None:
        reason = missing()
        if reason is not None:
            raise RuntimeError(reason)
        self.bindir = bindir() or Path()
        self.settings = {**_SETTINGS, **(settings or {})}
        self.password = secrets.token_urlsafe(12)
        self.port = 0
        self._parent = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._primary: PostgresServer | None = None
        user = _user() if os.geteuid() == 0 else None
        self._as: dict[str, Any] = (
            {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        )

    @property
    def folder(self) -> Path:
        """The server's folder; its files belong to the system user."""
        if self._folder is None:
            raise RuntimeError("the server was not started")
        return self._folder

    def __enter__(self) -> PostgresServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Makes the cluster and starts it."""
        self._folder = Path(tempfile.mkdtemp(prefix="insitu-postgres-", dir=self._parent))
        try:
            if self._as:
                os.chown(self._folder, self._as["user"], self._as["group"])
            if self._primary is not None:
                self._follow(self._primary)
                return
            secret = self._folder / "password"
            secret.write_text(self.password)
            secret.chmod(0o644)  # inside a folder that only the system user may enter
            self._program(
                "initdb", "-D", str(self._folder / "data"), "-U", SUPERUSER, "-E", "UTF8",
                "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync",
            )  # fmt: skip
            secret.unlink()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def _follow(self, primary: PostgresServer) -> None:
        """Copies the primary and follows it."""
        self._program(
            "pg_basebackup", "-D", str(self.folder / "data"), "-R", "-X", "stream", "-c", "fast",
            "-d", primary.connection_string("replication"),
        )  # fmt: skip
        self._launch()

    def _launch(self) -> None:
        self.port = _free_port()
        settings = {
            **self.settings,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [str(self.bindir / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, **self._as,
            )  # fmt: skip
        end = time.monotonic() + _START_SECONDS
        ready = [str(self.bindir / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log()}")
            time.sleep(0.05)

    def standby(self, settings: Mapping[str, str] | None = None) -> PostgresServer:
        """A hot standby of this server, which follows it; start it with `with` too."""
        copy = PostgresServer({**self.settings, **(settings or {})}, self._parent)
        copy.password = self.password
        copy._primary = self
        return copy

    def restart(self) -> None:
        """Stops and starts the server on another port; its data stay."""
        self._halt()
        self._launch()

    def stop(self) -> None:
        """Stops the server at once and removes its folder."""
        self._halt()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _halt(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": connections are ended
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        self._process = None

    def log(self) -> str:
        """What the server wrote."""
        return (self.folder / "log").read_text(errors="replace")

    def connection_string(
        self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None
    ) -> str:
        """A URL to a database of the server."""
        secret = self.password if password is None else password
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Runs statements, each on its own, and gives what psql prints, unaligned and without headers."""
        done = subprocess.run(
            [str(self.bindir / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
             "-d", self.connection_string(database), "-f", "-"],
            input=sql, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_database(self, name: str, template: str = "template1") -> str:
        """Makes a database and gives the URL of it."""
        self.psql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.connection_string(name)

    def drop_database(self, name: str) -> None:
        """Removes a database and whoever is connected to it."""
        self.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _program(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.bindir / name), *arguments],
            capture_output=True, text=True, check=False, cwd=self.folder, **self._as,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
