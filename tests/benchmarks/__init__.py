"""Benchmarks: what recording costs beside raw SQL that writes the same rows at the same durability.

``python -m tests.benchmarks`` runs them all and prints ratios; both sides of a ratio take turns
within one run, because a machine's speed drifts. They are no tests: nothing fails by being slow.
"""
