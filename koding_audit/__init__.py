"""Audits live IAM users and groups against a desired-state file, and repairs what is missing."""

__version__ = "0.1.0"
