#!lua flags=allow-oom
-- sample: writes down what a worker took of its machine, and when that goes, in one step: a worker that died between two
-- would leave a key for ever.
-- KEYS  1 the key of the worker's minutes or hours
-- ARGV  1 the minute or hour, 2 the sample (JSON), 3 when the key goes (s since the epoch)
-- Returns nothing
-- Cost  O(1)
-- Role  worker
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIREAT', KEYS[1], ARGV[3])
