"""What records, versions and derivations do: one use case a module, one transaction a call."""
