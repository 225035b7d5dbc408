#!lua
-- edit_retry: puts one dead letter back with other arguments.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 id, 3 arguments (JSON), 4 the task's name as the arguments were checked for it
-- Returns 'retried', or what forbids it: the state ('' when there is no such task), or 'renamed' if it is another task
-- Cost  O(log n)
-- Role  operator
-- include: base events rules ring groups lanes states kinds revive audit
local id = ARGV[2]
local state, name, group, priority = state_of(id)
if state ~= 'dead' then return state end
if name ~= ARGV[4] then return 'renamed' end
call('HSET', TASK .. id, 'args', ARGV[3])
revive(id, name, group, priority, 'edited and retried')
write_kinds()
write_lanes()
audit(ARGV[1], 'edit and retry', id, 1)
publish_events()
return 'retried'
