"""Ready scenarios: one TOML file each, found by the harness through an entry point."""
