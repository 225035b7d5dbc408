-- lanes: where waiting tasks stand. A lane is one priority of one group, scored by sequence; the ring holds the groups
-- that may run now, scored by virtual time. A group leaves the ring with its last task and comes back no earlier than
-- the queue's own virtual time, so an idle group banks no credit.
local RING = Q .. 'ring'
local arrivals = {}
local arrived = {}

local function lane_of(priority, group)
  return Q .. 'lane:' .. priority .. ':' .. group
end

-- Notes a task as waiting; write_lanes puts all that were noted into their lanes.
local function line_up(id, priority, group, sequence)
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
  for lane, list in pairs(arrivals) do variadic('ZADD', lane, list) end
  for group, size in pairs(arrived) do
    local key = Q .. 'group:' .. group
    total = total + size
    if call('HINCRBY', key, 'waiting', size) == size then
      local own = tonumber(call('HGET', key, 'vtime') or 0)
      local queue = tonumber(call('HGET', QUEUE, 'vtime') or 0)
      call('ZADD', RING, math.max(own, queue), group)
      call('PERSIST', key)
    end
  end
  if total > 0 then
    call('HINCRBY', QUEUE, 'waiting', total)
    arrivals = {}
    arrived = {}
    wake()
  end
end

-- Tells the group (and the queue) that tasks left its lanes. With its last task it leaves the ring.
local function step_out(group, size, vtime)
  local key = Q .. 'group:' .. group
  -- 0 - size and not -size: the latter is -0 for 0, which Redis takes for no integer.
  if call('HINCRBY', key, 'waiting', 0 - size) <= 0 then
    call('ZREM', RING, group)
    call('HSET', key, 'waiting', 0, 'vtime', vtime)
    call('EXPIRE', key, 3600)
  else
    call('ZADD', RING, vtime, group)
  end
  call('HINCRBY', QUEUE, 'waiting', 0 - size)
end

-- Takes one waiting task out of its lane, for a cancel or a removal.
local function pull_out(id, priority, group)
  if call('ZREM', lane_of(priority, group), id) == 1 then
    step_out(group, 1, call('ZSCORE', RING, group) or 0)
  end
end

-- The next sequence numbers: returns the one before the first.
local function sequences(size)
  return call('HINCRBY', QUEUE, 'seq', size) - size
end
