"""The original's modules, `revoscalepy.functions.RxLinMod` and the like, as views of the flat names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import _names

# Module → the names that scripts import from it; every module gives all other names too.
MODULES: dict[str, tuple[str, ...]] = {
    "functions.RxLinMod": ("rx_lin_mod", "rx_lin_mod_ex", "RxLinModResults"),
    "functions.RxLogit": ("rx_logit", "rx_logit_ex", "RxLogitResults"),
    "functions.RxPredict": ("rx_predict", "rx_predict_default", "rx_predict_ex"),
    "functions.RxSummary": ("rx_summary", "rx_summary_ex", "RxSummaryResults"),
    "functions.RxDataStep": (),
    "functions.RxDTree": (),
    "functions.RxDForest": (),
    "functions.RxBTrees": (),
    "functions.RxExec": (),
    "functions.RxExecBy": (),
    "functions.RxGetInfoXdf": ("rx_get_info", "rx_get_var_info", "rx_get_var_names"),
    "functions.RxHadoopUtils": (),
    "functions.RxSerializeModel": ("rx_serialize_model", "rx_unserialize_model"),
    "etl.RxImport": ("rx_import", "rx_import_datasource"),
    "computecontext.RxComputeContext": (
        "RxComputeContext",
        "rx_get_compute_context",
        "rx_set_compute_context",
        "rx_set_temp_compute_context",
    ),
    "computecontext.RxInSqlServer": ("RxInSqlServer", "RxSqlServerData", "RxOdbcData"),
    "computecontext.RxLocalSeq": ("RxLocalSeq",),
    "computecontext.RxLocalParallel": ("RxLocalParallel",),
    "computecontext.RxSpark": (),
    "computecontext.RxJob": (),
    "computecontext.RxRemoteJob": (),
    "computecontext.RxRemoteComputeContext": (),
    "datasource.RxDataSource": ("RxDataSource",),
    "datasource.RxXdfData": (),
    "datasource.RxFileData": ("RxFileData",),
    "datasource.RxTextData": ("RxTextData",),
    "datasource.RxOdbcData": ("RxOdbcData", "RxSqlServerData"),
    "datasource.RxSqlServerData": ("RxSqlServerData",),
    "datasource.RxParquetData": ("RxParquetData",),
    "datasource.RxFileSystem": ("RxNativeFileSystem",),
    "utils.RxOptions": ("RxOptions",),
    "utils.RxUtils": ("RxMissingValues",),
}


def install(root: str) -> None:
    """Makes the modules importable, as if each had a file of its own."""
    for path, names in MODULES.items():
        package, _, module = path.partition(".")
        parent = _module(f"{root}.{package}", is_package=True)
        child = _module(f"{root}.{path}", is_package=False)
        setattr(parent, module, child)
        setattr(sys.modules[root], package, parent)
        for name in names:
            setattr(child, name, getattr(_names, name))
        child.__all__ = list(names)  # type: ignore[attr-defined]


def _module(name: str, is_package: bool) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name, "Part of the original's layout; the names live in `revoscalepy`.")
    if is_package:
        module.__path__ = []
    module.__getattr__ = _lookup(name)  # type: ignore[method-assign]
    sys.modules[name] = module
    return module


def _lookup(module: str) -> Callable[[str], Any]:
    def lookup(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if name in _names.__all__:
            return getattr(_names, name)
        raise _names.missing(name)

    return lookup
