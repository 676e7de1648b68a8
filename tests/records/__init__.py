"""Tests of what records, versions and derivations do, on both databases."""
