#!lua flags=no-writes
-- schedules: a window onto the schedules, those that are due first first and paused ones last; or one of them.
-- KEYS  1 the queue's hash
-- ARGV  1 offset, 2 size, 3 id of the one, or ''
-- Returns { now (ms), total, rows }; a row is { id, fields as listed here, state of the last task }
-- Cost  O(log schedules + size)
-- Role  viewer
-- include: base states
local key = Q .. 'schedules'
local ids
if ARGV[3] ~= '' then
  ids = call('ZSCORE', key, ARGV[3]) and { ARGV[3] } or {}
else
  ids = call('ZRANGE', key, ARGV[1], ARGV[1] + ARGV[2] - 1)
end
local rows = {}
for _, id in ipairs(ids) do
  local f = call('HMGET', Q .. 'schedule:' .. id, 'task', 'args', 'head', 'group', 'prio', 'when', 'paused', 'next', 'anchor',
    'created', 'last', 'last_task', 'runs', 'skipped', 'module', 'seen', 'seen_by')
  for i = 1, 17 do f[i] = f[i] or '' end
  rows[#rows + 1] = { id, f, f[12] ~= '' and (state_of(f[12])) or '' }
end
return { now, call('ZCARD', key), rows }
