"""Turns findings into IAM writes, and takes writes back."""
