#!lua
-- fire: stores the tasks of a schedule whose time has come and sets when it is due next, if nobody did so before.
-- KEYS  1 the queue's hash
-- ARGV  1 schedule id, 2 due (ms) and 3 revision as they were read, 4 next due (ms, or +inf), 5 times that are skipped,
--       then pairs of a time (ms) and the id of its task
-- Returns how many tasks are new, or -1 if it was fired or changed meanwhile
-- Cost  O(tasks x log waiting + log schedules)
-- Role  worker
-- include: base events counters rules ring groups lanes delays states store schedules ticks
local id = ARGV[1]
local key = schedule_key(id)
local due = call('ZSCORE', SCHEDULES, id)
if not due or tonumber(due) ~= tonumber(ARGV[2]) or (call('HGET', key, 'rev') or '') ~= ARGV[3] then return -1 end
local new = store_ticks(id, { unpack(ARGV, 6) })
if ARGV[5] ~= '0' then call('HINCRBY', key, 'skipped', ARGV[5]) end
call('HSET', key, 'next', ARGV[4])
call('ZADD', SCHEDULES, ARGV[4], id)
set_tick()
write_lanes()
write_counters()
publish_events()
return new
