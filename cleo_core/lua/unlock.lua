#!lua flags=allow-oom
-- unlock: takes a lock from whoever holds it, or takes a waiter that gives up out of the line.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 group, 3 token of a waiter ('' to break the lock)
-- Returns 1, or 0 when there was nothing to do
-- Cost  O(log groups)
-- include: base events rules ring groups lanes locks audit
local group, token = ARGV[2], ARGV[3]
local key = Q .. 'group:' .. group
if token ~= '' then
  local first = call('ZRANGE', Q .. 'line:' .. group, 0, 0)[1]
  call('ZREM', Q .. 'seen:' .. group, token)
  local was = call('ZREM', Q .. 'line:' .. group, token)
  if first == token then
    close_for_first(group)
    call('PUBLISH', Q .. 'unlocked', group)
    wake()
  end
  return was
end
local held = call('HMGET', key, 'locked', 'lock_owner')
if tonumber(held[1] or 0) <= now then return 0 end
change_lock(group, 0)
audit(ARGV[1], 'force release', group .. ': held by ' .. (held[2] or '?'), 1)
emit('group_change', '', '', group, '', '', 'lock released by force')
publish_events()
call('PUBLISH', Q .. 'unlocked', group)
wake()
return 1
