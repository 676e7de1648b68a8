"""The program of a local worker: it runs tasks as a worker of a Globus Compute endpoint does.

It is started by its path, with whichever interpreter the endpoint is to have, and so imports
nothing of braid_db; that interpreter needs globus-compute-sdk and what the functions import.

Frames in both directions are an 8-byte big-endian length and a JSON object. In: ``task_id`` and
``task``, three buffers (function, args, kwargs) packed by the SDK. Out: first ``ready``; then per
task ``begun`` at once, and when it is done ``result``, serialized by the SDK, or ``exception``, a
traceback, and its ``summary``, a line. A worker that died without ``begun`` did nothing.

Source: execute_task of globus-compute-endpoint 4.19 and the SDK's ComputeSerializer.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

RESULT_LIMIT_BYTES = 10 * 1024 * 1024
"""What the service takes as one task's result, serialized."""

SUMMARY_LIMIT = 2000


def main() -> None:
    """Answer tasks until there are no more."""
    reader, writer = _take_over_standard_streams()
    _forget_own_folder()
    from globus_compute_sdk.serialize import ComputeSerializer, JSONData

    serializer = ComputeSerializer(strategy_data=JSONData)
    send(writer, {"ready": True, "python": sys.version.split()[0]})
    while (request := receive(reader)) is not None:
        send(writer, {"begun": True})
        send(writer, _answer(serializer, request))


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one frame."""
    body = json.dumps(message).encode("ascii")
    stream.write(len(body).to_bytes(8, "big") + body)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """Read one frame; None at the end of the stream, also in the middle of a frame."""
    header = stream.read(8)
    body = stream.read(int.from_bytes(header, "big")) if len(header) == 8 else b""
    if len(header) < 8 or len(body) < int.from_bytes(header, "big"):
        return None
    message: dict[str, Any] = json.loads(body)
    return message


def _take_over_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes for frames, so that what a function prints goes to standard error."""
    reader = os.fdopen(os.dup(0), "rb")
    writer = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", 1, encoding="utf-8", errors="replace", closefd=False)
    return reader, writer


def _forget_own_folder() -> None:
    # Python put this file's folder first; on an endpoint its neighbours can't be imported.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]


def _answer(serializer: Any, request: dict[str, Any]) -> dict[str, Any]:
    os.environ["GC_TASK_UUID"] = request["task_id"]
    try:
        function, args, kwargs = serializer.unpack_and_deserialize(request["task"])
        result = _serialized(serializer, function.__name__, function(*args, **kwargs))
        return {"result": result}
    except Exception as error:  # noqa: BLE001 - whatever a function raises is its answer
        # The outermost frame is the worker's own; a function's author wants the rest.
        frames = traceback.TracebackException.from_exception(error)
        del frames.stack[:1]
        summary = " ".join(f"{type(error).__name__}: {frames}".split())[:SUMMARY_LIMIT]
        return {"exception": "".join(frames.format()), "summary": summary}
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def _serialized(serializer: Any, name: str, value: Any) -> str:
    from globus_compute_sdk.errors import MaxResultSizeExceeded, SerializationError

    try:
        # The serializer would send anything that can be called as code.
        data: str = "" if callable(value) else serializer.serialize(value)
    except SerializationError:
        data = ""
    if not data:
        raise TypeError(
            f"The result of '{name}' is not JSON; return only objects with text keys, lists, "
            f"texts, numbers, booleans and None"
        )
    if len(data) > RESULT_LIMIT_BYTES:
        raise MaxResultSizeExceeded(len(data), RESULT_LIMIT_BYTES)
    return data


if __name__ == "__main__":
    main()
