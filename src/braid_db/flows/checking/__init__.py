"""Checking a flow before it lives: what the service refuses, and what would go wrong in a run."""

from braid_db.flows.checking.checker import check
from braid_db.flows.checking.finding import Finding, Severity

__all__ = ["Finding", "Severity", "check"]
