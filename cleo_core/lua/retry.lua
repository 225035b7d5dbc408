#!lua
-- retry: puts dead letters back into their lanes, with their attempts kept and their counts started anew.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), then the ids
-- Returns one string a task: 'waiting', or the state that forbids it ('' when there is no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events rules ring groups lanes states kinds revive audit
local answers = {}
local done, first = 0, nil
for at = 2, #ARGV do
  local id = ARGV[at]
  local state, name, group, priority = state_of(id)
  if state == 'dead' then
    revive(id, name, group, priority, 'retried')
    state = 'waiting'
    done, first = done + 1, first or id
  elseif state == 'waiting' then
    state = 'already waiting'
  end
  answers[#answers + 1] = state
end
write_kinds()
write_lanes()
if done > 0 then audit(ARGV[1], 'retry', first, done, #ARGV - 1) end
publish_events()
return answers
