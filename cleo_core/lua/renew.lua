#!lua flags=allow-oom
-- renew: a heartbeat. Extends the leases that the worker still holds, and notes once of each task when it began.
-- KEYS  1 the queue's hash
-- ARGV  1 lease (ms), then 3 a task: id, receipt, for how long (ms) it has run ('': it has not begun, or that
--       was said before)
-- Returns one number a task: 1 extended, 2 extended and a cancel is asked for, 0 lost
-- Cost  O(tasks x log leases)
-- Role  worker
-- include: base receipts
local until_then = now + tonumber(ARGV[1])
local answers = {}
local leases = {}
for at = 2, #ARGV, 3 do
  local answer = 0
  local id, receipt, ran = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if call('HGET', ACTIVE, id) == receipt then
    answer = call('HEXISTS', TASK .. id, 'cancel') == 1 and 2 or 1
    leases[#leases + 1] = until_then
    leases[#leases + 1] = id
    if ran ~= '' then
      call('HSET', TASK .. id, 'begun', (select(4, read_receipt(receipt))), 'began', text_of(now - tonumber(ran)))
    end
  end
  answers[#answers + 1] = answer
end
if #leases > 0 then variadic('ZADD', LEASES, leases) end
return answers
