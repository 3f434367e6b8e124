"""Policies: what each tier requires, as data with revisions."""
