-- tick_wait: which worker is to fire the schedule that is due first. One is told when; if it is 1 s late, anybody is.
-- `tick` is when that schedule is due (ms), `tick_of` who was told so for the time `tick_for`: fields of the queue's hash.
-- Returns after how many ms the worker that asks is to fire, or -1.
local function tick_wait(worker, tick, tick_for, tick_of)
  if not tick or worker == '' then return -1 end
  local left = tonumber(tick) - now
  if tick_for == tick and tick_of ~= worker then return left < -1000 and 0 or -1 end
  if tick_for ~= tick then call('HSET', QUEUE, 'tick_for', tick, 'tick_of', worker) end
  return math.max(0, left)
end

local function ask_tick_wait(worker)
  return tick_wait(worker, unpack(call('HMGET', QUEUE, 'tick', 'tick_for', 'tick_of')))
end
