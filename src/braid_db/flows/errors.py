"""What can go wrong with flows; the tree in ``braid_db.errors`` shows where each belongs."""

from __future__ import annotations

from braid_db.errors import BraidError


class FlowDefinitionInvalid(BraidError):
    """A flow's definition cannot be run as it stands."""

    code = "flow-definition-invalid"


class FlowPathInvalid(FlowDefinitionInvalid):
    """A path in a flow's definition cannot be read."""

    code = "flow-path-invalid"


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
        self.explanation = explanation or str(cause)
        super().__init__(f"{error}: {self.explanation}")


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
