"""What the pages about approval requests read."""
