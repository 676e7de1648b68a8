"""Whose results an action was given, told by the values themselves."""
