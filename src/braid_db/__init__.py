"""Braid-DB: provenance for Globus Flows."""
