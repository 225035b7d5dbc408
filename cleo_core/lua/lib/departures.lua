-- departures: tasks that stopped running, each noted with `depart` before its group is charged or freed. A group at its
-- limit comes back into the ring here. What its tasks took (ms) and how many failed is smoothed: an exponential moving
-- average in which the last five tasks weigh two thirds.
local KEEP = 0.8
local departed = {}

local function depart(id, group, run, failed)
  local list = departed[group]
  if not list then
    list = { run = 0, ended = 0, failed = 0 }
    departed[group] = list
  end
  list[#list + 1] = id
  if run then
    list.ended = list.ended + 1
    list.run = list.run + run / 1000
    if failed then list.failed = list.failed + 1 end
  end
end

local function smoothed(old, new, size)
  old = tonumber(old or nil)
  if not old then return string.format('%.6g', new) end
  return string.format('%.6g', new + (old - new) * KEEP ^ size)
end

local function write_departures()
  local ended, run = 0, 0
  for group, list in pairs(departed) do
    local key = Q .. 'group:' .. group
    variadic('SREM', Q .. 'running:' .. group, list)
    local f = call('HMGET', key, 'concurrency', 'run', 'bad')
    if list.ended > 0 then
      ended, run = ended + list.ended, run + list.run
      call('HSET', key, 'run', smoothed(f[2], list.run / list.ended, list.ended),
        'bad', smoothed(f[3] or 0, list.failed / list.ended, list.ended))
    end
    if f[1] or rules().concurrency then place_anew(group) end
    rest(group, waiting_of(group))
  end
  if ended > 0 then
    local new = smoothed(call('HGET', QUEUE, 'run'), run / ended, ended)
    call('HSET', QUEUE, 'run', new)
    rules().run = tonumber(new)
  end
  departed = {}
end
