#!lua flags=allow-oom
-- relock: extends a lock, or gives it up.
-- KEYS  1 the queue's hash
-- ARGV  1 group, 2 token, 3 ttl (ms; 0: release)
-- Returns 1, or 0 when the lock is not held under that token (any more)
-- Cost  O(log groups)
-- Role  worker operator
-- include: base rules ring groups lanes locks
local group, ttl = ARGV[1], tonumber(ARGV[3])
local held = call('HMGET', Q .. 'group:' .. group, 'lock_token', 'locked')
if held[1] ~= ARGV[2] or tonumber(held[2]) <= now then return 0 end
change_lock(group, ttl > 0 and now + ttl or 0, {})
if ttl == 0 then call('PUBLISH', Q .. 'unlocked', group) end
-- A worker that sleeps until the old end of the lock must look sooner.
if now + ttl < tonumber(held[2]) then wake() end
return 1
