#!lua
-- edit_retry: puts one dead letter back with other arguments.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 id, 3 arguments (JSON), 4 head, signed anew if it was signed, 5 to 7 the name, head and group of
--       the letter that this was made for
-- Returns 'retried', or what forbids it: the state ('' when there is no such task), or 'another' if it is another task by now
-- Cost  O(log n)
-- Role  operator
-- include: base events rules ring groups lanes states kinds revive audit
local id = ARGV[2]
local state, name, group, priority = state_of(id)
if state ~= 'dead' then return state end
if name ~= ARGV[5] or group ~= ARGV[7] or (call('HGET', TASK .. id, 'head') or '') ~= ARGV[6] then return 'another' end
call('HSET', TASK .. id, 'args', ARGV[3], 'head', ARGV[4])
revive(id, name, group, priority, 'edited and retried')
write_kinds()
write_lanes()
audit(ARGV[1], 'edit and retry', id, 1)
publish_events()
return 'retried'
