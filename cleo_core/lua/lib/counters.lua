-- counters: totals in the queue's hash and in the minute's, added up here and written once at the end of the call.
-- A time goes into a bucket of a fixed logarithmic scale (each 10% wider than the one before, from 1 us), so that any
-- percentile of any range can be read from sums, within 5%. A minute's hash has
--   the names of counts, t: run time (us), r<bucket>, w<bucket>: run and wait times, !<fingerprint>: errors of a kind
-- and is folded into longer times once the minute is over (fold.lua); "unfolded" says which are not.
local totals = {}
local minute = {}
local LOG_STEP = math.log(1.1)
local bucket_names = { r = {}, w = {} }

local function count(field, by)
  totals[field] = (totals[field] or 0) + (by or 1)
end

-- Returns the field that was counted.
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
  return field
end

-- Adds fields to a minute's hash; true if one was not there before. Of kinds of errors a hash tells 50 apart.
local function add_fields(key, fields)
  local new = false
  for field, by in pairs(fields) do
    if call('HINCRBY', key, field, by) == by then
      new = true
      if string.sub(field, 1, 1) == '!' and call('HINCRBY', key, '!', 1) > 50 then
        call('HDEL', key, field)
        call('HINCRBY', key, '!+', by)
      end
    end
  end
  return new
end

local function write_counters()
  for field, by in pairs(totals) do
    call('HINCRBY', QUEUE, field, by)
    minute[field] = (minute[field] or 0) + by
  end
  if not next(minute) then return end
  local number = text_of(floor(now / 60000))
  local key = Q .. 'minute:' .. number
  if add_fields(key, minute) then
    call('EXPIRE', key, 172800)
    call('ZADD', Q .. 'unfolded', number, number)
    call('EXPIRE', Q .. 'unfolded', 172800)
  end
end
