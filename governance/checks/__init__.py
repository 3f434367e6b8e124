"""Checks: automatic tests of evidence, each with a verdict and a link."""
