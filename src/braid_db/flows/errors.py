"""What can go wrong with flows; the tree in ``braid_db.errors`` shows where each belongs."""

from __future__ import annotations

from braid_db.errors import BraidError, shown


class FlowDefinitionInvalid(BraidError):
    """A flow's definition cannot be run as it stands."""

    code = "flow-definition-invalid"


class FlowPathInvalid(FlowDefinitionInvalid):
    """A path in a flow's definition cannot be read."""

    code = "flow-path-invalid"

    def within(self, where: str) -> FlowPathInvalid:
        """Return the same error, which says where the path stands."""
        return FlowPathInvalid(f"{where}: {self.message}")


class FlowPathNotRun(FlowPathInvalid):
    """A path uses a part of JSONPath that flows are not run with here; the service may know it.

    :param begin: the path as far as it can be read.
    """

    def __init__(self, message: str, begin: str) -> None:
        self.begin = begin
        super().__init__(message)

    def within(self, where: str) -> FlowPathNotRun:
        """Return the same error, which says where the path stands."""
        return FlowPathNotRun(f"{where}: {self.message}", self.begin)


class FlowInputInvalid(BraidError):
    """A flow's input cannot be used."""

    code = "flow-input-invalid"


class FlowUnwritable(BraidError):
    """A flow's definition or input schema cannot be written to its file."""

    code = "flow-unwritable"


class FlowStateError(BraidError):
    """A state of a run failed, by the name that a Catch knows it by.

    :param error: the error's name, such as ``ActionFailedException`` or ``States.Runtime``.
    :param cause: why: a sentence, or the document that an action provider answered.
    :param explanation: one readable line, where the cause is a document.
    """

    code = "flow-state-error"

    def __init__(self, error: str, cause: object, explanation: str = "") -> None:
        self.error, self.cause = error, cause
        self.explanation = explanation or _in_words(cause)
        super().__init__(f"{error}: {self.explanation}")


def _in_words(cause: object) -> str:
    """Return what the document of an action that failed says in words, or any cause as a text."""
    told = cause if isinstance(cause, dict) else {}
    words = (told.get(key) for key in ("description", "display_status"))
    return next((text for text in words if isinstance(text, str) and text), str(cause))


class RunOptionInvalid(BraidError):
    """Something that a run was given beside its input does not fit its definition."""

    code = "flow-option-invalid"


class SavedRunUnusable(BraidError):
    """A file that keeps a run between its states cannot be read or written."""

    code = "flow-saved-run-unusable"

    def __init__(self, path: object, reason: str) -> None:
        self.path = path
        super().__init__(f"The run kept in {path} cannot be used: the file {reason}.")


class RunLogInvalid(BraidError):
    """The log of a run cannot be read, or does not tell what is needed."""

    code = "flow-run-log-invalid"


class FlowNotPublished(BraidError):
    """A definition was to be started that is no flow of the service, as far as is known here."""

    code = "flow-not-published"

    def __init__(self, definition: object) -> None:
        self.definition = definition
        super().__init__(
            f"The flow {definition} is not published by who is logged in. Publish it by "
            f"'braid-db flow publish {definition}', or name a flow by its UUID."
        )


class FlowNotThere(BraidError):
    """The Flows service has no flow of this id."""

    code = "flow-not-there"

    def __init__(self, flow_id: str) -> None:
        self.flow_id = flow_id
        super().__init__(
            f"Globus Flows has no flow {flow_id}. Leave --flow-id out to make a new one, or look "
            f"for the id in the Globus web app."
        )


class FlowChangedElsewhere(BraidError):
    """Publishing would undo what somebody changed elsewhere."""

    code = "flow-changed-elsewhere"

    def __init__(self, flow_id: str, fields: list[str]) -> None:
        self.flow_id, self.fields = flow_id, fields
        super().__init__(
            f"Since it was published from here, the {' and '.join(fields)} of the flow {flow_id} "
            f"was changed elsewhere. Bring the change into the file, or publish with --overwrite "
            f"to undo it. Nothing was changed."
        )


class StartInDoubt(BraidError):
    """Nobody knows whether a flow was started."""

    code = "flow-start-in-doubt"

    def __init__(self, flow_id: str, reason: str) -> None:
        self.flow_id, self.reason = flow_id, reason
        super().__init__(
            f"The flow {flow_id} may or may not have been started: {shown(reason, 300)}. Look for "
            f"its run in the Globus web app before you start it again."
        )


class RunInactive(BraidError):
    """A run waits for somebody, and nothing goes on before."""

    code = "run-inactive"

    def __init__(self, run_id: str, reason: str) -> None:
        self.run_id, self.reason = run_id, reason
        super().__init__(
            f"The run {run_id} is INACTIVE: {shown(reason, 300)}. Give it the consent that it "
            f"waits for and resume it in the Globus web app, then watch it again."
        )
