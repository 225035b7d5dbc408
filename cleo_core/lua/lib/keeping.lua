-- keeping: how much of the past is kept and for how long: of the queue's hash, where a worker writes what its settings say
-- (cleo_core.settings.HistoryLimits), or the defaults.
--   queue, group, worker: entries in a list; keep: their lifetime (s); g, w, n: how many groups, workers and task names
--   have counters of their own; minutes, hours, days: lifetimes of counters (s); errors: how many kinds of errors are known
local keeping_fields = { 'queue', 'group', 'worker', 'keep', 'g', 'w', 'n', 'minutes', 'hours', 'days', 'errors' }
local keeping_known

local function keeping()
  if keeping_known then return keeping_known end
  keeping_known = { queue = 500, group = 200, worker = 100, keep = 2592000, g = 100, w = 100, n = 100,
    minutes = 172800, hours = 2764800, days = 31622400, errors = 1000 }
  local at = 0
  for number in string.gmatch(call('HGET', QUEUE, 'keep') or '', '%d+') do
    at = at + 1
    if keeping_fields[at] then keeping_known[keeping_fields[at]] = tonumber(number) end
  end
  return keeping_known
end
