#!lua flags=allow-oom
-- publish: enters a set of task signatures into the registry.
-- KEYS  1 the set's key
-- ARGV  1 lifetime (s), then pairs: task name, signature (JSON)
-- Returns nothing
-- Cost  O(signatures)
-- Role  worker
local clock = redis.call('TIME')
redis.call('HSET', KEYS[1], '', clock[1] * 1000 + math.floor(clock[2] / 1000))
for at = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
