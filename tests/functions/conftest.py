"""What the tests of the remote functions may ask for."""

from tests.functions.fixtures import crowd as crowd
from tests.functions.fixtures import endpoint as endpoint
from tests.functions.fixtures import kept as kept
from tests.functions.fixtures import postgresql_endpoint as postgresql_endpoint
from tests.functions.fixtures import sqlite_endpoint as sqlite_endpoint
