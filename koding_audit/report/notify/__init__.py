"""Receivers of notifications: each module builds the message of the changes for one receiver, and sends nothing."""
