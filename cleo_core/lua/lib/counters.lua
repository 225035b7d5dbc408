-- counters: totals in the queue's hash and in the minute's, added up here and written once at the end of the call.
-- A time goes into a bucket of a fixed logarithmic scale (each 10% wider than the one before, from 1 us), so that any
-- percentile of any range can be read from sums, within 5%.
local totals = {}
local minute = {}
local LOG_STEP = math.log(1.1)
local bucket_names = { r = {}, w = {} }

local function count(field, by)
  totals[field] = (totals[field] or 0) + (by or 1)
end

local function count_time(letter, microseconds)
  local bucket = 0
  if microseconds > 1 then bucket = floor(math.log(microseconds) / LOG_STEP) end
  local names = bucket_names[letter]
  local field = names[bucket]
  if not field then
    field = letter .. bucket
    names[bucket] = field
  end
  minute[field] = (minute[field] or 0) + 1
end

local function write_counters()
  local key
  for field, by in pairs(totals) do
    call('HINCRBY', QUEUE, field, by)
    key = key or Q .. 'minute:' .. floor(now / 60000)
    call('HINCRBY', key, field, by)
  end
  for field, by in pairs(minute) do
    key = key or Q .. 'minute:' .. floor(now / 60000)
    call('HINCRBY', key, field, by)
  end
  if key then call('EXPIRE', key, 172800) end
end
