"""What the public functions share: other spellings of arguments, those that are not supported, and the call as text."""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any, ParamSpec, TypeVar

from .errors import SpecError

P = ParamSpec("P")
R = TypeVar("R")

# R's and the original's spellings → ours, where taking the words apart is not enough.
SPELLINGS = {
    "in_data": "input_data",
    "out_file": "output_file",
    "out_data": "output_data",
    "compute_std_errors": "compute_standard_errors",
    "compute_std_err": "compute_standard_errors",
    "conf_level": "confidence_level",
    "pred_var_names": "predict_var_names",
    "std_error_var_names": "std_errors_var_names",
    "std_err_var_names": "std_errors_var_names",
    "col_info": "column_info",
    "col_classes": "column_classes",
    "num_rows": "number_rows",
    "number_rows": "num_rows",
    "max_rows_by_cols": "max_rows_by_columns",
    "max_rows_by_columns": "max_rows_by_cols",
    "strings_as_factors": "string_as_factors",
    "string_as_factors": "strings_as_factors",
    "coeff_tolerance": "coefficent_tolerance",
    "coefficient_tolerance": "coefficent_tolerance",
    "p_weights": "pweights",
    "f_weights": "fweights",
    "model": "model_object",
    "connection": "connection_string",
}


def snake_case(name: str) -> str:
    """The mechanical translation of R's names.

    >>> snake_case("rowSelection"), snake_case("xdfCompressionLevel")
    ('row_selection', 'xdf_compression_level')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def tolerant(function: Callable[P, R]) -> Callable[P, R]:
    """Lets a function take its arguments in R's and the original's other spellings too."""
    known = {
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        renamed: dict[str, Any] = {}
        for name, value in kwargs.items():
            name = _translated(name, known)
            if name in renamed:
                raise SpecError(f"The argument {name!r} is given twice, in two spellings.")
            renamed[name] = value
        return function(*args, **renamed)

    return wrapper


def _translated(name: str, known: set[str]) -> str:
    if name in known:
        return name
    snake = snake_case(name)
    for candidate in (snake, SPELLINGS.get(snake, "")):
        if candidate in known:
            return candidate
    return name


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the line outside this package that asked for the work."""
    own = os.path.dirname(__file__)
    frame, level = sys._getframe().f_back, 2
    while frame is not None and frame.f_code.co_filename.startswith(own):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_OTHER_COVARIANCES = ("cov_kwds", "clusters", "robust", "vcov", "vce")


def warn_unknown(function: str, kwargs: Mapping[str, Any]) -> None:
    """One warning that names the arguments nobody asked for; the original's engine swallowed them.

    Those by which other libraries choose standard errors are refused: they must not be lost in silence.
    """
    for name in _OTHER_COVARIANCES:
        if name in kwargs:
            raise SpecError(
                f"{function} has no argument {name}: give cov_type='HC1', or cluster='column'."
            )
    if kwargs:
        names = ", ".join(sorted(kwargs))
        noun = "argument" if len(kwargs) == 1 else "arguments"
        warn(f"{function} has no {noun} {names}: ignored.")


# What to do instead of the original's ways to run Python over the rows.
TRANSFORMS_INSTEAD = {
    "transform_function": "write the columns as SQL expressions in transforms={name: expression}, or compute them in the data first",
    "transform_objects": "write the values into the expressions",
    "transform_variables": "transforms find their columns",
    "transform_packages": "transforms need no packages",
    "transform_environment": "transforms need no environment",
}


def refuse(function: str, given: Mapping[str, Any], instead: Mapping[str, str]) -> None:
    """SpecError for the first argument that is given though this version cannot honour it.

    Arguments: given: all arguments by name. instead: by the names that are not supported, what to do instead.
    """
    for name, advice in instead.items():
        value = given.get(name)
        if value is not None and value is not False and value != {} and value != []:
            raise SpecError(f"{function} does not support {name} in this version: {advice}.")


def whole_number(argument: str, value: object, least: int = 1) -> int:
    """A whole number of any type, numpy's too.

    Raises: SpecError for other things, and for less than `least`.

    >>> import numpy as np
    >>> whole_number("max_iterations", np.int64(50))
    50
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SpecError(
            f"{argument} is a whole number of at least {least}, and was given as {value!r}."
        )
    return int(value)


def back_quoted(name: str) -> str:
    """A column's name as formulas have it, whatever is in it.

    >>> print(back_quoted("a b"), back_quoted("a`b"))
    `a b` `a``b`
    """
    return "`" + name.replace("\\", "\\\\").replace("`", "``") + "`"


def column_name(argument: str, value: object) -> str | None:
    """A weight as the name of a column."""
    if value is None or isinstance(value, str):
        return value
    raise SpecError(
        f"{argument} is the name of a column (text), and is a {type(value).__name__}: "
        "put the weights into the data as a column and give its name."
    )


def weights(pweights: object, fweights: object) -> tuple[str | None, str | None]:
    """The names of the weight columns; at most one kind makes sense."""
    names = column_name("pweights", pweights), column_name("fweights", fweights)
    if None not in names:
        raise SpecError(
            f"Both pweights={names[0]!r} and fweights={names[1]!r} are given: choose one kind of weight."
        )
    return names


def _cluster_names(cluster: object) -> list[str]:
    listed = [cluster] if isinstance(cluster, str) else cluster
    names = list(listed) if isinstance(listed, Sequence) and not isinstance(listed, bytes) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise SpecError(
            "cluster is the name of a column of the data, or a list of two names, and was given as "
            f"{cluster!r:.80}."
        )
    return names


_COVARIANCES = ("classical", "HC0", "HC1", "HC2", "HC3", "cluster")


def covariance(cov_type: object, cluster: object) -> dict[str, Any]:
    """What a fit's spec says of its covariance, of the arguments `cov_type` and `cluster`."""
    clusters = [] if cluster is None else _cluster_names(cluster)
    if cov_type is None:
        cov_type = "cluster" if clusters else "classical"
    known = {name.lower(): name for name in _COVARIANCES}
    found = known.get(cov_type.lower()) if isinstance(cov_type, str) else None
    if found is None:
        raise SpecError(
            f"cov_type is one of {', '.join(map(repr, _COVARIANCES))}, and was given as {cov_type!r:.80}"
            + {"nonrobust": ": 'classical' is meant?", "robust": ": 'HC1' is meant?"}.get(
                str(cov_type), "."
            )
        )
    return {"cov_type": found, "clusters": clusters}


def formula_text(formula: object) -> str:
    """The formula, which is text."""
    if not isinstance(formula, str):
        raise SpecError(f"The formula is text such as 'y ~ x', and is a {type(formula).__name__}.")
    return formula


def emit(notes: list[str]) -> None:
    """Warns with each of a fit's notes, once."""
    for note in dict.fromkeys(notes):
        warn(note)


def changed(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that differ from the function's defaults, as plain values; data as the name of its class."""
    parameters = inspect.signature(function).parameters
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        default = parameters[name].default if name in parameters else None
        is_rows = name == "data" and isinstance(value, Mapping)
        plain = f"<{type(value).__name__}>" if is_rows else _plain(value)
        if default is inspect.Parameter.empty or plain != default:
            found[name] = plain
    return found


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """The call as text, without secrets.

    >>> call_text("rx_lin_mod", {"formula": "y ~ x", "data": "<DataFrame>", "cov_coef": True})
    "rx_lin_mod(formula='y ~ x', data=<DataFrame>, cov_coef=True)"
    """
    shown = ", ".join(f"{key}={_shown(value)}" for key, value in arguments.items())
    return f"{name}({shown})"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"://[^/@\s]*@", "://…@", value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return f"<{type(value).__name__}>"


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return value
    text = repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
