-- group_row: all that is known of a group, as texts ('' for what is not set): name, waiting, running, score in the ring,
-- when (ms) it may run again if throttled, '1' if a change of the rules has not moved it yet, waiters for its lock, then ROW_FIELDS.
local ROW_FIELDS = { 'weight', 'priority', 'order', 'concurrency', 'every', 'burst', 'tat', 'paused', 'locked', 'lock_owner',
  'lock_fence', 'lock_since', 'barred', 'run', 'bad', 'yields', 'options', 'rate', 'lock_token' }
local YIELDS_AT = 16

local round

local function group_row(group)
  round = round or call('HGET', QUEUE, 'round') or '0'
  local row = {
    group, call('ZSCORE', Q .. 'groups', group) or 0, call('SCARD', Q .. 'running:' .. group),
    call('ZSCORE', Q .. 'ring', group) or '', call('ZSCORE', Q .. 'throttled', group) or '',
    call('ZSCORE', Q .. 'ring:before', group) and '1' or '', call('ZCARD', Q .. 'line:' .. group),
  }
  local fields = call('HMGET', Q .. 'group:' .. group, unpack(ROW_FIELDS))
  for i = 1, #ROW_FIELDS do row[#row + 1] = fields[i] or '' end
  row[7 + YIELDS_AT] = fields[YIELDS_AT] == round and '1' or ''
  return row
end

-- What all groups share: strategy, order, defaults for each group, the queue's own rate limit, paused, changes not yet moved.
local function queue_row()
  local row = call('HMGET', QUEUE, 'strategy', 'order', 'each_concurrency', 'each_weight', 'each_every', 'each_burst',
    'each_rate', 'each_options', 'every', 'burst', 'rate', 'tat', 'paused', 'waiting')
  for i = 1, 14 do row[i] = row[i] or '' end
  row[15] = call('ZCARD', Q .. 'ring:before')
  row[16] = call('ZCARD', Q .. 'ring')
  row[17] = call('ZCARD', Q .. 'throttled')
  return row
end
