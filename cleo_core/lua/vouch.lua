#!lua
-- vouch: a live worker says that its code still declares these schedules. Those that an operator took out stay out.
-- KEYS  1 the queue's hash
-- ARGV  1 worker, then ids of schedules
-- Returns how many of them there are
-- Cost  O(ids)
-- Role  worker
-- include: base events rules ring groups lanes schedules
local known = 0
for at = 2, #ARGV do
  if call('SISMEMBER', DECLARED, ARGV[at]) == 1 then
    note_declared(ARGV[at], ARGV[1])
    known = known + 1
  end
end
return known
