"""Tests of lineage as text for other programs."""
