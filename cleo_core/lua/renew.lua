#!lua flags=allow-oom
-- renew: a heartbeat. Extends the leases that the worker still holds.
-- KEYS  1 the queue's hash
-- ARGV  1 lease (ms), then 2 a task: id, receipt
-- Returns one number a task: 1 extended, 2 extended and a cancel is asked for, 0 lost
-- Cost  O(tasks x log leases)
-- Role  worker
-- include: base
local until_then = now + tonumber(ARGV[1])
local answers = {}
local leases = {}
for at = 2, #ARGV, 2 do
  local answer = 0
  if call('HGET', Q .. 'active', ARGV[at]) == ARGV[at + 1] then
    answer = call('HEXISTS', TASK .. ARGV[at], 'cancel') == 1 and 2 or 1
    leases[#leases + 1] = until_then
    leases[#leases + 1] = ARGV[at]
  end
  answers[#answers + 1] = answer
end
if #leases > 0 then variadic('ZADD', Q .. 'leases', leases) end
return answers
