"""Lineage: what a model was made from, recorded without being asked."""
