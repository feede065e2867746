"""The case: one TOML file with everything that is asked, known and assumed."""
