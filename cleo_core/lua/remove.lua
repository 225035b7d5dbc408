#!lua flags=allow-oom
-- remove: forgets tasks that are not running.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the action's name for the audit, 3 the one state that allows it ('' for any but active),
--       then the ids
-- Returns one string a task: 'removed', or the state that forbids it ('' when there is no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events rules ring groups lanes states audit
local answers = {}
local done = 0
local wanted = ARGV[3]
for at = 4, #ARGV do
  local id = ARGV[at]
  local state, name, group, priority = state_of(id)
  if state ~= '' and state ~= 'active' and (wanted == '' or state == wanted) then
    if state == 'waiting' then
      pull_out(id, priority, group)
    else
      call('ZREM', Q .. state, id)
    end
    call('UNLINK', TASK .. id)
    emit('status_change', id, name, group, '', '', 'removed')
    state = 'removed'
    done = done + 1
  end
  answers[#answers + 1] = state
end
if done > 0 then audit(ARGV[1], ARGV[2], ARGV[4], done) end
publish_events()
return answers
