#!lua flags=allow-oom
-- begin: notes that a task under suspicion (lost with a worker before) is about to run, so that another loss is its own.
-- KEYS  1 the queue's hash
-- ARGV  1 id, 2 receipt, 3 fence
-- Returns 1, or 0 when the lease was lost
-- Cost  O(1)
-- include: base
if call('HGET', Q .. 'active', ARGV[1]) ~= ARGV[2] then return 0 end
call('HSET', TASK .. ARGV[1], 'begun', ARGV[3])
return 1
