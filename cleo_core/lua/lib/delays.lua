-- delays: tasks that wait for a time. An idle worker sleeps until the next due time, so one that is due sooner wakes it.
local DELAYED = Q .. 'delayed'
local postponed = {}
local soonest = math.huge

local function postpone(id, due)
  soonest = math.min(soonest, due)
  postponed[#postponed + 1] = due
  postponed[#postponed + 1] = id
end

local function write_delays()
  if #postponed == 0 then return end
  local head = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
  variadic('ZADD', DELAYED, postponed)
  if not head[2] or soonest < tonumber(head[2]) then wake() end
end

-- When the next delayed task is due or the next throttled group may run, in ms from now; -1 when there is none.
local function next_due()
  local due = -1
  for _, key in ipairs({ DELAYED, Q .. 'throttled' }) do
    local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    -- Groups at their limit stand at +inf.
    if head[2] and tonumber(head[2]) < math.huge then
      local left = math.max(0, head[2] - now)
      if due < 0 or left < due then due = left end
    end
  end
  return due
end
