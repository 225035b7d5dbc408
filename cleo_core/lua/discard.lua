#!lua flags=allow-oom
-- discard: moves dead letters into the trash, where they are kept for a while.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the discard (what undo names), 3 how long it is kept (ms, from its first slice), then the ids
-- Returns one string a task: 'discarded', or the state that forbids it ('' when there is no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events states kinds audit
local discard = ARGV[2]
local info, members, trash = Q .. 'discard:' .. discard, Q .. 'discarded:' .. discard, Q .. 'trash:' .. discard .. ':'
local goes = call('HGET', info, 'goes') or text_of(now + tonumber(ARGV[3]))
local answers = {}
local done = {}
for at = 4, #ARGV do
  local id = ARGV[at]
  local state, name, group = state_of(id)
  if state == 'dead' then
    local key = TASK .. id
    done[#done + 1] = call('ZSCORE', DEAD, id) or text_of(now + call('PTTL', key))
    done[#done + 1] = id
    leave_kind(call('HGET', key, 'fp') or '', id)
    call('ZREM', DEAD, id)
    call('RENAME', key, trash .. id)
    call('PEXPIREAT', trash .. id, goes)
    emit('status_change', id, name, group, '', '', 'discarded')
    state = 'discarded'
  end
  answers[#answers + 1] = state
end
if #done > 0 then
  variadic('ZADD', members, done)
  call('HSET', info, 'goes', goes, 'at', call('HGET', info, 'at') or text_of(now), 'by', ARGV[1])
  call('ZADD', Q .. 'discards', goes, discard)
  for _, key in ipairs({ members, info }) do call('PEXPIREAT', key, goes) end
  local gone = call('ZRANGE', Q .. 'discards', '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)
  if #gone > 0 then variadic('ZREM', Q .. 'discards', gone) end
  call('PEXPIREAT', Q .. 'discards', (string.format('%.0f', call('ZRANGE', Q .. 'discards', -1, -1, 'WITHSCORES')[2])))
  audit(ARGV[1], 'discard', done[2], #done / 2, #ARGV - 3)
end
write_kinds()
publish_events()
return answers
