-- take: chooses up to `limit` waiting tasks, one after the other as the strategy has it, and takes them out of their lanes.
-- A group is served as long as it stays first in the ring, then put where it belongs. Groups that may not run are not in
-- the ring, so the cost is O(log n) a task, whatever their number.
-- Needs ring or ring_dry, rules, groups. Returns the ids and, at the same places, their groups.

-- The next tasks of a group, out of their lanes in its order.
local function pull(g, size, ids)
  local newest = g.order == 'lifo'
  if g.order == 'priority' then
    local got = 0
    for _, priority in ipairs(lanes_in_use()) do
      local popped = pop_lane(lane_of(priority, g.group), size - got, false)
      for i = 1, #popped, 2 do ids[#ids + 1] = popped[i] end
      got = got + #popped / 2
      if got >= size then break end
    end
    return got
  end
  local heads = {}
  local lanes = lanes_in_use()
  for _, priority in ipairs(lanes) do heads[priority] = peek_lane(lane_of(priority, g.group), size, newest) end
  local used = { [0] = 0, 0, 0, 0 }
  local got = 0
  while got < size do
    local best, first
    for _, priority in ipairs(lanes) do
      local sequence = tonumber(heads[priority][2 * used[priority] + 2])
      if sequence and (not first or (sequence > first) == newest) then best, first = priority, sequence end
    end
    if not best then break end
    ids[#ids + 1] = heads[best][2 * used[best] + 1]
    used[best] = used[best] + 1
    got = got + 1
  end
  for _, priority in ipairs(lanes) do
    if used[priority] > 0 then pop_lane(lane_of(priority, g.group), used[priority], newest) end
  end
  return got
end

-- How many tasks the group may have now, at most `limit`.
local function allowed(g, limit)
  if g.paused or g.closed > now then return 0 end
  if g.every then limit = math.min(limit, let_go(g.every, g.burst, g.tat)) end
  if g.concurrency then limit = math.min(limit, g.concurrency - running(g)) end
  return limit
end

-- Whether a group with this score still comes before the next one.
local function stays_first(score, group, next_score, next_group)
  return not next_group or score < next_score or (score == next_score and group < next_group)
end

-- Serves the first group: at most `limit` tasks, until another one is first. Returns how many it got.
local function serve(g, score, limit, next_score, next_group, ids)
  local r = rules()
  if r.by_sequence then
    -- One at a time beside others: who is next depends on the task that follows.
    return pull(g, next_group and 1 or limit, ids)
  elseif r.strategy == 'priority' then
    local size, clock = 0, r.vtime
    repeat
      size, clock = size + 1, clock + 1
    until size >= limit or not stays_first(clock - AGING * g.priority, g.group, next_score, next_group)
    local got = pull(g, size, ids)
    move_clock(r.vtime + got)
    return got
  end
  local dynamic = r.strategy == 'dynamic'
  local step = (dynamic and cost_of(g) or 1) / g.weight
  local offset = score >= YIELD and YIELD or 0
  -- Beside YIELD a double holds no smaller step.
  if offset > 0 then step = math.max(step, 2 ^ -9) end
  local watched = dynamic and not g.yields
  local all = watched and all_running()
  local size, after = 0, score
  repeat
    size, after = size + 1, after + step
    if watched and is_hog(running(g) + size, all + size) then break end
  until size >= limit or not stays_first(after, g.group, next_score, next_group)
  local got = pull(g, size, ids)
  local last = score
  for _ = 2, got do last = last + step end
  move_clock(last - offset)
  g.vtime = (got > 0 and last + step or score) - offset
  g.stays = true
  return got
end

local function take(limit)
  local ids, groups = {}, {}
  while #ids < limit do
    local group, score, next_group, next_score = first_two()
    if not group then break end
    score, next_score = tonumber(score), tonumber(next_score)
    local g = know(group, 0)
    local first = #ids + 1
    local most = allowed(g, limit - #ids)
    local got = most > 0 and serve(g, score, most, next_score, next_group, ids) or 0
    if got > 0 then
      local mine = {}
      for i = first, #ids do
        groups[i] = group
        mine[#mine + 1] = ids[i]
      end
      add_running(group, mine)
      in_hand = in_hand + got
      if g.running then g.running = g.running + got end
      g.waiting = add_waiting(group, -got)
      if g.every then
        g.tat = charged(g.every, g.tat, got)
        set_group(group, 'tat', string.format('%.17g', g.tat))
      end
    else
      g.waiting = waiting_of(group)
      if rules().by_time then g.vtime = score >= YIELD and score - YIELD or score end
      -- The lanes were lost behind the counter's back (a key deleted by hand): let the counters follow them.
      if most > 0 then g.waiting = add_waiting(group, -g.waiting) end
    end
    place(g, 'ring')
  end
  return ids, groups
end
