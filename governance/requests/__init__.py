"""Approval requests: the state machine, seats, sign-offs and conditions."""
