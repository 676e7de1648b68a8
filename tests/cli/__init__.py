"""Tests of the command line, by running its commands."""
