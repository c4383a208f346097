"""Derives the AWS actions that a stack script needs, offline, before anything is built."""
