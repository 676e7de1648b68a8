"""What others read: lineage as text for programs that draw graphs."""
