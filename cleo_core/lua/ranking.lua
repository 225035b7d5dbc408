#!lua flags=no-writes
-- ranking: the groups, workers or task names that have counters of their own, by how long their tasks ran.
-- KEYS  1 the queue's hash
-- ARGV  1 kind: g, w or n, 2 how many, 3 and 4 the first and the last minute of which unfolded counters are looked at (of
--       the last three such minutes), then the days
-- Returns names, those that took most time first
-- Cost  O((days + 3) x how many x log n)
-- Role  viewer
-- include: base
local kind, most = ARGV[1], tonumber(ARGV[2])
local times, names = {}, {}
local function add(name, time)
  if not times[name] then names[#names + 1] = name end
  times[name] = (times[name] or 0) + time
end
for at = 5, #ARGV do
  local flat = call('ZRANGE', Q .. 'times:' .. ARGV[at] .. ':' .. kind, 0, most - 1, 'REV', 'WITHSCORES')
  for i = 1, #flat, 2 do add(flat[i], tonumber(flat[i + 1])) end
end
for _, minute in ipairs(call('ZRANGE', Q .. 'unfolded', ARGV[4], ARGV[3], 'BYSCORE', 'REV', 'LIMIT', 0, 3)) do
  local all = Q .. 'minute:' .. minute .. ':' .. kind
  for _, name in ipairs(call('SRANDMEMBER', all, 1000)) do
    add(name, (tonumber(call('HGET', all .. ':' .. name, 't')) or 0) / 1000)
  end
end
table.sort(names, function(one, other)
  if times[one] ~= times[other] then return times[one] > times[other] end
  return one < other
end)
return { unpack(names, 1, most) }
