"""Findings: something found wrong, with an owner and a due date."""
