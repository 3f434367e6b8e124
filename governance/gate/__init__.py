"""The gate: may this version run there, as a signed statement."""
