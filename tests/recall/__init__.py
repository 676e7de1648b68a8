"""Tests of recalls, and of the actions that follow them."""
