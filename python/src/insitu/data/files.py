"""Paths of files: globs, directories, and the option DataPath."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import SourceError, SpecError
from ..options import RxOptions
from .typed import RxDataSource

PathLike = str | os.PathLike[str]


class RxFileData(RxDataSource):
    """Base of sources that are files: `file` is a path, a glob, a directory, or a list of paths.

    Example:
        >>> from insitu.data import RxParquetData
        >>> RxParquetData("flights.parquet").file
        'flights.parquet'
    """

    suffixes: tuple[str, ...] = ()

    def __init__(
        self,
        file: PathLike | Iterable[PathLike],
        column_info: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(column_info, **options)
        if isinstance(file, (str, os.PathLike)):
            self.file: str | list[str] = os.fspath(file)
        else:
            self.file = [os.fspath(path) for path in file]

    @property
    def file_name(self) -> str:
        return self.file if isinstance(self.file, str) else ", ".join(self.file)

    @property
    def data_name(self) -> str:
        name = self.file_name if not isinstance(self.file, str) else Path(self.file).name
        return f"{name} ({type(self).__name__} Data Source)"

    def paths(self) -> list[str]:
        """The files that there are, sorted within a glob or directory; SourceError if there is none."""
        given = [self.file] if isinstance(self.file, str) else self.file
        found = [path for name in given for path in find_files(name, self.suffixes)]
        if not found:
            raise SpecError(f"{type(self).__name__} needs at least one file.")
        return found

    def read_error(self, message: str) -> SourceError:
        return SourceError(
            f"The file {self.file_name!r} cannot be read: {message.strip().rstrip('.')}."
        )

    def _shown(self) -> dict[str, Any]:
        return {"file": self.file, **super()._shown()}


def find_files(name: str, suffixes: tuple[str, ...]) -> list[str]:
    """The files that a path, a glob or a directory names, looked for along the option DataPath too."""
    for base in _bases(name):
        path = base / Path(name).expanduser()
        if path.is_dir():
            files = sorted(
                str(p) for p in path.rglob("*") if p.is_file() and _wanted(p, path, suffixes)
            )
            if not files:
                raise SourceError(
                    f"The directory {name!r} holds no file that ends in {' or '.join(suffixes)}."
                )
            return files
        if path.exists():
            return [str(path)]
        matches = sorted(glob.glob(str(path), recursive=True))
        files = [match for match in matches if not os.path.isdir(match)]
        if files:
            return files
    if glob.has_magic(name):
        raise SourceError(f"No file matches {name!r}: check the pattern.")
    raise SourceError(
        f"There is no file {name!r}: check the path (the working directory is {os.getcwd()!r})."
    )


def _wanted(path: Path, top: Path, suffixes: tuple[str, ...]) -> bool:
    hidden = any(
        part.startswith((".", "_")) and "=" not in part for part in path.relative_to(top).parts
    )
    return not hidden and path.name.lower().endswith(suffixes)


def _bases(name: str) -> list[Path]:
    if Path(name).expanduser().is_absolute():
        return [Path()]
    option = RxOptions.get_option("DataPath")
    along = [option] if isinstance(option, str) else list(option or [])
    return [Path(), *(Path(base) for base in along if base != ".")]
