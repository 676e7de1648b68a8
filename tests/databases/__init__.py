"""Real database servers for the tests, private to one test session."""
