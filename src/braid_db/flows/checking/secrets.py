"""Passwords, tokens and keys that stand in a definition itself.

Whoever may see a flow can read its definition, and its runs' logs hold what actions were given.
Names that mean a secret are few here, and so are forms: a warning that is often wrong is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from braid_db.flows.checking.finding import Finding, warning
from braid_db.flows.checking.published import Place, written
from braid_db.flows.instrumenting.reading import States
from braid_db.flows.instrumenting.reads import is_computed
from braid_db.flows.parameters import PRIVATE

_NAMES = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|(?:api|access|secret|private|account)_?key"
    r"|(?:access|auth|api|bearer|refresh|bot|session|id)_?token)$|^token$"
)
"""Names of what is a secret: as the last words of a member's name."""
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # Amazon's access keys
    r"|\bgh[opsur]_[0-9A-Za-z]{36}"  # GitHub's tokens
    r"|\bglpat-[\w-]{20}"  # GitLab's
    r"|\bxox[abprs]-\w+-[\w-]+"  # Slack's
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."  # JSON Web Tokens
    r"|\bBearer [\w.~+/-]{20,}"
    r"|\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@{$<]+@"  # a URL with a password
)
_STANDS_FOR_ONE = re.compile(
    r"[<{$%].*|[xX*.]+|(?i:your|my|change|replace|insert|todo|none|null)\b.*"
)
"""A value that says where a secret is to be put, and is none."""
_SENTENCE = (
    "What stands here looks like a secret, and everybody who may see the flow can read it: "
    "'__Private_Parameters' only keeps it out of the logs."
)
_MEND = "Take it from the run's input, by a member whose name begins with '_private'."


def secret_findings(states: States) -> Iterator[Finding]:
    """Yield where a constant looks like a password, a token or a key; never the constant."""
    for name, state in states.items():
        for field in ("Parameters", "Result"):
            for place in _secrets(state.get(field), (field,)):
                yield warning("secret-in-definition", name, written(place), _SENTENCE, _MEND)


def _secrets(value: Any, at: Place) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != PRIVATE:
                yield from _secrets(inner, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, (*at, index))
    elif isinstance(value, str) and _is_secret(str(at[-1]), value):
        yield at


def _is_secret(key: str, value: str) -> bool:
    if _FORMS.search(value):
        return True
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+", "_", key).lower()
    is_value = bool(value) and not is_computed(key) and not re.search(r"\s|://", value)
    return is_value and bool(_NAMES.search(name)) and not _STANDS_FOR_ONE.fullmatch(value)
