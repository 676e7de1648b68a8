"""The laws of versions, each a question to what one history left behind."""

from __future__ import annotations

from collections.abc import Callable

from tests.functions.calls import is_acyclic
from tests.records.changes.happenings import Edit, Restore, Update
from tests.records.changes.telling import Telling, as_read
from tests.records.histories.laws.asking import hold

Law = Callable[[Telling], None]


def every_version_reads_as_it_was_told(telling: Telling) -> None:
    """At any later time, but for what recordings add to the current one; and none is left out."""
    for moment in telling.moments:
        for record_id, versions in moment.plain.versions.items():
            said = [
                as_read(one, moment.plain.checksums[record_id, one.content]) for one in versions
            ]
            hold(moment.after.versions[record_id] == said, f"{moment.happening} is read otherwise")


def people_change_no_version_that_is_there(telling: Telling) -> None:
    """An edit, update or restore leaves the versions of all records as they are."""
    for moment in telling.moments:
        if isinstance(moment.happening, Edit | Update | Restore):
            for record_id, versions in moment.before.versions.items():
                later = moment.after.versions[record_id]
                hold(later[: len(versions)] == versions, f"{moment.happening} changed a version")
                is_other = record_id != moment.record
                hold(not is_other or later == versions, f"{moment.happening} changed another")


def a_restored_version_reads_as_the_old_one_did(telling: Telling) -> None:
    for moment in telling.moments:
        if isinstance(moment.happening, Restore):
            versions = moment.before.versions[moment.record]
            old = versions[moment.happening.version % len(versions)]
            hold(moment.after.versions[moment.record][-1] == old, "a restore reads otherwise")


def only_new_content_has_origins(telling: Telling) -> None:
    """An edit and a restore add no derivation; an update adds what it was made of, and the
    revision unless it is a correction.
    """
    for moment in telling.moments:
        if isinstance(moment.happening, Edit | Update | Restore):
            added = moment.after.edges - moment.before.edges
            told = moment.plain.edges - moment.plain_before.edges
            hold(added == told, f"{moment.happening} added {added} and not {told}")
            hold(moment.before.edges <= moment.after.edges, "a derivation is gone")
            revisions = [edge for edge in added if edge[2] == "revision"]
            is_revision = isinstance(moment.happening, Update) and moment.answer is not None
            wanted = is_revision and not getattr(moment.happening, "is_correction", False)
            hold(len(revisions) == wanted, f"{moment.happening} added {revisions}")


def nothing_descends_from_itself(telling: Telling) -> None:
    for moment in telling.moments:
        hold(is_acyclic({(a, role, b) for a, b, role in moment.after.edges}), "a circle")


def a_version_is_made_only_of_what_differs(telling: Telling) -> None:
    """The answer says which version is current, and whether it is new."""
    for moment in telling.moments:
        if moment.answer is not None:
            before, after = (seen.versions[moment.record] for seen in (moment.before, moment.after))
            is_new = len(after) > len(before)
            hold(moment.answer.version == len(after), "the answer names another version")
            hold(moment.answer.is_new == is_new, "the answer is wrong about a new version")
            is_update = isinstance(moment.happening, Update)
            differs = is_update or after[-1] != before[-1]
            hold(differs == is_new, f"{moment.happening} changed nothing, and made a version")


LAWS: tuple[Law, ...] = (
    every_version_reads_as_it_was_told,
    people_change_no_version_that_is_there,
    a_restored_version_reads_as_the_old_one_did,
    only_new_content_has_origins,
    nothing_descends_from_itself,
    a_version_is_made_only_of_what_differs,
)
