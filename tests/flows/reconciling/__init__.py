"""Tests of recording a run from its log."""
