#!lua flags=no-writes
-- page: a window onto the tasks of one state.
-- KEYS  1 the queue's hash
-- ARGV  1 state, 2 offset, 3 how many, 4 an id to put the window around ('' to use the offset), 5 '1' for reverse order
--       waiting tasks come in the order of their lanes, ended ones by when they expire, the last first
-- Returns { now (ms), offset, total, tasks, scores (ms) }; a task is { id, its receipt or '', the fields below or '' }
-- Cost  O(log n + offset among groups + how many)
-- include: base
local FIELDS = { 'state', 'name', 'group', 'prio', 'at', 'ready', 'tries', 'end', 'progress', 'reason' }
local state, offset, size, around = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local scores = {}
local ids = {}
local total = 0

-- Waiting tasks stand in several sorted sets; the window runs over them as if they were one.
local function lanes()
  local list = {}
  local found
  for _, group in ipairs(call('ZRANGE', Q .. 'ring', 0, 999)) do
    for priority = 3, 0, -1 do
      local lane = Q .. 'lane:' .. priority .. ':' .. group
      local length = call('ZCARD', lane)
      if length > 0 then
        if around ~= '' then
          local rank = call('ZRANK', lane, around)
          if rank then found = total + rank end
        end
        list[#list + 1] = { lane, length }
        total = total + length
      end
    end
  end
  -- Of more groups than these only the number of tasks is told.
  if call('ZCARD', Q .. 'ring') > 1000 then total = tonumber(call('HGET', QUEUE, 'waiting')) end
  if found then
    if ARGV[5] == '1' then found = total - 1 - found end
    offset = math.max(0, found - floor(size / 2))
  end
  return list
end

if state == 'waiting' then
  local list = lanes()
  local reverse = ARGV[5] == '1'
  offset = math.max(0, math.min(offset, total - 1))
  local first = reverse and math.max(0, total - offset - size) or offset
  local last = reverse and total - offset - 1 or offset + size - 1
  local seen = 0
  for _, lane in ipairs(list) do
    if first < seen + lane[2] and last >= seen then
      for _, id in ipairs(call('ZRANGE', lane[1], math.max(0, first - seen), math.min(lane[2] - 1, last - seen))) do
        ids[#ids + 1] = id
      end
    end
    seen = seen + lane[2]
    if seen > last then break end
  end
  if reverse then
    local turned = {}
    for i = #ids, 1, -1 do turned[#turned + 1] = ids[i] end
    ids = turned
  end
else
  local key = Q .. (state == 'active' and 'leases' or state)
  total = call('ZCARD', key)
  -- Live things by what comes next, ended ones by what came last.
  local backwards = (state ~= 'active' and state ~= 'delayed') ~= (ARGV[5] == '1')
  if around ~= '' then
    local rank = call(backwards and 'ZREVRANK' or 'ZRANK', key, around)
    if rank then offset = math.max(0, rank - floor(size / 2)) end
  end
  offset = math.max(0, math.min(offset, total - 1))
  local window = backwards and call('ZRANGE', key, offset, offset + size - 1, 'REV', 'WITHSCORES')
    or call('ZRANGE', key, offset, offset + size - 1, 'WITHSCORES')
  for i = 1, #window, 2 do
    ids[#ids + 1] = window[i]
    scores[#scores + 1] = window[i + 1]
  end
end

local tasks = {}
for i, id in ipairs(ids) do
  local task = call('HMGET', TASK .. id, unpack(FIELDS))
  for field = 1, #FIELDS do task[field] = task[field] or '' end
  tasks[i] = { id, state == 'active' and call('HGET', Q .. 'active', id) or '', task }
end
return { now, offset, total, tasks, scores }
