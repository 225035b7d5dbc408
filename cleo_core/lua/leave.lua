#!lua flags=allow-oom
-- leave: a worker is there no more. Told once, whoever says so first.
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 why
-- Returns 1 if it was there, else 0
-- Cost  O(log workers)
-- Role  worker
-- include: base events presence
local left = let_leave(ARGV[1], ARGV[2])
publish_events()
return left
