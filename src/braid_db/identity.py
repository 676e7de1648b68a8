"""When two URIs mean the same thing: the canonical form of a URI and its digest.

The first URI of a data, fact, model or statement record identifies it within a database, so that
a file that many flows read is one record. Canonical are RFC 3986's syntax-based normal form and
the settings of this database: which host ``file:///path`` means, and which folder of which host
a Globus collection shows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>\S+)")
_AT_HOST = re.compile(r"(?:[^\s/@:]+@)?(?P<host>[A-Za-z0-9._-]{2,}):(?P<path>/(?!/)\S*)")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_SEGMENTS = _UNRESERVED | frozenset("!$&'()*+,;=:@")
_ESCAPE_OR_NONE_ALLOWED = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?#-]")
_OF_FILES = ("file", "globustransfer")
_NO_HOST = ("", "localhost")


@dataclass(frozen=True)
class IdentityRules:
    """The settings of one database that decide which URIs are the same.

    :param host: the host that ``file:///path`` means unless a definition names another.
    :param collections: Globus collection UUID in lower case -> ``file://host/base/``.
    """

    host: str = "localhost"
    collections: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, uri: str, host: str | None = None) -> str | None:
        """Return the canonical form of a URI, or None where it identifies nothing.

        :param host: the host of the definition that the URI stands in.
        """
        normal = _normalised(uri)
        if normal is None:
            return None
        if normal.startswith("globustransfer://"):
            normal = self._in_its_folder(normal)
        if normal.startswith("file://"):
            named, slash, path = normal[len("file://") :].partition("/")
            if named in _NO_HOST:
                named = (host or self.host).lower()
            return f"file://{named}{slash}{path}"
        return normal

    def _in_its_folder(self, normal: str) -> str:
        """Return the file's URI for a path on a collection whose folder is known."""
        collection, _, path = normal[len("globustransfer://") :].partition("/")
        base = self.collections.get(collection)
        if base is None or path.startswith("~"):
            return normal  # Only the collection knows whose home ~ is.
        return _normalised(f"{base.rstrip('/')}/{path}") or normal


def digest(canonical: str) -> bytes:
    """Return the 32 bytes that stand for a canonical URI in the database."""
    return hashlib.sha256(canonical.encode()).digest()


def folders_above(canonical: str) -> Iterator[str]:
    """Yield the canonical forms of the folders that a file lies in, the nearest first.

    Only files and paths on Globus collections lie in folders: what a web address's last slash
    means is its server's affair.
    """
    scheme, _, rest = canonical.partition("://")
    if scheme in _OF_FILES:
        while "/" in rest:
            rest = rest.rpartition("/")[0]
            yield f"{scheme}://{rest}"


def transfer_uri(endpoint: str, path: str) -> str:
    """Return the URI of a path on a Globus collection, with one slash between them.

    Characters that a URI cannot hold as they are (white space, ``?``, ``#``, ``%``) are escaped.
    """
    return f"globustransfer://{endpoint}/{quote(path.lstrip('/'), safe=_SAFE)}"


_SAFE = "".join(_IN_SEGMENTS) + "/"


@lru_cache(maxsize=4096)
def _normalised(uri: str) -> str | None:
    """Return RFC 3986's normal form of an absolute URI or of ``host:/path``, else None."""
    at_host = _AT_HOST.fullmatch(uri)
    if at_host and at_host["host"].lower() not in _OF_FILES:
        uri = f"file://{at_host['host']}{at_host['path']}"
    absolute = _ABSOLUTE.fullmatch(uri)
    if absolute is None:
        return None
    scheme, rest = absolute["scheme"].lower(), absolute["rest"]
    if scheme in _OF_FILES:
        return _normalised_file(scheme, rest)
    authority, path, tail = _parts(rest)
    path = _escaped(path, _UNRESERVED)
    if path.startswith("/"):
        path = _without_dots(path).rstrip("/")
    if authority is None:
        # Two slashes at the beginning of a path would make an authority of it.
        path = f"/.{path}" if path.startswith("//") else path
        return f"{scheme}:{path or '/'}{_escaped(tail, _UNRESERVED)}"
    return f"{scheme}://{_authority(authority)}{path}{_escaped(tail, _UNRESERVED)}"


def _normalised_file(scheme: str, rest: str) -> str | None:
    """Return the normal form where a path names a file: no character in a name is a delimiter.

    So ``a=b``, which a program may write as ``a%3Db``, is one name, and ``a//b`` is ``a/b``.
    """
    authority, path, tail = _parts(rest)
    if not rest.startswith("/") or (scheme != "file" and not authority):
        return None
    path = _without_dots(re.sub("/+", "/", _escaped(path, _IN_SEGMENTS))).rstrip("/")
    return f"{scheme}://{_authority(authority or '')}{path}{_escaped(tail, _UNRESERVED)}"


def _parts(rest: str) -> tuple[str | None, str, str]:
    """Return authority, path, and query with fragment, of what follows a scheme."""
    hierarchy = re.split(r"[?#]", rest, maxsplit=1)[0]
    tail = rest[len(hierarchy) :]
    if not hierarchy.startswith("//"):
        return None, hierarchy, tail
    authority, slash, path = hierarchy[2:].partition("/")
    return authority, slash + path, tail


def _authority(authority: str) -> str:
    """Return an authority with its host in lower case; ``[`` and ``]`` hold an IPv6 address."""
    user, at, host = authority.rpartition("@")
    host = _escaped(host, _UNRESERVED).lower().replace("%5b", "[").replace("%5d", "]")
    return f"{_escaped(user, _UNRESERVED)}{at}{host}"


def _escaped(text: str, plain: frozenset[str]) -> str:
    """Return a text in which exactly what must be escaped is, in upper case.

    :param plain: the characters that stand as themselves even where they were escaped.
    """

    def one(found: re.Match[str]) -> str:
        if found[1] is None:
            return "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))
        character = chr(int(found[1], 16))
        return character if character in plain else found[0].upper()

    return _ESCAPE_OR_NONE_ALLOWED.sub(one, text)


def _without_dots(path: str) -> str:
    """Return a path without its ``.`` and ``..`` segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)
