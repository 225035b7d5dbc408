#!lua
-- schedule: enters a schedule at run time, or replaces it.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 id, 3 due (ms), 4 anchor (ms: when its times begin), then pairs of field and value
-- Returns 'added', 'changed' or 'same', or 'declared' if a task's declaration has it
-- Cost  O(log schedules)
-- Role  operator
-- include: base events rules ring groups lanes schedules audit
local id = ARGV[2]
if call('SISMEMBER', DECLARED, id) == 1 then return 'declared' end
local answer = enter_schedule(id, ARGV[3], ARGV[4], { unpack(ARGV, 5) })
if answer ~= 'same' then
  set_tick()
  audit(ARGV[1], answer == 'added' and 'add schedule' or 'change schedule', id, 1)
  emit('queue_change', '', '', '', '', '', 'schedule ' .. id .. ' ' .. answer)
  publish_events()
end
return answer
