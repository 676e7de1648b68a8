"""What the tests of what the functions read may ask for."""

from tests.functions.fixtures import endpoint as endpoint
from tests.functions.fixtures import kept as kept
