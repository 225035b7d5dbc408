#!lua flags=allow-oom
-- cycle: a worker's one call. It settles what has finished and claims what the worker has room for.
-- KEYS  1 the queue's hash
-- ARGV  1 worker id, 2 how many to claim, 3 lease (ms), 4 and 5 retention of dead letters and of cancelled tasks (s),
--       then 7 a settled task:
--       id, receipt, group, outcome, run time (us), value (JSON), number
--       outcome  completed  value: result                              number: retention (s)
--                retry      value: [type, message, traceback, outcome, fingerprint, pattern] number: delay (ms)
--                dead       value: the same                       number: 0
--                cancelled  value: ''                                  number: 0
--                returned   value: ''                                  number: 0    (handed back, not charged)
-- Returns { stale ids, claimed tasks (flat, 8 a task), ms after which to look again (-1: no need), waiting, paused (0 or 1),
--         options that the claimed tasks' groups have for those that don't say themselves (flat: group, JSON),
--         ms after which this worker is to fire schedules (-1: no need) }
--       a task is: id, name, arguments, head, receipt, group, tries, losses (a table for each would cost as much as running it)
--       The arguments of those that come after the first BYTES of arguments are '': `arguments` has them.
-- Cost  O((settled + claimed) x log n)
-- Role  worker
-- include: base events keeping counters tallies rules ring groups lanes delays promote carry_on take receipts departures attempts kinds endings tick_wait
local worker, room, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local dead_retention, cancelled_retention = tonumber(ARGV[4]), tonumber(ARGV[5])
local stale = {}
local released = {}

-- The end of every line that tells of a success in this call.
local completed = ',"task_completed","completed",' .. text_of(now) .. ','

local function complete(id, receipt, group, run, result, retention)
  local line = receipt .. completed .. run .. ',"completed","",""]'
  call('HSET', TASK .. id, 'state', 'completed', 'end', line, 'result', result)
  depart(id, group, run)
  retire(id, 'completed', tonumber(retention))
  run = tonumber(run)
  tally_end(worker, group, receipt, 'completed', run, count_time('r', run))
  note_attempt(line, group, worker)
  emit_line(line)
end

local function cancel(id, receipt, group, run)
  local line = line_of(receipt, 'status_change', 'cancelled', run, 'cancelled')
  depart(id, group)
  tally_end(worker, group, receipt, 'cancelled')
  note_attempt(line, group, worker)
  call_off(id, line, cancelled_retention)
end

local function hand_back(id, receipt, group, priority, sequence)
  depart(id, group)
  line_up(id, priority, group, tonumber(sequence) or sequences(1) + 1)
  emit_line(line_of(receipt, 'status_change', 'waiting', 0, '', '', 'handed back'))
end

local function fail(id, receipt, group, outcome, run, value, delay, task)
  local failure = cjson.decode(value)
  local error_type, message, how = failure[1], failure[2], failure[4]
  local state = outcome == 'dead' and 'dead' or tonumber(delay) > 0 and 'delayed' or 'waiting'
  local line = line_of(receipt, 'task_failed', state, run, how, error_type, message)
  local key = TASK .. id
  call('HSET', key, 'tries', (tonumber(task[5]) or 0) + 1, 'losses', 0, 'attempts', with_attempt(task[3], line, failure[3]))
  note_attempt(line, group, worker)
  note_error(failure[5], failure[6], id, receipt, group)
  depart(id, group, run, true)
  count('failed')
  run = tonumber(run)
  tally_end(worker, group, receipt, 'failed', run, count_time('r', run), state == 'dead' and 'died' or 'retried',
    failure[5])
  emit_line(line)
  if state == 'dead' then
    bury(id, error_type .. ': ' .. message, line, group_options(group).dead_retention or dead_retention,
      failure[5] or '', failure[6] or '')
    return
  end
  count('retried')
  if state == 'delayed' then
    call('HSET', key, 'state', 'delayed')
    postpone(id, now + delay)
  else
    local sequence = sequences(1) + 1
    call('HSET', key, 'seq', sequence, 'ready', now)
    line_up(id, task[1] or '1', group, sequence)
  end
end

local function settle(id, receipt, group, outcome, run, value, number)
  if outcome == 'completed' then
    complete(id, receipt, group, run, value, number)
    return
  end
  local task = call('HMGET', TASK .. id, 'prio', 'seq', 'attempts', 'cancel', 'tries')
  if outcome == 'cancelled' or (task[4] and outcome ~= 'dead') then
    cancel(id, receipt, group, run)
  elseif outcome == 'returned' then
    hand_back(id, receipt, group, task[1] or '1', task[2])
  else
    fail(id, receipt, group, outcome, run, value, number, task)
  end
end

local function settle_all()
  if #ARGV < 6 then return end
  local ids = {}
  for at = 6, #ARGV, 7 do ids[#ids + 1] = ARGV[at] end
  local held = call('HMGET', ACTIVE, unpack(ids))
  for i, id in ipairs(ids) do
    local at = 7 * i - 1
    if held[i] == ARGV[at + 1] then
      released[#released + 1] = id
      settle(id, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6])
    else
      stale[#stale + 1] = id
    end
  end
  drop_receipts(released)
  write_departures()
  write_lanes()
  write_delays()
  write_endings()
end

local BYTES = 2097152
local claimed = {}
local options = {}

local function claim(most)
  local ids, groups = take(most)
  write_waiting()
  write_clock()
  if #ids == 0 then return end
  local fence = call('HINCRBY', QUEUE, 'fence', #ids) - #ids
  local leases, receipts = {}, {}
  local until_then = text_of(now + lease)
  local started = ',"status_change","active",' .. text_of(now) .. ',0,"","",""]'
  local seen = {}
  local field, bytes = 'args', 0
  for i, id in ipairs(ids) do
    local task = call('HMGET', TASK .. id, 'name', field, 'head', 'tries', 'losses', 'at', 'ready')
    local name, group, tries = task[1], groups[i], tonumber(task[4]) or 0
    if name then
      local wait = math.max(0, now - (tonumber(task[7]) or tonumber(task[6]) or now))
      local receipt = write_receipt(id, name, group, fence + i, tries + 1, worker, wait)
      leases[#leases + 1] = until_then
      leases[#leases + 1] = id
      receipts[#receipts + 1] = id
      receipts[#receipts + 1] = receipt
      local size = #claimed
      claimed[size + 1] = id
      claimed[size + 2] = name
      claimed[size + 3] = task[2] or ''
      bytes = bytes + #claimed[size + 3]
      -- No record has this field.
      if bytes >= BYTES then field = 'left out' end
      claimed[size + 4] = task[3] or ''
      claimed[size + 5] = receipt
      claimed[size + 6] = group
      claimed[size + 7] = tries
      claimed[size + 8] = tonumber(task[5]) or 0
      tally_wait(worker, group, name, count_time('w', wait * 1000))
      emit_line(receipt .. started)
      if not seen[group] then
        seen[group] = true
        local _, text = group_options(group)
        if text then
          options[#options + 1] = group
          options[#options + 1] = text
        end
      end
    else
      depart(id, group)
    end
  end
  in_hand = 0
  if #leases > 0 then
    variadic('ZADD', LEASES, leases)
    variadic('HSET', ACTIVE, receipts)
  end
  write_departures()
end

settle_all()
promote(math.max(room, 100))
carry_on(room + 100)
free_throttled(room + 10)

local q = call('HMGET', QUEUE, 'paused', 'every', 'burst', 'tat', 'alarm', 'alarm_of', 'tick', 'tick_for', 'tick_of')
local paused = q[1] == '1'
local every, burst = tonumber(q[2] or nil), tonumber(q[3] or 1)
local tat = owed(every, burst, tonumber(q[4] or 0))
local most = every and math.min(room, let_go(every, burst, tat)) or room
if most > 0 and not paused then
  claim(most)
  if every then
    tat = charged(every, tat, #claimed / 8)
    call('HSET', QUEUE, 'tat', string.format('%.17g', tat))
  end
end

local due = next_due()
if not paused and call('EXISTS', RING, BEFORE) > 0 then
  if every and let_go(every, burst, tat) < 1 then
    local free = math.max(1, free_at(every, burst, tat) - now)
    if due < 0 or free < due then due = free end
  else
    wake()
  end
end

-- Of all workers that wait, one is told when to look again; the others follow a second later, in case it is gone.
local alarm, alarm_of = tonumber(q[5] or 0), q[6]
if room > #claimed / 8 and due >= 0 then
  if alarm_of and alarm_of ~= worker and alarm > now and alarm <= now + due then
    due = due + 1000
  elseif alarm_of ~= worker or alarm ~= now + due then
    call('HSET', QUEUE, 'alarm', now + due, 'alarm_of', worker)
  end
elseif alarm_of == worker then
  call('HDEL', QUEUE, 'alarm', 'alarm_of')
  if due >= 0 then wake() end
end

write_history()
write_tallies()
write_counters()
publish_events()
return { stale, claimed, due, tonumber(call('HGET', QUEUE, 'waiting') or 0), paused and 1 or 0, options,
  tick_wait(worker, q[7], q[8], q[9]) }
