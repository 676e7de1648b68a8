"""What the tests of data dependencies may ask for: a database to record into."""

from tests.flows.reconciling.conftest import new_book as new_book
from tests.functions.fixtures import endpoint as endpoint
from tests.functions.fixtures import postgresql_endpoint as postgresql_endpoint
from tests.functions.fixtures import sqlite_endpoint as sqlite_endpoint
