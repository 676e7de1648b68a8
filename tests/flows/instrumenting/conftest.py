"""What the tests of instrumented flows may ask for: an endpoint with its database."""

from tests.functions.fixtures import endpoint as endpoint
from tests.functions.fixtures import postgresql_endpoint as postgresql_endpoint
from tests.functions.fixtures import sqlite_endpoint as sqlite_endpoint
