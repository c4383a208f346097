"""Formats: each file turns a Report into text. The file's name is the option's: --output NAME[:PATH]."""
