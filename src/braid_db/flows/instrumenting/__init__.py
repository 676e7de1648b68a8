"""Provenance in an existing flow: woven into its definition, and taken out again."""

from braid_db.flows.instrumenting.calling import Registered
from braid_db.flows.instrumenting.schema import grow_schema
from braid_db.flows.instrumenting.stripping import strip
from braid_db.flows.instrumenting.weaving import Instrumented, Mode, instrument

__all__ = ["Instrumented", "Mode", "Registered", "grow_schema", "instrument", "strip"]
