"""What of an endpoint's files may be shown: all but passwords and the like."""

from __future__ import annotations

import re
from urllib.parse import unquote

_HIDDEN = "***"
_IN_URL = re.compile(r"(://[^:/@\s]*:).*@")
_IN_QUERY = re.compile(r"(?P<name>[\w%.-]+)=[^&\s]*?(?=[\"']?(?:[&\s]|$))")
# libpq's password, sslpassword and oauth_client_secret.
_SECRET = re.compile(r"pass(wor)?d|secret", re.IGNORECASE)
_TELLS_NOTHING = re.compile(r"\s*|#.*|---|\w+:\s*(\"\")?")
_VARIABLE = re.compile(r"(?P<name>#?\s*[\"']?(?P<key>\w+)[\"']?\s*:\s+)(?!\"\"$)\S.*")


def shown_url(url: str) -> str:
    """Return a database's URL, or a line that holds one, without its passwords."""
    return _IN_QUERY.sub(_shown_parameter, _IN_URL.sub(rf"\1{_HIDDEN}@", url))


def _shown_parameter(found: re.Match[str]) -> str:
    """Return a parameter of a URL without its value if that is a secret.

    The letters of a name may be escaped, as they are read without their escapes.
    """
    is_secret = _SECRET.search(unquote(found["name"]))
    return f"{found['name']}={_HIDDEN}" if is_secret else found[0]


def shown_variable(line: str) -> str:
    """Return a line of the file of environment variables, without the value if it is not ours.

    A value that goes on in a second line is not shown either.
    """
    told = _VARIABLE.fullmatch(line)
    if told:
        is_ours = told["key"].startswith("BRAID_")
        return shown_url(line) if is_ours else told["name"] + _HIDDEN
    return shown_url(line) if _TELLS_NOTHING.fullmatch(line) else _HIDDEN
