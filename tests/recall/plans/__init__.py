"""Tests of what has to be done after recalls."""
