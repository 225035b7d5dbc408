-- carry_on: groups whose time has come, a slice a call, whoever makes it: those that a change of the rules has not yet moved,
-- and throttled ones that may run again. Returns how many were moved.
local function carry_on(limit)
  local moved = call('ZPOPMIN', BEFORE, limit)
  for i = 1, #moved, 2 do place(know(moved[i], waiting_of(moved[i])), 'nowhere') end
  return #moved / 2
end

local function free_throttled(limit)
  local due = call('ZRANGE', THROTTLED, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  for _, group in ipairs(due) do place(know(group, waiting_of(group)), 'throttled') end
  return #due
end
