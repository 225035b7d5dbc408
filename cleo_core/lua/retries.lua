#!lua flags=no-writes
-- retries: the retries of many dead letters that a queue has had, those that went on last first.
-- KEYS  1 the queue's hash
-- ARGV  1 how many, 2 one run to tell of ('' for all)
-- Returns { now (ms), runs }; a run is { id, values (in the order of RUN_FIELDS), how many are not judged yet }
-- Cost  O(how many)
-- Role  viewer
-- include: base retries
local ids = ARGV[2] ~= '' and { ARGV[2] } or call('ZRANGE', RETRIES, 0, tonumber(ARGV[1]) - 1, 'REV')
local found = {}
for _, id in ipairs(ids) do
  local run = read_run(id)
  if run then found[#found + 1] = told_run(id, run) end
end
return { now, found }
