#!lua
-- retry_step: carries a retry of many dead letters on by a slice. Where it has got to is written in the same step, so a run
-- whose process dies goes on from there, and two processes that carry on one run do no letter twice.
-- A staged run retries a first few and waits until each of them has been tried; then it goes on at its rate. A retried task
-- is judged by its first attempt: it completed, or it failed or lost its worker. When of the last 100 judged (but not fewer
-- than the first few) too many failed, the run stops.
-- KEYS  1 the queue's hash
-- ARGV  1 actor (JSON), 2 the run, 3 how many letters to look at (fewer with large arguments that are searched
--       for a text), 4 how many to retry
-- Returns { now (ms), the run as in retries, ms until the next step is worth it } or nothing if there is no such run
-- Cost  O(looked at + retried x log n)
-- Role  operator
-- include: base events rules ring groups lanes states kinds revive letters retries audit
local WINDOW, JUDGED, UNJUDGED = 100, 200, 1000
local id, look, most = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local run = read_run(id)
if not run then return {} end
if run.state ~= 'running' then return { now, told_run(id, run), 0 } end
local watch = watch_key(id)
local staged = run.first ~= ''
local first, rate = tonumber(run.first), tonumber(run.rate)
for _, field in ipairs({ 'looked', 'retried', 'ok', 'bad', 'base' }) do run[field] = tonumber(run[field]) end

-- How a retried task fared: true, false, or nil as long as that is open. A record that is gone completed without being kept.
local function verdict(task)
  local state, tries, losses = task[1], tonumber(task[2]) or 0, tonumber(task[3]) or 0
  if not state or state == 'completed' then return true end
  if state == 'dead' or tries > 0 or losses > 0 then return false end
  return nil
end

local function judge()
  local told, open = {}, {}
  for _, task_id in ipairs(call('ZRANGE', watch, 0, JUDGED - 1)) do
    local task = call('HMGET', TASK .. task_id, 'state', 'tries', 'losses')
    local good = verdict(task)
    if good == nil and task[1] ~= 'cancelled' then
      open[#open + 1] = now
      open[#open + 1] = task_id
    else
      told[#told + 1] = task_id
      if good then run.ok = run.ok + 1 elseif good == false then run.bad = run.bad + 1 end
      if good ~= nil then run.recent = run.recent .. (good and '1' or '0') end
    end
  end
  if #told > 0 then variadic('ZREM', watch, told) end
  if #open > 0 then variadic('ZADD', watch, open) end
  run.recent = string.sub(run.recent, -math.max(WINDOW, first))
end

local function fails_too_often()
  local judged = #run.recent
  if judged == 0 or judged < math.min(first, run.retried - run.base) then return false end
  local _, bad = string.gsub(run.recent, '0', '')
  return bad / judged >= tonumber(run.threshold)
end

-- How many may be retried now, and when (ms) more may be.
local function allowance()
  if not staged then return most, 0 end
  local unjudged = call('ZCARD', watch)
  if run.tat == '' then
    local begun = run.retried - run.base
    if begun < first then return math.min(most, first - begun), 0 end
    if unjudged > 0 then return 0, 250 end
    run.tat = now
  end
  local step = 1000 / rate
  run.tat = math.max(tonumber(run.tat), now - math.max(1000, step))
  local free = math.min(most, UNJUDGED - unjudged, floor((now - run.tat) / step))
  return math.max(0, free), math.max(50, math.min(1000, run.tat + step - now))
end

-- Retries what matches from where the last step ended; whether the end is reached.
local function retry_some(allowed)
  if allowed == 0 then return false end
  local source = run.fp == '' and DEAD or letters_of(run.fp)
  local filter = cjson.decode(run.filter)
  local begin = run.score == '' and 0 or place_after(source, tonumber(run.score), run.last)
  local window = call('ZRANGE', source, begin, begin + look - 1, 'WITHSCORES')
  local done = 0
  for at = 1, #window, 2 do
    if done == allowed or searched_enough() then return false end
    local task_id = window[at]
    run.looked = run.looked + 1
    run.last, run.score = task_id, window[at + 1]
    if matches(task_id, filter) then
      local _, name, group, priority = state_of(task_id)
      revive(task_id, name, group, priority, 'retried')
      done = done + 1
      run.retried = run.retried + 1
      if staged then
        call('ZADD', watch, now, task_id)
        if run.tat ~= '' then run.tat = run.tat + 1000 / rate end
      end
    end
  end
  return #window < 2 * look
end

local function stop(state, why)
  run.state, run.why = state, why
  audit(ARGV[1], state == 'done' and 'retried all' or 'stopped retrying', 'retry ' .. id, run.retried)
end

local pause = 0
if staged then judge() end
if staged and fails_too_often() then
  stop('stopped', 'failures')
else
  local allowed, wait = allowance()
  local ended = run.why == 'end' or retry_some(allowed)
  -- Until all are judged the run goes on watching.
  if ended then run.why = 'end' end
  if ended and (not staged or call('ZCARD', watch) == 0) then stop('done', '') end
  pause = ended and staged and 250 or wait
end
run.step = now
write_run(id, run)
write_kinds()
write_lanes()
publish_events()
return { now, told_run(id, run), floor(pause) }
