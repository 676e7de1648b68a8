"""Random questions about lineage, to histories and to any graphs, against a plain model of both."""
