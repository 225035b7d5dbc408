#!lua flags=no-writes
-- locks: who holds the locks of a queue's groups.
-- KEYS  1 the queue's hash
-- ARGV  1 group, 2 offset, 3 how many, 4 'all' for the locks of all groups
-- Returns { now (ms), total, flat of 7 a lock: group, owner, fence, since (ms), until (ms), waiters, token }
-- Cost  O(how many)
-- Role  viewer
-- include: base
local found, groups, total = {}, { ARGV[1] }, 1
if ARGV[4] == 'all' then
  groups = call('ZRANGE', Q .. 'locks', now, '+inf', 'BYSCORE', 'LIMIT', ARGV[2], ARGV[3])
  total = call('ZCOUNT', Q .. 'locks', now, '+inf')
end
for _, group in ipairs(groups) do
  local f = call('HMGET', Q .. 'group:' .. group, 'lock_owner', 'lock_fence', 'lock_since', 'locked', 'lock_token')
  if tonumber(f[4] or 0) > now then
    for _, value in ipairs({ group, f[1] or '', f[2] or 0, f[3] or 0, f[4], call('ZCARD', Q .. 'line:' .. group),
      f[5] or '' }) do found[#found + 1] = value end
  end
end
return { now, total, found }
