#!lua flags=no-writes
-- stats: the counts of a queue at one moment.
-- KEYS  1 the queue's hash
-- Returns { now (ms), fields of the queue's hash, active, delayed, dead, kept (completed or cancelled), groups,
--         when (ms) the longest waiting of the first tasks of the next 25 groups and of the 25 with most tasks could run, or -1, due (ms) of the next delayed or -1,
--         when (ms) the oldest dead letter expires or -1 }
-- Cost  O(log n)
-- Role  viewer producer
-- include: base
local function score(index)
  local head = call('ZRANGE', Q .. index, 0, 0, 'WITHSCORES')
  return head[2] and tonumber(head[2]) or -1
end
local oldest = -1
local function look_at(group)
  for priority = 0, 3 do
    local head = call('ZRANGE', Q .. 'lane:' .. priority .. ':' .. group, 0, 0)[1]
    if head then
      local times = call('HMGET', TASK .. head, 'ready', 'at')
      local since = tonumber(times[1] or times[2] or -1)
      if since > 0 and (oldest < 0 or since < oldest) then oldest = since end
    end
  end
end
for _, group in ipairs(call('ZRANGE', Q .. 'ring', 0, 24)) do look_at(group) end
for _, group in ipairs(call('ZRANGE', Q .. 'groups', 0, 24, 'REV')) do look_at(group) end
local fields = call('HMGET', QUEUE, 'paused', 'waiting', 'enqueued', 'completed', 'failed', 'retried', 'died',
  'cancelled', 'lost', 'strategy', 'order', 'rate')
for i = 1, 12 do fields[i] = fields[i] or '' end
return { now, fields, call('ZCARD', Q .. 'leases'), call('ZCARD', Q .. 'delayed'),
  call('ZCOUNT', Q .. 'dead', now, '+inf'), 
  call('ZCOUNT', Q .. 'completed', now, '+inf') + call('ZCOUNT', Q .. 'cancelled', now, '+inf'), call('ZCARD', Q .. 'groups'),
  oldest, score('delayed'), score('dead') }
