"""Nodes of SQL that PostgreSQL's expressions are built of; nothing is pasted from text."""

from __future__ import annotations

from sqlglot import exp


def call(name: str, *values: exp.Expression) -> exp.Expression:
    """A function of the server."""
    return exp.Anonymous(this=name, expressions=list(values))


def cast(value: exp.Expression, name: str) -> exp.Expression:
    """The value as a type of PostgreSQL."""
    return exp.cast(value, exp.DataType.build(name, dialect="postgres"))


def paren(value: exp.Expression) -> exp.Expression:
    """(value)"""
    return exp.Paren(this=value)


def number(text: str) -> exp.Expression:
    """A number, as it is written."""
    return exp.Neg(this=exp.Literal.number(text[1:])) if text.startswith("-") else exp.Literal.number(text)  # fmt: skip


def double(text: str) -> exp.Expression:
    """A double, by any of its spellings."""
    return cast(exp.Literal.string(text), "double precision")


def when(test: exp.Expression, value: exp.Expression) -> exp.If:
    """WHEN test THEN value."""
    return exp.If(this=test, true=value)
