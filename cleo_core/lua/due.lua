#!lua flags=allow-oom
-- due: the schedules whose time has come, to be worked out by a worker and fired.
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 how many at most
-- Returns { now (ms), ms after which this worker is to ask again (-1: no need), then for each: id, due (ms), revision,
--         anchor (ms), times (JSON) }
-- Cost  O(due x log schedules)
-- Role  worker
-- include: base tick_wait
local answer = { now, 0 }
for _, id in ipairs(call('ZRANGE', Q .. 'schedules', '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  local f = call('HMGET', Q .. 'schedule:' .. id, 'rev', 'anchor', 'when')
  answer[#answer + 1] = id
  answer[#answer + 1] = call('ZSCORE', Q .. 'schedules', id)
  for i = 1, 3 do answer[#answer + 1] = f[i] or '' end
end
answer[2] = ask_tick_wait(ARGV[1])
return answer
