"""An endpoint that owns a provenance database: its folder, what it is configured to, its health."""
