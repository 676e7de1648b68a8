"""Globus's expression_eval: an action that evaluates an expression over its arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from braid_db.errors import shown
from braid_db.flows import expressions, jsonpath
from braid_db.flows.actions import ActionCall, status_document, unable_to_run
from braid_db.flows.errors import FlowDefinitionInvalid, FlowStateError
from braid_db.flows.scope import Scope


class ExpressionEvalProvider:
    """Evaluates ``expression`` with ``arguments`` as its names.

    The value stands in the details as ``result``, or where ``result_path`` says.
    """

    def run(self, call: ActionCall) -> dict[str, Any]:
        """Run one evaluation.

        :raises FlowStateError: ``ActionUnableToRun``, for an input that is refused.
        """
        started_at = datetime.now(UTC)
        body = call.body if isinstance(call.body, dict) else {}
        expression, arguments = body.get("expression"), body.get("arguments") or {}
        if not isinstance(expression, str) or not isinstance(arguments, dict):
            raise unable_to_run(
                f"expression_eval takes a text 'expression' and an object 'arguments', not "
                f"{shown(call.body)}."
            )
        status, details, sentence = "SUCCEEDED", None, None
        try:
            value = expressions.evaluate(expression, Scope(arguments, {}), "'expression'")
            details = _at(body.get("result_path") or "result", value)
        except FlowStateError as error:
            status, details, sentence = "FAILED", {"error": str(error.cause)}, str(error.cause)
        return status_document(
            call, status, details, started_at=started_at, display_status=sentence
        )


def _at(path: Any, value: Any) -> Any:
    if not isinstance(path, str):
        raise unable_to_run(f"'result_path' is {shown(path)}; expected a path such as 'done'.")
    try:
        where = jsonpath.parse_reference(path if path.startswith("$") else f"$.{path}")
        return where.write({}, value)
    except (FlowDefinitionInvalid, jsonpath.PathBlocked) as error:
        raise unable_to_run(f"'result_path' cannot be written to: {error}") from None
