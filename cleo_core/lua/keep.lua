#!lua flags=allow-oom
-- keep: says how much of the past the queue keeps.
-- KEYS  1 the queue's hash
-- ARGV  1 the numbers, in the order of keeping_fields ('': the defaults)
-- Returns 1
-- Cost  O(1)
-- Role  worker
-- include: base
if ARGV[1] == '' then call('HDEL', QUEUE, 'keep') else call('HSET', QUEUE, 'keep', ARGV[1]) end
return 1
