#!lua flags=allow-oom
-- clear_history: drops what is kept of the past of a queue, or of some of its groups, workers and task names: lists and counters.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 action (for the audit; '' for the further slices of one), 3 target, 4 and 5 the first and the last hour of
--       which folded counters are dropped, 6 and 7 the day, 8 and 9 the block of 32 days,
--       10 and 11 the day of which it is forgotten that they had counters of their own, then of what:
--       '' the queue, with its errors and all unfolded counters; ':g:' and a group, ':w:' and a worker, ':n:' and a task name;
--       ':g+', ':w+', ':n+' those that share their counters
-- Returns { how many keys there were, errors still to be dropped }
-- Cost  O(of what x (hours + days + days to forget + unfolded minutes) + 1,000 errors)
-- Role  admin
-- include: base audit
local gone = 0
local unfolded = call('ZRANGE', Q .. 'unfolded', 0, 2880)

-- The unfolded counters of all that have their own in a minute.
local function drop_unfolded(minute)
  for _, kind in ipairs({ 'g', 'w', 'n' }) do
    local set = Q .. 'minute:' .. minute .. ':' .. kind
    for _, name in ipairs(call('SMEMBERS', set)) do gone = gone + call('UNLINK', set .. ':' .. name) end
    call('UNLINK', set)
  end
end

local function drop_errors()
  local kinds = call('ZRANGE', Q .. 'errors', 0, 999)
  for _, kind in ipairs(kinds) do gone = gone + call('UNLINK', Q .. 'error:' .. kind) end
  if #kinds > 0 then call('ZREM', Q .. 'errors', unpack(kinds)) end
end

local function drop_own_place(kind, name)
  call('ZREM', Q .. 'histories', kind .. ':' .. name)
  for _, minute in ipairs(unfolded) do call('SREM', Q .. 'minute:' .. minute .. ':' .. kind, name) end
  for day = ARGV[10], ARGV[11] do call('ZREM', Q .. 'times:' .. day .. ':' .. kind, name) end
end

for at = 12, #ARGV do
  local suffix = ARGV[at]
  gone = gone + call('UNLINK', Q .. 'history' .. suffix)
  for _, minute in ipairs(unfolded) do gone = gone + call('UNLINK', Q .. 'minute:' .. minute .. suffix) end
  for hour = ARGV[4], ARGV[5] do gone = gone + call('UNLINK', Q .. 'minutes:' .. hour .. suffix) end
  for day = ARGV[6], ARGV[7] do gone = gone + call('UNLINK', Q .. 'hours:' .. day .. suffix) end
  for block = ARGV[8], ARGV[9] do gone = gone + call('UNLINK', Q .. 'days:' .. block .. suffix) end
  local kind, name = string.match(suffix, '^:(%a):(.*)$')
  if kind then drop_own_place(kind, name) end
  if suffix == '' then
    for _, minute in ipairs(unfolded) do drop_unfolded(minute) end
    call('UNLINK', Q .. 'unfolded')
    drop_errors()
  end
end
if ARGV[2] ~= '' then audit(ARGV[1], ARGV[2], ARGV[3], gone) end
return { gone, call('ZCARD', Q .. 'errors') }
