#!lua flags=no-writes
-- groups: a window onto the groups of a queue that have tasks waiting or running, or settings; those with most tasks first.
-- KEYS  1 the queue's hash
-- ARGV  1 offset, 2 how many, 3 a group to put the window around ('' to use the offset), then, if only some groups are
--       asked for, their names
-- Returns { now (ms), offset, total, the queue's rules, groups (see group_row) }
-- Cost  O(log groups + how many)
-- Role  viewer
-- include: base group_row
local offset, size, around = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local names = {}
local total = call('ZCARD', Q .. 'groups')
if #ARGV > 3 then
  for at = 4, #ARGV do names[#names + 1] = ARGV[at] end
else
  local rank = around ~= '' and call('ZREVRANK', Q .. 'groups', around)
  if rank then offset = math.max(0, rank - floor(size / 2)) end
  offset = math.max(0, math.min(offset, total - 1))
  names = call('ZRANGE', Q .. 'groups', offset, offset + size - 1, 'REV')
end
local rows = {}
for i, group in ipairs(names) do rows[i] = group_row(group) end
return { now, offset, total, queue_row(), rows }
