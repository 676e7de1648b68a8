"""Faults to be planted in the code under test, and the law that each of them breaks.

Each takes one rule of the data model out of the real code while a test runs: what is left is the
program that somebody might have written who did not know the rule.
"""

from tests.records.histories.faults import of_contents, of_derivations, of_records
from tests.records.histories.faults.of_records import postgresql_ends_no_tags
from tests.records.histories.faults.planting import PLANTED, Fault

MODULES = (of_contents, of_records, of_derivations)
FAULTS = tuple(PLANTED)

__all__ = ["FAULTS", "MODULES", "Fault", "postgresql_ends_no_tags"]
