#!lua
-- declare: a worker that starts enters the schedules that its tasks declare, and takes out those of its tasks and
-- modules that are declared no more.
-- KEYS  1 the queue's hash
-- ARGV  1 names of the tasks and modules that the worker has (JSON object: name to true; a module as "module ..."),
--       2 anchor (ms), 3 worker, 4 how many schedules, then for each: id, due (ms), how many texts follow, pairs of field and value
-- Returns { entered, removed }
-- Cost  O(declared schedules x log schedules)
-- Role  worker
-- include: base events rules ring groups lanes schedules
local mine = cjson.decode(ARGV[1])
local declared = {}
local entered, removed = 0, 0
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  local id, due, size = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  declared[id] = true
  local answer = enter_schedule(id, due, ARGV[2], { unpack(ARGV, at + 3, at + 2 + size) })
  call('SADD', DECLARED, id)
  note_declared(id, ARGV[3])
  if answer ~= 'same' then
    entered = entered + 1
    emit('queue_change', '', '', '', '', '', 'schedule ' .. id .. ' ' .. answer)
  end
  at = at + 3 + size
end
-- As many as declarations in code, so it may be read whole.
for _, id in ipairs(call('SMEMBERS', DECLARED)) do
  if not declared[id] then
    local f = call('HMGET', schedule_key(id), 'task', 'module')
    if not f[1] or mine[f[1]] or (f[2] and mine['module ' .. f[2]]) then
      removed = removed + drop_schedule(id)
      emit('queue_change', '', '', '', '', '', 'schedule ' .. id .. ' removed')
    end
  end
end
if entered + removed > 0 then set_tick() end
publish_events()
return { entered, removed }
