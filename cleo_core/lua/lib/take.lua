-- take: pops up to `limit` waiting tasks, the best group first, each group's priorities from the highest.
-- A group is charged 1 for each task. With one group in the ring the whole batch is its; with more, a group may take
-- tasks only until its virtual time has passed the next one's. Cost: O(log n) a task, whatever the number of groups.
local function take(limit)
  local taken = {}
  while #taken < limit do
    local head = call('ZRANGE', RING, 0, 1, 'WITHSCORES')
    local group = head[1]
    if not group then break end
    local vtime = tonumber(head[2])
    local want = limit - #taken
    if head[3] then want = math.min(want, floor(head[4] - vtime) + 1) end
    local got = 0
    for priority = 3, 0, -1 do
      local popped = call('ZPOPMIN', lane_of(priority, group), want - got)
      for i = 1, #popped, 2 do taken[#taken + 1] = popped[i] end
      got = got + #popped / 2
      if got == want then break end
    end
    if got == 0 then
      -- The lanes were lost behind the counter's back (a key deleted by hand): let the counter follow them.
      got = tonumber(call('HGET', Q .. 'group:' .. group, 'waiting') or 0)
      step_out(group, got, vtime)
    else
      step_out(group, got, vtime + got)
    end
    call('HSET', QUEUE, 'vtime', vtime)
  end
  return taken
end
