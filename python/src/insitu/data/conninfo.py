"""Connection strings of libpq: URLs and keyword=value texts, taken apart only to compare, to complete and to show them."""

from __future__ import annotations

import getpass
import os
import re
import urllib.parse
from collections.abc import Mapping

# An unreachable host is reported after this long, unless the string or PGCONNECT_TIMEOUT says otherwise.
CONNECT_SECONDS = 10
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))")


def parts_of(text: str) -> dict[str, str]:
    """The settings that a connection string gives, by libpq's keywords.

    Example:
        >>> parts_of("postgresql://me:a%40b@db:5433/flights?sslmode=require")["password"]
        'a@b'
        >>> parts_of(r"host=db dbname='my db' password=it\\'s")["dbname"]
        'my db'
    """
    scheme, colon, rest = text.partition("://")
    if not colon or not scheme.strip().replace("+", "").isalnum():
        pairs = {m[1]: m[2] if m[2] is not None else m[3] for m in _PAIR.finditer(text)}
        return {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs.items()}
    address, _, options = rest.partition("?")
    found = dict(urllib.parse.parse_qsl(options, keep_blank_values=True))
    authority, _, name = address.partition("/")
    user, at, hosts = authority.rpartition("@")
    if at:
        login, _, password = user.partition(":")
        found |= {"user": login, "password": password}
    listed = [_host_and_port(host) for host in hosts.split(",")]
    found |= {"host": ",".join(h for h, _ in listed), "port": ",".join(p for _, p in listed)}
    found["dbname"] = name
    decoded = {key: urllib.parse.unquote(value) for key, value in found.items()}
    return {key: value for key, value in decoded.items() if value.strip(",")}


def secrets_of(text: str, parts: Mapping[str, str]) -> list[str]:
    """Every spelling of a password in a connection string, the longest first: messages may repeat any of them.

    Example:
        >>> secrets_of("postgresql://me:a%40b@db/flights", {"password": "a@b"})
        ['a%40b', 'a@b']
    """
    written = re.findall(r"://[^:/@]*:(.*)@", text) + re.findall(r"password=([^&\s]*)", text)
    known = [value for name, value in parts.items() if name.endswith("password")]
    return sorted({s for s in (*written, *known) if s}, key=lambda s: (-len(s), s))


def _host_and_port(text: str) -> tuple[str, str]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    host, _, port = text.partition(":")
    return host, port


def place_of(parts: Mapping[str, str]) -> tuple[str, str, str]:
    """Host, port and database, with what libpq takes where they are not given."""
    get = os.environ.get
    user = parts.get("user") or get("PGUSER") or _login()
    host = parts.get("host") or parts.get("hostaddr") or get("PGHOST") or "local socket"
    port = parts.get("port") or get("PGPORT") or "5432"
    name = parts.get("dbname") or get("PGDATABASE") or user
    if parts.get("service") and not parts.get("host"):
        host = f"service {parts['service']}"
    return host.lower(), port, name


def is_near(parts: Mapping[str, str]) -> bool:
    """True for a server on this machine.

    Example:
        >>> is_near({"host": "127.0.0.1"}), is_near({"host": "db.example.com"})
        (True, False)
    """
    hosts = place_of(parts)[0].split(",")
    near = ("local socket", "localhost", "127.", "::1", "/", "")
    return all(host in near or host.startswith(("127.", "/")) for host in hosts)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def completed(text: str, parts: Mapping[str, str]) -> str:
    """The string as the driver gets it: it names us to the server, and does not wait forever for a host."""
    more = {"fallback_application_name": "insitu"}
    if "connect_timeout" not in parts and "PGCONNECT_TIMEOUT" not in os.environ:
        more["connect_timeout"] = str(CONNECT_SECONDS)
    scheme, colon, rest = text.partition("://")
    if colon and scheme.strip().replace("+", "").isalnum():
        joined = "&".join(f"{name}={value}" for name, value in more.items())
        return f"postgresql://{rest}{'&' if '?' in rest else '?'}{joined}"
    return " ".join([text, *(f"{name}={value}" for name, value in more.items())])
