#!lua flags=allow-oom
-- leave_line: takes who gives up out of the line for a group's lock.
-- KEYS  1 the queue's hash
-- ARGV  1 group, 2 token of the waiter
-- Returns 1, or 0 when it did not stand there
-- Cost  O(log groups)
-- Role  worker operator
-- include: base rules ring groups lanes locks
local group, token = ARGV[1], ARGV[2]
local first = call('ZRANGE', Q .. 'line:' .. group, 0, 0)[1]
call('ZREM', Q .. 'seen:' .. group, token)
local was = call('ZREM', Q .. 'line:' .. group, token)
if first == token then
  close_for_first(group)
  call('PUBLISH', Q .. 'unlocked', group)
  wake()
end
return was
