#!lua flags=allow-oom
-- write_anyway: one command on a key of a registry, also when memory is full: that is when workers must be seen.
-- Which commands and keys these are is for the access list of the caller to say (cleo_core.access.rules.DIRECT), so this
-- script calls nothing but what it is told.
-- KEYS  1 the key
-- ARGV  1 the command, then what follows the key in it
-- Returns what the command returns
-- Cost  the command's
-- Role  producer operator
return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
