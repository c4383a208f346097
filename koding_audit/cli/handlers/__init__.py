"""What each command does, loaded when it runs; the command itself is described in cli/commands."""
