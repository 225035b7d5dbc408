#!lua flags=no-writes
-- buckets: counters of a queue, or of one of its groups, workers or task names, as they stand at one moment (see fold).
-- KEYS  1 the queue's hash
-- ARGV  1 what of: '' the queue, ':g:' and a group, ':w:' and a worker, ':n:' and a task name, 2 and 3 the first and the last
--       minute of which unfolded counters are wanted, then names of folded ones: minutes:<hour>, hours:<day>, days:<block>
-- Returns { now (ms), { minute, its fields (flat), ... }, then for each name a string or the fields (flat) }
-- Cost  O(names + unfolded minutes), of which there are one or two while a worker is there, and at most 2,881
-- Role  viewer
-- include: base
local answer = { now, {} }
for _, minute in ipairs(call('ZRANGE', Q .. 'unfolded', ARGV[2], ARGV[3], 'BYSCORE', 'LIMIT', 0, 2881)) do
  local fields = call('HGETALL', Q .. 'minute:' .. minute .. ARGV[1])
  if #fields > 0 then
    answer[2][#answer[2] + 1] = minute
    answer[2][#answer[2] + 1] = fields
  end
end
for at = 4, #ARGV do
  local key = Q .. ARGV[at] .. ARGV[1]
  answer[#answer + 1] = string.sub(ARGV[at], 1, 8) == 'minutes:' and (call('GET', key) or '') or call('HGETALL', key)
end
return answer
