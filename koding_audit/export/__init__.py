"""Plans for other hands: each file turns a Plan into what another tool takes, and its name is the option's: --as."""
