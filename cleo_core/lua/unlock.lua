#!lua flags=allow-oom
-- unlock: takes a lock from whoever holds it.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 group, 3 fence of the holder that is meant ('': whoever holds it)
-- Returns 1, or 0 when nobody, or another holder, has it
-- Cost  O(log groups)
-- Role  operator
-- include: base events rules ring groups lanes locks audit
local group = ARGV[2]
local key = Q .. 'group:' .. group
local held = call('HMGET', key, 'locked', 'lock_owner', 'lock_fence')
if tonumber(held[1] or 0) <= now or (ARGV[3] ~= '' and ARGV[3] ~= held[3]) then return 0 end
change_lock(group, 0)
audit(ARGV[1], 'force release', group_said(group) .. ': held by ' .. (held[2] or '?'), 1)
emit('group_change', '', '', group, '', '', 'lock released by force')
publish_events()
call('PUBLISH', Q .. 'unlocked', group)
wake()
return 1
