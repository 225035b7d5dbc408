#!lua
-- run_schedule: stores a task of a schedule now, out of turn.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 schedule id, 3 id of the task
-- Returns 1, or 0 if there is no such schedule
-- Cost  O(log waiting)
-- Role  operator
-- include: base events counters rules ring groups lanes delays states store schedules ticks audit
if call('EXISTS', schedule_key(ARGV[2])) == 0 then return 0 end
store_ticks(ARGV[2], { text_of(now), ARGV[3] })
audit(ARGV[1], 'run schedule', ARGV[2], 1)
write_lanes()
write_counters()
publish_events()
return 1
