#!lua flags=allow-oom
-- lock: tries to take a group's lock. While it is held no worker claims from the group. Who may wait stands in a line and
-- must call again before `patience` is over, or is taken out of it. Unless told otherwise it is granted only when no task
-- of the group runs; while the first in line waits for that, the group is closed to workers. A running task of the group
-- doesn't wait for running tasks, and comes before who does, who would wait for it.
-- A token that holds the lock already, by a call whose answer was lost, is granted it again under its fence.
-- KEYS  1 the queue's hash
-- ARGV  1 group, 2 token, 3 owner, 4 ttl (ms), 5 patience (ms; 0: don't wait), 6 '1' to wait for running tasks,
--       7 id of the task of the group inside which it is asked for ('' for none)
-- Returns { fence (0: not granted), ms after which to try again, owner that holds it or '', running tasks waited for }
-- Cost  O(log waiters)
-- Role  worker operator
-- include: base rules ring groups lanes locks
local group, token, ttl, patience = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local key = Q .. 'group:' .. group
local line, seen = Q .. 'line:' .. group, Q .. 'seen:' .. group

local gone = call('ZRANGE', seen, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)
if #gone > 0 then
  call('ZREM', seen, unpack(gone))
  call('ZREM', line, unpack(gone))
end
local held = call('HMGET', key, 'locked', 'lock_owner', 'lock_token', 'lock_fence')
local left = tonumber(held[1] or 0) - now
if left > 0 and held[3] == token then
  change_lock(group, now + ttl, {})
  return { tonumber(held[4]), 0, '', 0 }
end

local inside = ARGV[7] ~= '' and call('SISMEMBER', Q .. 'running:' .. group, ARGV[7]) == 1
if patience > 0 and not call('ZSCORE', line, token) then
  local ticket = call('HINCRBY', QUEUE, 'tickets', 1)
  call('ZADD', line, inside and ticket - 2 ^ 52 or ticket, token)
end
local first = call('ZRANGE', line, 0, 0)[1]
local busy = 0
if ARGV[6] == '1' and not inside then busy = running_of(group) end
if left <= 0 and busy == 0 and (first == token or not first or (inside and patience == 0)) then
  local fence = call('HINCRBY', QUEUE, 'lock_fence', 1)
  call('ZREM', line, token)
  call('ZREM', seen, token)
  change_lock(group, now + ttl,
    { 'lock_token', token, 'lock_owner', ARGV[3], 'lock_fence', fence, 'lock_since', now })
  return { fence, 0, '', 0 }
end
if patience > 0 then
  call('ZADD', seen, now + patience, token)
  call('EXPIRE', line, 3600)
  call('EXPIRE', seen, 3600)
  if first == token and left <= 0 then close_group(group, now + patience) end
end
-- The end of the last running task is not told, so the first in line looks for it. The others hear when it is their turn,
-- unless the first is gone.
local pause = 50
if left > 0 then
  pause = left
elseif first and first ~= token then
  pause = math.max(50, (tonumber(call('ZSCORE', seen, first) or nil) or now) - now)
end
return { 0, pause, left > 0 and held[2] or '', busy }
