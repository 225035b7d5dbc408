#!lua flags=allow-oom
-- lock: tries to take a group's lock. While it is held no worker claims from the group. Who may wait stands in a line and
-- must call again before `patience` is over, or is taken out of it. Unless told otherwise it is granted only when no task
-- of the group runs; while the first in line waits for that, the group is closed to workers.
-- KEYS  1 the queue's hash
-- ARGV  1 group, 2 token, 3 owner (JSON), 4 ttl (ms), 5 patience (ms; 0: don't wait), 6 '1' to wait for running tasks,
--       7 id of a task that doesn't count as running ('' for none)
-- Returns { fence (0: not granted), ms after which to try again, owner that holds it or '', running tasks waited for }
-- Cost  O(log waiters)
-- include: base rules ring groups lanes locks
local group, token, ttl, patience = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local key = Q .. 'group:' .. group
local line, seen = Q .. 'line:' .. group, Q .. 'seen:' .. group

local gone = call('ZRANGE', seen, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)
if #gone > 0 then
  call('ZREM', seen, unpack(gone))
  call('ZREM', line, unpack(gone))
end
local first = call('ZRANGE', line, 0, 0)[1]
if patience > 0 and not call('ZSCORE', line, token) then
  call('ZADD', line, call('HINCRBY', QUEUE, 'tickets', 1), token)
  first = first or token
end

local held = call('HMGET', key, 'locked', 'lock_owner')
local left = tonumber(held[1] or 0) - now
local busy = 0
if ARGV[6] == '1' then
  busy = running_of(group)
  if ARGV[7] ~= '' then busy = busy - call('SISMEMBER', Q .. 'running:' .. group, ARGV[7]) end
end
if left <= 0 and busy == 0 and (first == token or not first) then
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
return { 0, left > 0 and left or 50, left > 0 and held[2] or '', busy }
