"""What is told of a record besides its content: its name, tags and URIs.

Adding a tag or URI enriches the current version. Changing one is an edit: a new version of the
same content. Inputs never edit; what they say differently is kept on the step that said it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from braid_db.identity import IdentityRules
from braid_db.model import Definition, Kind, Tag, TagType
from braid_db.records.contents import Content, Contents, Entity
from braid_db.store import recording as sql


class Descriptions:
    """What one call tells of the records that it names.

    :ivar differing: tags for the step, where an input was described differently.
    """

    def __init__(self, contents: Contents, rules: IdentityRules) -> None:
        self.contents = contents
        self.tx = contents.tx
        self.rules = rules
        self.differing: list[Tag] = []

    def add_tags(self, entity: Entity, tags: Iterable[Tag]) -> None:
        """Write tags that hold from the record's current version on."""
        rows = [
            (
                entity.record_id,
                tag.key,
                int(tag.type),
                tag.text,
                tag.number,
                entity.number,
                None,
                self.tx.now,
            )
            for tag in tags
        ]
        self.tx.write(sql.ADD_TAG, rows)

    def add_new_tags(self, entity: Entity, tags: Sequence[Tag]) -> None:
        """Write those tags that the record does not have with this very value."""
        if tags:
            known = set(self.tx.rows(sql.CURRENT_TAGS, entity.record_id))
            self.add_tags(entity, [tag for tag in tags if (tag.key, *_value(tag)) not in known])

    def add_uris(self, entity: Entity, uris: Sequence[str], position: int = 0) -> None:
        """Write URIs that hold from the record's current version on, in order."""
        rows = [
            (entity.record_id, place, uri, entity.number, None, self.tx.now)
            for place, uri in enumerate(uris, position)
        ]
        self.tx.write(sql.ADD_URI, rows)

    def tell(self, content: Content, said: Definition, *, may_edit: bool) -> None:
        """Write what a definition tells of a record that was known before.

        :param may_edit: whether what differs changes the record; else it is kept on the step.
        """
        entity = content.entity
        tags, uris = self._known(entity, said)
        new = [tag for tag in said.tags if tag.key not in tags]
        changed = [tag for tag in said.tags if tag.key in tags and _value(tag) not in tags[tag.key]]
        more = self._new_uris(said, uris)
        name = said.name if said.name not in (None, entity.name) else None
        if content.is_current:
            if may_edit and (changed or name):
                self._edit(content, name or entity.name, changed)
                name, changed = None, []
            self.add_tags(entity, new)
            self.add_uris(entity, more, len(uris))
            new, more = [], []
        self._keep_on_step(entity, said, name, [*new, *changed], more)

    def _known(
        self, entity: Entity, said: Definition
    ) -> tuple[dict[str, set[tuple[int, str]]], list[str]]:
        """Return the current tags and URIs of a record, as far as a definition needs them."""
        key = [(entity.record_id,)]
        asked_tags = self.tx.ask(sql.CURRENT_TAGS, key if said.tags else [])
        asked_uris = self.tx.ask(sql.CURRENT_URIS, key if said.uris else [])
        tags: dict[str, set[tuple[int, str]]] = {}
        for rows in asked_tags():
            for tag_key, kind, text in rows:
                tags.setdefault(tag_key, set()).add((kind, text))
        return tags, [uri for rows in asked_uris() for (uri,) in rows]

    def _new_uris(self, said: Definition, known: Sequence[str]) -> list[str]:
        """Return the URIs of a definition that the record does not have, in any spelling."""
        seen = {self.rules.canonical(uri, said.host) or uri for uri in known}
        new = []
        for uri in said.uris:
            canonical = self.rules.canonical(uri, said.host) or uri
            if canonical not in seen:
                seen.add(canonical)
                new.append(uri)
        return new

    def _edit(self, content: Content, name: str, changed: Sequence[Tag]) -> None:
        """Give the record's next version another name or other tags."""
        entity = content.entity
        self.contents.next_edit(entity, name)
        content.number = entity.number
        ended = [(entity.number, entity.record_id, key) for key in {tag.key for tag in changed}]
        self.tx.write(sql.END_TAG, ended)
        self.add_tags(entity, changed)

    def _keep_on_step(
        self,
        entity: Entity,
        said: Definition,
        name: str | None,
        tags: Sequence[Tag],
        uris: Sequence[str],
    ) -> None:
        """Remember for the step what it said of a record that stays as it is."""
        place = f"as_defined.{entity.record_id}"
        if name is not None:
            self.differing.append(Tag(f"{place}.name", TagType.STRING, name))
        if said.kind not in (None, entity.kind):
            self.differing.append(Tag(f"{place}.kind", TagType.STRING, Kind(said.kind).value))
        if uris:
            text = json.dumps(uris, ensure_ascii=False)
            self.differing.append(Tag(f"{place}.uris", TagType.JSON, text))
        for tag in tags:
            self.differing.append(Tag(f"{place}.tags.{tag.key}", tag.type, tag.text, tag.number))


def _value(tag: Tag) -> tuple[int, str]:
    return int(tag.type), tag.text
