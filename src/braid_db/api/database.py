"""A provenance database for programs: opened by a path or URL, with upstream's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from os import PathLike, fspath
from typing import Any, TypeVar

from braid_db.api import arguments
from braid_db.api.options import engine_options, log_sql, set_logging
from braid_db.api.place import Place
from braid_db.api.record import BraidRecord
from braid_db.api.session import Session
from braid_db.api.showing import table
from braid_db.api.tags import BraidTagValue
from braid_db.errors import InvalidArgument
from braid_db.model import Kind
from braid_db.recall.plan import make_plan
from braid_db.recall.recalls import list_recalls
from braid_db.recall.reinstate import reinstate
from braid_db.recall.views import Plan, RecallView, Reinstated
from braid_db.records.database import create_database, get_status
from braid_db.records.objects import count_rows, records_one_step
from braid_db.records.search import Wanted, search
from braid_db.settings import read_settings
from braid_db.steps import values
from braid_db.store import Store, Transaction
from braid_db.views import Direction, RecordPage, RecordView

T = TypeVar("T")
_PAGE = 200


class BraidDB:
    """A provenance database; it is made at the first write, if it is not there.

    All that is written is committed call by call, or through a session: see :meth:`get_session`.

    :param db_url: a path or a URL of SQLite or PostgreSQL; that of the settings when omitted.
    :param log: whether what is written is logged, to the logger ``braid_db``.
    :param debug: whether more is logged: when sessions begin and end.
    :param mpi: for a later version.
    :param echo_sql: whether the process logs its SQL statements, to the logger ``braid_db.sql``;
        the values that they are run with are not shown.
    :param create_engine_kwargs: options as SQLAlchemy's ``create_engine`` has them: ``echo``,
        ``pool_size`` and ``connect_args={"timeout": seconds}`` are followed; those that only choose
        how connections are kept are needless and left alone; all others are refused.
    :raises InvalidArgument: if an option cannot be followed.
    :raises SettingsError: if a setting cannot be used.
    """

    def __init__(
        self,
        db_url: str | PathLike[str] | None = None,
        log: bool = False,
        debug: bool = False,
        mpi: bool = False,
        echo_sql: bool = False,
        create_engine_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        is_logged, is_debugged = arguments.flag("log", log), arguments.flag("debug", debug)
        shows_sql = arguments.flag("echo_sql", echo_sql)
        if arguments.flag("mpi", mpi):
            expected = "False: this version does not write from many ranks through one of them"
            raise InvalidArgument("mpi", "True", expected)
        options = engine_options(create_engine_kwargs)
        settings = read_settings(_named(db_url))
        set_logging(log=is_logged, debug=is_debugged)
        if shows_sql or options.echo:
            log_sql()
        store = Store(
            settings.database_url,
            busy_timeout_s=settings.busy_timeout_s if options.timeout_s is None
            else options.timeout_s,
            connections=options.connections or settings.connections,
        )  # fmt: skip
        self.place = Place(settings, store)

    @property
    def engine(self) -> Any:
        """SQLAlchemy's engine of the database, for queries of one's own; write through objects."""
        return self.place.store.engine

    def create(self) -> None:
        """Make the database, unless it is there."""
        create_database(self.place.store)

    def close(self) -> None:
        """Close all connections; the next call opens one anew."""
        self.place.close()

    def get_session(self, **options: Any) -> Session:
        """Return a session: several calls, written whole when it is committed.

        ``with db.get_session() as session: ...; session.commit()``

        :param options: those of upstream's sessions, which change nothing here.
        """
        return Session(self.place)

    def read(self, work: Callable[[Transaction], T], session: Session | None = None) -> T:
        """Run a use case that reads what is committed, or what a session sees."""
        through = arguments.session(session, self)
        return self.place.read(work) if through is None else through.read(work)

    def get_predecessors(self, record_id: int, session: Session | None = None) -> list[BraidRecord]:
        """Return the records that any version of a record came from in one step, each once."""
        return self._one_step(record_id, Direction.UP, session)

    def get_derivations(self, record_id: int, session: Session | None = None) -> list[BraidRecord]:
        """Return the records that came from any version of a record in one step, each once."""
        return self._one_step(record_id, Direction.DOWN, session)

    def _one_step(
        self, record_id: int, direction: Direction, session: Session | None
    ) -> list[BraidRecord]:
        through, wanted = arguments.session(session, self), arguments.record_id(record_id)
        views = self.read(lambda tx: records_one_step(tx, wanted, direction), through)
        return [BraidRecord.of_view(self, view, session=through) for view in views]

    def get_uris(self, record_id: int, session: Session | None = None) -> list[str]:
        """Return the URIs of a record, in order; none where there is no such record."""
        record = BraidRecord.by_record_id(self, record_id, session)
        return [] if record is None else record.get_uris(session)

    def get_tags(self, record_id: int, session: Session | None = None) -> dict[str, BraidTagValue]:
        """Return the tags of a record with their types; of a key with several values, the last."""
        record = BraidRecord.by_record_id(self, record_id, session)
        found = {} if record is None else record.get_tag_values(session)
        return {key: told[-1] for key, told in found.items()}

    def search(
        self,
        *,
        where: str | None = None,
        kinds: Kind | str | Sequence[Kind | str] = (),
        name: str | None = None,
        uri: str | None = None,
        run_id: str | None = None,
        valid: bool | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: str | None = None,
        reverse: bool = False,
        session: Session | None = None,
    ) -> Iterator[BraidRecord]:
        """Yield the records that fit all conditions as they are now, read a page at a time.

        Records that are made meanwhile are not among them, if they are sorted by record id.

        :param where: a condition as ``braid-db record list --where`` takes it:
            ``loss < 0.1 and beamline = '8-ID'``.
        :param kinds: only records of these kinds; of all when empty.
        :param name: only records with this in their name, whatever its case.
        :param uri: only records that go by this URI.
        :param run_id: only records that were made in this run.
        :param valid: only valid records, or only others.
        :param since: only those whose current version was recorded at this time or later; one
            without a zone is in UTC.
        :param until: ... or before this time.
        :param sort: ``record_id`` (the default) or ``created_at``, newest first; ``name``; a tag.
        :param reverse: whether in the opposite order.
        :raises InvalidArgument: if an argument cannot be used; at the first record, if it is the
            condition or the order that cannot be read.
        """
        wanted = Wanted(
            where=arguments.text_or_none("where", where, values.WORDS_LENGTH),
            kinds=arguments.kinds(kinds),
            name=arguments.text_or_none("name", name),
            uri=arguments.text_or_none("uri", uri, values.URI_LENGTH),
            run_id=arguments.text_or_none("run_id", run_id),
            valid=arguments.flag_or_none("valid", valid),
            since=arguments.moment("since", since),
            until=arguments.moment("until", until),
        )
        by = arguments.text_or_none("sort", sort)
        is_reversed = arguments.flag("reverse", reverse)
        ask = partial(search, wanted=wanted, sort=by, reverse=is_reversed, limit=_PAGE)
        return self._found(ask, arguments.session(session, self))

    def _found(
        self, ask: Callable[..., RecordPage], session: Session | None
    ) -> Iterator[BraidRecord]:
        """Yield what a search finds, page by page."""
        after: str | None = None
        while True:
            page = self.read(partial(ask, after=after), session)
            yield from (BraidRecord.of_view(self, view) for view in page.items)
            if page.next is None:
                return
            after = page.next

    def recalls(
        self, *, only_standing: bool = False, session: Session | None = None
    ) -> list[RecallView]:
        """Return recalls, the newest first.

        :param only_standing: without those that were taken back.
        """
        standing = arguments.flag("only_standing", only_standing)
        page = self.read(lambda tx: list_recalls(tx, only_standing=standing), session)
        return list(page.items)

    def recall_plan(
        self,
        *recalls: RecallView | int,
        limit: int | None = None,
        session: Session | None = None,
    ) -> Plan:
        """Return what has to be done until all that recalls reach is valid again; print it.

        :param recalls: as :meth:`recalls` returns them, or their ids; all that stand when omitted.
        :param limit: how much work to return at most, of what comes first.
        :raises RecallNotFound: if there is no such recall.
        """
        most = arguments.count_or_none("limit", limit)
        ids = [arguments.recall_id("recalls", recall) for recall in recalls]

        def work(tx: Transaction) -> Plan:
            standing = () if ids else list_recalls(tx, only_standing=True).items
            return make_plan(tx, ids or [recall.recall_id for recall in standing], limit=most)

        return self.read(work, session)

    def reinstate(
        self,
        recall_id: RecallView | int,
        reason: str | None = None,
        *,
        by: str | None = None,
        session: Session | None = None,
    ) -> Reinstated:
        """Take back a whole recall; what only it reached is valid again.

        :param recall_id: the recall, or its id.
        :raises RecallNotFound: if no recall has this id.
        :raises AlreadyReinstated: if it was taken back before.
        """
        through = arguments.session(session, self)
        take_back = partial(
            reinstate,
            recall_id=arguments.recall_id("recall_id", recall_id),
            by=arguments.person("by", by),
            reason=arguments.words("reason", reason),
        )
        if through is None:
            return self.place.write(take_back, alone=True)
        return through.write(lambda writing: take_back(writing.tx), alone=True)

    def size(self) -> int:
        """Return how many records, derivations, URIs and tags there are, all together."""
        return self.read(count_rows)

    def print(self) -> None:
        """Print all records with their URIs, tags and derived records, the first made first."""
        for record in reversed(list(self.search())):
            for line in _lines(record.view(), self.get_derivations(record.record_id)):
                print(line)  # noqa: T201

    def __repr__(self) -> str:
        return f"<BraidDB {self.place.shown_name}>"

    def _repr_html_(self) -> str:
        """Show how much there is as a small table in a notebook."""
        status = get_status(self.place.store)
        rows = [("BraidDB", status.url), ("versions", f"{status.versions:,}")]
        rows += [(f"{kind} records", f"{count:,}") for kind, count in status.records.items()]
        rows += [("derivations", f"{status.derivations:,}")]
        return table([*rows, ("standing recalls", f"{status.standing_recalls:,}")])


def _named(db_url: object) -> str | None:
    """Return the path or URL of a database that was passed.

    :raises InvalidArgument: if it is none.
    """
    told = fspath(db_url) if isinstance(db_url, PathLike) else db_url
    return None if told is None else values.text("db_url", told, values.URI_LENGTH)


def _lines(view: RecordView, derived: Sequence[BraidRecord]) -> Iterator[str]:
    validity = "" if view.valid else " (recalled)"
    yield f"{view.record_id}: {view.kind} {view.name}, {view.created_at}{validity}"
    yield from (f"    uri {uri}" for uri in view.uris)
    yield from (f"    tag {key} = {value}" for key, value in view.tags.items())
    yield from (f"    -> {one.record_id}: {one.name}" for one in derived)
