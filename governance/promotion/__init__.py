"""Deployments through the gate, rollback, and what served when."""
