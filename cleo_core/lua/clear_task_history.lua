#!lua flags=allow-oom
-- clear_task_history: drops the attempts of a task from its record and from the lists of its queue, groups and workers, a slice of
-- these lists a call. A list is gone through from its head, where new lines come in, so a line may be looked at twice but not missed.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 task id, 3 how many lines to look at, 4 where to go on: '' at first, then what the last call returned
-- Returns { how many attempts were dropped that were not before, where to go on or '' at the end }
-- Cost  O(lines to look at + attempts of the task x the place of the slice)
-- Role  admin
-- include: base audit
local id, left = ARGV[2], tonumber(ARGV[3])
local gone = 0
-- Lists by what follows "history", those that the task's own lines name; in which of them, and where; attempts by their fence.
local state = { lists = { '' }, known = { [''] = true }, at = 1, offset = 0, seen = {} }

local function look_into(suffix)
  if state.known[suffix] then return end
  state.known[suffix] = true
  state.lists[#state.lists + 1] = suffix
end

-- Whether a line tells of the task; then it counts, if its attempt is new, and its group and worker have such lines too.
local function is_of_task(line)
  local read, values = pcall(cjson.decode, line)
  if not (read and type(values) == 'table' and values[1] == id) then return false end
  if type(values[3]) == 'string' then look_into(':g:' .. values[3]) end
  if type(values[6]) == 'string' then look_into(':w:' .. values[6]) end
  local fence = tostring(values[4])
  if not state.seen[fence] then gone = gone + 1 end
  state.seen[fence] = true
  return true
end

local function drop_from_record()
  local stored = call('HMGET', TASK .. id, 'attempts', 'end', 'group')
  if stored[3] then look_into(':g:' .. stored[3]) end
  local found = false
  for line in string.gmatch((stored[1] or '') .. '\n' .. (stored[2] or ''), '[^\n]+') do
    found = is_of_task(line) or found
  end
  if found then call('HDEL', TASK .. id, 'attempts', 'end') end
end

local function drop_from_list(suffix)
  local list = Q .. 'history' .. suffix
  local lines = call('LRANGE', list, state.offset, state.offset + left - 1)
  local dropped = 0
  for _, line in ipairs(lines) do
    if is_of_task(line) then dropped = dropped + call('LREM', list, 1, line) end
  end
  state.offset = state.offset + #lines - dropped
  if #lines < left then state.at, state.offset = state.at + 1, 0 end
  left = left - math.max(1, #lines)
end

if ARGV[4] == '' then drop_from_record() else state = cjson.decode(ARGV[4]) end
while left > 0 and state.lists[state.at] do drop_from_list(state.lists[state.at]) end
if gone > 0 then audit(ARGV[1], 'clear history of task', id, gone) end
return { gone, state.lists[state.at] and cjson.encode(state) or '' }
