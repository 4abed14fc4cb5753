"""The command line: arguments, progress and messages, one file a command group."""
