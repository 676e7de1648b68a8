"""Random histories of recording and recalling against a plain model of what recalls reach."""
