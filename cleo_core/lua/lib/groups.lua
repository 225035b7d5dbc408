-- groups: what is known of a group, and where it belongs: in the ring with a score, among the throttled, or nowhere.
local GROUP_FIELDS = { 'vtime', 'round', 'weight', 'priority', 'order', 'concurrency', 'every', 'burst', 'tat', 'paused',
  'locked', 'barred', 'run', 'bad', 'yields' }

-- A group's lanes that may hold tasks, by priority, the highest first.
local used_lanes

local function lanes_in_use()
  if used_lanes then return used_lanes end
  used_lanes = {}
  for priority = 3, 0, -1 do
    if string.find(rules().lanes, priority, 1, true) then used_lanes[#used_lanes + 1] = priority end
  end
  return used_lanes
end

local function lane_of(priority, group)
  return Q .. 'lane:' .. priority .. ':' .. group
end

-- `waiting` is how many of its tasks wait.
local function know(group, waiting)
  local f = read_group(group, GROUP_FIELDS)
  local r = rules()
  local g = {
    group = group, waiting = waiting, weight = tonumber(f[3] or r.weight), priority = tonumber(f[4] or 0),
    order = f[5] or r.order, concurrency = tonumber(f[6] or r.concurrency), every = tonumber(f[7] or r.every),
    burst = tonumber(f[7] and f[8] or r.burst), tat = tonumber(f[9] or 0), paused = f[10] == '1',
    closed = math.max(tonumber(f[11] or 0), tonumber(f[12] or 0)), run = tonumber(f[13] or r.run),
    bad = tonumber(f[14] or 0), yields = f[15] == r.round,
  }
  g.tat = owed(g.every, g.burst, g.tat)
  g.vtime = f[2] == r.round and tonumber(f[1] or 0) or 0
  return g
end

local function running(g)
  if not g.running then g.running = running_of(g.group) end
  return g.running
end

-- Tasks that this call took and that have no lease yet.
local in_hand = 0

local function all_running()
  return call('ZCARD', Q .. 'leases') + in_hand
end

-- Whether a group with so many of all the running slots holds more than its share of them.
local function is_hog(own, all)
  return own >= 30 and own * 10 > all
end

-- Whether it does now, without a look at it while too few tasks run for any to be one.
local function hogs(g)
  local all = all_running()
  return all >= 30 and is_hog(running(g), all)
end

-- What a task of the group costs (ms of run time) under the strategy dynamic; one whose tasks all fail pays five times that.
local function cost_of(g)
  return math.max(1, g.run) * (1 + 4 * g.bad)
end

-- The sequence number of the group's next task, or nil.
local function next_sequence(g)
  local newest, first = g.order == 'lifo'
  for _, priority in ipairs(lanes_in_use()) do
    local sequence = tonumber(peek_lane(lane_of(priority, g.group), 1, newest)[2])
    if sequence then
      if g.order == 'priority' then return sequence end
      if not first or (sequence > first) == newest then first = sequence end
    end
  end
  return first
end

local function score_of(g)
  local r = rules()
  if r.by_sequence then
    local sequence = next_sequence(g) or 0
    return r.strategy == 'lifo' and -sequence or sequence
  elseif r.strategy == 'priority' then
    return (g.base or r.vtime) - AGING * g.priority
  end
  -- Who stays in line goes on from where it stood; who comes into it begins at the clock.
  local score = g.stays and g.vtime or math.max(g.vtime, r.vtime)
  if r.strategy == 'dynamic' then
    if not g.yields and hogs(g) then
      g.yields = true
      set_group(g.group, 'yields', r.round)
    end
    if g.yields then return YIELD + score end
  end
  return score
end

-- Puts a group where it belongs; `from` as in ring.lua. One that leaves the ring remembers its virtual time.
local function place(g, from)
  local free = g.closed
  if g.every and let_go(g.every, g.burst, g.tat) < 1 then
    free = math.max(free, now + 1, free_at(g.every, g.burst, g.tat))
  end
  local runs = g.waiting > 0 and not g.paused
  if runs and g.concurrency and running(g) >= g.concurrency then free = math.huge end
  if runs and free <= now then
    stand_in_ring(g.group, score_of(g), from)
    return
  end
  local r = rules()
  if r.by_time and g.vtime > r.vtime then set_group(g.group, 'vtime', g.vtime, 'round', r.round) end
  if runs then
    stand_aside(g.group, free, from)
  else
    if g.yields and g.waiting <= 0 then set_group(g.group, 'yields', '-') end
    stand_nowhere(g.group, from)
  end
end

-- Puts a group that may stand anywhere where it belongs, after something about it has changed. In the ring it keeps its
-- turn. `change`, if given, is called between looking and placing, with the group; it gives the group as it is then.
local function place_anew(group, change)
  local g = know(group, waiting_of(group))
  local r = rules()
  local score = tonumber(call('ZSCORE', RING, group) or nil)
  local priority = g.priority
  if change then g = change(g) end
  if score and r.strategy == 'priority' then g.base = score + AGING * priority end
  if score and r.by_time then
    g.vtime = score >= YIELD and score - YIELD or score
    g.stays = true
  end
  place(g, nil)
end

-- Forgets a group that has no tasks, unless it has settings or a lock; its virtual time and run time stay for an hour.
local function rest(group, waiting)
  local key = Q .. 'group:' .. group
  if waiting > 0 or running_of(group) > 0 then return end
  local f = call('HMGET', key, 'kept', 'locked')
  if f[1] then return end
  call('ZREM', GROUPS, group)
  call('EXPIRE', key, math.max(3600, 60 + floor((tonumber(f[2] or 0) - now) / 1000)))
end
