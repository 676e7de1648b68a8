"""Tests of the actions that follow a recall: the outbox, programs, and flows."""
