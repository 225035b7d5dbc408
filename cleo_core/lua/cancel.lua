#!lua flags=allow-oom
-- cancel: ends waiting and delayed tasks at once and asks the workers of running ones to stop.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 prefix of the workers' control channels, 3 retention (s), then the ids
-- Returns one string a task: 'done', 'requested' (running: its worker was told), or the state that forbids it
--       ('' when there is no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events counters rules ring groups lanes states receipts kinds endings audit
local answers = {}
local done, first = 0, nil

local function cancel(id)
  local state, name, group, priority = state_of(id)
  if state == 'active' then
    local receipt = call('HGET', ACTIVE, id)
    call('HSET', TASK .. id, 'cancel', 1)
    call('PUBLISH', ARGV[2] .. select(6, read_receipt(receipt)), 'cancel')
    return 'requested'
  end
  if state == 'waiting' then
    pull_out(id, priority, group)
  elseif state == 'delayed' then
    call('ZREM', Q .. 'delayed', id)
  else
    return state
  end
  local receipt = write_receipt(id, name, group, 0, 0, '', 0)
  call_off(id, line_of(receipt, 'status_change', 'cancelled', 0, ''), tonumber(ARGV[3]))
  return 'done'
end

for at = 4, #ARGV do
  local answer = cancel(ARGV[at])
  answers[#answers + 1] = answer
  if answer == 'requested' or answer == 'done' then done, first = done + 1, first or ARGV[at] end
end
write_endings()
if done > 0 then audit(ARGV[1], 'cancel', first, done, #ARGV - 3) end
write_counters()
publish_events()
return answers
