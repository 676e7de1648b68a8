"""A query built for one call: compiled with the values that stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import BindParameter

from braid_db.store.statements import Compiled, reader


def compile_query(query: Select[Any], dialect: Dialect) -> Compiled:
    """Compile a query whose values are known; a list after IN becomes one parameter each."""
    compiled = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values: dict[str, object] = {}
    for name, bind in compiled.binds.items():
        values.update(_bound(name, bind, dialect))
    parameters = [values[name] for name in compiled.positiontup or ()]
    return Compiled(
        sql=str(compiled),
        bind=lambda _: parameters,
        read=reader([column.type for column in query.exported_columns], dialect),
    )


def _bound(name: str, bind: BindParameter[Any], dialect: Dialect) -> Iterator[tuple[str, object]]:
    """Yield the parameters that stand for one value or list, as the driver takes them.

    SQLAlchemy names the parameters of a list after it, counted from one.
    """
    process = bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
    if bind.expanding:
        for number, value in enumerate(bind.effective_value or (), 1):
            yield f"{name}_{number}", process(value)
    else:
        yield name, process(bind.effective_value)


def _as_it_is(value: Any) -> Any:
    return value
