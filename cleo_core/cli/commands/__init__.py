"""The commands of ``cleo``, a file for each word after it; each has an ``app``."""
