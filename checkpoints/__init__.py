"""How threads are kept: one SQLite file of checkpoints, read and written by one saver for sync and async use."""
