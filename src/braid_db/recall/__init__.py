"""Recalls: what is not to be trusted, what it reaches, and what has to follow."""
