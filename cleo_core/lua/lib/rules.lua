-- rules: how the queue chooses between its groups, read from its hash when first asked for.
--   strategy round_robin  score = virtual time; a task moves its group on by 1 / weight
--            dynamic      score = virtual time; by the group's own run time (ms) / weight, more if its tasks fail;
--                         a group that holds too many of the running slots yields to the others (YIELD)
--            fifo, lifo   score = the sequence number of the group's next task, or its negative
--            priority     score = number of claims when the group was last served - AGING x its priority
-- "vtime" is the queue's clock: the virtual time last served, or the number of claims (priority). A change of strategy
-- starts a new round: the clock is 0 and what groups remember of the round before is void. "moves" is what the last change set
-- aside (see govern), "lanes" the priorities that were used since the queue was last empty, each a digit: no other lane need be
-- looked at.
local AGING = 100
local YIELD = 2 ^ 43
local known_rules
local clock_moved = false

local function rules()
  if known_rules then return known_rules end
  local f = call('HMGET', QUEUE, 'strategy', 'order', 'vtime', 'round', 'run', 'each_concurrency', 'each_weight',
    'each_every', 'each_burst', 'each_options', 'moves', 'lanes', 'waiting')
  local strategy = f[1] or 'round_robin'
  known_rules = {
    strategy = strategy, order = f[2] or 'priority', vtime = tonumber(f[3] or 0), round = f[4] or '0',
    run = tonumber(f[5] or 1), concurrency = tonumber(f[6] or nil), weight = tonumber(f[7] or 1),
    every = tonumber(f[8] or nil), burst = tonumber(f[9] or nil), options = f[10] or nil,
    by_sequence = strategy == 'fifo' or strategy == 'lifo', by_time = strategy == 'round_robin' or strategy == 'dynamic',
    moves = f[11], lanes = tonumber(f[13] or 0) > 0 and (f[12] or '3210') or '',
  }
  return known_rules
end

local function move_clock(vtime)
  local r = rules()
  if vtime > r.vtime then
    r.vtime = vtime
    clock_moved = true
  end
end

-- When the last task of a rate limit would have been due. No limit owes more than a whole burst: what says so was noted before
-- the server's clock was set back (or by a slower limit), and is void.
local function owed(every, burst, tat)
  return every and tat > now + every * (burst + 1) and 0 or tat
end

-- How many tasks a rate limit lets go now. GCRA (the generic cell rate algorithm, ITU-T I.371): one task every `every` ms,
-- `burst` of them at once after a pause; `tat` is when the last one would have been due.
local function let_go(every, burst, tat)
  return math.max(0, floor(burst - (math.max(tat, now) - now) / every + 1e-9))
end

-- When (ms) it lets the next one go; at most `now` when it does already.
local function free_at(every, burst, tat)
  return math.ceil(tat + every - every * burst - 1e-6)
end

local function charged(every, tat, size)
  return math.max(tat, now) + size * every
end

-- What tasks of a group do that don't say otherwise themselves: the queue's defaults and then the group's own, as a table
-- and, if there are any, as JSON.
local function group_options(group)
  local r = rules()
  local own = call('HGET', Q .. 'group:' .. group, 'options')
  local options = r.options and cjson.decode(r.options) or {}
  for name, value in pairs(own and cjson.decode(own) or {}) do options[name] = value end
  return options, (r.options or own) and cjson.encode(options)
end

local function write_clock()
  if clock_moved then call('HSET', QUEUE, 'vtime', rules().vtime) end
end

-- Options with changes worked in: JSON of both, null takes one away; '' when none is left.
local function merged_options(old, changes)
  local options = old and old ~= '' and cjson.decode(old) or {}
  local names = {}
  for name, value in pairs(cjson.decode(changes)) do
    options[name] = value ~= cjson.null and value or nil
  end
  for name in pairs(options) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = cjson.encode(name) .. ': ' .. cjson.encode(options[name]) end
  return #names > 0 and '{' .. table.concat(names, ', ') .. '}' or ''
end
