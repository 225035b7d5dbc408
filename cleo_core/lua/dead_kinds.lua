#!lua flags=no-writes
-- dead_kinds: the kinds of dead letters, those with the most first.
-- KEYS  1 the queue's hash
-- ARGV  1 offset, 2 how many, 3 in how many parts deaths are told (0: not at all), 4 how long a part is (ms)
-- Returns { now (ms), how many kinds there are, kinds }; a kind is
--       { fingerprint, pattern, how many letters, first and last death (ms), the id of its last letter, deaths };
--       deaths are how many of the letters died in each part up to now, of the first 50 kinds that had any in them
-- Cost  O(log n + how many x log letters + 50 x parts x log letters)
-- Role  viewer
-- include: base
local offset, size, parts, part = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local TOLD = 50

-- The index says when letters expire, and the record of the last one for how long they are kept.
local function deaths_of(letters, last, expiry)
  local read, line = pcall(cjson.decode, call('HGET', TASK .. last, 'end') or '')
  local died = read and tonumber(line[10])
  if not died or died <= now - parts * part then return {} end
  local deaths = {}
  for index = 1, parts do
    local from = now + expiry - died - (parts - index + 1) * part
    deaths[index] = call('ZCOUNT', letters, string.format('(%.0f', from), string.format('%.0f', from + part))
  end
  return deaths
end

local ranked = call('ZRANGE', Q .. 'dead:kinds', offset, offset + size - 1, 'REV')
local kinds = {}
for rank, fingerprint in ipairs(ranked) do
  local letters = Q .. 'dead:fp:' .. fingerprint
  local count = call('ZCOUNT', letters, now, '+inf')
  if count > 0 then
    local kind = call('HMGET', Q .. 'dead:kind:' .. fingerprint, 'pattern', 'first', 'last')
    local last = call('ZRANGE', letters, -1, -1, 'WITHSCORES')
    local deaths = {}
    if parts > 0 and rank <= TOLD then deaths = deaths_of(letters, last[1], last[2]) end
    kinds[#kinds + 1] = { fingerprint, kind[1] or '', count, kind[2] or '0', kind[3] or '0', last[1], deaths }
  end
end
return { now, call('ZCARD', Q .. 'dead:kinds'), kinds }
