#!lua
-- undo: brings dead letters back out of the trash, as they were, in slices.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the discard, 3 offset (past those that could not be brought back), 4 slice
-- Returns { how many came back, the next offset (-1: all done, -2: no such discard any more),
--         those that could not (flat: id, why) }
-- Cost  O(slice x log n)
-- Role  operator
-- include: base events states kinds audit
local discard, offset, slice = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local info, members, trash = Q .. 'discard:' .. discard, Q .. 'discarded:' .. discard, Q .. 'trash:' .. discard .. ':'
if call('EXISTS', info) == 0 then return { 0, -2, {} } end
local listed = call('ZRANGE', members, offset, offset + slice - 1, 'WITHSCORES')
local refused, back, gone = {}, {}, {}

local function bring_back(id, expiry)
  local key = TASK .. id
  if tonumber(expiry) <= now or call('EXISTS', trash .. id) == 0 then
    refused[#refused + 1] = id
    refused[#refused + 1] = 'expired'
    gone[#gone + 1] = id
    call('UNLINK', trash .. id)
    return
  end
  if call('EXISTS', key) == 1 then
    refused[#refused + 1] = id
    refused[#refused + 1] = 'taken'
    return
  end
  call('RENAME', trash .. id, key)
  call('PEXPIREAT', key, expiry)
  local task = call('HMGET', key, 'fp', 'pattern', 'end', 'name', 'group')
  local read, line = pcall(cjson.decode, task[3] or '')
  join_kind(task[1] or '', task[2] or '', id, expiry, read and tonumber(line[10]) or now)
  back[#back + 1] = expiry
  back[#back + 1] = id
  gone[#gone + 1] = id
  emit('status_change', id, task[4] or '', task[5] or '', '', 'dead', 'brought back')
end

for at = 1, #listed, 2 do bring_back(listed[at], string.format('%.0f', listed[at + 1])) end
if #gone > 0 then variadic('ZREM', members, gone) end
if #back > 0 then
  variadic('ZADD', DEAD, back)
  local last = call('ZRANGE', DEAD, -1, -1, 'WITHSCORES')
  call('PEXPIREAT', DEAD, (string.format('%.0f', last[2])))
  audit(ARGV[1], 'undo discard', discard, #back / 2)
end
if call('EXISTS', members) == 0 then
  call('UNLINK', info)
  call('ZREM', Q .. 'discards', discard)
end
write_kinds()
publish_events()
return { #back / 2, #listed < 2 * slice and -1 or offset + #listed / 2 - #gone, refused }
