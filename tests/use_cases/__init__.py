"""What the tests of the use cases share."""
