-- ring: where groups stand. The ring holds those that may run now, by score (see rules); `throttled` those that may when
-- a time (ms) has come, or at +inf when one of their tasks has ended (they are at their limit); paused ones stand nowhere. `groups` knows all that have tasks
-- waiting or running, or settings, by how many wait. `ring:before` is what a change of the rules has not yet moved.
local RING, BEFORE, THROTTLED, GROUPS = Q .. 'ring', Q .. 'ring:before', Q .. 'throttled', Q .. 'groups'

-- The first two groups of the ring with their scores, as text.
local function first_two()
  local head = call('ZRANGE', RING, 0, 1, 'WITHSCORES')
  return head[1], head[2], head[3], head[4]
end

-- The next `size` entries of a lane (id, sequence, ...), the newest first if `newest`.
local function peek_lane(lane, size, newest)
  if newest then return call('ZRANGE', lane, 0, size - 1, 'REV', 'WITHSCORES') end
  return call('ZRANGE', lane, 0, size - 1, 'WITHSCORES')
end

local function pop_lane(lane, size, newest)
  return call(newest and 'ZPOPMAX' or 'ZPOPMIN', lane, size)
end

local function waiting_of(group)
  return tonumber(call('ZSCORE', GROUPS, group) or 0)
end

local function running_of(group)
  return call('SCARD', Q .. 'running:' .. group)
end

local waiting_changed = 0

local function add_waiting(group, by)
  waiting_changed = waiting_changed + by
  return tonumber(call('ZINCRBY', GROUPS, by, group))
end

local function write_waiting()
  if waiting_changed ~= 0 then call('HINCRBY', QUEUE, 'waiting', waiting_changed) end
  waiting_changed = 0
end

local function add_running(group, ids)
  variadic('SADD', Q .. 'running:' .. group, ids)
end

local function read_group(group, fields)
  return call('HMGET', Q .. 'group:' .. group, unpack(fields))
end

local function set_group(group, ...)
  call('HSET', Q .. 'group:' .. group, ...)
end

-- `from` is where the group stands: 'ring', 'throttled', 'nowhere', or nil if that is not known.
local function stand_in_ring(group, score, from)
  call('ZADD', RING, score, group)
  if from == nil then call('ZREM', BEFORE, group) end
  if from == nil or from == 'throttled' then call('ZREM', THROTTLED, group) end
end

local function stand_aside(group, at, from)
  if from == nil then call('ZREM', BEFORE, group) end
  if from == nil or from == 'ring' then call('ZREM', RING, group) end
  call('ZADD', THROTTLED, at, group)
end

local function stand_nowhere(group, from)
  if from == nil then call('ZREM', BEFORE, group) end
  if from == nil or from == 'ring' then call('ZREM', RING, group) end
  if from == nil or from == 'throttled' then call('ZREM', THROTTLED, group) end
end
