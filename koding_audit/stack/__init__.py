"""From a stack script to the AWS actions that it needs: offline, before anything is built."""
