"""Tests that a search finds what a plain reading of its condition finds."""
