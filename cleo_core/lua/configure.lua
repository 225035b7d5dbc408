#!lua flags=allow-oom
-- configure: changes the settings of a group, and puts it where it then belongs.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 action (for the audit), 3 group, then pairs of field and value ('': none; of "options" a JSON object
--       of changes, null: none)
-- Returns 1 if that changed anything, else 0
-- Cost  O(fields + log groups)
-- Role  operator
-- include: base events rules ring groups lanes audit
local SETTINGS = { 'weight', 'priority', 'order', 'concurrency', 'every', 'paused', 'options' }
local group = ARGV[3]
local key = Q .. 'group:' .. group
local told = {}
for at = 4, #ARGV, 2 do
  if ARGV[at] == 'options' then ARGV[at + 1] = merged_options(call('HGET', key, 'options'), ARGV[at + 1]) end
end
for at = 4, #ARGV, 2 do
  local field, value = ARGV[at], ARGV[at + 1]
  if (call('HGET', key, field) or '') ~= value then told[#told + 1] = field .. '=' .. (value == '' and 'none' or value) end
end
if #told == 0 then return 0 end

place_anew(group, function(before)
  for at = 4, #ARGV, 2 do
    if ARGV[at + 1] == '' then call('HDEL', key, ARGV[at]) else call('HSET', key, ARGV[at], ARGV[at + 1]) end
  end
  return know(group, before.waiting)
end)
local kept = false
for _, value in ipairs(call('HMGET', key, unpack(SETTINGS))) do kept = kept or value end
if kept then
  call('HSET', key, 'kept', '1')
  call('PERSIST', key)
  call('ZADD', GROUPS, 'NX', 0, group)
else
  call('HDEL', key, 'kept')
  rest(group, waiting_of(group))
end
local text = table.concat(told, ', ')
audit(ARGV[1], ARGV[2], group_said(group) .. ': ' .. text, 1)
emit('group_change', '', '', group, '', '', text)
publish_events()
wake()
return 1
