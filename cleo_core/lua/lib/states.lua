-- states: a running task is told by its receipt; the record of a task keeps its other states.
local function state_of(id)
  local task = call('HMGET', TASK .. id, 'state', 'name', 'group', 'prio')
  if not task[1] then return '', '', '', '1' end
  local state = task[1]
  if state == 'waiting' and call('HEXISTS', Q .. 'active', id) == 1 then state = 'active' end
  return state, task[2], task[3] or '', task[4] or '1'
end
