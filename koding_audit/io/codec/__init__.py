"""Encodes snapshots, plans and journals as versioned JSON, and decodes them, field by field."""
