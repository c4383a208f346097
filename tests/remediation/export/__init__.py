"""Tests of the command line in process; as a process it is tested in tests/endtoend."""
