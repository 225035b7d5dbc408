#!lua flags=no-writes
-- peek: the state of a task.
-- KEYS  1 the queue's hash
-- ARGV  1 id
-- Returns { state ('' when there is no such task), result (JSON or ''), reason }
-- Cost  O(1)
-- Role  viewer producer
-- include: base states
local state = state_of(ARGV[1])
local rest = call('HMGET', TASK .. ARGV[1], 'result', 'reason')
return { state, rest[1] or '', rest[2] or '' }
