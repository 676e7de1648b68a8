"""What can go wrong with functions and where they run; see the tree in ``braid_db.errors``."""

from __future__ import annotations

from braid_db.errors import BraidError, shown

_NOBODY = 401
_WHO = "Check who is logged in by 'globus-compute-endpoint whoami'."
_LOG_IN_ANEW = (
    "Log in anew by 'globus-compute-endpoint login --force' on a terminal, or check "
    "GLOBUS_COMPUTE_CLIENT_ID and GLOBUS_COMPUTE_CLIENT_SECRET where these are set."
)


class TaskTimeout(BraidError):
    """A task took longer than it was given."""

    code = "task-timeout"

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"The task did not end within {limit_s:g} s.")


class FunctionSourceInvalid(BraidError):
    """A text is not a remote function that can be run by its source."""

    code = "function-source-invalid"


class FunctionUnknown(BraidError):
    """A flow names a function that nobody supplied."""

    code = "function-unknown"

    def __init__(self, function_id: object, known: list[str], advice: str) -> None:
        self.function_id, self.known = function_id, known
        super().__init__(
            f"No function {shown(function_id)} is known to this run. Known are: "
            f"{', '.join(known) or 'none'}. {advice}"
        )


class WorkerUnavailable(BraidError):
    """No worker could be started for an endpoint."""

    code = "worker-unavailable"


class LoginNeeded(BraidError):
    """Nobody is logged in to Globus, and nobody can be asked to."""

    code = "login-needed"

    def __init__(self, reason: str = "nobody is logged in to Globus here") -> None:
        super().__init__(
            f"Globus cannot be asked, because {reason}. Run the command on a terminal to "
            f"log in with a browser, or set GLOBUS_COMPUTE_CLIENT_ID and "
            f"GLOBUS_COMPUTE_CLIENT_SECRET to those of a client that is registered with Globus."
        )


class GlobusRefused(BraidError):
    """A Globus service did not accept a request."""

    code = "globus-refused"

    def __init__(self, wanted: str, status: int, reason: str) -> None:
        self.wanted, self.status, self.reason = wanted, status, reason
        is_of_the_login = status == _NOBODY or "invalid_grant" in reason
        super().__init__(
            f"Globus refused to {wanted}: {shown(reason, 300)} (HTTP {status}). "
            f"{_LOG_IN_ANEW if is_of_the_login else _WHO}"
        )


class GlobusUnreachable(BraidError):
    """A Globus service did not answer."""

    code = "globus-unreachable"

    def __init__(self, wanted: str, reason: str) -> None:
        self.wanted, self.reason = wanted, reason
        super().__init__(
            f"Globus was asked to {wanted} and did not answer: {shown(reason, 300)}. "
            f"Check the network and a proxy that may be set, then run the command again."
        )


class RegistrationsUnreadable(BraidError):
    """The file of what is registered cannot be used."""

    code = "registrations-unreadable"
    holds = "what is registered"
    without = "the functions are then registered anew, under other ids"

    def __init__(self, path: object, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"The file {path}, which knows {self.holds}, {problem}. Mend it, or move it away: "
            f"{self.without}."
        )


class PublishedUnreadable(RegistrationsUnreadable):
    """The file of the flows that are published cannot be used."""

    code = "published-unreadable"
    holds = "which flows are published"
    without = "a flow is then known again when it is published with its --flow-id"


class FlowInputUnwritable(BraidError):
    """Function ids cannot be written into a flow's input."""

    code = "flow-input-unwritable"

    def __init__(self, path: object, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"The function ids cannot be written into {path}: it {problem}. Name a file that "
            f"holds a flow's input, a JSON object."
        )
