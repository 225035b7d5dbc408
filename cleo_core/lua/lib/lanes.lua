-- lanes: where waiting tasks stand. A lane is one priority of one group, scored by sequence.
local arrivals = {}
local arrived = {}
local new_lanes = ''

-- Notes a task as waiting; write_lanes puts all that were noted into their lanes.
local function line_up(id, priority, group, sequence)
  if not string.find(rules().lanes, priority, 1, true) and not string.find(new_lanes, priority, 1, true) then
    new_lanes = new_lanes .. priority
  end
  local list = list_of(arrivals, lane_of(priority, group))
  list[#list + 1] = sequence
  list[#list + 1] = id
  arrived[group] = (arrived[group] or 0) + 1
end

-- One token for one idle worker. A worker that leaves tasks behind passes it on, so no herd is ever woken.
local function wake()
  local list = Q .. 'wake'
  if call('LLEN', list) == 0 then
    call('LPUSH', list, 1)
    call('EXPIRE', list, 60)
  end
end

local function write_lanes()
  local total = 0
  if new_lanes ~= '' then
    rules().lanes = rules().lanes .. new_lanes
    call('HSET', QUEUE, 'lanes', rules().lanes)
    new_lanes, used_lanes = '', nil
  end
  for lane, list in pairs(arrivals) do variadic('ZADD', lane, list) end
  for group, size in pairs(arrived) do
    total = total + size
    local waiting = add_waiting(group, size)
    if waiting == size then
      call('PERSIST', Q .. 'group:' .. group)
      place(know(group, waiting), 'nowhere')
    elseif rules().by_sequence then
      place_anew(group)
    end
  end
  if total > 0 then
    write_waiting()
    arrivals = {}
    arrived = {}
    wake()
  end
end

-- Takes one waiting task out of its lane, for a cancel or a removal.
local function pull_out(id, priority, group)
  if call('ZREM', lane_of(priority, group), id) == 0 then return end
  local waiting = add_waiting(group, -1)
  write_waiting()
  if waiting <= 0 or rules().by_sequence then place_anew(group) end
  rest(group, waiting)
end

-- The next sequence numbers: returns the one before the first.
local function sequences(size)
  return call('HINCRBY', QUEUE, 'seq', size) - size
end
