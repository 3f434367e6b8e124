"""The command `signet`: one module per group of commands."""
