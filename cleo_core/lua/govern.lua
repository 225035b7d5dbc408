#!lua flags=allow-oom
-- govern: changes the rules that a queue's groups share. Groups that stand by the old rules are set aside and moved in slices,
-- by the caller and by whatever else is called meanwhile (see carry_on), so no call takes long however many groups there are
-- and a change whose caller dies is completed by others.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 action (for the audit), 3 slice, 4 the number of the change, 0 to begin it, 5 whose places change:
--       'ring' (the order), 'throttled' (limits of all groups: those that a limit holds back) or '' (none), then pairs of field and value ('': none)
-- Returns { the number of the change (0: one before it is not complete, call again; -1: all is so already), groups still to
--         be moved }
-- Cost  O(slice x log groups)
-- Role  operator
-- include: base events rules ring groups lanes carry_on audit
local DEFAULTS = { strategy = 'round_robin', order = 'priority' }
local slice, number, moves = tonumber(ARGV[3]), ARGV[4], ARGV[5]
carry_on(slice)
if number == '0' then
  if call('EXISTS', BEFORE) == 1 then return { 0, call('ZCARD', BEFORE) } end
  local told, changed = {}, {}
  for at = 6, #ARGV, 2 do
    local field, value = ARGV[at], ARGV[at + 1]
    local before = call('HGET', QUEUE, field) or DEFAULTS[field] or ''
    if field == 'each_options' then value = merged_options(before, value) end
    if before ~= value then
      changed[field] = true
      if value == '' then call('HDEL', QUEUE, field) else call('HSET', QUEUE, field, value) end
      told[#told + 1] = field .. '=' .. (value == '' and 'none' or value)
    end
  end
  if #told == 0 then return { -1, 0 } end
  number = text_of(call('HINCRBY', QUEUE, 'changes', 1))
  if changed.strategy then call('HSET', QUEUE, 'round', number, 'vtime', 0) end
  known_rules = nil
  -- An order is only a way to take from the lanes, unless turns go by the task that is next.
  if moves == 'ring' and not changed.strategy and not rules().by_sequence then moves = '' end
  local stood = moves == 'ring' and RING or THROTTLED
  if moves ~= '' and call('EXISTS', stood) == 1 then
    call('RENAME', stood, BEFORE)
    call('HSET', QUEUE, 'moves', moves)
    rules().moves = moves
  end
  carry_on(slice)
  local text = table.concat(told, ', ')
  audit(ARGV[1], ARGV[2], text, 1)
  emit('queue_change', '', '', '', '', '', ARGV[2] .. ': ' .. text)
  publish_events()
  wake()
end
return { tonumber(number), call('ZCARD', BEFORE) }
