#!lua flags=allow-oom
-- await: asks for the end of a task to be told on its channel, unless it is there already.
-- KEYS  1 the queue's hash
-- ARGV  1 id
-- Returns { state ('' when there is no such task), result (JSON or ''), reason }
-- Cost  O(1)
-- Role  producer
-- include: base states
local id = ARGV[1]
local state = state_of(id)
if state == 'waiting' or state == 'delayed' or state == 'active' then
  call('SADD', Q .. 'waits', id)
  call('EXPIRE', Q .. 'waits', 3600)
end
local rest = call('HMGET', TASK .. id, 'result', 'reason')
return { state, rest[1] or '', rest[2] or '' }
