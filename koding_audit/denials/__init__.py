"""Reads denials of AWS from text: error messages of tools, CloudTrail events, encoded and decoded messages."""
