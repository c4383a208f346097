"""What tools/compare_revisions.py is made of: trees, commands, masks, structures and start-up figures."""
