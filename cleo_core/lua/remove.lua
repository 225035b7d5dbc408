#!lua flags=allow-oom
-- remove: forgets tasks that are not running.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), then the ids
-- Returns one string a task: 'removed', or the state that forbids it ('' when there is no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events rules ring groups lanes states kinds audit
local answers = {}
local done, first = 0, nil
local indexes = { delayed = Q .. 'delayed', completed = Q .. 'completed', cancelled = Q .. 'cancelled', dead = Q .. 'dead' }
for at = 2, #ARGV do
  local id = ARGV[at]
  local state, name, group, priority = state_of(id)
  if state ~= '' and state ~= 'active' then
    if state == 'waiting' then
      pull_out(id, priority, group)
    else
      if state == 'dead' then leave_kind(call('HGET', TASK .. id, 'fp') or '', id) end
      call('ZREM', indexes[state], id)
    end
    call('UNLINK', TASK .. id)
    emit('status_change', id, name, group, '', '', 'removed')
    state = 'removed'
    done, first = done + 1, first or id
  end
  answers[#answers + 1] = state
end
write_kinds()
if done > 0 then audit(ARGV[1], 'remove', first, done, #ARGV - 1) end
publish_events()
return answers
