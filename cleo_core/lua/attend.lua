#!lua flags=allow-oom
-- attend: a worker's heartbeat in a queue. Tells that it joined if it was not there.
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 for how long it counts as there (ms)
-- Returns 1 if it joined, else 0
-- Cost  O(log workers)
-- Role  worker
-- include: base events presence
local joined = call('ZADD', WORKERS, now + tonumber(ARGV[2]), ARGV[1])
call('EXPIRE', WORKERS, 86400)
if joined == 1 then emit('worker_joined', '', '', '', ARGV[1], '') end
publish_events()
return joined
