"""Tests of Braid-DB, one folder for each room, and what they share."""
