-- schedules: the index of a queue's schedules by when they are due next (+inf: paused), and what is kept of each.
local SCHEDULES = Q .. 'schedules'
local DECLARED = Q .. 'schedules:declared'

local function schedule_key(id)
  return Q .. 'schedule:' .. id
end

-- The queue's hash knows when the first is due, so that workers need not look into the index.
local function set_tick()
  local head = call('ZRANGE', SCHEDULES, 0, 0, 'WITHSCORES')
  if head[2] and tonumber(head[2]) < math.huge then
    if call('HGET', QUEUE, 'tick') ~= head[2] then
      call('HSET', QUEUE, 'tick', head[2])
      wake()
    end
  else
    call('HDEL', QUEUE, 'tick', 'tick_for', 'tick_of')
  end
end

-- Enters a schedule or changes it. One whose times stay the same stays due as it was; one that is paused stays paused.
-- Returns 'added', 'changed' or 'same'.
local function enter_schedule(id, due, anchor, fields)
  local key = schedule_key(id)
  local before = {}
  local flat = call('HGETALL', key)
  for at = 1, #flat, 2 do before[flat[at]] = flat[at + 1] end
  local same = next(before) ~= nil
  local times = before.when
  local list = {}
  for at = 1, #fields, 2 do
    list[#list + 1] = fields[at]
    list[#list + 1] = fields[at + 1]
    if before[fields[at]] ~= fields[at + 1] then same = false end
    if fields[at] == 'when' and times == fields[at + 1] then due = nil end
  end
  if same then return 'same' end
  if due then
    for _, value in ipairs({ 'next', due, 'anchor', anchor }) do list[#list + 1] = value end
    call('ZADD', SCHEDULES, before.paused == '1' and '+inf' or due, id)
  end
  if not times then
    list[#list + 1] = 'created'
    list[#list + 1] = text_of(now)
  end
  call('HSET', key, unpack(list))
  call('HINCRBY', key, 'rev', 1)
  return times and 'changed' or 'added'
end

-- Notes which worker's code declares a schedule now.
local function note_declared(id, worker)
  call('HSET', schedule_key(id), 'seen', now, 'seen_by', worker)
end

local function drop_schedule(id)
  call('SREM', DECLARED, id)
  call('DEL', schedule_key(id))
  return call('ZREM', SCHEDULES, id)
end
