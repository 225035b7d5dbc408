#!lua flags=no-writes
-- dead_kinds: the kinds of dead letters, those with the most first.
-- KEYS  1 the queue's hash
-- ARGV  1 offset, 2 how many
-- Returns { now (ms), how many kinds there are, kinds }; a kind is
--       { fingerprint, pattern, how many letters, first and last death (ms), the id of its last letter }
-- Cost  O(log n + how many x log letters)
-- Role  viewer
-- include: base
local offset, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local ranked = call('ZRANGE', Q .. 'dead:kinds', offset, offset + size - 1, 'REV')
local kinds = {}
for _, fingerprint in ipairs(ranked) do
  local letters = Q .. 'dead:fp:' .. fingerprint
  local count = call('ZCOUNT', letters, now, '+inf')
  if count > 0 then
    local kind = call('HMGET', Q .. 'dead:kind:' .. fingerprint, 'pattern', 'first', 'last')
    local last = call('ZRANGE', letters, -1, -1)
    kinds[#kinds + 1] = { fingerprint, kind[1] or '', count, kind[2] or '0', kind[3] or '0', last[1] }
  end
end
return { now, call('ZCARD', Q .. 'dead:kinds'), kinds }
