"""What decisions change in MLflow, and what was changed there without one."""
