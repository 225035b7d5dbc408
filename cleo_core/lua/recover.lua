#!lua flags=allow-oom
-- recover: takes running tasks from their workers by hand and puts them back. What still has its lease is not charged: it
-- keeps its place and its count of losses. What has lost it is charged as a sweep does it (see lose). The worker is nudged,
-- so that its heartbeat finds the lease gone; whatever it still settles is refused.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 its name for people, 3 default max_deliveries, 4 and 5 retention of dead letters and of cancelled
--       tasks (s), 6 prefix of the workers' control channels, then 2 a task: id, fence ('' for whichever lease it has)
-- Returns one string a task: 'recovered', 'charged', 'dead', 'cancelled', 'another lease', or the state that forbids it ('' when there is
--       no such task)
-- Cost  O(tasks x log n)
-- Role  operator
-- include: base events keeping counters tallies rules ring groups lanes states receipts departures attempts kinds endings lose audit
local answers = {}
local gone = {}
local nudged = {}
local seen = {}

local function take_away(id, receipt)
  local key = TASK .. id
  local _, _, group, _, _, worker = read_receipt(receipt)
  local task = call('HMGET', key, 'prio', 'seq', 'attempts', 'cancel', 'name')
  depart(id, group)
  if not task[5] then return '' end
  local state = task[4] and 'cancelled' or 'waiting'
  local line = line_of(receipt, 'task_stalled', state, 0, 'lost', 'TakenBack', 'taken from worker ' .. worker .. ' by ' .. ARGV[2])
  note_attempt(line, group, worker)
  if not nudged[worker] then
    nudged[worker] = true
    call('PUBLISH', ARGV[6] .. worker, 'recover')
  end
  if state == 'cancelled' then
    call_off(id, line, tonumber(ARGV[5]))
    return state
  end
  call('HSET', key, 'attempts', with_attempt(task[3], line), 'ready', now)
  line_up(id, task[1] or '1', group, tonumber(task[2]) or sequences(1) + 1)
  emit_line(line)
  return 'recovered'
end

local function recover(id, fence)
  local receipt = not seen[id] and call('HGET', ACTIVE, id)
  if not receipt then return (state_of(id)) end
  if fence ~= '' and tonumber(fence) ~= select(4, read_receipt(receipt)) then return 'another lease' end
  gone[#gone + 1] = id
  seen[id] = true
  if tonumber(call('ZSCORE', LEASES, id) or 0) > now then return take_away(id, receipt) end
  lose(id, receipt, 'let its lease run out', tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
  local state = call('HGET', TASK .. id, 'state')
  return state == 'waiting' and 'charged' or state or ''
end

for at = 7, #ARGV, 2 do answers[#answers + 1] = recover(ARGV[at], ARGV[at + 1]) end
drop_receipts(gone)
write_departures()
write_lanes()
write_endings()
if #gone > 0 then audit(ARGV[1], 'recover', gone[1], #gone) end
write_history()
write_tallies()
write_counters()
publish_events()
return answers
