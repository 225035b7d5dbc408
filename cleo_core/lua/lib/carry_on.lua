-- carry_on: groups whose time has come, a slice a call, whoever makes it: those that a change of the rules has not yet moved,
-- and throttled ones that may run again. Returns how many were moved.

-- What `score_of` must know of a group that begins anew, beside what all share.
local KNOWN_ANEW = { fifo = 'order', lifo = 'order', priority = 'priority' }

-- Puts groups that a change of strategy took out of the ring back into it. Whatever happens to a group takes it out of BEFORE,
-- so nothing has happened to these: they may run, and all they need is a score.
local function line_up_anew(moved)
  local field = KNOWN_ANEW[rules().strategy]
  local scored = {}
  for i = 1, #moved, 2 do
    local group = moved[i]
    local value = field and read_group(group, { field })[1]
    scored[i] = score_of({
      group = group, vtime = 0, order = field == 'order' and value or rules().order,
      priority = field == 'priority' and tonumber(value or 0) or 0,
    })
    scored[i + 1] = group
  end
  variadic('ZADD', RING, scored)
end

local function carry_on(limit)
  local moved = call('ZPOPMIN', BEFORE, limit)
  if #moved > 0 and rules().moves == 'ring' then
    line_up_anew(moved)
  else
    for i = 1, #moved, 2 do place(know(moved[i], waiting_of(moved[i])), 'nowhere') end
  end
  return #moved / 2
end

-- The server's clock was set back, or another server took over whose clock is behind: groups that stand aside until a time
-- which is far off now are to be placed again. False if a change of the rules is under way, which comes first.
local function judge_throttled_anew()
  if call('EXISTS', BEFORE) == 1 then return false end
  if call('EXISTS', THROTTLED) == 1 then
    call('RENAME', THROTTLED, BEFORE)
    call('HSET', QUEUE, 'moves', 'throttled')
    rules().moves = 'throttled'
  end
  return true
end

local function free_throttled(limit)
  local due = call('ZRANGE', THROTTLED, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  for _, group in ipairs(due) do place(know(group, waiting_of(group)), 'throttled') end
  return #due
end
