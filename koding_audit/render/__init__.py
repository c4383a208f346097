"""Formats: each file turns a Report into text, and its name is the option's: --output NAME[:PATH]."""
