#!lua flags=allow-oom
-- forget: empties a discard out of the trash, for good, in slices.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the discard, 3 slice
-- Returns { how many were forgotten, how many are left (-1: no such discard any more) }
-- Cost  O(slice x log n)
-- Role  operator
-- include: base audit
local discard = ARGV[2]
local info, members = Q .. 'discard:' .. discard, Q .. 'discarded:' .. discard
if call('EXISTS', info) == 0 then return { 0, -1 } end
local ids = call('ZRANGE', members, 0, tonumber(ARGV[3]) - 1)
for _, id in ipairs(ids) do call('UNLINK', Q .. 'trash:' .. discard .. ':' .. id) end
if #ids > 0 then
  variadic('ZREM', members, ids)
  audit(ARGV[1], 'forget', discard, #ids)
end
local left = call('ZCARD', members)
if left == 0 then
  call('UNLINK', info)
  call('ZREM', Q .. 'discards', discard)
end
return { #ids, left }
