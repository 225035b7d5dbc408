-- retries: a retry of many dead letters, as the queue keeps it. It goes on from call to call by what is written here, so any
-- process may take it up. It lives a week after its last step.
local RETRIES = Q .. 'retries'
local RUN_LIFE = 604800
local RUN_FIELDS = { 'state', 'why', 'fp', 'filter', 'first', 'rate', 'threshold', 'total', 'looked', 'retried', 'ok', 'bad',
  'recent', 'started', 'step', 'by', 'score', 'last', 'tat', 'base' }

local function run_key(id)
  return Q .. 'retry:' .. id
end

local function watch_key(id)
  return Q .. 'retry:' .. id .. ':watch'
end

-- A run as a table by field, or nil. 'first' is '' for one that is not staged.
local function read_run(id)
  local values = call('HMGET', run_key(id), unpack(RUN_FIELDS))
  if not values[1] then return nil end
  local run = {}
  for i, field in ipairs(RUN_FIELDS) do run[field] = values[i] or '' end
  return run
end

local function write_run(id, run)
  local flat = {}
  for field, value in pairs(run) do
    flat[#flat + 1] = field
    flat[#flat + 1] = type(value) == 'number' and string.format('%.17g', value) or value
  end
  call('HSET', run_key(id), unpack(flat))
  call('EXPIRE', run_key(id), RUN_LIFE)
  call('EXPIRE', watch_key(id), RUN_LIFE)
  call('ZADD', RETRIES, now, id)
  call('EXPIRE', RETRIES, RUN_LIFE)
end

-- A run as the scripts give it: its id, its values in the order above, and how many of its tasks are not judged yet.
local function told_run(id, run)
  local values = {}
  for i, field in ipairs(RUN_FIELDS) do
    local value = run[field]
    values[i] = type(value) == 'number' and string.format('%.17g', value) or value
  end
  return { id, values, call('ZCARD', watch_key(id)) }
end
