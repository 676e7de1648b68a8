"""Tests of provenance that is woven into flows, and taken out again."""
