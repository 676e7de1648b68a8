"""What can go wrong with an endpoint; the tree in ``braid_db.errors`` shows where each belongs."""

from __future__ import annotations

from braid_db.errors import BraidError

_MEND_IT = "Mend it, or move it away and configure the endpoint again, which writes it anew."


class EndpointNameInvalid(BraidError):
    """An endpoint cannot have this name."""

    code = "endpoint-name-invalid"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is no name for an endpoint, as a folder is named by it. Choose one of "
            f"letters, digits, '_', '-' and '.', such as braid_db."
        )


class EndpointNotConfigured(BraidError):
    """There is no endpoint of this name here."""

    code = "endpoint-not-configured"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"No endpoint '{name}' is configured here. Make it with 'braid-db endpoint configure "
            f"{name}', or see which there are with 'globus-compute-endpoint list'."
        )


class EndpointFileUnusable(BraidError):
    """A file of an endpoint cannot be read or written as what it is."""

    code = "endpoint-file-unusable"

    def __init__(self, path: object, problem: str, advice: str = _MEND_IT) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"The endpoint's file {path} {problem}. {advice} Nothing was changed.")


class EndpointChoiceInvalid(BraidError):
    """An endpoint cannot be configured like that."""

    code = "endpoint-choice-invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Nothing was changed.")


class WorkersUnfit(BraidError):
    """The Python that would run the functions cannot do it."""

    code = "workers-unfit"

    def __init__(self, python: object, problem: str, advice: str) -> None:
        self.python, self.problem = python, problem
        super().__init__(
            f"The Python that would run the functions, {python}, {problem}. {advice} "
            f"Nothing was changed."
        )


class RoundTripFailed(BraidError):
    """A call did not come back from the endpoint as it should."""

    code = "round-trip-failed"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"The round trip through the endpoint failed: {problem}. 'braid-db endpoint doctor' "
            f"tells what is not as it should be; the endpoint's own log is endpoint.log in its "
            f"folder."
        )
