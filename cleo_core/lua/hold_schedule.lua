#!lua flags=allow-oom
-- hold_schedule: pauses a schedule, or lets it go on.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 id, 3 '1' to pause or '0' to resume, 4 when it is due if it goes on (ms), 5 times (JSON) of which that was worked out
-- Returns 1 if that changed anything, 0 if not, -1 if there is no such schedule, -2 if its times changed meanwhile
-- Cost  O(log schedules)
-- Role  operator
-- include: base events rules ring groups lanes schedules audit
local id = ARGV[2]
local key = schedule_key(id)
local f = call('HMGET', key, 'when', 'paused')
if not f[1] then return -1 end
if (f[2] or '0') == ARGV[3] then return 0 end
local action = ARGV[3] == '1' and 'paused' or 'resumed'
if action == 'resumed' then
  if f[1] ~= ARGV[5] then return -2 end
  call('HSET', key, 'next', ARGV[4])
end
call('HSET', key, 'paused', ARGV[3])
call('HINCRBY', key, 'rev', 1)
call('ZADD', SCHEDULES, action == 'paused' and '+inf' or ARGV[4], id)
set_tick()
audit(ARGV[1], action == 'paused' and 'pause schedule' or 'resume schedule', id, 1)
emit('queue_change', '', '', '', '', '', 'schedule ' .. id .. ' ' .. action)
publish_events()
return 1
