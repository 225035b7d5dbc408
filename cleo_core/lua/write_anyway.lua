#!lua flags=allow-oom
-- write_anyway: one command on a key of a registry, also when memory is full: that is when workers must be seen.
-- KEYS  1 the key
-- ARGV  1 when the key goes (s since the epoch), or 0 where the command itself says so or it never goes
--       2 the command, then what follows the key in it
-- Returns what the command returns
-- Cost  the command's
-- Role  producer operator
local answer = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
if tonumber(ARGV[1]) > 0 then redis.call('EXPIREAT', KEYS[1], ARGV[1]) end
return answer
