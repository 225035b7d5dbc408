#!lua flags=allow-oom
-- unschedule: forgets a schedule. Tasks that it stored stay.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 id
-- Returns 1, or 0 if there was none
-- Cost  O(log schedules)
-- Role  operator
-- include: base events rules ring groups lanes schedules audit
if drop_schedule(ARGV[2]) == 0 then return 0 end
set_tick()
audit(ARGV[1], 'remove schedule', ARGV[2], 1)
emit('queue_change', '', '', '', '', '', 'schedule ' .. ARGV[2] .. ' removed')
publish_events()
return 1
