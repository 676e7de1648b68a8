"""The folder of an endpoint, where the agent looks for it: four files of ours, and what it keeps.

Source: globus-compute-endpoint 4.19.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from braid_db.compute.endpoint.errors import (
    EndpointFileUnusable,
    EndpointNameInvalid,
    EndpointNotConfigured,
)
from braid_db.errors import shown

CONFIG = "config.yaml"
TEMPLATE = "user_config_template.yaml.j2"
SCHEMA = "user_config_schema.json"
ENVIRONMENT = "user_environment.yaml"
MAPPING = "identity_mapping_config.json"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class EndpointFolder:
    """One endpoint's folder.

    :param path: where it lies, whether or not it is there.
    :param planned: what some of its files are about to hold.
    """

    path: Path
    planned: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str) -> EndpointFolder:
        """Return the folder of the endpoint of a name.

        :raises EndpointNameInvalid: if the agent could not have one of this name.
        """
        if not _NAME.fullmatch(name):
            raise EndpointNameInvalid(shown(name))
        told = os.environ.get("GLOBUS_COMPUTE_USER_DIR")
        base = Path(told).expanduser() if told else Path.home() / ".globus_compute"
        return cls(base / name)

    @classmethod
    def configured(cls, name: str) -> EndpointFolder:
        """Return the folder of the endpoint of a name, which is there.

        :raises EndpointNameInvalid: if the agent could not have one of this name.
        :raises EndpointNotConfigured: if it has none.
        """
        found = cls.named(name)
        if not found.is_configured:
            raise EndpointNotConfigured(name)
        return found

    @property
    def name(self) -> str:
        """The endpoint's name on this machine."""
        return self.path.name

    @property
    def is_configured(self) -> bool:
        """Whether the agent could be started.

        :raises EndpointFileUnusable: if its folder cannot be looked into.
        """
        return self.text(CONFIG) is not None and self.text(TEMPLATE) is not None

    @property
    def endpoint_id(self) -> str | None:
        """The UUID that the service knows it by; None before its first start."""
        try:
            told = json.loads((self.path / "endpoint.json").read_text(encoding="utf-8"))
            return str(told["endpoint_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def text(self, name: str) -> str | None:
        """Return one of its files; None where there is none.

        :raises EndpointFileUnusable: if it cannot be read.
        """
        if name in self.planned:
            return self.planned[name]
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError:
            raise EndpointFileUnusable(self.path / name, "is no text") from None
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            advice = "Ask as the account that it belongs to."
            raise EndpointFileUnusable(self.path / name, problem, advice) from None
