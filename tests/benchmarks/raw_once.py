"""The rows of one step by sqlite3 alone, with nothing imported but that."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

T = "2026-01-01T00:00:00.000000Z"


def insert(path: str) -> None:
    """Write the rows of one step after record 1, at the durability that ours has."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    run = connection.execute
    run("BEGIN IMMEDIATE")
    [(number,)] = run("SELECT max(version_id) + 1 FROM version").fetchall()
    uid = uuid4().hex
    record = (number, uid, uid, "step", None, number, None, T)
    run("INSERT INTO record VALUES (?,?,?,?,?,?,?,?)", record)
    version = (number, uid, number, 1, number, "cold", *[None] * 6, T)
    run("INSERT INTO version VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", version)
    run("INSERT INTO derivation VALUES (?,?,?,?,?)", (number, 1, "followed", None, T))
    tags = "INSERT INTO tag (record_id,key,type,value,num,since,created_at) VALUES (?,?,?,?,?,?,?)"
    for key in ("frame", "loss", "sample", "status"):
        run(tags, (number, key, 1, "x", None, 1, T))
    uris = "INSERT INTO uri (record_id,position,uri,since,created_at) VALUES (?,?,?,?,?)"
    for place, uri in enumerate(("file:///a", "file:///b")):
        run(uris, (number, place, uri, 1, T))
    run("COMMIT")
