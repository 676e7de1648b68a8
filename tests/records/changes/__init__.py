"""Random sequences of changes to records against a plain model of what each version says."""
