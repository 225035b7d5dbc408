#!lua flags=no-writes
-- trash: what was discarded and can be brought back, the latest first.
-- KEYS  1 the queue's hash
-- ARGV  1 how many
-- Returns discards; one is { its id, when it was done (ms), when it goes (ms), how many letters are in it, actor (JSON) }
-- Cost  O(how many)
-- Role  viewer
-- include: base
local found = {}
for _, discard in ipairs(call('ZRANGE', Q .. 'discards', '+inf', now, 'BYSCORE', 'REV', 'LIMIT', 0, tonumber(ARGV[1]))) do
  local info = call('HMGET', Q .. 'discard:' .. discard, 'at', 'goes', 'by')
  if info[1] then
    found[#found + 1] = { discard, info[1], info[2], call('ZCARD', Q .. 'discarded:' .. discard), info[3] }
  end
end
return found
