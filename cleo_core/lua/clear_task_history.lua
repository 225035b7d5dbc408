#!lua flags=allow-oom
-- clear_task_history: drops the attempts of a task from its record and from the lists of its queue, groups and workers.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 task id
-- Returns how many entries there were
-- Cost  O(lengths of the lists); those of groups and workers that the task's own lines name
-- Role  admin
-- include: base audit
local id = ARGV[2]
local groups, workers, seen = {}, {}, {}
local gone = 0

local function values_of(line)
  local read, values = pcall(cjson.decode, line)
  return read and type(values) == 'table' and values[1] == id and values or nil
end

local function note(line)
  local values = values_of(line)
  if not values then return end
  if type(values[3]) == 'string' then groups[values[3]] = true end
  if type(values[6]) == 'string' then workers[values[6]] = true end
  if not seen[line] then gone = gone + 1 end
  seen[line] = true
end

local function drop_from(list)
  for _, line in ipairs(call('LRANGE', list, 0, -1)) do
    if values_of(line) then
      note(line)
      call('LREM', list, 0, line)
    end
  end
end

local stored = call('HMGET', TASK .. id, 'attempts', 'end', 'group')
-- A line in the record has the traceback besides, so it is not the same text as that in the lists.
local in_record = 0
for line in string.gmatch((stored[1] or '') .. '\n' .. (stored[2] or ''), '[^\n]+') do
  note(line)
  in_record = gone
end
if stored[3] then groups[stored[3]] = true end
gone, seen = 0, {}
drop_from(Q .. 'history')
for group in pairs(groups) do drop_from(Q .. 'history:g:' .. group) end
for worker in pairs(workers) do drop_from(Q .. 'history:w:' .. worker) end
if in_record > 0 then
  call('HDEL', TASK .. id, 'attempts', 'end')
  gone = math.max(gone, 1)
end
if gone > 0 then audit(ARGV[1], 'clear history of task', id, gone) end
return gone
