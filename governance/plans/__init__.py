"""Change plans: an approved envelope for scheduled retrains."""
