"""Saved formats: snapshot, plan and journal to versioned JSON and back, field by field."""
