#!lua flags=no-writes
-- page: a window onto the tasks of one state.
-- KEYS  1 the queue's hash
-- ARGV  1 state, 2 offset, 3 how many, 4 an id to put the window around ('' to use the offset), 5 '1' for reverse order,
--       6 and 7 '1' and a group to show the waiting or running tasks of that group only
--       waiting tasks come group by group (of more than 1,000, those with most tasks), ended ones by when they expire, the last first
-- Returns { now (ms), offset, total, tasks, scores (ms) }; a task is as in page_row
-- Cost  O(log n + offset among groups + how many)
-- Role  viewer
-- include: base page_row
local state, offset, size, around = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local scores = {}
local ids = {}
local total = 0

-- Waiting tasks stand in several sorted sets; the window runs over them as if they were one.
local function lanes()
  local list = {}
  local found
  local groups = ARGV[6] == '1' and { ARGV[7] } or call('ZRANGE', Q .. 'groups', 0, 999, 'REV')
  table.sort(groups)
  for _, group in ipairs(groups) do
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
  if #groups == 1000 then total = tonumber(call('HGET', QUEUE, 'waiting')) end
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
elseif state == 'active' and ARGV[6] == '1' then
  -- A group has few running tasks; its limit or the workers' number bounds them.
  ids = call('SRANDMEMBER', Q .. 'running:' .. ARGV[7], 1000)
  table.sort(ids)
  total = #ids
  offset = math.max(0, math.min(offset, total - 1))
  ids = { unpack(ids, offset + 1, math.min(total, offset + size)) }
  for i, id in ipairs(ids) do scores[i] = call('ZSCORE', Q .. 'leases', id) or 0 end
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
for i, id in ipairs(ids) do tasks[i] = page_row(id, state == 'active' and call('HGET', Q .. 'active', id) or '') end
return { now, offset, total, tasks, scores }
