"""The installed command as a process, against an account over real HTTP."""
