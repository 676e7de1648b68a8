"""Random histories of calls against a plain model of true file contents."""
