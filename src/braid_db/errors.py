"""What can go wrong, in one tree; each error has a stable code and says what to do next.

BraidError
├── InvalidArgument            an argument has a form that is not accepted
│   └── ConditionInvalid       ... because it is a condition of a search that cannot be read
├── InvalidReference           a reference to an earlier step names no record that can be used
│   └── OtherDatabase          ... because it is a result of another provenance database
├── RecordNotFound             no record has this id
├── VersionNotFound            a record has no version of this number
├── RunNotFound                no run has this id
├── InvalidationActionNotFound no invalidation action has this id
├── RecallNotFound             no recall has this id (this and the next: braid_db.recall.errors)
├── AmbiguousContent           a record with more than one content was to be recalled
├── NothingToRecall            nothing fits what was to be recalled
├── AlreadyReinstated          a recall was to be taken back twice
├── NotRecalled                what was to be reinstated was not recalled
│   └── MerelyReached          ... itself, but is reached by recalls of something else
├── VersionConflict            a record has moved on from the version that a change was meant for
├── IdentityTaken              a URI that would identify a record identifies another one
├── NotRecordedThen            a record was asked for as of a time before it was recorded
├── NotAModel                  only models have states and training data
├── NotAnOutput                a step or transfer was named as something that a step made
│   └── HasOneContent          ... or was to have new content
├── CycleRefused               a derivation would make an activity its own ancestor
├── KeyReused                  an idempotency key came again with other arguments
├── NotStored                  an object is in no database (this and the next: braid_db.api.errors)
├── SessionFailed              a session was used after something in it was refused
├── SettingsError              a setting has a value that cannot be used
├── ResourceNotFound           a folder that is shipped with the package is not there
├── FlowDefinitionInvalid      a flow's definition cannot be run as it stands
│   └── FlowPathInvalid        ... because of a path in it
│       └── FlowPathNotRun     ... by a part of JSONPath that flows are not run with here
├── FlowInputInvalid           a flow's input cannot be used
├── RunOptionInvalid           a stub, answer, collection or log does not fit (with the next:
├── SavedRunUnusable           a file that keeps a run cannot be used           flows.errors)
├── FlowUnwritable             a flow's definition or schema cannot be written to its file
├── RunLogInvalid              the log of a run cannot be read, or does not say what is needed
├── FlowStateError             a state of a run failed, by the name that a Catch knows it by
├── FlowNotPublished           a definition was to be started that is not published
├── FlowNotThere               the Flows service has no flow of this id
├── FlowChangedElsewhere       publishing would undo what somebody changed elsewhere
├── StartInDoubt               nobody knows whether a flow was started
├── RunInactive                a run waits for somebody, and nothing goes on before
├── FunctionSourceInvalid      a text is not a remote function that can be run by its source
├── FunctionUnknown            a flow names a function that nobody supplied
├── LoginNeeded                nobody is logged in to Globus (this and the next: compute.errors)
├── GlobusRefused              a Globus service did not accept a request
├── GlobusUnreachable          a Globus service did not answer
├── RegistrationsUnreadable    the file of what is registered cannot be used
│   └── PublishedUnreadable    ... or that of the flows that are published
├── FlowInputUnwritable        function ids cannot be written into a flow's input
├── EndpointNameInvalid        an endpoint cannot have this name (with the next: compute.endpoint)
├── EndpointNotConfigured      there is no endpoint of this name here
├── EndpointFileUnusable       a file of an endpoint cannot be read or written as what it is
├── EndpointChoiceInvalid      an endpoint cannot be configured like that
├── WorkersUnfit               the Python that would run the functions cannot do it
├── RoundTripFailed            a call did not come back from an endpoint as it should
├── WorkerUnavailable          no worker could be started for an endpoint
├── TaskTimeout                a task took longer than its state allows
├── BackupFailed               a backup could not be written (braid_db.store.errors)
└── DatabaseError              the database could not do what was asked
    ├── DatabaseUnreachable    it cannot be opened, or the connection was lost
    ├── DatabaseBusy           others kept it locked for too long
    │   └── SessionOpen        ... or an open session of this very thread does
    ├── DatabaseFull           there is no room left where it lies
    ├── OutcomeUnknown         the connection was lost while a call was being committed
    ├── TransactionLost        it took back an open transaction that had been answered
    ├── NetworkFileSystem      an SQLite file lies where SQLite's locks do not hold
    ├── NotAProvenanceDatabase the database holds something else
    ├── SchemaOutOfDate        the database was made by an older version of Braid-DB
    └── SchemaTooNew           the database was made by a newer version of Braid-DB
"""

from __future__ import annotations


def shown(value: object, limit: int = 60) -> str:
    """Return a value as one short line for an error's text."""
    try:
        text = ascii(value[: limit + 1]) if isinstance(value, str) else ascii(value)
    except (RecursionError, ValueError):
        # Nested too deeply, or an integer with more digits than Python writes out.
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


class BraidError(Exception):
    """The base of every error that Braid-DB raises on purpose.

    Its text is one readable line that ends with the error's ``code`` in brackets, because a
    flow's author sees nothing else of what happened on the endpoint.
    """

    code = "braid-error"

    @property
    def message(self) -> str:
        """The sentence without the code."""
        return super().__str__()

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"

    def __reduce__(self) -> tuple[object, ...]:
        """Let an error pass between processes with its sentence and values as they are."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[BraidError], args: tuple[object, ...], values: dict[str, object]
) -> BraidError:
    """Return an error that came from another process."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error


class InvalidArgument(BraidError):
    """An argument has a form that is not accepted."""

    code = "invalid-argument"

    def __init__(self, argument: str, found: str, expected: str) -> None:
        self.argument, self.found, self.expected = argument, found, expected
        super().__init__(f"'{argument}' is {found}; expected {expected}. Nothing was written.")


class InvalidReference(BraidError):
    """A reference to an earlier step names no record that can be used.

    :param can_be_marked: whether the call could be recorded without it, by ``if_missing``.
    """

    code = "invalid-reference"

    def __init__(self, reason: str, *, can_be_marked: bool = False) -> None:
        self.reason = reason
        mark = ', or if_missing="mark" to record the step without it' if can_be_marked else ""
        super().__init__(
            f"{reason}. Pass the status document, the result or the id of an earlier provenance "
            f"step{mark}. Nothing was written."
        )


class OtherDatabase(InvalidReference):
    """A result of another provenance database was given as a reference."""

    code = "other-database"


class RecordNotFound(BraidError):
    """A record id was named that this database does not hold."""

    code = "record-not-found"

    def __init__(self, record_id: object) -> None:
        self.record_id = record_id
        super().__init__(
            f"No record {shown(record_id)} in this provenance database. Check that every step of "
            f"the flow runs on the same endpoint, or list what is here with "
            f"'braid-db record list'."
        )


class VersionNotFound(BraidError):
    """A record has no version of this number."""

    code = "version-not-found"

    def __init__(self, record_id: int, version: int) -> None:
        self.record_id, self.version = record_id, version
        super().__init__(
            f"Record {record_id} has no version {version}. "
            f"'braid-db record show {record_id}' says how many it has."
        )


class RunNotFound(BraidError):
    """No run has this id."""

    code = "run-not-found"

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"No run {shown(run_id)} is recorded here. 'braid-db run list' shows those that are."
        )


class InvalidationActionNotFound(BraidError):
    """No invalidation action has this id."""

    code = "invalidation-action-not-found"

    def __init__(self, action_id: str) -> None:
        self.action_id = action_id
        super().__init__(
            f"No invalidation action {shown(action_id)} in this provenance database. Pass the "
            f"invalidation_action_id that create_invalidation_action returned. "
            f"Nothing was written."
        )


class NotAnOutput(BraidError):
    """A step or transfer was named as something that a step made."""

    code = "not-an-output"

    def __init__(self, record_id: int, kind: str) -> None:
        self.record_id, self.kind = record_id, kind
        super().__init__(
            f"Record {record_id} is a {kind}, which no step can make; only data, fact, model and "
            f"statement records can be outputs. Name it as a predecessor instead. "
            f"Nothing was written."
        )


class CycleRefused(BraidError):
    """A derivation would make an activity its own ancestor."""

    code = "cycle-refused"

    def __init__(self, derived_id: int, predecessor_id: int) -> None:
        self.derived_id, self.predecessor_id = derived_id, predecessor_id
        super().__init__(
            f"Record {predecessor_id} already derives from record {derived_id}, so it cannot be "
            f"its predecessor as well; a step or transfer has one content for ever. "
            f"Check which record came first. Nothing was written."
        )


class KeyReused(BraidError):
    """An idempotency key came again with other arguments."""

    code = "key-reused"

    def __init__(self, function: str, key: str) -> None:
        self.function, self.key = function, key
        super().__init__(
            f"The idempotency_key {shown(key)} was used before by another call of {function}, with "
            f"other arguments. Make it of what is unique for each call, such as the run id, the "
            f"state's name and the recorded action's action_id. Nothing was written."
        )


class SettingsError(BraidError):
    """A setting has a value that cannot be used."""

    code = "settings"

    def __init__(self, setting: str, problem: str, expected: str) -> None:
        self.setting = setting
        super().__init__(f"The setting {setting} {problem}; expected {expected}.")


class DatabaseError(BraidError):
    """The database could not do what was asked."""

    code = "database"

    def __init__(self, where: str, problem: str, advice: str) -> None:
        self.where = where
        super().__init__(f"The provenance database {where} {problem}. {advice}")


class DatabaseUnreachable(DatabaseError):
    """The database cannot be opened, or the connection to it was lost."""

    code = "database-unreachable"


class DatabaseBusy(DatabaseError):
    """Others kept the database locked for too long."""

    code = "database-busy"


class SessionOpen(DatabaseBusy):
    """A session of this thread has a transaction open, which what was asked would wait for."""

    code = "session-open"

    def __init__(
        self,
        where: str,
        problem: str = "has a session open on this thread, for which anything else would wait",
    ) -> None:
        advice = "Pass that session on (session=...), or commit it or roll it back first."
        super().__init__(where, problem, advice)


class DatabaseFull(DatabaseError):
    """There is no room left where the database lies."""

    code = "database-full"


class OutcomeUnknown(DatabaseError):
    """The connection was lost while a call was being committed."""

    code = "outcome-unknown"


class TransactionLost(DatabaseError):
    """The database took back an open transaction after it had given answers out of it."""

    code = "transaction-lost"

    def __init__(self, where: str) -> None:
        super().__init__(
            where,
            "took back all that this session had written, because others were in its way or the "
            "connection was lost",
            "Nothing of it was written, and ids that it gave mean nothing: do it all again, in a "
            "new session.",
        )


class NetworkFileSystem(DatabaseError):
    """An SQLite file lies on a file system where SQLite's locks do not hold."""

    code = "network-file-system"


class NotAProvenanceDatabase(DatabaseError):
    """The database holds something else than provenance of this schema."""

    code = "not-a-provenance-database"


class SchemaOutOfDate(DatabaseError):
    """The database was made by an older version of Braid-DB."""

    code = "schema-out-of-date"


class SchemaTooNew(DatabaseError):
    """The database was made by a newer version of Braid-DB."""

    code = "schema-too-new"


class ResourceNotFound(BraidError):
    """A folder that is shipped with the package is not there."""

    code = "resource-not-found"

    def __init__(self, name: str, looked_in: str) -> None:
        self.name = name
        super().__init__(
            f"The folder '{name}' that Braid-DB is shipped with was not found; looked for it in "
            f"{looked_in}. Install braid-db again, or run it from a whole checkout."
        )
